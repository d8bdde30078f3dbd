"""Who is on duty, and when."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select

from bot.domain.duty import Duty
from bot.domain.people import CascadeStep, Party
from storage.connected import Connected
from storage.prepared import Record
from storage.tables import duties

_BETWEEN = (
    select(duties)
    .where(duties.c.ends > bindparam("after"), duties.c.begins < bindparam("before"))
    .order_by(duties.c.begins, duties.c.id)
)
_OF_STEP = _BETWEEN.where(duties.c.step == bindparam("of_step"))
_KNOWN_UNTIL = (
    select(duties.c.step, func.max(duties.c.ends).label("ends"))
    .where(duties.c.ends > bindparam("after"))
    .group_by(duties.c.step)
)
_OF_SOURCE = select(func.count()).select_from(duties).where(duties.c.source == bindparam("of_source"))
_SOURCES = (
    select(duties.c.source, func.count().label("turns"))
    .where(duties.c.ends > bindparam("after"))
    .group_by(duties.c.source)
    .order_by(duties.c.source)
)
_DROP = delete(duties).where(duties.c.source == bindparam("of_source"))
_ADD = insert(duties)


class SqlDuties:
    """`bot.ports.Duties`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def between(self, begins: datetime, ends: datetime, step: CascadeStep | None = None) -> list[Duty]:
        if step is None:
            rows = await self._db.rows(_BETWEEN, after=begins, before=ends)
        else:
            rows = await self._db.rows(_OF_STEP, after=begins, before=ends, of_step=step.value)
        return [_duty(row) for row in rows]

    async def known_until(self, after: datetime) -> dict[CascadeStep, datetime]:
        return {CascadeStep(row.step): row.ends for row in await self._db.rows(_KNOWN_UNTIL, after=after)}

    async def of_source(self, source: str) -> int:
        return int(await self._db.value(_OF_SOURCE, of_source=source))

    async def sources(self, after: datetime) -> dict[str, int]:
        return {row.source: row.turns for row in await self._db.rows(_SOURCES, after=after)}

    async def replace(self, source: str, duties: Sequence[Duty]) -> int:
        dropped = await self._db.run(_DROP, of_source=source)
        await self._db.run_many(
            _ADD,
            [
                {
                    "step": duty.step.value,
                    "sector": duty.sector,
                    "party": str(duty.party),
                    "begins": duty.begins,
                    "ends": duty.ends,
                    "source": source,
                }
                for duty in duties
            ],
        )
        return dropped


def _duty(row: Record) -> Duty:
    return Duty(
        row.id, CascadeStep(row.step), row.sector, Party.read(row.party), row.begins, row.ends, row.source
    )
