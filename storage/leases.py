"""Who may do what only one process may do. In real time, by the database's own clock."""

from sqlalchemy import bindparam, delete, or_
from sqlalchemy.dialects import postgresql, sqlite

from storage.connected import Connected, RealNow
from storage.tables import leases


def _take(insert: type[sqlite.Insert] | type[postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    until = RealNow() + bindparam("seconds")
    return (
        insert(leases)
        .values(name=bindparam("name"), owner=bindparam("owner"), until=until)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": bindparam("owner"), "until": until},
            where=or_(leases.c.owner == bindparam("owner"), leases.c.until < RealNow()),
        )
        .execution_options(preserve_rowcount=True)
    )


_TAKE = {"sqlite": _take(sqlite.Insert), "postgresql": _take(postgresql.Insert)}
_RELEASE = delete(leases).where(
    leases.c.name == bindparam("of_name"), leases.c.owner == bindparam("of_owner")
)


class SqlLeases:
    """`bot.ports.Leases`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def take(self, name: str, owner: str, seconds: float) -> bool:
        return await self._db.run(_TAKE[self._db.dialect], name=name, owner=owner, seconds=seconds) > 0

    async def release(self, name: str, owner: str) -> None:
        await self._db.run(_RELEASE, of_name=name, of_owner=owner)

    async def free_all(self) -> None:
        await self._db.run(delete(leases))
