"""Updates of Telegram: known once, worked in the order of their lane, emptied when done."""

from collections.abc import Mapping
from typing import Any

from bot.domain.outcome import Event
from bot.ports import Received, Storage
from tests.storage.cast import NOW

UPDATES: list[tuple[int, str, Mapping[str, Any]]] = [
    (101, "chat:1", {"update_id": 101, "message": {"text": "bonjour", "entities": [1.5, None, True]}}),
    (102, "chat:2", {"update_id": 102}),
    (103, "chat:1", {"update_id": 103}),
]


async def put(storage: Storage) -> None:
    async with storage.transaction() as tx:
        await tx.inbox.put(UPDATES, NOW)


async def claim(storage: Storage, **options: float) -> list[Received]:
    async with storage.transaction() as tx:
        return await tx.inbox.claim(NOW, 10, **options)


async def test_known_updates_are_passed_over(storage: Storage) -> None:
    async with storage.transaction() as tx:
        assert await tx.inbox.last_update_id() is None
        assert await tx.inbox.put(UPDATES[:2], NOW) == 2
        assert await tx.inbox.put(UPDATES, NOW) == 1
        assert await tx.inbox.put(UPDATES, NOW) == 0
        assert await tx.inbox.put([], NOW) == 0
        assert await tx.inbox.last_update_id() == 103
        assert await tx.inbox.waiting() == 3


async def test_the_oldest_of_each_lane_is_claimed(storage: Storage) -> None:
    await put(storage)
    claimed = await claim(storage)
    assert claimed == [Received(101, UPDATES[0][2], 0, NOW), Received(102, UPDATES[1][2], 0, NOW)]
    assert await claim(storage) == []
    async with storage.transaction() as tx:
        await tx.inbox.done(101, NOW)
        assert await tx.inbox.is_done(101)
        assert not await tx.inbox.is_done(102)
        assert not await tx.inbox.is_done(999)
        assert [received.update_id for received in await tx.inbox.claim(NOW, 10)] == [103]


async def test_what_failed_comes_again_and_what_is_set_aside_frees_its_lane(storage: Storage) -> None:
    await put(storage)
    await claim(storage)
    async with storage.transaction() as tx:
        await tx.inbox.failed(101, set_aside=False)
        (again,) = await tx.inbox.claim(NOW, 10)
        assert (again.update_id, again.attempts) == (101, 1)
        await tx.inbox.failed(101, set_aside=True)
        (following,) = await tx.inbox.claim(NOW, 10)
        assert following.update_id == 103
        assert not await tx.inbox.is_done(101)
        assert await tx.inbox.waiting() == 2


async def test_after_a_crash_or_a_lease_run_out_the_claimed_are_claimed_again(storage: Storage) -> None:
    await put(storage)
    await claim(storage)
    async with storage.transaction() as tx:
        assert await tx.inbox.take_back_claims() == 2
    again = await claim(storage, lease_seconds=-1)
    assert [received.attempts for received in again] == [1, 1]
    assert [received.attempts for received in await claim(storage)] == [2, 2]


async def test_the_effect_marks_its_update_done_in_its_own_commit(storage: Storage) -> None:
    await put(storage)
    async with storage.during(101).transaction() as tx:
        await tx.journal.write(None, [Event("accepted")], "p1", NOW)
        assert not await tx.inbox.is_done(101)
    async with storage.transaction() as tx:
        assert await tx.inbox.is_done(101)
        assert not await tx.inbox.is_done(102)


async def test_an_effect_that_fails_leaves_its_update_to_be_worked(storage: Storage) -> None:
    await put(storage)
    try:
        async with storage.during(101).transaction() as tx:
            await tx.journal.write(None, [Event("accepted")], "p1", NOW)
            raise RuntimeError
    except RuntimeError:
        pass
    async with storage.transaction() as tx:
        assert not await tx.inbox.is_done(101)
        assert await tx.journal.between(NOW, NOW.replace(year=2027)) == []
