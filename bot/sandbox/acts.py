"""What people do in their Telegram app: write, tap, send files, block, come and go.

What an app would not let them do raises `CannotDo`, with a sentence for the person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.chats import ANONYMOUS, BotRights, Chat, Topic, User
from bot.sandbox.entities import Entity, as_html, formatted
from bot.sandbox.files import UploadedFile
from bot.sandbox.messages import Message
from bot.sandbox.page_view import button as page_button
from bot.sandbox.world import TapAnswer, World

Json = dict[str, Any]

MOST_TEXT = 4096
MOST_CAPTION = 1024

#: A user or a chat, or its number.
Who = User | int
Where = Chat | User | int


class CannotDo(Exception):  # noqa: N818 - it is said to a person
    """The app does not let this person do that; the words are French, for the page."""


@dataclass(frozen=True)
class View:
    """A message as somebody sees it in their app."""

    chat: int
    id: int
    thread: int | None
    sender: str
    from_bot: bool
    text: str
    html: str
    buttons: list[list[str]]
    details: list[list[Json]]  # the buttons as the page has them: text, kind, url, copy
    keyboard: list[list[Any]] | None
    file: str | None  # photo, document, voice, audio or video
    file_id: str | None
    album: str | None
    reply_to: int | None
    silent: bool
    protected: bool
    pinned: bool
    service: str
    date: datetime
    edited: datetime | None
    entities: Sequence[Entity]
    reactions: list[str]

    def button(self, text: str) -> tuple[int, int] | None:
        """Row and column of the first button that carries these words."""
        for row, buttons in enumerate(self.buttons):
            for column, label in enumerate(buttons):
                if text in label:
                    return row, column
        return None


class Acts:
    """The human side of the emulated Telegram."""

    world: World

    # Who and where

    def add_user(
        self,
        id: int,  # noqa: A002 - Telegram's own word
        first_name: str,
        last_name: str = "",
        username: str | None = None,
        *,
        phone: str | None = None,
        role: str = "",
        label: str = "",
        note: str = "",
        on_telegram: bool = True,
    ) -> User:
        """Somebody new. They have not met the bot yet; without Telegram they have a telephone only."""
        user = User(
            id, first_name, last_name, username, False, phone, on_telegram, role=role, label=label, note=note
        )
        self.world.users[id] = user
        self.world.show_person(user)
        if on_telegram:
            chat = Chat(id, "private", person=user, members=[id])
            self.world.chats[id] = chat
            self.world.show_chat(chat)
        return user

    def add_group(
        self,
        title: str,
        members: Iterable[Who] = (),
        *,
        forum: bool = True,
        bot_rights: BotRights | None = None,
        with_bot: bool = True,
        type: str = "supergroup",  # noqa: A002 - Telegram's own word
        purpose: str = "osnp",
        id: int | None = None,  # noqa: A002 - Telegram's own word
    ) -> Chat:
        """A group whose first member created it. The bot is in it, an administrator unless told otherwise."""
        number = next(self.world.group_numbers)
        if id is None:
            id = -1001000000000 - number if type == "supergroup" else -4000000 - number  # noqa: A001
        people = [self._user(member).id for member in members]
        chat = Chat(id, type, title, is_forum=forum and type == "supergroup", purpose=purpose, members=people)
        chat.bot_status = "left"
        self.world.chats[id] = chat
        if with_bot:
            # Before the story begins: no news of it is queued.
            chat.rights = bot_rights or BotRights()
            chat.bot_status = "administrator" if chat.rights.administrator else "member"
        self.world.show_chat(chat)
        return chat

    def add_bot_to_group(self, chat: Where, by: Who, rights: BotRights | None = None) -> None:
        """Somebody adds the bot to their group, which the bot is told."""
        group, user = self._chat(chat), self._user(by)
        before = group.bot_json(self.world.bot)
        group.rights = rights or BotRights(administrator=False)
        group.bot_status = "administrator" if group.rights.administrator else "member"
        bot = self.world.bot
        self.world.tell_bot_member(group, user, before, group.bot_json(bot))
        line = self.world.post(
            group,
            user,
            service={"new_chat_members": [bot.as_json()], "new_chat_member": bot.as_json()},
            service_text=f"{user.name} a ajouté {bot.name}",
        )
        self.world.tell_bot(line)
        self.world.show_chat(group)

    def kick_bot(self, chat: Where, by: Who) -> None:
        """Somebody throws the bot out of a group."""
        self.world.change_bot_status(self._chat(chat), self._user(by), "kicked")

    def set_bot_rights(self, chat: Where, by: Who, rights: BotRights) -> None:
        """Somebody changes what the bot may do in a group."""
        group = self._chat(chat)
        before = group.bot_json(self.world.bot)
        group.rights = rights
        group.bot_status = "administrator" if rights.administrator else "member"
        after = group.bot_json(self.world.bot)
        if before != after:
            self.world.tell_bot_member(group, self._user(by), before, after)

    def set_forum(self, chat: Where, *, on: bool) -> None:
        """Somebody switches the topics of a group on or off."""
        group = self._chat(chat)
        group.is_forum = on
        self.world.show_chat(group)

    def migrate(self, chat: Where) -> Chat:
        """The group becomes another supergroup: new number, new messages, nothing carries over."""
        old = self._chat(chat)
        new = self.add_group(
            old.title,
            old.members,
            forum=old.is_forum,
            bot_rights=old.rights,
            with_bot=old.bot_is_in,
            purpose=old.purpose,
        )
        new.rights, new.bot_status = old.rights, old.bot_status
        by = self.world.users[old.members[0]] if old.members else ANONYMOUS
        words = "Le groupe est devenu un supergroupe"
        left = self.world.post(old, by, service={"migrate_to_chat_id": new.id}, service_text=words)
        self.world.tell_bot(left)
        old.migrated_to = new.id
        came = self.world.post(new, by, service={"migrate_from_chat_id": old.id}, service_text=words)
        self.world.tell_bot(came)
        return new

    def join(self, user: Who, chat: Where, *, by: Who | None = None) -> None:
        """Somebody joins a group, or is added by another member."""
        person, group = self._user(user), self._chat(chat)
        before = group.member_json(person)
        group.members.append(person.id)
        adder = self._user(by) if by is not None else person
        self.world.tell_member(group, adder, before, group.member_json(person))
        line = self.world.post(
            group,
            adder,
            service={"new_chat_members": [person.as_json()], "new_chat_member": person.as_json()},
            service_text=f"{person.name} a rejoint le groupe",
        )
        self.world.tell_bot(line)
        self.world.show_chat(group)

    def leave(self, user: Who, chat: Where) -> None:
        """Somebody leaves a group."""
        person, group = self._user(user), self._chat(chat)
        before = group.member_json(person)
        group.members.remove(person.id)
        group.anonymous.discard(person.id)
        self.world.tell_member(group, person, before, group.member_json(person))
        line = self.world.post(
            group,
            person,
            service={"left_chat_member": person.as_json()},
            service_text=f"{person.name} a quitté le groupe",
        )
        self.world.tell_bot(line)
        self.world.show_chat(group)

    def set_anonymous(self, user: Who, chat: Where, *, on: bool = True) -> None:
        """An administrator hides behind the group, or shows themselves again."""
        group, person = self._chat(chat), self._user(user)
        if on:
            group.anonymous.add(person.id)
        else:
            group.anonymous.discard(person.id)

    # Topics, by people

    def open_topic(self, user: Who, chat: Where, name: str) -> Topic:
        """Somebody opens a topic."""
        group = self._chat(chat)
        topic = self.world.open_topic(group, self._user(user), name)
        self.world.tell_bot(group.messages[topic.id])
        return topic

    def close_topic(self, user: Who, chat: Where, thread: int, *, closed: bool = True) -> None:
        """Somebody closes a topic, or opens it again."""
        group = self._chat(chat)
        line = self.world.close_topic(group, group.topics[thread], self._user(user), closed=closed)
        self.world.tell_bot(line)

    def delete_topic(self, chat: Where, thread: int) -> None:
        """Somebody deletes a topic with its messages; bots are not told."""
        self.world.drop_topic(self._chat(chat), thread)

    # With the bot

    def start(self, user: Who, payload: str = "") -> Message:
        """Somebody opens t.me/<bot>?start=payload, which also lifts a block."""
        person = self._user(user)
        if person.blocked:
            self.unblock(person)
        return self.send_text(person, person.id, f"/start {payload}".strip())[-1]

    def block(self, user: Who) -> None:
        """Somebody blocks the bot, which is told."""
        self._set_blocked(self._user(user), blocked=True)

    def unblock(self, user: Who) -> None:
        """Somebody lets the bot write again, which is told."""
        self._set_blocked(self._user(user), blocked=False)

    def deactivate(self, user: Who) -> None:
        """Somebody closes their account; nobody is told."""
        self._user(user).deactivated = True

    # Writing

    def send_text(
        self,
        user: Who,
        chat: Where,
        text: str,
        thread: int | None = None,
        reply_to: int | None = None,
    ) -> list[Message]:
        """Somebody writes; a text over 4,096 characters goes in several messages, as apps do."""
        pieces = [text[at : at + MOST_TEXT] for at in range(0, len(text), MOST_TEXT)]
        if not text.strip():
            raise CannotDo("Le message est vide.")
        return [
            self._write(user, chat, thread, reply_to if number == 0 else None, **_words(piece))
            for number, piece in enumerate(pieces)
            if piece.strip()
        ]

    def send_files(
        self,
        user: Who,
        chat: Where,
        kind: str,
        files: Sequence[UploadedFile],
        caption: str | None = None,
        thread: int | None = None,
        reply_to: int | None = None,
        *,
        size: int | None = None,
        duration: int = 7,
    ) -> list[Message]:
        """Somebody sends files; several of them are one album, with the caption under the first.

        `size` makes the file look bigger than its bytes.
        """
        if not files:
            raise CannotDo("Aucun fichier choisi.")
        if caption and len(caption) > MOST_CAPTION:
            raise CannotDo(f"La légende dépasse {MOST_CAPTION} caractères.")
        album = self.world.next_album() if len(files) > 1 else None
        sent = []
        for number, file in enumerate(files):
            media = self.world.files.keep(kind, file, size=size, duration=duration)
            first = number == 0
            said = _words(caption) if caption and first else {}
            sent.append(
                self._write(user, chat, thread, reply_to if first else None, media=media, album=album, **said)
            )
        return sent

    def share_contact(self, user: Who, chat: Where, thread: int | None = None) -> Message:
        """Somebody shares their own telephone number."""
        person = self._user(user)
        if not person.phone:
            raise CannotDo("Aucun numéro de téléphone à partager.")
        contact = {"phone_number": person.phone, "first_name": person.first_name, "user_id": person.id}
        if person.last_name:
            contact["last_name"] = person.last_name
        return self._write(user, chat, thread, None, extra={"contact": contact})

    def share_other_contact(self, user: Who, chat: Where, phone: str, first_name: str) -> Message:
        """Somebody shares the card of somebody else from their address book."""
        contact = {"phone_number": phone, "first_name": first_name}
        return self._write(user, chat, None, None, extra={"contact": contact})

    def edit_text(self, user: Who, chat: Where, message_id: int, text: str) -> Message:
        """Somebody corrects the text or the caption of their message."""
        place, person = self._chat(chat), self._user(user)
        message = place.messages.get(message_id)
        if message is None or message.sender is not person or message.service or message.extra:
            raise CannotDo("Ce message ne peut pas être modifié.")
        said = _words(text)
        if not said["text"] and message.media is None:
            raise CannotDo("Le message est vide.")
        if len(said["text"]) > (MOST_CAPTION if message.media else MOST_TEXT):
            raise CannotDo("Le message est trop long.")
        message.text, message.entities = said["text"], said["entities"]
        message.edited = self.world.now()
        self.world.show(message, "edited")
        self.world.tell_bot(message, "edited_message")
        return message

    def delete_messages(self, user: Who, chat: Where, message_ids: Iterable[int]) -> None:
        """Somebody deletes messages for everybody; bots are not told."""
        self._user(user)
        for number in message_ids:
            self.world.remove(self._chat(chat), number)

    # Tapping

    def tap(
        self, user: Who, chat: Where, message_id: int, row: int, col: int, *, as_group: bool = False
    ) -> str:
        """Somebody taps a button; gives the number under which `answers` will hold the reply.

        A link or a text to copy is answered by the app itself. `as_group` is the press of an
        anonymous administrator.
        """
        place, person = self._chat(chat), self._user(user)
        self._check_member(place, person)
        message = place.messages.get(message_id)
        if message is None:
            raise CannotDo("Ce message n'existe plus.")
        try:
            button = message.inline_keyboard[row][col]
        except IndexError:
            raise CannotDo("Ce bouton n'existe plus.") from None
        tap = self.world.tap(person, message, button.get("callback_data", ""), as_group=as_group)
        if not tap.data:
            copied = button.get("copy_text", {}).get("text", "")
            tap.answer = TapAnswer(copied, False, button.get("url"), self.world.now())
        return tap.id

    def tap_data(self, user: Who, chat: Where, message_id: int, data: str) -> str:
        """A press whose button is gone from the screen by now, or was never there."""
        place, person = self._chat(chat), self._user(user)
        tap = self.world.tap_gone(person, place, message_id, data)
        return tap.id

    def tap_again(self, tap_id: str) -> None:
        """Telegram tells the bot of an unanswered press again, as a new update."""
        self.world.tell_tap(self.world.taps[tap_id])

    @property
    def answers(self) -> Mapping[str, TapAnswer]:
        """What each tap was answered, for those that were."""
        return {tap.id: tap.answer for tap in self.world.taps.values() if tap.answer is not None}

    # Seeing

    def visible(self, user: Who, chat: Where, thread: int | None = None) -> list[View]:
        """The messages somebody sees in a chat, oldest first; all topics, or one of them."""
        place, person = self._chat(chat), self._user(user)
        if person.id not in place.members:
            return []
        found = [m for m in place.messages.values() if thread is None or m.thread == thread]
        return [_view(message) for message in sorted(found, key=lambda m: m.id)]

    # Inside

    def _write(
        self, user: Who, chat: Where, thread: int | None, reply_to: int | None, **content: Any
    ) -> Message:
        person, place = self._user(user), self._chat(chat)
        self._check_member(place, person)
        replied = place.messages.get(reply_to) if reply_to is not None else None
        if reply_to is not None and replied is None:
            raise CannotDo("Le message auquel vous répondez n'existe plus.")
        if thread is None and replied is not None:
            thread = replied.thread
        topic = place.topics.get(thread) if thread is not None else None
        if thread is not None and topic is None:
            raise CannotDo("Ce sujet n'existe plus.")
        if topic is not None and topic.closed:
            raise CannotDo("Ce sujet est fermé.")
        if place.person is not None:
            if person.blocked:
                raise CannotDo("Vous avez bloqué ce robot.")
            person.started = True
        as_group = person.id in place.anonymous
        message = self.world.post(
            place,
            ANONYMOUS if as_group else person,
            thread=thread,
            reply_to=reply_to,
            as_group=as_group,
            **content,
        )
        self.world.tell_bot(message)
        return message

    def _set_blocked(self, person: User, *, blocked: bool) -> None:
        if person.blocked == blocked:
            return
        chat = self.world.chats[person.id]
        before = self._private_member(person)
        person.blocked = blocked
        self.world.tell_bot_member(chat, person, before, self._private_member(person))
        self.world.show_person(person)

    def _private_member(self, person: User) -> Json:
        status: Json = {"status": "kicked", "until_date": 0} if person.blocked else {"status": "member"}
        return {"user": self.world.bot.as_json(), **status}

    def _check_member(self, place: Chat, person: User) -> None:
        if not person.on_telegram:
            raise CannotDo(f"{person.name} n'a pas Telegram.")
        if person.id not in place.members:
            raise CannotDo(f"{person.name} n'est pas dans cette conversation.")

    def _user(self, who: Who) -> User:
        if isinstance(who, User):
            return who
        try:
            return self.world.users[who]
        except KeyError:
            raise CannotDo("Personne inconnue.") from None

    def _chat(self, where: Where) -> Chat:
        if isinstance(where, Chat):
            return where
        try:
            return self.world.chats[where.id if isinstance(where, User) else where]
        except KeyError:
            raise CannotDo("Conversation inconnue.") from None


def _words(text: str) -> Json:
    said = formatted(text, "", None)
    return {"text": said.text, "entities": said.entities}


def _view(message: Message) -> View:
    media = message.media
    return View(
        chat=message.chat.id,
        id=message.id,
        thread=message.thread,
        sender=message.chat.title if message.as_group else message.sender.name,
        from_bot=message.sender.is_bot and not message.as_group,
        text=message.text,
        html=as_html(message.text, message.entities),
        buttons=[[button["text"] for button in row] for row in message.inline_keyboard],
        details=[[page_button(button) for button in row] for row in message.inline_keyboard],
        keyboard=(message.keyboard or {}).get("keyboard"),
        file=media.kind if media else None,
        file_id=media.file.id if media else None,
        album=message.album,
        reply_to=message.reply_to,
        silent=message.silent,
        protected=message.protected,
        pinned=message.id in message.chat.pinned,
        service=message.service_text,
        date=message.date,
        edited=message.edited,
        entities=message.entities,
        reactions=[r.get("emoji", "") for given in message.reactions.values() for r in given],
    )
