"""The search asks the nearest first, then further and further: wave after wave, until nobody is left."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from bot.domain.mission import IdelOfferState, Mission, SearchState
from bot.domain.outcome import Event, Fact
from bot.domain.people import Person, PersonId, Role
from bot.flows import search as search_flow
from tests.regions import with_changes
from tests.stories.story import PATIENT, Story, Teller
from tests.stories.test_opening import WITH_USUAL, eligible, only_mission

#: Eight in Mulhouse beside the cast, of whom four live within ten kilometres and Emma at sixteen.
NEIGHBOURS = tuple(f"Voisin{n}" for n in range(1, 9))
NEAR = ("Amina", "Bruno", "Chloé", "David", *NEIGHBOURS)
FAR = "Emma"


async def neighbours(story: Story, names: tuple[str, ...] = NEIGHBOURS, commune: str = "68224") -> None:
    """More nurses, each with a phone and the bot on it."""
    async with story.storage.transaction() as tx:
        for number, name in enumerate(names, start=len(story.people)):
            user = story.telegram.add_user(3000 + number, name, "MARTIN")
            story.telegram.start(user)
            nurse = Person(
                PersonId(0), Role.IDEL, "MARTIN", name, phone=f"+336399851{number:02}", commune=commune
            )
            await tx.people.link_account(await tx.people.add(nurse), user.id, user.id)
            story.people[name] = Teller(story, user, name, [user.id])
    story.telegram.take_updates()


async def nurse(story: Story, name: str) -> Person:
    """As she stands in the database."""
    return next(p for p in await story.registered(Role.IDEL) if p.first_name == name)


async def pause(story: Story, name: str, until: datetime | None) -> None:
    """She is not to be asked until then."""
    person = await nurse(story, name)
    async with story.storage.transaction() as tx:
        await tx.people.save(replace(person, paused_until=until))


async def asked(story: Story, mission: Mission) -> dict[str, int]:
    """Who was asked, and in which wave."""
    async with story.storage.transaction() as tx:
        offers = await tx.offers.of_mission(mission.id)
        people = await tx.people.many([offer.person for offer in offers])
    return {people[offer.person].first_name: offer.wave for offer in offers}


async def refuses(story: Story, name: str, mission: Mission, epoch: int = 1) -> None:
    """REFUSER, without waiting for the screen."""
    await search_flow.refuse(story.bot.given, await nurse(story, name), mission.id, epoch)


# One wave after the other


async def test_the_nearest_are_asked_first_and_the_others_five_minutes_later(story: Story) -> None:
    await neighbours(story)
    lea, emma, one = story.person("Léa"), story.person(FAR), story.person("Voisin1")
    mission = await story.mission(in_waves=True)
    one.sees_button("ACCEPTER · 20 min")
    emma.sees_not("visite + téléconsultation")
    lea.sees("12 sollicités, 0 refus · 2e vague à 09:28")

    await story.wait(minutes=6)

    emma.sees_button("ACCEPTER · 20 min")
    lea.sees("13 sollicités, 0 refus · 2 vagues, plus personne ensuite")
    assert await asked(story, mission) == dict.fromkeys(NEAR, 1) | {FAR: 2}


async def test_an_offer_of_an_earlier_wave_stays_open_and_one_gets_the_mission(story: Story) -> None:
    await neighbours(story)
    mission = await story.mission(in_waves=True)
    await story.wait(minutes=6)

    await story.person("Amina").taps("ACCEPTER · 20 min")
    story.person("Amina").is_told_at_once("est à vous")
    story.person(FAR).sees("par un(e) collègue")
    story.person("Voisin3").sees("par un(e) collègue")

    now = await story.mission_now(mission.id)
    assert (now.search.state, now.search.next_wave_at) == (SearchState.TAKEN, None)


async def test_once_it_is_taken_nobody_else_is_asked(story: Story) -> None:
    await neighbours(story)
    await story.mission(in_waves=True)
    await story.person("Bruno").taps("ACCEPTER · 20 min")
    await story.wait(minutes=40)
    story.person(FAR).sees_not("SMT 1")


async def test_the_first_wave_is_filled_up_where_few_live_near(story: Story) -> None:
    # The cast alone: five nurses, fewer than the smallest wave.
    mission = await story.mission(in_waves=True)
    story.person("Léa").sees("5 sollicités, 0 refus")
    story.person("Léa").sees_not("2e vague")
    assert set((await asked(story, mission)).values()) == {1}


async def test_when_all_of_a_wave_refuse_the_next_is_asked_at_once(story: Story) -> None:
    await neighbours(story)
    lea, emma = story.person("Léa"), story.person(FAR)
    mission = await story.mission(in_waves=True)
    for name in NEAR[:-1]:
        await refuses(story, name, mission)
    await story.settle()
    emma.sees_not("SMT 1")

    await refuses(story, NEAR[-1], mission)
    await story.settle()

    emma.sees_button("ACCEPTER · 20 min")
    lea.sees_not("tous ont refusé")
    await emma.taps("REFUSER")
    lea.sees("SMT 1 · tous ont refusé")


async def test_whoever_becomes_free_is_asked_in_the_next_wave(story: Story) -> None:
    await neighbours(story)
    await pause(story, "Amina", story.clock.now() + timedelta(minutes=2))
    amina = story.person("Amina")
    mission = await story.mission(in_waves=True)
    amina.sees_not("SMT 1")

    await story.wait(minutes=6)

    amina.sees_button("ACCEPTER · 20 min")
    assert (await asked(story, mission))["Amina"] == 2


async def test_whoever_is_paused_meanwhile_is_not_asked(story: Story) -> None:
    await neighbours(story)
    mission = await story.mission(in_waves=True)
    await pause(story, FAR, story.clock.now() + timedelta(hours=1))
    await story.wait(minutes=20)
    story.person(FAR).sees_not("SMT 1")
    assert (await story.mission_now(mission.id)).search.next_wave_at is None


async def test_osnp_do_not_wait_for_the_next_wave(story: Story) -> None:
    await neighbours(story)
    mission = await story.mission(in_waves=True)
    lea = next(p for p in await story.registered(Role.OSNP) if p.first_name == "Léa")

    answer = await search_flow.widen_now(story.bot.given, lea, mission.id, wave=1)
    assert (answer.kind, answer.facts["asked"]) == ("search.more_asked", 1)
    again = await search_flow.widen_now(story.bot.given, lea, mission.id, wave=1)
    assert again.kind == "search.nobody_left"
    await story.settle()

    story.person(FAR).sees_button("ACCEPTER · 20 min")
    await story.wait(minutes=20)
    assert len(await asked(story, mission)) == 13


async def test_a_wave_that_was_due_while_the_bot_was_down_is_asked_when_it_comes_back(story: Story) -> None:
    await neighbours(story)
    mission = await story.mission(in_waves=True)
    story.clock.forward(minutes=9)
    await story.the_bot_restarts()
    story.person(FAR).sees_button("ACCEPTER · 20 min")
    assert len(await asked(story, mission)) == 13


async def test_a_mission_given_back_is_offered_in_waves_again_without_her(story: Story) -> None:
    await neighbours(story)
    amina = story.person("Amina")
    mission = await story.mission(in_waves=True)
    await amina.taps("ACCEPTER · 20 min")
    await story.wait(minutes=10)
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")

    now = await story.mission_now(mission.id)
    assert (now.search.wave, now.search.asked, now.search.epoch) == (1, 11, 2)
    assert now.search.next_wave_at is not None
    story.person("Bruno").sees_button("ACCEPTER · 20 min")
    amina.sees_not("vous l'avez acceptée")
    story.person(FAR).sees_not("SMT 1")
    await story.wait(minutes=6)
    story.person(FAR).sees_button("ACCEPTER · 20 min")
    amina.sees_no_button("ACCEPTER · 20 min")

    # Whose turn it is: being first a second time counts beside the first time.
    async with story.storage.transaction() as tx:
        other = replace(mission, search=replace(mission.search, excluded=()))
        found = await search_flow.candidates(story.bot.given, tx, other, anew=True)
    turns = {candidate.person.first_name: candidate.turns for candidate in found.candidates}
    assert (turns["Amina"], turns["Bruno"], turns[FAR]) == (1, 2, 0)


async def test_whoever_became_free_is_asked_when_the_search_is_prolonged(story: Story) -> None:
    await neighbours(story)
    await pause(story, FAR, story.clock.now() + timedelta(minutes=25))
    paul, emma = story.person("Paul"), story.person(FAR)
    mission = await story.mission(in_waves=True)
    await story.wait(minutes=31)
    emma.sees_not("SMT 1")

    await paul.taps("Prolonger 15 min")

    emma.sees_button("ACCEPTER · 20 min")
    assert (await story.mission_now(mission.id)).search.asked == 13


async def test_whoever_was_first_lately_comes_after_the_others(story: Story) -> None:
    # Twenty-seven within five kilometres, twenty in a first wave: those left out come first the next time.
    await neighbours(story, tuple(f"Voisin{n:02}" for n in range(1, 25)))
    first = await asked(story, await story.mission(in_waves=True))
    waited = {f"Voisin{n:02}" for n in range(1, 25)} - set(first)
    assert (len(first), len(waited)) == (20, 7)
    await story.person("Amina").taps("ACCEPTER · 20 min")

    second = await asked(story, await story.mission(in_waves=True))

    assert waited <= set(second)
    assert len(second) == 11  # of those whose answer is known, most said yes: fewer are asked
    assert "Amina" not in second


# The usual IDEL before the others


async def test_after_the_usual_idel_the_waves_follow_within_the_time_that_is_left(story: Story) -> None:
    await neighbours(story)
    lea, emma = story.person("Léa"), story.person(FAR)
    await lea.types(WITH_USUAL)
    await eligible(lea)
    await lea.taps("Proposer par le bot (10 min)")
    await lea.taps("DÉCLENCHER")
    started = (await only_mission(story)).search.started_at
    await story.wait(minutes=11)
    story.person("Voisin1").sees_button("ACCEPTER · 20 min")
    emma.sees_not("SMT 1")

    mission = await only_mission(story)
    assert mission.search.everybody_by is not None
    assert mission.search.everybody_by <= started + timedelta(minutes=21)
    await story.wait(minutes=5)
    emma.sees_button("ACCEPTER · 20 min")


async def test_a_usual_idel_who_said_no_on_the_phone_is_in_no_wave(story: Story) -> None:
    await neighbours(story)
    lea = story.person("Léa")
    await lea.types(WITH_USUAL)
    await eligible(lea)
    await lea.taps("Pas disponible")
    await lea.taps("DÉCLENCHER")
    await story.wait(minutes=20)
    story.person(FAR).sees_button("ACCEPTER · 20 min")
    story.person("Amina").sees_not("SMT 1")
    assert (await only_mission(story)).search.asked == 12


async def by_phone(story: Story, folder: Path) -> Teller:
    """A region where OSNP phone the usual IDEL; the mission is triggered."""
    region = with_changes(folder, usual='"phone"')
    story.settings = msgspec.structs.replace(story.settings, region=region)
    await story.the_bot_restarts()
    lea = story.person("Léa")
    await lea.types(WITH_USUAL)
    await eligible(lea)
    lea.sees_no_button("Proposer par le bot (10 min)")
    await lea.taps("Je l'appelle (10 min)")
    await lea.taps("DÉCLENCHER")
    return lea


async def test_osnp_phone_the_usual_idel_and_note_her_yes(story: Story, tmp_path: Path) -> None:
    lea, amina, bruno = await by_phone(story, tmp_path), story.person("Amina"), story.person("Bruno")
    lea.sees("appeler l'IDEL habituelle, noter sa réponse", "Amina BENALI", "Sans réponse à 09:3")
    amina.sees_not("SMT 1")

    await lea.taps("Oui · 20 min")

    lea.is_told_at_once("c'est noté, l'IDEL habituelle l'a")
    amina.sees("SMT 1 est à vous", "Arrivée annoncée")
    lea.sees("IDEL habituelle : oui")
    bruno.sees_not("SMT 1")
    lea.sees_no_button("Oui · 20 min")


async def test_a_usual_idel_who_cannot_come_or_is_not_reached_and_the_others_are_asked(
    story: Story, tmp_path: Path
) -> None:
    lea, amina, bruno = await by_phone(story, tmp_path), story.person("Amina"), story.person("Bruno")
    bruno.sees_not("SMT 1")
    await lea.taps("Elle ne peut pas")
    bruno.sees_button("ACCEPTER · 20 min")
    amina.sees_not("SMT 1")
    mission = await only_mission(story)
    assert (mission.search.asked, mission.search.refused, mission.search.unreachable) == (5, 1, 0)
    her = await nurse(story, "Amina")
    async with story.storage.transaction() as tx:
        offer = await tx.offers.get(mission.id, her.id)
    assert offer is not None
    assert (offer.state, offer.wave) == (IdelOfferState.REFUSED, 0)


async def test_a_usual_idel_who_is_not_reached_by_phone_may_still_say_yes(
    story: Story, tmp_path: Path
) -> None:
    lea = await by_phone(story, tmp_path)
    await story.wait(minutes=11)
    story.person("Bruno").sees_button("ACCEPTER · 20 min")
    lea.sees("IDEL habituelle : pas de oui")
    await lea.taps("Oui · 40 min")
    story.person("Amina").sees("SMT 1 est à vous")
    story.person("Bruno").sees("par un(e) collègue")


# Care that not everybody does


async def test_a_mission_that_needs_an_ability_is_offered_to_whoever_has_it(
    story: Story, tmp_path: Path
) -> None:
    file = with_changes(tmp_path)
    text = file.read_text(encoding="utf-8").replace('key = "plaie"\n', 'key = "plaie"\nneeds = ["suture"]\n')
    ability = '\n[[abilities]]\nkey = "suture"\nlabel = "Sutures"\n'
    file.write_text(text + ability, encoding="utf-8")
    story.settings = msgspec.structs.replace(story.settings, region=file)
    await story.the_bot_restarts()
    bruno = await nurse(story, "Bruno")
    async with story.storage.transaction() as tx:
        await tx.people.save(replace(bruno, capabilities=("suture",)))

    mission = await story.mission(motif="plaie", in_waves=True)

    assert list(await asked(story, mission)) == ["Bruno"]
    await story.person("Amina").types("/pourquoi")
    story.person("Amina").sees("pas sollicité(e) : soin non indiqué au profil")


# What the past says


async def past(story: Story, count: int, answered: int) -> None:
    """So many missions of a week ago at this hour, of which so many were answered in time."""
    like = await story.mission(offered_to=[])
    week = story.clock.now() - timedelta(days=7)
    async with story.storage.transaction() as tx:
        for n in range(count):
            old = like.with_(
                number=500 + n, triggered_at=week, search=replace(like.search, state=SearchState.ENDED)
            )
            mission = await tx.missions.add(old, PATIENT)
            end = Event("search.accepted" if n < answered else "search.nobody", {"person": 1})
            facts: dict[str, Fact] = {"commune": "68154", "exercise": False}
            await tx.journal.write(mission, [Event("mission.triggered", facts), end], "p1", week)


async def test_osnp_are_warned_where_an_answer_in_time_is_unlikely(story: Story) -> None:
    lea = story.person("Léa")
    await past(story, 10, answered=3)
    await story.mission()
    lea.sees("SMT 2 · 3 recherches sur 10 ont abouti", "À cette heure, dans ce secteur. Préparer la suite.")


async def test_nobody_is_warned_where_most_were_answered_or_little_is_known(story: Story) -> None:
    lea = story.person("Léa")
    await past(story, 10, answered=5)
    await story.mission()
    lea.sees_not("ont abouti")


async def test_another_hour_says_nothing_of_this_one(story: Story) -> None:
    lea = story.person("Léa")
    await past(story, 10, answered=0)
    await story.wait(hours=2)
    await story.mission()
    lea.sees_not("ont abouti")
    lea.sees_not("a abouti")
