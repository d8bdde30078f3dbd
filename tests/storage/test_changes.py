"""What the coordinateur changes, and the sectors imported."""

from datetime import timedelta

from bot.domain.change import Change
from bot.domain.people import Person, PersonId, Role
from bot.ports import Storage
from tests.storage.cast import LEA, MINUTE, NOW, known

NADIA = Person(PersonId(0), Role.COORDINATEUR, "weiss", "Nadia", phone="+33639980005")


async def test_what_stands_comes_oldest_first_and_once_revoked_no_more(storage: Storage) -> None:
    nadia, lea = await known(storage, NADIA, LEA)
    async with storage.transaction() as tx:
        assert await tx.changes.standing() == []
        answer = await tx.changes.add(Change(0, NOW, nadia.id, "delays.answer", "25 min"))
        closed = await tx.changes.add(Change(0, NOW + MINUTE, nadia.id, "closed_days", "2026-12-24"))
    assert 0 < answer.id < closed.id
    async with storage.transaction() as tx:
        assert await tx.changes.standing() == [answer, closed]
        assert await tx.changes.revoke(answer.id, lea.id, NOW + 2 * MINUTE)
        assert not await tx.changes.revoke(answer.id, nadia.id, NOW + 3 * MINUTE), "it stands no more"
        assert not await tx.changes.revoke(closed.id + 7, nadia.id, NOW)
        assert await tx.changes.standing() == [closed]


async def test_the_stamp_is_another_after_every_change_and_the_same_without(storage: Storage) -> None:
    (nadia,) = await known(storage, NADIA)
    seen = []

    async def look() -> None:
        async with storage.transaction() as tx:
            seen.append(await tx.changes.stamp())
            assert await tx.changes.stamp() == seen[-1]

    await look()
    async with storage.transaction() as tx:
        first = await tx.changes.add(Change(0, NOW, nadia.id, "delays.answer", "25 min"))
    await look()
    async with storage.transaction() as tx:
        await tx.changes.revoke(first.id, nadia.id, NOW)
    await look()
    async with storage.transaction() as tx:
        await tx.changes.replace_sectors({"68224": ("Mulhouse", True)}, "cli", NOW)
    await look()
    async with storage.transaction() as tx:
        await tx.changes.replace_sectors({"68224": ("Sud", False)}, "cli", NOW + timedelta(seconds=1))
    await look()
    async with storage.transaction() as tx:
        await tx.changes.replace_sectors({}, "cli", NOW + 2 * MINUTE)
    await look()
    assert len(set(seen[:5])) == 5, seen
    assert seen[5] != seen[4]


async def test_sectors_imported_take_the_place_of_those_before(storage: Storage) -> None:
    async with storage.transaction() as tx:
        assert await tx.changes.sectors() == {}
        await tx.changes.replace_sectors(
            {"68224": ("Mulhouse", True), "68004": ("Altkirch", False)}, "cli", NOW
        )
        await tx.changes.replace_sectors({"68224": ("Sud", False)}, "p5", NOW + MINUTE)
        assert await tx.changes.sectors() == {"68224": ("Sud", False)}
