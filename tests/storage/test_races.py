"""Fifty at once: one winner, nothing lost, order kept, and nobody waits for ever."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.domain.mission import SearchState
from bot.domain.outcome import BOARD, Event, Notice, SetTimer, StopTimer, Withdrawal, to_group, to_person
from bot.domain.people import MissionId, Party, Person, PersonId
from bot.ports import AlreadyEngaged, AlreadyWon, Draft, Link, Storage
from storage.database import open_storage
from storage.vault import Vault
from tests.storage.cast import AMINA, LEA, NOW, delivered, known, started, taken

FIFTY = 50


async def all_at_once(work: Callable[[int], Awaitable[bool]]) -> int:
    """How many of fifty succeeded."""
    return sum(await asyncio.gather(*(work(n) for n in range(FIFTY))))


async def test_fifty_write_down_a_winner_and_one_does(storage: Storage) -> None:
    mission = await started(storage)

    async def win(n: int) -> bool:
        async with storage.transaction() as tx:
            try:
                await tx.offers.win(mission.id, "search", 1, Party.person(PersonId(n)), NOW)
            except AlreadyWon:
                return False
            finally:
                # Won or not, the transaction goes on and is committed.
                await tx.journal.write(mission.id, [Event("tapped")], f"p{n}", NOW)
        return True

    assert await all_at_once(win) == 1
    async with storage.transaction() as tx:
        assert len(await tx.journal.of_mission(mission.id)) == FIFTY


async def test_fifty_accept_and_one_has_the_mission(storage: Storage) -> None:
    mission = await started(storage)
    people = await known(storage, *[AMINA] * FIFTY)

    async def accept(n: int) -> bool:
        me = people[n].id
        async with storage.transaction() as tx:
            present = await tx.missions.lock(mission.id)
            assert present is not None
            (person,) = (await tx.people.lock([me])).values()
            if present.search.state is not SearchState.OFFERED:
                await tx.journal.write(mission.id, [Event("too_late")], f"p{me}", NOW)
                return False
            await tx.offers.win(mission.id, "search", present.search.epoch, Party.person(me), NOW)
            await tx.people.engage(person.id, mission.id, NOW)
            await tx.missions.save(taken(present, me))
            await tx.outbox.owe(
                [
                    Notice("taken", to_person(me), mission.id),
                    Notice("card", to_group(mission.id), mission.id, card="live"),
                ],
                NOW,
            )
            await tx.timers.apply(mission.id, [StopTimer("up"), SetTimer("hour", NOW)], NOW)
            await tx.journal.write(mission.id, [Event("accepted")], f"p{me}", NOW)
        return True

    assert await all_at_once(accept) == 1
    async with storage.transaction() as tx:
        kinds = [line.kind for line in await tx.journal.of_mission(mission.id)]
        assert sorted(kinds) == ["accepted"] + ["too_late"] * (FIFTY - 1)
        assert len(await tx.people.engaged()) == 1
        assert await tx.outbox.waiting() == 2


async def test_one_nurse_accepts_fifty_missions_at_once_and_gets_one(storage: Storage) -> None:
    (amina,) = await known(storage, AMINA)
    missions = [await started(storage, number=n) for n in range(FIFTY)]

    async def accept(n: int) -> bool:
        async with storage.transaction() as tx:
            await tx.missions.lock(missions[n].id)
            try:
                # Without her lock: the constraint alone.
                await tx.people.engage(amina.id, missions[n].id, NOW)
            except AlreadyEngaged:
                return False
        return True

    assert await all_at_once(accept) == 1


async def test_fifty_take_a_number_and_none_is_taken_twice(storage: Storage) -> None:
    numbers: list[int] = []

    async def take(n: int) -> bool:
        async with storage.transaction() as tx:
            numbers.append(await tx.missions.next_number(2026))
        return True

    await all_at_once(take)
    assert sorted(numbers) == list(range(1, FIFTY + 1))


async def test_fifty_change_one_mission_and_no_change_is_lost(storage: Storage) -> None:
    mission = await started(storage)

    async def older(n: int) -> bool:
        async with storage.transaction() as tx:
            present = await tx.missions.lock(mission.id)
            assert present is not None
            await asyncio.sleep(0)
            await tx.missions.save(present.with_(age=present.age + 1))
        return True

    await all_at_once(older)
    async with storage.transaction() as tx:
        changed = await tx.missions.get(mission.id)
        assert changed is not None
        assert changed.age == mission.age + FIFTY


async def test_a_draft_not_there_yet_is_held_too(storage: Storage) -> None:
    """A long paste arrives as several messages at once: each adds to what the one before left."""
    (lea,) = await known(storage, LEA)

    async def add(n: int) -> bool:
        async with storage.transaction() as tx:
            draft = await tx.drafts.lock(lea.id, "opening")
            await asyncio.sleep(0)
            await tx.drafts.save(Draft(lea.id, "opening", (draft.body if draft else "") + "x", NOW))
        return True

    await all_at_once(add)
    async with storage.transaction() as tx:
        (draft,) = await tx.drafts.of_owner(lea.id)
        assert draft.body == "x" * FIFTY


async def test_a_link_opened_fifty_times_at_once_is_used_once(storage: Storage) -> None:
    async with storage.transaction() as tx:
        await tx.links.add("token", Link("visio", None))

    async def use(n: int) -> bool:
        async with storage.transaction() as tx:
            link = await tx.links.find("token")
            assert link is not None
            if link.used_at is not None:
                return False
            await tx.links.use("token", NOW)
        return True

    assert await all_at_once(use) == 1


async def test_one_lease_among_fifty(storage: Storage) -> None:
    async def take(n: int) -> bool:
        async with storage.transaction() as tx:
            return await tx.leases.take("poll", f"worker {n}", 60)

    assert await all_at_once(take) == 1


async def test_a_timer_rings_for_one_of_fifty(storage: Storage) -> None:
    async with storage.transaction() as tx:
        await tx.timers.apply(None, [SetTimer("k", NOW)], NOW)
        (timer,) = await tx.timers.due(NOW, 1)

    async def ring(n: int) -> bool:
        async with storage.transaction() as tx:
            return await tx.timers.rung(timer, NOW)

    assert await all_at_once(ring) == 1


async def test_several_claimers_share_the_outbox_without_doubles_and_in_order(storage: Storage) -> None:
    places = [to_person(PersonId(n)) for n in range(1, 9)]
    async with storage.transaction() as tx:
        await tx.outbox.owe([Notice(f"{n}", place) for n in range(6) for place in places], NOW)
    got: dict[str, list[str]] = {str(place): [] for place in places}

    async def deliver() -> None:
        while True:
            async with storage.transaction() as tx:
                claimed = await tx.outbox.claim(NOW, 3)
                waiting = await tx.outbox.waiting()
            if not waiting:
                return
            for owed in claimed:
                got[str(owed.notice.to)].append(owed.notice.kind)
                async with storage.transaction() as tx:
                    await tx.outbox.end(delivered(owed), NOW)
            await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await asyncio.gather(*(deliver() for _ in range(4)))
    assert all(kinds == [f"{n}" for n in range(6)] for kinds in got.values())


async def test_several_workers_share_the_inbox_and_keep_each_lanes_order(storage: Storage) -> None:
    async with storage.transaction() as tx:
        await tx.inbox.put([(n, f"chat:{n % 5}", {"n": n}) for n in range(60)], NOW)
    got: dict[int, list[int]] = {lane: [] for lane in range(5)}

    async def work() -> None:
        while True:
            async with storage.transaction() as tx:
                claimed = await tx.inbox.claim(NOW, 2)
                waiting = await tx.inbox.waiting()
            if not waiting:
                return
            for received in claimed:
                got[received.update_id % 5].append(received.update_id)
                async with storage.during(received.update_id, received.lease).transaction() as tx:
                    await tx.journal.write(None, [Event("worked")], None, NOW)
            await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await asyncio.gather(*(work() for _ in range(4)))
    assert got == {lane: list(range(lane, 60, 5)) for lane in range(5)}


async def test_decisions_and_claims_side_by_side_do_not_block_each_other(storage: Storage) -> None:
    """Redraws and withdrawals lock rows of the outbox while it is being claimed: nobody deadlocks."""
    missions = [await started(storage, number=n) for n in range(4)]
    over = False

    async def decide(mission: MissionId) -> None:
        for n in range(15):
            async with storage.transaction() as tx:
                await tx.missions.lock(mission)
                await tx.outbox.owe(
                    [
                        Notice(f"card {n}", to_person(PersonId(person)), mission, card="c", valid_until=NOW)
                        for person in range(1, 9)
                    ],
                    NOW,
                )

    async def deliver() -> None:
        while not over:
            async with storage.transaction() as tx:
                for owed in await tx.outbox.claim(NOW, 8):
                    await tx.outbox.end(delivered(owed), NOW)

    async with asyncio.timeout(60):
        deliveries = [asyncio.ensure_future(deliver()) for _ in range(2)]  # noqa: TID251 - awaited below
        await asyncio.gather(*(decide(mission.id) for mission in missions))
        over = True
        await asyncio.gather(*deliveries)


async def test_owing_waits_for_nobody_whatever_the_order(storage: Storage, database_url: str) -> None:
    """One owes for the board and then for a mission's card, the other the other way round: both end."""
    mission = await started(storage)
    topic = to_group(mission.id)
    board, card = Notice("board", BOARD, card="board"), Notice("card", topic, mission.id, card="live")
    async with storage.transaction() as tx:
        await tx.outbox.owe([board, card], NOW)
    holds = [asyncio.Event(), asyncio.Event()]
    side_by_side = database_url.startswith("postgresql")  # SQLite lets one write at a time

    async def decide(me: int, first: Notice, second: Notice) -> None:
        async with storage.transaction() as tx:
            await tx.outbox.owe([first], NOW)
            await tx.outbox.waiting()
            holds[me].set()
            if side_by_side:
                await holds[1 - me].wait()
            await tx.outbox.owe([second], NOW)
            await tx.outbox.waiting()

    async with asyncio.timeout(20):
        await asyncio.gather(decide(0, board, card), decide(1, card, board))

    # What one passed over is drawn once more, and whoever comes later folds into it again.
    async with storage.transaction() as tx:
        before = await tx.outbox.waiting()
        await tx.outbox.owe([board, card], NOW)
        assert await tx.outbox.waiting() == before <= 4


async def test_two_that_take_back_the_same_in_another_order_both_end(storage: Storage) -> None:
    mission = await started(storage)
    people = [to_person(PersonId(n)) for n in range(20)]
    kinds = [f"news {n}" for n in range(10)]

    async def decide(n: int) -> bool:
        async with storage.transaction() as tx:
            await tx.outbox.owe([Notice(kind, to, mission.id) for kind in kinds for to in people], NOW)
        async with storage.transaction() as tx:
            of = [Withdrawal(mission.id, kind) for kind in (kinds if n % 2 else reversed(kinds))]
            await tx.outbox.withdraw(of, NOW)
        return True

    async with asyncio.timeout(60):
        assert sum(await asyncio.gather(*(decide(n) for n in range(10)))) == 10


async def test_a_transaction_inside_a_transaction_is_refused(storage: Storage) -> None:
    async with storage.transaction():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await storage.transaction().__aenter__()
    async with storage.transaction() as tx:
        assert await tx.outbox.waiting() == 0


async def test_a_cancelled_transaction_leaves_nothing_behind(storage: Storage) -> None:
    mission = await started(storage)
    reached = asyncio.Event()

    async def hang() -> None:
        async with storage.transaction() as tx:
            await tx.missions.lock(mission.id)
            await tx.journal.write(mission.id, [Event("never")], None, NOW)
            reached.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(hang())  # noqa: TID251 - awaited below
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10), storage.transaction() as tx:
        assert await tx.missions.lock(mission.id) == mission
        assert await tx.journal.of_mission(mission.id) == []


async def test_two_storages_on_one_database_see_each_other(
    storage: Storage, database_url: str, vault: Vault
) -> None:
    """A short command beside the running bot."""
    mission = await started(storage)
    beside = open_storage(database_url, vault)
    people: list[Person] = []

    async def add(to: Storage) -> None:
        for _ in range(10):
            async with to.transaction() as tx:
                await tx.missions.lock(mission.id)
                people.append(await tx.people.get(await tx.people.add(AMINA)) or AMINA)

    try:
        await asyncio.gather(add(storage), add(beside))
        async with beside.transaction() as tx:
            assert len(await tx.people.all()) == 21
            assert await tx.missions.dossier(mission.id) is not None
    finally:
        await beside.close()
