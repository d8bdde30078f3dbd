"""The search for a doctor, as people live it."""

from bot.domain.mission import CascadeState, StepState
from bot.domain.people import CascadeStep, MissionId
from tests.stories.story import Story


async def with_a_nurse(story: Story, **options: object) -> MissionId:
    """A mission that Amina has accepted, on site in 40 minutes."""
    mission = await story.mission(offered_to=["Amina", "Bruno"], **options)  # type: ignore[arg-type]
    await story.person("Amina").taps("ACCEPTER · 40 min")
    return mission.id


async def test_all_doctors_of_a_step_are_asked_and_the_first_wins(story: Story) -> None:
    claire, marc, amina = story.person("Claire"), story.person("Marc"), story.person("Amina")
    mission = await with_a_nurse(story)
    claire.sees("téléconsultation avec IDEL", "Femme, 94 ans · 68200 Mulhouse", "TCG 25 € + SNP 15 €")
    claire.sees_not("KELLER")
    late = marc.newest("téléconsultation avec IDEL")

    await claire.taps("J'accepte 10:20")

    claire.is_told_at_once("est à vous", "10:20")
    claire.rang("c'est à vous, visio 10:20")
    claire.sees("Odile KELLER", "03/02/1932", "68200 Mulhouse", "Amina BENALI")
    claire.sees_not("rue des Tanneurs")
    amina.rang("médecin trouvé, visio 10:20")
    amina.sees("Dr Claire MOREL", "+33 6 39 98 00 21")
    marc.sees("un(e) collègue l'a prise à")
    await marc.taps_old(late, f"ca:{mission}:0:29854640")
    marc.is_told_at_once("un(e) collègue l'a prise à")
    story.person("Léa").sees("Dr Claire MOREL", "visio 10:20")


async def test_a_refusal_by_the_last_of_a_step_opens_the_next(story: Story) -> None:
    mission = await with_a_nurse(story)
    await story.house("SOS médecin 68", "Emma")

    await story.person("Claire").taps("REFUSER")
    found = await story.mission_now(mission)
    assert found.cascade.step is not None
    assert found.cascade.step.step is CascadeStep.EFFECTEUR_SAS
    await story.person("Marc").taps("REFUSER")

    found = await story.mission_now(mission)
    assert [s.state for s in found.cascade.steps] == [
        StepState.SKIPPED,  # médecin traitant unknown
        StepState.REFUSED,
        StepState.SKIPPED,  # MMG sector
        StepState.ASKED,
        StepState.WAITING,
    ]
    story.person("Emma").sees("téléconsultation avec IDEL")


async def test_a_step_that_is_skipped_says_why_on_the_living_card(story: Story) -> None:
    await with_a_nurse(story)
    lea = story.person("Léa")
    for name in ("Claire", "Marc"):
        await story.person(name).taps("REFUSER")
    lea.sees("⏭ 1 Médecin traitant · inconnu", "⏭ 3 Garde · secteur MMG", "4 SOS médecin 68 · 1 demandé")


async def test_silence_is_not_refusal(story: Story) -> None:
    mission = await with_a_nurse(story)
    await story.wait(minutes=16)
    found = await story.mission_now(mission)
    assert found.cascade.steps[1].state is StepState.SILENT
    story.person("Léa").sees("📞", "appeler SOS médecin 68", "+33 3 53 01 00 68")

    await story.person("Marc").taps("J'accepte 10:20")

    story.person("Marc").is_told_at_once("est à vous")
    story.person("Amina").sees("Dr Marc ADAM")


async def test_an_operator_who_notes_a_refusal_is_not_thanked_for_refusing(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    await with_a_nurse(story, medecin_traitant="Jean")
    await lea.taps("Refuse")
    lea.is_told_at_once("SMT 1 : réponse notée.")
    claire.rang("téléconsultation avec IDEL")
    await claire.taps("REFUSER")
    claire.is_told_at_once("SMT 1 : refus noté. Merci d'avoir répondu.")


async def test_an_operator_notes_what_the_medecin_traitant_said_on_the_phone(story: Story) -> None:
    lea = story.person("Léa")
    mission = await with_a_nurse(story, medecin_traitant="Jean")
    lea.rang("appeler le médecin traitant")
    lea.sees("Léa : appeler le médecin traitant", "Dr Jean WEBER", "+33 6 39 98 00 24")

    await lea.taps("Accepte")
    await lea.taps("10:20")

    lea.is_told_at_once("10:20")
    lea.sees("Dr Jean WEBER", "lui dicter le patient")
    found = await story.mission_now(mission)
    assert found.cascade.state is CascadeState.FOUND
    assert [text for _, text, _ in story.sms_sent()] == [
        "SAS 68: visio SMT 1 a 10:20 confirmee. Le lien suit par SMS. OSNP 03 53 01 00 10"
    ]
    story.person("Amina").sees("Dr Jean WEBER", "+33 6 39 98 00 24")


async def test_no_doctor_is_phoned_for_a_nurse_who_does_not_come_and_again_for_the_next(
    story: Story,
) -> None:
    lea, amina, bruno = (story.person(name) for name in ("Léa", "Amina", "Bruno"))
    await with_a_nurse(story, medecin_traitant="Jean")
    lea.sees("Léa : appeler le médecin traitant", "IDEL sur place")

    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")

    lea.sees("Médecin traitant : plus à appeler, l'IDEL ne vient plus")
    lea.sees_not("appeler le médecin traitant")
    lea.sees_no_button("Accepte")

    await story.wait(minutes=5)
    await bruno.taps("ACCEPTER · 40 min")
    lea.rang("Léa : appeler le médecin traitant")
    lea.sees_button("Accepte")


async def test_whom_to_phone_is_said_with_the_hour_that_holds(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await with_a_nurse(story, medecin_traitant="Jean")
    before = lea.newest("appeler le médecin traitant").text

    await amina.taps("Changer l'heure")
    await amina.taps("2 h")

    after = lea.newest("appeler le médecin traitant").text
    assert before != after
    assert "IDEL sur place 11:23" in after


async def test_a_step_that_is_over_asks_for_no_call_and_a_late_yes_is_still_noted(story: Story) -> None:
    lea = story.person("Léa")
    mission = await with_a_nurse(story, medecin_traitant="Jean")

    await lea.taps("Étape suivante")

    lea.sees("Médecin traitant : plus à appeler, étape passée", "Dr Jean WEBER")
    lea.sees_not("appeler le médecin traitant")
    await lea.taps("Accepte")
    await lea.taps("10:20")
    assert (await story.mission_now(mission)).cascade.state is CascadeState.FOUND


async def test_a_house_accepts_and_names_its_doctor_afterwards(story: Story) -> None:
    emma = await story.house("SOS médecin 68", "Emma")
    await with_a_nurse(story)
    lea = story.person("Léa")
    await lea.taps("Étape suivante")

    await emma.taps("J'accepte 10:20")
    emma.sees("Qui fait la visio ?")
    await emma.types("Dr Paul Haas 06 39 98 00 41", to=story.houses["SOS médecin 68"])

    story.person("Amina").sees("Dr Paul Haas", "+33 6 39 98 00 41")


async def test_a_house_whose_group_hides_other_messages_names_its_doctor_by_answering(story: Story) -> None:
    emma, amina = await story.house("SOS médecin 68", "Emma"), story.person("Amina")
    await with_a_nurse(story)
    await story.person("Léa").taps("Étape suivante")
    await emma.taps("J'accepte 10:20")
    amina.sees("Le nom du médecin suit.")

    await emma.replies("La fille est-elle là ?", to_message_with="Qui fait la visio ? Répondez à ce message")
    amina.sees("💬", "La fille est-elle là ?")
    await emma.replies("Dr Paul Haas 06 39 98 00 41", to_message_with="Qui fait la visio ?")

    amina.sees("Dr Paul Haas", "+33 6 39 98 00 41")
    emma.sees_not("Qui fait la visio ?")


async def test_sos_medecin_may_visit_instead(story: Story) -> None:
    emma = await story.house("SOS médecin 68", "Emma")
    mission = await with_a_nurse(story)
    await story.person("Léa").taps("Étape suivante")
    await emma.taps("Visite à la place")
    story.person("Amina").sees("visite SOS médecin")
    story.person("Léa").sees("visite SOS médecin")
    assert (await story.mission_now(mission)).end is not None


async def test_when_nobody_is_left_the_regulateur_decides_and_the_nurse_is_told(story: Story) -> None:
    lea, paul, amina = story.person("Léa"), story.person("Paul"), story.person("Amina")
    mission = await with_a_nurse(story)
    for _ in range(3):
        await lea.taps("Étape suivante")
    paul.rang("aucun médecin, liste épuisée")
    amina.sees("pas encore de médecin")

    await paul.taps("IDEL : rester")
    amina.rang("restez auprès du patient")
    await paul.taps("Reprendre la liste")

    found = await story.mission_now(mission)
    assert found.cascade.state is CascadeState.RUNNING
    assert found.cascade.steps[1].state is StepState.ASKED


async def test_the_doctor_is_asked_at_once_when_the_arrival_slips(story: Story) -> None:
    claire, amina = story.person("Claire"), story.person("Amina")
    mission = await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")

    await amina.taps("Changer l'heure")
    await amina.taps("1 h 30") if amina.has_button("1 h 30") else await amina.taps("90 min")

    claire.rang("Visio 11:10 ?")
    await claire.taps("OK 11:10")
    amina.sees("visio à 11:10")
    video = (await story.mission_now(mission)).cascade.video_at
    assert video is not None
    assert story.local(video) == "11:10"


async def test_a_doctor_withdraws_and_the_search_resumes_after_that_doctor(story: Story) -> None:
    claire, marc, amina = story.person("Claire"), story.person("Marc"), story.person("Amina")
    await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    marc.looks_away()

    await claire.taps("Me retirer")
    await claire.taps("Oui, je me retire")

    amina.rang("le médecin s'est retiré")
    claire.sees("SMT 1 · retrait noté")
    claire.sees_no_button("Oui, je me retire")
    assert any("téléconsultation avec IDEL" in v.text for v in marc.new())
    await marc.taps("J'accepte 10:20")
    amina.sees("Dr Marc ADAM")


async def test_a_nurse_gives_back_and_the_doctor_is_kept(story: Story) -> None:
    claire, amina, bruno = story.person("Claire"), story.person("Amina"), story.person("Bruno")
    mission = await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")

    await amina.taps("Je ne peux plus y aller")
    amina.sees_no_button("Erreur d'appui")  # a slip on this very question would hand the mission back
    await amina.taps("Véhicule")

    amina.is_told_at_once("rendue à")
    amina.sees("SMT 1 : rendue, c'est fait")
    amina.sees_no_button("Non, je la garde")
    claire.rang("l'IDEL ne peut plus venir")
    story.person("Léa").sees("rendue par Amina B. (véhicule)", "Visite avant 15:23")
    amina.sees_no_button("ACCEPTER")
    await bruno.taps("ACCEPTER · 1 h")
    claire.rang("Visio 10:40 ?")
    await claire.taps("OK 10:40")
    bruno.sees("visio à 10:40")
    found = await story.mission_now(mission)
    assert found.cascade.doctor is not None


async def test_a_pause_holds_the_step_and_ends_by_itself(story: Story) -> None:
    lea = story.person("Léa")
    mission = await with_a_nurse(story)
    await lea.taps("Pause 10 min")
    lea.sees("Pause jusqu'à")
    await story.wait(minutes=11)
    assert (await story.mission_now(mission)).cascade.state is CascadeState.RUNNING
    await story.wait(minutes=16)
    assert (await story.mission_now(mission)).cascade.steps[1].state is StepState.SILENT


async def test_the_medecin_traitant_opens_the_name_and_the_journal_knows(story: Story) -> None:
    claire = story.person("Claire")
    mission = await with_a_nurse(story, medecin_traitant="Claire")
    claire.sees("Votre patient(e) : le nom s'affiche en ouvrant", "sans SNP")
    claire.sees_not("KELLER")
    await claire.taps("Voir")
    assert claire.sees("Odile KELLER", "03/02/1932").protected
    assert "disclosure.seen" in await story.journal(mission)


async def test_a_doctor_proposes_another_hour_and_the_nurse_agrees(story: Story) -> None:
    claire, amina = story.person("Claire"), story.person("Amina")
    await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await claire.taps("Changer l'heure")
    await claire.taps("11:05")
    amina.rang("le médecin propose 11:05")
    await amina.taps("OK 11:05")
    claire.sees("11:05, d'accord")


async def test_an_hour_the_doctor_types_when_asked_for_one_is_proposed_and_no_message(story: Story) -> None:
    claire, amina = story.person("Claire"), story.person("Amina")
    await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await claire.taps("Changer l'heure")
    claire.sees("quelle heure proposer à l'IDEL ?", "ou écrivez-la : 10h45")
    await claire.types("le patient est-il seul ?")
    amina.sees("le patient est-il seul ?")
    await claire.types("10h45")
    amina.rang("le médecin propose 10:45")
    await claire.types("10h50")
    amina.sees("Claire MOREL", "10h50")
    amina.sees_not("propose 10:50")
    await amina.taps("OK 10:45")
    claire.sees("10:45, d'accord")


async def test_an_hour_refused_is_agreed_by_phone_and_both_are_told(story: Story) -> None:
    claire, amina, lea = story.person("Claire"), story.person("Amina"), story.person("Léa")
    mission = await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await claire.taps("Changer l'heure")
    await claire.taps("11:05")
    await amina.taps("Impossible")
    lea.rang("11:05 refusé")
    lea.sees("+33 6 39 98 00 21", "+33 6 39 98 00 11")

    await lea.taps("10:50")

    amina.rang("visio à 10:50")
    claire.rang("visio 10:50, d'accord")
    video = (await story.mission_now(mission)).cascade.video_at
    assert video is not None
    assert story.local(video) == "10:50"


async def test_a_doctor_may_stay_after_all(story: Story) -> None:
    claire = story.person("Claire")
    mission = await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await claire.taps("Me retirer")
    await claire.taps("Non, je reste")
    claire.sees("vous gardez la téléconsultation")
    claire.sees_no_button("Oui, je me retire")
    assert (await story.mission_now(mission)).cascade.doctor is not None


async def test_a_house_that_only_the_telephone_reaches_is_written_nothing(story: Story) -> None:
    lea = story.person("Léa")
    await with_a_nurse(story)
    await story.person("Claire").taps("REFUSER")
    await story.person("Marc").taps("REFUSER")
    lea.sees("appeler SOS médecin")

    await lea.taps("Accepte")
    await lea.taps("10:20")
    await story.person("Amina").taps("En route")
    await story.wait(minutes=12)

    lea.sees("visio 10:20")
    lea.sees_not("injoignable")
    lea.sees_not("demander le nom du médecin")


async def test_a_doctor_who_leaves_a_mission_without_a_nurse_has_nothing_left_to_tap(story: Story) -> None:
    claire, amina = story.person("Claire"), story.person("Amina")
    await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    claire.rang("l'IDEL ne peut plus venir, on en cherche un(e) autre")

    await claire.taps("Me retirer")

    claire.is_told_at_once("retiré(e)")
    claire.sees("l'IDEL ne pouvait plus venir, vous êtes retiré(e)")
    claire.sees_no_button("Me retirer")


async def test_another_nurse_ends_the_pause_on_the_doctors_screen(story: Story) -> None:
    claire, amina = story.person("Claire"), story.person("Amina")
    await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")

    await story.person("Bruno").taps("ACCEPTER · 40 min")

    claire.sees("⏸ SMT 1 · l'IDEL ne pouvait plus venir")
    assert claire.newest("ne pouvait plus venir").buttons in ([], None, ())
    claire.rang("Visio")
