"""What is finished and old goes in small batches; what somebody may still need stays."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.mission import MissionState
from bot.domain.outcome import BOARD, Notice, SetTimer, StopTimer, to_person
from bot.domain.people import MissionId, PersonId
from bot.ports import Ended, HowEnded, SentMessage, Storage, Waiting
from tests.storage.cast import MINUTE, NOW, started

ME = to_person(PersonId(1))
MONTH = timedelta(days=30)
YEAR = timedelta(days=365)


async def work(storage: Storage, at: datetime, first: int, *, mission: MissionId | None = None) -> None:
    """Three of each kind that end then."""
    async with storage.transaction() as tx:
        await tx.inbox.put([(first + n, f"user:{n}", {}) for n in range(3)], at)
        for received in await tx.inbox.claim(at, 3):
            await tx.inbox.done(received.update_id, received.lease)
        await tx.outbox.owe([Notice(f"test.{n}", BOARD, mission) for n in range(3)], at)
        while owed := await tx.outbox.claim(at, 10):
            await tx.outbox.end([Ended(one, HowEnded.DELIVERED) for one in owed], at)
        await tx.timers.apply(mission, [SetTimer("k", at, key=str(n)) for n in range(3)], at)
        await tx.timers.apply(mission, [StopTimer("k", None)], at)


async def left(storage: Storage) -> dict[str, int]:
    async with storage.connection() as connection:  # type: ignore[attr-defined]
        return {
            table: (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ("inbox", "outbox", "timer", "sent", "journal", "mission")
        }


async def prune(storage: Storage, now: datetime, most: int = 100) -> int:
    async with storage.transaction() as tx:
        return await tx.finished.prune(now - MONTH, now - 2 * MONTH, most)


async def test_what_ended_a_month_ago_goes_and_the_rest_stays(storage: Storage) -> None:
    await work(storage, NOW, first=1)
    await work(storage, NOW + MONTH, first=100)
    async with storage.transaction() as tx:
        # Not finished, however old: somebody still waits for it.
        await tx.inbox.put([(50, "user:9", {})], NOW)
        await tx.outbox.owe([Notice("test.owed", BOARD)], NOW)
        await tx.timers.apply(None, [SetTimer("late", NOW)], NOW)

    assert await prune(storage, NOW + MONTH + MINUTE) == 9

    assert await left(storage) == {
        "inbox": 4,
        "outbox": 4,
        "timer": 4,
        "sent": 0,
        "journal": 0,
        "mission": 0,
    }
    async with storage.transaction() as tx:
        assert await tx.figures.waiting(NOW + MONTH) == Waiting(
            updates=1,
            oldest_update=NOW,
            owed=1,
            oldest_owed=NOW,
            next_send=NOW,
            next_timer=NOW,
            timers_due=1,
            missions={},
        )


async def test_it_goes_in_batches_until_nothing_is_left(storage: Storage) -> None:
    for n in range(3):
        await work(storage, NOW, first=1 + 10 * n)
    counts = []
    while gone := await prune(storage, NOW + YEAR, most=4):
        counts.append(gone)
    assert counts == [12, 12, 3]


def messages(mission: MissionId | None, ids: Sequence[int], at: datetime = NOW) -> list[SentMessage]:
    return [SentMessage(1, number, ME, "k", at, mission=mission, card=f"c{number}") for number in ids]


async def test_messages_go_with_their_closed_mission_and_the_board_stays(storage: Storage) -> None:
    closed, unfinished, young = [await started(storage, number=n) for n in (1, 2, 3)]
    async with storage.transaction() as tx:
        await tx.missions.save(closed.with_(state=MissionState.CLOSED))
        await tx.missions.save(young.with_(state=MissionState.CLOSED, triggered_at=NOW + YEAR))
        for number, mission in enumerate((closed, unfinished, young)):
            for message in messages(mission.id, [10 * number + 1, 10 * number + 2]):
                await tx.sent.save(message)
        (board,) = messages(None, [50])
        await tx.sent.save(board)
        await tx.sent.save(SentMessage(1, 51, ME, "reply", NOW))
        (gone,) = messages(unfinished.id, [60])
        await tx.sent.save(gone)
        await tx.sent.deleted(gone, NOW)

    # Two of the closed mission, the reply, and the one that was deleted.
    assert await prune(storage, NOW + YEAR) == 4

    async with storage.transaction() as tx:
        kept = [number for number in range(70) if await tx.sent.at(1, number) is not None]
    assert kept == [11, 12, 21, 22, 50]
    assert await prune(storage, NOW + YEAR) == 0


async def test_messages_of_before_yesterday_stay(storage: Storage) -> None:
    closed = await started(storage)
    async with storage.transaction() as tx:
        await tx.missions.save(closed.with_(state=MissionState.CLOSED))
        for message in messages(closed.id, [1, 2]):
            await tx.sent.save(message)
        await tx.sent.save(SentMessage(1, 51, ME, "reply", NOW))
    assert await prune(storage, NOW + MONTH) == 0
    assert (await left(storage))["sent"] == 3


async def test_the_missions_that_are_open_are_counted_by_state(storage: Storage) -> None:
    one, two, three = [await started(storage, number=n) for n in (1, 2, 3)]
    async with storage.transaction() as tx:
        await tx.missions.save(one.with_(state=MissionState.CLOSED))
        await tx.missions.save(two.with_(state=MissionState.CLOSING))
        assert (await tx.figures.waiting(NOW)).missions == {"closing": 1, "open": 1}
    assert three.state is MissionState.OPEN
