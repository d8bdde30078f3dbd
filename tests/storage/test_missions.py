"""Missions and dossiers keep what they were given and are found again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.mission import Contact, MissionState
from bot.domain.people import MissionId, Party, PersonId
from bot.ports import Storage
from tests.storage.cast import (
    AMINA,
    CLAIRE,
    DOSSIER,
    LEA,
    MINUTE,
    NOW,
    a_mission,
    known,
    started,
    taken,
    with_doctor,
)


async def test_a_mission_comes_back_as_it_was_stored(storage: Storage) -> None:
    (lea,) = await known(storage, LEA)
    async with storage.transaction() as tx:
        given = a_mission(lea.id)
        stored = await tx.missions.add(given, DOSSIER)
        assert await tx.missions.get(stored) == given.with_(id=stored)
        assert await tx.missions.lock(stored) == given.with_(id=stored)
        assert await tx.missions.dossier(stored) == DOSSIER
        assert await tx.missions.get(MissionId(stored + 1)) is None


async def test_numbers_count_within_a_year_and_are_not_lost_with_a_rollback(storage: Storage) -> None:
    async with storage.transaction() as tx:
        assert [await tx.missions.next_number(2026) for _ in range(3)] == [1, 2, 3]
        assert await tx.missions.next_number(2027) == 1

    async def fails() -> None:
        async with storage.transaction() as tx:
            assert await tx.missions.next_number(2026) == 4
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    async with storage.transaction() as tx:
        assert await tx.missions.next_number(2026) == 4


async def test_two_missions_of_a_year_cannot_share_a_number(storage: Storage) -> None:
    await started(storage, number=412)
    with pytest.raises(IntegrityError):
        await started(storage, number=412)


async def test_saving_changes_what_is_found(storage: Storage) -> None:
    mission = await started(storage)
    amina, claire = await known(storage, AMINA, CLAIRE)
    doctor = Party.person(claire.id)
    async with storage.transaction() as tx:
        assert await tx.missions.of_idel(amina.id) == []
        changed = with_doctor(taken(mission, amina.id), doctor)
        await tx.missions.save(changed)
        assert await tx.missions.of_idel(amina.id) == [changed]
        assert await tx.missions.of_doctor(doctor) == [changed]
        assert await tx.missions.unfinished() == [changed]

        closed = changed.with_(state=MissionState.CLOSED)
        await tx.missions.save(closed)
        assert await tx.missions.unfinished() == []
        assert await tx.missions.of_idel(amina.id) == []
        assert await tx.missions.of_idel(amina.id, unfinished_only=False) == [closed]
        assert await tx.missions.of_doctor(doctor, unfinished_only=False) == [closed]


async def test_saving_a_mission_that_is_not_there_is_an_error(storage: Storage) -> None:
    async with storage.transaction() as tx:
        with pytest.raises(LookupError):
            await tx.missions.save(a_mission(PersonId(1)).with_(id=MissionId(99)))


async def test_a_spoken_number_means_the_newest_year(storage: Storage) -> None:
    (lea,) = await known(storage, LEA)
    async with storage.transaction() as tx:
        old = await tx.missions.add(a_mission(lea.id, 7, year=2025), DOSSIER)
        new = await tx.missions.add(a_mission(lea.id, 7, year=2026), DOSSIER)
        found = await tx.missions.by_number(7)
        assert found is not None
        assert found.id == new
        found = await tx.missions.by_number(7, 2025)
        assert found is not None
        assert found.id == old
        assert await tx.missions.by_number(8) is None


@pytest.mark.parametrize("name", ["Grünewald-Évrard", "GRUNEWALD EVRARD", "grunewald-evrard"])
async def test_a_patient_is_found_by_name_without_case_or_accents(storage: Storage, name: str) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        assert await tx.missions.with_name(name, unfinished_only=True) == [mission]
        assert await tx.missions.with_name("Grünewald", unfinished_only=True) == []


async def test_a_patient_is_found_by_their_number_and_the_callers(storage: Storage) -> None:
    first = await started(storage, number=1)
    other = replace(DOSSIER, last_name="Weber", patient_phone=None, caller=Contact("Paul", "+33639980099"))
    second = await started(storage, number=2, dossier=other)
    async with storage.transaction() as tx:
        assert await tx.missions.with_phone("+33353010011", unfinished_only=True) == [first]
        assert await tx.missions.with_phone("+33639980099", unfinished_only=True) == [second, first]
        assert await tx.missions.with_phone("+33639980098", unfinished_only=True) == []
        await tx.missions.save(second.with_(state=MissionState.CLOSED))
        assert await tx.missions.with_phone("+33639980099", unfinished_only=True) == [first]


async def test_a_corrected_dossier_is_found_by_the_new_name_only(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.missions.save_dossier(mission.id, replace(DOSSIER, last_name="Muller"))
        assert await tx.missions.with_name("müller", unfinished_only=True) == [mission]
        assert await tx.missions.with_name(DOSSIER.last_name, unfinished_only=True) == []


async def test_an_emptied_dossier_is_gone_and_found_by_nothing(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        await tx.missions.empty_dossier(mission.id)
        assert await tx.missions.dossier(mission.id) is None
        assert await tx.missions.with_name(DOSSIER.last_name, unfinished_only=False) == []
        assert await tx.missions.get(mission.id) == mission


async def test_missions_triggered_in_a_period_end_excluded(storage: Storage) -> None:
    (lea,) = await known(storage, LEA)
    async with storage.transaction() as tx:
        for number, minutes in enumerate((0, 5, 10)):
            await tx.missions.add(a_mission(lea.id, number, at=NOW + minutes * MINUTE), DOSSIER)
        found = await tx.missions.triggered_between(NOW, NOW + timedelta(minutes=10))
        assert [mission.number for mission in found] == [0, 1]
