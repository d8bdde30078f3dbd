"""A clock that moves when a test says so, and wakes whoever sleeps on it."""

import asyncio
from datetime import UTC, datetime, timedelta

#: Tuesday 6 October 2026, 09:23 in Paris: open, and funded.
OPENING = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)


class ManualClock:
    """`bot.clock.Clock`."""

    def __init__(self, at: datetime = OPENING) -> None:
        self._now = at
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return once the test has moved the clock so far."""
        end = self._now + timedelta(seconds=seconds)
        woken = asyncio.Event()
        sleeper = (end, woken)
        self._sleepers.append(sleeper)
        try:
            if end > self._now:
                await woken.wait()
        finally:
            self._sleepers.remove(sleeper)

    @property
    def sleepers(self) -> int:
        """How many sleep on it."""
        return len(self._sleepers)

    def forward(self, **time: float) -> None:
        """Move on by a timedelta's arguments."""
        self.to(self._now + timedelta(**time))

    def set_back(self, **time: float) -> None:
        """Somebody sets the machine's clock back by a timedelta's arguments."""
        self._now -= timedelta(**time)

    def to(self, moment: datetime) -> None:
        """Move on to a moment."""
        if moment < self._now:
            raise ValueError("A clock only moves forward.")
        self._now = moment
        for end, woken in self._sleepers:
            if end <= moment:
                woken.set()
