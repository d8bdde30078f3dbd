"""Everything that happened, in the order in which it did."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select

from bot.domain.outcome import Event
from bot.domain.people import MissionId
from bot.ports import JournalLine
from storage import codec
from storage.connected import Connected
from storage.prepared import Record
from storage.tables import journal

_WRITE = insert(journal)
_OF_MISSION = select(journal).where(journal.c.mission == bindparam("mission")).order_by(journal.c.id)
_BETWEEN = (
    select(journal)
    .where(journal.c.at >= bindparam("start"), journal.c.at < bindparam("end"))
    .order_by(journal.c.at, journal.c.id)
)
_NEWEST = select(func.max(journal.c.id))
_BETWEEN_OF_KIND = _BETWEEN.where(journal.c.kind == bindparam("kind"))


class SqlJournal:
    """`bot.ports.Journal`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def write(
        self, mission: MissionId | None, events: Sequence[Event], actor: str | None, now: datetime
    ) -> None:
        await self._db.later(
            _WRITE,
            [
                {
                    "at": now,
                    "kind": event.kind,
                    "mission": mission,
                    "actor": actor,
                    "facts": codec.FACTS.to_text(event.facts),
                }
                for event in events
            ],
        )

    async def of_mission(self, mission: MissionId) -> list[JournalLine]:
        return [_line(row) for row in await self._db.rows(_OF_MISSION, mission=mission)]

    async def between(self, start: datetime, end: datetime, kind: str | None = None) -> list[JournalLine]:
        if kind is None:
            rows = await self._db.rows(_BETWEEN, start=start, end=end)
        else:
            rows = await self._db.rows(_BETWEEN_OF_KIND, start=start, end=end, kind=kind)
        return [_line(row) for row in rows]

    async def newest(self) -> int:
        return await self._db.value(_NEWEST) or 0


def _line(row: Record) -> JournalLine:
    return JournalLine(
        id=row.id,
        at=row.at,
        kind=row.kind,
        mission=row.mission,
        actor=row.actor,
        facts=codec.FACTS.read(row.facts),
    )
