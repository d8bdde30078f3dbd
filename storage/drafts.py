"""Unfinished dialogues, one per owner and kind, sealed."""

from sqlalchemy import bindparam, delete, func, select

from bot.domain.people import PersonId
from bot.ports import Draft
from storage.connected import Connected, Upsert
from storage.prepared import Record
from storage.tables import drafts
from storage.vault import row_of

_THIS = [drafts.c.owner == bindparam("of_owner"), drafts.c.kind == bindparam("of_kind")]
_LOCK = select(drafts).where(*_THIS).with_for_update(key_share=True)
# PostgreSQL locks no row that is not there yet; this holds the name of the draft until the transaction ends.
_HOLD_NAME = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)))
_SAVE = Upsert(drafts, changes=["body", "updated_at"])
_DROP = delete(drafts).where(*_THIS)
_OF_OWNER = (
    select(drafts)
    .where(drafts.c.owner == bindparam("of_owner"))
    .order_by(drafts.c.updated_at.desc(), drafts.c.kind)
)


class SqlDrafts:
    """`bot.ports.Drafts`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def lock(self, owner: PersonId, kind: str) -> Draft | None:
        if self._db.postgres:
            await self._db.run(_HOLD_NAME, name=f"draft {owner} {kind}")
        row = await self._db.row(_LOCK, of_owner=owner, of_kind=kind)
        return None if row is None else self._draft(row)

    async def save(self, draft: Draft) -> None:
        body = self._db.vault.seal(draft.body.encode(), sealed_for(draft.owner, draft.kind))
        await self._db.upsert(
            _SAVE, owner=draft.owner, kind=draft.kind, body=body, updated_at=draft.updated_at
        )

    async def drop(self, owner: PersonId, kind: str) -> None:
        await self._db.run(_DROP, of_owner=owner, of_kind=kind)

    async def of_owner(self, owner: PersonId) -> list[Draft]:
        return [self._draft(row) for row in await self._db.rows(_OF_OWNER, of_owner=owner)]

    def _draft(self, row: Record) -> Draft:
        body = self._db.vault.open(row.body, sealed_for(row.owner, row.kind)).decode()
        return Draft(PersonId(row.owner), row.kind, body, row.updated_at)


def sealed_for(owner: int, kind: str) -> str:
    """What binds a draft to its owner and kind."""
    return row_of("draft", "body", f"{owner}/{kind}")
