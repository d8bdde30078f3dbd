"""This process says every few seconds that it is there, and looks whether it and Telegram always were.

What nobody did meanwhile is told to OSNP once. The round of the watchdog is made here too: in real time,
by one worker.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.clock import Clock, real_monotonic
from bot.flows import outage, reach, watch
from bot.ports import Given, Transaction

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0  # real ones
ALIVE_SECONDS = 30.0  # three beats missed: dead
ROUND_SECONDS = 60.0  # real ones, of the watchdog
ROUND_LEASE = 50.0  # somewhat less, so that the next round may be another worker's


class Reach:
    """Whether Telegram answers: since when it has not, and the last silence that was long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.silent_since: datetime | None = None
        self.over: tuple[datetime, datetime] | None = None

    def heard(self) -> None:
        """It answered, whatever it said."""
        if self.silent_since is not None:
            now = self._clock.now()
            if now - self.silent_since > outage.ABSENCE:
                self.over = (self.silent_since, now)
            self.silent_since = None

    def unheard(self) -> None:
        """A call got no answer."""
        if self.silent_since is None:
            self.silent_since = self._clock.now()

    @property
    def is_lost(self) -> bool:
        """Silent for so long that it counts as an outage."""
        return self.silent_since is not None and self._clock.now() - self.silent_since > outage.ABSENCE


class Beat:
    """One worker's sign of life."""

    def __init__(
        self,
        given: Given,
        worker: str,
        reach: Reach,
        after: Callable[[], None] = lambda: None,
        *,
        real: Callable[[], float] = real_monotonic,
    ) -> None:
        self._given = given
        self._worker = worker
        self._reach = reach
        self._after = after
        self._started_at = given.now()
        self._host = socket.gethostname()
        self._real = real
        self._signed_at = real()  # the last sign, in real seconds: those of a suspended machine count
        self._lost_noted: datetime | None = None
        self._woken = asyncio.Event()
        self.begun = False
        self.repaired = 0  # missions the watchdog found without anything to come, since the start

    async def begin(self) -> None:
        """The first sign: when nobody has been there for a while, an account of it will be given."""
        self._started_at = self._given.now()
        async with self._given.storage.transaction() as tx:
            await outage.somebody_is_back(self._given, tx, self._worker)
            await self._sign(tx)
        self._signed_at = self._real()
        self.begun = True

    async def once(self) -> None:
        """Say that we are there; note that Telegram is not, or is again, and that we were not for a while."""
        stood_still = self._real() - self._signed_at > outage.ABSENCE.total_seconds()
        async with self._given.storage.transaction() as tx:
            if stood_still:
                await outage.somebody_is_back(self._given, tx, self._worker)
            await self._sign(tx)
        self._signed_at = self._real()
        if stood_still:
            log.warning("we stood still, or the database did: OSNP get an account of it")
            self._after()
        since, over = self._reach.silent_since, self._reach.over
        if self._reach.is_lost and since is not None and self._lost_noted != since:
            self._lost_noted = since
            await outage.telegram_lost(self._given, since)
        if over is not None:
            self._reach.over = None
            await outage.telegram_is_back(self._given, *over)
            self._after()

    async def _sign(self, tx: Transaction) -> None:
        now = self._given.now()
        await tx.workers.beat(self._worker, self._host, os.getpid(), self._started_at, now, ALIVE_SECONDS)

    async def leave(self) -> None:
        """We stop, and were here until now."""
        if self.begun:
            self.begun = False
            try:
                async with self._given.storage.transaction() as tx:
                    await tx.workers.leave(self._worker, self._given.now())
            except Exception:
                log.exception("our end could not be written")  # the rest must be closed all the same

    async def round(self) -> int:
        """The watchdog's: missions for which nothing is to come are mended; how many."""
        async with self._given.storage.transaction() as tx:
            if not await tx.leases.take("watchdog", self._worker, ROUND_LEASE):
                return 0
        if await reach.keep_checking(self._given):
            self._after()
        mended = await watch.look_for_forgotten(self._given)
        if mended:
            log.warning("%d missions had nothing to come: mended", mended)
            self.repaired += mended
            self._after()
        return mended

    def wake(self) -> None:
        """The clock was moved: say at once that we are still there."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until `stop`."""
        await self._every(BEAT_SECONDS, self.once, stop)

    async def run_rounds(self, stop: asyncio.Event) -> None:
        """Make the watchdog's rounds until `stop`."""
        await self._every(ROUND_SECONDS, self.round, stop, by_wake=False)

    async def _every(
        self,
        seconds: float,
        work: Callable[[], Awaitable[object]],
        stop: asyncio.Event,
        *,
        by_wake: bool = True,
    ) -> None:
        while not stop.is_set():
            self._woken.clear()
            try:
                await work()
            except Exception:
                log.exception("no sign of life could be written")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await (self._woken if by_wake else stop).wait()
