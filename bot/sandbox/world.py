"""Everything the emulated Telegram holds: people, chats, messages, files. Applies; refuses nothing."""

import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clock import Clock, real_monotonic
from bot.sandbox import page_view
from bot.sandbox.chats import ANONYMOUS, Chat, Topic, User
from bot.sandbox.events import Events
from bot.sandbox.files import FileStore
from bot.sandbox.limits import Limits
from bot.sandbox.messages import Message
from bot.sandbox.updates import Post, UpdateQueue

Json = dict[str, Any]

#: After so long an answer to a tap comes too late, on the clock.
ANSWER_WITHIN = timedelta(seconds=15)
SENT_KEPT = 250_000


@dataclass(frozen=True)
class TapAnswer:
    """What a person sees after a tap."""

    text: str
    alert: bool
    url: str | None
    at: datetime


@dataclass
class Tap:
    """A button somebody pressed."""

    id: str
    user: User
    chat: Chat
    message: int
    data: str
    at: datetime
    as_group: bool = False
    answer: TapAnswer | None = None
    pressed: float = field(default_factory=real_monotonic)  # real seconds, for whoever measures
    answered: float | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of the bot, as it was when sent."""

    chat: int
    thread: int | None
    message: int
    text: str
    at: float  # real seconds


@dataclass
class Switches:
    """What can be turned on and off in this Telegram."""

    topics_in_private: bool = False  # getMe.has_topics_enabled
    reads_all_messages: bool = False  # privacy mode switched off
    inaccessible_after: timedelta | None = None  # taps on older messages come without them
    answer_within: timedelta = ANSWER_WITHIN


@dataclass
class Profile:
    """What BotFather and the bot itself have set about it."""

    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # by scope and language
    name: str = ""
    description: str = ""
    short_description: str = ""
    menu_buttons: dict[int, Json] = field(default_factory=dict)


class World:
    """The state of one emulated Telegram."""

    def __init__(self, clock: Clock, bot: User, *, limits: bool, post: Post | None) -> None:
        self.clock = clock
        self.bot = bot
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.files = FileStore()
        self.events = Events()
        self.limits = Limits(clock, on=limits)
        self.updates = UpdateQueue(clock, post)
        self.switches = Switches()
        self.profile = Profile(name=bot.first_name)
        self.taps: dict[str, Tap] = {}
        self.sent: deque[Sent] = deque(maxlen=SENT_KEPT)
        self.group_numbers = itertools.count(1)
        self._tap_numbers = itertools.count(4_100_000_001)
        self._albums = itertools.count(13_800_000_001)
        # Private chats and basic groups number their messages together, supergroups each for itself.
        self._last_shared_id = 0

    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

    def next_message_id(self, chat: Chat) -> int:
        """The number of the next message of a chat."""
        if chat.type == "supergroup":
            chat.last_message_id += 1
            return chat.last_message_id
        self._last_shared_id += 1
        return self._last_shared_id

    def next_album(self) -> str:
        """A `media_group_id`."""
        return str(next(self._albums))

    def post(self, chat: Chat, sender: User, **facts: Any) -> Message:
        """Put a message into a chat and show it."""
        message = Message(chat, self.next_message_id(chat), sender, self.now(), **facts)
        chat.messages[message.id] = message
        if sender is self.bot and not message.service:
            self.sent.append(Sent(chat.id, message.thread, message.id, message.text, real_monotonic()))
        self.show(message)
        return message

    def show(self, message: Message, kind: str = "message") -> None:
        """Tell the page of a new or changed message."""
        self.events.publish(kind, message=partial(page_view.message, message))

    def remove(self, chat: Chat, message: int) -> None:
        """Take a message away from everybody."""
        if chat.messages.pop(message, None) is None:
            return
        self.events.publish("deleted", chat=chat.id, id=message)
        if message in chat.pinned:
            chat.pinned.remove(message)
            self.show_pins(chat)

    def open_topic(self, chat: Chat, sender: User, name: str, **looks: Any) -> Topic:
        """Create a topic with its first, undeletable line."""
        number = chat.last_message_id + 1 if chat.type == "supergroup" else self._last_shared_id + 1
        topic = Topic(number, name, **looks)
        chat.topics[number] = topic
        created: Json = {"name": name, "icon_color": topic.icon_color}
        if topic.icon_custom_emoji_id:
            created["icon_custom_emoji_id"] = topic.icon_custom_emoji_id
        self.show_topic(chat, topic)
        self.post(
            chat,
            sender,
            thread=number,
            service={"forum_topic_created": created},
            service_text=f"{sender.name} a créé le sujet « {name} »",
        )
        return topic

    def close_topic(self, chat: Chat, topic: Topic, sender: User, *, closed: bool) -> Message:
        """Close a topic or open it again."""
        topic.closed = closed
        self.show_topic(chat, topic)
        return self.post(
            chat,
            sender,
            thread=topic.id,
            service={"forum_topic_closed" if closed else "forum_topic_reopened": {}},
            service_text=f"{sender.name} a {'fermé' if closed else 'rouvert'} le sujet",
        )

    def drop_topic(self, chat: Chat, topic: int) -> None:
        """Delete a topic with every message in it."""
        del chat.topics[topic]
        for number in [m.id for m in chat.messages.values() if m.thread == topic]:
            self.remove(chat, number)
        self.events.publish("topic_deleted", chat=chat.id, id=topic)

    def pin(self, message: Message, by: User, *, silent: bool) -> Message:
        """Pin a message, which writes a line of service."""
        chat = message.chat
        if message.id in chat.pinned:
            chat.pinned.remove(message.id)
        chat.pinned.insert(0, message.id)
        self.show_pins(chat)
        return self.post(
            chat,
            by,
            thread=message.thread,
            silent=silent,
            service={"pinned_message": message.as_json(nested=True)},
            service_text=f"{by.name} a épinglé un message",
        )

    def show_topic(self, chat: Chat, topic: Topic) -> None:
        """Tell the page of a new or changed topic."""
        self.events.publish("topic", chat=chat.id, topic=page_view.topic(topic))

    def show_pins(self, chat: Chat) -> None:
        """Tell the page what is pinned."""
        self.events.publish("pinned", chat=chat.id, pinned=page_view.pins(chat))

    def show_chat(self, chat: Chat) -> None:
        """Tell the page of a new or changed chat."""
        self.events.publish("chat", chat=page_view.chat(chat))

    def show_person(self, user: User) -> None:
        """Tell the page of a new or changed person."""
        self.events.publish("person", person=page_view.person(user))

    def bot_hears(self, message: Message) -> bool:
        """Whether the bot gets this message of somebody else: all in private and as administrator.

        Elsewhere privacy mode lets through commands, replies to the bot and lines of service.
        """
        chat = message.chat
        if not chat.is_group or chat.bot_administers or self.switches.reads_all_messages or message.service:
            return chat.bot_is_in
        replied = chat.messages.get(message.reply_to or 0)
        if replied is not None and replied.sender is self.bot:
            return chat.bot_is_in
        command = message.text.split(maxsplit=1)[0] if message.text.startswith("/") else ""
        _, at, name = command.partition("@")
        for_us = bool(command) and (not at or name.lower() == (self.bot.username or "").lower())
        return for_us and chat.bot_is_in

    def tell_bot(self, message: Message, kind: str = "message") -> None:
        """Queue the update of a message that somebody wrote or changed."""
        if self.bot_hears(message):
            self.updates.add(kind, message.as_json())

    def tap(self, user: User, message: Message, data: str, *, as_group: bool) -> Tap:
        """Queue a press on a button; a link or a text to copy concerns the app alone."""
        tap = Tap(str(next(self._tap_numbers)), user, message.chat, message.id, data, self.now(), as_group)
        self.taps[tap.id] = tap
        if data:
            self.tell_tap(tap)
        return tap

    def tap_gone(self, user: User, chat: Chat, message: int, data: str) -> Tap:
        """Queue a press on a button that is no longer there."""
        tap = Tap(str(next(self._tap_numbers)), user, chat, message, data, self.now())
        self.taps[tap.id] = tap
        self.tell_tap(tap)
        return tap

    def tell_tap(self, tap: Tap) -> None:
        """Queue the update of a press, the first time or again."""
        message = tap.chat.messages.get(tap.message)
        oldest = self.switches.inaccessible_after
        if message is None or (oldest is not None and self.now() - message.date > oldest):
            shown: Json = {"chat": tap.chat.as_json(), "message_id": tap.message, "date": 0}
        else:
            shown = message.as_json()
        presser = ANONYMOUS if tap.as_group else tap.user
        body = {
            "id": tap.id,
            "from": presser.as_json(),
            "message": shown,
            "chat_instance": str(tap.chat.id * 7919),
            "data": tap.data,
        }
        self.updates.add("callback_query", body)

    def show_answer(self, tap: Tap) -> None:
        """Show a person what their tap was answered."""
        if (answer := tap.answer) is not None:
            self.events.publish(
                "toast",
                person=tap.user.id,
                text=answer.text,
                alert=answer.alert,
                chat=tap.chat.id,
                message=tap.message,
            )

    def change_bot_status(self, chat: Chat, by: User, status: str) -> None:
        """Make the bot an administrator or a member of a chat, or put it out, and tell it."""
        before = chat.bot_json(self.bot)
        chat.bot_status = status
        self.tell_bot_member(chat, by, before, chat.bot_json(self.bot))
        self.show_chat(chat)

    def tell_bot_member(self, chat: Chat, by: User, before: Json, after: Json) -> None:
        """Queue the news that the bot's own place in a chat has changed."""
        self.updates.add("my_chat_member", self._member_change(chat, by, before, after))

    def tell_member(self, chat: Chat, by: User, before: Json, after: Json) -> None:
        """Queue the news that somebody came or went; administrators alone get it."""
        if chat.bot_administers:
            self.updates.add("chat_member", self._member_change(chat, by, before, after))

    def _member_change(self, chat: Chat, by: User, before: Json, after: Json) -> Json:
        return {
            "chat": chat.as_json(),
            "from": by.as_json(),
            "date": int(self.now().timestamp()),
            "old_chat_member": before,
            "new_chat_member": after,
        }
