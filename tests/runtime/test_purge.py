"""Facts of the patient do not lie about."""

from datetime import timedelta

from bot.ports import Outgoing
from bot.sandbox.chats import User
from tests.runtime.conftest import M412, Desk, in_group, says


async def test_a_message_with_facts_of_the_patient_is_deleted_in_its_time(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    at = desk.clock.now() + timedelta(hours=4)
    desk.looks["test.identity"] = lambda n: Outgoing("identité", has_patient_facts=True, delete_at=at)
    await desk.owe(says("reçu", place, M412), says("", place, M412, kind="test.identity"))
    await desk.settle()
    assert await desk.delivery.purge_due() == 0

    desk.clock.to(at)

    assert await desk.delivery.purge_due() == 1
    assert desk.sees(amina, amina) == ["reçu"]
    assert await desk.delivery.purge_due() == 0


async def test_every_fact_of_the_patient_goes_after_40_hours_at_most(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.looks["test.says"] = lambda n: Outgoing("identité", has_patient_facts=True)
    await desk.owe(says("", place, M412))
    await desk.settle()

    desk.clock.forward(hours=40)

    assert await desk.delivery.purge_due() == 1
    assert desk.sees(amina, amina) == []


async def test_every_part_of_a_long_message_goes(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.looks["test.says"] = lambda n: Outgoing("mot\n" * 2500, has_patient_facts=True)
    await desk.owe(says("", place, M412))
    await desk.settle()
    assert len(desk.sees(amina, amina)) == 3

    desk.clock.forward(hours=41)
    await desk.delivery.purge_due()

    assert desk.sees(amina, amina) == []


async def test_what_cannot_be_deleted_is_reported_once(desk: Desk, lea: User) -> None:
    _, place = await desk.new_person(2001, "Amina")
    desk.looks["test.identity"] = lambda n: Outgoing("identité", has_patient_facts=True)
    await desk.owe(says("", place, M412, kind="test.identity"), in_group("carte"))
    await desk.settle()

    desk.clock.forward(hours=50)  # the bot was away: Telegram deletes nothing that old

    assert await desk.delivery.purge_due() == 0
    await desk.settle()
    await desk.delivery.purge_due()
    await desk.settle()
    assert desk.sees(lea, desk.group).count("delivery.purge_failed") == 1


async def test_a_purge_during_an_outage_is_made_up_for(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.looks["test.says"] = lambda n: Outgoing("identité", has_patient_facts=True)
    await desk.owe(says("", place, M412))
    await desk.settle()
    desk.clock.forward(hours=40)
    desk.telegram.faults.down = True
    assert await desk.delivery.purge_due() == 0
    desk.telegram.faults.down = False
    desk.clock.forward(minutes=1)

    assert await desk.delivery.purge_due() == 1
    assert desk.sees(amina, amina) == []


async def test_what_somebody_deleted_already_is_gone(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.looks["test.says"] = lambda n: Outgoing("identité", has_patient_facts=True)
    await desk.owe(says("", place, M412))
    await desk.settle()
    (view,) = desk.views(amina, amina)
    desk.telegram.delete_messages(amina, amina, [view.id])
    desk.clock.forward(hours=40)

    await desk.delivery.purge_due()
    await desk.settle()

    assert await desk.waiting() == 0
