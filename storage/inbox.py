"""Updates of Telegram, kept sealed until their effect is committed.

Whoever claims one holds it under a lease, in real time. Only the newest lease may end it: whoever worked
past theirs, and was taken over meanwhile, commits nothing.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, bindparam, func, select, update

from bot.ports import LostLease, Received
from storage import codec
from storage.connected import Connected, RealNow, Upsert
from storage.tables import InboxState, inbox, quoted
from storage.vault import row_of

#: So long is a dead worker's update left alone. A living one renews its leases well before.
LEASE_SECONDS = 10.0

_RECEIVED = inbox.c.state == quoted(InboxState.RECEIVED)
_WORKING = inbox.c.state == quoted(InboxState.WORKING)
_earlier = inbox.alias("earlier")
# A look-up for each row, which no planner turns into a join of all that waits with all that waits.
_HEAD_OF_LANE = inbox.c.update_id == (
    select(func.min(_earlier.c.update_id))
    .where(
        _earlier.c.lane == inbox.c.lane,
        _earlier.c.state.in_([quoted(InboxState.RECEIVED), quoted(InboxState.WORKING)]),
    )
    .correlate(inbox)
    .scalar_subquery()
)
_UNFINISHED = inbox.c.state.in_([quoted(InboxState.RECEIVED), quoted(InboxState.WORKING)])

# A conflict of any kind: the same number, or another number that brings the same (`source`).
_PUT = Upsert(inbox, returning=[inbox.c.update_id])
_OVER = (_WORKING, inbox.c.lease_until < RealNow())
_FREE = {"state": InboxState.RECEIVED.value, "lease": None, "lease_until": None}
_LEASE_IS_OVER = (
    update(inbox)
    .where(inbox.c.update_id.in_(select(inbox.c.update_id).where(*_OVER).with_for_update(skip_locked=True)))
    .values(_FREE)
)
_CLAIMABLE = (
    select(inbox)
    .where(_RECEIVED, _HEAD_OF_LANE)
    .order_by(inbox.c.update_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(inbox)
    .where(inbox.c.update_id.in_(bindparam("ids", expanding=True)))
    .values(
        state=InboxState.WORKING.value,
        attempts=inbox.c.attempts + 1,
        lease=bindparam("new_lease"),
        lease_until=RealNow() + bindparam("seconds"),
    )
)
# A lease that ran out is still good as long as nobody has claimed the update again.
_MINE = and_(inbox.c.update_id == bindparam("id"), inbox.c.lease == bindparam("my_lease"), _WORKING)
_RENEW = (
    update(inbox)
    .where(_WORKING, inbox.c.lease.in_(bindparam("leases", expanding=True)))
    .values(lease_until=RealNow() + bindparam("seconds"))
)
_DONE = (
    update(inbox).where(_MINE).values(state=InboxState.DONE.value, body=None, lease=None, lease_until=None)
)
_EFFECTED = update(inbox).where(_MINE).values(effected=True)
_FAILED = update(inbox).where(_MINE).values(state=bindparam("becomes"), lease=None, lease_until=None)
_WORKED = select(inbox.c.update_id, inbox.c.lease).where(_WORKING).with_for_update(skip_locked=True)
_TAKE_BACK = (
    update(inbox).where(_WORKING, inbox.c.update_id.in_(bindparam("ids", expanding=True))).values(_FREE)
)
_SET_ASIDE = (
    select(func.count())
    .select_from(inbox)
    .where(inbox.c.state == quoted(InboxState.SET_ASIDE), inbox.c.received_at >= bindparam("since"))
)
_WAITING = select(func.count()).select_from(inbox).where(_UNFINISHED)
_LAST = select(func.max(inbox.c.update_id))


class SqlInbox:
    """`bot.ports.Inbox`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def put(
        self,
        updates: Sequence[tuple[int, str, Mapping[str, Any]]],
        now: datetime,
        sources: Mapping[int, str] = MappingProxyType({}),
    ) -> int:
        rows = [
            {
                "update_id": update_id,
                "lane": lane,
                "body": self._db.vault.seal(codec.ANY.to_bytes(raw), sealed_for(update_id)),
                "state": InboxState.RECEIVED.value,
                "attempts": 0,
                "received_at": now,
                "source": sources.get(update_id),
            }
            for update_id, lane, raw in updates
        ]
        return len(await self._db.upsert_rows(_PUT, rows))

    async def claim(
        self, now: datetime, limit: int, holder: str = "", lease_seconds: float = LEASE_SECONDS
    ) -> list[Received]:
        rows = await self._db.rows(_CLAIMABLE, most=limit)
        if not rows:
            return []
        lease = f"{holder}:{uuid.uuid4().hex}"
        await self._db.run(
            _CLAIM, ids=[row.update_id for row in rows], new_lease=lease, seconds=lease_seconds
        )
        return [
            Received(
                update_id=row.update_id,
                body=codec.ANY.read(self._db.vault.open(row.body, sealed_for(row.update_id))),
                attempts=row.attempts,
                received_at=row.received_at,
                lease=lease,
                effected=bool(row.effected),
            )
            for row in rows
        ]

    async def renew(self, leases: Iterable[str], lease_seconds: float = LEASE_SECONDS) -> None:
        wanted = sorted(set(leases))
        if wanted:
            await self._db.run(_RENEW, leases=wanted, seconds=lease_seconds)

    async def done(self, update_id: int, lease: str) -> None:
        await self._db.later(_DONE, {"id": update_id, "my_lease": lease}, _still_held(update_id))

    async def effected(self, update_id: int, lease: str) -> None:
        await self._db.later(_EFFECTED, {"id": update_id, "my_lease": lease}, _still_held(update_id))

    async def failed(self, update_id: int, lease: str, *, set_aside: bool) -> bool:
        becomes = InboxState.SET_ASIDE if set_aside else InboxState.RECEIVED
        return await self._db.run(_FAILED, id=update_id, my_lease=lease, becomes=becomes.value) > 0

    async def take_over(self) -> int:
        return await self._db.run(_LEASE_IS_OVER)

    async def take_back_claims(self, alive: Iterable[str] = ()) -> int:
        living = set(alive)
        dead = [
            row.update_id
            for row in await self._db.rows(_WORKED)
            if str(row.lease).partition(":")[0] not in living
        ]
        return await self._db.run(_TAKE_BACK, ids=dead) if dead else 0

    async def set_aside_since(self, since: datetime) -> int:
        return int(await self._db.value(_SET_ASIDE, since=since))

    async def waiting(self) -> int:
        return int(await self._db.value(_WAITING))

    async def last_update_id(self) -> int | None:
        last: int | None = await self._db.value(_LAST)
        return last


def _still_held(update_id: int) -> Callable[[int], None]:
    def check(touched: int) -> None:
        if not touched:
            raise LostLease(f"update {update_id} was taken over")

    return check


def sealed_for(update_id: int) -> str:
    """What binds an update's body to its row."""
    return row_of("inbox", "body", update_id)
