"""From one schema to the next and back, with data in it, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.outcome import BOARD, Notice, SetTimer, to_person
from storage import migrate
from storage.database import open_storage
from storage.migrate import Schema, WouldLose
from storage.vault import Vault
from tests.databases import Cluster
from tests.storage.cast import AMINA, DOSSIER, MINUTE, NOW, an_offer, known, started

OLDEST = "0001"


@pytest.fixture(params=["sqlite", "postgresql"])
def oldest_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database as the first version made it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'smt.db'}"
        migrate.upgrade(url, OLDEST)
        yield url
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.empty()
    migrate.upgrade(cluster.url(name), OLDEST)
    yield cluster.url(name)
    cluster.drop(name)


def run(url: str, *statements: str) -> None:
    engine = migrate.open_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = migrate.open_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


EVERYTHING = {
    "mission": "SELECT id, number, aggregate FROM mission ORDER BY id",
    "dossier": "SELECT mission, body FROM dossier ORDER BY mission",
    "offer": "SELECT mission, person, state FROM offer ORDER BY mission",
    "outbox": "SELECT id, lane, kind, state, body FROM outbox ORDER BY id",
    "timer": "SELECT id, kind, due, state FROM timer ORDER BY id",
    "inbox": "SELECT update_id, lane, state, body FROM inbox ORDER BY update_id",
}


async def test_up_and_back_and_up_again_loses_nothing(oldest_url: str, vault: Vault) -> None:
    migrate.upgrade(oldest_url)
    storage = open_storage(oldest_url, vault)
    mission = await started(storage)
    (amina,) = await known(storage, AMINA)
    async with storage.transaction() as tx:
        await tx.offers.save([an_offer(mission.id, amina.id)])
        await tx.inbox.put([(7, "user:12", {"update_id": 7})], NOW)
        await tx.timers.apply(mission.id, [SetTimer("search.time_up", NOW + 30 * MINUTE)], NOW)
        await tx.outbox.owe([Notice("search.offer", to_person(amina.id), mission.id)], NOW)
    await storage.close()
    before = {name: rows(oldest_url, query) for name, query in EVERYTHING.items()}
    assert all(before.values())

    migrate.downgrade(oldest_url, OLDEST)
    assert migrate.current(oldest_url) == OLDEST
    assert {name: rows(oldest_url, query) for name, query in EVERYTHING.items()} == before

    migrate.upgrade(oldest_url)
    assert migrate.is_up_to_date(oldest_url)
    assert {name: rows(oldest_url, query) for name, query in EVERYTHING.items()} == before
    storage = open_storage(oldest_url, vault)
    async with storage.transaction() as tx:
        assert await tx.missions.dossier(mission.id) == DOSSIER
        (received,) = await tx.inbox.claim(NOW, 10)
        assert received.update_id == 7
        (owed,) = await tx.outbox.claim(NOW, 10)
        assert owed.notice.kind == "search.offer"
    await storage.close()


async def test_what_the_older_version_could_not_say_is_named_before_it_is_lost(
    oldest_url: str, vault: Vault
) -> None:
    migrate.upgrade(oldest_url)
    storage = open_storage(oldest_url, vault)
    async with storage.transaction() as tx:
        await tx.outbox.owe([Notice("outage.account", BOARD)], NOW)
        await tx.timers.apply(None, [SetTimer("watch.every_minute", NOW)], NOW)
    await storage.close()

    with pytest.raises(WouldLose, match="1 notices are owed that it has no words for"):
        migrate.downgrade(oldest_url, OLDEST)
    assert migrate.is_up_to_date(oldest_url)

    migrate.downgrade(oldest_url, OLDEST, even_if_lost=True)
    assert migrate.current(oldest_url) == OLDEST
    # Nobody in the older version waits for such a timer.
    assert rows(oldest_url, "SELECT state FROM timer") == [("stopped",)]


def test_a_migration_that_fails_changes_nothing(oldest_url: str) -> None:
    # A table of that name stands in the way of the last statement.
    run(oldest_url, "CREATE TABLE worker (id TEXT)")

    with pytest.raises(Exception, match="worker"):
        migrate.upgrade(oldest_url)

    assert migrate.current(oldest_url) == OLDEST
    run(oldest_url, "DROP TABLE worker")
    migrate.upgrade(oldest_url)
    assert migrate.is_up_to_date(oldest_url)


def test_a_database_of_a_newer_version_is_not_taken_for_an_old_one(oldest_url: str) -> None:
    assert migrate.compared(migrate.current(oldest_url)) is Schema.OLDER
    migrate.upgrade(oldest_url)
    assert migrate.compared(migrate.current(oldest_url)) is Schema.CURRENT
    run(oldest_url, "UPDATE alembic_version SET version_num = '9999'")
    assert migrate.compared(migrate.current(oldest_url)) is Schema.NEWER


def test_the_folder_of_a_fresh_database_is_its_owners_only(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path / 'var' / 'smt.db'}")
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_there_is_no_way_back_to_a_version_that_never_was(oldest_url: str) -> None:
    with pytest.raises(ValueError, match="no schema 'base': 0001"):
        migrate.downgrade(oldest_url, "base")


def test_whoever_works_on_a_database_is_known(oldest_url: str) -> None:
    assert migrate.workers_alive(oldest_url) == []  # the first version knew no workers
    migrate.upgrade(oldest_url)
    if oldest_url.startswith("sqlite"):
        return  # the lock file says it
    run(
        oldest_url,
        "INSERT INTO worker VALUES ('a', 'fribourg', 12, '2026-10-06', '2026-10-06',"
        " extract(epoch FROM clock_timestamp()) + 30)",
        "INSERT INTO worker VALUES ('b', 'colmar', 13, '2026-10-06', '2026-10-06', 1)",
    )
    assert migrate.workers_alive(oldest_url) == ["fribourg, process 12"]
