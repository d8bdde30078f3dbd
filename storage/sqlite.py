"""How this project talks to SQLite. Knows no table.

SQLite is a library in our own process: most statements cost less than handing them to the driver's
thread, and a busy loop keeps that thread waiting for its turn. So statements run where they are called;
what waits for the disk (a commit that wrote) goes to the thread, and what waits for another process
(the beginning of a transaction) sleeps in between.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Self

import aiosqlite

from storage.answered import Answered, Step

#: How long a transaction waits for another process (a backup, a short command) to let go.
BUSY_SECONDS = 10.0
#: How often it looks meanwhile.
LOOK_SECONDS = 0.02

BEGIN = "BEGIN IMMEDIATE"

PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}",  # while it is opened, in the driver's thread
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit that was acknowledged survives the loss of power
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 0",  # from now on nothing may wait here: the loop would stand still
)


class DirectCursor:
    """What SQLAlchemy needs of an async cursor; nothing in it waits."""

    arraysize = 1

    def __init__(self, connection: "Direct") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement and keep its rows."""
        if operation == BEGIN:
            await self._connection.begin()
            return
        cursor = self._connection.opened.execute(operation, parameters)
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self._end(cursor)

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows."""
        self._end(self._connection.opened.executemany(operation, parameters))

    async def fetchall(self) -> list[Any]:
        """The rows, already here."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open any more."""

    def _end(self, cursor: sqlite3.Cursor) -> None:
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        cursor.close()


class Direct(aiosqlite.Connection):
    """A connection whose statements run in the caller's thread."""

    _changes = 0  # when the transaction began

    @property
    def opened(self) -> sqlite3.Connection:
        """The connection itself."""
        return self._conn

    def cursor(self) -> DirectCursor:  # type: ignore[override]  # SQLAlchemy enters it itself
        """A cursor that costs nothing until it executes."""
        return DirectCursor(self)

    async def begin(self) -> None:
        """Take the write lock, which another process may hold for a while."""
        real = asyncio.get_running_loop().time
        end = real() + BUSY_SECONDS
        while True:
            try:
                self.opened.execute(BEGIN).close()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or real() > end:
                    raise
                await asyncio.sleep(LOOK_SECONDS)
            else:
                self._changes = self.opened.total_changes
                return

    async def commit(self) -> None:
        """Commit; the disk is waited for in the driver's thread, where there is anything to write."""
        if self.opened.total_changes == self._changes:
            self.opened.commit()
        else:
            await super().commit()


async def connect(path: str) -> Direct:
    """Open the file, ready for this project's transactions (begun by hand, `BEGIN IMMEDIATE`)."""

    def open_file() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in PRAGMAS:
            connection.execute(pragma).close()
        return connection

    connection = Direct(open_file, iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy does: a forgotten connection must not hold the process
    await connection
    return connection


async def execute(opened: Direct, steps: Sequence[Step]) -> list[Answered]:
    """Run the statements in the connection's transaction."""
    answers = []
    for sql, values, each in steps:
        if each:
            answers.append(Answered(None, (), opened.opened.executemany(sql, values).rowcount))
            continue
        cursor = opened.opened.execute(sql, values)
        rows = cursor.fetchall() if cursor.description else ()
        answers.append(Answered(cursor.description, rows, cursor.rowcount))
    return answers
