"""Timers ring once, in order, late ones too; what fails is tried again, then left for the operator."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.background import Background
from bot.clock import FileClock
from bot.domain.outcome import BOARD, SetTimer, StopTimer, Timer
from bot.domain.people import MissionId
from bot.ports import Given
from bot.timer_loop import TimerLoop
from tests.clock import ManualClock
from tests.storage.cast import started
from tests.waiting import until

MINUTE = timedelta(minutes=1)


class Ears:
    """Hears the timers."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.then: Callable[[Given, Timer], Awaitable[None]] | None = None

    async def hear(self, given: Given, timer: Timer) -> None:
        self.heard.append(timer.key)
        if self.then is not None:
            await self.then(given, timer)


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def timers(given: Given, background: Background, ears: Ears) -> TimerLoop:
    return TimerLoop(given, {"test": ears.hear}, background=background, after_ring=lambda: None)


async def set_timers(given: Given, *changes: SetTimer | StopTimer) -> None:
    async with given.storage.transaction() as tx:
        await tx.timers.apply(None, changes, given.now())


async def test_what_is_due_rings_in_order_and_once(
    given: Given, clock: ManualClock, timers: TimerLoop, ears: Ears
) -> None:
    now = clock.now()
    await set_timers(
        given, *(SetTimer("test", now + n * MINUTE, key=str(n)) for n in (30, 5, 10)), StopTimer("test", "10")
    )
    assert await timers.ring_due() == 0
    assert await timers.next_moment() == now + 5 * MINUTE

    clock.forward(hours=1)

    assert await timers.ring_due() == 2
    assert ears.heard == ["5", "30"]
    assert await timers.ring_due() == 0


async def test_a_ring_may_set_what_rings_next(
    given: Given, clock: ManualClock, timers: TimerLoop, ears: Ears
) -> None:
    async def again(given: Given, timer: Timer) -> None:
        if timer.key == "a":
            await set_timers(given, SetTimer("test", timer.due, key="b"), StopTimer("test", "c"))

    ears.then = again
    await set_timers(
        given, SetTimer("test", clock.now(), key="a"), SetTimer("test", clock.now() + MINUTE, key="c")
    )
    clock.forward(minutes=2)

    await timers.ring_due()

    assert ears.heard == ["a", "b"]


async def test_a_failing_timer_is_tried_three_times_and_journalled(
    given: Given, clock: ManualClock, timers: TimerLoop, ears: Ears
) -> None:
    async def fail(given: Given, timer: Timer) -> None:
        if timer.key == "bad":
            raise RuntimeError("a defect")

    ears.then = fail
    await set_timers(
        given, SetTimer("test", clock.now(), key="bad"), SetTimer("test", clock.now() + MINUTE, key="good")
    )
    for _ in range(5):
        await timers.ring_due()
        clock.forward(minutes=1)

    assert ears.heard.count("bad") == 3
    assert ears.heard.count("good") == 1
    async with given.storage.transaction() as tx:
        lines = await tx.journal.between(clock.now() - timedelta(hours=1), clock.now(), "timer.failed")
        owed = await tx.outbox.claim(clock.now(), 10)
    assert len(lines) == 1
    # Nobody waits in vain: OSNP are told what did not happen.
    assert [(one.notice.kind, one.notice.to, one.notice.facts["kind"]) for one in owed] == [
        ("watch.timer_failed", BOARD, "test")
    ]


async def test_failures_are_counted_over_restarts(
    given: Given, background: Background, clock: ManualClock, ears: Ears
) -> None:
    async def fail(given: Given, timer: Timer) -> None:
        raise RuntimeError("a defect")

    ears.then = fail
    await set_timers(given, SetTimer("test", clock.now(), key="bad"))
    for _ in range(5):
        loop = TimerLoop(given, {"test": ears.hear}, background=background, after_ring=lambda: None)
        await loop.ring_due()
        clock.forward(minutes=1)

    assert ears.heard == ["bad"] * 3


async def test_missions_ring_beside_each_other_and_each_in_its_order(
    given: Given, clock: ManualClock, background: Background
) -> None:
    missions = [(await started(given.storage, number=600 + n)).id for n in range(3)]
    now = clock.now()
    async with given.storage.transaction() as tx:
        for mission in missions:
            hours = {"a": now, "b": now + MINUTE, "c": now + MINUTE}
            await tx.timers.apply(mission, [SetTimer("test", h, key=k) for k, h in hours.items()], now)
    heard: dict[MissionId | None, list[str]] = {mission: [] for mission in missions}
    inside: set[MissionId | None] = set()
    most = 0
    together = asyncio.Event()

    async def slow(given: Given, timer: Timer) -> None:
        nonlocal most
        assert timer.mission not in inside, "two timers of one mission at once"
        inside.add(timer.mission)
        most = max(most, len(inside))
        if len(inside) == len(missions):
            together.set()
        await together.wait()
        heard[timer.mission].append(timer.key)
        inside.discard(timer.mission)

    clock.forward(minutes=5)
    loop = TimerLoop(given, {"test": slow}, background=background, after_ring=lambda: None)
    async with asyncio.timeout(10):
        assert await loop.ring_due(at_once=32) == 9

    assert most == 3
    assert list(heard.values()) == [["a", "b", "c"]] * 3


async def test_what_a_dead_worker_was_ringing_rings_elsewhere(
    given: Given, clock: ManualClock, timers: TimerLoop, ears: Ears
) -> None:
    await set_timers(given, SetTimer("test", clock.now(), key="taken over"))
    async with given.storage.transaction() as tx:
        await tx.timers.claim(clock.now(), 10, lease_seconds=60)  # and dies
    assert await timers.ring_due() == 0
    assert await timers.next_moment() is None, "nothing to wake for: another worker rings it"
    async with given.storage.transaction() as tx:
        await tx.timers.take_back_claims()

    assert await timers.ring_due() == 1

    assert ears.heard == ["taken over"]


async def test_a_timer_nobody_waits_for_is_kept_for_the_operators_eyes(
    given: Given, clock: ManualClock, timers: TimerLoop
) -> None:
    await set_timers(given, SetTimer("unheard of", clock.now()))

    assert await timers.ring_due() == 0
    assert await timers.next_moment() is None


async def test_the_alarm_clock_follows_a_clock_that_is_moved(
    given: Given, background: Background, ears: Ears, tmp_path: Path
) -> None:
    file = FileClock(tmp_path / "clock")
    moved = Given(given.storage, file, given.present)
    timers = TimerLoop(moved, {"test": ears.hear}, background=background, after_ring=lambda: None)
    await set_timers(moved, SetTimer("test", file.now() + 30 * MINUTE, key="30 min"))
    stop = asyncio.Event()
    running = background.start(timers.run(stop), "timers")
    await until(lambda: timers.armed_for is not None)
    assert ears.heard == []

    file.forward(30 * 60)

    async with asyncio.timeout(10):
        await until(lambda: ears.heard)  # APScheduler keeps real time
    stop.set()
    timers.wake()
    await running


async def test_a_timer_set_while_it_runs_rings(
    given: Given, background: Background, ears: Ears, timers: TimerLoop, clock: ManualClock
) -> None:
    stop = asyncio.Event()
    running = background.start(timers.run(stop), "timers")
    await set_timers(given, SetTimer("test", clock.now(), key="now"))
    timers.wake()
    await until(lambda: ears.heard)
    stop.set()
    timers.wake()
    await running

    assert ears.heard == ["now"]


async def test_the_purge_is_woken_too(given: Given, background: Background, clock: ManualClock) -> None:
    class Purge:
        """Something to delete in an hour."""

        def __init__(self) -> None:
            self.purged = 0
            self.at = clock.now() + timedelta(hours=1)

        async def purge_due(self) -> int:
            self.purged += clock.now() >= self.at
            return self.purged

        async def next_moment(self) -> datetime | None:
            return None if self.purged else self.at

    purge = Purge()
    timers = TimerLoop(given, {}, background=background, after_ring=lambda: None, purge=purge)
    await timers.ring_due()
    moment = await timers.next_moment()
    assert (purge.purged, moment) == (0, purge.at)

    clock.forward(hours=1)
    await timers.ring_due()

    assert (purge.purged, await timers.next_moment()) == (1, None)
