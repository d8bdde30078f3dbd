"""Turns of duty: stored by file, found by hours."""

from datetime import datetime, timedelta

from bot.domain.duty import Duty
from bot.domain.people import CascadeStep, OrganisationId, Party, PersonId
from bot.ports import Storage
from tests.storage.cast import NOW

HOUR = timedelta(hours=1)
CLAIRE, MARC = Party.person(PersonId(1)), Party.person(PersonId(2))
HOUSE = Party.organisation(OrganisationId(1))


def turn(
    party: Party,
    begins: float,
    ends: float,
    *,
    step: CascadeStep = CascadeStep.GARDE,
    sector: str | None = "Sundgau",
    source: str = "october",
) -> Duty:
    """From so many hours after NOW to so many."""
    return Duty(0, step, sector, party, NOW + begins * HOUR, NOW + ends * HOUR, source)


def hours(duties: list[Duty]) -> list[tuple[Party, datetime]]:
    return [(duty.party, duty.begins) for duty in duties]


async def test_turns_of_which_a_part_lies_between_are_found_in_their_order(storage: Storage) -> None:
    before, over_it, inside, behind = (
        turn(CLAIRE, -3, 0),
        turn(CLAIRE, -2, 9),
        turn(HOUSE, 1, 2, sector=None),
        turn(MARC, 6, 8),
    )
    async with storage.transaction() as tx:
        await tx.duties.replace("october", [behind, inside, over_it, before])
        found = await tx.duties.between(NOW, NOW + 6 * HOUR)
    assert hours(found) == [(CLAIRE, over_it.begins), (HOUSE, inside.begins)]
    assert (found[1].sector, found[1].step, found[1].source) == (None, CascadeStep.GARDE, "october")
    assert found[0].id > 0


async def test_only_the_turns_of_one_step_where_one_is_asked_for(storage: Storage) -> None:
    pool = turn(MARC, 0, 4, step=CascadeStep.EFFECTEUR_SAS)
    async with storage.transaction() as tx:
        await tx.duties.replace("october", [turn(CLAIRE, 0, 4), pool])
        found = await tx.duties.between(NOW, NOW + HOUR, CascadeStep.EFFECTEUR_SAS)
    assert hours(found) == [(MARC, pool.begins)]


async def test_a_file_again_replaces_its_own_turns_and_no_others(storage: Storage) -> None:
    async with storage.transaction() as tx:
        assert await tx.duties.replace("october", [turn(CLAIRE, 0, 4), turn(CLAIRE, 5, 6)]) == 0
        assert await tx.duties.replace("night", [turn(MARC, 12, 24, source="night")]) == 0
    async with storage.transaction() as tx:
        assert await tx.duties.of_source("october") == 2
        assert await tx.duties.replace("october", [turn(MARC, 1, 2)]) == 2
    async with storage.transaction() as tx:
        assert hours(await tx.duties.between(NOW, NOW + 99 * HOUR)) == [
            (MARC, NOW + HOUR),
            (MARC, NOW + 12 * HOUR),
        ]
        assert await tx.duties.replace("october", []) == 1
        assert await tx.duties.of_source("october") == 0


async def test_until_when_a_roster_goes_and_which_files_are_in_force(storage: Storage) -> None:
    pool = turn(HOUSE, 0, 50, step=CascadeStep.SOS_MEDECIN, source="houses")
    async with storage.transaction() as tx:
        await tx.duties.replace("october", [turn(CLAIRE, -9, -1), turn(CLAIRE, 0, 4), turn(MARC, 3, 9)])
        await tx.duties.replace("houses", [pool])
        await tx.duties.replace("september", [turn(MARC, -99, -90, source="september")])
    async with storage.transaction() as tx:
        assert await tx.duties.known_until(NOW) == {
            CascadeStep.GARDE: NOW + 9 * HOUR,
            CascadeStep.SOS_MEDECIN: NOW + 50 * HOUR,
        }
        assert set(await tx.duties.known_until(NOW + 9 * HOUR)) == {CascadeStep.SOS_MEDECIN}
        assert await tx.duties.sources(NOW) == {"houses": 1, "october": 2}
