"""What somebody wrote in Telegram, as the flows of a mission's thread take it.

Chat and message ids pass through here to the storage, never to the domain.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from bot.domain.outcome import to_person
from bot.domain.people import DocumentId, MissionId, Party, PartyKind, PersonId
from bot.ports import DocumentKind, Given, SentMessage, Transaction

#: The kind under which a person's own message is written down, so that it is purged like the others.
ORIGINAL = "thread.original"


@dataclass(frozen=True, slots=True)
class Written:
    """One message of a person."""

    chat_id: int
    message_id: int
    kind: DocumentKind = DocumentKind.TEXT
    text: str = ""  # or the caption
    topic: int | None = None  # the thread it was written in
    reply_to: int | None = None  # the message it answers
    file_id: str | None = None
    file_unique_id: str | None = None
    file_name: str | None = None
    mime: str | None = None
    size: int | None = None  # bytes
    album: str | None = None
    author: str = ""  # who writes in a house's chat

    def to_json(self) -> dict[str, Any]:
        """For a draft."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Written":
        """The inverse of `to_json`."""
        return cls(**(body | {"kind": DocumentKind(body["kind"])}))


async def named_mission(tx: Transaction, written: Written) -> MissionId | None:
    """The mission it was written in or replies to; None when it names none."""
    if written.topic is not None:
        thread = await tx.sent.thread_at(written.chat_id, written.topic)
        if thread is not None:
            return thread.mission
    if written.reply_to is None:
        return None
    sent = await tx.sent.at(written.chat_id, written.reply_to)
    if sent is not None and sent.mission is not None:
        return sent.mission
    document = await tx.documents.written_at(written.chat_id, written.reply_to)
    return document.mission if document is not None else None


async def answered_document(tx: Transaction, written: Written) -> DocumentId | None:
    """The document it replies to, seen or written by its author."""
    if written.reply_to is None:
        return None
    sent = await tx.sent.at(written.chat_id, written.reply_to)
    if sent is not None and sent.document is not None:
        return sent.document
    document = await tx.documents.written_at(written.chat_id, written.reply_to)
    return document.id if document is not None else None


async def keep_original(
    given: Given,
    tx: Transaction,
    written: Written,
    mission: MissionId,
    author: Party,
    document: DocumentId | None = None,
) -> None:
    """What a person wrote into the private chat carries facts of the patient: it is purged too."""
    if author.kind is not PartyKind.PERSON or written.chat_id < 0:
        return
    now = given.now()
    await tx.sent.save(
        SentMessage(
            chat_id=written.chat_id,
            message_id=written.message_id,
            place=to_person(PersonId(author.id)),
            kind=ORIGINAL,
            sent_at=now,
            thread_id=written.topic,
            mission=mission,
            has_patient_facts=True,
            delete_at=now + given.region.delays.purge_at_most,
            document=document,
        )
    )


def packed(items: list[Written]) -> str:
    """Several messages as the body of a draft."""
    return json.dumps([item.to_json() for item in items], ensure_ascii=False)


def unpacked(body: str) -> list[Written]:
    """The inverse of `packed`."""
    return [Written.from_json(item) for item in json.loads(body)]
