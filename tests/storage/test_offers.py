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


async def test_whom_to_phone_is_whoever_was_not_reached_or_cannot_be_any_more(storage: Storage) -> None:
    mission = await started(storage)
    far, near, blocked, back, refused = await known(storage, *[AMINA] * 5)
    asked = [an_offer(mission.id, p.id) for p in (far, near, blocked, back, refused)]
    offers = [
        replace(asked[0], state=IdelOfferState.UNREACHABLE, distance_km=None),
        replace(asked[1], state=IdelOfferState.UNREACHABLE, distance_km=2.0),
        replace(asked[2], distance_km=1.0),
        replace(asked[3], distance_km=0.5),
        replace(asked[4], state=IdelOfferState.REFUSED),
    ]
    async with storage.transaction() as tx:
        for number, person in enumerate((blocked, back, refused), start=1):
            await tx.people.link_account(person.id, number, number)
        await tx.people.set_reachable(blocked.id, reachable=False, now=NOW)
        await tx.people.set_reachable(refused.id, reachable=False, now=NOW)
        await tx.offers.save(offers)
        assert await tx.offers.to_phone(mission.id) == [offers[2], offers[1], offers[0]]


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


async def test_turns_in_the_first_wave_are_counted_since_a_moment(storage: Storage) -> None:
    first, second, third = [await started(storage, number=n) for n in (1, 2, 3)]
    amina, bruno = await known(storage, AMINA, BRUNO)
    async with storage.transaction() as tx:
        await tx.offers.save(
            [
                replace(an_offer(first.id, amina.id), wave=1),
                replace(an_offer(second.id, amina.id), wave=1, at=NOW + MINUTE),
                replace(an_offer(second.id, bruno.id), wave=2, at=NOW + MINUTE),
                an_offer(third.id, bruno.id),  # as the usual one, outside the waves
            ]
        )
        assert await tx.offers.first_asked_since(NOW) == {amina.id: 2}
        assert await tx.offers.first_asked_since(NOW + MINUTE) == {amina.id: 1}
        assert await tx.offers.first_asked_since(NOW + 2 * MINUTE) == {}


async def test_the_rate_is_of_those_who_answered_or_stayed_silent_to_the_end(storage: Storage) -> None:
    given_back, won, nobody = [await started(storage, number=n) for n in (1, 2, 3)]
    amina, bruno = await known(storage, AMINA, BRUNO)
    states = {
        (given_back.id, amina.id): IdelOfferState.GAVE_BACK,
        (won.id, amina.id): IdelOfferState.ACCEPTED,
        (
            won.id,
            bruno.id,
        ): IdelOfferState.ASKED,  # Amina was quicker: nobody knows what Bruno would have said
        (nobody.id, amina.id): IdelOfferState.REFUSED,
        (nobody.id, bruno.id): IdelOfferState.ASKED,  # nobody took it: he was silent
    }
    async with storage.transaction() as tx:
        assert await tx.offers.rate_since(NOW) == (0, 0)
        await tx.offers.save(
            [
                replace(an_offer(mission, person), wave=1, state=state)
                for (mission, person), state in states.items()
            ]
        )
        await tx.offers.save([an_offer(given_back.id, bruno.id)])  # outside the waves
        await tx.offers.win(won.id, "search", 1, Party.person(amina.id), NOW)
        assert await tx.offers.rate_since(NOW) == (4, 2)
        assert await tx.offers.rate_since(NOW + MINUTE) == (0, 0)


async def test_the_wave_of_an_offer_is_kept(storage: Storage) -> None:
    mission = await started(storage)
    (amina,) = await known(storage, AMINA)
    async with storage.transaction() as tx:
        await tx.offers.save([an_offer(mission.id, amina.id)])
        second = replace(an_offer(mission.id, amina.id), wave=2)
        await tx.offers.save([second])
        assert await tx.offers.get(mission.id, amina.id) == second
