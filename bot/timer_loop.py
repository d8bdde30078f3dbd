"""Rings the timers that are due. The table is the truth; APScheduler is only the alarm clock.

Knows when, and whom to call; knows nothing of what a ring means. A timer that rings twice, or late, is
harmless: the flow behind it compares it with the present. Several workers share the table: each claims
what it rings, and what a dead one had claimed comes back when its lease ends.
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
from bot.clock import SystemClock, real_monotonic
from bot.domain.outcome import BOARD, Event, Fact, Notice, Priority, Timer, to_group
from bot.ports import Given

log = logging.getLogger(__name__)

OnTimer = Callable[[Given, Timer], Awaitable[None]]

AT_ONCE = 32  # missions whose timers ring beside each other
TRIES = 3  # counted in the timer's row: a restart does not begin anew
RETRY = timedelta(seconds=5)
JUMP = timedelta(milliseconds=100)  # more than this between two looks: somebody moved the clock
WATCH_SECONDS = 0.2
LOOK_SECONDS = 5.0  # real ones: what other workers set, or left behind
PURGE_SECONDS = 1.0  # real ones, between two looks for messages to delete
GATHER_SECONDS = 0.05  # real ones: a hundred decisions at once are one reason to look, not a hundred


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
        on_jump: Callable[[], None] = lambda: None,
    ) -> None:
        self._given = given
        self._on_timer = on_timer
        self._background = background
        self._after_ring = after_ring
        self._purge = purge
        self._purging: asyncio.Task[None] | None = None
        self._next_purge: datetime | None = None  # as last looked at
        self._purge_looked_at = -PURGE_SECONDS
        self._on_jump = on_jump
        self._bell = Bell(given.clock, background, "timers")
        self._ringing = asyncio.Lock()
        self._rang = 0  # since somebody asked to ring what is due
        self._rung: list[Timer] = []  # their flows are done; to be marked with the next claim
        self._offset = self._ahead()  # when the alarm was set
        self.armed_for: datetime | None = None  # the moment of our clock the alarm is set for

    def wake(self) -> None:
        """Timers may have been set or stopped."""
        self._bell.ring()

    async def ring_due(self, at_once: int = 1) -> int:
        """Ring what is due by the clock, earliest first, with what that sets; how many rang.

        `at_once` missions ring beside each other, each mission's own timers one after another.
        """
        rang = await self._ring_all(at_once)
        if self._purge is not None:
            await self._purge.purge_due()
        return rang

    async def next_moment(self) -> datetime | None:
        """When the next timer that nobody rings comes due or the next message is to be purged."""
        async with self._given.storage.transaction() as tx:
            moments = [await tx.timers.next_claim()]
        if self._purge is not None and (self._purging is None or self._purging.done()):
            moments.append(await self._purge.next_moment())
        return min((moment for moment in moments if moment is not None), default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Ring until `stop` is set (and `wake` called)."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.start()
        for work, seconds in ((self._watch, WATCH_SECONDS), (self._look_again, LOOK_SECONDS)):
            scheduler.add_job(work, IntervalTrigger(seconds=seconds), coalesce=True, max_instances=1)
        try:
            while not stop.is_set():
                try:
                    await self._ring_all(AT_ONCE)
                    self._begin_purge()
                    moment = await self._next_to_come()
                except Exception:
                    log.exception("the timers cannot be read")
                    moment = self._given.now() + RETRY
                self._arm(scheduler, moment)
                await self._bell.wait(None, gather=GATHER_SECONDS)
        finally:
            scheduler.shutdown(wait=False)

    async def _next_to_come(self) -> datetime | None:
        async with self._given.storage.transaction() as tx:
            due = await tx.timers.next_claim()
        moments = (due, self._next_purge)
        return min((moment for moment in moments if moment is not None), default=None)

    def _begin_purge(self) -> None:
        """Beside the ringing: deleting a thousand messages takes its time.

        Looked for once in a while: a message is to be deleted hours after it was sent.
        """
        if self._purge is None or (self._purging is not None and not self._purging.done()):
            return
        is_due = self._next_purge is not None and self._next_purge <= self._given.now()
        if is_due or real_monotonic() - self._purge_looked_at >= PURGE_SECONDS:
            self._purging = self._background.start(self._purged(self._purge), "purge")

    async def _purged(self, purge: Purging) -> None:
        self._purge_looked_at = real_monotonic()
        await purge.purge_due()
        before, self._next_purge = self._next_purge, await purge.next_moment()
        if self._next_purge != before:
            self.wake()

    async def _ring_all(self, at_once: int) -> int:
        working: set[asyncio.Task[None]] = set()
        async with self._ringing:
            self._rang = 0
            while True:
                if len(working) <= at_once // 2:
                    for timer in await self._claim(at_once - len(working)):
                        working.add(self._background.start(self._ring(timer), f"timer {timer.id}"))
                if not working:
                    return self._rang
                _, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)

    async def _claim(self, room: int) -> list[Timer]:
        """Take so many, and mark those that rang and decided nothing: a flow that decides marks its own."""
        now, rung = self._given.now(), list(self._rung)
        async with self._given.storage.transaction() as tx:
            for timer in rung:
                await tx.timers.rung(timer, now)
            claimed = await tx.timers.claim(now, room)
        self._rung = self._rung[len(rung) :]
        return claimed

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
            self._purge_looked_at = -PURGE_SECONDS
            self._on_jump()
            self.wake()

    async def _look_again(self) -> None:
        """Another worker may have set a timer, or died ringing one."""
        self.wake()

    def _ahead(self) -> timedelta:
        return self._given.now() - SystemClock().now()

    async def _ring(self, timer: Timer) -> None:
        handler = self._on_timer.get(timer.kind)
        try:
            if handler is None:
                raise LookupError(f"nobody waits for timers of kind {timer.kind!r}")
            log.info("timer %d (%s) rings, mission %s", timer.id, timer.kind, timer.mission)
            await handler(self._given, timer)
        except Exception as error:
            log.exception("timer %d (%s) failed", timer.id, timer.kind)
            await self._failed(timer, error, final=handler is None)
            return
        self._rang += 1
        self._rung.append(timer)
        self._after_ring()

    async def _failed(self, timer: Timer, error: Exception, *, final: bool) -> None:
        """To be rung again, or left: then OSNP are told what was awaited."""
        now = self._given.now()
        failures = timer.failures + 1
        if failures < TRIES and not final:
            async with self._given.storage.transaction() as tx:
                await tx.timers.failed(timer, now, now + RETRY * failures)
            return
        facts: dict[str, Fact] = {"kind": timer.kind, "timer": timer.id, "error": type(error).__name__}
        async with self._given.storage.transaction() as tx:
            if timer.mission is not None:
                await tx.missions.lock(timer.mission)  # always the mission first
            await tx.timers.failed(timer, now, None)
            await tx.journal.write(timer.mission, [Event("timer.failed", facts)], "timer", now)
            await tx.outbox.owe([_not_rung(timer)], now)
        self._after_ring()


def _not_rung(timer: Timer) -> Notice:
    """What OSNP are told: nobody else would notice that something did not happen."""
    return Notice(
        kind="watch.timer_failed",
        to=BOARD if timer.mission is None else to_group(timer.mission),
        mission=timer.mission,
        facts={"kind": timer.kind, "due": timer.due.isoformat()},
        priority=Priority.RECEIPT,
    )
