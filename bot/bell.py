"""What a loop waits on: somebody rings, or the clock reaches a moment. Knows nothing of the loop."""

import asyncio
from datetime import datetime

from bot.background import Background
from bot.clock import Clock


class Bell:
    """Rung by anybody, and by the clock."""

    def __init__(self, clock: Clock, background: Background, name: str) -> None:
        self._clock = clock
        self._background = background
        self._name = name
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or who will wait next."""
        self._rung.set()

    async def wait(self, until: datetime | None, *, gather: float = 0.0) -> None:
        """Return when rung, or at `until` on the clock (None: only when rung).

        What rings within `gather` real seconds after the first counts as one.
        """
        alarm = None
        if until is not None and not self._rung.is_set():
            alarm = self._background.start(self._at(until), f"{self._name} alarm")
        try:
            await self._rung.wait()
            if gather:
                await asyncio.sleep(gather)
        finally:
            self._rung.clear()
            if alarm is not None:
                alarm.cancel()

    async def _at(self, moment: datetime) -> None:
        left = (moment - self._clock.now()).total_seconds()
        if left > 0:
            await self._clock.sleep(left)
        self._rung.set()
