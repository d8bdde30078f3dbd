"""Another process at the same SQLite file is waited for, and the rest of the bot goes on meanwhile."""

import asyncio
import itertools
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.outcome import Event
from storage import sqlite
from storage.database import open_storage
from storage.vault import Vault
from tests.storage.cast import NOW
from tests.waiting import until


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated, empty file."""
    return Path(shutil.copy(sqlite_template, tmp_path / "smt.db"))


async def test_a_transaction_waits_for_another_process(path: Path, vault: Vault) -> None:
    storage = open_storage(f"sqlite:///{path}", vault)
    async with storage.transaction() as tx:
        await tx.journal.write(None, [Event("before")], None, NOW)
    turns = itertools.count()

    async def write() -> None:
        async with storage.transaction() as tx:
            await tx.journal.write(None, [Event("after")], None, NOW)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE").close()
        writing = asyncio.ensure_future(write())  # noqa: TID251 - awaited below
        await until(lambda: next(turns) > 1000)
        assert not writing.done()
        other.execute("ROLLBACK").close()
    await writing

    async with storage.transaction() as tx:
        assert [line.kind for line in await tx.journal.between(NOW, NOW.replace(year=2027))] == [
            "before",
            "after",
        ]
    await storage.close()


async def test_it_does_not_wait_for_ever(path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.0)
    storage = open_storage(f"sqlite:///{path}", vault)
    async with storage.transaction():
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE").close()
        with pytest.raises(Exception, match="locked"):
            await storage.transaction().__aenter__()
    async with storage.transaction() as tx:
        assert await tx.outbox.waiting() == 0
    await storage.close()
