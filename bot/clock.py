"""The time everybody is given. Knows nothing of what the time is for.

Durations of the field (timers, validity, rate windows) follow the clock. Leases and socket time-outs
use `real_monotonic`, which nobody can move.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

#: How often a sleeper looks whether the clock file has moved, in real seconds.
WATCH_SECONDS = 0.05

#: How often a sleeper looks whether the machine's clock was set, in real seconds.
LOOK_SECONDS = 1.0


class Clock(Protocol):
    """What tells the time and waits for it."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the Clock that others ask

    async def sleep(self, seconds: float) -> None:
        """Wait so long: really, or until the clock was set so far forward or has slept so long."""
        end, really = self.now() + timedelta(seconds=seconds), real_monotonic() + seconds
        while (left := min((end - self.now()).total_seconds(), really - real_monotonic())) > 0:  # noqa: ASYNC110 - nobody signals it
            await asyncio.sleep(min(left, LOOK_SECONDS))


class FileClock:
    """The machine's time plus an offset, in seconds, read from a file that several processes watch.

    The offset only grows; a missing or empty file counts as 0.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset: float | None = None
        self._stamp: tuple[int, int] | None = None

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._read())  # noqa: TID251 - this is the Clock

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock has moved by `seconds`, which a jump of the offset shortens."""
        end = self.now() + timedelta(seconds=seconds)
        while (left := (end - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a file cannot signal
            await asyncio.sleep(min(left, WATCH_SECONDS))

    def forward(self, seconds: float) -> None:
        """Move the clock of every process that watches the file. Only the sandbox does this."""
        if seconds < 0:
            raise ValueError("A clock only moves forward.")
        offset = self._read() + seconds
        draft = self._path.with_suffix(".new")
        draft.write_text(f"{offset:.3f}\n", encoding="ascii")
        draft.replace(self._path)

    def _read(self) -> float:
        """The offset, which may begin below zero (a sandbox in the past) and then only grows."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return self._offset or 0.0
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._stamp:
            text = self._path.read_text(encoding="ascii").strip()
            if text:
                offset = float(text)
                self._offset = offset if self._offset is None else max(self._offset, offset)
            self._stamp = stamp
        return self._offset or 0.0


def clock_from(setting: str) -> SystemClock | FileClock:
    """The clock that `SMT_CLOCK` names: `system`, or the path of an offset file."""
    return SystemClock() if setting == "system" else FileClock(Path(setting))


#: Where the system has it: this one goes on while the machine is suspended, and leases end meanwhile.
_AWAKE_OR_NOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def real_monotonic() -> float:
    """Real seconds for leases and time-outs; never moved by the sandbox, nor by whoever sets the clock."""
    return time.monotonic() if _AWAKE_OR_NOT is None else time.clock_gettime(_AWAKE_OR_NOT)
