"""Each mission has its thread where there can be one; a mission never waits for it."""

import pytest

from bot.domain.outcome import Notice, Place, Priority, to_group, to_person
from bot.domain.people import DocumentId, MissionId, Party, PersonId
from bot.ports import Button, DocumentKind, Outgoing, ThreadState, Transaction
from bot.ports import Document as Written
from bot.sandbox.chats import BotRights, User
from tests.runtime.conftest import ESSENTIAL, M412, M415, Desk, in_group, on_board, says


async def thread_of(desk: Desk, place: Place) -> int | None:
    async with desk.given.storage.transaction() as tx:
        thread = await tx.sent.thread(place, M412)
    return thread.thread_id if thread else None


async def test_a_mission_gets_its_topic_in_the_group(desk: Desk, lea: User) -> None:
    await desk.owe(in_group("carte"), on_board("tableau"))

    await desk.settle()

    topic = await thread_of(desk, to_group(M412))
    assert topic is not None
    assert desk.group.topics[topic].name == f"SMT {M412} · Mulhouse"
    assert desk.sees(lea, desk.group, topic) == ["carte"]
    (board,) = [v for v in desk.views(lea, desk.group) if v.thread is None]
    assert board.text == "tableau"


async def test_two_missions_two_topics(desk: Desk, lea: User) -> None:
    await desk.owe(in_group("412", M412), in_group("415", M415), in_group("412, encore", M412))

    await desk.settle()

    assert len(desk.calls("createForumTopic")) == 2
    assert desk.sees(lea, desk.group, await thread_of(desk, to_group(M412))) == ["412", "412, encore"]


async def test_many_missions_at_once_each_get_their_topic(desk: Desk) -> None:
    await desk.owe(*(in_group("carte", mission) for mission in await desk.missions(5)))

    await desk.settle()

    assert len(desk.calls("createForumTopic")) == 5
    assert desk.earned_429() == 0


async def test_the_topic_follows_the_missions_state_and_is_closed_at_its_end(desk: Desk, lea: User) -> None:
    await desk.owe(in_group("recherche"))
    await desk.settle()
    desk.looks["test.says"] = lambda n: Outgoing("close", topic="SMT 412 · close", topic_closed=True)
    await desk.owe(in_group("close"))
    await desk.settle()

    topic = desk.group.topics[await thread_of(desk, to_group(M412)) or 0]
    assert (topic.name, topic.closed) == ("SMT 412 · close", True)

    desk.looks.clear()
    await desk.owe(in_group("encore un mot"))
    await desk.settle()
    assert "encore un mot" in desk.sees(lea, desk.group, topic.id)
    assert desk.earned_429() == 0


async def test_without_the_right_one_flow_and_the_group_is_told_what_to_mend(desk: Desk, lea: User) -> None:
    desk.telegram.set_bot_rights(desk.group, lea, BotRights(manage_topics=False))
    await desk.owe(in_group("412, un"), in_group("415, un", M415))
    await desk.settle()
    await desk.owe(in_group("412, deux"), in_group("415, deux", M415))
    await desk.settle()

    views = {view.text: view for view in desk.views(lea, desk.group)}
    assert all(view.thread is None for view in views.values())
    assert views["412, deux"].reply_to == views["412, un"].id
    assert views["415, deux"].reply_to == views["415, un"].id
    assert "delivery.no_topics" in views
    assert not desk.calls("createForumTopic")


async def test_a_group_without_topics_works_in_one_flow(desk: Desk, lea: User) -> None:
    desk.telegram.set_forum(desk.group, on=False)
    await desk.owe(in_group("412, un"), in_group("412, deux"))

    await desk.settle()

    assert desk.sees(lea, desk.group)[:2] == ["412, un", "412, deux"]
    assert "delivery.no_topics" in desk.sees(lea, desk.group)


async def test_a_right_given_later_is_seen_within_the_hour_and_the_card_moves(desk: Desk, lea: User) -> None:
    desk.telegram.set_bot_rights(desk.group, lea, BotRights(manage_topics=False))
    await desk.owe(in_group("carte 1", card="live"))
    await desk.settle()
    desk.telegram.set_bot_rights(desk.group, lea, BotRights())
    desk.clock.forward(hours=1, minutes=1)
    desk.looks["test.says"] = lambda n: Outgoing(
        str(n.facts["text"]), topic="SMT 412", buttons=((Button("OK", data="ok"),),)
    )
    await desk.owe(in_group("carte 2", card="live"))
    await desk.settle()

    topic = await thread_of(desk, to_group(M412))
    assert topic is not None
    assert desk.sees(lea, desk.group, topic) == ["carte 2"]


async def test_a_mission_does_not_wait_for_its_topic_longer_than_20_seconds(desk: Desk, lea: User) -> None:
    desk.telegram.faults.refuse("createForumTopic", times=20)
    began = desk.clock.now()
    await desk.owe(in_group("aucun IDEL", card="live"))

    while not desk.sees(lea, desk.group):
        await desk.settle(0)
        moment = await desk.delivery.next_moment()
        assert moment is not None
        desk.clock.to(max(moment, desk.clock.now()))
        await desk.delivery.drain()

    assert (desk.clock.now() - began).total_seconds() <= 20
    assert desk.views(lea, desk.group)[0].thread is None
    desk.telegram.faults.clear()
    desk.clock.forward(seconds=61)
    await desk.owe(in_group("toujours personne", card="live"))
    await desk.settle()
    topic = await thread_of(desk, to_group(M412))
    assert desk.sees(lea, desk.group, topic) == ["toujours personne"]


async def test_when_the_groups_minute_is_spent_the_first_message_goes_to_general(
    desk: Desk, lea: User
) -> None:
    others = await desk.missions(25)
    for mission in others:
        await desk.owe(in_group("carte", mission, priority=Priority.CARD))
    await desk.settle(300)

    assert len(desk.sees(lea, desk.group)) == 25
    assert desk.earned_429() == 0


async def test_a_deleted_topic_is_recreated_once_then_done_without(desk: Desk, lea: User) -> None:
    await desk.owe(in_group("un"))
    await desk.settle()
    first = await thread_of(desk, to_group(M412))
    assert first is not None
    desk.telegram.delete_topic(desk.group, first)
    await desk.owe(in_group("deux"))
    await desk.settle()
    second = await thread_of(desk, to_group(M412))
    assert second not in (None, first)
    assert desk.sees(lea, desk.group, second) == ["deux"]

    assert second is not None
    desk.telegram.delete_topic(desk.group, second)
    await desk.owe(in_group("trois"), in_group("quatre"))
    await desk.settle()
    assert [v.text for v in desk.views(lea, desk.group) if v.thread is None] == ["trois", "quatre"]
    async with desk.given.storage.transaction() as tx:
        thread = await tx.sent.thread(to_group(M412), M412)
    assert thread is not None
    assert thread.state is ThreadState.NONE


async def cards(tx: Transaction, mission: MissionId | None) -> list[Notice]:
    """The living cards of these tests."""
    missions = [one.id for one in await tx.missions.unfinished()] if mission is None else [mission]
    return [in_group(f"carte {one}", one, card="live") for one in missions]


async def test_with_a_lost_topic_the_missions_card_comes_again(desk: Desk, lea: User) -> None:
    desk.delivery = desk.begin(cards_in_group=cards)
    await desk.owe(in_group(f"carte {M412}", card="live"), in_group("un"))
    await desk.settle()
    first = await thread_of(desk, to_group(M412))
    assert first is not None
    desk.telegram.delete_topic(desk.group, first)
    await desk.owe(in_group("deux"))

    await desk.settle()

    assert desk.sees(lea, desk.group, await thread_of(desk, to_group(M412))) == ["deux", f"carte {M412}"]


async def test_where_the_group_moved_the_cards_of_the_open_missions_come_again(desk: Desk, lea: User) -> None:
    desk.delivery = desk.begin(cards_in_group=cards)
    await desk.owe(*(in_group(f"carte {one}", one, card="live") for one in (M412, M415)))
    await desk.settle()
    new = desk.telegram.migrate(desk.group)
    await desk.owe(in_group("après"))

    await desk.settle()

    said = sorted(view.text for view in desk.views(lea, new))
    assert said == ["après", f"carte {M412}", f"carte {M415}", "delivery.group_moved"]
    assert await desk.waiting() == 0


async def test_private_chats_have_topics_when_the_bot_has_that_mode(desk: Desk) -> None:
    desk.telegram.switches.topics_in_private = True
    amina, place = await desk.new_person(2001, "Amina")
    await desk.owe(says("412, un", place, M412), says("415, un", place, M415), says("bonjour", place))
    await desk.settle()
    await desk.owe(says("412, deux", place, M412))
    await desk.settle()

    topic = await thread_of(desk, place)
    assert desk.sees(amina, amina, topic) == ["412, un", "412, deux"]
    (hello,) = [v for v in desk.views(amina, amina) if v.thread is None]
    assert hello.text == "bonjour"


async def test_an_answer_to_a_document_replies_to_it_on_the_other_side(desk: Desk) -> None:
    amina, hers = await desk.new_person(2001, "Amina")
    claire, doctors = await desk.new_person(2002, "Claire")
    async with desk.given.storage.transaction() as tx:
        photo = await tx.documents.add(
            Written(
                DocumentId(0),
                M412,
                Party.person(PersonId(hers.id)),
                "Amina",
                DocumentKind.TEXT,
                desk.clock.now(),
                text="TA 13/8",
                chat_id=amina.id,
                message_id=desk.telegram.send_text(amina, amina, "TA 13/8")[0].id,
            )
        )
    desk.looks["test.relay"] = lambda n: Outgoing("Amina : TA 13/8", document=photo)
    desk.looks["test.answer"] = lambda n: Outgoing("Claire : merci", reply_to=photo)
    await desk.owe(says("", doctors, M412, kind="test.relay"))
    await desk.settle()
    await desk.owe(says("", doctors, M412, kind="test.answer"), says("", hers, M412, kind="test.answer"))
    await desk.settle()

    relay, answer = desk.views(claire, claire)
    assert answer.reply_to == relay.id
    (own,) = [v for v in desk.telegram.visible(amina, amina) if v.text == "TA 13/8"]
    assert desk.views(amina, amina)[-1].reply_to == own.id
    assert to_person(PersonId(hers.id)) == hers


@pytest.mark.parametrize("private_topics", [False, True])
async def test_a_server_with_the_essential_methods_alone_is_enough(
    desk: Desk, lea: User, private_topics: bool
) -> None:
    desk.telegram.switches.topics_in_private = private_topics
    desk.telegram.faults.only(ESSENTIAL)
    amina, place = await desk.new_person(2001, "Amina")
    desk.looks["test.says"] = lambda n: Outgoing(
        str(n.facts["text"]),
        topic=f"SMT {n.facts['text']}",
        pinned=True,
        topic_closed=n.facts["text"] == "fin",
    )
    for text in ("un", "deux", "fin"):
        await desk.owe(in_group(text, card="live"), says(text, place, M412, card="live"), on_board(text))
        await desk.settle()
    await desk.owe(in_group("fin, dite", fresh=True, card="live"))
    await desk.settle()

    topic = await thread_of(desk, to_group(M412))
    assert desk.sees(lea, desk.group, topic) == ["fin", "fin, dite"]
    assert desk.views(amina, amina)[0].text == "fin"
    assert await desk.waiting() == 0
    assert {call.method for call in desk.calls() if call.status == 404} >= {"getChat", "pinChatMessage"}
    assert sum(call.method == "pinChatMessage" for call in desk.calls()) == 1
