"""How this project talks to SQLite. Knows no table.

The async driver hands every step of a statement (cursor, execute, fetch, close) to its thread one by
one. `OneHop` hands over the whole statement at once: a quarter of the waiting, the same semantics.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Self

import aiosqlite

#: How long a statement waits for another process (a backup, a short command) to let go, in milliseconds.
BUSY_MS = 10_000

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit that was acknowledged survives the loss of power
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_MS}",
)


class OneHopCursor:
    """What SQLAlchemy needs of an async cursor, with the rows fetched in the hop that executes."""

    arraysize = 1

    def __init__(self, connection: "OneHop") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement and keep its rows."""
        await self._connection.hop(self._work, operation, parameters, False)

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows."""
        await self._connection.hop(self._work, operation, parameters, True)

    async def fetchall(self) -> list[Any]:
        """The rows, already here."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open any more."""

    def _work(self, connection: sqlite3.Connection, operation: str, parameters: Any, many: bool) -> None:
        cursor = connection.cursor()
        try:
            if many:
                cursor.executemany(operation, parameters)
            else:
                cursor.execute(operation, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount = cursor.rowcount
            self.lastrowid = cursor.lastrowid
        finally:
            cursor.close()


class OneHop(aiosqlite.Connection):
    """A connection whose cursors make one hop to the driver's thread for each statement."""

    def cursor(self) -> OneHopCursor:  # type: ignore[override]  # SQLAlchemy enters it itself
        """A cursor that costs nothing until it executes."""
        return OneHopCursor(self)

    async def hop(self, work: Any, *args: Any) -> None:
        """Run `work(connection, …)` in the driver's thread."""
        await self._execute(work, self._conn, *args)  # type: ignore[no-untyped-call]


async def connect(path: str) -> OneHop:
    """Open the file, ready for this project's transactions (begun by hand, `BEGIN IMMEDIATE`)."""

    def open_file() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in PRAGMAS:
            connection.execute(pragma).close()
        return connection

    connection = OneHop(open_file, iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy does: a forgotten connection must not hold the process
    await connection
    return connection
