"""Persons and houses: who they are, where they are reached, what holds them."""

from dataclasses import replace
from datetime import time

import pytest

from bot.domain.people import (
    CascadeStep,
    MissionId,
    Organisation,
    OrganisationId,
    PersonId,
    Role,
    WeeklyHours,
)
from bot.ports import Account, AlreadyEngaged, Storage
from tests.storage.cast import AMINA, BRUNO, CLAIRE, LEA, MINUTE, NOW, known, started

SOS = Organisation(OrganisationId(0), "SOS médecin 68", CascadeStep.SOS_MEDECIN, phone="+33353010068")


async def test_a_person_comes_back_as_stored_and_as_changed(storage: Storage) -> None:
    (amina,) = await known(storage, AMINA)
    assert amina == replace(AMINA, id=amina.id)
    changed = replace(amina, paused_until=NOW + MINUTE, sectors=(), active=False, email="amina@example.org")
    async with storage.transaction() as tx:
        await tx.people.save(changed)
        assert await tx.people.get(amina.id) == changed
        assert await tx.people.get(PersonId(99)) is None
        with pytest.raises(LookupError):
            await tx.people.save(replace(amina, id=PersonId(99)))


async def test_a_search_looks_at_everybody_who_is_active_of_a_role(storage: Storage) -> None:
    hours = (WeeklyHours(1, time(8), time(12)),)
    busy = replace(AMINA, weekly=hours, out_of_hours=True, available_until=NOW, capabilities=("perf",))
    guest = replace(AMINA, guest_of=MissionId(1))
    amina, bruno, *_ = await known(storage, busy, BRUNO, replace(BRUNO, active=False), CLAIRE, guest)
    async with storage.transaction() as tx:
        looked_at = await tx.people.askable(Role.IDEL)
    nothing = {"phone": None, "email": None, "rpps": None, "organisation": None, "cascade_step": None}
    assert looked_at == [replace(p, **nothing) for p in (amina, bruno)]  # type: ignore[arg-type]


async def test_the_locked_come_in_the_order_of_their_ids(storage: Storage) -> None:
    lea, amina, bruno = await known(storage, LEA, AMINA, BRUNO)
    async with storage.transaction() as tx:
        locked = await tx.people.lock([bruno.id, lea.id, PersonId(99)])
        assert list(locked.items()) == [(lea.id, lea), (bruno.id, bruno)]
        assert await tx.people.lock([]) == {}
        assert await tx.people.many([amina.id]) == {amina.id: amina}


async def test_guests_are_in_no_list_and_found_by_no_number(storage: Storage) -> None:
    guest = replace(CLAIRE, guest_of=MissionId(1), phone="+33639980044")
    inactive = replace(BRUNO, active=False)
    lea, amina, bruno, stored = await known(storage, LEA, AMINA, inactive, guest)
    async with storage.transaction() as tx:
        assert await tx.people.all() == [lea, amina]
        assert await tx.people.all(Role.IDEL) == [amina]
        assert await tx.people.all(Role.IDEL, active_only=False) == [amina, bruno]
        assert await tx.people.by_phone("+33639980044") is None
        assert await tx.people.by_phone(AMINA.phone or "") == amina
        assert await tx.people.get(stored.id) == stored


async def test_an_account_is_replaced_for_the_person_and_for_the_user(storage: Storage) -> None:
    amina, bruno = await known(storage, AMINA, BRUNO)
    big = 7_000_000_000_001
    async with storage.transaction() as tx:
        await tx.people.set_reachable(amina.id, reachable=False, now=NOW)
        await tx.people.link_account(amina.id, big, big)
        found = await tx.people.by_user(big)
        assert found == replace(amina, on_telegram=True, reachable=True)
        assert await tx.people.account(amina.id) == Account(big, big, amina.id)

        await tx.people.link_account(amina.id, 12, 12)
        assert await tx.people.by_user(big) is None

        await tx.people.link_account(bruno.id, 12, 12)
        assert await tx.people.account(amina.id) is None
        former = await tx.people.get(amina.id)
        assert former is not None
        assert not former.on_telegram


async def test_whether_reachable_changed(storage: Storage) -> None:
    (amina,) = await known(storage, AMINA)
    async with storage.transaction() as tx:
        assert await tx.people.set_reachable(amina.id, reachable=False, now=NOW)
        assert not await tx.people.set_reachable(amina.id, reachable=False, now=NOW)
        assert await tx.people.set_reachable(amina.id, reachable=True, now=NOW)


async def test_who_was_not_tried_for_longest_is_tried_first(storage: Storage) -> None:
    never, lately, long_ago, blocked, without, gone, guest = await known(
        storage,
        AMINA,
        replace(BRUNO, checked_at=NOW - MINUTE),
        replace(LEA, checked_at=NOW - 3 * MINUTE),
        replace(AMINA, phone=None, rpps=None),
        replace(AMINA, phone=None, rpps=None),
        replace(AMINA, phone=None, rpps=None, active=False),
        replace(CLAIRE, phone=None, rpps=None, guest_of=MissionId(1)),
    )
    async with storage.transaction() as tx:
        for number, person in enumerate((never, lately, long_ago, blocked, gone, guest)):
            await tx.people.link_account(person.id, 100 + number, 100 + number)
        await tx.people.set_reachable(blocked.id, reachable=False, now=NOW)
        assert [p.id for p in await tx.people.to_check(NOW - 2 * MINUTE, 9)] == [never.id, long_ago.id]
        assert [p.id for p in await tx.people.to_check(NOW, 9)] == [never.id, long_ago.id, lately.id]
        await tx.people.checked([never.id, long_ago.id], NOW)
        assert [p.id for p in await tx.people.to_check(NOW, 9)] == [lately.id]
        tried = await tx.people.get(never.id)
        assert tried is not None
        assert tried.checked_at == NOW
    assert without.on_telegram is False


async def test_a_house_and_its_chat(storage: Storage) -> None:
    async with storage.transaction() as tx:
        sos = await tx.people.add_organisation(SOS)
        selas = await tx.people.add_organisation(replace(SOS, name="SELAS", cascade_step=CascadeStep.SELAS))
        assert await tx.people.organisation(sos) == replace(SOS, id=sos)
        assert await tx.people.organisation_chat(sos) is None
        await tx.people.link_organisation(sos, -1001234567890)
        assert await tx.people.organisation_by_chat(-1001234567890) == replace(SOS, id=sos, on_telegram=True)
        assert [house.id for house in await tx.people.organisations()] == [sos, selas]
        assert [house.id for house in await tx.people.organisations(CascadeStep.SELAS)] == [selas]

        # The chat is given to the other house.
        await tx.people.link_organisation(selas, -1001234567890)
        assert await tx.people.organisation_chat(sos) is None
        assert await tx.people.organisation(sos) == replace(SOS, id=sos)

        await tx.people.save_organisation(replace(SOS, id=selas, active=False))
        assert await tx.people.organisation_chat(selas) == -1001234567890
        with pytest.raises(LookupError):
            await tx.people.save_organisation(replace(SOS, id=OrganisationId(99)))


async def test_who_holds_a_mission_gets_no_second_one(storage: Storage) -> None:
    amina, bruno = await known(storage, AMINA, replace(BRUNO, several_missions=True))
    first, second = await started(storage, number=1), await started(storage, number=2)
    async with storage.transaction() as tx:
        await tx.people.engage(amina.id, first.id, NOW)
        await tx.people.engage(amina.id, first.id, NOW)  # twice the same is once
        with pytest.raises(AlreadyEngaged):
            await tx.people.engage(amina.id, second.id, NOW)

        # The transaction goes on.
        await tx.people.engage(bruno.id, first.id, NOW)
        await tx.people.engage(bruno.id, second.id, NOW)
        assert await tx.people.engaged([amina.id]) == {amina.id: first.id}
        assert set(await tx.people.engaged()) == {amina.id, bruno.id}
        assert await tx.people.engaged([]) == {}

        await tx.people.release(amina.id, first.id, NOW)
        assert await tx.people.engaged([amina.id]) == {}
        await tx.people.engage(amina.id, second.id, NOW)


async def test_whoever_allows_one_mission_only_from_now_on_gets_no_second_one(storage: Storage) -> None:
    """Somebody who allowed several missions when the first began is exclusive for the second."""
    (amina,) = await known(storage, replace(AMINA, several_missions=True))
    first, second = await started(storage, number=1), await started(storage, number=2)
    async with storage.transaction() as tx:
        await tx.people.engage(amina.id, first.id, NOW)
        await tx.people.save(replace(amina, several_missions=False))
        with pytest.raises(AlreadyEngaged):
            await tx.people.engage(amina.id, second.id, NOW)
