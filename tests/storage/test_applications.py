"""Those who ask to join: one at a time for each account, held while it is worked, forgotten in the end."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.joining import Application, ApplicationState
from bot.domain.people import PersonId, Role
from bot.ports import Account, Storage
from tests.storage.cast import AMINA, BRUNO, MINUTE, NOW, known

ZOE = Application(0, 7_000_000_000_001, 7_000_000_000_001, ApplicationState.FILLING, NOW)


async def saved(storage: Storage, *applications: Application) -> list[Application]:
    async with storage.transaction() as tx:
        return [await tx.applications.save(application) for application in applications]


async def test_it_comes_back_as_stored_and_as_changed(storage: Storage) -> None:
    (zoe,) = await saved(storage, ZOE)
    assert zoe == replace(ZOE, id=zoe.id)
    changed = replace(
        zoe,
        state=ApplicationState.WAITING,
        asked_at=NOW + MINUTE,
        role=Role.IDEL,
        last_name="VOGEL",
        first_name="Zoé",
        rpps="99900000077",
        phone="+33639980077",
        phone_shared=True,
        commune="68224",
        capabilities=("perfusion",),
        email="zoe@exemple.fr",
        name_sure=True,
        passed=("email",),
        communes=("68224", "68166"),
        trouble="commune",
        touched_at=NOW,
        card_at=NOW + MINUTE,
    )
    await saved(storage, changed)
    async with storage.transaction() as tx:
        assert await tx.applications.get(zoe.id) == changed
        assert await tx.applications.lock(zoe.id) == changed
        assert await tx.applications.of_user(ZOE.user_id) == changed
        assert await tx.applications.get(zoe.id + 1) is None
        assert await tx.applications.of_user(12) is None


async def test_one_open_application_for_each_account(storage: Storage) -> None:
    await saved(storage, ZOE)
    with pytest.raises(IntegrityError):
        await saved(storage, ZOE)


async def test_the_newest_of_an_account_is_theirs(storage: Storage) -> None:
    gone, again = await saved(storage, replace(ZOE, state=ApplicationState.WITHDRAWN), ZOE)
    assert gone.id < again.id
    async with storage.transaction() as tx:
        assert await tx.applications.of_user(ZOE.user_id) == again


async def test_those_who_wait_come_in_the_order_they_asked(storage: Storage) -> None:
    states = (ApplicationState.WAITING, ApplicationState.FILLING, ApplicationState.WAITING)
    stored = await saved(
        storage,
        *(
            replace(ZOE, user_id=n, state=state, asked_at=NOW - n * MINUTE)
            for n, state in enumerate(states, 1)
        ),
    )
    async with storage.transaction() as tx:
        assert await tx.applications.waiting() == [stored[2], stored[0]]


async def test_of_two_who_decide_at_once_the_second_sees_what_the_first_has_decided(storage: Storage) -> None:
    (zoe,) = await saved(storage, replace(ZOE, state=ApplicationState.WAITING))

    async def decide(to: ApplicationState) -> ApplicationState:
        async with storage.transaction() as tx:
            held = await tx.applications.lock(zoe.id)
            assert held is not None
            if held.state is ApplicationState.WAITING:
                await tx.applications.save(replace(held, state=to))
            return held.state

    seen: Iterable[ApplicationState] = await asyncio.gather(
        *(decide(to) for to in (ApplicationState.ACCEPTED, ApplicationState.REFUSED) * 10)
    )
    assert sum(state is ApplicationState.WAITING for state in seen) == 1


async def test_what_is_settled_goes_after_a_while_and_what_is_open_stays(storage: Storage) -> None:
    old = NOW - timedelta(days=60)
    _, waiting, fresh = await saved(
        storage,
        replace(ZOE, user_id=1, state=ApplicationState.REFUSED, asked_at=old),
        replace(ZOE, user_id=2, state=ApplicationState.WAITING, asked_at=old),
        replace(ZOE, user_id=3, state=ApplicationState.ACCEPTED),
    )
    async with storage.transaction() as tx:
        await tx.finished.prune(old, NOW - timedelta(days=30), 100)
    async with storage.transaction() as tx:
        assert await tx.applications.of_user(1) is None
        assert await tx.applications.of_user(2) == waiting
        assert await tx.applications.of_user(3) == fresh


async def test_somebody_is_found_by_rpps_and_loses_an_account(storage: Storage) -> None:
    amina, _ = await known(storage, AMINA, BRUNO)
    async with storage.transaction() as tx:
        assert await tx.people.by_rpps(AMINA.rpps or "") == amina
        assert await tx.people.by_rpps("00000000000") is None
        await tx.people.link_account(amina.id, 12, 12)
        assert await tx.people.account(amina.id) == Account(12, 12, amina.id)

        await tx.people.unlink_account(amina.id)

        assert await tx.people.account(amina.id) is None
        assert await tx.people.by_user(12) is None
        assert await tx.people.get(amina.id) == amina
        await tx.people.unlink_account(PersonId(99))
