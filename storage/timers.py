"""What will ring. The table is the truth; whoever wakes up only asks it.

A timer that is being rung is claimed under a lease in real time, so that several workers share them. A
mission's timers ring one after another, the earliest first; those of no mission each for themselves.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, insert, or_, select, text, tuple_, update

from bot.domain.mission import MissionState
from bot.domain.outcome import SetTimer, StopTimer, Timer
from bot.domain.people import MissionId
from storage import codec
from storage.connected import Connected, RealNow
from storage.prepared import Record
from storage.tables import TimerState, missions, quoted, timers

_PENDING = timers.c.state == quoted(TimerState.PENDING)
_STOP = (
    update(timers)
    .where(
        _PENDING,
        timers.c.owner == bindparam("of_owner"),
        or_(
            timers.c.kind.in_(bindparam("kinds", expanding=True)),
            tuple_(timers.c.kind, timers.c.key).in_(bindparam("singles", expanding=True)),
        ),
    )
    .values(state=TimerState.STOPPED.value, ended_at=bindparam("now"))
)
_ADD = insert(timers)
_DUE = (
    select(timers)
    .where(_PENDING, timers.c.due <= bindparam("now"))
    .order_by(timers.c.due, timers.c.id)
    .limit(bindparam("most"))
)
_NEXT_DUE = select(func.min(timers.c.due)).where(_PENDING)

_earlier = timers.alias("earlier")
_FREE = or_(timers.c.lease_until.is_(None), timers.c.lease_until < RealNow())
# A look-up for each row, which no planner turns into a join of all that is due with all that is due.
_FIRST_OF_MISSION = or_(
    timers.c.owner == 0,
    timers.c.id
    == select(_earlier.c.id)
    .where(_earlier.c.state == quoted(TimerState.PENDING), _earlier.c.owner == timers.c.owner)
    .order_by(_earlier.c.due, _earlier.c.id)
    .limit(1)
    .correlate(timers)
    .scalar_subquery(),
)
_CLAIMABLE = (
    select(timers)
    .where(_PENDING, timers.c.due <= bindparam("now"), _FREE, _FIRST_OF_MISSION)
    .order_by(timers.c.due, timers.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(timers)
    .where(timers.c.id.in_(bindparam("ids", expanding=True)))
    .values(lease=bindparam("new_lease"), lease_until=RealNow() + bindparam("seconds"))
)
_NEXT_CLAIM = (
    select(timers.c.due)
    .where(_PENDING, _FREE, _FIRST_OF_MISSION)
    .order_by(timers.c.due, timers.c.id)
    .limit(1)
)
_TAKE_BACK = update(timers).where(_PENDING, timers.c.lease.is_not(None)).values(lease=None, lease_until=None)
_LATE = (
    select(timers)
    .where(
        timers.c.ended_at.is_not(None),
        timers.c.ended_at >= bindparam("until"),
        timers.c.state == quoted(TimerState.RUNG),
        timers.c.due >= bindparam("since"),
        timers.c.due < bindparam("until"),
    )
    .order_by(timers.c.due, timers.c.id)
)
_OF_MISSION = (
    select(timers)
    .where(_PENDING, timers.c.owner == bindparam("of_owner"))
    .order_by(timers.c.due, timers.c.id)
)
_THIS = (_PENDING, timers.c.id == bindparam("timer_id"))
_END = (
    update(timers)
    .where(*_THIS)
    .values(state=bindparam("state"), ended_at=bindparam("now"), lease=None, lease_until=None)
)
_AGAIN = (
    update(timers)
    .where(*_THIS)
    .values(due=bindparam("retry_at"), failures=timers.c.failures + 1, lease=None, lease_until=None)
)

_WITHOUT = ~exists().where(
    _earlier.c.state == quoted(TimerState.PENDING),
    _earlier.c.owner == missions.c.id,
    _earlier.c.kind == bindparam("of_kind"),
)
_OPEN_WITHOUT = (
    select(missions.c.id)
    .where(text("state <> 'closed'"), _WITHOUT)
    .order_by(missions.c.triggered_at, missions.c.id)
    .limit(bindparam("most"))
)
_CLOSED_WITHOUT = (
    select(missions.c.id)
    .where(
        missions.c.triggered_at >= bindparam("since"),
        missions.c.state == quoted(MissionState.CLOSED),
        or_(
            missions.c.aggregate.like(bindparam("owing")), missions.c.aggregate.like(bindparam("owing_nurse"))
        ),
        _WITHOUT,
    )
    .order_by(missions.c.triggered_at, missions.c.id)
    .limit(bindparam("most"))
)

#: How the aggregate of a mission begins its lists of calls when there is one.
_OWING, _OWING_NURSE = '%"patient_calls":["%', '%"nurse_calls":[{%'


class SqlTimers:
    """`bot.ports.Timers`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def apply(
        self, mission: MissionId | None, changes: Sequence[SetTimer | StopTimer], now: datetime
    ) -> None:
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
        # A replaced timer is a new row: whoever still holds the old one cannot ring or stop the new one.
        stopped = {"of_owner": owner, "kinds": sorted(kinds), "singles": sorted(singles), "now": now}
        await self._db.later(_STOP, stopped)
        await self._db.later(_ADD, [_columns(mission, timer) for timer in added.values()])

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        return [_timer(row) for row in await self._db.rows(_DUE, now=now, most=limit)]

    async def claim(self, now: datetime, limit: int, *, lease_seconds: float = 30.0) -> list[Timer]:
        rows = await self._db.rows(_CLAIMABLE, now=now, most=limit)
        if rows:
            await self._db.run(
                _CLAIM, ids=[row.id for row in rows], new_lease=uuid.uuid4().hex, seconds=lease_seconds
            )
        return [_timer(row) for row in rows]

    async def take_back_claims(self) -> int:
        return await self._db.run(_TAKE_BACK)

    async def next_claim(self) -> datetime | None:
        due: datetime | None = await self._db.value(_NEXT_CLAIM)
        return due

    async def late(self, since: datetime, until: datetime) -> list[Timer]:
        return [_timer(row) for row in await self._db.rows(_LATE, since=since, until=until)]

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

    async def missions_without(self, kind: str, closed_since: datetime, limit: int) -> list[MissionId]:
        rows = [
            *await self._db.rows(_OPEN_WITHOUT, of_kind=kind, most=limit),
            *await self._db.rows(
                _CLOSED_WITHOUT,
                of_kind=kind,
                since=closed_since,
                owing=_OWING,
                owing_nurse=_OWING_NURSE,
                most=limit,
            ),
        ]
        return [MissionId(row.id) for row in rows[:limit]]

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


def _timer(row: Record) -> Timer:
    return Timer(
        id=row.id,
        kind=row.kind,
        due=row.due,
        mission=row.mission,
        epoch=row.epoch,
        key=row.key,
        facts=codec.FACTS.read(row.facts),
        failures=row.failures,
    )
