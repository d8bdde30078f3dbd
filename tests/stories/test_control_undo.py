"""What was decided by mistake: a mission goes on after all, the last decision is taken back."""

from bot.domain import undo
from bot.domain.mission import (
    CallReason,
    CascadeState,
    Decision,
    Mission,
    MissionState,
    SearchState,
    VisitState,
)
from tests.stories.story import Story, plain
from tests.stories.test_control import opens


async def on_its_way(story: Story) -> Mission:
    """Amina is on her way, Dr Morel has the video at 10:00, the patient knows."""
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    await story.person("Claire").taps("J'accepte 10:00")
    await story.person("Léa").taps("Patient prévenu")
    return mission


async def undoes(story: Story, name: str = "Léa") -> None:
    """«Défaire…», and yes."""
    await opens(story.person(name), "Défaire…", "Oui, défaire")


# It goes on after all


async def test_a_mission_cancelled_by_mistake_goes_on_with_its_nurse_and_its_doctor(story: Story) -> None:
    lea, amina, claire = story.person("Léa"), story.person("Amina"), story.person("Claire")
    mission = await on_its_way(story)
    await opens(lea, "Annuler la mission", "Régulateur")
    amina.sees("Vous n'avez plus à y aller")

    await undoes(story)

    lea.is_told_at_once("c'est défait")
    lea.sees("rouverte à", "(Léa M.)", "Prévenu(e)s par le bot : Amina B., Dr Claire MOREL")
    lea.sees("défait : fin de la mission (Léa M.)")
    for teller in (amina, claire):
        teller.rang("finalement maintenue")
    claire.sees("visio 10:00")
    now = await story.mission_now(mission.id)
    assert (now.state, now.end) == (MissionState.OPEN, None)
    assert now.visit.state is VisitState.PLANNED
    assert now.cascade.state is CascadeState.FOUND
    assert now.patient_calls == ()  # nobody had told the patient of the cancellation
    await amina.taps("Sur place")
    await amina.ends_the_visit()
    await amina.taps("Aucun → TLD")
    await amina.taps("Reste à domicile")
    await amina.taps("Remise")
    await claire.taps("Tout est fait")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED


async def test_a_patient_who_was_told_that_nobody_comes_is_owed_another_call(story: Story) -> None:
    lea = story.person("Léa")
    mission = await on_its_way(story)
    await opens(lea, "Annuler la mission", "Régulateur")
    await lea.taps("Patient prévenu")

    await lea.types(f"/rouvrir {mission.number}")
    await lea.taps("Oui, rouvrir")

    lea.sees("rouverte à", "Léa : prévenir le patient")
    assert (await story.mission_now(mission.id)).patient_calls == (CallReason.REOPENED,)


async def test_reopened_without_a_nurse_it_is_offered_again(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await opens(lea, "Annuler la mission", "Doublon")
    amina.sees("annulée à")

    await undoes(story)

    await amina.taps("ACCEPTER · 20 min")
    amina.is_told_at_once("est à vous")
    now = await story.mission_now(mission.id)
    assert now.search.epoch == 2
    assert now.visit.state is VisitState.PLANNED


async def test_the_nurse_who_has_another_mission_by_now_is_not_given_this_one_back(story: Story) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")
    mission = await on_its_way(story)
    await opens(lea, "Autre effecteur", "Oui, un autre y va")
    await story.mission(offered_to=["Amina"], commune="68278")
    await amina.taps("ACCEPTER · 40 min")

    await lea.types(f"/rouvrir {mission.number}")
    await lea.taps("Oui, rouvrir")

    lea.sees("rouverte à", "Amina B. n'est plus libre, la recherche est relancée")
    bruno.sees_button("ACCEPTER · 20 min")
    now = await story.mission_now(mission.id)
    assert now.search.state is SearchState.OFFERED
    assert now.cascade.suspended


async def test_a_new_orientation_by_mistake_is_asked_again(story: Story) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina"])
    await story.wait(minutes=31)
    await paul.taps("Ambulance urgences")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED

    await undoes(story, "Paul")

    paul.sees_button("Visite SOS")
    now = await story.mission_now(mission.id)
    assert now.search.state is SearchState.UNANSWERED
    assert now.search.orientation is None
    assert CallReason.ORIENTED not in now.patient_calls
    await paul.taps("Visite SOS")
    lea.sees("visite SOS médecin")


async def test_a_visit_ended_by_mistake_is_on_site_again(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await on_its_way(story)
    await amina.taps("Sur place")
    await amina.ends_the_visit()
    await amina.taps("Aucun → TLD")

    await lea.types(f"/rouvrir {mission.number}")
    await lea.taps("Oui, rouvrir")

    now = await story.mission_now(mission.id)
    assert now.visit.state is VisitState.ON_SITE
    assert now.closing.acts is None
    amina.sees("sur place")
    amina.sees_no_button("Reste à domicile")
    await amina.ends_the_visit()
    amina.sees("3 questions")


async def test_what_was_forgotten_is_not_reopened(story: Story) -> None:
    lea = story.person("Léa")
    mission = await on_its_way(story)
    await opens(lea, "Annuler la mission", "Patient refuse")
    await story.wait(hours=5)

    await lea.types(f"/rouvrir {mission.number}")
    await lea.taps("Oui, rouvrir")

    lea.is_told_at_once("effacée")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED


# The last decision


async def test_the_wrong_nurse_is_told_and_everybody_is_asked_again(story: Story) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Bruno F.", "Oui · 20 min")

    await opens(lea, "Défaire…")
    lea.sees("défaire : attribution (09:2", "Bruno F.")
    await lea.taps("Oui, défaire")

    bruno.rang("reprise par l'OSNP")
    lea.sees("reprise à Bruno F. par Léa M. (attribuée par erreur)")
    await amina.taps("ACCEPTER · 20 min")
    amina.is_told_at_once("est à vous")
    journal = await story.journal(mission.id)
    assert "control.unassigned" in journal
    assert "search.given_back" not in journal
    assert "billing.idel" not in journal


async def test_an_assignment_is_not_taken_back_from_a_nurse_who_has_set_out(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Amina B.", "Oui · 20 min")
    await amina.taps("En route")

    await undoes(story)

    lea.is_told_at_once("la situation a changé depuis")
    assert (await story.mission_now(mission.id)).visit.state is VisitState.EN_ROUTE


async def test_a_refusal_noted_for_the_wrong_nurse_is_taken_back(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Amina B.", "Refuse")
    amina.sees("refusée")

    await undoes(story)

    assert (await story.mission_now(mission.id)).search.refused == 0
    await amina.taps("ACCEPTER · 20 min")
    amina.is_told_at_once("est à vous")


async def test_a_doctor_noted_by_mistake_is_told_and_the_step_is_asked_again(story: Story) -> None:
    lea, amina, claire, marc = (story.person(name) for name in ("Léa", "Amina", "Claire", "Marc"))
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await opens(lea, "Médecin…", "Attribuer à…", "Dr Claire MOREL", "10:20")
    claire.sees("c'est à vous, visio 10:20")

    await undoes(story)

    claire.rang("votre accord avait été noté par erreur")
    amina.sees("le médecin s'est retiré")
    now = await story.mission_now(mission.id)
    assert now.cascade.state is CascadeState.RUNNING
    await marc.taps("J'accepte 10:20")
    marc.is_told_at_once("est à vous")


async def test_the_regulateur_who_read_that_it_was_over_reads_that_it_goes_on(story: Story) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    await on_its_way(story)
    await opens(lea, "Annuler la mission", "Doublon")
    paul.sees("annulée (doublon)")
    paul.looks_away()

    await undoes(story)

    told = [plain(view.text) for view in paul.new() if view.chat == paul.user.id]
    assert len(told) == 1
    assert told[0].startswith("↩ SMT 1 · rouverte à 09:2")
    assert told[0].endswith("(Léa M.), la mission continue")


async def test_a_doctor_without_telegram_noted_by_mistake_is_phoned_by_osnp(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await opens(lea, "Médecin…", "Attribuer à…", "Dr Jean WEBER", "10:20")
    lea.looks_away()

    await undoes(story)

    lea.rang("appeler Dr Jean WEBER")
    lea.sees("appeler Dr Jean WEBER", "+33 6 39 98 00 24", "son accord a été noté par erreur")


async def test_a_refusal_noted_for_the_wrong_doctor_is_taken_back(story: Story) -> None:
    lea, amina, claire = story.person("Léa"), story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await lea.taps("Réponse par tél.")
    await lea.taps("✖ Dr Morel")
    claire.sees("refus noté")

    await undoes(story)

    await claire.taps("J'accepte 10:20")
    claire.is_told_at_once("est à vous")


async def test_an_hour_set_by_mistake_is_the_former_one_again(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await lea.taps("Patient prévenu")
    await lea.taps("Changer l'heure")
    await lea.taps("2 h")
    amina.rang("arrivée 11:23, notée par l'OSNP (Léa M.)")
    amina.looks_away()

    await undoes(story)

    now = await story.mission_now(mission.id)
    assert story.local(now.visit.expected_at) == "10:03"  # type: ignore[arg-type]
    amina.rang("arrivée 10:03, notée par l'OSNP (Léa M.)")
    assert now.decisions == ()


async def test_a_step_passed_over_by_mistake_is_asked_again(story: Story) -> None:
    lea, amina, claire = story.person("Léa"), story.person("Amina"), story.person("Claire")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    before = (await story.mission_now(mission.id)).cascade.current
    await lea.taps("Étape suivante")
    assert (await story.mission_now(mission.id)).cascade.current != before

    await undoes(story)

    now = await story.mission_now(mission.id)
    assert now.cascade.current == before
    assert now.cascade.state is CascadeState.RUNNING
    await claire.taps("J'accepte 10:20")
    claire.is_told_at_once("est à vous")


async def test_a_false_alarm_is_said_to_whoever_was_alarmed(story: Story) -> None:
    lea, amina, claire = story.person("Léa"), story.person("Amina"), story.person("Claire")
    mission = await on_its_way(story)
    await opens(lea, "Aggravation → 15")
    amina.sees("appelez le 15 maintenant")

    await undoes(story)

    for teller in (lea, amina, claire):
        teller.rang("fausse alerte, la mission continue")
    amina.sees_not("appelez le 15 maintenant")
    lea.sees_no_button("Le 15 a pris le relais")
    assert (await story.mission_now(mission.id)).worsened_at is None


async def test_a_prolongation_by_mistake_is_asked_again_at_its_hour(story: Story) -> None:
    lea, bruno, paul = story.person("Léa"), story.person("Bruno"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.wait(minutes=31)
    await paul.taps("Prolonger 15 min")
    bruno.sees("Répondre avant 10:09")
    paul.looks_away()

    await undoes(story)

    paul.rang("aucun IDEL à 09:53")
    lea.sees("défait : prolongation (Léa M.)")
    bruno.sees("Répondre avant 09:53")
    now = await story.mission_now(mission.id)
    assert (now.search.state, now.search.prolonged) == (SearchState.UNANSWERED, 0)
    await story.wait(minutes=20)
    assert (await story.journal(mission.id)).count("search.nobody") == 1  # its clock was stopped
    await paul.taps("15 / SMUR")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED


async def test_a_prolongation_in_which_somebody_has_accepted_stands(story: Story) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina"])
    await story.wait(minutes=31)
    await paul.taps("Prolonger 15 min")
    await story.person("Amina").taps("ACCEPTER · 20 min")

    await undoes(story)

    lea.is_told_at_once("la situation a changé depuis")
    assert (await story.mission_now(mission.id)).search.state is SearchState.TAKEN


async def test_a_pause_by_mistake_ends_at_once(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")
    await opens(lea, "Médecin…", "Pause 30 min")

    await undoes(story)

    lea.sees("défait : pause de la recherche du médecin (Léa M.)")
    now = await story.mission_now(mission.id)
    assert (now.cascade.state, now.cascade.paused_until) == (CascadeState.RUNNING, None)
    await story.wait(minutes=60)
    assert (await story.journal(mission.id)).count("cascade.resumed") == 1
    assert "cascade.advanced" in await story.journal(mission.id)  # the step's own clock runs again
    claire.sees_button("J'accepte")


async def test_a_return_by_mistake_goes_on_with_the_step_that_was_left(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")
    await lea.taps("Étape suivante")
    left = (await story.mission_now(mission.id)).cascade.current
    await lea.taps("Revenir")
    assert (await story.mission_now(mission.id)).cascade.current != left

    await undoes(story)

    now = await story.mission_now(mission.id)
    assert (now.cascade.state, now.cascade.current) == (CascadeState.RUNNING, left)
    lea.sees("défait : retour à l'étape d'avant (Léa M.)")
    await claire.taps("J'accepte 10:40")  # asked in the step before: she may still
    claire.is_told_at_once("est à vous")


async def test_a_mission_taken_over_by_mistake_goes_back_and_both_know(story: Story) -> None:
    lea, hugo, paul = story.person("Léa"), story.person("Hugo"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina"])
    before = (await story.mission_now(mission.id)).operator
    await opens(hugo, "Suivi…", "Je prends la main")
    lea.rang("tenue par Hugo depuis")

    await undoes(story, "Hugo")

    assert (await story.mission_now(mission.id)).operator == before
    lea.rang("à vous, transférée par Hugo")
    paul.sees("tenue par Léa à partir de")
    paul.sees("défait : transfert, Hugo", "(Hugo")


async def test_a_transfer_taken_back_by_who_had_it_tells_who_got_it(story: Story) -> None:
    lea, ines = story.person("Léa"), story.person("Inès")
    mission = await story.mission(offered_to=["Amina"])
    before = (await story.mission_now(mission.id)).operator
    await opens(lea, "Suivi…", "Transférer…", "Inès")
    ines.rang("à vous, transférée par Léa")

    await undoes(story)

    assert (await story.mission_now(mission.id)).operator == before
    ines.rang("tenue par Léa depuis")
    lea.sees("tenue par Léa à partir de")


async def test_a_note_of_another_patient_is_struck_through_for_whoever_read_it(story: Story) -> None:
    lea, hugo, ines = story.person("Léa"), story.person("Hugo"), story.person("Inès")
    mission = await story.mission(offered_to=["Amina"])
    await lea.types(f"/note {mission.number} Les clés sont chez la voisine")
    await hugo.taps("Voir le patient")
    hugo.sees("Léa M. : Les clés sont chez la voisine")
    ines.looks_away()

    await undoes(story)

    hugo.sees("la note de 09:23 est retirée (Léa M.)")
    hugo.sees("Les clés sont chez la voisine", "(retirée)")
    assert "<s>" in hugo.newest("Les clés sont chez la voisine").html
    assert not any("la note de" in view.text for view in ines.new())
    assert (await story.mission_now(mission.id)).notes == 0
    assert {"control.noted", "control.note_withdrawn"} <= set(await story.journal(mission.id))
    await lea.types(f"/note {mission.number} Deuxième étage")
    await ines.taps("Voir le patient")
    ines.sees("Léa M. : Deuxième étage", "Les clés sont chez la voisine (retirée)")


async def test_what_was_put_off_by_mistake_is_asked_in_its_time(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")
    await opens(lea, "Suivi…", "Rappeler plus tard…", "30 min")
    hugo.sees("⏰ Rappel à 09:5")

    await undoes(story)

    hugo.sees("défait : rappel reporté (Léa M.)")
    hugo.sees_not("⏰ Rappel à 09:5")
    await story.wait(minutes=20)
    assert "watch.rung" in await story.journal(mission.id)


# One after the other


async def test_two_hours_are_taken_back_one_after_the_other(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    for hour in ("10h30", "11h00"):
        await lea.types(f"/heure {mission.number} {hour}")

    await undoes(story)
    assert story.local((await story.mission_now(mission.id)).visit.expected_at) == "10:30"  # type: ignore[arg-type]
    await undoes(story)

    now = await story.mission_now(mission.id)
    assert story.local(now.visit.expected_at) == "10:03"  # type: ignore[arg-type]
    assert now.decisions == ()
    amina.sees("arrivée 10:03, notée par l'OSNP")


async def test_two_steps_passed_over_are_asked_again_one_after_the_other(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")
    steps = []
    for _ in range(2):
        steps.append((await story.mission_now(mission.id)).cascade.current)
        await lea.taps("Étape suivante")

    for step in reversed(steps):
        await undoes(story)
        assert (await story.mission_now(mission.id)).cascade.current == step


async def test_a_decision_before_the_last_one_can_be_chosen(story: Story) -> None:
    lea = story.person("Léa")
    mission = await on_its_way(story)
    await opens(lea, "Annuler la mission", "Régulateur")
    await story.wait(minutes=1)
    await lea.types(f"/note {mission.number} Rappelé le fils")

    await opens(lea, "Défaire…")
    lea.sees("défaire : note")
    await lea.taps("Ou : la fin")

    now = await story.mission_now(mission.id)
    assert (now.state, now.notes) == (MissionState.OPEN, 1)
    assert [decision.kind for decision in now.decisions] == [Decision.NOTED]


async def test_an_hour_on_which_another_stands_is_not_taken_back(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    for hour in ("10h30", "11h00"):
        await lea.types(f"/heure {mission.number} {hour}")

    await opens(lea, "Défaire…", "Ou : l'heure d'arrivée")

    lea.is_told_at_once("la situation a changé depuis")
    assert story.local((await story.mission_now(mission.id)).visit.expected_at) == "11:00"  # type: ignore[arg-type]


async def test_nothing_is_taken_back_after_ten_minutes(story: Story) -> None:
    lea = story.person("Léa")
    mission = await on_its_way(story)
    await opens(lea, "Annuler la mission", "Patient refuse")
    await opens(lea, "Défaire…")
    await story.wait(minutes=11)

    await lea.taps("Oui, défaire")

    lea.is_told_at_once("rien à défaire")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED


async def test_two_taps_take_it_back_once(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await on_its_way(story)
    await opens(lea, "Annuler la mission", "Régulateur")
    await opens(lea, "Défaire…")
    menu = hugo.newest("défaire : fin de la mission")
    now = await story.mission_now(mission.id)
    stamp = undo.stamp_of(now.decisions[-1])
    await lea.taps("Oui, défaire")

    await hugo.taps_old(menu, f"zu:{mission.id}:0:{stamp}")

    hugo.is_told_at_once("rien à défaire")
    assert (await story.journal(mission.id)).count("mission.reopened") == 1
