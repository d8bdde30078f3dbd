"""What will ring. The table is the truth; whoever wakes up only asks it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from bot.domain.outcome import SetTimer, StopTimer, Timer
from bot.domain.people import MissionId
from storage import codec
from storage.connected import Connected
from storage.tables import TimerState, quoted, timers

_PENDING = timers.c.state == quoted(TimerState.PENDING)
_STOP_KIND = (
    update(timers)
    .where(_PENDING, timers.c.owner == bindparam("of_owner"), timers.c.kind == bindparam("of_kind"))
    .values(state=TimerState.STOPPED.value)
)
_STOP_ONE = _STOP_KIND.where(timers.c.key == bindparam("of_key"))
_ADD = insert(timers)
_DUE = (
    select(timers)
    .where(_PENDING, timers.c.due <= bindparam("now"))
    .order_by(timers.c.due, timers.c.id)
    .limit(bindparam("most"))
)
_NEXT_DUE = select(func.min(timers.c.due)).where(_PENDING)
_OF_MISSION = (
    select(timers)
    .where(_PENDING, timers.c.owner == bindparam("of_owner"))
    .order_by(timers.c.due, timers.c.id)
)
_THIS = (_PENDING, timers.c.id == bindparam("timer_id"))
_END = update(timers).where(*_THIS).values(state=bindparam("state"), ended_at=bindparam("now"))
_AGAIN = update(timers).where(*_THIS).values(due=bindparam("retry_at"), failures=timers.c.failures + 1)


class SqlTimers:
    """`bot.ports.Timers`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def apply(self, mission: MissionId | None, changes: Sequence[SetTimer | StopTimer]) -> None:
        owner = mission or 0
        kinds: set[str] = set()
        singles: set[tuple[str, str]] = set()
        added: dict[tuple[str, str], SetTimer] = {}
        for change in changes:
            if change.key is None:
                kinds.add(change.kind)
                added = {key: timer for key, timer in added.items() if timer.kind != change.kind}
                continue
            singles.add((change.kind, change.key))
            added.pop((change.kind, change.key), None)
            if isinstance(change, SetTimer):
                added[change.kind, change.key] = change
        await self._db.run_many(_STOP_KIND, [{"of_owner": owner, "of_kind": kind} for kind in sorted(kinds)])
        # A replaced timer is a new row: whoever still holds the old one cannot ring or stop the new one.
        await self._db.run_many(
            _STOP_ONE,
            [
                {"of_owner": owner, "of_kind": kind, "of_key": key}
                for kind, key in sorted(singles)
                if kind not in kinds
            ],
        )
        await self._db.run_many(_ADD, [_columns(mission, timer) for timer in added.values()])

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        return [_timer(row) for row in await self._db.rows(_DUE, now=now, most=limit)]

    async def rung(self, timer: Timer, now: datetime) -> bool:
        return await self._end(timer, TimerState.RUNG, now)

    async def failed(self, timer: Timer, now: datetime, retry_at: datetime | None) -> None:
        if retry_at is None:
            await self._end(timer, TimerState.FAILED, now)
        else:
            await self._db.run(_AGAIN, timer_id=timer.id, retry_at=retry_at)

    async def next_due(self) -> datetime | None:
        due: datetime | None = await self._db.value(_NEXT_DUE)
        return due

    async def of_mission(self, mission: MissionId) -> list[Timer]:
        return [_timer(row) for row in await self._db.rows(_OF_MISSION, of_owner=mission)]

    async def _end(self, timer: Timer, state: TimerState, now: datetime) -> bool:
        return await self._db.run(_END, timer_id=timer.id, state=state.value, now=now) > 0


def _columns(mission: MissionId | None, of: SetTimer) -> dict[str, Any]:
    return {
        "mission": mission,
        "owner": mission or 0,
        "kind": of.kind,
        "key": of.key,
        "due": of.due,
        "epoch": of.epoch,
        "facts": codec.FACTS.to_text(of.facts),
        "state": TimerState.PENDING.value,
        "failures": 0,
    }


def _timer(row: Row[Any]) -> Timer:
    return Timer(
        id=row.id,
        kind=row.kind,
        due=row.due,
        mission=row.mission,
        epoch=row.epoch,
        key=row.key,
        facts=codec.FACTS.read(row.facts),
    )
