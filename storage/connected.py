"""One open transaction as the tables' files see it, and the few pieces of SQL both databases share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Double, Executable, Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import Insert
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bot.domain.outcome import Place
from bot.domain.people import MissionId
from storage.vault import Vault

Values = Mapping[str, Any]


class RealNow(FunctionElement[float]):
    """Real seconds since 1970 by the database's own clock: every worker asks the same one."""

    inherit_cache = True  # of a function, not of a bare ColumnElement: that would be compiled every time
    name = "real_now"
    type = Double()


@compiles(RealNow, "sqlite")
def _real_now_sqlite(element: RealNow, compiler: SQLCompiler, **kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(RealNow, "postgresql")
def _real_now_postgresql(element: RealNow, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


class Upsert:
    """INSERT … ON CONFLICT, which each dialect builds for itself."""

    def __init__(
        self,
        table: Table,
        *,
        changes: Iterable[str] | Mapping[str, Any] = (),
        only_if: ColumnElement[bool] | None = None,
        returning: Sequence[ColumnElement[Any]] = (),
    ) -> None:
        """On a conflict of the primary key, write `changes` (or nothing at all when there are none)."""
        keys = [column.name for column in table.primary_key]
        self.of = {
            "sqlite": self._build(sqlite.insert(table), keys, changes, only_if, returning),
            "postgresql": self._build(postgresql.insert(table), keys, changes, only_if, returning),
        }

    @staticmethod
    def _build(
        insert: Any, keys: list[str], changes: Any, only_if: Any, returning: Sequence[ColumnElement[Any]]
    ) -> Insert:
        if not changes:
            # Whatever the constraint: a partial unique index cannot always be named.
            built = insert.on_conflict_do_nothing()
        else:
            given = changes if isinstance(changes, Mapping) else {n: insert.excluded[n] for n in changes}
            built = insert.on_conflict_do_update(index_elements=keys, set_=given, where=only_if)
        if returning:
            built = built.returning(*returning)
        return built.execution_options(preserve_rowcount=True)  # type: ignore[no-any-return]


class Connected:
    """The transaction that is open."""

    __slots__ = ("_connection", "dialect", "postgres", "vault", "wrote")

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name
        self.postgres = self.dialect == "postgresql"
        self.vault = vault
        self.wrote = False  # or has tried to: a statement that changes rows was run

    async def rows(self, statement: Executable, **values: Any) -> Sequence[Row[Any]]:
        """Every row."""
        return (await self._execute(statement, values)).all()

    async def row(self, statement: Executable, **values: Any) -> Row[Any] | None:
        """The first row."""
        return (await self._execute(statement, values)).first()

    async def value(self, statement: Executable, **values: Any) -> Any:
        """The first column of the first row."""
        found = (await self._execute(statement, values)).first()
        return None if found is None else found[0]

    async def run(self, statement: Executable, **values: Any) -> int:
        """How many rows it touched."""
        return (await self._execute(statement, values)).rowcount

    async def run_many(self, statement: Executable, values: Sequence[Values]) -> None:
        """The same statement for each of `values`, in one go."""
        if values:
            await self._execute(statement, _given(values))

    async def upsert(self, statement: Upsert, **values: Any) -> int:
        """How many rows it wrote."""
        return (await self._execute(statement.of[self.dialect], values)).rowcount

    async def upsert_value(self, statement: Upsert, **values: Any) -> Any:
        """What it returns."""
        found = (await self._execute(statement.of[self.dialect], values)).first()
        return None if found is None else found[0]

    async def upsert_many(self, statement: Upsert, values: Sequence[Values]) -> None:
        """Many rows in one go."""
        if values:
            await self._execute(statement.of[self.dialect], _given(values))

    async def upsert_rows(self, statement: Upsert, values: Sequence[Values]) -> Sequence[Row[Any]]:
        """Many rows in one go, and what each returns."""
        if not values:
            return []
        return (await self._execute(statement.of[self.dialect], values)).all()

    async def _execute(self, statement: Executable, values: Values | Sequence[Values]) -> CursorResult[Any]:
        self.wrote = self.wrote or statement.is_dml
        return await self._connection.execute(statement, values)


def _given(values: Sequence[Values]) -> Values | Sequence[Values]:
    # For a single row the drivers' way for many is the longer one.
    return values[0] if len(values) == 1 else values


def lane_of(place: Place, mission: MissionId | None) -> str:
    """Order is kept within a lane: one mission at one place."""
    return f"{place}/{mission or 0}"
