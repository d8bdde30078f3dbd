"""Where the bot may write, and which message it speaks of. Writes nothing."""

from bot.sandbox.chats import GENERAL, Chat, Topic
from bot.sandbox.messages import Message
from bot.sandbox.parameters import Parameters
from bot.sandbox.refusals import bad_request, forbidden, too_many_requests
from bot.sandbox.world import World

GROUP_NAMES = {"group": "group", "supergroup": "supergroup"}


def known_chat(world: World, p: Parameters, name: str = "chat_id") -> Chat:
    """The chat of a call, which the bot must have met."""
    if not p.has(name) or p.values[name] == "":
        raise bad_request("chat_id is empty" if name == "chat_id" else f"{name} is empty")
    number = p.integer(name)
    chat = world.chats.get(number) if number is not None else None
    if chat is None or (chat.person is not None and not chat.person.on_telegram):
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
    if chat.person is not None and not chat.person.started and not _have_met(world, chat.person.id):
        raise bad_request("chat not found")
    return chat


def member_chat(world: World, p: Parameters) -> Chat:
    """A chat that the bot is in."""
    chat = known_chat(world, p)
    if chat.bot_status == "kicked":
        raise forbidden(f"bot was kicked from the {GROUP_NAMES.get(chat.type, 'group')} chat")
    if not chat.bot_is_in:
        raise forbidden(f"bot is not a member of the {GROUP_NAMES.get(chat.type, 'group')} chat")
    return chat


def writable_chat(world: World, p: Parameters) -> Chat:
    """A chat where the bot may write."""
    chat = member_chat(world, p)
    if chat.person is not None:
        if chat.person.deactivated:
            raise forbidden("user is deactivated")
        if chat.person.blocked:
            raise forbidden("bot was blocked by the user")
        if not chat.person.started:
            raise forbidden("bot can't initiate conversation with a user")
    return chat


def thread_to_write(chat: Chat, p: Parameters) -> int | None:
    """The topic a new message goes to; General is reached by naming none."""
    number = p.integer("message_thread_id")
    if number is None or number == 0:
        return None
    topic = chat.topics.get(number)
    if number == GENERAL or topic is None:
        raise bad_request("message thread not found")
    check_open(chat, topic)
    return number


def check_open(chat: Chat, topic: Topic) -> None:
    """A closed topic takes the messages of administrators who manage topics only."""
    if topic.closed and chat.is_group and not (chat.bot_administers and chat.rights.manage_topics):
        raise bad_request("TOPIC_CLOSED")


def replied_message(chat: Chat, thread: int | None, p: Parameters) -> tuple[int | None, int | None]:
    """The message replied to, and the topic that follows from it."""
    reply = p.mapping("reply_parameters")
    if reply is None:
        return None, thread
    number = Parameters(reply, {}).integer("message_id")
    lenient = Parameters(reply, {}).yes("allow_sending_without_reply")
    message = chat.messages.get(number or 0)
    if message is None or (thread is not None and message.thread not in {None, thread}):
        if lenient and message is None:
            return None, thread
        raise bad_request("message to be replied not found")
    return message.id, thread if thread is not None else message.thread


def message_of(chat: Chat, p: Parameters, complaint: str) -> Message:
    """The message a call speaks of, or the complaint that there is none."""
    number = p.integer("message_id")
    message = chat.messages.get(number) if number is not None else None
    if message is None:
        raise bad_request(complaint)
    return message


def check_rate(world: World, chat: Chat, weight: int = 1) -> None:
    """Refuse what comes too fast; the last check before something is done."""
    if seconds := world.limits.wait(chat.id, group=chat.is_group, weight=weight):
        raise too_many_requests(seconds)
    world.limits.spend(chat.id, group=chat.is_group, weight=weight)


def _have_met(world: World, user: int) -> bool:
    return any(chat.is_group and user in chat.members and chat.bot_is_in for chat in world.chats.values())
