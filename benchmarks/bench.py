"""What every row is given: rounds, databases, the emulated Telegram, a bot."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.databases import Databases
from benchmarks.population import settle_in
from benchmarks.processes import BotProcess, TelegramProcess

#: A round trip to Telegram, where limits are measured.
LATENCY = (0.05, 0.15)


def say(words: str) -> None:
    """To whoever waits for the figures."""
    print(words, flush=True)  # noqa: T201 - a command's output


@dataclass
class Bench:
    """One run of `python -m benchmarks`."""

    rounds: int
    small: bool
    databases: Databases
    folder: Path
    profile: Path | None = None
    say: Callable[[str], None] = say
    _peopled: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The databases there are."""
        return self.databases.kinds

    def size(self, full: int, small: int) -> int:
        """So many; few when only the benchmark itself is tried."""
        return small if self.small else full

    @asynccontextmanager
    async def telegram(self, *, limits: bool, latency: bool) -> AsyncIterator[TelegramProcess]:
        """An emulated Telegram in its own process."""
        process = TelegramProcess(self.folder)
        try:
            await process.start()
            await process("set", limits=limits, latency=list(LATENCY) if latency else [])
            yield process
        finally:
            await process.stop()

    async def peopled(self, kind: str, telegram: TelegramProcess, idels: int) -> tuple[str, int]:
        """A fresh database in which everybody has started the bot, and the OSNP group's number."""
        if (kind, idels) not in self._peopled:
            url = self.databases.new(kind)
            self._peopled[kind, idels] = (url, await settle_in(url, telegram, idels))
        url, _ = self._peopled[kind, idels]
        group = (await telegram("idels", count=idels))["group"]
        return self.databases.copy(url), group

    def bot(self, row: str, telegram: TelegramProcess, url: str, group: int, **options: Any) -> BotProcess:
        """A bot on that database; profiled when that was asked for."""
        if self.profile is not None and "statements" not in options:
            kind = url.partition(":")[0]
            options["profile"] = self.profile / f"{row}-{kind}.prof"
        return BotProcess(self.folder, telegram, url, group, **options)


def _folder() -> Path:
    # /var/tmp is kept over a restart: it is on disk, where /tmp may be memory.
    base = Path("/var/tmp")  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="smt-bench-", dir=base if base.is_dir() else None))
    folder.chmod(0o711)  # PostgreSQL passes through as another user
    return folder


@asynccontextmanager
async def opened(
    *, rounds: int, small: bool, kinds: tuple[str, ...], profile: Path | None = None
) -> AsyncIterator[Bench]:
    """Everything a row needs, in a folder on disk that is removed at the end."""
    folder = _folder()
    databases = Databases(folder, kinds)
    try:
        yield Bench(rounds, small, databases, folder, profile)
    finally:
        databases.stop()
        shutil.rmtree(folder, ignore_errors=True)
