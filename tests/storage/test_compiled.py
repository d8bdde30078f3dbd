"""A statement of every day is compiled once: compiling it again costs more than running it.

What comes again goes to the driver as it is, and what need not be waited for goes with what is.
"""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from bot.domain.outcome import Event, Notice, SetTimer, Withdrawal, to_person
from bot.domain.people import MissionId, Party, PersonId
from bot.ports import Storage
from storage.sqlite import BEGIN
from tests.storage.cast import AMINA, MINUTE, NOW, an_offer, known, started


async def test_what_comes_again_goes_straight_to_the_driver(storage: Storage) -> None:
    mission = await started(storage)
    (amina,) = await known(storage, AMINA)
    long_way: list[str] = []

    def note(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if statement != BEGIN:
            long_way.append(" ".join(statement.split())[:80])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for number in range(4):
            long_way.clear()
            async with storage.transaction() as tx:
                await tx.inbox.put([(number, "user:1", {})], NOW)
                await tx.inbox.take_over()
                (received,) = await tx.inbox.claim(NOW, 10)
                await tx.inbox.renew([received.lease])
                await tx.inbox.done(number, received.lease)
                await tx.leases.take("poller:1", "me", 10)
                await tx.people.lock([amina.id])
                await tx.missions.lock(mission.id)
                await tx.missions.save(mission)
                await tx.offers.win(mission.id, "search", number, Party.person(amina.id), NOW)
                await tx.offers.save([an_offer(mission.id, amina.id)])
                await tx.people.engage(amina.id, mission.id, NOW)
                await tx.people.release(amina.id, mission.id, NOW)
                await tx.journal.write(mission.id, [Event("a"), Event("b")], None, NOW)
                await tx.timers.apply(mission.id, [SetTimer("a", NOW + MINUTE)], NOW)
                await tx.timers.claim(NOW, 10)
                card = Notice("search.offer", to_person(amina.id), mission.id, card="c")
                await tx.outbox.owe([card, Notice("plain", to_person(amina.id))], NOW)
                await tx.outbox.withdraw([Withdrawal(mission.id, "search.offer")], NOW)
                await tx.outbox.claim(NOW, 10)
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    assert long_way == []


async def test_what_is_read_together_comes_in_its_order_and_after_what_was_written(storage: Storage) -> None:
    mission, other = await started(storage, number=1), await started(storage, number=2)
    (amina,) = await known(storage, AMINA)
    for number in range(3):  # the long way, then the short one
        async with storage.transaction() as tx:
            await tx.journal.write(mission.id, [Event(f"line {number}")], None, NOW)
            await tx.offers.save([replace(an_offer(mission.id, amina.id), epoch=number + 1)])
            lines, persons, nobody, offer, missions = await tx.together(
                tx.journal.of_mission(mission.id),
                tx.people.many([amina.id]),
                tx.people.by_phone("+33639980000"),
                tx.offers.get(mission.id, amina.id),
                tx.missions.many([mission.id, other.id]),
            )
        assert [line.kind for line in lines] == [f"line {n}" for n in range(number + 1)]
        assert persons == {amina.id: amina}
        assert nobody is None
        assert offer.epoch == number + 1
        assert set(missions) == {mission.id, other.id}


async def test_a_list_of_any_length_finds_whom_it_names(storage: Storage) -> None:
    (amina,) = await known(storage, AMINA)
    for length in (0, 1, 3, 1_024, 1_025, 20_000):
        for _ in range(3):
            async with storage.transaction() as tx:
                found = await tx.people.many(PersonId(amina.id + nobody) for nobody in range(length))
            assert found == ({amina.id: amina} if length else {})


async def test_what_is_refused_together_is_not_stored(storage: Storage) -> None:
    """An offer of a mission that does not exist: nothing of the transaction stays."""
    mission = await started(storage)
    (amina,) = await known(storage, AMINA)
    nowhere = MissionId(mission.id + 1000)
    for _ in range(3):
        with pytest.raises(IntegrityError):
            await offered(storage, nowhere, amina.id, beside=mission.id)
        async with storage.transaction() as tx:
            assert await tx.journal.of_mission(mission.id) == []


async def offered(storage: Storage, mission: MissionId, person: PersonId, beside: MissionId) -> None:
    async with storage.transaction() as tx:
        await tx.journal.write(beside, [Event("lost")], None, NOW)
        await tx.offers.save([an_offer(mission, person)])
        await tx.together(tx.journal.of_mission(beside), tx.people.many([person]))


async def test_whoever_asks_for_nobody_among_several_is_told(storage: Storage) -> None:
    """One of several fails by itself: the others are not left half done."""
    (amina,) = await known(storage, AMINA)

    async def refused() -> None:
        raise LookupError("nobody")

    async with storage.transaction() as tx:
        with pytest.raises(LookupError):
            await tx.together(tx.people.many([amina.id]), refused(), tx.people.engaged([amina.id]))
        assert await tx.people.many([amina.id]) == {amina.id: amina}
