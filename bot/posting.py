"""How one Outgoing becomes calls of the Bot API. Knows chats and threads, no mission and no database."""

import hashlib
import html
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from telegram import InputFile

from bot.failures import BadWords, MethodMissing, ReplyGone, WrongFileType
from bot.long_texts import CAPTION_LIMIT, TEXT_LIMIT, plain, shorten_html, split_html, visible_length
from bot.ports import Button, FileKind, Outgoing, OutgoingFile
from bot.telegram_api import TelegramApi

Json = dict[str, Any]

METHODS = {
    FileKind.PHOTO: "sendPhoto",
    FileKind.DOCUMENT: "sendDocument",
    FileKind.VOICE: "sendVoice",
    FileKind.AUDIO: "sendAudio",
    FileKind.VIDEO: "sendVideo",
}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a message goes today."""

    chat_id: int
    is_group: bool
    thread_id: int | None = None
    reply_to: int | None = None
    thread_name: str | None = None  # the topic's name as last seen
    thread_closed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One call of several that make up one Outgoing."""

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    file: OutgoingFile | None = None


def body_hash(outgoing: Outgoing) -> str:
    """What tells one appearance from another: text, buttons and file."""
    buttons = [[[b.label, b.data, b.url, b.copy] for b in row] for row in outgoing.buttons]
    file = outgoing.file.file_id if outgoing.file else None
    body = json.dumps([outgoing.text, buttons, file], ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()[:32]


def simplest(outgoing: Outgoing) -> Outgoing:
    """The same in its plainest form, for a Telegram that refuses the message as it is: its words alone."""
    return Outgoing(
        html.escape(plain(outgoing.text), quote=False),
        rings=outgoing.rings,
        protected=outgoing.protected,
        has_patient_facts=outgoing.has_patient_facts,
        delete_at=outgoing.delete_at,
        document=outgoing.document,
        topic=outgoing.topic,
        topic_closed=outgoing.topic_closed,
    )


def parts_of(outgoing: Outgoing) -> list[Part]:
    """The messages it takes: mostly one; a long text several, a file with a long text two or more."""
    text, buttons = with_writable_links(outgoing)
    if outgoing.file is not None and visible_length(text) <= CAPTION_LIMIT:
        return [Part(text, buttons, outgoing.file)]
    parts = [Part("", (), outgoing.file)] if outgoing.file is not None else []
    parts += [Part(piece) for piece in split_html(text, TEXT_LIMIT)]
    parts[-1] = replace(parts[-1], buttons=buttons)
    return parts


def with_writable_links(outgoing: Outgoing) -> tuple[str, tuple[tuple[Button, ...], ...]]:
    """Telegram refuses a whole message for a button to localhost: such a link is written out instead."""
    text = outgoing.text
    rows = []
    for row in outgoing.buttons:
        kept = tuple(button for button in row if button.url is None or is_public(button.url))
        for button in row:
            if button.url is not None and button not in kept:
                text += f"\n{button.label} : {button.url}"
        if kept:
            rows.append(kept)
    return text, tuple(rows)


def is_public(url: str) -> bool:
    """Whether a button may carry it."""
    parts = urlsplit(url)
    if parts.scheme == "tg":
        return True
    host = parts.hostname or ""
    return parts.scheme in ("http", "https") and "." in host and not host.startswith("127.")


def keyboard(buttons: tuple[tuple[Button, ...], ...]) -> Json | None:
    """Telegram's form of the buttons."""
    if any(button.contact for row in buttons for button in row):
        asked = [[{"text": button.label, "request_contact": True} for button in row] for row in buttons]
        return {"keyboard": asked, "resize_keyboard": True, "one_time_keyboard": True}
    rows = [[_button(button) for button in row] for row in buttons if row]
    return {"inline_keyboard": rows} if rows else None


def _button(button: Button) -> Json:
    if button.url is not None:
        return {"text": button.label, "url": button.url}
    if button.copy is not None:
        return {"text": button.label, "copy_text": {"text": button.copy}}
    return {"text": button.label, "callback_data": button.data}


class Poster:
    """Sends and edits. Budgets are the caller's business."""

    def __init__(self, api: TelegramApi) -> None:
        self._api = api

    async def send(self, to: Destination, part: Part, outgoing: Outgoing) -> int:
        """The number of the new message. Raises Failure."""
        try:
            return await self._send(to, part, outgoing, html=True)
        except ReplyGone:
            return await self._send(replace(to, reply_to=None), part, outgoing, html=True)
        except BadWords:
            return await self._send(to, part, outgoing, html=False)

    async def edit(self, chat_id: int, message_id: int, outgoing: Outgoing) -> None:
        """Change a message in place. Raises Failure."""
        text, buttons = with_writable_links(outgoing)
        is_file = outgoing.file is not None
        text = shorten_html(text, CAPTION_LIMIT if is_file else TEXT_LIMIT)
        target: Json = {
            "chat_id": chat_id,
            "message_id": message_id,
            "reply_markup": keyboard(buttons),
        }
        if is_file:
            await self._api.call("editMessageCaption", caption=text, parse_mode="HTML", **target)
            return
        target["link_preview_options"] = {"is_disabled": True}
        try:
            await self._api.call("editMessageText", text=text, parse_mode="HTML", **target)
        except BadWords:
            await self._api.call("editMessageText", text=plain(text), **target)

    async def strip(self, chat_id: int, message_id: int) -> None:
        """Take the buttons of a message away. Raises Failure."""
        await self._api.call("editMessageReplyMarkup", chat_id=chat_id, message_id=message_id)

    async def _send(self, to: Destination, part: Part, outgoing: Outgoing, *, html: bool) -> int:
        where: Json = {
            "chat_id": to.chat_id,
            "message_thread_id": to.thread_id,
            "disable_notification": None if outgoing.rings else True,
            "protect_content": outgoing.protected or None,
            "parse_mode": "HTML" if html else None,
            "reply_markup": {"remove_keyboard": True} if outgoing.keyboard_away else keyboard(part.buttons),
            "reply_parameters": (
                None
                if to.reply_to is None
                else {"message_id": to.reply_to, "allow_sending_without_reply": True}
            ),
        }
        text = part.text if html else plain(part.text)
        if part.file is None:
            sent = await self._api.call(
                "sendMessage", text=text, link_preview_options={"is_disabled": True}, **where
            )
        else:
            sent = await self._send_file(part.file, caption=text or None, **where)
        return int(sent["message_id"])

    async def _send_file(self, file: OutgoingFile, **where: Any) -> Json:
        method = METHODS[file.kind]
        if not self._api.lacks(method):
            try:
                return await self._call_with_file(method, file, **where)
            except MethodMissing:
                self._api.remember_lack(method)
        try:
            return await self._call_with_file("sendDocument", file, **where)
        except WrongFileType:
            assert file.file_id is not None  # noqa: S101 - bytes have no wrong type
            content = await self._api.download(file.file_id)
            name = file.name or f"{file.kind.value}.{'ogg' if file.kind is FileKind.VOICE else 'bin'}"
            return await self._call_with_file(
                "sendDocument", replace(file, file_id=None, content=content, name=name), **where
            )

    async def _call_with_file(self, method: str, file: OutgoingFile, **where: Any) -> Json:
        field = method.removeprefix("send").lower()
        given: str | InputFile = file.file_id or InputFile(
            file.content or b"", filename=file.name or file.kind.value, attach=True
        )
        sent: Json = await self._api.call(method, **(where | {field: given}))
        return sent
