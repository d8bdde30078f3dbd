"""The methods about topics, in forums and, where the bot has that mode, in private chats."""

from typing import Any

from bot.sandbox.access import check_rate, writable_chat
from bot.sandbox.chats import TOPIC_COLOURS, Chat, Topic
from bot.sandbox.parameters import Parameters
from bot.sandbox.refusals import bad_request
from bot.sandbox.world import World

Json = dict[str, Any]

MOST_NAME = 128

#: A few of the icons Telegram offers: identifier and emoji.
ICONS = (
    ("5312241539987020022", "🔥"),
    ("5377316857231450742", "❓"),
    ("5309984423003823246", "📣"),
    ("5237699328843200968", "✅"),
    ("5350554349074391003", "💻"),
)


def create_forum_topic(world: World, p: Parameters) -> Json:
    """CreateForumTopic."""
    chat = _forum(world, p, "not enough rights to create a topic")
    name = _name(p)
    colour = p.integer("icon_color") or TOPIC_COLOURS[0]
    if colour not in TOPIC_COLOURS:
        raise bad_request("invalid icon color specified")
    check_rate(world, chat)
    icon = p.text("icon_custom_emoji_id") or None
    return world.open_topic(chat, world.bot, name, icon_color=colour, icon_custom_emoji_id=icon).as_json()


def edit_forum_topic(world: World, p: Parameters) -> bool:
    """EditForumTopic."""
    chat = _forum(world, p, "not enough rights to edit the topic")
    topic = _topic(chat, p)
    name = _name(p) if p.text("name") else topic.name
    icon = (
        p.text("icon_custom_emoji_id") or None
        if p.has("icon_custom_emoji_id")
        else topic.icon_custom_emoji_id
    )
    if (name, icon) == (topic.name, topic.icon_custom_emoji_id):
        raise bad_request("TOPIC_NOT_MODIFIED")
    check_rate(world, chat)
    edited: Json = {} if name == topic.name else {"name": name}
    if icon != topic.icon_custom_emoji_id:
        edited["icon_custom_emoji_id"] = icon or ""
    topic.name, topic.icon_custom_emoji_id = name, icon
    world.show_topic(chat, topic)
    world.post(
        chat,
        world.bot,
        thread=topic.id,
        service={"forum_topic_edited": edited},
        service_text=f"{world.bot.name} a renommé le sujet en « {name} »",
    )
    return True


def close_forum_topic(world: World, p: Parameters) -> bool:
    """CloseForumTopic."""
    return _set_closed(world, p, closed=True)


def reopen_forum_topic(world: World, p: Parameters) -> bool:
    """ReopenForumTopic."""
    return _set_closed(world, p, closed=False)


def delete_forum_topic(world: World, p: Parameters) -> bool:
    """DeleteForumTopic: the topic with every message in it."""
    chat = _forum(world, p, "not enough rights to delete the topic", right="delete_messages")
    world.drop_topic(chat, _topic(chat, p).id)
    return True


def unpin_all_forum_topic_messages(world: World, p: Parameters) -> bool:
    """UnpinAllForumTopicMessages."""
    chat = _forum(world, p, "not enough rights to manage pinned messages in the chat", right="pin_messages")
    topic = _topic(chat, p)
    chat.pinned = [n for n in chat.pinned if chat.messages[n].thread != topic.id]
    world.show_pins(chat)
    return True


def get_forum_topic_icon_stickers(world: World, p: Parameters) -> list[Json]:
    """GetForumTopicIconStickers."""
    del world, p
    return [
        {
            "file_id": f"CAACTopicIcon{number}",
            "file_unique_id": f"AgADTopicIcon{number}",
            "type": "custom_emoji",
            "width": 100,
            "height": 100,
            "is_animated": True,
            "is_video": False,
            "emoji": emoji,
            "custom_emoji_id": number,
        }
        for number, emoji in ICONS
    ]


def _forum(world: World, p: Parameters, complaint: str, right: str = "manage_topics") -> Chat:
    chat = writable_chat(world, p)
    if not chat.is_group:
        if not world.switches.topics_in_private:
            raise bad_request("the chat is not a forum")
        return chat
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    if not (chat.bot_administers and getattr(chat.rights, right)):
        raise bad_request(complaint)
    return chat


def _topic(chat: Chat, p: Parameters) -> Topic:
    topic = chat.topics.get(p.integer("message_thread_id") or 0)
    if topic is None:
        raise bad_request("TOPIC_ID_INVALID")
    return topic


def _name(p: Parameters) -> str:
    name = p.text("name").strip()
    if not name:
        raise bad_request("topic name must be non-empty")
    if len(name) > MOST_NAME:
        raise bad_request("topic name is too long")
    return name


def _set_closed(world: World, p: Parameters, *, closed: bool) -> bool:
    chat = _forum(world, p, "not enough rights to close the topic")
    if not chat.is_group:
        # Topics of private chats are neither closed nor opened again.
        raise bad_request("the chat is not a forum")
    topic = _topic(chat, p)
    if topic.closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    check_rate(world, chat)
    world.close_topic(chat, topic, world.bot, closed=closed)
    return True


METHODS = {
    "createForumTopic": create_forum_topic,
    "editForumTopic": edit_forum_topic,
    "closeForumTopic": close_forum_topic,
    "reopenForumTopic": reopen_forum_topic,
    "deleteForumTopic": delete_forum_topic,
    "unpinAllForumTopicMessages": unpin_all_forum_topic_messages,
    "getForumTopicIconStickers": get_forum_topic_icon_stickers,
}
