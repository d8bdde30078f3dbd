"""`python -m bot …` as an operator meets it, against the emulated server over HTTP."""

import asyncio
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.clock import SystemClock
from bot.flows.people import COLUMNS
from bot.sandbox.chats import BotRights, Chat, User
from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import TOKEN, Telegram
from storage import migrate

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


async def test_a_bad_line_stops_the_whole_import(shell: Shell) -> None:
    file = shell.csv("osnp,Martin,Léa,0639980001,,,,,,,", "idel,Benali,Amina,12,,,Mulhouse,,,,")

    code, said = await shell.bot("people", "import", file)

    assert code == 1
    assert "Line 3: «12» is no telephone number." in said
    assert "Nothing was imported." in said
    _, listed = await shell.bot("people", "list")
    assert "Léa" not in listed


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def age(database: Path) -> None:
    assert migrate.current(f"sqlite:///{database}") == migrate.newest()
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'before'")
    connection.close()
