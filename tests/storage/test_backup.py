"""A database copied beside its writers, put back into an empty place, and everything is there."""

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.outcome import BOARD, Notice, SetTimer
from storage import backup, migrate
from storage.address import address, is_sqlite
from storage.backup_file import BackupError, Sealed
from storage.database import open_storage
from storage.tables import metadata
from storage.vault import Vault
from tests.databases import Cluster
from tests.storage.cast import DOSSIER, MINUTE, NOW, started


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """Another database of the same kind, in which nothing was ever created."""
    if is_sqlite(address(database_url)):
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'smt.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.empty()
    yield cluster.url(name)
    cluster.drop(name)


def counts(url: str) -> dict[str, int]:
    """How many rows each table has."""
    engine = migrate.open_engine(url)
    with engine.connect() as connection:
        found = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608
            for name in metadata.tables
        }
    engine.dispose()
    return found


def scalar(url: str, query: str) -> object:
    engine = migrate.open_engine(url)
    with engine.begin() as connection:
        done = connection.execute(text(query))
        found = done.scalar() if done.returns_rows else None
    engine.dispose()
    return found


def listed(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def some_work(url: str, vault: Vault, first: int = 412) -> None:
    storage = open_storage(url, vault)
    mission = await started(storage, number=first)
    async with storage.transaction() as tx:
        await tx.inbox.put([(first, "user:1", {"update_id": first})], NOW)
        await tx.outbox.owe([Notice("test.owed", BOARD), Notice("test.also", BOARD, mission.id)], NOW)
        await tx.outbox.claim(NOW, 1)
        await tx.timers.apply(mission.id, [SetTimer("search.time_up", NOW + 30 * MINUTE)], NOW)
        await tx.leases.take("poller:1", "somebody", 60)
    await storage.close()


async def test_a_backup_put_into_an_empty_place_holds_everything(
    database_url: str, empty_url: str, vault: Vault, tmp_path: Path
) -> None:
    await some_work(database_url, vault)
    made = backup.make(database_url, tmp_path, NOW)

    assert made.path.name.startswith("smt-20261006T072300Z-0")
    assert made.schema == migrate.newest()
    assert made.schema in made.path.name
    assert (made.missions, made.made_at) == (1, NOW)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert backup.sealed_by(made, vault) is Sealed.BY_THIS
    assert backup.restore(made, empty_url, tmp_path, NOW + MINUTE) is None

    before, after = counts(database_url), counts(empty_url)
    # Whoever worked then holds nothing now, and the journal says that it was restored.
    assert after == before | {"lease": 0, "journal": before["journal"] + 1}
    storage = open_storage(empty_url, vault)
    async with storage.transaction() as tx:
        (mission,) = await tx.missions.unfinished()
        assert await tx.missions.dossier(mission.id) == DOSSIER
        (timer,) = await tx.timers.of_mission(mission.id)
        assert timer.kind == "search.time_up"
        (received,) = await tx.inbox.claim(NOW, 10)
        assert received.body == {"update_id": 412}
        owed = await tx.outbox.claim(NOW, 10)
        # The bot that went on after the backup has perhaps sent them.
        assert [one.perhaps_sent for one in owed] == [True, True]
        assert (await tx.journal.between(NOW, NOW + timedelta(days=1)))[-1].kind == "database.restored"
    await storage.close()


async def test_a_backup_beside_a_writer_is_of_one_moment(
    database_url: str, empty_url: str, vault: Vault, tmp_path: Path
) -> None:
    """Each mission is written together with a timer: a copy has both or neither."""
    storage = open_storage(database_url, vault)
    written = 0
    enough = asyncio.Event()

    async def write() -> None:
        nonlocal written
        while not enough.is_set():
            mission = await started(storage, number=1000 + written)
            async with storage.transaction() as tx:
                await tx.timers.apply(mission.id, [SetTimer("a", NOW), SetTimer("b", NOW)], NOW)
            written += 1

    writer = asyncio.get_running_loop().create_task(write())
    copies = [await asyncio.to_thread(backup.make, database_url, tmp_path / f"{n}", NOW) for n in range(3)]
    enough.set()
    await writer
    await storage.close()

    assert written > 0
    for copy in copies:
        backup.restore(copy, empty_url, tmp_path, NOW + timedelta(seconds=int(copy.path.name)))
        a, b = (scalar(empty_url, f"SELECT count(*) FROM timer WHERE kind = '{k}'") for k in "ab")  # noqa: S608
        assert a == b
        missions = scalar(empty_url, "SELECT count(*) FROM mission")
        assert missions == copy.missions
        assert isinstance(missions, int)
        assert isinstance(a, int)
        assert 0 <= missions - a <= 1


async def test_what_was_there_is_kept_aside(database_url: str, vault: Vault, tmp_path: Path) -> None:
    await some_work(database_url, vault)
    made = backup.make(database_url, tmp_path, NOW)
    await some_work(database_url, vault, first=413)

    kept = backup.restore(made, database_url, tmp_path, NOW)

    assert scalar(database_url, "SELECT count(*) FROM mission") == 1
    assert kept is not None
    assert kept.name.startswith("before-restore-")
    assert backup.look(kept).missions == 2
    # And back again: the mistake was the restoration.
    backup.restore(backup.look(kept), database_url, tmp_path, NOW + MINUTE)
    assert scalar(database_url, "SELECT count(*) FROM mission") == 2


async def test_an_older_backup_takes_the_place_of_a_newer_schema(
    database_url: str, vault: Vault, tmp_path: Path
) -> None:
    await some_work(database_url, vault)
    migrate.downgrade(database_url, "0001")
    made = backup.make(database_url, tmp_path, NOW)
    migrate.upgrade(database_url)

    backup.restore(made, database_url, tmp_path, NOW)

    assert migrate.current(database_url) == "0001"
    migrate.upgrade(database_url)
    assert scalar(database_url, "SELECT count(*) FROM mission") == 1


async def test_a_backup_replaces_no_file_and_leaves_none_half_made(
    database_url: str, vault: Vault, tmp_path: Path
) -> None:
    await some_work(database_url, vault)
    made = backup.make(database_url, tmp_path, NOW)
    content = made.path.read_bytes()
    with pytest.raises(BackupError, match="exists: a backup replaces nothing"):
        backup.make(database_url, tmp_path, NOW)
    with pytest.raises(BackupError, match="no folder"):
        backup.make(database_url, tmp_path / "absent" / "smt.backup", NOW)

    def fails(draft: Path) -> None:
        draft.write_bytes(b"half")
        raise BackupError("the disk is full")

    with pytest.raises(BackupError, match="full"):
        backup.publish(tmp_path / "other", fails)

    assert made.path.read_bytes() == content
    files = listed(tmp_path)
    assert [name for name in files if "smt-" in name] == [made.path.name]
    assert not [name for name in files if "other" in name]


async def test_another_key_is_noticed(database_url: str, vault: Vault, tmp_path: Path) -> None:
    made = backup.make(database_url, tmp_path, NOW)
    assert backup.sealed_by(made, vault) is Sealed.NOTHING
    await some_work(database_url, vault)
    made = backup.make(database_url, tmp_path, NOW + MINUTE)
    assert backup.sealed_by(made, Vault.from_secret("another")) is Sealed.BY_ANOTHER
    assert backup.sealed_by(made, Vault.from_secret("another,a secret for the tests only")) is Sealed.BY_THIS


async def test_a_damaged_file_is_refused_and_nothing_is_touched(
    database_url: str, vault: Vault, tmp_path: Path
) -> None:
    for first in range(400, 440):
        await some_work(database_url, vault, first=first)
    made = backup.make(database_url, tmp_path, NOW)
    whole = made.path.read_bytes()
    wrong = tmp_path / "wrong"
    for content in (whole[: len(whole) * 2 // 3], b"", b"nothing of ours"):
        wrong.write_bytes(content)
        with pytest.raises(BackupError):
            backup.look(wrong)
    with pytest.raises(BackupError, match="cannot be read"):
        backup.look(tmp_path / "absent")
    assert scalar(database_url, "SELECT count(*) FROM mission") == 40


async def test_the_two_databases_do_not_mix(
    database_url: str, vault: Vault, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = backup.make(database_url, tmp_path, NOW)
    other = (
        request.getfixturevalue("postgres_cluster").url("template_smt")
        if is_sqlite(address(database_url))
        else f"sqlite:///{tmp_path / 'x.db'}"
    )
    with pytest.raises(BackupError, match="they do not mix"):
        backup.restore(made, other, tmp_path, NOW)


def test_the_oldest_of_a_folder_go_and_other_files_stay(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path / 'smt.db'}")
    (tmp_path / "smt-notes.txt").touch()
    made = [
        backup.make(f"sqlite:///{tmp_path / 'smt.db'}", tmp_path, NOW + n * MINUTE).path for n in range(5)
    ]

    gone = backup.rotate(tmp_path, 2)

    assert gone == made[:3]
    assert [path for path in made if path.exists()] == made[3:]
    assert (tmp_path / "smt-notes.txt").exists()
    assert (tmp_path / "smt.db").exists()


def test_a_damaged_database_is_replaced_and_its_parts_are_kept(tmp_path: Path) -> None:
    place = tmp_path / "smt.db"
    migrate.upgrade(f"sqlite:///{place}")
    made = backup.make(f"sqlite:///{place}", tmp_path, NOW)
    place.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    place.with_name("smt.db-wal").write_bytes(b"wal")

    kept = backup.restore(made, f"sqlite:///{place}", tmp_path, NOW)

    assert migrate.is_up_to_date(f"sqlite:///{place}")
    assert kept is not None
    assert kept.read_bytes().endswith(b"\xff")
    assert kept.with_name(kept.name + "-wal").read_bytes() == b"wal"
    assert not place.with_name("smt.db-wal").exists()


def test_somebody_who_reads_meanwhile_stops_the_restoration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.backup_sqlite.BUSY_SECONDS", 0.1)
    place = tmp_path / "smt.db"
    migrate.upgrade(f"sqlite:///{place}")
    made = backup.make(f"sqlite:///{place}", tmp_path, NOW)
    reader = sqlite3.connect(place, isolation_level=None)
    reader.execute("PRAGMA journal_mode = WAL")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM mission").fetchone()

    with pytest.raises(BackupError, match="Another command uses the database"):
        backup.restore(made, f"sqlite:///{place}", tmp_path, NOW)

    assert reader.execute("SELECT count(*) FROM mission").fetchone() == (0,)
    reader.close()


def test_tables_of_somebody_else_are_not_dropped(postgres_cluster: Cluster, tmp_path: Path) -> None:
    name = postgres_cluster.fresh()
    url = postgres_cluster.url(name)
    made = backup.make(url, tmp_path, NOW)
    scalar(url, "CREATE TABLE bookkeeping (id integer)")

    with pytest.raises(BackupError, match=r"does not know \(bookkeeping\): nothing was done"):
        backup.restore(made, url, tmp_path, NOW)

    assert scalar(url, "SELECT count(*) FROM bookkeeping") == 0
    postgres_cluster.drop(name)


def test_a_restoration_that_postgresql_refuses_changes_nothing(
    postgres_cluster: Cluster, tmp_path: Path
) -> None:
    name = postgres_cluster.fresh()
    url = postgres_cluster.url(name)
    made = backup.make(url, tmp_path, NOW)
    scalar(url, "INSERT INTO chat_migration VALUES (1, 2, '2026-10-06')")
    # Near its end the archive brings an index, and something of that name is in the way.
    scalar(url, "ALTER INDEX ix_person_phone RENAME TO ix_of_another_name")
    scalar(url, "CREATE VIEW ix_person_phone AS SELECT 1")

    with pytest.raises(BackupError, match="nothing was changed"):
        backup.restore(made, url, tmp_path, NOW)

    assert scalar(url, "SELECT count(*) FROM chat_migration") == 1
    postgres_cluster.drop(name)
