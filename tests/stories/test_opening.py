"""From `/mission` to the déclenchement, in the operator's private chat."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.mission import Mission, SearchState
from bot.domain.people import Role
from tests.stories.story import Story, Teller

PASTE = """Mme KELLER Odile née le 03/02/1932
12 rue des Tanneurs 68200 Mulhouse, 2e étage, code 4B71, la fille ouvre
Tel patiente 03 53 01 00 12
Appelant : Anne Keller (fille) 06 39 98 00 99
Motif : chute hier, ne marche plus
MT Dr Weber 06 39 98 00 24
Demandé par : SAMURL68, médecin généraliste"""

WITH_USUAL = f"{PASTE}\nIDEL habituelle : Amina Benali 06 39 98 00 11"


async def eligible(lea: Teller) -> None:
    """The two taps, and the ambulance."""
    await lea.taps("Les 5 critères sont remplis")
    await lea.taps("Aucune exclusion")
    await lea.taps("Oui")


async def only_mission(story: Story) -> Mission:
    """The one that is open."""
    async with story.storage.transaction() as tx:
        (mission,) = await tx.missions.unfinished()
    return mission


async def no_mission(story: Story) -> None:
    """Nothing has started."""
    async with story.storage.transaction() as tx:
        assert await tx.missions.unfinished() == []


# The way in


async def test_mission_in_the_group_is_a_door_into_the_private_chat(story: Story) -> None:
    lea = story.person("Léa")

    await lea.types("/mission", to=story.group.id)

    lea.sees("elle s'ouvre dans votre discussion avec le bot")
    lea.sees_button("Ouvrir une mission")
    await lea.types("/start mission")
    lea.sees("Nouvelle mission", "Collez ici toute la demande")


async def test_a_command_with_the_name_of_the_bot_is_the_same(story: Story) -> None:
    lea = story.person("Léa")

    await lea.types(f"/mission@{story.bot.application.bot.username}", to=story.group.id)

    lea.sees_button("Ouvrir une mission")


async def test_an_idel_does_not_open_a_mission(story: Story) -> None:
    amina = story.person("Amina")

    await amina.types("/mission")

    amina.sees("Seuls les OSNP et les régulateurs ouvrent une mission.")


async def test_a_guided_opening_asks_one_thing_after_the_other_and_triggers(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")

    await lea.types("/mission")
    await lea.types("Odile KELLER")
    await lea.types("03/02/1932")
    await lea.taps("Femme")
    await lea.types("12 rue des Tanneurs, 68200 Mulhouse")
    await lea.types("03 53 01 00 12")
    await lea.taps("Chute")
    await lea.taps("Dr Roth")
    await lea.types("Anne Keller, fille, 06 39 98 00 99")
    await lea.types("2e étage, code 4B71, la fille ouvre")
    await lea.types("Dr Muller 06 39 98 00 98")
    await lea.taps("Aucune")
    await eligible(lea)
    lea.sees(
        "prête à déclencher", "Mme Odile KELLER, 03/02/1932 (94 ans)", "12 rue des Tanneurs, 68200 Mulhouse"
    )
    lea.sees("2e étage, code 4B71, la fille ouvre", "+33 6 39 98 00 99 (Anne Keller, fille)", "Dr Muller")
    await lea.taps("DÉCLENCHER")

    lea.is_told_at_once("Déclenchée : 5 IDEL sollicités.")
    lea.sees("✅ SMT 1 · déclenchée à 09:2", "5 IDEL sollicités")
    amina.sees("SMT 1", "Femme, 94 ans · Mulhouse", "Chute", "Répondre avant")
    amina.sees_not("KELLER")
    amina.sees_not("Tanneurs")


async def test_the_mission_freezes_what_was_decided_at_its_start(story: Story) -> None:
    lea = story.person("Léa")

    await lea.types(PASTE)
    await eligible(lea)
    await lea.taps("DÉCLENCHER")

    mission = await only_mission(story)
    regulateur = (await story.registered(Role.REGULATEUR))[0]
    assert mission.limit - mission.triggered_at == timedelta(hours=6)
    assert mission.search.answer_by - mission.triggered_at == timedelta(minutes=30)
    assert mission.rules.answer == timedelta(minutes=30)
    assert (mission.number, mission.year, mission.age, mission.commune) == (1, 2026, 94, "68224")
    assert mission.requested_by == "SAMURL68, médecin généraliste"
    assert mission.regulateur == regulateur.id
    assert mission.transport_avoided is True
    assert mission.funded
    assert "opening.triggered" in await story.journal(mission.id)


# A paste


async def test_a_good_paste_needs_five_taps(story: Story) -> None:
    lea, bruno = story.person("Léa"), story.person("Bruno")

    await lea.types(f"{WITH_USUAL}\nLe chien est gentil")
    lea.sees("Mme Odile KELLER", "2e étage, code 4B71, la fille ouvre", "« Le chien est gentil »")
    await eligible(lea)
    lea.sees("IDEL habituelle : à appeler d'abord", "Amina BENALI")
    await lea.taps("Ne répond pas")
    await lea.taps("DÉCLENCHER")

    bruno.sees("SMT 1", "Femme, 94 ans")
    story.person("Amina").sees("SMT 1", "Femme, 94 ans")


async def test_a_regulateur_who_opens_has_decided(story: Story) -> None:
    paul = story.person("Paul")

    await paul.types(PASTE.replace("Demandé par : SAMURL68, médecin généraliste", ""))

    paul.sees("Les 5 critères sont remplis ?", "Décidé par : Dr Paul ROTH, médecin régulateur")


async def test_only_what_a_paste_leaves_out_is_asked(story: Story) -> None:
    lea = story.person("Léa")

    await lea.types("Mme KELLER Odile 94 ans\n12 rue des Tanneurs 68200 Mulhouse\nchute hier")

    lea.sees("il manque 2 réponses", "Un numéro de rappel ?")
    await lea.types("fille 06 39 98 00 99")
    lea.sees("il manque 1 réponse", "Qui a décidé ?", "+33 6 39 98 00 99 (fille)")
    await lea.types("SAMURL68, médecin généraliste")
    lea.sees("Les 5 critères sont remplis ?")


async def test_what_is_known_later_is_added_by_writing_it(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(
        "Mme KELLER Odile 94 ans\n12 rue des Tanneurs 68200 Mulhouse\nchute hier\nTel 03 53 01 00 12"
    )
    await lea.types("SAMURL68, médecin généraliste")
    lea.sees("Non précisé : médecin traitant, IDEL habituelle")

    await lea.types("MT : Dr Weber 06 39 98 00 24")

    lea.sees("Médecin traitant : Dr Weber +33 6 39 98 00 24", "Non précisé : IDEL habituelle")


async def test_ten_thousand_characters_in_three_messages_are_one_paste(story: Story) -> None:
    lea = story.person("Léa")
    told = f"{PASTE}\n" + "\n".join(f"Antécédent {n} : rien de particulier à signaler" for n in range(210))
    assert len(told) > 10_000

    await lea.types(told)  # Telegram sends it as three messages
    await eligible(lea)
    await lea.taps("DÉCLENCHER")

    mission = await only_mission(story)
    async with story.storage.transaction() as tx:
        dossier = await tx.missions.dossier(mission.id)
    assert dossier is not None
    kept = " ".join(dossier.notes)
    assert dossier.last_name == "KELLER"
    assert all(f"Antécédent {n} : rien de particulier à signaler" in kept for n in range(210))


async def test_a_paste_cut_exactly_at_the_limit_is_worked_after_two_seconds(story: Story) -> None:
    lea = story.person("Léa")
    told = PASTE + "\n" + "ATCD HTA " * 1000

    story.telegram.send_text(lea.user, lea.user.id, told[:4096])
    await story.settle()
    lea.sees_not("KELLER Odile,")
    await story.wait(seconds=3)

    lea.sees("Mme Odile KELLER", "Les 5 critères sont remplis ?")


async def test_the_message_that_was_pasted_is_deleted_in_its_time(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    lea.sees("Mme KELLER Odile née le")

    await story.wait(hours=5)

    lea.sees_not("Mme KELLER Odile née le")
    lea.sees_not("Mme Odile KELLER")
    await lea.types("/mission")
    lea.sees("Mme Odile KELLER, 03/02/1932")


async def test_no_line_of_a_locked_phone_names_the_patient(story: Story) -> None:
    lea = story.person("Léa")

    await lea.types(PASTE)

    card = lea.sees("Mme Odile KELLER, 03/02/1932")
    assert card.text.splitlines()[0] == "📝 Nouvelle mission · à vérifier"
    assert card.silent


# Where and when


async def test_a_postal_code_of_many_communes_is_settled_by_a_button(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("Mme KELLER Odile 94 ans\n3 rue Haute 68210\nchute hier\nTel 03 53 01 00 12")

    lea.sees("Quelle commune ?")
    await lea.taps("Balschwiller")

    lea.sees("3 rue Haute, 68210 Balschwiller")


async def test_a_commune_written_almost_right_is_offered_by_a_button_and_never_taken_by_itself(
    story: Story,
) -> None:
    lea = story.person("Léa")
    await lea.types("Mme KELLER Odile 94 ans\n3 rue Haute\nchute hier\nTel 03 53 01 00 12")
    await lea.types("guebwiler")

    lea.sees("Quelle commune ? Touchez, ou écrivez son nom")
    await lea.taps("Guebwiller")
    lea.sees("3 rue Haute, 68500 Guebwiller")


@pytest.mark.parametrize(
    ("at", "why", "again"),
    [
        (datetime(2026, 10, 6, 19, 0, tzinfo=UTC), "hors horaires", "07/10/2026 à 08:00"),
        (datetime(2026, 10, 10, 11, 0, tzinfo=UTC), "hors horaires", "12/10/2026 à 08:00"),
        (datetime(2026, 12, 26, 9, 0, tzinfo=UTC), "jour férié", "28/12/2026 à 08:00"),
    ],
)
async def test_outside_its_hours_the_service_refuses_and_says_when(
    story: Story, at: datetime, why: str, again: str
) -> None:
    lea = story.person("Léa")
    story.clock.to(at)

    await lea.types("/mission")

    lea.sees("service fermé", why, again)
    await lea.types(PASTE)
    lea.sees_no_button("Les 5 critères sont remplis")


async def test_a_window_past_closing_is_allowed_and_said(story: Story) -> None:
    lea = story.person("Léa")
    story.clock.to(datetime(2026, 10, 6, 14, 0, tzinfo=UTC))

    await lea.types(PASTE)
    lea.sees("dépassent la fermeture (20:00)")
    await eligible(lea)
    await lea.taps("DÉCLENCHER")

    lea.sees("SMT 1 · déclenchée")


async def test_the_service_closes_while_the_draft_waits(story: Story) -> None:
    lea = story.person("Léa")
    story.clock.to(datetime(2026, 10, 6, 17, 58, tzinfo=UTC))
    await lea.types(PASTE)
    await eligible(lea)
    await story.wait(minutes=5)

    await lea.taps("DÉCLENCHER")

    lea.is_told_at_once("Pas encore")
    lea.sees("Service fermé", "07/10/2026 à 08:00")
    await no_mission(story)


async def test_outside_the_funding_window_the_indemnity_is_to_arbitrate(story: Story) -> None:
    lea = story.person("Léa")
    story.clock.to(datetime(2026, 11, 24, 8, 23, tzinfo=UTC))

    await lea.types(PASTE)
    lea.sees("Indemnité à arbitrer (hors période financée)")
    await eligible(lea)
    await lea.taps("DÉCLENCHER")

    assert not (await only_mission(story)).funded


# Eligibility


async def test_an_exclusion_refuses_with_its_reason(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    await lea.taps("Les 5 critères sont remplis")
    await lea.taps("Un doute : ligne par ligne")
    await lea.taps("Non")
    await lea.taps("Non")

    await lea.taps("Oui")

    lea.sees("refusée", "Exclusion. Résident d'EHPAD.", "autre orientation")
    lea.sees_no_button("DÉCLENCHER")


async def test_a_missing_criterion_refuses_and_can_be_corrected(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    await lea.taps("Un doute : ligne par ligne")
    await lea.taps("Non")
    lea.sees("Critère non rempli. Aucun autre effecteur")

    await lea.taps("Corriger")
    await lea.taps("Critères")
    for _ in range(5):
        await lea.taps("Oui")
    for _ in range(3):
        await lea.taps("Non")
    await lea.taps("On ne sait pas")
    await lea.taps("DÉCLENCHER")

    assert (await only_mission(story)).transport_avoided is None


async def test_a_child_under_three_is_refused(story: Story) -> None:
    lea = story.person("Léa")

    await lea.types(PASTE.replace("03/02/1932", "03/02/2024"))

    lea.sees("Moins de 3 ans : le SMT ne prend pas.", "autre orientation")
    lea.sees_no_button("Les 5 critères sont remplis")


# What is typed wrong


@pytest.mark.parametrize(
    ("question", "nonsense"),
    [
        ("Collez ici toute la demande", "12"),
        ("Date de naissance, ou âge ?", "31/02/1932"),
        ("Date de naissance, ou âge ?", "03/02/2032"),
        ("Date de naissance, ou âge ?", "412 ans"),
        ("Un numéro de rappel ?", "06 12"),
        ("Un numéro de rappel ?", "je ne sais pas"),
        ("Adresse ?", "12"),
        ("Qui a décidé ?", "?"),
    ],
)
async def test_nonsense_is_said_and_nothing_is_lost(story: Story, question: str, nonsense: str) -> None:
    lea = story.person("Léa")
    answers = {
        "Collez ici toute la demande": "Mme Odile KELLER",
        "Date de naissance, ou âge ?": "94 ans",
        "Adresse ?": "12 rue des Tanneurs, 68200 Mulhouse",
        "Un numéro de rappel ?": "03 53 01 00 12",
        "Quel motif ?": "chute hier",
        "Qui a décidé ?": "SAMURL68, médecin généraliste",
    }
    await lea.types("/mission")
    for asked, answer in answers.items():
        if asked == question:
            break
        await lea.types(answer)

    await lea.types(nonsense)

    lea.sees(f"Non compris : « {nonsense} »", question)
    await lea.types(answers[question])
    assert "Non compris" not in lea.newest("Nouvelle mission").text


async def test_a_photo_is_not_read_and_the_draft_stays(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)

    await lea.sends("photo")

    lea.sees("écrivez ou collez le texte : une photo ne se lit pas, ce qui est noté est gardé")
    await lea.taps("Les 5 critères sont remplis")
    lea.sees("Aucune exclusion ?")


async def test_a_paste_corrected_where_it_stands_is_read_again(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(f"{PASTE}\nLe chien est gentil")

    await lea.edits("12 rue des Tanneurs", f"{PASTE.replace('12 rue', '14 rue')}\nLe chien est gentil")

    card = lea.newest("Nouvelle mission")
    assert "14 rue des Tanneurs" in card.text
    assert card.text.count("Le chien est gentil") == 1


async def test_a_word_without_a_draft_is_answered_with_what_to_do(story: Story) -> None:
    lea = story.person("Léa")

    await lea.types("bonjour")

    lea.sees("Pour ouvrir une mission : collez ici toute la demande, ou écrivez /mission.")


# The draft


async def test_a_draft_survives_a_restart(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("/mission")
    await lea.types("Mme Odile KELLER")

    await story.the_bot_restarts()
    await lea.types("94 ans")

    lea.sees("Mme Odile KELLER, 94 ans", "Adresse ?")


async def test_each_operator_has_a_draft_of_their_own(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    await lea.types("/mission")
    await hugo.types("/mission")

    await lea.types("Mme Odile KELLER")
    await hugo.types("M. Marc ZELLER")

    hugo.sees("M. Marc ZELLER")
    hugo.sees_not("KELLER")


async def test_mission_again_shows_the_draft_that_waits(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    lea.looks_away()

    await lea.types("/mission")

    assert any("Mme Odile KELLER, 03/02/1932" in view.text for view in lea.new())


async def test_a_draft_is_left_only_when_confirmed(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)

    await lea.taps("Abandonner")
    await lea.taps("Non, continuer")
    lea.sees("Les 5 critères sont remplis ?")
    await lea.taps("Abandonner")
    await lea.taps("Oui, effacer")

    lea.sees("Ouverture abandonnée. Rien n'a été envoyé.")
    await no_mission(story)


async def test_a_draft_is_begun_again(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)

    await lea.taps("Abandonner")
    await lea.taps("Recommencer")

    lea.sees("il manque 8 réponses", "Collez ici toute la demande")


async def test_one_answer_is_corrected(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)

    await lea.taps("Corriger")
    await lea.taps("Nom")
    await lea.types("Mme Odette KELLER")

    lea.sees("Mme Odette KELLER, 03/02/1932", "Les 5 critères sont remplis ?")


async def test_a_double_tap_on_declencher_starts_one_mission(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    await eligible(lea)
    card = lea.newest("prête à déclencher")
    operator = next(p for p in await story.registered(Role.OSNP) if p.first_name == "Léa")
    async with story.storage.transaction() as tx:
        (draft,) = await tx.drafts.of_owner(operator.id)
    await lea.taps("DÉCLENCHER")

    await lea.taps_old(card, f"oo:0:{json.loads(draft.body)['epoch']}:go=1")

    lea.is_told_at_once("Ce bouton est d'une ouverture terminée")
    assert (await only_mission(story)).number == 1


# The same patient twice


async def test_a_patient_open_today_warns_before_anything_else(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    await lea.types(PASTE)
    await eligible(lea)
    await lea.taps("DÉCLENCHER")

    await hugo.types(PASTE.replace("Odile", "ODILE"))
    hugo.sees("Déjà ouverte aujourd'hui ?", "SMT 1, déclenchée 09:2")
    await hugo.taps("Voir SMT 1")
    hugo.sees("SMT 1", "O. K.")
    await hugo.taps("Continuer quand même")
    await eligible(hugo)
    await hugo.taps("DÉCLENCHER")

    hugo.sees("SMT 2 · déclenchée")


async def test_another_patient_of_the_same_name_does_not_warn(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    await eligible(lea)
    await lea.taps("DÉCLENCHER")

    await lea.types("M. KELLER Marc 54 ans\n3 rue Haute 68200 Mulhouse\nfièvre\nTel 03 53 01 00 55")

    lea.sees_not("Déjà ouverte aujourd'hui ?")


# The usual IDEL first


async def test_the_usual_idel_says_yes_on_the_phone(story: Story) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")
    await lea.types(WITH_USUAL)
    await eligible(lea)

    await lea.taps("Elle accepte")
    await lea.taps("20 min")
    await lea.taps("DÉCLENCHER")

    lea.is_told_at_once("SMT 1 déclenchée : l'IDEL habituelle l'a.")
    amina.sees("SMT 1 est à vous", "Arrivée annoncée 09:4")
    amina.sees("Mme Odile KELLER", "12 rue des Tanneurs")
    amina.sees_no_button("ACCEPTER · 20 min")
    bruno.sees_not("SMT 1")
    assert (await only_mission(story)).search.state is SearchState.TAKEN


async def test_the_usual_idel_is_asked_alone_by_the_bot(story: Story) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")
    await lea.types(WITH_USUAL)
    await eligible(lea)

    await lea.taps("Proposer par le bot (10 min)")
    await lea.taps("DÉCLENCHER")
    amina.sees_button("ACCEPTER · 20 min")
    bruno.sees_not("SMT 1")
    await story.wait(minutes=11)

    bruno.sees_button("ACCEPTER · 20 min")


async def test_a_usual_idel_who_cannot_is_not_asked_again(story: Story) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")
    await lea.types(WITH_USUAL)
    await eligible(lea)

    await lea.taps("Pas disponible")
    await lea.taps("DÉCLENCHER")

    bruno.sees_button("ACCEPTER · 20 min")
    amina.sees_not("SMT 1")


async def test_a_usual_idel_whom_nobody_knows_can_only_be_phoned(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(f"{PASTE}\nIDEL habituelle : Zoé Durand 06 39 98 00 77")
    await eligible(lea)

    lea.sees("à appeler d'abord", "+33 6 39 98 00 77", "Pas inscrite au bot")
    lea.sees_no_button("Elle accepte")
    lea.sees_no_button("Proposer par le bot (10 min)")
    await lea.taps("Ne répond pas")
    await lea.taps("DÉCLENCHER")

    lea.sees("SMT 1 · déclenchée")


async def test_a_usual_idel_engaged_elsewhere_is_not_offered_by_the_bot(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")

    await lea.types(
        WITH_USUAL.replace("Odile", "Marie").replace("01 00 12", "01 00 55").replace("00 99", "00 97")
    )
    await eligible(lea)

    lea.sees("Déjà engagée sur SMT 1.")
    lea.sees_no_button("Elle accepte")


# The médecin traitant


async def test_a_registered_medecin_traitant_is_known_by_the_number(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE)
    await eligible(lea)
    await lea.taps("DÉCLENCHER")

    mission = await only_mission(story)
    weber = next(p for p in await story.registered(Role.DOCTOR) if p.last_name == "WEBER")
    assert mission.medecin_traitant == weber.id


async def test_an_unknown_medecin_traitant_is_entered_for_that_mission_only(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types(PASTE.replace("Dr Weber 06 39 98 00 24", "Dr Zita Muller 06 39 98 00 98"))
    await eligible(lea)
    await lea.taps("DÉCLENCHER")

    mission = await only_mission(story)
    assert mission.medecin_traitant is not None
    async with story.storage.transaction() as tx:
        guest = await tx.people.get(mission.medecin_traitant)
    assert guest is not None
    assert (guest.last_name, guest.first_name, guest.phone) == ("Muller", "Zita", "+33639980098")
    assert guest.guest_of == mission.id
    assert guest.id not in {p.id for p in await story.registered(Role.DOCTOR)}


# Exercice


async def test_an_exercice_rings_only_whom_it_was_told_to(story: Story) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")

    await lea.types("/mission exercice")
    lea.sees("🟦 EXERCICE · ne pas se déplacer", "Qui l'exercice fait-il sonner ?")
    await lea.taps("Amina B.")
    await lea.taps("C'est tout")
    await lea.taps("DÉCLENCHER L'EXERCICE")

    assert amina.sees("SMT 1").text.startswith("🟦 EXERCICE · ne pas se déplacer")
    bruno.sees_not("SMT 1")
    assert (await only_mission(story)).exercise


async def test_an_exercice_takes_no_real_identity(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("/mission exercice")

    await lea.types(PASTE)

    lea.sees("Exercice : identité inventée seulement.")
    lea.sees_not("Mme Odile KELLER,")


async def test_an_exercice_is_possible_when_the_service_is_closed(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    story.clock.to(datetime(2026, 10, 11, 9, 0, tzinfo=UTC))
    await lea.types("/mission")

    await lea.taps("Exercice")
    await lea.taps("Amina B.")
    await lea.taps("C'est tout")
    await lea.taps("DÉCLENCHER L'EXERCICE")

    amina.sees("EXERCICE", "SMT 1")


async def test_a_request_pasted_in_general_goes_on_in_private_and_is_deleted_there(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")

    await lea.types(PASTE, to=story.group.id)
    await story.bot.delivery.purge.purge_due()

    lea.sees("Léa : votre demande s'ouvre dans votre discussion", "Rien n'est encore déclenché")
    hugo.sees_not("KELLER")
    lea.sees("Nouvelle mission", "Odile KELLER")
    await eligible(lea)
    await lea.taps("DÉCLENCHER")
    assert (await only_mission(story)).search.state is SearchState.OFFERED


async def test_where_nobody_can_be_asked_the_regulateur_is_rung_and_osnp_have_the_number(
    story: Story,
) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    async with story.storage.transaction() as tx:
        for nurse in await tx.people.all(Role.IDEL):
            await tx.people.save(replace(nurse, active=False))
    await lea.types(PASTE.replace("SAMURL68, médecin généraliste", "Dr Roth, médecin régulateur"))
    await eligible(lea)

    await lea.taps("DÉCLENCHER")

    lea.rang("aucun(e) IDEL à solliciter")
    lea.sees("aucun(e) IDEL à solliciter", "Léa : prévenir Dr Roth", "+33 6 39 98 00 04")
    paul.rang("aucun(e) IDEL à solliciter")
    told = paul.newest("Nouvelle orientation à préparer avec Léa.")
    assert told.chat == paul.user.id


async def test_what_osnp_say_to_each_other_in_general_opens_nothing(story: Story) -> None:
    lea = story.person("Léa")
    lea.looks_away()
    await lea.types("Mme Roth rappelle au 03 53 01 00 12", to=story.group.id)
    assert lea.new() == [lea.newest("Mme Roth rappelle")]
