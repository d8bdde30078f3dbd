"""`python -m bot …` as an operator meets it, against the emulated server over HTTP."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.clock import SystemClock
from bot.domain.change import Change
from bot.domain.people import Person, PersonId, Role
from bot.flows.people import COLUMNS
from bot.region import SHIPPED
from bot.sandbox.chats import BotRights, Chat, User
from bot.sandbox.ports import free_port
from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import TOKEN, Telegram
from storage import migrate
from storage.database import open_storage
from storage.vault import Vault

ROOT = Path(__file__).parents[2]
SECONDS = 300.0  # a bound for a busy machine, not a wait


@dataclass
class Shell:
    """Runs commands with one environment."""

    folder: Path
    telegram: Telegram
    group: Chat
    root: str
    environment: dict[str, str] = field(default_factory=dict)

    async def bot(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """A short command in this process: exit code, and everything said."""
        runner = CliRunner(env={**self.environment, **environment})
        async with asyncio.timeout(SECONDS):
            result = await asyncio.to_thread(runner.invoke, main, arguments)
        return result.exit_code, result.output

    async def run(self, **environment: str) -> tuple[int, str]:
        """`run` in a process of its own, to its end."""
        process = await self.start("run", **environment)
        async with asyncio.timeout(SECONDS):
            out, _ = await process.communicate()
        return process.returncode or 0, out.decode()

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", *arguments),
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    def csv(self, *lines: str) -> str:
        path = self.folder / "people.csv"
        path.write_text("\n".join([",".join(COLUMNS), *lines, ""]), encoding="utf-8")
        return str(path)


@pytest.fixture
async def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    monkeypatch.chdir(tmp_path)  # where no .env is
    telegram = Telegram(SystemClock(), limits=False)
    lea = telegram.add_user(1001, "Léa", "Martin")
    telegram.start(lea)
    group = telegram.add_group("OSNP SMT 68", [lea], bot_rights=BotRights())
    runner = await serve(create_app(telegram))
    port = runner.addresses[0][1]
    shell = Shell(tmp_path, telegram, group, f"http://127.0.0.1:{port}")
    shell.environment = {
        "SMT_BOT_TOKEN": TOKEN,
        "SMT_TELEGRAM_API": shell.root,
        "SMT_GROUP_ID": str(group.id),
        "SMT_LISTEN": "127.0.0.1:0",
        "SMT_FICTION_NUMBERS": "true",
    }
    yield shell
    await runner.cleanup()


def member(shell: Shell) -> User:
    return shell.telegram.world.users[1001]


async def test_check_says_that_all_is_well(shell: Shell) -> None:
    code, said = await shell.bot("check")

    assert code == 0, said
    assert "✘" not in said
    assert "@smt68_bot" in said
    assert "may manage" in said


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SMT_BOT_TOKEN": ""}, "✘ SMT_BOT_TOKEN is empty. Get one from @BotFather"),
        ({"SMT_BOT_TOKEN": "123456:" + "A" * 35}, "refuses the token"),
        ({"SMT_TELEGRAM_API": "http://127.0.0.1:9"}, "✘ 127.0.0.1:9 cannot be reached"),
        ({"SMT_GROUP_ID": "-1009999"}, "✘ The bot is not in the group -1009999: add it there"),
        ({"SMT_SMS": "http://127.0.0.1:9/sms"}, "✘ The SMS gateway does not answer"),
        ({"SMT_PUBLIC_URL": "http://localhost:8080"}, "✘ SMT_PUBLIC_URL is no public https://"),
    ],
)
async def test_check_names_what_to_mend(shell: Shell, environment: dict[str, str], sentence: str) -> None:
    code, said = await shell.bot("check", **environment)

    assert code == 1
    assert sentence in said
    assert "Traceback" not in said


async def test_check_sees_a_group_without_topics_or_rights(shell: Shell) -> None:
    shell.telegram.set_bot_rights(shell.group, member(shell), BotRights(manage_topics=False))
    _, said = await shell.bot("check")
    assert "✘ The bot may not manage topics" in said

    shell.telegram.set_bot_rights(shell.group, member(shell), BotRights())
    shell.telegram.set_forum(shell.group, on=False)
    _, said = await shell.bot("check")
    assert "✘ The group has no topics" in said


async def test_run_refuses_a_wrong_token_in_one_sentence(shell: Shell) -> None:
    code, said = await shell.run(SMT_BOT_TOKEN="123456:" + "A" * 35)

    assert code == 1
    assert "Telegram refuses the token" in said
    assert "Traceback" not in said
    assert "A" * 35 not in said


async def test_run_works_alone_until_sigterm(shell: Shell) -> None:
    port = free_port()
    environment = {"SMT_LISTEN": f"127.0.0.1:{port}"}
    first = await shell.start("run", **environment)
    async with asyncio.timeout(SECONDS):
        health = await healthy(f"http://127.0.0.1:{port}/health", first)
    assert health["ready"] is True

    code, said = await shell.run()
    assert code == 1
    assert "Another `python -m bot run` already works on this database" in said

    first.send_signal(signal.SIGTERM)
    async with asyncio.timeout(SECONDS):
        out, _ = await first.communicate()
    assert first.returncode == 0, out.decode()
    assert TOKEN not in out.decode()
    assert "setMyCommands" in {call.method for call in shell.telegram.calls}


async def test_run_waits_for_a_server_that_is_away_and_can_be_stopped(shell: Shell) -> None:
    process = await shell.start("run", SMT_TELEGRAM_API="http://127.0.0.1:9")
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        while b"cannot be reached" not in await process.stdout.readline():
            pass
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(SECONDS):
        out, _ = await process.communicate()

    assert process.returncode == 0, out.decode()


async def test_an_old_database_is_refused_with_the_command_that_mends_it(shell: Shell) -> None:
    code, said = await shell.bot("migrate")
    assert code == 0, said
    age(shell.folder / "var" / "smt.sqlite3")

    code, said = await shell.run()

    assert code == 1
    assert "python -m bot migrate" in said


async def test_people_are_imported_listed_and_invited(shell: Shell) -> None:
    file = shell.csv(
        "idel,Benali,Amina,0639980011,,,Mulhouse,,,,",
        "organisation,SOS médecin 68,,0353010030,,,,,sos_medecin,,",
    )
    code, said = await shell.bot("people", "import", file)
    assert (code, said.splitlines()[-1]) == (0, "Added 2, changed 0, unchanged 0.")

    code, said = await shell.bot("people", "list")
    assert code == 0
    assert "Amina BENALI" in said
    assert "not started" in said

    code, said = await shell.bot("people", "invite")
    assert code == 0
    person, house = [line.strip() for line in said.splitlines() if "t.me" in line]
    assert person.startswith("https://t.me/smt68_bot?start=")
    assert house.startswith("https://t.me/smt68_bot?startgroup=")
    assert len(person.partition("=")[2]) == 43


async def test_somebody_is_erased_by_name_after_a_question_and_the_list_says_who_left(shell: Shell) -> None:
    file = shell.csv(
        "idel,Benali,Amina,0639980011,,99900000011,Mulhouse,,,,",
        "idel,Benali,Bruno,0639980012,,,Mulhouse,,,,",
        "idel,Meyer,Chloé,0639980013,,,Mulhouse,,,,",
    )
    assert (await shell.bot("people", "import", file))[0] == 0
    storage = open_storage(f"sqlite:///{shell.folder / 'var' / 'smt.sqlite3'}", Vault.from_secret("nothing"))
    async with storage.transaction() as tx:
        chloe = await tx.people.by_phone("+33639980013")
        assert chloe is not None
        await tx.people.save(replace(chloe, active=False, left_at=datetime(2026, 10, 6, 9, tzinfo=UTC)))
    await storage.close()

    code, said = await shell.bot("people", "erase", "Benali", "--yes")
    assert code == 1
    assert "Amina BENALI (idel, +33639980011)" in said
    assert "Several are meant" in said
    code, said = await shell.bot("people", "erase", "06 39 98 00 11")  # nobody answers the question
    assert code == 1
    assert "Erase Amina BENALI (idel, +33639980011) for good?" in said
    _, listed = await shell.bot("people", "list")
    assert "Amina BENALI" in listed
    assert re.search(r"Chloé MEYER .*left since 2026-10-06", listed)

    assert await shell.bot("people", "erase", "06 39 98 00 11", "--yes") == (0, "Erased.\n")
    _, listed = await shell.bot("people", "list")
    assert "Amina" not in listed
    assert "+33639980011" not in listed
    assert "Bruno BENALI" in listed
    code, said = await shell.bot("people", "erase", "Amina", "--yes")
    assert (code, "Nobody is registered as «Amina»" in said) == (1, True)


async def test_a_bad_line_stops_the_whole_import(shell: Shell) -> None:
    file = shell.csv("osnp,Martin,Léa,0639980001,,,,,,,", "idel,Benali,Amina,12,,,Mulhouse,,,,")

    code, said = await shell.bot("people", "import", file)

    assert code == 1
    assert "Line 3: «12» is no telephone number." in said
    assert "Nothing was imported." in said
    _, listed = await shell.bot("people", "list")
    assert "Léa" not in listed


DOCTOR = "doctor,Morel,Claire,0639980021,,99900000021,,,effecteur_sas,,"


async def test_a_duty_roster_is_imported_listed_and_forgotten(shell: Shell) -> None:
    await shell.bot("people", "import", shell.csv(DOCTOR))
    file = shell.folder / "gardes.csv"
    year = SystemClock().now().year + 1
    file.write_text(
        "step,sector,who,begins,ends\n"
        f",,Claire Morel,{year}-10-06 20:00,{year}-10-07 08:00\n"
        f"garde,Val d'Argent,99900000021,{year}-10-07 20:00,{year}-10-08 08:00\n",
        encoding="utf-8",
    )

    code, said = await shell.bot("duty", "import", str(file), "--sector", "Sundgau")
    assert (code, said.splitlines()[-1]) == (
        0,
        "Imported 2 turns from gardes.csv; 0 of before were replaced.",
    )
    code, said = await shell.bot("duty", "import", str(file), "--source", "october", "--step", "garde")
    assert code == 0, said

    code, said = await shell.bot("duty", "list", "--day", f"{year}-10-06")
    assert code == 0
    first, second = said.splitlines()
    assert " ".join(first.split()) == (
        f"{year}-10-06 20:00 → {year}-10-07 08:00 garde Sundgau Dr Claire MOREL +33639980021 gardes.csv"
    )
    assert "whole region" in second
    assert second.endswith("october")

    code, said = await shell.bot("duty", "forget", "october")
    assert (code, said.strip()) == (0, "Dropped 2 turns of october.")
    code, said = await shell.bot("duty", "forget", "october")
    assert code == 1
    assert "No turn was imported under «october»" in said


async def test_check_says_until_when_a_roster_is_known(shell: Shell) -> None:
    await shell.bot("people", "import", shell.csv(DOCTOR))
    soon = SystemClock().now() + timedelta(days=2)
    file = shell.folder / "gardes.csv"
    file.write_text(
        "step,sector,who,begins,ends\n"
        f",,Claire Morel,{soon:%Y-%m-%d} 08:00,{soon:%Y-%m-%d} 20:00\n"
        f"selas,,Claire Morel,{soon:%Y-%m-%d} 08:00,{soon + timedelta(days=20):%Y-%m-%d} 20:00\n",
        encoding="utf-8",
    )
    await shell.bot("duty", "import", str(file))

    _, said = await shell.bot("check")

    assert f"✘ Duty roster: garde is known until {soon:%Y-%m-%d} only." in said
    assert f"✔ Duty roster: selas is known until {soon + timedelta(days=20):%Y-%m-%d}." in said


async def test_a_bad_roster_changes_nothing_and_names_each_line(shell: Shell) -> None:
    await shell.bot("people", "import", shell.csv(DOCTOR))
    file = shell.folder / "gardes.csv"
    good = "step,sector,who,begins,ends\ngarde,,Claire Morel,2026-10-06 20:00,2026-10-07 08:00\n"
    file.write_text(good, encoding="utf-8")
    await shell.bot("duty", "import", str(file))
    file.write_text(f"{good}garde,Nowhere,Paul Roth,2026-10-06 20:00,2026-10-05 08:00\n", encoding="utf-8")

    code, said = await shell.bot("duty", "import", str(file))

    assert code == 1
    assert "Line 3: no duty sector is called «Nowhere»" in said
    assert said.splitlines()[-1] == "Nothing was imported."
    assert "Traceback" not in said
    _, listed = await shell.bot("duty", "list", "--day", "2026-10-06")
    assert len(listed.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("import", "gardes.csv", "--step", "night"), "«night» is no step somebody can be on duty for."),
        (("import", "gardes.csv", "--sector", "Paris"), "No duty sector is called «Paris». Choose among"),
        (("list", "--day", "tomorrow"), "«tomorrow» is no day. Write it as 2026-10-06."),
    ],
)
async def test_a_wrong_word_for_a_roster_says_what_to_write(
    shell: Shell, arguments: tuple[str, ...], sentence: str
) -> None:
    (shell.folder / "gardes.csv").write_text("step,sector,who,begins,ends\n", encoding="utf-8")
    code, said = await shell.bot("duty", *arguments)
    assert code == 1
    assert sentence in said


async def test_sectors_are_exported_corrected_and_imported(shell: Shell) -> None:
    table = shell.folder / "secteurs.csv"
    code, said = await shell.bot("sectors", "export", str(table))
    assert (code, said.splitlines()[-1]) == (0, f"Wrote 366 communes into {table}.")
    text = table.read_text(encoding="utf-8")
    assert "68224,Mulhouse,Mulhouse Alsace Agglomération,oui" in text
    person = shell.csv("doctor,Haas,Sophie,0639980023,,,Altkirch,Mulhouse Alsace Agglomération,garde,,")
    assert (await shell.bot("people", "import", person))[0] == 0

    table.write_text(text.replace("Mulhouse Alsace Agglomération", "Sud"), encoding="utf-8")
    code, said = await shell.bot("sectors", "import", str(table))
    assert code == 0, said
    assert "Imported 366 communes: 17 sectors; 0 by their intercommunality." in said
    assert "Dr Sophie HAAS has a sector that exists no more: Mulhouse Alsace Agglomération." in said
    _, printed = await shell.bot("sectors", "export")
    assert "68224,Mulhouse,Sud,oui" in printed
    _, said = await shell.bot("check")
    assert "✔ Duty sectors: 366 communes imported, not those of the file." in said


async def test_a_bad_line_of_sectors_changes_nothing(shell: Shell) -> None:
    table = shell.folder / "secteurs.csv"
    table.write_text("insee,secteur,mmg\n68224,Sud,oui\n68999,Sud,oui\n", encoding="utf-8")
    code, said = await shell.bot("sectors", "import", str(table))
    assert code == 1
    assert 'secteurs.csv, line 3: insee "68999" is not in the table of communes.' in said
    assert "Nothing was changed." in said
    _, printed = await shell.bot("sectors", "export")
    assert ",Sud," not in printed


async def test_check_says_what_is_not_as_shipped_and_what_the_coordinateur_has_changed(shell: Shell) -> None:
    code, said = await shell.bot("migrate")
    assert code == 0, said
    for file in SHIPPED.parent.iterdir():
        shutil.copy(file, shell.folder)
    own = shell.folder / "ours.toml"
    text = (shell.folder / SHIPPED.name).read_text(encoding="utf-8")
    own.write_text(text.replace('answer = "30 min"', 'answer = "25 min"'), encoding="utf-8")
    database = f"sqlite:///{shell.folder / 'var' / 'smt.sqlite3'}"
    storage = open_storage(database, Vault.from_secret("nothing"))
    async with storage.transaction() as tx:
        nadia = await tx.people.add(
            Person(PersonId(0), Role.COORDINATEUR, "weiss", "Nadia", phone="+33639980005")
        )
        now = SystemClock().now()
        for key, value in (
            ("delays.pause", "5 min"),
            ("delays.limit", "20 min"),
            ("closed_days", "2099-12-24"),
        ):
            await tx.changes.add(Change(0, now, nadia, key, value))
    await storage.close()

    code, said = await shell.bot("check", SMT_REGION=str(own))

    assert "✔ Region: SAS 68, 366 communes, from ours.toml." in said
    assert "✔ Region: not as shipped: delays.answer: 30 min → 25 min." in said
    assert f"✔ Changed by Nadia WEISS on {now:%Y-%m-%d}: delays.pause: 10 min → 5 min." in said
    assert "closed_days: as usual → 2099-12-24." in said
    assert (
        "✘ Changed by Nadia WEISS, and left out, since the file has changed: delays.limit: 6 h → 20 min."
        in said
    )
    assert code == 1


async def test_check_of_another_region_says_that_all_of_it_is_another(shell: Shell) -> None:
    code, said = await shell.bot("check", SMT_REGION=str(SHIPPED.parent / "exemple23.toml"))
    assert code == 0, said
    assert "✔ Region: SAS Exemple, 6 communes, from exemple23.toml." in said
    assert "all of it is of SAS Exemple, nothing of the shipped SAS 68" in said


async def healthy(url: str, process: asyncio.subprocess.Process) -> dict[str, object]:
    async with aiohttp.ClientSession() as session:
        while True:
            assert process.returncode is None, (await process.communicate())[0].decode()
            try:
                async with session.get(url) as response:
                    state: dict[str, object] = await response.json()
                    if state["ready"]:
                        return state
            except aiohttp.ClientConnectorError:
                pass
            await asyncio.sleep(0.02)  # another process cannot signal


def age(database: Path) -> None:
    assert migrate.current(f"sqlite:///{database}") == migrate.newest()
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'before'")
    connection.close()
