"""Whoever must act and does not is asked again, then somebody else is: nobody waits in vain."""

import pytest

from bot.domain.mission import Mission
from bot.domain.outcome import StopTimer, TimerKind
from bot.flows import watch as watch_flow
from tests.stories.story import Story, plain
from tests.stories.test_duty import channels, with_region
from tests.stories.test_restarts import count


async def rung(story: Story, mission: Mission) -> list[str]:
    """What was said again, in order: «call_patient again»."""
    async with story.storage.transaction() as tx:
        lines = await tx.journal.of_mission(mission.id)
    return [f"{line.facts['deed']} {line.facts['stage']}" for line in lines if line.kind == "watch.rung"]


async def accepted(story: Story, estimate: str = "ACCEPTER · 1 h") -> Mission:
    """Amina has it; the operator owes the patient a call."""
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.person("Amina").taps(estimate)
    return mission


async def test_a_request_nobody_touches_is_said_again_after_five_minutes(story: Story) -> None:
    lea = story.person("Léa")
    mission = await accepted(story)
    lea.looks_away()
    await story.wait(minutes=4)
    assert await rung(story, mission) == []

    await story.wait(minutes=2)

    assert await rung(story, mission) == ["call_patient again"]
    lea.sees("⏰", "Léa : prévenir le patient", "Demandé à 09:23")
    lea.rang("Léa : prévenir le patient")
    await lea.taps("Patient prévenu")
    lea.sees("✔", "prévenir le patient : suite donnée")
    await story.wait(minutes=8)
    assert await rung(story, mission) == ["call_patient again"]


async def test_what_asked_before_says_that_it_is_asked_further_down_and_asks_nothing_any_more(
    story: Story,
) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    await accepted(story)
    await story.wait(minutes=6)
    first = lea.newest("⏰")
    assert first.buttons
    await story.wait(minutes=26)  # said again to others, twice

    asked = [
        view for view in lea.messages() if view.chat == story.group.id and "prévenir le patient" in view.text
    ]
    assert [view.id for view in asked if view.buttons and ("⏰" in view.text or "🔴" in view.text)] == [
        max(view.id for view in asked)
    ]
    (shut,) = [view for view in lea.messages() if view.id == first.id and view.chat == first.chat]
    assert (shut.text, shut.buttons) == ("SMT 1 · redemandé plus bas à 09:33", [])
    (before, *_) = [
        view for view in hugo.messages() if "redemandé plus bas" in view.text and view.chat == hugo.user.id
    ]
    assert before.buttons == []

    await lea.taps("Patient prévenu")

    lea.sees("✔ SMT 1 · prévenir le patient : suite donnée")
    assert all(call.status != 429 for call in story.telegram.calls)


async def test_a_new_orientation_asked_for_again_leaves_one_question_with_buttons(story: Story) -> None:
    paul = story.person("Paul")
    await story.mission(offered_to=["Amina"])
    await story.wait(minutes=40)

    asked = [view for view in paul.messages() if "nouvelle orientation" in view.text]
    assert len(asked) == 1
    assert asked[0].buttons
    assert sum("redemandé plus bas" in view.text for view in paul.messages()) >= 2


async def test_then_another_operator_is_rung_and_a_text_goes_to_the_first(story: Story) -> None:
    hugo, ines, nadia = (story.person(name) for name in ("Hugo", "Inès", "Nadia"))
    mission = await accepted(story)
    await story.wait(minutes=11)

    assert await rung(story, mission) == ["call_patient again", "call_patient fallback"]
    hugo.sees("🔴", "Hugo, Nadia : prévenir le patient", "Léa n'a pas répondu depuis 09:23")
    for teller in (hugo, nadia):
        teller.rang("à vous : prévenir le patient")
    ines.sees_not("à vous : prévenir le patient")
    assert [(to, "attend depuis 09:23: prévenir le patient" in text) for to, text, _ in story.sms_sent()] == [
        ("+33639980001", True)
    ]
    # Léa hears it in her own chat too, once.
    assert count(story.person("Léa"), "à vous : prévenir le patient") == 1

    await hugo.taps("Patient prévenu")
    hugo.sees("✔", "prévenir le patient : suite donnée")
    hugo.sees_no_button("Je m'en occupe")
    await story.wait(minutes=40)
    assert "call_patient fallback" not in (await rung(story, mission))[2:]


async def test_everybody_is_asked_again_and_again_until_somebody_acts(story: Story) -> None:
    ines = story.person("Inès")
    mission = await story.mission(offered_to=[])
    await story.wait(minutes=80)

    said = await rung(story, mission)
    assert said.count("decide fallback") >= 3
    ines.rang("à vous : décider, aucun IDEL")
    # Each request once at a time: the régulateur's own reminders were the first to say it again.
    assert "decide again" not in said
    before = len(said)
    await story.person("Paul").taps("Ambulance urgences")
    await story.person("Léa").taps("Patient prévenu")
    await story.wait(minutes=60)
    assert len(await rung(story, mission)) == before


async def test_i_see_to_it_is_seen_by_the_others_and_quiet_once(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await accepted(story)
    await story.wait(minutes=6)
    await hugo.taps("Je m'en occupe")
    hugo.is_told_at_once("les autres le voient")
    lea.sees("Hugo s'en occupe")
    lea.sees_no_button("Je m'en occupe")
    await story.wait(minutes=8)
    assert await rung(story, mission) == ["call_patient again"]

    await story.wait(minutes=3)

    assert (await rung(story, mission))[1:2] == ["call_patient fallback"]
    await hugo.taps("Je m'en occupe")
    hugo.is_told_at_once("déjà noté une fois")


async def test_whatever_the_operator_decides_on_the_mission_counts_as_touched(story: Story) -> None:
    lea = story.person("Léa")
    mission = await accepted(story)
    await story.wait(minutes=4)
    await lea.taps("Étape suivante")
    await story.wait(minutes=4)
    assert await rung(story, mission) == []
    await story.wait(minutes=2)
    assert await rung(story, mission) == ["call_patient again"]


async def test_what_rang_says_that_it_is_done_also_when_something_else_was_done_first(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await accepted(story)
    await story.wait(minutes=11)
    hugo.rang("à vous : prévenir le patient")
    await lea.taps("Étape suivante")
    hugo.sees_button("Je m'en occupe")

    await lea.taps("Patient prévenu")

    assert "visit.patient_told" in await story.journal(mission.id)
    for teller in (lea, hugo, story.person("Nadia")):
        teller.sees_not("à vous : prévenir le patient")
        teller.sees_no_button("Je m'en occupe")
    hugo.sees("✔", "prévenir le patient : suite donnée")


async def test_after_something_else_was_done_one_operator_is_asked_first_again(story: Story) -> None:
    hugo, ines = story.person("Hugo"), story.person("Inès")
    await accepted(story)
    await story.wait(minutes=11)
    await story.person("Léa").taps("Étape suivante")
    hugo.looks_away()
    await story.wait(minutes=12)
    hugo.rang("à vous : prévenir le patient")
    ines.sees_not("à vous : prévenir le patient")


async def test_a_doctor_who_does_not_answer_an_hour_is_asked_again_then_phoned(story: Story) -> None:
    lea, amina, claire = (story.person(name) for name in ("Léa", "Amina", "Claire"))
    mission = await accepted(story, "ACCEPTER · 20 min")
    await lea.taps("Patient prévenu")
    await claire.taps("J'accepte 10:00")
    await amina.taps("Changer l'heure")
    await amina.taps("90 min")
    await lea.taps("Patient prévenu")
    asked = count(claire, "Visio")

    await story.wait(minutes=6)
    assert count(claire, "Visio") == asked + 1
    assert "agree_hour operator" not in await rung(story, mission)

    await story.wait(minutes=5)
    assert await rung(story, mission) == ["agree_hour again", "agree_hour operator"]
    lea.sees("Léa : accorder l'heure de visio", "Le médecin n'a pas répondu")
    await claire.taps("OK 11:10")
    await story.wait(minutes=10)
    assert await rung(story, mission) == ["agree_hour again", "agree_hour operator"]


async def to_phone(story: Story) -> Mission:
    """The médecin traitant is to be phoned, and nothing else is to be done."""
    mission = await story.mission(offered_to=["Amina", "Bruno"], medecin_traitant="Jean")
    await story.person("Amina").taps("ACCEPTER · 1 h")
    await story.person("Léa").taps("Patient prévenu")
    return mission


async def test_a_doctor_to_phone_is_said_again_once_then_others_are_asked_ever_less(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await to_phone(story)
    await story.wait(minutes=11)
    lea.rang("Léa : réponse attendue, appeler le médecin traitant")
    assert await rung(story, mission) == []

    await story.wait(minutes=5)

    assert await rung(story, mission) == ["phone_doctor fallback"]
    hugo.rang("à vous : appeler le médecin")
    hugo.sees("Dr Jean WEBER", "+33 6 39 98 00 24")
    assert [to for to, _, _ in story.sms_sent()] == ["+33639980001"]
    assert (await story.journal(mission.id)).count("cascade.call_reminded") == 1

    # Three hours later: four times in the first hour, then once an hour
    await story.wait(hours=3)
    assert (await story.journal(mission.id)).count("cascade.call_reminded") == 1
    assert await rung(story, mission) == ["phone_doctor fallback"] * 6


async def test_a_step_that_begins_because_the_one_before_was_silent_is_not_said_to_be_late(
    story: Story,
) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    await story.house("SOS médecin 68", "Emma")
    mission = await accepted(story)
    await lea.taps("Patient prévenu")

    await story.wait(minutes=23)  # a quarter of an hour for the effecteurs, then ten minutes for the house

    lea.sees("2 Effecteurs · sans réponse", "⏳ 4 SOS médecin 68")
    assert await rung(story, mission) == []
    hugo.sees_not("appeler l'IDEL habituelle")


@pytest.mark.parametrize(
    "taps",
    [("Accepte", "10:40"), ("Pause 10 min",), ("Autre…", "Annuler la mission", "Régulateur")],
)
async def test_a_doctor_to_phone_is_not_said_again_once_that_is_useless(
    story: Story, taps: tuple[str, ...]
) -> None:
    mission, lea = await to_phone(story), story.person("Léa")
    for tap in taps:
        await lea.taps(tap)
    before = count(lea, "appeler le médecin traitant")

    await story.wait(minutes=12)

    assert "cascade.call_reminded" not in await story.journal(mission.id)
    assert count(lea, "appeler le médecin traitant") == before
    assert not [said for said in await rung(story, mission) if said.startswith("phone_doctor")]


async def test_an_answer_noted_for_one_of_two_begins_the_waiting_for_the_other_anew(story: Story) -> None:
    await with_region(story, channels("effecteur_sas", '["phone"]'))
    mission, lea = await accepted(story), story.person("Léa")
    await lea.taps("Patient prévenu")
    await story.wait(minutes=14)
    await lea.taps("✖ Dr Adam")
    await story.wait(minutes=14)
    assert "cascade.call_reminded" not in await story.journal(mission.id)

    await story.wait(minutes=2)

    assert "cascade.call_reminded" in await story.journal(mission.id)
    assert await rung(story, mission) == []


async def test_a_nurse_on_site_is_asked_whether_she_has_finished(story: Story) -> None:
    amina, lea, claire = (story.person(name) for name in ("Amina", "Léa", "Claire"))
    mission = await accepted(story, "ACCEPTER · 20 min")
    await lea.taps("Patient prévenu")
    await claire.taps("J'accepte 10:00")
    await story.wait(minutes=20)
    await amina.taps("Sur place")
    await story.wait(minutes=70)
    assert await rung(story, mission) == []

    await story.wait(minutes=10)

    assert await rung(story, mission) == ["care again"]
    amina.rang("visite finie ?")
    await amina.ends_the_visit()
    amina.sees("3 questions")


async def test_the_watch_outlives_the_process_and_says_nothing_twice(story: Story) -> None:
    mission = await accepted(story)
    await story.wait(minutes=6)
    for _ in range(3):
        await story.the_bot_restarts()
    assert await rung(story, mission) == ["call_patient again"]
    await story.wait(minutes=5)
    await story.the_bot_restarts()
    assert await rung(story, mission) == ["call_patient again", "call_patient fallback"]
    assert count(story.person("Léa"), "Léa : prévenir le patient") <= 2  # the first words, and once again


async def test_an_exercice_rings_nobody_who_was_not_chosen(story: Story) -> None:
    hugo = story.person("Hugo")
    await story.mission(offered_to=["Amina"], exercise=True)
    await story.person("Amina").taps("ACCEPTER · 1 h")
    await story.wait(minutes=20)

    hugo.sees("EXERCICE", "prévenir le patient")
    hugo.sees_not("à vous :")
    assert story.sms_sent() == []


# The watchdog


async def forget_timers(story: Story, mission: Mission, *kinds: str) -> None:
    """A defect, or somebody's hand in the database: those timers are gone."""
    async with story.storage.transaction() as tx:
        gone = {timer.kind for timer in await tx.timers.of_mission(mission.id)} & set(kinds or TimerKind)
        await tx.timers.apply(mission.id, [StopTimer(kind) for kind in gone], story.clock.now())


async def test_a_mission_for_which_nothing_is_to_come_is_mended_and_told(story: Story) -> None:
    lea = story.person("Léa")
    mission = await accepted(story)
    await lea.taps("Patient prévenu")
    assert await watch_flow.look_for_forgotten(story.bot.given) == 0
    await forget_timers(story, mission)

    assert await watch_flow.look_for_forgotten(story.bot.given) == 1

    await story.settle()
    lea.rang("Léa : voir où elle en est")
    assert "watch.repaired" in await story.journal(mission.id)
    assert await watch_flow.look_for_forgotten(story.bot.given) == 0
    async with story.storage.transaction() as tx:
        assert TimerKind.UNTOUCHED in {timer.kind for timer in await tx.timers.of_mission(mission.id)}


async def test_a_mission_that_goes_on_by_itself_is_watched_again_without_a_word(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina"])
    await forget_timers(story, mission, TimerKind.UNTOUCHED)
    story.person("Léa").looks_away()

    assert await watch_flow.look_for_forgotten(story.bot.given) == 1

    await story.settle()
    story.person("Léa").sees_nothing_new()


async def test_a_call_owed_by_a_closed_mission_is_not_forgotten(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    await lea.taps("Régulateur")
    assert (await story.mission_now(mission.id)).patient_calls
    await forget_timers(story, mission)

    assert await watch_flow.look_for_forgotten(story.bot.given) == 1

    await story.wait(minutes=6)
    lea.sees("Léa : prévenir le patient", "pas encore fait")
    await lea.taps("Patient prévenu")
    assert await watch_flow.look_for_forgotten(story.bot.given) == 0
    assert "prévenir" in plain(lea.newest("suite donnée").text)


async def test_a_request_that_waited_for_the_line_is_said_once_however_often_it_rang(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await accepted(story)
    story.telegram.faults.down = True
    await story.wait(minutes=30)
    assert len(await rung(story, mission)) >= 4

    story.telegram.faults.down = False
    await story.wait(minutes=3)

    assert count(lea, "Léa n'a pas répondu depuis 09:23") == 2  # in the group, and in her own chat
    hugo.sees("à vous : prévenir le patient")


async def test_what_was_done_before_it_could_be_said_again_is_not_said(story: Story) -> None:
    lea = story.person("Léa")
    mission = await accepted(story)
    story.telegram.faults.down = True
    await story.wait(minutes=30)
    lea.looks_away()
    await lea.taps("Patient prévenu")

    story.telegram.faults.down = False
    await story.wait(minutes=3)

    assert await rung(story, mission)
    assert not [view.text for view in lea.new() if "prévenir le patient" in plain(view.text)]
