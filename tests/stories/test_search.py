"""The search for a nurse, as people live it."""

from bot.domain.mission import MissionState, SearchState
from tests.stories.story import Story


async def test_the_first_idel_to_accept_gets_the_mission(story: Story) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")
    mission = await story.mission(asked_by="Léa", offered_to=["Amina", "Bruno"])
    amina.sees("visite + téléconsultation", "Femme, 94 ans · Mulhouse", "Être sur place avant 15:23")

    await amina.taps("ACCEPTER · 20 min")

    amina.is_told_at_once("est à vous")
    amina.sees("est à vous", "Arrivée annoncée")
    amina.sees("KELLER", "12 rue des Tanneurs")
    bruno.sees("par un(e) collègue")
    bruno.sees_not("KELLER")
    lea.sees("Amina B. y va")
    assert (await story.mission_now(mission.id)).search.state is SearchState.TAKEN


async def test_a_tap_that_comes_second_is_told_the_truth_at_once(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await story.mission(offered_to=["Amina", "Bruno"])
    late = bruno.newest("visite + téléconsultation")

    await amina.taps("ACCEPTER · 20 min")
    await bruno.taps_old(late, "sa:1:1:20")

    bruno.is_told_at_once("un(e) collègue l'a prise à", "Merci, rien d'autre à faire")


async def test_nobody_in_thirty_minutes_and_the_regulateur_decides(story: Story) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina", "Bruno"])

    await story.wait(minutes=20)
    lea.sees("20 min sans IDEL", "2 sollicités")
    await story.wait(minutes=10)
    paul.sees("aucun IDEL à 09:53", "Dr Roth : nouvelle orientation ?")
    paul.rang("aucun IDEL")
    await paul.taps("Ambulance urgences")

    lea.sees("ambulance vers les urgences", "prévenir le patient")
    await lea.taps("Patient prévenu")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED


async def test_an_operator_notes_a_spoken_decision_with_the_decider_and_may_go_back(story: Story) -> None:
    lea, mission = story.person("Léa"), await story.mission(offered_to=["Amina"])
    await story.wait(minutes=30)

    await lea.taps("Décidé par tél.")
    await lea.taps("Retour")
    lea.sees("Dr Roth : nouvelle orientation ?")
    await lea.taps("Décidé par tél.")
    await lea.taps("Dr Roth")
    lea.sees("Décidé au téléphone par Dr Roth : quoi ?")
    await lea.taps("15 / SMUR")

    lea.sees("15 / SMUR", "Dr Roth", "(noté par Léa M.)")
    found = await story.mission_now(mission.id)
    assert found.search.oriented_by == "Dr Roth"


async def test_another_decision_is_written_in_a_few_words(story: Story) -> None:
    paul = story.person("Paul")
    await story.mission(offered_to=["Amina"])
    await story.wait(minutes=30)
    await paul.taps("Autre…")
    paul.sees("écrivez la décision en quelques mots")
    await paul.types("revoit son médecin demain")
    story.person("Léa").sees("autre solution : revoit son médecin demain")


async def test_a_late_yes_of_a_nurse_who_has_left_since_is_no_nurse_for_the_patient(story: Story) -> None:
    amina, paul = story.person("Amina"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina"])
    await story.wait(minutes=31)
    await amina.taps("ACCEPTER · 20 min")
    await amina.types("/profil")
    await amina.taps("Quitter le service")
    await amina.taps("Oui, quitter")

    await paul.taps("Oui, d'accord")

    paul.is_told_at_once("a quitté le service entre-temps")
    assert (await story.mission_now(mission.id)).search.taken_by is None
    amina.sees_not("est à vous")
    paul.sees_button("Visite SOS")


async def test_the_search_is_not_prolonged_past_a_nurse_who_would_go(story: Story) -> None:
    amina, bruno, paul = story.person("Amina"), story.person("Bruno"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.wait(minutes=31)
    await amina.taps("ACCEPTER · 20 min")
    bruno.looks_away()

    await paul.taps("Prolonger 15 min")

    paul.is_told_at_once("un(e) IDEL veut bien y aller, après le délai. Répondez-lui d'abord")
    bruno.sees_nothing_new()
    await paul.taps("Non, merci")
    await paul.taps("Prolonger 15 min")
    paul.is_told_at_once("prolongée jusqu'à")
    assert [v for v in bruno.new() if "SMT 1 · visite" in v.text]
    assert (await story.mission_now(mission.id)).search.late == ()


async def test_an_orientation_asked_for_twice_is_not_asked_for_any_more_once_all_is_over(
    story: Story,
) -> None:
    amina, lea, paul = story.person("Amina"), story.person("Léa"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina"])
    await story.wait(minutes=31)
    paul.sees_button("Visite SOS")
    await amina.taps("ACCEPTER · 20 min")
    await lea.taps("Autre…", nth=1)
    await lea.taps("Annuler la mission")
    # What is said again waits for its turn, and behind it what becomes of it.
    story.telegram.faults.down = True
    await story.wait(minutes=4)
    await paul.taps("Oui, d'accord")
    await lea.taps("Régulateur")

    story.telegram.faults.down = False
    await story.wait(minutes=5)

    assert "search.orientation_reminded" in await story.journal(mission.id)
    paul.sees_no_button("Visite SOS")
    paul.sees_not("nouvelle orientation ?")
