"""Updates of Telegram, kept sealed until their effect is committed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, select, update

from bot.ports import Received
from storage import codec
from storage.connected import Connected, RealNow, Upsert
from storage.tables import InboxState, inbox, quoted
from storage.vault import row_of

_RECEIVED = inbox.c.state == quoted(InboxState.RECEIVED)
_WORKING = inbox.c.state == quoted(InboxState.WORKING)
_earlier = inbox.alias("earlier")
_HEAD_OF_LANE = ~exists().where(
    _earlier.c.lane == inbox.c.lane,
    _earlier.c.update_id < inbox.c.update_id,
    _earlier.c.state.in_([quoted(InboxState.RECEIVED), quoted(InboxState.WORKING)]),
)
_UNFINISHED = inbox.c.state.in_([quoted(InboxState.RECEIVED), quoted(InboxState.WORKING)])

_PUT = Upsert(inbox, returning=[inbox.c.update_id])
_LEASE_IS_OVER = (
    update(inbox)
    .where(_WORKING, inbox.c.lease_until < RealNow())
    .values(state=InboxState.RECEIVED.value, lease_until=None)
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
        lease_until=RealNow() + bindparam("seconds"),
    )
)
_THIS = inbox.c.update_id == bindparam("id")
_DONE = update(inbox).where(_THIS).values(state=InboxState.DONE.value, body=None, lease_until=None)
_FAILED = update(inbox).where(_THIS, _UNFINISHED).values(state=bindparam("becomes"), lease_until=None)
_STATE = select(inbox.c.state).where(_THIS)
_TAKE_BACK = update(inbox).where(_WORKING).values(state=InboxState.RECEIVED.value, lease_until=None)
_WAITING = select(func.count()).select_from(inbox).where(_UNFINISHED)
_LAST = select(func.max(inbox.c.update_id))


class SqlInbox:
    """`bot.ports.Inbox`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def put(self, updates: Sequence[tuple[int, str, Mapping[str, Any]]], now: datetime) -> int:
        rows = [
            {
                "update_id": update_id,
                "lane": lane,
                "body": self._db.vault.seal(codec.ANY.to_bytes(raw), sealed_for(update_id)),
                "state": InboxState.RECEIVED.value,
                "attempts": 0,
                "received_at": now,
            }
            for update_id, lane, raw in updates
        ]
        return len(await self._db.upsert_rows(_PUT, rows))

    async def claim(self, now: datetime, limit: int, lease_seconds: float = 60.0) -> list[Received]:
        await self._db.run(_LEASE_IS_OVER)
        rows = await self._db.rows(_CLAIMABLE, most=limit)
        if not rows:
            return []
        await self._db.run(_CLAIM, ids=[row.update_id for row in rows], seconds=lease_seconds)
        return [
            Received(
                update_id=row.update_id,
                body=codec.ANY.read(self._db.vault.open(row.body, sealed_for(row.update_id))),
                attempts=row.attempts,
                received_at=row.received_at,
            )
            for row in rows
        ]

    async def done(self, update_id: int, now: datetime) -> None:
        await self.mark_done(update_id)

    async def mark_done(self, update_id: int) -> None:
        """The same, from within the commit that carries the effect."""
        await self._db.run(_DONE, id=update_id)

    async def is_done(self, update_id: int) -> bool:
        return bool(await self._db.value(_STATE, id=update_id) == InboxState.DONE.value)

    async def failed(self, update_id: int, *, set_aside: bool) -> None:
        becomes = InboxState.SET_ASIDE if set_aside else InboxState.RECEIVED
        await self._db.run(_FAILED, id=update_id, becomes=becomes.value)

    async def take_back_claims(self) -> int:
        return await self._db.run(_TAKE_BACK)

    async def waiting(self) -> int:
        return int(await self._db.value(_WAITING))

    async def last_update_id(self) -> int | None:
        last: int | None = await self._db.value(_LAST)
        return last


def sealed_for(update_id: int) -> str:
    """What binds an update's body to its row."""
    return row_of("inbox", "body", update_id)
