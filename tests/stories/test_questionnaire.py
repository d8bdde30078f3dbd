"""The questionnaire of the region file: at the opening, and at the patient's."""

from bot.domain.mission import Mission
from tests.stories.story import Story, plain
from tests.stories.test_control import denise, opens
from tests.stories.test_opening import PASTE, eligible, only_mission
from tests.stories.test_vitals import at_the_bedside


async def answers_of(story: Story, mission: Mission) -> dict[str, str]:
    """What stands in the dossier."""
    async with story.storage.transaction() as tx:
        dossier = await tx.missions.dossier(mission.id)
    assert dossier is not None
    return dict(dossier.answers)


# At the opening


async def test_declencher_passes_every_question_over(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    await eligible(lea)
    lea.sees("prête à déclencher", "Facultatif, d'abord : Vit seul(e) ?")

    await lea.taps("DÉCLENCHER")

    lea.sees("✅ SMT 1 · déclenchée")
    assert await answers_of(story, await only_mission(story)) == {}


async def test_answers_of_the_opening_stand_on_the_card_and_are_corrected(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    await eligible(lea)

    await lea.taps("Oui")
    lea.sees("Facultatif, d'abord : Peut ouvrir la porte ?", "Questionnaire : vit seul(e) : oui")
    await lea.taps("Non")
    lea.sees("prête à déclencher", "Questionnaire : vit seul(e) : oui · peut ouvrir la porte : non")
    lea.sees_not("Facultatif")
    await lea.taps("Corriger")
    await lea.taps("Questionnaire")
    await lea.taps("Non")
    await lea.taps("DÉCLENCHER")

    assert await answers_of(story, await only_mission(story)) == {"seul": "non"}


async def test_the_answers_of_the_opening_reach_the_doctor_and_nobody_before(story: Story) -> None:
    lea, amina, claire = story.person("Léa"), story.person("Amina"), story.person("Claire")
    await lea.types(PASTE)
    await eligible(lea)
    await lea.taps("Oui")
    await lea.taps("DÉCLENCHER")
    await amina.taps("ACCEPTER · 40 min")
    await story.wait(minutes=11)  # the médecin traitant is only phoned
    if not claire.has_button("J'accepte 10:20"):
        await lea.taps("Étape suivante")
    claire.sees_not("seul")

    await claire.taps("J'accepte 10:20")

    card = claire.newest("c'est à vous, visio")
    assert "Questionnaire : vit seul(e) : oui" in plain(card.text)
    assert card.protected
    assert [v for v in lea.messages() if v.chat == story.group.id and "seul" in v.text] == []


# At the patient's


async def test_the_nurse_is_asked_at_the_patient_s_and_the_doctor_reads_it(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    mission = await at_the_bedside(story)
    asked = amina.newest("📋 SMT 1 · questionnaire")
    assert "État général ?" in asked.text
    assert asked.protected
    assert asked.silent
    assert sum(len(row) for row in asked.buttons) <= 7  # six choices and the way past them
    claire.looks_away()

    await amina.taps("Altéré")

    amina.is_told_at_once("noté")
    amina.sees("📋 SMT 1", "état général : altéré", "Corrigible jusqu'à la fin de la visio")
    claire.sees("c'est à vous, visio", "Questionnaire : état général : altéré")
    claire.sees_nothing_new()  # his card is redrawn
    await amina.taps("Fiche")
    amina.sees("📄 SMT 1", "Questionnaire", "État général : altéré")
    lea.sees_not("altéré")
    assert await answers_of(story, mission) == {"etat": "altere"}
    async with story.storage.transaction() as tx:
        lines = await tx.journal.of_mission(mission.id)
    assert [line.facts for line in lines if line.kind == "questionnaire.answered"] == [
        {"by": "idel", "answers": 1}  # that there is one, never which: reports are made of the journal
    ]


async def test_a_repeated_tap_changes_nothing_and_a_correction_follows(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await at_the_bedside(story)
    card = amina.newest("📋 SMT 1")
    await amina.taps("Altéré")
    before = await story.journal(mission.id)

    await amina.taps_old(card, f"iq:{mission.id}:0:etat.altere")
    amina.is_told_at_once("noté")
    assert await story.journal(mission.id) == before

    await amina.taps("✎ État général")
    amina.sees_button("✔ Altéré")
    await amina.taps("Conservé")
    claire.sees("Questionnaire : état général : conservé")
    claire.sees_not("altéré")


async def test_one_tap_passes_it_over_and_it_can_still_be_answered(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await at_the_bedside(story)

    await amina.taps("Sans réponse")
    assert await answers_of(story, mission) == {"etat": ""}
    claire.sees_not("Questionnaire")

    await amina.taps("✎ État général")
    await amina.taps("Très altéré")
    claire.sees("Questionnaire : état général : très altéré")


async def test_after_the_visit_it_is_closed_and_says_so(story: Story) -> None:
    amina = story.person("Amina")
    mission = await at_the_bedside(story)
    card = amina.newest("📋 SMT 1")
    await amina.ends_the_visit()

    await amina.taps_old(card, f"iq:{mission.id}:0:etat.bon")

    amina.is_told_at_once("le questionnaire est clos")
    assert await answers_of(story, mission) == {}
    amina.sees("📋 SMT 1", "Clos.")
    amina.sees_no_button("Conservé")


async def test_an_answer_that_the_region_does_not_know_is_none(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    mission = await at_the_bedside(story)
    card = amina.newest("📋 SMT 1")

    for arg in ("etat.inconnu", "autre.bon", "seul.oui", "autre."):
        await amina.taps_old(card, f"iq:{mission.id}:0:{arg}")
        amina.is_told_at_once("Cette question n'est plus posée.")
    await bruno.taps_old(bruno.messages()[-1], f"iq:{mission.id}:0:etat.bon")
    bruno.is_told_at_once("Cette mission n'est pas à vous.")

    assert await answers_of(story, mission) == {}
    amina.sees_button("Conservé")


async def test_the_next_nurse_is_not_asked_again_what_was_answered(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    await bruno.taps("ACCEPTER · 20 min")
    await bruno.taps("Sur place")
    bruno.sees("📋 SMT 1 · questionnaire", "État général ?")
    amina.sees_not("📋")

    await bruno.taps("Conservé")

    assert await answers_of(story, mission) == {"etat": "bon"}


async def test_a_nurse_who_could_not_be_reached_is_asked_once_she_can(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    story.telegram.block(amina.user)
    await story.settle()
    await lea.taps("Autre…")
    await lea.taps("IDEL…")
    await lea.taps("Sur place")
    amina.sees_not("📋")

    story.telegram.unblock(amina.user)
    await story.settle()

    amina.sees("📋 SMT 1 · questionnaire", "État général ?")
    amina.looks_away()
    story.telegram.block(amina.user)
    await story.settle()
    story.telegram.unblock(amina.user)
    await story.settle()
    amina.sees_nothing_new()


# However it ends


async def test_a_mission_that_ends_otherwise_leaves_no_question_with_buttons(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await at_the_bedside(story)
    amina.sees_button("Très altéré")

    await opens(lea, "Annuler la mission")
    await lea.taps("Régulateur")

    amina.sees("questionnaire", "Clos.")
    amina.sees_no_button("Très altéré")
    amina.sees_no_button("Sans réponse")

    await lea.taps("Autre…")
    await lea.taps("Rouvrir la mission…")
    await lea.taps("Oui, rouvrir")
    amina.sees_button("Très altéré")
    await amina.taps("Très altéré")
    assert await answers_of(story, mission) == {"etat": "grave"}


async def test_a_nurse_from_whom_the_mission_is_taken_has_neither_questions_nor_answers_any_more(
    story: Story,
) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await at_the_bedside(story)
    await amina.taps("Très altéré")
    amina.sees("état général : très altéré")

    await opens(lea, "IDEL…", "Relancer la recherche…", "Trop tard")

    amina.sees("questionnaire clos")
    amina.sees_not("très altéré")
    amina.sees_no_button("✎ État général")


async def test_the_questions_of_a_nurse_on_the_phone_are_shut_in_the_topic_too(story: Story) -> None:
    lea = story.person("Léa")
    await denise(story)
    await story.mission(offered_to=["Denise"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "📵 Denise R.", "Oui · 20 min")
    await opens(lea, "IDEL…", "Sur place")
    await opens(lea, "IDEL…", "Questionnaire")
    lea.sees_button("Très altéré")

    await opens(lea, "Annuler la mission")
    await lea.taps("Régulateur")

    lea.sees("questionnaire, au téléphone", "Clos.")
    lea.sees_no_button("Très altéré")
