"""Rings the timers that are due. The table is the truth; APScheduler is only the alarm clock.

Knows when, and whom to call; knows nothing of what a ring means. A timer that rings twice, or late, is
harmless: the flow behind it compares it with the present.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.background import Background
from bot.bell import Bell
from bot.clock import SystemClock
from bot.domain.outcome import Event, Fact, Timer
from bot.ports import Given

log = logging.getLogger(__name__)

OnTimer = Callable[[Given, Timer], Awaitable[None]]

TRIES = 3
RETRY = timedelta(seconds=5)
JUMP = timedelta(milliseconds=100)  # more than this between two looks: somebody moved the clock
WATCH_SECONDS = 0.2


class Purging(Protocol):
    """What deletes messages in their time."""

    async def purge_due(self) -> int:
        """Delete what is to be deleted by now; how many are gone."""
        ...

    async def next_moment(self) -> datetime | None:
        """When the next must go."""
        ...


class TimerLoop:
    """Wakes the flows, and the purge."""

    def __init__(
        self,
        given: Given,
        on_timer: Mapping[str, OnTimer],
        *,
        background: Background,
        after_ring: Callable[[], None],
        purge: Purging | None = None,
    ) -> None:
        self._given = given
        self._on_timer = on_timer
        self._after_ring = after_ring
        self._purge = purge
        self._bell = Bell(given.clock, background, "timers")
        self._failures: dict[int, int] = {}
        self._ringing = asyncio.Lock()
        self._offset = self._ahead()  # when the alarm was set
        self.armed_for: datetime | None = None  # the moment of our clock the alarm is set for

    def wake(self) -> None:
        """Timers may have been set or stopped."""
        self._bell.ring()

    async def ring_due(self) -> int:
        """Ring what is due by the clock, earliest first, with what that sets; how many rang."""
        rang = 0
        async with self._ringing:
            while True:
                async with self._given.storage.transaction() as tx:
                    due = await tx.timers.due(self._given.now(), 1)
                if not due:
                    break
                # One at a time: each may stop or set others.
                rang += await self._ring(due[0])
        if self._purge is not None:
            await self._purge.purge_due()
        return rang

    async def next_moment(self) -> datetime | None:
        """When the next timer rings or the next message is to be purged."""
        async with self._given.storage.transaction() as tx:
            moments = [await tx.timers.next_due()]
        if self._purge is not None:
            moments.append(await self._purge.next_moment())
        return min((moment for moment in moments if moment is not None), default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Ring until `stop` is set (and `wake` called)."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.start()
        scheduler.add_job(self._watch, IntervalTrigger(seconds=WATCH_SECONDS), coalesce=True, max_instances=1)
        try:
            while not stop.is_set():
                try:
                    await self.ring_due()
                    moment = await self.next_moment()
                except Exception:
                    log.exception("the timers cannot be read")
                    moment = self._given.now() + RETRY
                self._arm(scheduler, moment)
                await self._bell.wait(None)
        finally:
            scheduler.shutdown(wait=False)

    def _arm(self, scheduler: Any, moment: datetime | None) -> None:
        """Set the alarm for a moment of our clock, which may run ahead of the machine's."""
        self.armed_for = moment
        self._offset = self._ahead()
        if moment is None:
            if scheduler.get_job("next") is not None:
                scheduler.remove_job("next")
            return
        real = moment - self._offset
        scheduler.add_job(
            self.wake, DateTrigger(run_date=real), id="next", replace_existing=True, misfire_grace_time=None
        )

    async def _watch(self) -> None:
        """The sandbox moves the clock: what is due then must ring."""
        if abs(self._ahead() - self._offset) > JUMP:
            self.wake()

    def _ahead(self) -> timedelta:
        return self._given.now() - SystemClock().now()

    async def _ring(self, timer: Timer) -> int:
        handler = self._on_timer.get(timer.kind)
        try:
            if handler is None:
                raise LookupError(f"nobody waits for timers of kind {timer.kind!r}")
            log.info("timer %d (%s) rings, mission %s", timer.id, timer.kind, timer.mission)
            await handler(self._given, timer)
        except Exception as error:
            log.exception("timer %d (%s) failed", timer.id, timer.kind)
            await self._failed(timer, error, final=handler is None)
            return 0
        # A flow marks its timer in the commit of its decision; this is for those that decided nothing.
        async with self._given.storage.transaction() as tx:
            await tx.timers.rung(timer, self._given.now())
        self._failures.pop(timer.id, None)
        self._after_ring()
        return 1

    async def _failed(self, timer: Timer, error: Exception, *, final: bool) -> None:
        now = self._given.now()
        failures = self._failures[timer.id] = self._failures.get(timer.id, 0) + 1
        final = final or failures >= TRIES
        async with self._given.storage.transaction() as tx:
            await tx.timers.failed(timer, now, None if final else now + RETRY * failures)
            if final:
                facts: dict[str, Fact] = {
                    "kind": timer.kind,
                    "timer": timer.id,
                    "error": type(error).__name__,
                }
                await tx.journal.write(timer.mission, [Event("timer.failed", facts)], "timer", now)
        if final:
            self._failures.pop(timer.id, None)
