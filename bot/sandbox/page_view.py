"""The emulated world as the browser page draws it. The shapes are those the page asks for."""

from datetime import UTC, datetime
from typing import Any

from bot.sandbox.chats import Chat, Topic, User
from bot.sandbox.entities import as_html
from bot.sandbox.messages import Message

Json = dict[str, Any]

QUOTED = 80  # characters of the message replied to
NAMES_OF_FILES = {"photo": "Photo", "voice": "Message vocal", "audio": "Audio", "video": "Vidéo"}


def moment(at: datetime) -> str:
    """A moment in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def person(user: User) -> Json:
    """Somebody of the cast."""
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "label": user.label,
        "note": user.note,
        "phone": user.phone,
        "on_telegram": user.on_telegram,
        "blocked": user.blocked,
    }


def topic(shown: Topic) -> Json:
    """A topic in the list of its chat."""
    return {"id": shown.id, "name": shown.name, "closed": shown.closed}


def pins(shown: Chat) -> list[Json]:
    """What is pinned, newest first."""
    return [{"message": n, "thread": shown.messages[n].thread} for n in shown.pinned if n in shown.messages]


def chat(shown: Chat) -> Json:
    """A chat with its topics, without its messages."""
    return {
        "id": shown.id,
        "type": shown.type,
        "title": shown.person.name if shown.person else shown.title,
        "is_forum": shown.is_forum,
        "members": list(shown.members),
        "person": shown.person.id if shown.person else None,
        "purpose": shown.purpose,
        "topics": [topic(one) for one in shown.topics.values()],
        "pinned": pins(shown),
    }


def message(shown: Message) -> Json:
    """A message as people see it."""
    return {
        "chat": shown.chat.id,
        "id": shown.id,
        "thread": shown.thread,
        "from": _sender(shown),
        "date": moment(shown.date),
        "edited": moment(shown.edited) if shown.edited else None,
        "text": _words(shown),
        "html": as_html(shown.text, shown.entities) if shown.text else as_html(_words(shown), ()),
        "reply_to": shown.reply_to,
        "quote": _quote(shown),
        "buttons": [[button(one) for one in row] for row in shown.inline_keyboard],
        "keyboard": _reply_keyboard(shown),
        "file": _file(shown),
        "album": shown.album,
        "silent": shown.silent,
        "protected": shown.protected,
        "service": shown.service_text or None,
    }


def button(shown: Json) -> Json:
    """One inline button."""
    copied = shown.get("copy_text")
    kind = "url" if "url" in shown else "copy" if copied else "callback"
    return {
        "text": shown["text"],
        "kind": kind,
        "url": shown.get("url"),
        "copy": copied["text"] if copied else None,
    }


def _reply_keyboard(shown: Message) -> list[list[Any]] | None:
    """Rows of words, or of objects where a button asks for more; empty when the keyboard is taken away."""
    if shown.keyboard is None:
        return None
    rows = shown.keyboard.get("keyboard")
    if rows is None:
        return [] if shown.keyboard.get("remove_keyboard") else None
    return [[one["text"] if set(one) == {"text"} else one for one in row] for row in rows]


def _sender(shown: Message) -> Json:
    if shown.as_group:
        return {"id": shown.chat.id, "name": shown.chat.title, "is_bot": False}
    return {"id": shown.sender.id, "name": shown.sender.name, "is_bot": shown.sender.is_bot}


def _words(shown: Message) -> str:
    if contact := shown.extra.get("contact"):
        return (
            f"{contact['first_name']} {contact.get('last_name', '')}".strip() + f"\n{contact['phone_number']}"
        )
    if location := shown.extra.get("location"):
        return f"📍 {location['latitude']:.5f}, {location['longitude']:.5f}"
    return shown.text


def _quote(shown: Message) -> str | None:
    replied = shown.chat.messages.get(shown.reply_to or 0)
    if replied is None:
        return None
    words = _words(replied) or replied.service_text
    if not words and replied.media:
        words = NAMES_OF_FILES.get(replied.media.kind, replied.media.file.name)
    return words.replace("\n", " ")[:QUOTED]


def _file(shown: Message) -> Json | None:
    if shown.media is None:
        return None
    file = shown.media.file
    return {
        "kind": shown.media.kind,
        "name": file.name,
        "mime": file.mime,
        "size": file.size,
        "url": f"/api/file/{file.id}",
    }
