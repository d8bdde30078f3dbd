"""Everybody at once: one winner, everybody else is told the truth, on both databases."""

import asyncio
from collections import Counter

import pytest

from bot.domain.mission import IdelOfferState, SearchState
from bot.domain.outcome import Answer
from bot.domain.people import MissionId, Party, Person, PersonId, Role
from bot.flows import cascade as cascade_flow
from bot.flows import control as control_flow
from bot.flows import presence as presence_flow
from bot.flows import search as search_flow
from bot.flows import visit as visit_flow
from bot.ports import AlreadyWon
from bot.sandbox.chats import User
from tests.stories.story import Story

FIFTY = 50


async def fifty(story: Story) -> dict[PersonId, User]:
    """Nurses enough, each with a phone and the bot on it."""
    told: dict[PersonId, User] = {}
    async with story.storage.transaction() as tx:
        for number in range(FIFTY):
            name = f"Renfort{number:02}"
            user = story.telegram.add_user(2000 + number, name, "Martin")
            story.telegram.start(user)
            person = await tx.people.add(
                Person(PersonId(0), Role.IDEL, "MARTIN", name, phone=f"+336399850{number:02}")
            )
            await tx.people.link_account(person, user.id, user.id)
            told[person] = user
    story.telegram.take_updates()
    return told


async def one_has_it(story: Story, mission: MissionId) -> PersonId:
    """Exactly one nurse holds the mission, wherever one looks."""
    now = await story.mission_now(mission)
    assert now.search.state is SearchState.TAKEN
    winner = now.visit.idel
    assert winner is not None
    async with story.storage.transaction() as tx:
        assert await tx.people.engaged() == {winner: mission}
        accepted = await tx.offers.of_mission(mission, IdelOfferState.ACCEPTED)
    assert [offer.person for offer in accepted] == [winner]
    journal = await story.journal(mission)
    assert journal.count("search.accepted") == 1
    return winner


async def test_of_fifty_who_accept_at_once_one_gets_it_and_the_others_know(story: Story) -> None:
    nurses = await fifty(story)
    mission = await story.mission()
    given = story.bot.given
    async with story.storage.transaction() as tx:
        people = list((await tx.people.many(nurses)).values())

    answers = await asyncio.gather(
        *(search_flow.accept(given, person, mission.id, 1, 20) for person in people)
    )

    kinds = Counter(answer.kind for answer in answers)
    assert kinds == {"search.yours": 1, "search.too_late": FIFTY - 1}
    winner = await one_has_it(story, mission.id)
    said = {person.id: answer.kind for person, answer in zip(people, answers, strict=True)}
    assert said[winner] == "search.yours"


async def test_fifty_taps_that_come_in_one_batch_of_updates(story: Story) -> None:
    nurses = await fifty(story)
    mission = await story.mission()

    taps = {}
    for person, user in nurses.items():
        card = story.telegram.visible(user, user.id)[-1]
        taps[person] = story.telegram.tap(user, card.chat, card.id, 0, 0)
    await story.bot.intake.receive(story.telegram.take_updates())
    await story.bot.intake.work_all()

    winner = await one_has_it(story, mission.id)
    await story.settle()
    for person, user in nurses.items():
        # A decision over three seconds is answered «reçu» first: its words then come as a message.
        said = [story.telegram.answers[taps[person]].text or ""]
        said += [view.text for view in story.telegram.visible(user, user.id)]
        truth = "est à vous" if person == winner else "un(e) collègue l'a prise à"
        assert any(truth in text for text in said), said
    # Only one of them reads who the patient is.
    reads = [
        person
        for person, user in nurses.items()
        if any("KELLER" in view.text for view in story.telegram.visible(user, user.id))
    ]
    assert reads == [winner]


async def test_one_nurse_who_taps_two_missions_at_once_gets_one(story: Story) -> None:
    first = await story.mission(offered_to=["Amina", "Bruno"])
    second = await story.mission(offered_to=["Amina", "Bruno"])
    amina = await named(story, "Amina")

    answers = await asyncio.gather(
        *(search_flow.accept(story.bot.given, amina, m.id, 1, 20) for m in (first, second))
    )

    assert sorted(answer.kind for answer in answers) == ["search.engaged", "search.yours"]
    held = {m.id: (await story.mission_now(m.id)).visit.idel for m in (first, second)}
    assert sorted(held.values(), key=str) == [amina.id, None]
    async with story.storage.transaction() as tx:
        assert list(await tx.people.engaged()) == [amina.id]


async def test_the_same_tap_ten_times_at_once_is_one_acceptance(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    amina = await named(story, "Amina")

    answers = await asyncio.gather(
        *(search_flow.accept(story.bot.given, amina, mission.id, 1, 20) for _ in range(10))
    )

    assert Counter(a.kind for a in answers) == {"search.yours": 1, "search.already_yours": 9}
    assert await one_has_it(story, mission.id) == amina.id
    await story.settle()
    receipts = [v for v in story.person("Amina").messages() if "est à vous (" in v.text]
    assert len(receipts) == 1


async def test_two_doctors_at_once(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    claire, marc = await named(story, "Claire"), await named(story, "Marc")
    hour = (await story.mission_now(mission.id)).visit.expected_at
    assert hour is not None
    hour += story.bot.given.region.delays.visio_after_arrival

    async def accepts(doctor: Person) -> Answer:
        return await cascade_flow.accept(story.bot.given, doctor.party, mission.id, hour)

    answers = await asyncio.gather(accepts(claire), accepts(marc))

    kinds = {doctor.party: answer.kind for doctor, answer in zip((claire, marc), answers, strict=True)}
    assert sorted(kinds.values()) == ["cascade.too_late", "cascade.yours"]
    chosen = (await story.mission_now(mission.id)).cascade.doctor
    assert chosen is not None
    assert kinds[chosen.party] == "cascade.yours"
    assert (await story.journal(mission.id)).count("cascade.accepted") == 1


async def test_an_acceptance_and_the_end_of_the_delay_at_once(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina"])
    amina = await named(story, "Amina")
    story.clock.to(mission.search.answer_by)
    async with story.storage.transaction() as tx:
        timers = [t for t in await tx.timers.due(story.clock.now(), 10) if t.kind == "search.time_up"]

    _, answer = await asyncio.gather(
        search_flow.no_idel_in_time(story.bot.given, timers[0]),
        search_flow.accept(story.bot.given, amina, mission.id, 1, 20),
    )

    # Whichever was first, what she was told is what is true.
    now = await story.mission_now(mission.id)
    if answer.kind == "search.yours":
        assert now.search.state is SearchState.TAKEN
    else:
        assert answer.kind == "search.late"
        assert now.search.state is SearchState.UNANSWERED
        assert [late.person for late in now.search.late] == [amina.id]


async def test_giving_back_and_arriving_at_once(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    amina = await named(story, "Amina")

    arrived, gone = await asyncio.gather(
        visit_flow.arrive(story.bot.given, amina, mission.id),
        search_flow.give_back(story.bot.given, amina, mission.id, "vehicle"),
    )

    now = await story.mission_now(mission.id)
    assert gone.kind == "search.given_back"
    assert arrived.kind in ("visit.on_site", "visit.not_yours")
    assert now.visit.idel is None
    assert now.visit.arrived_at is None
    async with story.storage.transaction() as tx:
        assert not await tx.people.engaged()


async def test_strangers_in_the_group_and_decisions_on_missions_wait_for_each_other_in_one_order(
    story: Story,
) -> None:
    """Both draw the board and the missions' cards anew, while nothing can be sent."""
    missions = [await story.mission(offered_to=["Amina"]) for _ in range(3)]
    lea, given = await named(story, "Léa"), story.bot.given

    async def come_and_go(number: int) -> None:
        for present in (True, False) * 3:
            await presence_flow.in_group(given, 9000 + number, "Inconnu", present=present)

    async def decide(mission: MissionId) -> None:
        for _ in range(6):
            await control_flow.write_note(given, lea, mission, "clé chez la voisine")

    async with asyncio.timeout(60):
        await asyncio.gather(*(come_and_go(n) for n in range(4)), *(decide(m.id) for m in missions))

    for mission in missions:
        assert (await story.journal(mission.id)).count("control.noted") == 6


async def test_a_second_winner_is_refused_by_the_table_itself(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    amina, bruno = await named(story, "Amina"), await named(story, "Bruno")
    now = story.clock.now()
    async with story.storage.transaction() as tx:
        await tx.offers.win(mission.id, "search", 1, amina.party, now)

    with pytest.raises(AlreadyWon):
        async with story.storage.transaction() as tx:
            await tx.offers.win(mission.id, "search", 1, bruno.party, now)

    # Without the lock the constraint would still speak: nobody is told «est à vous» by mistake.
    answer = await search_flow.accept(story.bot.given, bruno, mission.id, 1, 20)
    assert answer.kind != "search.yours"
    assert (await story.mission_now(mission.id)).visit.idel is None
    # Another search of the same mission, or another mission, has its own winner.
    async with story.storage.transaction() as tx:
        await tx.offers.win(mission.id, "search", 2, bruno.party, now)
        await tx.offers.win(mission.id, "cascade", 1, Party.person(bruno.id), now)


async def named(story: Story, first_name: str) -> Person:
    """Somebody of the cast, as the bot knows them."""
    async with story.storage.transaction() as tx:
        return next(p for p in await tx.people.all() if p.first_name == first_name)
