"""After the care: the nurse's questions, the doctor's one, reminders, and the line that OSNP read."""

from dataclasses import replace

from bot.domain.mission import Mission, MissionState, PatientOutcome
from tests.stories.story import Story
from tests.stories.test_restarts import said


async def with_a_doctor(story: Story) -> Mission:
    """Amina is at the patient's, Dr Morel has the video."""
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    await story.person("Claire").taps("J'accepte")
    await story.person("Amina").taps("Sur place")
    return mission


async def answers(story: Story, *labels: str) -> None:
    for label in labels:
        await story.person("Amina").taps(label)


async def test_three_taps_and_the_nurse_knows_what_she_bills(story: Story) -> None:
    amina = story.person("Amina")
    mission = await with_a_doctor(story)

    await amina.ends_the_visit()
    amina.sees(f"🏁 SMT {mission.number} · 3 questions", "Acte infirmier associé ?")
    amina.rang("3 questions")
    await answers(story, "Aucun → TLD", "Reste à domicile", "Remise")

    card = amina.sees(f"✅ SMT {mission.number} close", "TLD 15 €", "RPPS 99900000021 (Dr Claire MOREL)")
    assert "Indemnité 27 € : due" in card.text
    assert "Le dossier s'efface d'ici 13:" in card.text
    amina.sees_no_button("Remise")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSING


async def test_the_mission_is_closed_when_each_side_has_answered(story: Story) -> None:
    amina, claire, lea, paul = (story.person(name) for name in ("Amina", "Claire", "Léa", "Paul"))
    mission = await with_a_doctor(story)
    await amina.ends_the_visit()
    claire.sees("CR logiciel, DMP, TCG + SNP, part patient")
    claire.rang("CR logiciel")

    await answers(story, "Oui → TLS + acte", "Reste à domicile", "Aucune")
    paul.sees("visite terminée à", "Maintenue à domicile, médecin étape 2")
    lea.sees_not("Maintenue à domicile, médecin étape 2, ")
    await claire.taps("Tout est fait")

    claire.is_told_at_once("noté, merci")
    lea.sees("close 09:", "Maintenue à domicile, médecin étape 2, ", "depuis le déclenchement")
    now = await story.mission_now(mission.id)
    assert now.state is MissionState.CLOSED
    assert now.closing.outcome is PatientOutcome.HOME
    kinds = await story.journal(mission.id)
    assert kinds.count("billing.idel") == 1
    assert kinds.count("billing.doctor") == 1


async def test_the_doctor_opens_the_detail_and_comes_back_later(story: Story) -> None:
    claire = story.person("Claire")
    mission = await with_a_doctor(story)
    await story.person("Amina").ends_the_visit()

    await claire.taps("Détail")
    claire.sees("TCG 25 € + SNP 15 €, mode dégradé", "Part patient : 12 €", "régime local 4 €")
    await claire.taps("Plus tard")
    claire.is_told_at_once("on vous le rappelle à")
    claire.looks_away()
    await story.wait(hours=1)

    assert any("rappel" in view.text for view in claire.new())
    await claire.taps("Tout est fait")
    claire.sees(f"✅ SMT {mission.number} · tout est fait")


async def test_an_act_promised_at_the_bedside_is_not_asked_again(story: Story) -> None:
    amina = story.person("Amina")
    mission = await with_a_doctor(story)
    async with story.storage.transaction() as tx:
        held = await tx.missions.lock(mission.id)
        assert held is not None
        await tx.missions.save(held.with_(visit=replace(held.visit, acts_by="me")))

    await amina.ends_the_visit()

    amina.sees("2 questions", "Acte infirmier : oui, TLS + acte", "Le patient ?")
    await amina.taps("Revenir")
    amina.sees("3 questions", "Acte infirmier associé ?")
    await answers(story, "Oui → TLS + acte", "Urgences", "Envoyée")
    amina.sees("TLS 10 € + actes à taux plein")


async def test_a_correction_is_a_new_line_in_the_journal(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    mission = await with_a_doctor(story)
    await amina.ends_the_visit()
    await answers(story, "Aucun → TLD", "Reste à domicile", "Remise")
    await story.person("Claire").taps("Tout est fait")

    await amina.taps("Corriger")
    amina.sees("3 questions")
    await answers(story, "Oui → TLS + acte", "Urgences", "Remise")

    lea.sees("Vers les urgences")
    assert (await story.journal(mission.id)).count("billing.idel") == 2
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED
    await story.wait(hours=5)
    await amina.taps("Corriger")
    amina.is_told_at_once("trop tard ici")


async def test_reminders_carry_the_number_and_osnp_are_told_in_the_end(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    mission = await with_a_doctor(story)
    await amina.ends_the_visit()
    amina.looks_away()

    await story.wait(hours=3, minutes=1)
    reminders = [view for view in amina.new() if "rappel, 3 questions" in view.text]
    assert len(reminders) == 3
    assert not any("KELLER" in view.text or "Tanneurs" in view.text for view in amina.new())
    lea.sees_not("clôture sans réponse")

    await story.wait(hours=1)
    lea.sees("🟠", "clôture sans réponse", "Léa : appelez, ou fermez", "Amina BENALI", "Claire MOREL")
    await lea.taps("Clore sans réponse")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED
    lea.sees("Issue non renseignée", "Close sans toutes les réponses (Léa M.)")


async def test_a_mission_closed_before_osnp_could_be_told_that_nobody_answers_is_only_closed(
    story: Story,
) -> None:
    claire, lea = story.person("Claire"), story.person("Léa")
    mission = await with_a_doctor(story)
    await lea.taps("Patient prévenu")
    await story.person("Amina").ends_the_visit()
    await answers(story, "Aucun → TLD", "Reste à domicile", "Remise")
    story.telegram.faults.down = True
    await story.wait(hours=5)
    assert "closing.unanswered" in await story.journal(mission.id)
    await claire.taps("Tout est fait")

    story.telegram.faults.down = False
    await story.wait(minutes=5)

    lea.sees(f"SMT {mission.number}", "Maintenue à domicile")
    assert f"✅ SMT {mission.number} · close" not in [text.strip() for text in said(lea, "sendMessage")]


async def test_a_visit_without_a_doctor_closes_too(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await amina.taps("Sur place")
    await amina.ends_the_visit()

    amina.sees("1 question", "Le patient ?")
    await amina.taps("Urgences")

    amina.sees("Ni TLD ni TLS : pas de téléconsultation")
    lea.sees("Vers les urgences, sans médecin")
    claire.sees_no_button("J'accepte")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED


async def test_the_nurse_is_free_again_once_her_visit_is_finished(story: Story) -> None:
    amina = story.person("Amina")
    await with_a_doctor(story)
    await amina.ends_the_visit()

    await story.mission(offered_to=["Amina"], commune="68278")

    await amina.taps("ACCEPTER · 40 min")
    amina.is_told_at_once("est à vous")


async def test_messages_go_four_hours_after_the_visit_and_the_dossier_is_forgotten(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    mission = await with_a_doctor(story)
    await lea.taps("Patient prévenu")
    await amina.ends_the_visit()
    await answers(story, "Aucun → TLD", "Reste à domicile", "Remise")
    await claire.taps("Tout est fait")
    amina.sees("KELLER", "12 rue des Tanneurs")
    lea.sees(f"🏁 SMT {mission.number} · close", "94 ans · Mulhouse · O. K.")

    await story.wait(hours=4, minutes=5)

    amina.sees_not("KELLER")
    claire.sees_not("KELLER")
    lea.sees(f"🏁 SMT {mission.number} · close", "94 ans · Mulhouse")
    lea.sees_not("O. K.")
    async with story.storage.transaction() as tx:
        assert await tx.missions.dossier(mission.id) is None
    await lea.taps("Voir le patient")
    lea.is_told_at_once("L'identité est effacée")


async def test_the_dossier_is_kept_while_the_patient_must_still_be_called(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    await lea.taps("Régulateur")

    await story.wait(hours=4, minutes=30)
    await lea.taps("Voir le patient")
    lea.sees("KELLER")
    await lea.taps("Patient prévenu")
    await story.wait(hours=1)

    async with story.storage.transaction() as tx:
        assert await tx.missions.dossier(mission.id) is None
    lea.sees_not("KELLER")


async def test_the_photo_of_a_carte_vitale_goes_first(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)
    await amina.taps("Créer la visio")
    await amina.sends("photo", "vitale.jpg")
    await amina.taps("Carte Vitale")
    assert any(view.file == "photo" for view in claire.messages())

    await amina.ends_the_visit()
    await story.wait(minutes=1)

    for teller in (amina, claire):
        assert not any(view.file == "photo" for view in teller.messages()), teller.screen()
    claire.sees("KELLER")
    async with story.storage.transaction() as tx:
        (document,) = await tx.documents.of_mission(mission.id)
    assert document.file_id is None


async def test_ending_before_any_video_is_asked_once_more(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await claire.taps("J'accepte")
    await amina.taps("Sur place")

    await amina.taps("Visite terminée")

    amina.sees("terminer sans visio ?")
    claire.sees("c'est à vous")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN
    await amina.taps("Oui, terminée")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSING
