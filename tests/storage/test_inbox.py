"""Updates of Telegram: known once, worked in the order of their lane, emptied when done."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.domain.outcome import Event
from bot.domain.people import MissionId
from bot.ports import LostLease, Received, Storage
from tests.storage.cast import NOW

UPDATES: list[tuple[int, str, Mapping[str, Any]]] = [
    (101, "chat:1", {"update_id": 101, "message": {"text": "bonjour", "entities": [1.5, None, True]}}),
    (102, "chat:2", {"update_id": 102}),
    (103, "chat:1", {"update_id": 103}),
]

#: A lease that is over as soon as it was given.
OVER = -1.0


async def put(storage: Storage) -> None:
    async with storage.transaction() as tx:
        await tx.inbox.put(UPDATES, NOW)


async def claim(storage: Storage, worker: str = "w", seconds: float = 60.0) -> list[Received]:
    async with storage.transaction() as tx:
        await tx.inbox.take_over()
        return await tx.inbox.claim(NOW, 10, worker, seconds)


async def worked(storage: Storage) -> list[str]:
    """The journal: what handlers have committed."""
    async with storage.transaction() as tx:
        return [line.kind for line in await tx.journal.between(NOW, NOW.replace(year=2027))]


async def test_known_updates_are_passed_over(storage: Storage) -> None:
    async with storage.transaction() as tx:
        assert await tx.inbox.last_update_id() is None
        assert await tx.inbox.put(UPDATES[:2], NOW) == 2
        assert await tx.inbox.put(UPDATES, NOW) == 1
        assert await tx.inbox.put(UPDATES, NOW) == 0
        assert await tx.inbox.put([], NOW) == 0
        assert await tx.inbox.last_update_id() == 103
        assert await tx.inbox.waiting() == 3


async def test_what_brings_the_same_is_passed_over(storage: Storage) -> None:
    """Telegram tells of one press again under another number."""
    async with storage.transaction() as tx:
        assert await tx.inbox.put(UPDATES[:1], NOW, {101: "q:7"}) == 1
        assert await tx.inbox.put(UPDATES, NOW, {101: "q:7", 102: "q:7", 103: "m:1:5"}) == 1
        assert await tx.inbox.put([(104, "chat:1", {}), (105, "chat:1", {})], NOW) == 2
        assert await tx.inbox.waiting() == 4


async def test_the_oldest_of_each_lane_is_claimed(storage: Storage) -> None:
    await put(storage)
    first, second = await claim(storage)
    assert (first.update_id, first.body, first.attempts, first.received_at) == (101, UPDATES[0][2], 0, NOW)
    assert (second.update_id, second.body) == (102, UPDATES[1][2])
    assert await claim(storage) == []
    async with storage.transaction() as tx:
        await tx.inbox.done(101, first.lease)
        assert await tx.inbox.waiting() == 2
        assert [received.update_id for received in await tx.inbox.claim(NOW, 10)] == [103]


async def test_what_failed_comes_again_and_what_is_set_aside_frees_its_lane(storage: Storage) -> None:
    await put(storage)
    first, _ = await claim(storage)
    async with storage.transaction() as tx:
        assert await tx.inbox.failed(101, first.lease, set_aside=False)
        (again,) = await tx.inbox.claim(NOW, 10)
        assert (again.update_id, again.attempts) == (101, 1)
        assert await tx.inbox.failed(101, again.lease, set_aside=True)
        (following,) = await tx.inbox.claim(NOW, 10)
        assert following.update_id == 103
        assert await tx.inbox.waiting() == 2


async def test_what_a_dead_worker_held_is_claimed_again(storage: Storage) -> None:
    await put(storage)
    await claim(storage, "dead")
    async with storage.transaction() as tx:
        assert await tx.inbox.take_back_claims(["dead", "living"]) == 0
        assert await tx.inbox.take_back_claims(["living"]) == 2
    again = await claim(storage, "dead too", OVER)
    assert [received.attempts for received in again] == [1, 1]
    assert [received.attempts for received in await claim(storage)] == [2, 2]
    async with storage.transaction() as tx:
        assert await tx.inbox.take_over() == 0
        assert await tx.inbox.take_back_claims() == 2


async def test_a_lease_that_is_renewed_is_not_over(storage: Storage) -> None:
    await put(storage)
    first, _ = await claim(storage, "slow", OVER)
    async with storage.transaction() as tx:
        await tx.inbox.renew([first.lease], 60)
        assert await tx.inbox.take_over() == 0
        await tx.inbox.renew([])


async def test_the_effect_marks_its_update_done_in_its_own_commit(storage: Storage) -> None:
    await put(storage)
    first, _ = await claim(storage)
    work = storage.during(101, first.lease)
    async with work.transaction() as tx:
        await tx.journal.write(None, [Event("accepted")], "p1", NOW)
    assert work.effected
    async with work.transaction() as tx:  # what else the handler commits
        assert await tx.inbox.waiting() == 2


async def test_an_effect_that_fails_leaves_its_update_to_be_worked(storage: Storage) -> None:
    await put(storage)
    first, _ = await claim(storage)
    work = storage.during(101, first.lease)
    try:
        async with work.transaction() as tx:
            await tx.journal.write(None, [Event("accepted")], "p1", NOW)
            raise RuntimeError
    except RuntimeError:
        pass
    assert not work.effected
    assert await worked(storage) == []
    async with storage.transaction() as tx:
        assert await tx.inbox.failed(101, first.lease, set_aside=False)


async def test_whoever_was_taken_over_commits_nothing(storage: Storage) -> None:
    """A worker stood still past its lease, and another has begun the same update."""
    await put(storage)
    slow, _ = await claim(storage, "slow", OVER)
    quick, _ = await claim(storage, "quick")
    assert quick.update_id == slow.update_id
    late = storage.during(101, slow.lease)

    with pytest.raises(LostLease):
        async with late.transaction() as tx:
            await tx.journal.write(None, [Event("late")], "p1", NOW)
    async with storage.during(101, quick.lease).transaction() as tx:
        await tx.journal.write(None, [Event("quick")], "p1", NOW)
    with pytest.raises(LostLease):
        async with late.transaction() as tx:
            await tx.journal.write(None, [Event("too late")], "p1", NOW)

    assert not late.effected
    assert await worked(storage) == ["quick"]
    async with storage.transaction() as tx:
        assert not await tx.inbox.failed(101, slow.lease, set_aside=True)
    with pytest.raises(LostLease):
        async with storage.transaction() as tx:
            await tx.inbox.done(101, quick.lease)


async def test_a_lease_that_ran_out_still_commits_when_nobody_took_over(storage: Storage) -> None:
    await put(storage)
    slow, _ = await claim(storage, "slow", OVER)
    async with storage.during(101, slow.lease).transaction() as tx:
        await tx.journal.write(None, [Event("slow")], "p1", NOW)
    assert await worked(storage) == ["slow"]


async def test_a_message_that_was_only_read_for_is_worked_again(storage: Storage) -> None:
    await put(storage)
    first, _ = await claim(storage, "dies", OVER)
    work = storage.during(101, first.lease, words_follow=True)
    async with work.transaction() as tx:
        assert await tx.missions.get(MissionId(1)) is None
    assert (work.decided, work.effected) == (True, False)

    # Whoever worked it died before its words: nothing has changed, so that it can be worked as ever.
    again, _ = await claim(storage)
    assert (again.update_id, again.effected) == (101, False)


async def test_a_message_is_done_once_its_words_are_owed(storage: Storage) -> None:
    await put(storage)
    first, _ = await claim(storage, "dies", OVER)
    work = storage.during(101, first.lease, words_follow=True)
    async with work.transaction() as tx:
        await tx.journal.write(None, [Event("accepted")], "p1", NOW)
    assert work.effected

    # Whoever worked it died before: it comes again, and says that it has had its effect.
    again, _ = await claim(storage)
    assert (again.update_id, again.effected) == (101, True)
    with pytest.raises(LostLease):
        async with storage.during(101, first.lease, words_follow=True).transaction() as tx:
            await tx.journal.write(None, [Event("twice")], "p1", NOW)
    async with storage.transaction() as tx:
        await tx.inbox.done(101, again.lease)
    assert await worked(storage) == ["accepted"]
