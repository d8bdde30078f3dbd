"""The methods about chats and who is in them."""

from typing import Any

from bot.sandbox.access import known_chat, member_chat, message_of, thread_to_write, writable_chat
from bot.sandbox.chats import Chat, User
from bot.sandbox.parameters import Parameters
from bot.sandbox.refusals import bad_request
from bot.sandbox.world import World

Json = dict[str, Any]

GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


def get_chat(world: World, p: Parameters) -> Json:
    """GetChat."""
    chat = known_chat(world, p) if (p.integer("chat_id") or 0) > 0 else member_chat(world, p)
    body = {
        **chat.as_json(),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(GIFTS, False),
    }
    if chat.is_group:
        body["permissions"] = {"can_send_messages": True, "can_manage_topics": False}
    if chat.pinned and chat.pinned[0] in chat.messages:
        body["pinned_message"] = chat.messages[chat.pinned[0]].as_json(nested=True)
    return body


def get_chat_member(world: World, p: Parameters) -> Json:
    """GetChatMember."""
    chat = member_chat(world, p)
    number = p.needed_integer("user_id", "invalid user_id specified")
    if number == world.bot.id:
        return chat.bot_json(world.bot)
    user = world.users.get(number)
    if user is None:
        raise bad_request("member not found")
    return chat.member_json(user)


def get_chat_administrators(world: World, p: Parameters) -> list[Json]:
    """GetChatAdministrators."""
    chat = member_chat(world, p)
    if not chat.is_group:
        raise bad_request("there are no administrators in the private chat")
    people = [world.users[number] for number in chat.members]
    found = [chat.member_json(u) for u in people if chat.member_status(u.id) in {"creator", "administrator"}]
    return [*found, chat.bot_json(world.bot)] if chat.bot_administers else found


def get_chat_member_count(world: World, p: Parameters) -> int:
    """GetChatMemberCount."""
    chat = member_chat(world, p)
    return len(chat.members) + 1 if chat.is_group else 2


def leave_chat(world: World, p: Parameters) -> bool:
    """LeaveChat."""
    chat = member_chat(world, p)
    if not chat.is_group:
        raise bad_request("chat member status can't be changed in private chats")
    world.change_bot_status(chat, world.bot, "left")
    return True


def ban_chat_member(world: World, p: Parameters) -> bool:
    """BanChatMember: the person is out of the group."""
    chat, user = _restricting(world, p)
    if user.id in chat.members:
        if chat.member_status(user.id) in {"creator", "administrator"}:
            raise bad_request("user is an administrator of the chat")
        chat.members.remove(user.id)
        world.show_chat(chat)
    return True


def unban_chat_member(world: World, p: Parameters) -> bool:
    """UnbanChatMember: the person may come back."""
    _restricting(world, p)
    return True


def pin_chat_message(world: World, p: Parameters) -> bool:
    """PinChatMessage; a service line tells it, and reaches the bot too."""
    chat = _pinning(world, p)
    message = message_of(chat, p, "message to pin not found")
    if message.service:
        raise bad_request("message can't be pinned")
    line = world.pin(message, world.bot, silent=p.yes("disable_notification"))
    world.tell_bot(line)
    return True


def unpin_chat_message(world: World, p: Parameters) -> bool:
    """UnpinChatMessage: the one named, or the newest."""
    chat = _pinning(world, p)
    number = p.integer("message_id")
    if number is None and chat.pinned:
        number = chat.pinned[0]
    if number not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(number)
    world.show_pins(chat)
    return True


#: What a bot may seem to do.
ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def send_chat_action(world: World, p: Parameters) -> bool:
    """SendChatAction: «is typing»."""
    chat = writable_chat(world, p)
    thread_to_write(chat, p)
    if p.text("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


def _pinning(world: World, p: Parameters) -> Chat:
    chat = writable_chat(world, p)
    if chat.is_group and not (chat.bot_administers and chat.rights.pin_messages):
        raise bad_request("not enough rights to manage pinned messages in the chat")
    return chat


def _restricting(world: World, p: Parameters) -> tuple[Chat, User]:
    chat = member_chat(world, p)
    if not chat.is_group:
        raise bad_request("chat member status can't be changed in private chats")
    user = world.users.get(p.needed_integer("user_id", "invalid user_id specified"))
    if user is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if not (chat.bot_administers and chat.rights.restrict_members):
        raise bad_request("not enough rights to restrict/unrestrict chat member")
    return chat, user


METHODS = {
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
    "banChatMember": ban_chat_member,
    "unbanChatMember": unban_chat_member,
    "pinChatMessage": pin_chat_message,
    "unpinChatMessage": unpin_chat_message,
    "sendChatAction": send_chat_action,
}
