"""Opens the database and hands out transactions. Knows no table but the inbox."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.ports import (
    Applications,
    Changes,
    Documents,
    Drafts,
    Duties,
    Figures,
    Finished,
    Inbox,
    Journal,
    Leases,
    Links,
    Missions,
    Offers,
    Outbox,
    People,
    Sent,
    Strangers,
    Timers,
    Transaction,
    Work,
    Workers,
)
from storage import older, sqlite
from storage.address import address, is_sqlite, sqlite_file
from storage.applications import SqlApplications
from storage.changes import SqlChanges
from storage.connected import Connected
from storage.documents import SqlDocuments
from storage.drafts import SqlDrafts
from storage.duties import SqlDuties
from storage.figures import SqlFigures
from storage.inbox import SqlInbox
from storage.journal import SqlJournal
from storage.leases import SqlLeases
from storage.links import SqlLinks
from storage.missions import SqlMissions
from storage.offers import SqlOffers
from storage.outbox import SqlOutbox
from storage.people import SqlPeople
from storage.prepared import Statements
from storage.prune import SqlFinished
from storage.sent import SqlSent
from storage.strangers import SqlStrangers
from storage.timers import SqlTimers
from storage.vault import Vault
from storage.workers import SqlWorkers

#: Connections to PostgreSQL that are kept, and that may be opened beside them for a burst.
POOL = 10
BURST = 20
#: A connection to PostgreSQL that nobody used for so long is tried before it serves again.
RESTED_SECONDS = 2.0


@dataclass(slots=True)
class SqlTransaction:
    """`bot.ports.Transaction`."""

    missions: Missions
    people: People
    offers: Offers
    outbox: Outbox
    sent: Sent
    timers: Timers
    journal: Journal
    documents: Documents
    drafts: Drafts
    links: Links
    inbox: Inbox
    leases: Leases
    workers: Workers
    strangers: Strangers
    applications: Applications
    duties: Duties
    changes: Changes
    figures: Figures
    finished: Finished
    _db: Connected

    async def together(self, *reads: Coroutine[Any, Any, Any]) -> list[Any]:
        return await self._db.together(*reads)


@dataclass(slots=True)
class _Opened:
    """What every view of one storage shares."""

    engine: AsyncEngine
    statements: Statements
    vault: Vault
    # SQLite has one writer: waiting here is fair and cheap, waiting in the driver is neither.
    turn: asyncio.Lock | None
    inside: set[Any] = field(default_factory=set)  # tasks that are in a transaction


class SqlStorage:
    """`bot.ports.Storage`."""

    def __init__(self, opened: _Opened) -> None:
        self._opened = opened

    @property
    def vault(self) -> Vault:
        """What seals the bodies."""
        return self._opened.vault

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.connection() as connection:
            db = Connected(connection, self._opened.statements, self._opened.vault)
            yield _ports(db)
            await db.flush()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A transaction without its ports: for the rotation of keys and the plans of queries."""
        opened, task = self._opened, asyncio.current_task()
        if task in opened.inside:
            raise RuntimeError("A transaction inside a transaction would wait for itself for ever.")
        opened.inside.add(task)
        try:
            async with opened.turn or _no_turn(), opened.engine.begin() as connection:
                yield connection
        finally:
            opened.inside.discard(task)

    def during(self, update_id: int, lease: str, *, words_follow: bool = False) -> Work:
        return SqlWork(self._opened, update_id, lease, words_follow)

    async def close(self) -> None:
        await self._opened.engine.dispose()


class SqlWork(SqlStorage):
    """`bot.ports.Work`."""

    def __init__(self, opened: _Opened, update_id: int, lease: str, words_follow: bool) -> None:
        super().__init__(opened)
        self._update_id = update_id
        self._lease = lease
        self._words_follow = words_follow
        self.decided = False
        self.effected = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.connection() as connection:
            db = Connected(connection, self._opened.statements, self._opened.vault)
            tx = _ports(db)
            yield tx
            # What was only read before words were lost is read again: nothing of it is to be spared.
            effect = db.wrote or not self._words_follow
            if effect and not self.effected:
                mark = tx.inbox.effected if self._words_follow else tx.inbox.done
                await mark(self._update_id, self._lease)
            await db.flush()
        self.decided = True
        self.effected = self.effected or effect


def open_storage(database_url: str, vault: Vault, *, is_current: bool = True) -> SqlStorage:
    """The storage at that address. Connects when first used; the schema must have been migrated.

    Of another schema (`is_current` false) people and missions can be read, and nothing else is promised.
    """
    opened = _open(address(database_url), vault)
    if not is_current:
        older.read_through(opened.engine, older.stand_ins(database_url))
    return SqlStorage(opened)


def _open(url: URL, vault: Vault) -> _Opened:
    if is_sqlite(url):
        path = str(sqlite_file(url))
        engine = create_async_engine(
            url, hide_parameters=True, async_creator=lambda: sqlite.connect(path), pool_size=1, max_overflow=0
        )
        event.listen(engine.sync_engine, "begin", _begin_immediate)
        return _Opened(engine, Statements(engine.dialect), vault, asyncio.Lock())
    engine = create_async_engine(
        url,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_size=POOL,
        max_overflow=BURST,
        pool_use_lifo=True,  # the one used last is surely alive
        connect_args={"options": "-c timezone=UTC"},
    )
    # Many rows are one INSERT, not one round trip for each.
    engine.sync_engine.dialect.use_insertmanyvalues_wo_returning = True
    _try_rested(engine)
    return _Opened(engine, Statements(engine.dialect), vault, None)


def _ports(db: Connected) -> SqlTransaction:
    return SqlTransaction(
        missions=SqlMissions(db),
        people=SqlPeople(db),
        offers=SqlOffers(db),
        outbox=SqlOutbox(db),
        sent=SqlSent(db),
        timers=SqlTimers(db),
        journal=SqlJournal(db),
        documents=SqlDocuments(db),
        drafts=SqlDrafts(db),
        links=SqlLinks(db),
        inbox=SqlInbox(db),
        leases=SqlLeases(db),
        workers=SqlWorkers(db),
        strangers=SqlStrangers(db),
        applications=SqlApplications(db),
        duties=SqlDuties(db),
        changes=SqlChanges(db),
        figures=SqlFigures(db),
        finished=SqlFinished(db),
        _db=db,
    )


def _begin_immediate(connection: Any) -> None:
    # The write lock from the start: a plain BEGIN that writes later may find it taken and cannot wait.
    connection.exec_driver_sql(sqlite.BEGIN)


def _try_rested(engine: AsyncEngine) -> None:
    """Before a connection that has rested serves again, ask whether the server still knows it.

    A restart of the server is not felt then. Asking before every transaction would cost each a round trip;
    a connection that breaks in use takes the whole pool with it, and what it carried is tried again.
    """
    dialect = engine.dialect

    def note(connection: Any, record: Any) -> None:
        record.info["used"] = monotonic()

    def ask(connection: Any, record: Any, proxy: Any) -> None:
        if monotonic() - record.info.get("used", 0.0) > RESTED_SECONDS:
            try:
                dialect.do_ping(connection)
            except dialect.loaded_dbapi.Error:
                raise InvalidatePoolError from None

    event.listen(engine.sync_engine, "connect", note)
    event.listen(engine.sync_engine, "checkin", note)
    event.listen(engine.sync_engine, "checkout", ask)


def _no_turn() -> AbstractAsyncContextManager[None]:
    return nullcontext()
