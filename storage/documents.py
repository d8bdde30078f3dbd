"""What was put into the threads of missions, and the constantes: what could tell the patient is sealed."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from bot.domain.people import DocumentId, MissionId, Party, VitalsId
from bot.ports import Document, DocumentKind, DocumentLabel, VitalsRow
from storage.codec import Codec
from storage.connected import Connected, Upsert
from storage.prepared import Record
from storage.tables import document_copies, documents, vitals
from storage.vault import row_of


class _Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of a document that is encrypted."""

    text: str = ""
    file_id: str | None = None
    file_unique_id: str | None = None
    file_name: str | None = None
    mime: str | None = None


_BODY: Codec[_Sealed] = Codec(_Sealed)
_EMPTY = _Sealed()

_COLUMNS = (
    "mission",
    "author",
    "author_name",
    "kind",
    "at",
    "size",
    "album",
    "label",
    "edited_at",
    "reply_to",
    "chat_id",
    "message_id",
    "copy_kept",
)
_ADD = insert(documents).returning(documents.c.id)
_SEAL = update(documents).where(documents.c.id == bindparam("document_id")).values(body=bindparam("body"))
_SAVE = (
    update(documents)
    .where(documents.c.id == bindparam("document_id"))
    .values({name: bindparam(name) for name in (*_COLUMNS, "body")})
)
_GET = select(documents).where(documents.c.id == bindparam("document_id"))
_OF_MISSION = select(documents).where(documents.c.mission == bindparam("mission")).order_by(documents.c.id)
_WRITTEN_AT = (
    select(documents)
    .where(documents.c.chat_id == bindparam("chat"), documents.c.message_id == bindparam("message"))
    .order_by(documents.c.id.desc())
    .limit(1)
)
_KEEP_COPY = Upsert(document_copies, changes=["content"])
_COPY_KEPT = update(documents).where(documents.c.id == bindparam("document_id")).values(copy_kept=True)
_COPY = select(document_copies.c.content).where(document_copies.c.document == bindparam("document_id"))

_DROP_COPIES = delete(document_copies).where(
    document_copies.c.document.in_(
        select(documents.c.id).where(documents.c.mission == bindparam("of_mission"))
    )
)
_EMPTY_DOCUMENTS = (
    update(documents).where(documents.c.mission == bindparam("of_mission")).values(body=None, copy_kept=False)
)
_EMPTY_VITALS = update(vitals).where(vitals.c.mission == bindparam("of_mission")).values(body=None)

_ADD_VITALS = insert(vitals).returning(vitals.c.id)
_SEAL_VITALS = update(vitals).where(vitals.c.id == bindparam("vitals_id")).values(body=bindparam("body"))
_NOT_EMPTIED = vitals.c.body.is_not(None)
_VITALS = (
    select(vitals)
    .where(vitals.c.mission == bindparam("mission"), _NOT_EMPTIED)
    .order_by(vitals.c.series, vitals.c.version)
)
_VITALS_TYPED_AT = (
    select(vitals)
    .where(vitals.c.chat_id == bindparam("chat"), vitals.c.message_id == bindparam("message"))
    .where(_NOT_EMPTIED)
    .order_by(vitals.c.id.desc())
    .limit(1)
)


class SqlDocuments:
    """`bot.ports.Documents`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def add(self, document: Document) -> DocumentId:
        stored = DocumentId(await self._db.value(_ADD, **_columns(document)))
        # Sealed in a second step: the seal names the row, and the row had no id before.
        await self._db.run(_SEAL, document_id=stored, body=self._sealed(stored, document))
        return stored

    async def get(self, document: DocumentId) -> Document | None:
        row = await self._db.row(_GET, document_id=document)
        return None if row is None else self._document(row)

    async def save(self, document: Document) -> None:
        body = self._sealed(document.id, document)
        if not await self._db.run(_SAVE, document_id=document.id, body=body, **_columns(document)):
            raise LookupError(f"document {document.id} is not stored")

    async def of_mission(self, mission: MissionId) -> list[Document]:
        return [self._document(row) for row in await self._db.rows(_OF_MISSION, mission=mission)]

    async def written_at(self, chat_id: int, message_id: int) -> Document | None:
        row = await self._db.row(_WRITTEN_AT, chat=chat_id, message=message_id)
        return None if row is None else self._document(row)

    async def keep_copy(self, document: DocumentId, content: bytes) -> None:
        sealed = self._db.vault.seal(content, copy_sealed_for(document))
        await self._db.upsert(_KEEP_COPY, document=document, content=sealed)
        await self._db.run(_COPY_KEPT, document_id=document)

    async def copy(self, document: DocumentId) -> bytes | None:
        sealed = await self._db.value(_COPY, document_id=document)
        return None if sealed is None else self._db.vault.open(sealed, copy_sealed_for(document))

    async def empty_mission(self, mission: MissionId) -> None:
        await self._db.run(_DROP_COPIES, of_mission=mission)
        await self._db.run(_EMPTY_DOCUMENTS, of_mission=mission)
        await self._db.run(_EMPTY_VITALS, of_mission=mission)

    async def add_vitals(self, vitals: VitalsRow) -> VitalsId:
        stored = VitalsId(
            await self._db.value(
                _ADD_VITALS,
                mission=vitals.mission,
                taken_at=vitals.taken_at,
                author=str(vitals.author),
                series=vitals.series,
                version=vitals.version,
                chat_id=vitals.chat_id,
                message_id=vitals.message_id,
            )
        )
        body = self._db.vault.seal(vitals.body.encode(), vitals_sealed_for(stored))
        await self._db.run(_SEAL_VITALS, vitals_id=stored, body=body)
        return stored

    async def vitals(self, mission: MissionId) -> list[VitalsRow]:
        return [self._vitals(row) for row in await self._db.rows(_VITALS, mission=mission)]

    async def vitals_typed_at(self, chat_id: int, message_id: int) -> VitalsRow | None:
        row = await self._db.row(_VITALS_TYPED_AT, chat=chat_id, message=message_id)
        return None if row is None else self._vitals(row)

    def _sealed(self, id_: DocumentId, of: Document) -> bytes:
        body = _Sealed(of.text, of.file_id, of.file_unique_id, of.file_name, of.mime)
        return self._db.vault.seal(_BODY.to_bytes(body), sealed_for(id_))

    def _document(self, row: Record) -> Document:
        body = _EMPTY
        if row.body is not None:
            body = _BODY.read(self._db.vault.open(row.body, sealed_for(row.id)))
        return Document(
            id=DocumentId(row.id),
            mission=MissionId(row.mission),
            author=Party.read(row.author),
            author_name=row.author_name,
            kind=DocumentKind(row.kind),
            at=row.at,
            text=body.text,
            file_id=body.file_id,
            file_unique_id=body.file_unique_id,
            file_name=body.file_name,
            mime=body.mime,
            size=row.size,
            album=row.album,
            label=DocumentLabel(row.label),
            edited_at=row.edited_at,
            reply_to=row.reply_to,
            chat_id=row.chat_id,
            message_id=row.message_id,
            copy_kept=row.copy_kept,
        )

    def _vitals(self, row: Record) -> VitalsRow:
        return VitalsRow(
            id=VitalsId(row.id),
            mission=MissionId(row.mission),
            taken_at=row.taken_at,
            author=Party.read(row.author),
            body=self._db.vault.open(row.body, vitals_sealed_for(row.id)).decode(),
            series=row.series,
            version=row.version,
            chat_id=row.chat_id,
            message_id=row.message_id,
        )


def sealed_for(document: int) -> str:
    """What binds a document's body to its row."""
    return row_of("document", "body", document)


def copy_sealed_for(document: int) -> str:
    """What binds a copy to its document."""
    return row_of("document_copy", "content", document)


def vitals_sealed_for(vitals_id: int) -> str:
    """What binds constantes to their row."""
    return row_of("vitals", "body", vitals_id)


def _columns(of: Document) -> dict[str, Any]:
    return {
        "mission": of.mission,
        "author": str(of.author),
        "author_name": of.author_name,
        "kind": of.kind.value,
        "at": of.at,
        "size": of.size,
        "album": of.album,
        "label": of.label.value,
        "edited_at": of.edited_at,
        "reply_to": of.reply_to,
        "chat_id": of.chat_id,
        "message_id": of.message_id,
        "copy_kept": of.copy_kept,
    }
