"""Timers: set, replaced, stopped, rung once."""

from bot.domain.outcome import SetTimer, StopTimer, Timer
from bot.ports import Storage
from tests.storage.cast import MINUTE, NOW, started


def said(timers: list[Timer]) -> list[tuple[str, str, int]]:
    return [(timer.kind, timer.key, timer.epoch) for timer in timers]


async def test_due_timers_come_earliest_first(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        assert await tx.timers.next_due() is None
        await tx.timers.apply(
            mission.id,
            [
                SetTimer("late", NOW + 5 * MINUTE, epoch=2, key="k", facts={"person": 12}),
                SetTimer("soon", NOW + MINUTE),
            ],
        )
        await tx.timers.apply(None, [SetTimer("board", NOW + 2 * MINUTE)])
        assert await tx.timers.next_due() == NOW + MINUTE
        assert await tx.timers.due(NOW, 10) == []
        due = await tx.timers.due(NOW + 5 * MINUTE, 10)
        assert said(due) == [("soon", "", 0), ("board", "", 0), ("late", "k", 2)]
        assert due[2] == Timer(due[2].id, "late", NOW + 5 * MINUTE, mission.id, 2, "k", {"person": 12})
        assert due[1].mission is None
        assert said(await tx.timers.due(NOW + 5 * MINUTE, 1)) == [("soon", "", 0)]
        assert said(await tx.timers.of_mission(mission.id)) == [("soon", "", 0), ("late", "k", 2)]


async def test_a_timer_of_the_same_kind_and_key_is_replaced(storage: Storage) -> None:
    one, two = await started(storage, number=1), await started(storage, number=2)
    async with storage.transaction() as tx:
        await tx.timers.apply(one.id, [SetTimer("k", NOW, epoch=1), SetTimer("k", NOW, key="other")])
        await tx.timers.apply(two.id, [SetTimer("k", NOW)])
        (old, *_) = await tx.timers.of_mission(one.id)
        await tx.timers.apply(one.id, [SetTimer("k", NOW + MINUTE, epoch=2)])
        assert said(await tx.timers.of_mission(one.id)) == [("k", "other", 0), ("k", "", 2)]
        # Who still holds the old one rings nothing.
        assert not await tx.timers.rung(old, NOW)
        assert len(await tx.timers.of_mission(two.id)) == 1
        # Timers without a mission replace each other too.
        await tx.timers.apply(None, [SetTimer("k", NOW)])
        await tx.timers.apply(None, [SetTimer("k", NOW + MINUTE)])
        assert len(await tx.timers.due(NOW + MINUTE, 10)) == 4


async def test_stopping_one_key_or_every_key(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW, key=key) for key in ("a", "b", "c")])
        await tx.timers.apply(mission.id, [StopTimer("k", "b"), StopTimer("unknown")])
        assert said(await tx.timers.of_mission(mission.id)) == [("k", "a", 0), ("k", "c", 0)]
        await tx.timers.apply(mission.id, [StopTimer("k", None)])
        assert await tx.timers.of_mission(mission.id) == []
        await tx.timers.apply(mission.id, [])


async def test_changes_apply_in_the_order_given(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW, key="old")])
        await tx.timers.apply(
            mission.id,
            [
                SetTimer("k", NOW, key="gone"),
                StopTimer("k"),
                SetTimer("k", NOW, key="a"),
                SetTimer("k", NOW, key="a", epoch=7),
                SetTimer("k", NOW, key="b"),
                StopTimer("k", "b"),
            ],
        )
        assert said(await tx.timers.of_mission(mission.id)) == [("k", "a", 7)]


async def test_a_timer_rings_once(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW)])
        (timer,) = await tx.timers.due(NOW, 10)
        assert await tx.timers.rung(timer, NOW)
        assert not await tx.timers.rung(timer, NOW)
        assert await tx.timers.due(NOW, 10) == []
        # The same one may be set again.
        await tx.timers.apply(mission.id, [SetTimer("k", NOW)])
        assert len(await tx.timers.due(NOW, 10)) == 1


async def test_a_timer_that_failed_rings_later_or_never(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW)])
        (timer,) = await tx.timers.due(NOW, 10)
        await tx.timers.failed(timer, NOW, NOW + MINUTE)
        assert await tx.timers.next_due() == NOW + MINUTE
        await tx.timers.failed(timer, NOW, None)
        assert await tx.timers.next_due() is None
        assert not await tx.timers.rung(timer, NOW)
