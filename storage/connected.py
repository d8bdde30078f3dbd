"""One open transaction as the tables' files see it, and the few pieces of SQL both databases share."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, Executable, Table
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import Insert
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bot.domain.outcome import Place
from bot.domain.people import MissionId
from storage.answered import Answered
from storage.prepared import Ready, Record, Statements, Values
from storage.vault import Vault


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
            "sqlite": self._build(SqliteInsert(table), keys, changes, only_if, returning),
            "postgresql": self._build(PostgresqlInsert(table), keys, changes, only_if, returning),
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

    __slots__ = (
        "_connection",
        "_gathered",
        "_statements",
        "_written",
        "dialect",
        "postgres",
        "vault",
        "wrote",
    )

    def __init__(self, connection: AsyncConnection, statements: Statements, vault: Vault) -> None:
        self._connection = connection
        self._statements = statements
        self._written: list[tuple[Ready, Callable[[int], None] | None]] = []
        self._gathered: list[_Asked] | None = None
        self.dialect = connection.dialect.name
        self.postgres = self.dialect == "postgresql"
        self.vault = vault
        self.wrote = False  # or has tried to: a statement that changes rows was run

    async def rows(self, statement: Executable, **values: Any) -> Sequence[Record]:
        """Every row."""
        return (await self._execute(statement, values))[0]

    async def row(self, statement: Executable, **values: Any) -> Record | None:
        """The first row."""
        rows = (await self._execute(statement, values))[0]
        return rows[0] if rows else None

    async def value(self, statement: Executable, **values: Any) -> Any:
        """The first column of the first row."""
        rows = (await self._execute(statement, values))[0]
        return rows[0][0] if rows else None

    async def run(self, statement: Executable, **values: Any) -> int:
        """How many rows it touched."""
        return (await self._execute(statement, values))[1]

    async def run_many(self, statement: Executable, values: Sequence[Values]) -> None:
        """The same statement for each of `values`, in one go."""
        if values:
            await self._execute(statement, _given(values))

    async def upsert(self, statement: Upsert, **values: Any) -> int:
        """How many rows it wrote."""
        return (await self._execute(statement.of[self.dialect], values))[1]

    async def upsert_value(self, statement: Upsert, **values: Any) -> Any:
        """What it returns."""
        rows = (await self._execute(statement.of[self.dialect], values))[0]
        return rows[0][0] if rows else None

    async def upsert_many(self, statement: Upsert, values: Sequence[Values]) -> None:
        """Many rows in one go."""
        if values:
            await self._execute(statement.of[self.dialect], _given(values))

    async def upsert_rows(self, statement: Upsert, values: Sequence[Values]) -> Sequence[Record]:
        """Many rows in one go, and what each returns."""
        if not values:
            return []
        return (await self._execute(statement.of[self.dialect], _given(values)))[0]

    async def later(
        self,
        statement: Executable,
        given: Values | Sequence[Values],
        check: Callable[[int], None] | None = None,
    ) -> None:
        """Change rows before anything else is read, at the latest when the transaction ends.

        `check` then gets how many were touched, and may raise. Where every statement is a way to a server and
        back, those that come together are one way.
        """
        if not given:
            return
        self.wrote = True
        given = given if isinstance(given, Mapping) else _given(given)
        ready = self._statements.ready(statement, given)
        if ready is None:
            _, touched = await self._execute(statement, given)
            if check is not None:
                check(touched)
            return
        self._written.append((ready, check))
        if not self.postgres:
            await self.flush()

    async def together(self, *reads: Coroutine[Any, Any, Any]) -> list[Any]:
        """What each of `reads` gives. None may need another's answer: they go to the database together."""
        if not self.postgres or self._gathered is not None:
            waiting = list(reads)
            try:
                return [await waiting.pop(0) for _ in reads]
            finally:
                for read in waiting:
                    read.close()
        self._gathered = []
        answers = asyncio.gather(*reads, return_exceptions=True)
        try:
            while not answers.done():
                await asyncio.sleep(0)  # each goes on to its next statement
                asked, self._gathered = self._gathered, []
                if asked:
                    await self._ask(asked)
        finally:
            self._gathered = None
            if not answers.done():
                answers.cancel()
                with suppress(asyncio.CancelledError):
                    await answers
        for answer in answers.result():
            if isinstance(answer, BaseException):
                raise answer
        return answers.result()

    async def flush(self) -> None:
        """Do what was left for later."""
        if self._written:
            await self._run([])

    async def _execute(
        self, statement: Executable, given: Values | Sequence[Values]
    ) -> tuple[Sequence[Record], int]:
        """The rows, and how many were touched."""
        self.wrote = self.wrote or statement.is_dml
        if self._gathered is not None:
            asked = _Asked(statement, given, asyncio.get_running_loop().create_future())
            self._gathered.append(asked)
            return await asked.answer
        ready = self._statements.ready(statement, given)
        if ready is None:
            return await self._long_way(statement, given)
        (answered,) = await self._run([ready])
        return ready.prepared.records(answered), answered.touched

    async def _long_way(
        self, statement: Executable, given: Values | Sequence[Values]
    ) -> tuple[Sequence[Record], int]:
        await self.flush()
        result = await self._connection.execute(statement, given)
        rows: Any = result.all() if result.returns_rows else ()
        return rows, result.rowcount

    async def _ask(self, all_asked: Sequence["_Asked"]) -> None:
        """Answer each of those that go together. What one of them fails with, all do."""
        try:
            known = [(one, self._statements.ready(one.statement, one.given)) for one in all_asked]
            steps = [ready for _, ready in known if ready is not None]
            answers = iter(await self._run(steps) if steps else ())
            for one, ready in known:
                if ready is None:
                    one.answer.set_result(await self._long_way(one.statement, one.given))
                else:
                    answered = next(answers)
                    one.answer.set_result((ready.prepared.records(answered), answered.touched))
        except BaseException:
            for one in all_asked:
                one.answer.cancel()
            raise

    async def _run(self, statements: Sequence[Ready]) -> Sequence[Answered]:
        """What the driver answers, once it has done what was left for later. Raises what SQLAlchemy would."""
        written, self._written = self._written, []
        steps = [ready.step for ready in (*(ready for ready, _ in written), *statements)]
        opened: Any = self._connection.sync_connection.connection  # type: ignore[union-attr]
        dialect = self._connection.dialect
        base = dialect.loaded_dbapi.Error
        try:
            answers: list[Answered] = await self._statements.execute(opened.driver_connection, steps)
        except base as error:
            if dialect.is_disconnect(error, opened.dbapi_connection, None):
                # It fails once more the long way, which closes every other connection of its time.
                await self._connection.exec_driver_sql("SELECT 1")
            said = "; ".join(step.sql for step in steps)
            raise DBAPIError.instance(said, None, error, base, hide_parameters=True) from error
        for (_, check), answered in zip(written, answers, strict=False):
            if check is not None:
                check(answered.touched)
        return answers[len(written) :]


@dataclass(slots=True)
class _Asked:
    """A statement that waits for others to go with it."""

    statement: Executable
    given: Values | Sequence[Values]
    answer: asyncio.Future[tuple[Sequence[Record], int]]


def _given(values: Sequence[Values]) -> Values | Sequence[Values]:
    # For a single row the drivers' way for many is the longer one.
    return values[0] if len(values) == 1 else values


def lane_of(place: Place, mission: MissionId | None) -> str:
    """Order is kept within a lane: one mission at one place."""
    return f"{place}/{mission or 0}"
