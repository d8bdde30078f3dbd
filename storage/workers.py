"""The processes that work on this database, and since when nobody did.

A row lives on after its process has left: the newest of them says when somebody was last there.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, select, update

from storage.connected import Connected, RealNow, Upsert
from storage.tables import workers

KEPT_SECONDS = 7 * 24 * 3600.0  # how long a dead process is remembered

_UNTIL = RealNow() + bindparam("seconds")
_BEAT = Upsert(workers, changes=("seen_at", "alive_until"))
_RENEW = update(workers).where(workers.c.id == bindparam("of_id")).values(alive_until=_UNTIL)
_PRUNE = delete(workers).where(
    and_(workers.c.alive_until < RealNow() - KEPT_SECONDS, workers.c.id != bindparam("of_id"))
)
_LEAVE = (
    update(workers)
    .where(workers.c.id == bindparam("of_id"))
    .values(seen_at=bindparam("now"), alive_until=RealNow())
)
_ALIVE = (
    select(workers.c.id).where(workers.c.alive_until > RealNow()).order_by(workers.c.started_at, workers.c.id)
)
_LAST_SEEN = select(func.max(workers.c.seen_at))


class SqlWorkers:
    """`bot.ports.Workers`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def beat(
        self, worker: str, host: str, pid: int, started_at: datetime, now: datetime, seconds: float
    ) -> None:
        values: dict[str, Any] = {"id": worker, "host": host, "pid": pid, "started_at": started_at}
        await self._db.upsert(_BEAT, **values, seen_at=now, alive_until=0.0)
        await self._db.run(_RENEW, of_id=worker, seconds=seconds)
        await self._db.run(_PRUNE, of_id=worker)

    async def alive(self) -> list[str]:
        return [row.id for row in await self._db.rows(_ALIVE)]

    async def last_seen(self) -> datetime | None:
        seen: datetime | None = await self._db.value(_LAST_SEEN)
        return seen

    async def leave(self, worker: str, now: datetime) -> None:
        await self._db.run(_LEAVE, of_id=worker, now=now)
