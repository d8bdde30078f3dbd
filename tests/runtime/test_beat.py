"""Signs of life: who is there, since when Telegram is silent, one round of the watchdog at a time."""

import asyncio
from datetime import timedelta

import pytest

from bot.background import Background
from bot.beat import Beat, Reach
from bot.domain.outcome import StopTimer, TimerKind
from bot.ports import Given
from tests.clock import OPENING, ManualClock
from tests.storage.cast import started
from tests.waiting import until


@pytest.fixture
def reach(clock: ManualClock) -> Reach:
    return Reach(clock)


@pytest.fixture
def beat(given: Given, reach: Reach) -> Beat:
    return Beat(given, "one", reach)


async def alive(given: Given) -> list[str]:
    async with given.storage.transaction() as tx:
        return await tx.workers.alive()


async def test_a_worker_is_there_until_it_leaves(given: Given, beat: Beat, clock: ManualClock) -> None:
    await beat.begin()
    assert await alive(given) == ["one"]
    clock.forward(minutes=3)
    await beat.leave()
    assert await alive(given) == []
    async with given.storage.transaction() as tx:
        assert await tx.workers.last_seen() == clock.now()


async def accounts(given: Given, clock: ManualClock) -> list[object]:
    """Since when somebody was away, of each absence that is to be told."""
    async with given.storage.transaction() as tx:
        lines = await tx.journal.between(OPENING, clock.now() + timedelta(seconds=1), "outage.account_due")
    return [line.facts["since"] for line in lines]


async def test_a_machine_that_was_suspended_gives_an_account_of_it(
    given: Given, reach: Reach, clock: ManualClock
) -> None:
    woken: list[str] = []
    real = ManualClock()
    beat = Beat(given, "one", reach, lambda: woken.append("timers"), real=lambda: real.now().timestamp())
    await beat.begin()
    for _ in range(20):  # as long as it works, however long that is
        for both in (clock, real):
            both.forward(seconds=10)
        await beat.once()
    assert await accounts(given, clock) == []

    fell_asleep = clock.now()
    for both in (clock, real):
        both.forward(minutes=40)
    await beat.once()

    assert await accounts(given, clock) == [fell_asleep.isoformat()]
    assert woken == ["timers"]
    await beat.once()
    assert len(await accounts(given, clock)) == 1


async def test_a_clock_that_is_moved_is_no_sleep(given: Given, reach: Reach, clock: ManualClock) -> None:
    real = ManualClock()
    beat = Beat(given, "one", reach, real=lambda: real.now().timestamp())
    await beat.begin()
    clock.forward(minutes=40)
    real.forward(seconds=10)
    await beat.once()
    assert await accounts(given, clock) == []


async def test_whoever_slept_while_another_worked_tells_nothing(
    given: Given, reach: Reach, clock: ManualClock
) -> None:
    real = ManualClock()
    asleep = Beat(given, "one", reach, real=lambda: real.now().timestamp())
    awake = Beat(given, "two", reach)
    await asleep.begin()
    await awake.begin()
    for both in (clock, real):
        both.forward(minutes=40)
    await awake.once()
    await asleep.once()
    assert await accounts(given, clock) == []


async def test_it_beats_at_once_when_the_clock_is_moved(
    given: Given, beat: Beat, clock: ManualClock, background: Background
) -> None:
    await beat.begin()
    stop = asyncio.Event()
    running = background.start(beat.run(stop), "beats")
    clock.forward(minutes=30)
    beat.wake()
    seen = None
    async with asyncio.timeout(10):
        while seen != clock.now():
            await asyncio.sleep(0)
            async with given.storage.transaction() as tx:
                seen = await tx.workers.last_seen()
    stop.set()
    beat.wake()
    await until(running.done)


def state(reach: Reach) -> tuple[bool, object]:
    """Whether Telegram is lost now, and its last long silence."""
    return reach.is_lost, reach.over


async def test_a_silence_of_telegram_counts_when_it_is_long(clock: ManualClock, reach: Reach) -> None:
    reach.unheard()
    clock.forward(minutes=1)
    reach.heard()
    assert state(reach) == (False, None)
    began = clock.now()
    reach.unheard()
    clock.forward(minutes=3)
    reach.unheard()
    assert state(reach) == (True, None)
    reach.heard()
    assert state(reach) == (False, (began, clock.now()))


async def test_one_worker_makes_the_round(given: Given, beat: Beat, reach: Reach) -> None:
    mission = await started(given.storage)
    async with given.storage.transaction() as tx:
        await tx.timers.apply(mission.id, [StopTimer(TimerKind.UNTOUCHED)], given.now())
    other = Beat(given, "two", reach)
    assert await beat.round() == 1
    assert await other.round() == 0, "the round was made"
    assert (beat.repaired, other.repaired) == (1, 0)
    async with given.storage.transaction() as tx:
        kinds = [timer.kind for timer in await tx.timers.of_mission(mission.id)]
        lines = await tx.journal.between(given.now(), given.now() + timedelta(seconds=1), "watch.repaired")
    assert TimerKind.UNTOUCHED in kinds
    assert len(lines) == 1
