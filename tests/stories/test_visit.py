"""The nurse's way to the patient, and the calls owed to the patient."""

from bot.domain.mission import CallReason, SearchState, VisitState
from tests.stories.story import Story


async def test_the_field_words_are_noted_and_repeats_are_answered_kindly(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    card = amina.newest("est à vous")

    await amina.taps("En route")
    amina.is_told_at_once("en route, noté")
    await amina.taps_old(card, f"ve:{mission.id}:0:")
    amina.is_told_at_once("déjà noté")
    await story.wait(minutes=35)
    await amina.taps("Sur place")

    lea.sees("Amina B. sur place")
    found = await story.mission_now(mission.id)
    assert found.visit.state is VisitState.ON_SITE
    amina.sees_no_button("Je ne peux plus y aller")


async def test_later_gives_the_mission_at_once_and_then_asks_the_hour(story: Story) -> None:
    amina = story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · + tard")
    amina.is_told_at_once("est à vous")
    amina.sees("sur place dans combien de temps ?")

    await amina.taps("3 h")

    amina.sees("arrivée annoncée 12:23")
    found = await story.mission_now(mission.id)
    assert story.local(found.visit.expected_at or found.limit) == "12:23"


async def test_an_hour_may_be_typed(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · + tard")
    await amina.types("14h30")
    amina.sees("arrivée annoncée 14:30")


async def test_an_hour_past_the_limit_is_refused_with_the_limit(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · + tard")
    await amina.types("16:00")
    amina.sees("pas après 15:23")


async def test_without_an_hour_after_a_quarter_the_operator_is_asked(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · + tard")
    await story.wait(minutes=15)
    lea.rang("heure d'arrivée ?")
    await lea.taps("40 min")
    amina.sees("arrivée annoncée")


async def test_a_late_arrival_is_chased_before_the_limit(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await story.wait(minutes=36)
    amina.rang("vous étiez attendu(e) à 09:43")
    lea.rang("pas encore sur place")
    lea.sees("+33 6 39 98 00 11")


async def test_the_patient_is_told_and_one_tap_records_it(story: Story) -> None:
    amina, lea, hugo = story.person("Amina"), story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    assert (await story.mission_now(mission.id)).patient_calls == (CallReason.ACCEPTED,)
    lea.rang("prévenir le patient")

    await lea.taps("Voir le patient")
    seen = lea.sees("Odile KELLER", "+33 3 53 01 00 12")
    assert seen.protected
    assert seen.chat == lea.user.id
    await hugo.taps("Patient prévenu")

    assert (await story.mission_now(mission.id)).patient_calls == ()
    lea.sees("patient prévenu", "(Hugo S.)")
    lea.sees_no_button("Patient prévenu")


async def test_a_late_acceptance_is_laid_before_the_regulateur(story: Story) -> None:
    amina, paul = story.person("Amina"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.wait(minutes=31)
    await amina.taps("ACCEPTER · 20 min")
    amina.is_told_at_once("Délai dépassé à 09:53", "transmise au régulateur")
    paul.rang("Amina B. accepte après le délai")

    await paul.taps("Oui, d'accord")

    amina.rang("est à vous")
    assert (await story.mission_now(mission.id)).search.state is SearchState.TAKEN
    paul.sees_no_button("Ambulance urgences")


async def test_a_late_acceptance_declined_is_told(story: Story) -> None:
    amina, paul = story.person("Amina"), story.person("Paul")
    await story.mission(offered_to=["Amina", "Bruno"])
    await story.wait(minutes=31)
    await amina.taps("ACCEPTER · 20 min")
    await paul.taps("15 / SMUR")
    amina.sees("une autre solution a été choisie")
    amina.sees_no_button("ACCEPTER")


async def test_prolonging_asks_the_silent_again(story: Story) -> None:
    amina, bruno, paul = story.person("Amina"), story.person("Bruno"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("REFUSER")
    await amina.taps("Trop loin")
    amina.looks_away()
    bruno.looks_away()
    await story.wait(minutes=30)
    await paul.taps("Prolonger 15 min")

    bruno.rang("Répondre avant 10:08")
    bruno.sees_not("Répondre avant 09:53")
    bruno.sees_button("ACCEPTER · 20 min")
    amina.sees_nothing_new()
    await amina.taps("Je peux, finalement")
    await amina.taps("ACCEPTER · 20 min")
    amina.is_told_at_once("est à vous")
    assert (await story.mission_now(mission.id)).search.taken_by is not None
