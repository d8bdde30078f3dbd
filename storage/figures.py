"""How much waits and since when, for whoever watches the bot. Reads only what is unfinished."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select

from bot.domain.mission import MissionState
from bot.ports import Waiting
from storage.connected import Connected
from storage.tables import (
    InboxState,
    OutboxState,
    TimerState,
    inbox,
    journal,
    missions,
    outbox,
    quoted,
    timers,
)

_INBOX = (
    select(func.count().label("how_many"), func.min(inbox.c.received_at).label("since"))
    .select_from(inbox)
    .where(inbox.c.state.in_([quoted(InboxState.RECEIVED), quoted(InboxState.WORKING)]))
)
_OWED = (
    select(func.count().label("how_many"), func.min(outbox.c.created_at).label("since"))
    .select_from(outbox)
    .where(outbox.c.finished_at.is_(None))
)
_NEXT_SEND = select(func.min(outbox.c.due_at)).where(
    outbox.c.state == quoted(OutboxState.OWED), outbox.c.finished_at.is_(None)
)
_PENDING = timers.c.state == quoted(TimerState.PENDING)
_NEXT_TIMER = select(func.min(timers.c.due)).where(_PENDING)
_DUE = select(func.count()).select_from(timers).where(_PENDING, timers.c.due <= bindparam("now"))
_MISSIONS = (
    select(missions.c.state, func.count().label("how_many"))
    .where(missions.c.state != quoted(MissionState.CLOSED))
    .group_by(missions.c.state)
)

_HAPPENED = (
    select(journal.c.kind, func.count().label("how_many"))
    .where(journal.c.kind.in_(bindparam("kinds", expanding=True)))
    .group_by(journal.c.kind)
)


class SqlFigures:
    """`bot.ports.Figures`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def waiting(self, now: datetime) -> Waiting:
        updates, owed = await self._db.row(_INBOX), await self._db.row(_OWED)
        assert updates is not None and owed is not None  # noqa: S101, PT018 - a count has a row
        return Waiting(
            updates=updates.how_many,
            oldest_update=updates.since,
            owed=owed.how_many,
            oldest_owed=owed.since,
            next_send=await self._db.value(_NEXT_SEND),
            next_timer=await self._db.value(_NEXT_TIMER),
            timers_due=int(await self._db.value(_DUE, now=now)),
            missions={row.state: row.how_many for row in await self._db.rows(_MISSIONS)},
        )

    async def happened(self, kinds: Sequence[str]) -> dict[str, int]:
        rows = await self._db.rows(_HAPPENED, kinds=list(kinds))
        return dict.fromkeys(kinds, 0) | {row.kind: row.how_many for row in rows}
