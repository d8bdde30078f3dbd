"""What the coordinateur has changed of the region, and the sectors imported in place of the shipped ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from bot.domain.change import Change
from bot.domain.people import PersonId
from storage.connected import Connected
from storage.prepared import Record
from storage.tables import changes, commune_sectors

_STANDING = select(changes).where(changes.c.revoked_at.is_(None)).order_by(changes.c.id)
_ADD = insert(changes).returning(changes.c.id)
_REVOKE = (
    update(changes)
    .where(changes.c.id == bindparam("change_id"), changes.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_by=bindparam("by"))
)
_STAMP = select(
    select(func.max(changes.c.id)).scalar_subquery().label("newest"),
    select(func.count(changes.c.revoked_at)).scalar_subquery().label("revoked"),
    select(func.max(commune_sectors.c.changed_at)).scalar_subquery().label("sectors"),
)
_SECTORS = select(commune_sectors)
_DROP_SECTORS = delete(commune_sectors)
_ADD_SECTOR = insert(commune_sectors)


class SqlChanges:
    """`bot.ports.Changes`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def standing(self) -> list[Change]:
        return [_change(row) for row in await self._db.rows(_STANDING)]

    async def add(self, change: Change) -> Change:
        number: int = await self._db.value(
            _ADD, at=change.at, author=change.author, key=change.key, value=change.value
        )
        return replace(change, id=number)

    async def revoke(self, change: int, by: PersonId, now: datetime) -> bool:
        return await self._db.run(_REVOKE, change_id=change, by=by, now=now) > 0

    async def stamp(self) -> str:
        row = await self._db.row(_STAMP)
        return "" if row is None else f"{row.newest} {row.revoked} {row.sectors}"

    async def sectors(self) -> dict[str, tuple[str, bool]]:
        return {row.insee: (row.sector, row.mmg) for row in await self._db.rows(_SECTORS)}

    async def replace_sectors(self, sectors: Mapping[str, tuple[str, bool]], by: str, now: datetime) -> None:
        await self._db.run(_DROP_SECTORS)
        for insee, (sector, mmg) in sectors.items():
            await self._db.run(
                _ADD_SECTOR, insee=insee, sector=sector, mmg=mmg, changed_at=now, changed_by=by
            )


def _change(row: Record) -> Change:
    return Change(row.id, row.at, PersonId(row.author), row.key, row.value, row.revoked_at, row.revoked_by)
