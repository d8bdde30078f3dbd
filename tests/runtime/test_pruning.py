"""Old rows go while the bot is idle, and only then."""

from datetime import timedelta

from bot.background import Background
from bot.domain.outcome import SetTimer, StopTimer
from bot.ports import Given, Storage
from bot.pruning import BATCH, EVERY, ROWS_KEPT, Pruning
from tests.clock import ManualClock
from tests.waiting import until

YEAR = timedelta(days=365)


async def ended_timers(storage: Storage, clock: ManualClock, count: int) -> None:
    async with storage.transaction() as tx:
        await tx.timers.apply(
            None, [SetTimer("k", clock.now(), key=str(n)) for n in range(count)], clock.now()
        )
        await tx.timers.apply(None, [StopTimer("k", None)], clock.now())


async def rows(storage: Storage) -> int:
    async with storage.connection() as connection:  # type: ignore[attr-defined]
        return int((await connection.exec_driver_sql("SELECT count(*) FROM timer")).scalar_one())


async def test_it_goes_on_until_nothing_is_left_or_somebody_waits(
    given: Given, storage: Storage, clock: ManualClock, background: Background
) -> None:
    await ended_timers(storage, clock, 3 * BATCH + 1)
    clock.forward(days=YEAR.days)
    idle = [True, True, False]

    async def is_idle() -> bool:
        return idle.pop(0) if idle else True

    pruning = Pruning(given, background, is_idle)
    assert await pruning.prune() == 2 * BATCH  # a tap came
    assert await rows(storage) == BATCH + 1
    assert await pruning.prune() == BATCH + 1
    assert await rows(storage) == 0


async def test_it_looks_by_itself(
    given: Given, storage: Storage, clock: ManualClock, background: Background
) -> None:
    await ended_timers(storage, clock, 1)
    looked = []

    async def is_idle() -> bool:
        looked.append(clock.now())
        return True

    task = background.start(Pruning(given, background, is_idle).run(), "pruning")
    await until(lambda: clock.sleepers)
    clock.forward(seconds=EVERY.total_seconds())
    await until(lambda: len(looked) == 1 and clock.sleepers)
    assert await rows(storage) == 1  # not old enough
    clock.forward(seconds=ROWS_KEPT.total_seconds())
    await until(lambda: len(looked) >= 3 and clock.sleepers)
    assert await rows(storage) == 0
    task.cancel()
