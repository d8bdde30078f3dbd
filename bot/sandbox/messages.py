"""One message of a chat, as the bot gets it. Knows nothing of who may see or change it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.sandbox.chats import Chat, User
from bot.sandbox.entities import Entity
from bot.sandbox.files import Media

Json = dict[str, Any]

LINKS = {"url", "text_link"}


@dataclass(slots=True)
class Message:
    """A message, whoever wrote it, or a line of service."""

    chat: Chat
    id: int
    sender: User
    date: datetime
    text: str = ""  # or the caption, when there is media
    entities: Sequence[Entity] = ()
    thread: int | None = None
    reply_to: int | None = None
    media: Media | None = None
    album: str | None = None
    extra: Json = field(default_factory=dict)  # contact, location, forward_origin
    service: Json = field(default_factory=dict)  # what a service message tells
    service_text: str = ""  # and how the page says it
    inline_keyboard: list[list[Json]] = field(default_factory=list)
    keyboard: Json | None = None  # a reply keyboard, its removal, or a forced reply
    silent: bool = False
    protected: bool = False
    as_group: bool = False  # written by an anonymous administrator
    link_preview: Json | None = None
    edited: datetime | None = None
    reactions: dict[int, list[Json]] = field(default_factory=dict)

    @property
    def is_topic_message(self) -> bool:
        """Whether it stands in a topic."""
        return self.thread is not None

    def content(self) -> tuple[object, ...]:
        """What an edit is compared with."""
        file = self.media.file.id if self.media else None
        # How links are previewed changes nothing where there is no link.
        preview = self.link_preview if any(e["type"] in LINKS for e in self.entities) else None
        return self.text, list(self.entities), self.inline_keyboard, file, preview

    def as_json(self, *, nested: bool = False) -> Json:
        """A `Message` object; `nested` ones tell not what they reply to."""
        body: Json = {
            "message_id": self.id,
            "from": self.sender.as_json(),
            "chat": self.chat.as_json(),
            "date": int(self.date.timestamp()),
        }
        if self.as_group:
            body["sender_chat"] = self.chat.as_json()
        if self.edited:
            body["edit_date"] = int(self.edited.timestamp())
        if self.thread is not None:
            body |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.album:
            body["media_group_id"] = self.album
        if self.protected:
            body["has_protected_content"] = True
        if not nested and (replied := self._replied()) is not None:
            body["reply_to_message"] = replied.as_json(nested=True)
        if self.link_preview:
            body["link_preview_options"] = self.link_preview
        if self.inline_keyboard:
            body["reply_markup"] = {"inline_keyboard": self.inline_keyboard}
        return body | self._words() | self.extra | self.service

    def _words(self) -> Json:
        body = self.media.as_json() if self.media else {}
        if self.text:
            name, entities = ("caption", "caption_entities") if self.media else ("text", "entities")
            body[name] = self.text
            if self.entities:
                body[entities] = [dict(entity) for entity in self.entities]
        return body

    def _replied(self) -> "Message | None":
        # A message of a topic that replies to nothing is told as a reply to the topic's first message.
        number = self.reply_to or (self.thread if self.thread != self.id else None)
        return self.chat.messages.get(number) if number is not None else None
