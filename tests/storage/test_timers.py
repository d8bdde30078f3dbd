"""Timers: set, replaced, stopped, claimed by one worker at a time, rung once."""

from bot.domain.mission import CallReason, MissionState, NurseCall
from bot.domain.outcome import SetTimer, StopTimer, Timer
from bot.ports import Storage
from storage.database import SqlStorage
from storage.tables import timers as table
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
            NOW,
        )
        await tx.timers.apply(None, [SetTimer("board", NOW + 2 * MINUTE)], NOW)
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
        await tx.timers.apply(one.id, [SetTimer("k", NOW, epoch=1), SetTimer("k", NOW, key="other")], NOW)
        await tx.timers.apply(two.id, [SetTimer("k", NOW)], NOW)
        (old, *_) = await tx.timers.of_mission(one.id)
        await tx.timers.apply(one.id, [SetTimer("k", NOW + MINUTE, epoch=2)], NOW)
        assert said(await tx.timers.of_mission(one.id)) == [("k", "other", 0), ("k", "", 2)]
        # Who still holds the old one rings nothing.
        assert not await tx.timers.rung(old, NOW)
        assert len(await tx.timers.of_mission(two.id)) == 1
        # Timers without a mission replace each other too.
        await tx.timers.apply(None, [SetTimer("k", NOW)], NOW)
        await tx.timers.apply(None, [SetTimer("k", NOW + MINUTE)], NOW)
        assert len(await tx.timers.due(NOW + MINUTE, 10)) == 4


async def test_stopping_one_key_or_every_key(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW, key=key) for key in ("a", "b", "c")], NOW)
        await tx.timers.apply(mission.id, [StopTimer("k", "b"), StopTimer("unknown")], NOW)
        assert said(await tx.timers.of_mission(mission.id)) == [("k", "a", 0), ("k", "c", 0)]
        await tx.timers.apply(mission.id, [StopTimer("k", None)], NOW)
        assert await tx.timers.of_mission(mission.id) == []
        await tx.timers.apply(mission.id, [], NOW)


async def test_changes_apply_in_the_order_given(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW, key="old")], NOW)
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
            NOW,
        )
        assert said(await tx.timers.of_mission(mission.id)) == [("k", "a", 7)]


async def test_a_timer_rings_once(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW)], NOW)
        (timer,) = await tx.timers.due(NOW, 10)
        assert await tx.timers.rung(timer, NOW)
        assert not await tx.timers.rung(timer, NOW)
        assert await tx.timers.due(NOW, 10) == []
        # The same one may be set again.
        await tx.timers.apply(mission.id, [SetTimer("k", NOW)], NOW)
        assert len(await tx.timers.due(NOW, 10)) == 1


async def test_a_timer_that_failed_rings_later_or_never(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW)], NOW)
        (timer,) = await tx.timers.due(NOW, 10)
        await tx.timers.failed(timer, NOW, NOW + MINUTE)
        assert await tx.timers.next_due() == NOW + MINUTE
        await tx.timers.failed(timer, NOW, None)
        assert await tx.timers.next_due() is None
        assert not await tx.timers.rung(timer, NOW)


async def test_of_each_mission_only_the_earliest_is_claimed_and_by_one_worker(storage: Storage) -> None:
    one, two = await started(storage, number=1), await started(storage, number=2)
    async with storage.transaction() as tx:
        await tx.timers.apply(one.id, [SetTimer("b", NOW + MINUTE), SetTimer("a", NOW)], NOW)
        await tx.timers.apply(two.id, [SetTimer("c", NOW)], NOW)
        await tx.timers.apply(None, [SetTimer("d", NOW, key="1"), SetTimer("d", NOW, key="2")], NOW)
        later = NOW + 5 * MINUTE
        claimed = await tx.timers.claim(later, 10)
        assert said(claimed) == [("a", "", 0), ("c", "", 0), ("d", "1", 0), ("d", "2", 0)]
        # Another worker gets nothing, and waits for nothing: the second of a mission waits for its first.
        assert await tx.timers.claim(later, 10) == []
        assert await tx.timers.next_claim() is None
        assert await tx.timers.next_due() == NOW
        assert await tx.timers.rung(claimed[0], later)
        assert await tx.timers.next_claim() == NOW + MINUTE
        assert said(await tx.timers.claim(later, 10)) == [("b", "", 0)]


async def test_what_a_dead_worker_had_claimed_comes_back_when_its_lease_ends(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW)], NOW)
        (first,) = await tx.timers.claim(NOW, 10, lease_seconds=-1)
        (again,) = await tx.timers.claim(NOW, 10)
        assert first == again
        assert await tx.timers.claim(NOW, 10) == []
        assert await tx.timers.take_back_claims() == 1
        (back,) = await tx.timers.claim(NOW, 10)
        # Whoever of them comes first has rung it.
        assert await tx.timers.rung(back, NOW)
        assert not await tx.timers.rung(first, NOW)


async def test_failures_are_counted_in_the_row(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer("k", NOW)], NOW)
        for failures in range(3):
            (timer,) = await tx.timers.claim(NOW, 10)
            assert timer.failures == failures
            await tx.timers.failed(timer, NOW, NOW)


async def test_those_that_rang_late_are_told_apart(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        hours = {"before": NOW - MINUTE, "missed": NOW + MINUTE, "in time": NOW + 9 * MINUTE}
        await tx.timers.apply(mission.id, [SetTimer(kind, due) for kind, due in hours.items()], NOW)
        back = NOW + 7 * MINUTE
        for timer, at in zip(
            await tx.timers.of_mission(mission.id), (NOW - MINUTE, back, NOW + 9 * MINUTE), strict=True
        ):
            assert await tx.timers.rung(timer, at)
        assert said(await tx.timers.late(NOW, back)) == [("missed", "", 0)]


async def test_every_end_has_its_hour(storage: SqlStorage) -> None:
    """What is long over is forgotten by it."""
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.timers.apply(mission.id, [SetTimer(kind, NOW) for kind in ("rung", "kind", "one")], NOW)
        await tx.timers.apply(mission.id, [SetTimer("one", NOW)], NOW + MINUTE)
        await tx.timers.apply(mission.id, [StopTimer("kind", None)], NOW + 2 * MINUTE)
        timer = next(t for t in await tx.timers.of_mission(mission.id) if t.kind == "rung")
        await tx.timers.rung(timer, NOW + 3 * MINUTE)
    async with storage.connection() as connection:
        rows = await connection.execute(table.select().where(table.c.state != "pending"))
        ended = {row.kind: row.ended_at for row in rows}
    assert ended == {"one": NOW + MINUTE, "kind": NOW + 2 * MINUTE, "rung": NOW + 3 * MINUTE}


async def test_closed_missions_that_still_owe_somebody_a_call_are_found_while_no_timer_minds_them(
    storage: Storage,
) -> None:
    settled, nurse, patient, minded, long_ago = [await started(storage, number=n) for n in range(1, 6)]
    call = (NurseCall(settled.operator, "ended", 3),)
    owing = [
        settled.with_(nurse_called=3),
        nurse.with_(nurse_calls=call),
        patient.with_(patient_calls=(CallReason.ACCEPTED,)),
        minded.with_(nurse_calls=call),
        long_ago.with_(nurse_calls=call, triggered_at=NOW - 100 * MINUTE),
    ]
    async with storage.transaction() as tx:
        await tx.timers.apply(minded.id, [SetTimer("k", NOW)], NOW)
        for mission in owing:
            await tx.missions.save(mission.with_(state=MissionState.CLOSED))
        since = NOW - MINUTE
        assert await tx.timers.missions_without("k", since, 9) == [nurse.id, patient.id]
        assert await tx.timers.missions_without("k", since, 1) == [nurse.id]
        assert await tx.timers.missions_without("other", since, 9) == [nurse.id, patient.id, minded.id]
