"""Who is in the OSNP group without being registered."""

from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, update

from storage.connected import Connected, Upsert
from storage.tables import strangers

_NOTE = Upsert(strangers)
_WATCHED = select(func.count()).select_from(strangers).where(strangers.c.accepted_at.is_(None))
_ACCEPT = (
    update(strangers)
    .where(strangers.c.user_id == bindparam("of_user"), strangers.c.accepted_at.is_(None))
    .values(accepted_at=bindparam("now"))
)
_FORGET = delete(strangers).where(strangers.c.user_id == bindparam("of_user"))


class SqlStrangers:
    """`bot.ports.Strangers`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def note(self, user_id: int, name: str, now: datetime) -> bool:
        return await self._db.upsert(_NOTE, user_id=user_id, name=name, since=now, accepted_at=None) > 0

    async def watched(self) -> int:
        count: int = await self._db.value(_WATCHED)
        return count

    async def accept(self, user_id: int, now: datetime) -> bool:
        return await self._db.run(_ACCEPT, of_user=user_id, now=now) > 0

    async def forget(self, user_id: int) -> bool:
        return await self._db.run(_FORGET, of_user=user_id) > 0
