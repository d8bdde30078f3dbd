"""What is owed goes in batches: a bound that holds, records made together, one sender, lines that merge."""

import asyncio
from datetime import timedelta

import pytest

from bot import lease as leases
from bot import recorder
from bot.background import Background
from bot.budgets import Budgets
from bot.delivery import Delivery
from bot.domain.outcome import Notice, Priority
from bot.domain.people import DocumentId
from bot.lease import Lease
from bot.ports import Button, Outgoing, Transaction
from bot.sandbox.chats import User
from tests.runtime.conftest import M412, M415, Desk, in_group, informs, on_board, says
from tests.waiting import until

NAME = "sender:7000000001"


async def test_never_more_than_the_bound_is_begun_and_not_recorded(
    desk: Desk, background: Background
) -> None:
    places = [(await desk.new_person(3000 + n, f"Idel{n}"))[1] for n in range(80)]
    sender = desk.begin(budgets=Budgets(overall=10_000))
    await desk.owe(says("bonjour", places[0], M412))
    await sender.drain()  # what it must ask about the bot is asked
    await desk.owe(*(says("Offre", place, M412, priority=Priority.OFFER) for place in places))
    desk.line.way.clear()
    stop = asyncio.Event()
    running = background.start(sender.run(stop), "sender")

    await until(lambda: desk.line.held >= sender.in_flight_bound)
    for _ in range(200):
        await asyncio.sleep(0)
    assert desk.line.held == sender.in_flight == sender.in_flight_bound == 32
    async with desk.given.storage.transaction() as tx:
        assert len(await tx.outbox.claim(desk.clock.now(), 100)) == 80 - 32  # nothing more was claimed
        await tx.outbox.take_back_claims()

    desk.line.way.set()
    stop.set()
    sender.wake()
    await running
    assert sender.counts.sent + sender.counts.rate_limited == 1 + 32


async def test_the_next_second_is_ready_before_it_begins(desk: Desk, background: Background) -> None:
    places = [(await desk.new_person(3000 + n, f"Idel{n}"))[1] for n in range(40)]
    await desk.owe(*(says("Offre", place, M412, priority=Priority.OFFER) for place in places))
    stop, sender = asyncio.Event(), desk.delivery
    running = background.start(sender.run(stop), "sender")
    await until(lambda: sender.counts.sent == 30 and not sender.in_flight and desk.clock.sleepers)

    desk.clock.forward(seconds=1, milliseconds=20)  # a second is kept a little wider than Telegram's
    await until(lambda: sender.in_flight == 10)
    await until(lambda: desk.clock.sleepers >= 10)
    assert sender.counts.sent == 30
    desk.clock.forward(milliseconds=40)
    await until(lambda: sender.counts.sent == 40)

    assert desk.earned_429() == 0
    stop.set()
    sender.wake()
    await running


async def test_an_end_that_cannot_be_written_does_not_hold_the_others(
    desk: Desk, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PAUSE_SECONDS", 0)
    people = [await desk.new_person(3000 + n, f"Idel{n}") for n in range(5)]
    nowhere = DocumentId(999)  # the database knows no such document
    desk.looks["test.odd"] = lambda n: Outgoing("impossible", document=nowhere)
    odd = says("", people[2][1], kind="test.odd")
    await desk.owe(*(says("bonjour", place) for _, place in people[:2] + people[3:]), odd)

    await desk.delivery.drain()

    for user, _ in people[:2] + people[3:]:
        assert desk.sees(user, user) == ["bonjour"]
    assert await desk.waiting() == 1
    await desk.settle(300)
    assert desk.sees(lea, desk.group) == ["delivery.refused"]  # a defect is said, not tried for ever
    assert await desk.waiting() == 0


async def test_what_should_have_followed_fails_and_the_message_comes_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PAUSE_SECONDS", 0)
    amina, place = await desk.new_person(2001, "Amina")

    async def fails(tx: Transaction, notice: Notice, now: object) -> None:
        raise LookupError("nobody there")

    desk.delivery.on_delivered["test.says"] = fails
    await desk.owe(says("lien", place))

    await desk.settle(300)

    assert desk.sees(amina, amina) == ["lien"]
    assert await desk.waiting() == 0


async def test_a_notice_whose_moment_passes_just_before_it_goes_is_not_sent(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")

    def slowly(notice: Notice) -> Outgoing:
        desk.clock.forward(minutes=2)
        return Outgoing("trop tard")

    desk.looks["test.slow"] = slowly
    until_then = desk.clock.now() + timedelta(minutes=1)
    await desk.owe(
        says("", place, M412, kind="test.slow", valid_until=until_then),
        says("périmé", place, M415, valid_until=until_then - timedelta(minutes=2)),
    )

    await desk.settle()

    assert desk.sees(amina, amina) == []
    assert desk.delivery.counts.expired == 2
    assert await desk.waiting() == 0


async def test_facts_that_cannot_be_loaded_together_are_loaded_one_by_one(desk: Desk) -> None:
    amina, hers = await desk.new_person(2001, "Amina")
    bruno, his = await desk.new_person(2002, "Bruno")
    compose = desk.delivery.compose

    async def fails(tx: Transaction, notices: list[Notice]) -> object:
        if any(notice.kind == "test.broken" for notice in notices):
            raise LookupError("no such mission")
        return await compose(tx, notices)

    desk.delivery.compose = fails  # type: ignore[assignment]
    await desk.owe(says("bonjour", hers), says("", his, kind="test.broken"))

    await desk.delivery.drain()

    assert desk.sees(amina, amina) == ["bonjour"]
    assert desk.sees(bruno, bruno) == []


# One sender


async def two(desk: Desk) -> tuple[Delivery, Delivery]:
    return tuple(desk.begin(lease=Lease(desk.given.storage, NAME)) for _ in range(2))  # type: ignore[return-value]


async def test_of_two_processes_one_sends_and_the_other_stands_by(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    first, second = await two(desk)
    await first.drain()
    await desk.owe(says("un", place))

    assert (await second.drain()).sent == 0
    assert (first.is_sender, second.is_sender) == (True, False)
    assert (await first.drain()).sent == 1
    assert desk.sees(amina, amina) == ["un"]


async def test_who_lets_go_is_followed_and_what_a_dead_sender_had_claimed_is_sent(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    first, second = await two(desk)
    await first.drain()
    await desk.owe(says("un", place))
    async with desk.given.storage.transaction() as tx:
        assert await tx.outbox.claim(desk.clock.now(), 5)  # by the first, which dies

    assert (await second.drain()).sent == 0
    await first.let_go()
    assert (await second.drain()).sent == 1
    assert desk.sees(amina, amina) == ["un"]


async def test_who_has_lost_the_lease_sends_nothing_and_leaves_what_the_other_sends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY", 0)
    amina, place = await desk.new_person(2001, "Amina")
    first, second = await two(desk)
    await first.drain()
    async with desk.given.storage.transaction() as tx:
        await tx.leases.free_all()  # it has run out: the first was stopped too long
    await second.drain()
    await desk.owe(says("un", place))
    async with desk.given.storage.transaction() as tx:
        assert await tx.outbox.claim(desk.clock.now(), 5)  # by the second

    assert (await first.drain()).sent == 0
    assert not first.is_sender
    assert (await second.drain()).sent == 0  # its own claim is not taken back by its own renewal
    assert desk.sees(amina, amina) == []


async def test_who_follows_a_dead_sender_counts_what_that_one_sent_and_earns_no_429(
    desk: Desk, lea: User
) -> None:
    desk.delivery, second = await two(desk)
    await desk.owe(*(in_group("déclenchée", mission) for mission in await desk.missions(5)))
    await desk.settle()  # a topic and a message each
    for n in range(9):  # a message and its edits
        await desk.owe(on_board(f"tableau {n}", card="board"))
        await desk.settle()
    assert len(desk.calls("sendMessage", "editMessageText", "createForumTopic")) == 19
    async with desk.given.storage.transaction() as tx:
        await tx.leases.free_all()  # the first is dead

    await desk.owe(*(on_board(f"après {n}") for n in range(6)))
    desk.delivery = second
    await desk.settle()

    assert [text for text in desk.sees(lea, desk.group) if text.startswith("après")] == [
        f"après {n}" for n in range(6)
    ]
    assert desk.earned_429() == 0


async def test_who_follows_a_dead_sender_takes_what_was_being_sent_for_sent(desk: Desk) -> None:
    _, place = await desk.new_person(2001, "Amina")
    first, second = await two(desk)
    await first.drain()
    await desk.owe(*(in_group(f"ligne {n}", mission) for n, mission in enumerate(await desk.missions(3))))
    await desk.owe(says("un", place))
    async with desk.given.storage.transaction() as tx:
        assert len(await tx.outbox.claim(desk.clock.now(), 10)) == 4
        await tx.leases.free_all()

    await second.hold()

    assert second.budgets.group_room(desk.group.id, desk.clock.now()) == 20 - 3
    assert second.budgets.room(desk.clock.now()) == 30 - 4


async def test_who_takes_its_own_lease_again_counts_nothing_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY", 0)
    first, _ = await two(desk)
    await desk.owe(*(on_board(f"ligne {n}") for n in range(3)))
    await first.drain()
    await first.let_go()

    await first.hold()

    assert first.budgets.group_room(desk.group.id, desk.clock.now()) == 20 - 3


async def test_only_the_sender_deletes_what_names_the_patient(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    first, second = await two(desk)
    desk.looks["test.identity"] = lambda n: Outgoing("identité", has_patient_facts=True)
    await desk.owe(says("", place, M412, kind="test.identity"))
    await first.drain()
    desk.clock.forward(hours=41)

    assert await second.purge_due() == 0
    assert await second.purge.next_moment() is None
    assert await first.purge_due() == 1
    assert desk.sees(amina, amina) == []


async def test_a_sender_that_runs_takes_over_by_itself(
    desk: Desk, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "ASKED_EVERY", 0)
    amina, place = await desk.new_person(2001, "Amina")
    first, second = await two(desk)
    await first.drain()
    await desk.owe(says("un", place))
    stop = asyncio.Event()
    running = background.start(second.run(stop), "second")
    for _ in range(50):
        await asyncio.sleep(0)
    assert not second.is_sender

    await first.let_go()

    await until(lambda: second.counts.sent == 1)
    stop.set()
    second.wake()
    await running
    assert desk.sees(amina, amina) == ["un"]
    assert await first.hold()  # it was given back at the end


# Lines that merge


async def test_with_room_in_the_groups_minute_each_line_is_a_message(desk: Desk, lea: User) -> None:
    await desk.owe(*(informs(f"ligne {n}") for n in range(3)))

    await desk.settle()

    assert desk.sees(lea, desk.group) == ["ligne 0", "ligne 1", "ligne 2"]


async def test_when_the_groups_minute_is_short_lines_of_one_mission_share_a_message(
    desk: Desk, lea: User
) -> None:
    await desk.owe(in_group("sujet"), in_group("sujet", M415), *(on_board(f"tableau {n}") for n in range(13)))
    await desk.settle(40)  # two topics and fifteen messages: of twenty, three are left
    desk.looks["test.asks"] = lambda n: Outgoing("à faire", rings=True, buttons=((Button("OK", data="ok"),),))
    await desk.owe(
        *(informs(f"412, ligne {n}") for n in range(4)),
        in_group("", kind="test.asks"),
        *(informs(f"412, suite {n}") for n in range(2)),
        *(informs(f"415, ligne {n}", M415) for n in range(2)),
    )
    ends: list[str] = []

    async def delivered(tx: Transaction, notice: Notice, now: object) -> None:
        ends.append(str(notice.facts["text"]))

    desk.delivery.on_delivered["test.line"] = delivered
    await desk.settle(600)

    texts = [t for t in desk.sees(lea, desk.group) if t[:3] in ("412", "415", "à f")]
    assert "412, ligne 0\n\n412, ligne 1\n\n412, ligne 2\n\n412, ligne 3" in texts
    assert "415, ligne 0\n\n415, ligne 1" in texts
    of_412 = [t for t in texts if not t.startswith("415")]
    assert of_412.index("à faire") == 1
    assert "\n\n".join(of_412[2:]) == "412, suite 0\n\n412, suite 1"
    assert sorted(ends) == sorted(
        [*(f"412, ligne {n}" for n in range(4)), "412, suite 0", "412, suite 1"]
        + [f"415, ligne {n}" for n in range(2)]
    )
    assert desk.delivery.counts.merged >= 4
    assert await desk.waiting() == 0
    assert desk.earned_429() == 0


async def test_merged_lines_are_no_longer_than_one_message(desk: Desk, lea: User) -> None:
    await desk.owe(*(informs(f"{n} " + "x" * 1500) for n in range(5)))
    desk.clock.forward(minutes=2)  # all of it is overdue

    await desk.settle()

    texts = desk.sees(lea, desk.group)
    assert [text.count("x" * 1500) for text in texts] == [2, 2, 1]
    assert [text[0] for text in texts] == ["0", "2", "4"]


async def test_a_merged_message_that_is_put_off_loses_no_line(desk: Desk, lea: User) -> None:
    await desk.owe(*(informs(f"ligne {n}") for n in range(3)))
    desk.clock.forward(minutes=2)
    desk.telegram.faults.cut("sendMessage", applied=False)

    await desk.delivery.drain()
    assert await desk.waiting() == 3
    await desk.settle()

    assert desk.sees(lea, desk.group) == ["ligne 0\n\nligne 1\n\nligne 2"]
    assert desk.delivery.counts.unknown == 1


async def test_a_queue_of_the_group_is_taken_as_it_can_go_and_holds_up_nobody_else(
    desk: Desk, lea: User
) -> None:
    amina, hers = await desk.new_person(3001, "Amina")
    missions = await desk.missions(60)
    await desk.owe(*(in_group("sujet", mission) for mission in missions))
    await desk.settle(3600)
    await desk.owe(*(in_group("nouvelle", mission) for mission in missions))
    postponed = (await desk.delivery.drain()).postponed
    await desk.owe(says("Offre", hers, M412, priority=Priority.OFFER))

    while (moment := await desk.delivery.next_moment()) is not None:
        desk.clock.to(max(moment, desk.clock.now()))
        postponed += (await desk.delivery.drain()).postponed
        assert desk.sees(amina, amina) == ["Offre"]

    assert desk.sees(lea, desk.group).count("nouvelle") == 60
    assert desk.earned_429() == 0
    assert postponed <= 60 + 32  # one look for each message that goes, not one at everything that waits
