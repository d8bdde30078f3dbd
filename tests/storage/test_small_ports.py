"""Journal, drafts, links, leases and workers."""

from dataclasses import replace

from bot.domain.outcome import Event, Facts
from bot.ports import Draft, Link, Storage
from tests.storage.cast import AMINA, LEA, MINUTE, NOW, known, started


async def test_the_journal_keeps_facts_and_order(storage: Storage) -> None:
    mission = await started(storage)
    facts: Facts = {"minutes": 12, "share": 0.5, "whole": 2.0, "late": False, "who": "Léa", "none": None}
    async with storage.transaction() as tx:
        await tx.journal.write(mission.id, [Event("accepted", facts), Event("told")], "p12", NOW)
        await tx.journal.write(None, [Event("started")], None, NOW + MINUTE)
        await tx.journal.write(None, [], None, NOW)
        lines = await tx.journal.of_mission(mission.id)
        assert [(line.kind, line.actor, line.at, line.mission) for line in lines] == [
            ("accepted", "p12", NOW, mission.id),
            ("told", "p12", NOW, mission.id),
        ]
        assert lines[0].facts == facts
        assert isinstance(lines[0].facts["whole"], float)
        assert [line.kind for line in await tx.journal.between(NOW, NOW + MINUTE)] == ["accepted", "told"]
        assert len(await tx.journal.between(NOW, NOW + 2 * MINUTE)) == 3
        (started_line,) = await tx.journal.between(NOW, NOW + 2 * MINUTE, "started")
        assert started_line.mission is None


async def test_drafts_one_for_each_owner_and_kind(storage: Storage) -> None:
    lea, amina = await known(storage, LEA, AMINA)
    opening = Draft(lea.id, "opening", '{"step": 1}', NOW)
    vitals = Draft(lea.id, "vitals:412", "{}", NOW + MINUTE)
    async with storage.transaction() as tx:
        assert await tx.drafts.lock(lea.id, "opening") is None
        await tx.drafts.save(opening)
        await tx.drafts.save(vitals)
        changed = replace(opening, body='{"step": 2}')
        await tx.drafts.save(changed)
        assert await tx.drafts.lock(lea.id, "opening") == changed
        assert await tx.drafts.of_owner(lea.id) == [vitals, changed]
        assert await tx.drafts.of_owner(amina.id) == []
        await tx.drafts.drop(lea.id, "opening")
        assert await tx.drafts.of_owner(lea.id) == [vitals]


async def test_links_are_found_by_their_token_and_used_once(storage: Storage) -> None:
    mission = await started(storage)
    (amina,) = await known(storage, AMINA)
    link = Link("visio", NOW + MINUTE, person=amina.id, mission=mission.id)
    async with storage.transaction() as tx:
        await tx.links.add("a-token", link)
        assert await tx.links.find("another") is None
        assert await tx.links.find("a-token") == link
        await tx.links.use("a-token", NOW)
        await tx.links.use("a-token", NOW + MINUTE)
        assert await tx.links.find("a-token") == replace(link, used_at=NOW)


async def test_links_are_looked_at_together_and_ended_by_person_and_purpose(storage: Storage) -> None:
    lea, amina = await known(storage, LEA, AMINA)
    of_lea, of_amina = Link("board", NOW + MINUTE, lea.id), Link("board", NOW + MINUTE, amina.id)
    visio = Link("visio", NOW + MINUTE, lea.id)
    async with storage.transaction() as tx:
        for token, link in {"one": of_lea, "two": of_amina, "three": visio}.items():
            await tx.links.add(token, link)
        assert await tx.links.many([]) == {}
        assert await tx.links.many(["one", "two", "none"]) == {"one": of_lea, "two": of_amina}
        assert await tx.links.end("board", lea.id, NOW) == 1
        assert await tx.links.end("board", lea.id, NOW + MINUTE) == 0
        assert await tx.links.many(["one", "two", "three"]) == {
            "one": replace(of_lea, used_at=NOW),
            "two": of_amina,
            "three": visio,
        }


async def test_the_newest_line_of_the_journal(storage: Storage) -> None:
    async with storage.transaction() as tx:
        assert await tx.journal.newest() == 0
        await tx.journal.write(None, [Event("started"), Event("told")], None, NOW)
    async with storage.transaction() as tx:
        lines = await tx.journal.between(NOW, NOW + MINUTE)
        assert await tx.journal.newest() == lines[-1].id


async def test_a_lease_has_one_holder_until_it_ends(storage: Storage) -> None:
    async with storage.transaction() as tx:
        assert await tx.leases.take("poll", "one", 60)
        assert not await tx.leases.take("poll", "two", 60)
        assert await tx.leases.take("send", "two", 60)
        assert await tx.leases.take("poll", "one", -1)  # renewed, and already over
        assert await tx.leases.take("poll", "two", 60)
        await tx.leases.release("poll", "one")  # not the holder any more
        assert not await tx.leases.take("poll", "one", 60)
        await tx.leases.release("poll", "two")
        assert await tx.leases.take("poll", "one", 60)


async def test_workers_beat_live_as_long_and_leave(storage: Storage) -> None:
    async with storage.transaction() as tx:
        assert await tx.workers.last_seen() is None
        await tx.workers.beat("one", "pc", 11, NOW, NOW, 60)
        await tx.workers.beat("two", "pc", 12, NOW + MINUTE, NOW + MINUTE, 60)
        assert await tx.workers.alive() == ["one", "two"]
        await tx.workers.beat("one", "pc", 11, NOW, NOW + 5 * MINUTE, -1)  # silent since, in real time
        assert await tx.workers.alive() == ["two"]
        assert await tx.workers.last_seen() == NOW + 5 * MINUTE
        await tx.workers.leave("two", NOW + 7 * MINUTE)
        assert await tx.workers.alive() == []
        # Who has left is still the last who was there.
        assert await tx.workers.last_seen() == NOW + 7 * MINUTE


async def test_a_worker_long_dead_is_forgotten(storage: Storage) -> None:
    async with storage.transaction() as tx:
        await tx.workers.beat("dead", "pc", 11, NOW, NOW + MINUTE, -8 * 24 * 3600)
        await tx.workers.beat("one", "pc", 12, NOW, NOW, 60)
        assert await tx.workers.last_seen() == NOW
