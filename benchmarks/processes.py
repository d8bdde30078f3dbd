"""Starts and stops the processes of a benchmark: the emulated Telegram, and the bot itself."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp

from bot.clock import SystemClock, real_monotonic
from bot.sandbox.play import start_moment
from bot.sandbox.ports import free_port
from bot.sandbox.telegram import TOKEN
from tests.regions import asking_everybody

PROJECT = Path(__file__).parents[1]
SECRET = "a secret for the benchmarks only"  # noqa: S105 - seals invented patients
READY_SECONDS = 120.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.01

#: An operator's environment has no `rich` (it comes with the linters), and httpx loads it where it is.
AS_INSTALLED = (
    "import runpy, sys; sys.modules['rich'] = None; del sys.argv[:2];"
    " runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


class Stopped(Exception):  # noqa: N818 - said to whoever runs the benchmark
    """A process of the benchmark ended by itself, or never got ready."""


def opening_offset() -> float:
    """Seconds from now to a morning on which the service is open."""
    return (start_moment(None) - SystemClock().now()).total_seconds()


async def _start(*command: str, log: Path, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    with log.open("ab") as file:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            AS_INSTALLED,
            *command,
            cwd=PROJECT,
            env=environment,
            stdout=file,
            stderr=file,
        )


async def _end(process: asyncio.subprocess.Process, seconds: float) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()


@dataclass
class TelegramProcess:
    """The emulated Telegram, reached through its door."""

    folder: Path
    port: int = field(default_factory=free_port)
    offset: float = field(default_factory=opening_offset)
    _process: asyncio.subprocess.Process | None = None
    _session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Where the bot finds it."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and wait until its door answers."""
        environment = {name: v for name, v in os.environ.items() if not name.startswith("SMT_")}
        self._process = await _start(
            *("-m", "benchmarks.telegram", "--port", str(self.port)),
            log=self.folder / "telegram.log",
            environment=environment,
        )
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        end = real_monotonic() + READY_SECONDS
        while True:
            try:
                await self("set", offset=self.offset)
            except aiohttp.ClientConnectionError:
                if self._process.returncode is not None or real_monotonic() > end:
                    raise Stopped("the emulated Telegram did not start") from None
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return

    async def __call__(self, what: str, **arguments: Any) -> Any:
        """One method of `benchmarks.telegram.Stage`."""
        assert self._session is not None  # noqa: S101 - start() has opened it
        async with self._session.post(f"{self.url}/bench/{what}", json=arguments) as response:
            answer = await response.json()
        if isinstance(answer, dict) and "error" in answer:
            raise Stopped(answer["error"])
        return answer

    def now(self) -> datetime:
        """The moment it is for everybody of this benchmark."""
        return SystemClock().now() + timedelta(seconds=self.offset)

    async def back_to(self, moment: datetime) -> None:
        """It is that moment again; bots started from now on live in it too."""
        self.offset = (moment - SystemClock().now()).total_seconds()
        await self("set", offset=self.offset)

    async def stop(self) -> None:
        """End it."""
        if self._session is not None:
            await self._session.close()
        if self._process is not None:
            await _end(self._process, 2.0)


@dataclass
class BotProcess:
    """The bot, as `python -m bot run` starts it, or `benchmarks.bot` where something is to be left out."""

    folder: Path
    telegram: TelegramProcess
    database_url: str
    group: int
    limits: bool = True  # our own rates
    profile: Path | None = None  # where cProfile writes
    statements: Path | None = None  # where every statement is written
    offset: float | None = None  # of the clock, when it is not Telegram's
    port: int = field(default_factory=free_port)
    started_at: float = 0.0
    _process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        await self.ready()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it; it is not ready yet."""
        clock = self.folder / f"clock-{self.port}"
        offset = self.telegram.offset if self.offset is None else self.offset
        clock.write_text(f"{offset:.3f}\n", encoding="ascii")
        environment = {name: v for name, v in os.environ.items() if not name.startswith("SMT_")} | {
            "SMT_BOT_TOKEN": TOKEN,
            "SMT_TELEGRAM_API": self.telegram.url,
            "SMT_GROUP_ID": str(self.group),
            "SMT_DATA_DIR": str(self.folder),
            "SMT_DATABASE_URL": self.database_url,
            "SMT_FICTION_NUMBERS": "true",
            "SMT_CLOCK": str(clock),
            "SMT_LISTEN": f"127.0.0.1:{self.port}",
            "SMT_SECRET_KEY": SECRET,
            "SMT_REGION": str(asking_everybody(self.folder)),
        }
        self.started_at = real_monotonic()
        self._process = await _start(*self._command(), log=self.folder / "bot.log", environment=environment)

    def _command(self) -> list[str]:
        options: list[str] = []
        if not self.limits:
            options += ["--no-limits"]
        if self.profile is not None:
            options += ["--profile", str(self.profile)]
        if self.statements is not None:
            options += ["--statements", str(self.statements)]
        return ["-m", "benchmarks.bot", *options] if options else ["-m", "bot", "run"]

    async def ready(self) -> None:
        """Wait until it works."""
        end = real_monotonic() + READY_SECONDS
        async with aiohttp.ClientSession() as session:
            while not (await self._health(session)).get("ready"):
                if self._process is None or self._process.returncode is not None:
                    raise Stopped(f"the bot stopped: see {self.folder / 'bot.log'}")
                if real_monotonic() > end:
                    raise Stopped("the bot did not get ready")
                await asyncio.sleep(LOOK_SECONDS)

    async def quiet(self) -> None:
        """Wait until it has nothing to do that it may do now."""
        async with aiohttp.ClientSession() as session:
            while not (await self._health(session)).get("quiet"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_SECONDS * 5)

    async def _health(self, session: aiohttp.ClientSession) -> dict[str, Any]:
        try:
            async with session.get(f"http://127.0.0.1:{self.port}/health") as response:
                answer: dict[str, Any] = await response.json()
                return answer
        except aiohttp.ClientError:
            return {}

    def processor_seconds(self) -> float:
        """What it has used of the processor so far."""
        assert self._process is not None  # noqa: S101 - it runs
        status = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        fields = status.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_megabytes(self, *, peak: bool = False) -> float:
        """Its memory as Linux counts it; its highest so far with `peak`."""
        assert self._process is not None  # noqa: S101 - it runs
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        name = "VmHWM:" if peak else "VmRSS:"
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024

    async def stop(self) -> None:
        """Ask it to stop, then insist."""
        if self._process is not None:
            await _end(self._process, STOP_SECONDS)

    async def kill(self) -> None:
        """SIGKILL: what it owes stays owed."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
