"""Messages sent, threads, purge, and groups that change their id."""

from dataclasses import replace

from bot.domain.outcome import BOARD, to_group, to_person
from bot.domain.people import CascadeStep, Organisation, OrganisationId, PersonId
from bot.ports import SentMessage, Storage, Thread, ThreadState
from tests.storage.cast import MINUTE, NOW, started

AMINA = to_person(PersonId(12))
GROUP = -400


async def test_a_message_is_saved_and_saved_again(storage: Storage) -> None:
    mission = await started(storage)
    message = SentMessage(
        7_000_000_000_001,
        5,
        AMINA,
        "offer",
        NOW,
        thread_id=3,
        mission=mission.id,
        card="offer",
        body_hash="a",
        has_patient_facts=True,
        delete_at=NOW + MINUTE,
    )
    async with storage.transaction() as tx:
        await tx.sent.save(message)
        assert await tx.sent.at(7_000_000_000_001, 5) == message
        edited = replace(message, body_hash="b", kind="taken")
        await tx.sent.save(edited)
        assert await tx.sent.card(AMINA, mission.id, "offer") == edited
        assert await tx.sent.at(1, 1) is None


async def test_the_newest_message_is_the_card_until_it_is_forgotten_or_deleted(storage: Storage) -> None:
    mission = await started(storage)
    old = SentMessage(12, 5, AMINA, "offer", NOW, mission=mission.id, card="offer")
    new = replace(old, message_id=6)
    async with storage.transaction() as tx:
        await tx.sent.save(new)
        await tx.sent.save(old)
        assert await tx.sent.card(AMINA, mission.id, "offer") == new
        assert await tx.sent.card(AMINA, None, "offer") is None
        assert await tx.sent.card(AMINA, mission.id, "visit") is None
        await tx.sent.forget_card(new)
        assert await tx.sent.card(AMINA, mission.id, "offer") == old
        assert await tx.sent.at(12, 6) == replace(new, card=None)
        await tx.sent.deleted(old, NOW)
        assert await tx.sent.card(AMINA, mission.id, "offer") is None


async def test_the_first_message_of_a_mission_at_a_place(storage: Storage) -> None:
    mission = await started(storage)
    first = SentMessage(12, 5, AMINA, "offer", NOW, mission=mission.id)
    second = replace(first, message_id=4, sent_at=NOW + MINUTE)
    async with storage.transaction() as tx:
        assert await tx.sent.first(AMINA, mission.id) is None
        await tx.sent.save(second)
        await tx.sent.save(first)
        assert await tx.sent.first(AMINA, mission.id) == first
        await tx.sent.deleted(first, NOW)
        assert await tx.sent.first(AMINA, mission.id) == second


async def test_purge_comes_due_once(storage: Storage) -> None:
    mission = await started(storage)
    plain = SentMessage(12, 1, AMINA, "news", NOW, mission=mission.id)
    secret = replace(plain, message_id=2, has_patient_facts=True, delete_at=NOW + 40 * MINUTE)
    other = replace(plain, message_id=3, has_patient_facts=True, delete_at=NOW + 5 * MINUTE)
    async with storage.transaction() as tx:
        for message in (plain, secret, other):
            await tx.sent.save(message)
        assert await tx.sent.next_purge() == NOW + 5 * MINUTE
        assert await tx.sent.purgeable(NOW, 10) == []

        # Brought forward, never put off; what says nothing of the patient stays.
        await tx.sent.purge_mission_at(mission.id, NOW + 10 * MINUTE)
        brought = replace(secret, delete_at=NOW + 10 * MINUTE)
        assert await tx.sent.purgeable(NOW + 10 * MINUTE, 10) == [other, brought]
        assert await tx.sent.purgeable(NOW + 10 * MINUTE, 1) == [other]

        await tx.sent.deleted(other, NOW)
        await tx.sent.deleted(brought, NOW, failed="message can't be deleted")
        assert await tx.sent.purgeable(NOW + 99 * MINUTE, 10) == []
        assert await tx.sent.next_purge() is None


async def test_one_place_is_purged_alone_and_kept_again(storage: Storage) -> None:
    mission = await started(storage)
    hers = SentMessage(
        12, 1, AMINA, "who", NOW, mission=mission.id, has_patient_facts=True, delete_at=NOW + 40 * MINUTE
    )
    plain = replace(hers, message_id=2, has_patient_facts=False, delete_at=None)
    of_none = replace(hers, message_id=3, mission=None)
    groups = replace(hers, chat_id=GROUP, place=to_group(mission.id))
    over = replace(hers, message_id=4, delete_at=NOW)
    async with storage.transaction() as tx:
        await tx.sent.save_all([hers, plain, of_none, groups, over])

        await tx.sent.purge_place_at(AMINA, mission.id, NOW + 10 * MINUTE)

        assert await tx.sent.purgeable(NOW + 10 * MINUTE, 10) == [
            over,
            replace(hers, delete_at=NOW + 10 * MINUTE),
        ]

        await tx.sent.keep_place(AMINA, mission.id, NOW, 40 * MINUTE)

        assert await tx.sent.purgeable(NOW + 39 * MINUTE, 10) == [over]  # what must go by now goes
        assert hers in await tx.sent.purgeable(NOW + 40 * MINUTE, 10)


async def test_threads(storage: Storage) -> None:
    mission = await started(storage)
    thread = Thread(to_group(mission.id), mission.id, GROUP, 77, ThreadState.OPEN, "412 · Mulhouse")
    async with storage.transaction() as tx:
        assert await tx.sent.thread(thread.place, mission.id) is None
        await tx.sent.save_thread(thread)
        assert await tx.sent.thread_at(GROUP, 77) == thread
        closed = replace(thread, state=ThreadState.CLOSED, name="412 · close")
        await tx.sent.save_thread(closed)
        assert await tx.sent.thread(thread.place, mission.id) == closed
        assert await tx.sent.thread_at(GROUP, 78) is None


async def test_a_group_that_became_a_supergroup_is_followed_everywhere(storage: Storage) -> None:
    mission = await started(storage)
    card = SentMessage(GROUP, 5, BOARD, "board", NOW, card="board")
    thread = Thread(to_group(mission.id), mission.id, GROUP, None, ThreadState.NONE, "412")
    sos = Organisation(OrganisationId(0), "SOS", CascadeStep.SOS_MEDECIN)
    async with storage.transaction() as tx:
        house = await tx.people.add_organisation(sos)
        await tx.people.link_organisation(house, GROUP)
        await tx.sent.save(card)
        await tx.sent.save_thread(thread)

        await tx.sent.migrate_chat(GROUP, -100400, NOW)
        assert await tx.sent.current_chat(GROUP) == -100400
        assert await tx.sent.current_chat(-100400) == -100400
        assert await tx.sent.current_chat(1) == 1
        assert await tx.people.organisation_chat(house) == -100400
        assert await tx.sent.card(BOARD, None, "board") is None
        assert await tx.sent.thread(thread.place, mission.id) is None  # the supergroup may have topics

        # Said twice by Telegram, migrated again, and even back.
        await tx.sent.migrate_chat(GROUP, -100400, NOW)
        await tx.sent.migrate_chat(-100400, -100500, NOW)
        assert await tx.sent.current_chat(GROUP) == -100500
        await tx.sent.migrate_chat(-100500, GROUP, NOW)
        assert await tx.sent.current_chat(GROUP) == GROUP
        assert await tx.sent.current_chat(-100400) == GROUP
