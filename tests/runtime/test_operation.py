"""Backup, restoration, upgrade and rollback as whoever looks after the bot meets them, on both databases."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from bot.cli import main
from bot.clock import SystemClock
from bot.domain.people import CascadeStep, Line, Organisation, OrganisationId, Party
from bot.sandbox.ports import free_port
from storage import migrate
from storage.database import open_storage
from storage.vault import Vault
from tests.databases import Cluster
from tests.runtime.test_commands import Shell, healthy, shell
from tests.storage.cast import (
    AMINA,
    BRUNO,
    CLAIRE,
    DOSSIER,
    NOW,
    an_offer,
    known,
    started,
    taken,
    with_doctor,
)

__all__ = ["shell"]  # a fixture

KEY = "a secret for the tests only"


@dataclass
class Desk:
    """Commands on one database, and the database itself."""

    folder: Path
    url: str
    environment: dict[str, str]

    async def bot(self, *arguments: str, **environment: str) -> tuple[int, str]:
        runner = CliRunner(env={**self.environment, **environment})
        result = await asyncio.to_thread(runner.invoke, main, arguments)
        return result.exit_code, result.output

    async def mission(self, number: int = 412) -> None:
        storage = open_storage(self.url, Vault.from_secret(KEY))
        await started(storage, number=number)
        await storage.close()

    def does(self, statement: str) -> object:
        engine = migrate.open_engine(self.url)
        with engine.begin() as connection:
            done = connection.execute(text(statement))
            found = done.scalar() if done.returns_rows else None
        engine.dispose()
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that nobody has created yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'var' / 'smt.sqlite3'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.empty()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def desk(new_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)  # where no .env is
    (tmp_path / "backups").mkdir()
    environment = {"SMT_DATABASE_URL": new_url, "SMT_SECRET_KEY": KEY, "SMT_FICTION_NUMBERS": "true"}
    return Desk(tmp_path, new_url, environment)


def backup_in(said: str) -> str:
    return said.partition(": schema")[0]


async def test_a_backup_is_made_read_back_and_the_key_is_not_in_it(desk: Desk) -> None:
    await desk.bot("migrate")
    await desk.mission()

    code, said = await desk.bot("backup", "backups")

    assert code == 0, said
    assert "1 missions" in said
    assert "The key is not in it: it is SMT_SECRET_KEY." in said
    file = Path(backup_in(said))
    assert KEY.encode() not in await asyncio.to_thread(file.read_bytes)

    code, said = await desk.bot("backup", str(file))
    assert (code, "replaces nothing" in said) == (1, True)


async def test_nothing_to_back_up_is_said(desk: Desk) -> None:
    code, said = await desk.bot("backup", "backups")
    assert (code, said) == (1, "There is no database yet: nothing to back up.\n")


async def test_daily_backups_are_kept_for_so_many_days(desk: Desk) -> None:
    await desk.bot("migrate")
    clock = desk.folder / "clock"
    for day in range(4):
        clock.write_text(str(86400 * day))
        code, said = await desk.bot("backup", "backups", "--keep", "2", SMT_CLOCK=str(clock))
        assert code == 0, said
    assert "Deleted, older than the newest 2: smt-" in said
    assert len([*(desk.folder / "backups").iterdir()]) == 2

    code, said = await desk.bot("backup", "one.file", "--keep", "2")
    assert (code, "--keep is for a folder" in said) == (1, True)


async def test_a_folder_that_is_not_there_yet_is_made_and_never_a_file_of_its_name(desk: Desk) -> None:
    await desk.bot("migrate")
    for folder, *options in (("first/",), ("daily/", "--keep", "30")):
        code, said = await desk.bot("backup", folder, *options)
        assert code == 0, said
        (made,) = (desk.folder / folder).iterdir()
        assert made.name.startswith("smt-")
        assert (desk.folder / folder).stat().st_mode & 0o777 == 0o700

    (desk.folder / "taken").write_text("something else")
    code, said = await desk.bot("backup", "taken/")
    assert (code, "taken is no folder" in said) == (1, True), said
    code, said = await desk.bot("backup", "nowhere/backups/")
    assert (code, "There is no folder nowhere" in said) == (1, True), said


async def test_a_restored_database_is_the_one_that_was_and_the_present_one_is_kept(desk: Desk) -> None:
    await desk.bot("migrate")
    await desk.mission(412)
    _, said = await desk.bot("backup", "backups")
    file = backup_in(said)
    await desk.mission(413)

    code, said = await desk.bot("restore", file)

    assert code == 0, said
    assert "The key in SMT_SECRET_KEY opens it." in said
    assert "At the next `run`:" in said
    assert desk.does("SELECT count(*) FROM mission") == 1
    kept = re.search(r"is kept as (\S+)\. Delete", said)
    assert kept is not None
    code, said = await desk.bot("restore", kept[1])
    assert code == 0, said
    assert desk.does("SELECT count(*) FROM mission") == 2
    storage = open_storage(desk.url, Vault.from_secret(KEY))
    async with storage.transaction() as tx:
        mission = await tx.missions.by_number(413)
        assert mission is not None
        assert await tx.missions.dossier(mission.id) == DOSSIER
    await storage.close()


async def test_a_backup_of_another_key_is_not_restored(desk: Desk) -> None:
    await desk.bot("migrate")
    await desk.mission()
    _, said = await desk.bot("backup", "backups")
    file = backup_in(said)

    code, said = await desk.bot("restore", file, SMT_SECRET_KEY="another")
    assert code == 1
    assert "does not open what" in said
    assert "Nothing was done." in said

    code, said = await desk.bot("restore", file, SMT_SECRET_KEY="")
    assert code == 1
    assert "The key is not here" in said
    assert not (desk.folder / "var" / "secret.key").exists()  # none was made up

    code, said = await desk.bot("backup", "backups", SMT_SECRET_KEY="another", SMT_CLOCK=later(desk))
    assert code == 0
    assert "WARNING: the key in SMT_SECRET_KEY does not open" in said


def later(desk: Desk) -> str:
    clock = desk.folder / "clock"
    clock.write_text("60")
    return str(clock)


async def test_an_older_backup_says_to_migrate_and_a_newer_one_is_refused(desk: Desk) -> None:
    await desk.bot("migrate")
    await desk.bot("migrate", "--to", "0001")
    _, said = await desk.bot("backup", "backups")
    old = backup_in(said)
    await desk.bot("migrate")

    code, said = await desk.bot("restore", old)
    assert code == 0, said
    assert "run `python -m bot migrate` before `run`" in said
    code, said = await desk.bot("report", "activite")
    assert (code, "python -m bot migrate" in said) == (1, True)

    desk.does("UPDATE alembic_version SET version_num = '0999'")
    _, said = await desk.bot("backup", "backups", SMT_CLOCK=later(desk))
    desk.does("UPDATE alembic_version SET version_num = '0001'")
    code, said = await desk.bot("restore", backup_in(said))
    assert code == 1
    assert "of schema 0999, which a newer version of this program made" in said
    assert migrate.current(desk.url) == "0001"


async def test_back_to_the_schema_before_and_up_again(desk: Desk) -> None:
    newest = migrate.newest()
    code, said = await desk.bot("migrate")
    assert (code, said) == (0, f"The database is now at schema {newest}.\n")
    await desk.mission()

    assert await desk.bot("migrate", "--to", "0001") == (0, "The database is now at schema 0001.\n")
    assert await desk.bot("migrate", "--to", "0001") == (0, "The database was at schema 0001.\n")
    code, said = await desk.bot("migrate", "--to", "0007")
    assert (code, "cannot go back to '0007'" in said) == (1, True)
    assert await desk.bot("migrate") == (0, f"The database is now at schema {newest}.\n")
    assert await desk.bot("migrate") == (0, f"The database was at schema {newest}.\n")
    assert desk.does("SELECT count(*) FROM mission") == 1

    desk.does(
        "INSERT INTO outbox (lane, place, place_kind, kind, fresh, only_if_there, priority, epoch,"
        " when_unknown, state, created_at, due_at, attempts, perhaps_sent)"
        " VALUES ('board:0/0', 'board:0', 'board',"
        " 'outage.account', false, false, 20, 0, 'again', 'owed', '2026-10-06 07:23:00.000000',"
        " '2026-10-06 07:23:00.000000', 0, false)"
    )
    code, said = await desk.bot("migrate", "--to", "0001")
    assert code == 1
    assert said.startswith("Not done: 1 notices are owed")
    assert (await desk.bot("migrate", "--to", "0001", "--force"))[0] == 0


@pytest.mark.parametrize(
    ("version", "sentence"),
    [("0001", "then run: python -m bot migrate"), ("0999", "which a newer version of this program made")],
)
async def test_a_database_of_another_version_is_refused_with_what_mends_it(
    desk: Desk, version: str, sentence: str
) -> None:
    await desk.bot("migrate")
    desk.does(f"UPDATE alembic_version SET version_num = '{version}'")  # noqa: S608
    token = {"SMT_BOT_TOKEN": "123456789:" + "A" * 35, "SMT_GROUP_ID": "-1001"}

    for command in (("run",), ("people", "list")):
        code, said = await desk.bot(*command, **token)
        assert code == 1
        assert sentence in said
    code, said = await desk.bot("check", **token, SMT_TELEGRAM_API="http://127.0.0.1:9")
    assert "✘ The database is at a" in said


@asynccontextmanager
async def running(shell: Shell, **environment: str) -> AsyncIterator[dict[str, object]]:
    """The whole bot in a process of its own."""
    port = free_port()
    process = await shell.start("run", SMT_LISTEN=f"127.0.0.1:{port}", **environment)
    try:
        yield await healthy(f"http://127.0.0.1:{port}/health", process)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()


async def test_a_backup_is_made_beside_run_a_restoration_is_refused_and_the_bot_starts_on_what_was_restored(
    desk: Desk, shell: Shell
) -> None:
    await desk.bot("migrate")
    await desk.mission()
    async with running(shell, **desk.environment):
        code, said = await desk.bot("backup", "backups")
        assert code == 0, said
        file = backup_in(said)
        code, said = await desk.bot("restore", file)
        assert code == 1
        assert "already works on this database" in said or "A `run` works on this database" in said

    code, said = await desk.bot("restore", file)
    assert code == 0, said

    async with running(shell, **desk.environment) as health:
        assert health["ready"] is True
    assert desk.does("SELECT count(*) FROM mission") == 1


async def test_beside_a_living_worker_nothing_is_restored_nor_migrated(desk: Desk) -> None:
    if desk.url.startswith("sqlite"):
        return  # there the lock file says it, see above
    await desk.bot("migrate")
    _, said = await desk.bot("backup", "backups")
    file = backup_in(said)
    desk.does(
        "INSERT INTO worker (id, host, pid, started_at, seen_at, alive_until)"
        " VALUES ('a', 'fribourg', 12, now(), now(), extract(epoch FROM clock_timestamp()) + 300)"
    )

    for command in (("restore", file), ("migrate", "--to", "0001")):
        code, said = await desk.bot(*command)
        assert code == 1
        assert "A `run` works on this database (fribourg, process 12): stop it first." in said
    assert desk.does("SELECT count(*) FROM journal") == 0

    code, said = await desk.bot("restore", file, "--force")
    assert code == 0, said
    assert desk.does("SELECT count(*) FROM journal WHERE kind = 'database.restored'") == 1


async def a_mission_with_people(desk: Desk) -> None:
    """One that is offered to Amina, one whose nurse and doctor are known."""
    storage = open_storage(desk.url, Vault.from_secret(KEY))
    offered, going = await started(storage), await started(storage, number=413)
    amina, bruno, claire = await known(storage, AMINA, BRUNO, replace(CLAIRE, phone="+33639980005"))
    async with storage.transaction() as tx:
        await tx.offers.save([an_offer(offered.id, amina.id)])
        await tx.missions.save(with_doctor(taken(going, bruno.id), Party.person(claire.id)))
    await storage.close()


async def test_the_open_missions_are_printed_with_whom_to_phone(desk: Desk) -> None:
    await desk.bot("migrate")
    assert "MISSIONS OUVERTES" in (await desk.bot("report", "open"))[1]
    await a_mission_with_people(desk)
    clock = {"SMT_CLOCK": at(desk, NOW)}

    code, said = await desk.bot("report", "open", **clock)

    assert code == 0, said
    head, first, second = said.split("─" * 72)
    assert head.strip() == "MISSIONS OUVERTES · 06/10/2026 09:23 · 2"
    assert first.strip().startswith("SMT 412 · Femme, 85 ans · Mulhouse")
    assert "À FAIRE avant 09:53 : les IDEL sollicités · accepter ou refuser" in first
    assert "Déclenchée 09:23, limite 15:23 · SAMURL68" in first
    assert "IDEL possible : Amina BENALI 06 39 98 00 02 · 3 km" in first
    assert "Patient : Odile GRÜNEWALD-ÉVRARD, 17/02/1941" in first
    assert "12 rue des Tanneurs, 68100 Mulhouse" in first
    assert "Patient : 03 53 01 00 11" in first
    assert "Appelant : Zacharie Grünewald (fils) 06 39 98 00 99" in first
    assert "OSNP : Léa MARTIN 06 39 98 00 01" in first
    assert "IDEL : Bruno KELLER 06 39 98 00 03" in second
    assert "Médecin : Dr Morel 06 39 98 00 04" in second
    assert "IDEL à venir, arrivée 10:03" in second
    # Who was shown what is in the journal.
    assert desk.does("SELECT count(*) FROM journal WHERE kind = 'disclosure.seen' AND actor = 'command'") == 2


async def test_of_a_house_every_telephone_line_is_printed(desk: Desk) -> None:
    await desk.bot("migrate")
    lines = (Line("Secrétariat", "+33353010068"), Line("Nuit", "+33353010069"))
    house = Organisation(
        OrganisationId(0), "SOS médecin 68", CascadeStep.SOS_MEDECIN, "+33353010068", lines=lines
    )
    storage = open_storage(desk.url, Vault.from_secret(KEY))
    going, silent = await started(storage), await started(storage, number=413)
    (bruno,) = await known(storage, BRUNO)
    async with storage.transaction() as tx:
        party = Party.organisation(await tx.people.add_organisation(house))
        taken_over = with_doctor(taken(going, bruno.id), party)
        doctor = taken_over.cascade.doctor
        assert doctor is not None
        await tx.missions.save(taken_over)
        unnamed = replace(taken_over.cascade, doctor=replace(doctor, name=None, phone=None))
        await tx.missions.save(replace(taken_over, id=silent.id, number=413, cascade=unnamed))
    await storage.close()

    _, said = await desk.bot("report", "open", SMT_CLOCK=at(desk, NOW))
    every = "SOS médecin 68 Secrétariat 03 53 01 00 68, Nuit 03 53 01 00 69\n"
    assert f"Médecin : Dr Morel 06 39 98 00 04 · {every}" in said
    assert f"Médecin : {every}" in said


async def test_the_way_in_is_printed_as_it_was_said(desk: Desk) -> None:
    await desk.bot("migrate")
    way_in = replace(DOSSIER, floor="2e étage", door_code="4B71", who_opens="la fille ouvre")
    storage = open_storage(desk.url, Vault.from_secret(KEY))
    await started(storage, dossier=way_in)
    await storage.close()
    _, said = await desk.bot("report", "open")
    assert "68100 Mulhouse · 2e étage, code 4B71, la fille ouvre\n" in said


async def test_without_identity_no_key_is_needed_and_no_patient_is_named(desk: Desk) -> None:
    await desk.bot("migrate")
    await a_mission_with_people(desk)

    code, said = await desk.bot("report", "open", "--no-identity", SMT_SECRET_KEY="")
    assert code == 0, said
    assert "Amina BENALI 06 39 98 00 02" in said
    assert not {word for word in ("GRÜNEWALD", "Tanneurs", "03 53 01 00 11", "Zacharie") if word in said}
    assert desk.does("SELECT count(*) FROM journal WHERE kind = 'disclosure.seen'") == 0

    code, said = await desk.bot("report", "open", SMT_SECRET_KEY="")
    assert (code, "add --no-identity" in said) == (1, True)
    code, said = await desk.bot("report", "open", SMT_SECRET_KEY="another")
    assert (code, "does not open the patients" in said) == (1, True)


async def test_the_open_missions_are_printed_from_an_older_database_too(desk: Desk) -> None:
    code, said = await desk.bot("report", "open")
    assert (code, said) == (1, "There is no database yet: no mission either.\n")
    await desk.bot("migrate")
    await a_mission_with_people(desk)
    await desk.bot("migrate", "--to", "0001")

    code, said = await desk.bot("report", "open", SMT_CLOCK=at(desk, NOW))

    assert code == 0, said
    assert "The database is at schema 0001, not this version's" in said
    assert "Patient : 03 53 01 00 11" in said
    assert "IDEL possible : Amina BENALI" in said


def at(desk: Desk, moment: datetime) -> str:
    """A clock file that shows about that moment."""
    clock = desk.folder / "clock"
    clock.write_text(str((moment - SystemClock().now()).total_seconds() + 1))
    return str(clock)
