"""The sandbox: the emulated Telegram and its page in this process, the bot as a child process of its own.

They meet over HTTP only. The bot may be killed and started again; Telegram, clock and people live on.
"""

import asyncio
import csv
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import aiohttp

from bot.clock import FileClock, SystemClock
from bot.sandbox import demo, example, forward
from bot.sandbox.cast import Cast, gather, listed, newcomers
from bot.sandbox.elsewhere import Elsewhere
from bot.sandbox.player import PATIENCE, Player
from bot.sandbox.ports import free_port
from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import TOKEN, Telegram

PARIS = ZoneInfo("Europe/Paris")

#: Tuesday 6 October 2026, 09:23: the service is open and the indemnity funded.
OPENING = "2026-10-06T09:23"

PROJECT = Path(__file__).parents[2]
READY_SECONDS = 60.0  # real ones, for the bot's first poll
STOP_SECONDS = 10.0
RESTART_SECONDS = 5  # long enough to see on the page that the bot is away
EXAMPLE_PATIENCE = 10.0  # somebody looks at the page and waits


class SandboxError(Exception):
    """The sandbox cannot start; the words say why."""


@dataclass
class Sandbox:
    """One play: Telegram, clock, cast, and the bot's process."""

    folder: Path
    clock: FileClock
    telegram: Telegram
    cast: Cast
    port: int
    bot_port: int
    log: int | None = None
    process: asyncio.subprocess.Process | None = None
    environment: dict[str, str] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None

    @property
    def url(self) -> str:
        """The page."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def bot_url(self) -> str:
        """The bot's own web server."""
        return f"http://127.0.0.1:{self.bot_port}"

    async def command(self, *arguments: str) -> str:
        """A short command of the bot; what it prints."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", *arguments),
            cwd=PROJECT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        if process.returncode:
            raise SandboxError(f"python -m bot {' '.join(arguments)}: {err.decode().strip()}")
        return out.decode()

    async def start_bot(self) -> None:
        """Start the bot's process and wait until it has asked for updates."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", "run"),
            cwd=PROJECT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        loop = asyncio.get_running_loop()
        end = loop.time() + READY_SECONDS
        while not self.telegram.updates.alive(1.0):
            if self.process.returncode is not None:
                raise SandboxError("The bot stopped at once; its words are above.")
            if loop.time() > end:
                raise SandboxError("The bot did not ask for updates in time.")
            await asyncio.sleep(0.02)

    async def bot_ends(self) -> None:
        """Wait until the bot's process is no more."""
        if self.process is not None:
            await self.process.wait()

    async def kill_bot(self) -> None:
        """SIGKILL, as a power cut would."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()

    async def stop_bot(self) -> None:
        """Ask it to stop, then insist."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill_bot()

    async def forward(self, minutes: float) -> None:
        """Run time forward, the bot coming to rest at each minute."""
        await forward.run_forward(self.telegram, self.clock, minutes, self.bot_url)

    async def quiet(self) -> None:
        """Wait until the bot has nothing left to do."""
        await forward.quiet(self.telegram, self.bot_url)

    async def closed_until(self) -> str | None:
        """When the service opens again, in words; None while it is open."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.bot_url}/health") as response,
        ):
            health = await response.json()
        if health.get("service_open", True) or not health.get("next_opening"):
            return None
        opening = datetime.fromisoformat(health["next_opening"]).astimezone(PARIS)
        return f"{opening:%d/%m/%Y à %H:%M}"

    async def register(self) -> None:
        """Import the cast, and have everybody open their personal link."""
        listing = self.folder / "people.csv"
        rows = listed(self.elsewhere)
        with listing.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
        await self.command("people", "import", str(listing))
        links = csv.DictReader((await self.command("people", "invite", "--csv")).splitlines())
        by_phone = {user.phone: user for user in self.cast.people.values() if user.phone}
        for row in links:
            query = parse_qs(urlsplit(row["link"]).query)
            if "startgroup" in query:
                chat = self.cast.houses[row["name"]]
                member = chat.members[0]
                self.telegram.add_bot_to_group(chat, member)
                words = f"/start@{self.telegram.bot.username} {query['startgroup'][0]}"
                self.telegram.send_text(member, chat, words)
            elif (user := by_phone.get(row["phone"])) is not None and user.on_telegram:
                self.telegram.start(user, query["start"][0])

    def player(self, patience: float = PATIENCE) -> Player:
        """Hands that act for the cast."""
        return Player(self.telegram, self.clock, self.cast, self.forward, self.quiet, patience)


def start_moment(at: str | None) -> datetime:
    """`--at`: a local moment of Haut-Rhin, or `now`."""
    if at == "now":
        return SystemClock().now()
    try:
        return datetime.fromisoformat(at or OPENING).replace(tzinfo=PARIS).astimezone(UTC)
    except ValueError as error:
        raise SandboxError("--at is a moment such as 2026-10-06T09:23, or `now`.") from error


@asynccontextmanager
async def opened(
    *,
    port: int = 0,
    at: str | None = None,
    quiet_bot: bool = False,
    latency: tuple[float, float] | None = None,
    elsewhere: Elsewhere | None = None,
) -> AsyncIterator[Sandbox]:
    """Everything runs while the block runs, on a fresh folder that is removed at the end."""
    moment = start_moment(at)
    folder = Path(tempfile.mkdtemp(prefix="smt-sandbox-"))
    offset = (moment - SystemClock().now()).total_seconds()
    (folder / "clock").write_text(f"{offset:.3f}\n", encoding="ascii")
    clock = FileClock(folder / "clock")
    telegram = Telegram(clock, latency=latency)
    cast = gather(telegram, elsewhere)
    sandbox = Sandbox(folder, clock, telegram, cast, port, free_port(), elsewhere=elsewhere)
    newcomers(telegram)
    app = create_app(
        telegram,
        run_clock=sandbox.forward,
        start_example=lambda: example.open_mission(
            sandbox.player(EXAMPLE_PATIENCE), told=elsewhere.told if elsewhere else str
        ),
    )
    try:
        runner = await serve(app, port=port)
    except OSError as error:
        raise SandboxError(f"Port {port} is taken: choose another, `--port 8090`.") from error
    sandbox.port = runner.addresses[0][1]
    sandbox.environment = environment(sandbox)
    log = None
    if quiet_bot:
        log = os.open(folder / "bot.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sandbox.log = log
    try:
        await sandbox.register()
        await sandbox.start_bot()
        await sandbox.quiet()
        yield sandbox
    finally:
        await sandbox.stop_bot()
        await runner.cleanup()
        if log is not None:
            os.close(log)
        shutil.rmtree(folder, ignore_errors=True)


def environment(sandbox: Sandbox) -> dict[str, str]:
    """What the bot is told; nothing of the machine's own SMT_ settings."""
    group = sandbox.cast.group
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SMT_")}
    return kept | {
        "SMT_REGION": str(sandbox.elsewhere.file) if sandbox.elsewhere else "",
        "SMT_BOT_TOKEN": TOKEN,
        "SMT_TELEGRAM_API": f"http://127.0.0.1:{sandbox.port}",
        "SMT_GROUP_ID": str(group.id if group else 0),
        "SMT_DATA_DIR": str(sandbox.folder),
        "SMT_DATABASE_URL": "",
        "SMT_PUBLIC_URL": sandbox.bot_url,
        "SMT_INTAKE": "polling",
        "SMT_SMS": f"http://127.0.0.1:{sandbox.port}/sms",
        "SMT_FICTION_NUMBERS": "true",
        "SMT_CLOCK": str(sandbox.folder / "clock"),
        "SMT_LISTEN": f"127.0.0.1:{sandbox.bot_port}",
        "SMT_SECRET_KEY": secrets.token_hex(32),
    }


async def play(
    *, port: int, at: str | None, elsewhere: Elsewhere | None = None, say: Callable[[str], None] = print
) -> int:
    """`python -m bot sandbox`: until interrupted."""
    try:
        async with opened(port=port, at=at, elsewhere=elsewhere) as sandbox:
            local = sandbox.clock.now().astimezone(PARIS)
            where = elsewhere.name if elsewhere else "Haut-Rhin"
            say(f"Bac à sable ouvert : {sandbox.url}")
            say(f"Il y est le {local:%d/%m/%Y, %H:%M} ({where}). Ctrl+C pour arrêter.")
            if (reopens := await sandbox.closed_until()) is not None:
                say(f"Le service est fermé à cette heure : aucune mission avant le {reopens}.")
            while True:
                await sandbox.bot_ends()
                say(f"Le bot s'est arrêté, il repart dans {RESTART_SECONDS} s. Telegram et les gens sont là.")
                await asyncio.sleep(RESTART_SECONDS)
                await sandbox.start_bot()
    except SandboxError as error:
        say(str(error))
        return 1
    except asyncio.CancelledError:
        return 0


async def demonstrate(say: Callable[[str], None] = print) -> int:
    """`python -m bot demo`: 0 when every expected line was seen."""
    try:
        async with opened(quiet_bot=True) as sandbox:
            player = sandbox.player()
            try:
                await demo.whole_mission(player)
            except demo.NotSeen as missing:
                say(demo.every_chat(player))
                say(f"ATTENDU, JAMAIS VU : {missing}")
                return 1
            say(demo.every_chat(player))
            say(demo.summary(player))
            return 0
    except SandboxError as error:
        say(str(error))
        return 1
