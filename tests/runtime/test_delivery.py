"""What is owed reaches people: in order, within the rates, whatever Telegram answers."""

from datetime import datetime, timedelta

import pytest

from bot.channels.sms import DryRunSms
from bot.domain.outcome import Notice, Place, PlaceKind, Priority, WhenUnknown, to_person
from bot.domain.people import PersonId, Role
from bot.ports import Button, FileKind, Outgoing, OutgoingFile, Transaction
from bot.sandbox.chats import User
from tests.runtime.conftest import ESSENTIAL, M412, M415, Desk, in_group, on_board, says

OK = ((Button("OK", data="ok"),),)


async def test_a_notice_becomes_a_message_in_the_persons_chat(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("SMT 412 est à vous", place, M412))

    tally = await desk.delivery.drain()

    assert desk.sees(amina, amina) == ["SMT 412 est à vous"]
    assert (tally.sent, tally.postponed, tally.given_up) == (1, 0, 0)
    assert await desk.waiting() == 0


async def test_one_lane_keeps_its_order_and_the_rate_of_a_chat(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(*(says(f"ligne {n}", place, M412) for n in range(8)))

    await desk.delivery.drain()
    assert desk.sees(amina, amina) == ["ligne 0", "ligne 1", "ligne 2"]

    await desk.settle()
    assert desk.sees(amina, amina) == [f"ligne {n}" for n in range(8)]
    assert desk.earned_429() == 0


async def test_a_broadcast_uses_the_whole_rate_and_earns_no_429(desk: Desk) -> None:
    places = [(await desk.new_person(3000 + n, f"Idel{n}"))[1] for n in range(100)]
    await desk.owe(*(says("Offre", place, M412, priority=Priority.OFFER) for place in places))
    began = desk.clock.now()

    await desk.settle()

    assert len([c for c in desk.calls("sendMessage") if c.status == 200]) == 100
    assert desk.earned_429() == 0
    assert desk.clock.now() - began <= timedelta(seconds=3.2)


async def test_the_group_is_given_twenty_messages_a_minute_the_urgent_first(desk: Desk, lea: User) -> None:
    for mission in await desk.missions(30):
        await desk.owe(in_group(f"carte {mission}", mission, priority=Priority.CARD))
    await desk.owe(on_board("À faire tout de suite", priority=Priority.RECEIPT))

    await desk.delivery.drain()

    texts = desk.sees(lea, desk.group)
    assert texts[0] == "À faire tout de suite"
    assert desk.earned_429() == 0
    await desk.settle(600)
    assert len(desk.sees(lea, desk.group)) == 31
    assert desk.earned_429() == 0


async def test_a_card_is_edited_in_place_and_an_unchanged_one_is_left_alone(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("carte 1", place, M412, card="live"))
    await desk.settle()
    await desk.owe(says("carte 2", place, M412, card="live"))
    await desk.settle()
    calls = len(desk.calls())
    await desk.owe(says("carte 2", place, M412, card="live"))
    await desk.settle()

    assert desk.sees(amina, amina) == ["carte 2"]
    assert len(desk.calls()) == calls


async def test_a_fresh_card_is_a_new_message_and_the_former_loses_its_buttons(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.looks["test.says"] = lambda notice: Outgoing(str(notice.facts["text"]), buttons=OK, rings=True)
    await desk.owe(says("offre", place, M412, card="offer"))
    await desk.settle()
    await desk.owe(says("offre, encore", place, M412, card="offer", fresh=True))
    await desk.settle()

    first, second = desk.views(amina, amina)
    assert (first.text, first.buttons) == ("offre", [])
    assert (second.text, second.buttons, second.silent) == ("offre, encore", [["OK"]], False)

    await desk.owe(says("offre close", place, M412, card="offer"))
    await desk.settle()
    assert desk.sees(amina, amina) == ["offre", "offre close"]


async def test_a_card_that_is_only_redrawn_where_it_is_is_never_sent_anew(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("carte", place, M412, card="live", only_if_there=True))

    tally = await desk.delivery.drain()

    assert desk.sees(amina, amina) == []
    assert tally.dropped == 1


async def test_a_deleted_card_is_sent_again(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("carte 1", place, M412, card="live"))
    await desk.settle()
    (view,) = desk.views(amina, amina)
    desk.telegram.delete_messages(amina, amina, [view.id])
    await desk.owe(says("carte 2", place, M412, card="live"))
    await desk.settle()

    assert desk.sees(amina, amina) == ["carte 2"]


async def test_who_blocked_the_bot_is_unreachable_and_the_group_knows_once(desk: Desk, lea: User) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.telegram.block(amina)
    await desk.owe(says("offre", place, M412), says("encore", place, M412), says("carte", place, M412))
    desk.looks["delivery.unreachable"] = lambda n: Outgoing(
        f"Injoignable : {n.facts['person']} ({n.facts['reason']})", topic="SMT 412"
    )

    await desk.settle()

    async with desk.given.storage.transaction() as tx:
        person = await tx.people.get(PersonId(place.id))
    assert person is not None
    assert not person.reachable
    (told,) = desk.sees(lea, desk.group)
    assert told.startswith(f"Injoignable : {place.id}")
    assert await desk.waiting() == 0


async def test_who_never_started_the_bot_is_unreachable(desk: Desk, lea: User) -> None:
    _, place = await desk.new_person(2001, "Amina", started=False)
    await desk.owe(says("offre", place, M412))

    await desk.settle()

    assert desk.sees(lea, desk.group) == ["delivery.unreachable"]
    assert await desk.waiting() == 0


async def test_a_redraw_for_somebody_who_never_started_the_bot_is_nobodys_affair(
    desk: Desk, lea: User
) -> None:
    _, place = await desk.new_person(2001, "Amina", started=False)
    await desk.owe(says("carte", place, M412, card="live", only_if_there=True))

    tally = await desk.delivery.drain()
    await desk.settle()

    assert desk.sees(lea, desk.group) == []
    assert (tally.dropped, tally.given_up) == (1, 0)


async def test_a_group_that_cannot_be_reached_stays_owed_and_nothing_loops(desk: Desk, lea: User) -> None:
    desk.telegram.kick_bot(desk.group, lea)
    await desk.owe(in_group("À faire"))

    await desk.delivery.drain()
    assert await desk.waiting() == 1

    desk.telegram.add_bot_to_group(desk.group, lea)
    await desk.settle()
    assert desk.sees(lea, desk.group)[0] == "À faire"


async def test_its_people_are_told_in_private_once_that_the_group_is_lost_and_once_that_it_is_back(
    desk: Desk, lea: User
) -> None:
    await desk.add(lea, role=Role.OSNP)
    nadia, _ = await desk.new_person(1002, "Nadia", role=Role.COORDINATEUR)
    await desk.new_person(1003, "Paul", role=Role.OSNP, started=False)
    desk.telegram.kick_bot(desk.group, lea)
    desk.looks["delivery.group_lost"] = lambda n: Outgoing(f"groupe perdu : {n.facts['reason']}")
    await desk.owe(in_group("412"), in_group("415", M415), on_board("tableau"))

    await desk.settle(55)
    assert desk.sees(nadia, nadia) == []
    await desk.settle(300)
    for user in (lea, nadia):
        (said,) = desk.sees(user, user)
        assert said.startswith("groupe perdu : Forbidden")
    assert await desk.waiting() == 3

    desk.delivery = desk.begin()  # a restart in the midst of it
    await desk.settle(300)
    assert len(desk.sees(nadia, nadia)) == 1
    desk.telegram.add_bot_to_group(desk.group, lea)
    await desk.settle(300)

    assert set(desk.sees(lea, desk.group)) >= {"412", "415", "tableau"}
    for user in (lea, nadia):
        assert desk.sees(user, user)[1:] == ["delivery.group_back"]


async def test_a_group_that_is_away_for_some_seconds_alarms_nobody(desk: Desk, lea: User) -> None:
    await desk.add(lea, role=Role.OSNP)
    desk.telegram.kick_bot(desk.group, lea)
    await desk.owe(in_group("À faire"))
    await desk.settle(30)
    desk.telegram.add_bot_to_group(desk.group, lea)
    await desk.settle()

    assert "À faire" in desk.sees(lea, desk.group)
    assert desk.sees(lea, lea) == []


async def test_what_telegram_refuses_in_the_group_is_tried_once_more_in_its_words_alone(
    desk: Desk, lea: User
) -> None:
    desk.looks["test.says"] = lambda n: Outgoing("<b>SMT 412</b> &amp; suite", buttons=OK, rings=True)
    await desk.owe(in_group("topic", kind="test.other"))
    await desk.settle()
    desk.telegram.faults.refuse("sendMessage", code=400, description="Bad Request: BUTTON_DATA_INVALID")
    await desk.owe(in_group(""))

    await desk.settle()

    (view,) = [v for v in desk.views(lea, desk.group) if "SMT 412" in v.text]
    assert (view.text, view.buttons, view.silent) == ("SMT 412 & suite", [], False)
    assert desk.delivery.counts.given_up == 0


async def test_what_the_group_refuses_for_good_is_told_to_the_operator_in_private(
    desk: Desk, lea: User
) -> None:
    nadia, _ = await desk.new_person(1002, "Nadia", role=Role.COORDINATEUR)
    async with desk.given.storage.transaction() as tx:
        mission = await tx.missions.get(M412)
        assert mission is not None
        await tx.people.link_account(mission.operator, lea.id, lea.id)
    desk.telegram.faults.refuse(
        lambda method, params: method == "sendMessage" and int(params["chat_id"]) == desk.group.id,
        code=400,
        description="Bad Request: text is odd",
        times=4,
    )
    await desk.owe(in_group("un"), on_board("deux"))

    await desk.settle()

    assert desk.sees(lea, lea) == ["delivery.not_said"]
    assert desk.sees(nadia, nadia) == ["delivery.not_said"]
    assert desk.sees(lea, desk.group) == []
    assert (desk.delivery.counts.given_up, await desk.waiting()) == (2, 0)


async def test_a_token_that_is_refused_is_an_alarm_and_no_loop(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    people = [await desk.new_person(3000 + n, f"Idel{n}") for n in range(60)]
    await desk.owe(*(says("offre", place) for _, place in people))
    desk.telegram.faults.refuse("sendMessage", code=401, description="Unauthorized", times=None)

    await desk.delivery.drain()
    first = len(desk.calls("sendMessage"))
    desk.clock.forward(seconds=59)
    await desk.delivery.drain()

    assert first <= desk.delivery.in_flight_bound
    assert len(desk.calls("sendMessage")) == first
    assert "SMT_BOT_TOKEN must be mended" in caplog.text
    desk.telegram.faults.clear()
    await desk.settle()
    assert all(desk.sees(user, user) == ["offre"] for user, _ in people)


async def test_when_nothing_gets_through_it_is_not_tried_row_by_row(desk: Desk) -> None:
    people = [await desk.new_person(3000 + n, f"Idel{n}") for n in range(100)]
    await desk.owe(*(says("offre", place) for _, place in people))
    desk.telegram.faults.outage(desk.clock.now(), desk.clock.now() + timedelta(minutes=3))
    began = desk.clock.now()

    await desk.settle(180)

    assert desk.delivery.cut_since == began
    desk.clock.to(max(desk.clock.now(), began + timedelta(minutes=3)))
    again = desk.clock.now()
    await desk.settle(60)
    assert all(desk.sees(user, user) == ["offre"] for user, _ in people)
    assert desk.clock.now() - again <= timedelta(seconds=20)  # all at once, not each after its own pause
    assert desk.delivery.cut_since is None


async def test_a_server_that_stumbles_over_something_cosmetic_is_not_asked_again(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.telegram.faults.refuse("sendMessage", code=500, description="Internal Server Error")
    await desk.owe(says("carte", place, when_unknown=WhenUnknown.DROP), says("reçu", place, M412))

    await desk.settle()

    assert desk.sees(amina, amina) == ["reçu"]
    assert (desk.delivery.counts.unknown, desk.delivery.counts.dropped) == (1, 1)


async def test_what_telegram_refuses_for_good_is_given_up_and_said(desk: Desk, lea: User) -> None:
    _, place = await desk.new_person(2001, "Amina")
    desk.telegram.faults.refuse("sendMessage", code=400, description="Bad Request: text is odd")
    await desk.owe(says("offre", place, M412))

    await desk.settle()

    assert desk.sees(lea, desk.group) == ["delivery.refused"]
    assert await desk.waiting() == 0


async def test_words_that_are_no_html_arrive_as_plain_text(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("<b>SMT 412", place))

    await desk.settle()

    assert desk.sees(amina, amina) == ["SMT 412"]


async def test_a_reply_lost_on_the_way_is_sent_again(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.telegram.faults.cut("sendMessage")
    await desk.owe(says("SMT 412 est à vous", place))

    await desk.settle()

    assert desk.sees(amina, amina) == ["SMT 412 est à vous", "SMT 412 est à vous"]


async def test_a_cosmetic_message_is_not_sent_twice(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.telegram.faults.cut("sendMessage")
    await desk.owe(says("carte", place, when_unknown=WhenUnknown.DROP))

    await desk.settle()

    assert desk.sees(amina, amina) == ["carte"]


async def test_an_edit_of_unknown_outcome_is_tried_until_the_screen_is_true(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    redraw = {"card": "live", "when_unknown": WhenUnknown.DROP}
    await desk.owe(says("carte 1", place, M412, **redraw))
    await desk.settle()
    desk.telegram.faults.refuse("editMessageText", code=502, description="Bad Gateway")
    await desk.owe(says("carte 2", place, M412, **redraw))
    await desk.settle()

    assert desk.sees(amina, amina) == ["carte 2"]


async def test_a_server_that_stumbles_or_is_gone_loses_nothing(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    desk.telegram.faults.refuse("sendMessage", times=2)
    await desk.owe(says("un", place))
    await desk.settle()
    desk.telegram.faults.down = True
    await desk.owe(says("deux", place))
    await desk.delivery.drain()
    desk.telegram.faults.down = False
    await desk.settle()

    assert desk.sees(amina, amina) == ["un", "deux"]


async def test_a_429_pauses_the_chat_it_names_and_no_other(desk: Desk) -> None:
    amina, hers = await desk.new_person(2001, "Amina")
    bruno, his = await desk.new_person(2002, "Bruno")
    desk.telegram.faults.flood(
        lambda method, params: method == "sendMessage" and int(params["chat_id"]) == amina.id, retry_after=30
    )
    await desk.owe(says("un", hers), says("deux", his))

    await desk.delivery.drain()
    assert (desk.sees(amina, amina), desk.sees(bruno, bruno)) == ([], ["deux"])
    await desk.owe(says("trois", his))
    desk.clock.forward(seconds=29)
    await desk.delivery.drain()
    assert (desk.sees(amina, amina), desk.sees(bruno, bruno)) == ([], ["deux", "trois"])
    await desk.settle()
    assert desk.sees(amina, amina) == ["un"]


async def test_a_group_that_moved_is_followed_and_the_move_is_said(desk: Desk, lea: User) -> None:
    await desk.owe(in_group("avant"))
    await desk.settle()
    new = desk.telegram.migrate(desk.group)
    await desk.owe(in_group("après"))

    await desk.settle()

    assert [t for t in desk.sees(lea, new) if t != "avant"] == ["après", "delivery.group_moved"]


async def test_a_withdrawn_or_stale_notice_is_not_sent(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("trop tard", place, valid_until=desk.clock.now() + timedelta(minutes=1)))
    desk.clock.forward(minutes=2)
    desk.looks["test.silent"] = lambda notice: None
    await desk.owe(Notice("test.silent", place))

    tally = await desk.delivery.drain()

    assert desk.sees(amina, amina) == []
    assert (tally.sent, tally.dropped) == (0, 1)


async def test_words_that_fail_are_given_up_aloud_and_do_not_stop_the_rest(desk: Desk, lea: User) -> None:
    amina, place = await desk.new_person(2001, "Amina")

    def fail(notice: Notice) -> Outgoing:
        raise LookupError("no macro")

    desk.looks["test.broken"] = fail
    await desk.owe(Notice("test.broken", place), says("bonjour", place, M415))

    await desk.settle()

    assert desk.sees(amina, amina) == ["bonjour"]
    assert desk.sees(lea, desk.group) == ["delivery.refused"]


async def test_long_texts_come_in_parts_that_are_whole(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    lines = [f"ligne {n} " + "x" * 90 for n in range(100)]
    text = "<b>" + "\n".join(lines) + "</b>"
    desk.looks["test.says"] = lambda notice: Outgoing(text, buttons=OK)
    await desk.owe(says("", place))

    await desk.settle()

    views = desk.views(amina, amina)
    assert [bool(v.buttons) for v in views] == [False, False, True]
    assert "\n".join(v.text for v in views).splitlines() == lines


async def test_a_file_with_long_words_is_a_file_and_a_text(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    file = OutgoingFile(FileKind.DOCUMENT, content=b"%PDF-1.4 essai", name="ordonnance.pdf")
    desk.looks["test.says"] = lambda notice: Outgoing("mot " * 400, file=file, protected=True)
    await desk.owe(says("", place))

    await desk.settle()

    first, second = desk.views(amina, amina)
    assert (first.file, first.text, first.protected) == ("document", "", True)
    assert second.text.startswith("mot mot")


async def test_a_voice_note_arrives_on_a_server_that_knows_documents_only(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    bruno, his = await desk.new_person(2002, "Bruno")
    voice = OutgoingFile(FileKind.VOICE, content=b"OggS essai", name="note.ogg")
    desk.looks["test.says"] = lambda notice: Outgoing("", file=voice)
    await desk.owe(says("", place))
    await desk.settle()
    (view,) = desk.views(amina, amina)
    known = OutgoingFile(FileKind.VOICE, file_id=view.file_id)
    desk.looks["test.says"] = lambda notice: Outgoing("note vocale", file=known)

    desk.telegram.faults.only(ESSENTIAL)
    await desk.owe(says("", his))
    await desk.settle()

    (got,) = desk.views(bruno, bruno)
    assert (got.file, got.text) == ("document", "note vocale")


async def test_a_link_to_this_machine_is_written_out(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    rows = ((Button("ENTRER EN VISIO", url="http://localhost:8080/v/1"), Button("OK", data="ok")),)
    desk.looks["test.says"] = lambda notice: Outgoing("Visio prête", buttons=rows)
    await desk.owe(says("", place))

    await desk.settle()

    (view,) = desk.views(amina, amina)
    assert view.text == "Visio prête\nENTRER EN VISIO : http://localhost:8080/v/1"
    assert view.buttons == [["OK"]]


async def test_what_informs_is_silent_and_previews_are_off(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("https://exemple.fr", place))

    await desk.settle()

    assert desk.views(amina, amina)[0].silent
    (call,) = desk.calls("sendMessage")
    assert "is_disabled" in str(call.params["link_preview_options"])
    assert "message_thread_id" not in call.params


async def test_an_sms_goes_to_the_gateway_and_its_receipt_is_kept(desk: Desk) -> None:
    sms = desk.sms
    assert isinstance(sms, DryRunSms)
    _, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("SAS 68: visio demandée", Place(PlaceKind.SMS, place.id), M412))

    await desk.settle()

    assert [(t.to, t.text) for t in sms.texts] == [("+33639980012", "SAS 68: visio demandée")]
    async with desk.given.storage.transaction() as tx:
        (line,) = await tx.journal.of_mission(M412)
    assert (line.kind, line.facts["parts"]) == ("sms.accepted", 1)


async def test_an_sms_without_number_is_given_up_and_said(desk: Desk, lea: User) -> None:
    desk.looks["test.says"] = lambda notice: Outgoing("visio")
    await desk.owe(says("", Place(PlaceKind.SMS, 0), M412))

    await desk.settle()

    assert desk.sees(lea, desk.group) == ["delivery.sms_failed"]


async def test_after_a_crash_what_was_being_sent_is_sent_again(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("reçu", place), says("carte", place, M412, when_unknown=WhenUnknown.DROP))
    async with desk.given.storage.transaction() as tx:
        assert len(await tx.outbox.claim(desk.clock.now(), 10)) == 2  # and the process dies
    async with desk.given.storage.transaction() as tx:
        assert await tx.outbox.take_back_claims() == 2

    await desk.settle()

    assert desk.sees(amina, amina) == ["reçu"]


async def test_nothing_more_can_be_sent_now_and_it_says_from_when(desk: Desk) -> None:
    _, place = await desk.new_person(2001, "Amina")
    assert await desk.delivery.next_moment() is None
    await desk.owe(*(says(f"ligne {n}", place, M412) for n in range(4)))
    await desk.delivery.drain()

    moment = await desk.delivery.next_moment()

    assert moment is not None
    assert timedelta(0) < moment - desk.clock.now() <= timedelta(seconds=1.2)


async def test_hooks_run_in_the_commit_that_ends_a_notice(desk: Desk) -> None:
    _, hers = await desk.new_person(2001, "Amina")
    bruno, his = await desk.new_person(2002, "Bruno")
    desk.telegram.block(bruno)
    ends: list[tuple[str, int]] = []

    async def delivered(tx: object, notice: Notice, now: object) -> None:
        ends.append(("delivered", notice.to.id))

    async def given_up(tx: object, notice: Notice, reason: str, now: object) -> None:
        ends.append(("given up", notice.to.id))

    desk.delivery.on_delivered["test.says"] = delivered
    desk.delivery.on_given_up["test.says"] = given_up
    await desk.owe(says("un", hers), says("deux", his))

    await desk.settle()

    assert sorted(ends) == sorted([("delivered", hers.id), ("given up", his.id)])


async def test_with_two_missions_in_one_chat_each_message_answers_its_own(desk: Desk) -> None:
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("412, un", place, M412), says("415, un", place, M415))
    await desk.settle()
    await desk.owe(says("412, deux", place, M412), says("415, deux", place, M415))
    await desk.settle()

    views = {view.text: view for view in desk.views(amina, amina)}
    assert views["412, deux"].reply_to == views["412, un"].id
    assert views["415, deux"].reply_to == views["415, un"].id
    assert to_person(PersonId(place.id)) == place


SEEMS = Outgoing("", action="typing")


def tried(place: Place) -> Notice:
    return Notice("test.seems", place, priority=Priority.REPORT, when_unknown=WhenUnknown.DROP)


async def test_a_silent_try_writes_nothing_and_counts_in_the_budget(desk: Desk) -> None:
    desk.looks["test.seems"] = lambda notice: SEEMS
    people = [await desk.new_person(2001 + n, f"Idel{n}") for n in range(40)]
    await desk.owe(*(tried(place) for _, place in people))
    await desk.settle()

    assert len(desk.calls("sendChatAction")) == 40
    assert desk.calls("sendMessage") == []
    assert desk.earned_429() == 0
    assert await desk.waiting() == 0


async def test_a_silent_try_that_is_refused_is_told_in_the_columns_own_way(desk: Desk) -> None:
    desk.looks["test.seems"] = lambda notice: SEEMS
    told: list[Notice] = []

    async def own(tx: Transaction, notice: Notice, reason: str, now: datetime) -> None:
        told.append(notice)

    desk.delivery.on_unreachable["test.seems"] = own
    amina, place = await desk.new_person(2001, "Amina")
    desk.telegram.block(amina)
    await desk.owe(tried(place))
    await desk.settle()

    assert [notice.to for notice in told] == [place]
    assert desk.calls("sendMessage") == []  # nobody is told a second time
    async with desk.given.storage.transaction() as tx:
        person = await tx.people.get(PersonId(place.id))
    assert person is not None
    assert not person.reachable


@pytest.mark.parametrize("fault", ["cut", "refused", "missing", "flood"])
async def test_a_silent_try_that_fails_otherwise_says_nothing_of_the_person(desk: Desk, fault: str) -> None:
    desk.looks["test.seems"] = lambda notice: SEEMS
    faults = desk.telegram.faults
    if fault == "cut":
        faults.cut("sendChatAction")
    elif fault == "refused":
        faults.refuse("sendChatAction", code=400, description="Bad Request: wrong parameter action")
    elif fault == "flood":
        faults.flood("sendChatAction", retry_after=3)
    else:
        faults.only(ESSENTIAL)
    _, place = await desk.new_person(2001, "Amina")
    await desk.owe(tried(place), tried(place))
    await desk.settle()

    assert await desk.waiting() == 0
    assert len(desk.calls("sendChatAction")) == {"cut": 2, "refused": 2, "missing": 1, "flood": 3}[fault]
    assert desk.calls("sendMessage") == []
