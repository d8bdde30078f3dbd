"""Offers to IDELs, and one winner."""

from dataclasses import replace

import pytest

from bot.domain.mission import IdelOfferState
from bot.domain.people import Party, PersonId
from bot.ports import AlreadyWon, Storage
from tests.storage.cast import AMINA, BRUNO, MINUTE, NOW, an_offer, known, started, taken


async def test_offers_are_written_and_rewritten_in_bulk(storage: Storage) -> None:
    mission = await started(storage)
    amina, bruno = await known(storage, AMINA, BRUNO)
    to_amina, to_bruno = an_offer(mission.id, amina.id), an_offer(mission.id, bruno.id)
    refused = replace(
        to_bruno, state=IdelOfferState.REFUSED, answered_at=NOW + MINUTE, estimate=30, reason="too_far"
    )
    async with storage.transaction() as tx:
        await tx.offers.save([to_amina, to_bruno])
        await tx.offers.save([refused])
        await tx.offers.save([])
        assert await tx.offers.get(mission.id, bruno.id) == refused
        assert await tx.offers.get(mission.id, PersonId(99)) is None
        assert await tx.offers.of_mission(mission.id) == [to_amina, refused]
        assert await tx.offers.of_mission(mission.id, IdelOfferState.ASKED) == [to_amina]


async def test_a_thousand_at_once(storage: Storage) -> None:
    mission = await started(storage)
    people = await known(storage, *[AMINA] * 1000)
    async with storage.transaction() as tx:
        await tx.offers.save([an_offer(mission.id, person.id) for person in people])
        assert len(await tx.offers.of_mission(mission.id)) == 1000


async def test_an_offer_is_open_while_its_mission_is_offered(storage: Storage) -> None:
    first, second = await started(storage, number=1), await started(storage, number=2)
    amina, bruno = await known(storage, AMINA, BRUNO)
    offers = [an_offer(first.id, amina.id), an_offer(second.id, amina.id), an_offer(second.id, bruno.id)]
    async with storage.transaction() as tx:
        await tx.offers.save(offers)
        assert await tx.offers.open_of_person(amina.id) == offers[:2]
        await tx.missions.save(taken(first, bruno.id))
        assert await tx.offers.open_of_person(amina.id) == [offers[1]]
        await tx.offers.save([replace(offers[1], state=IdelOfferState.REFUSED)])
        assert await tx.offers.open_of_person(amina.id) == []


async def test_one_winner_for_each_machine_and_epoch(storage: Storage) -> None:
    mission = await started(storage)
    amina, bruno = await known(storage, AMINA, BRUNO)
    first, late = Party.person(amina.id), Party.person(bruno.id)
    async with storage.transaction() as tx:
        await tx.offers.win(mission.id, "search", 1, first, NOW)
        with pytest.raises(AlreadyWon):
            await tx.offers.win(mission.id, "search", 1, late, NOW)
        # The transaction goes on.
        await tx.offers.win(mission.id, "search", 2, late, NOW)
        await tx.offers.win(mission.id, "cascade", 1, late, NOW)
