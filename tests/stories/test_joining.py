"""Somebody the bot does not know asks to join, from the first word to the first mission."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import joining
from bot.domain.joining import Application, ApplicationState
from bot.domain.people import CascadeStep, Person, Role
from bot.flows import joining as joining_flow
from bot.flows import register
from bot.sandbox.acts import View
from tests.stories.story import Story, Teller, plain

PHONE = "+33639980077"
STRANGER = "Ce bot est réservé aux professionnels du SAS 68"


def newcomer(story: Story, number: int = 9001, name: str = "Zoé", phone: str | None = PHONE) -> Teller:
    """Somebody with a telephone of their own, whom nobody has entered."""
    return Teller(story, story.telegram.add_user(number, name, "Vogel", phone=phone), name, [number])


async def shares_own_number(teller: Teller) -> None:
    teller.story.telegram.share_contact(teller.user, teller.user.id)
    await teller.story.settle()


async def shares_somebody_elses(teller: Teller) -> None:
    teller.story.telegram.share_other_contact(teller.user, teller.user.id, "+33639980011", "Amina")
    await teller.story.settle()


async def says_all(zoe: Teller, *, rpps: str = "99900000077") -> None:
    """Everything a nurse is asked, up to «Envoyer»."""
    await zoe.types("/start")
    await zoe.taps("IDEL")
    await zoe.types("Zoé Vogel")
    await zoe.taps("Oui")
    await zoe.types(rpps)
    await shares_own_number(zoe)
    await zoe.types("Mulhouse")
    await zoe.taps("Perfusions")
    await zoe.taps("Terminé")
    await zoe.taps("Passer")


async def application_of(story: Story, teller: Teller) -> Application:
    async with story.storage.transaction() as tx:
        found = await tx.applications.of_user(teller.user.id)
    assert found is not None
    return found


async def person_of(story: Story, teller: Teller) -> Person | None:
    async with story.storage.transaction() as tx:
        return await tx.people.by_user(teller.user.id)


async def everybody(story: Story) -> int:
    async with story.storage.transaction() as tx:
        return len(await tx.people.all(active_only=False))


async def journal(story: Story, kind: str) -> list[tuple[str | None, dict[str, object]]]:
    async with story.storage.transaction() as tx:
        now = story.clock.now()
        lines = await tx.journal.between(now - timedelta(days=30), now + timedelta(days=1), kind)
    return [(line.actor, dict(line.facts)) for line in lines]


def cards(lea: Teller) -> list[View]:
    """The cards of applications in the group."""
    return [view for view in lea.messages() if "Inscription" in view.text and view.chat < 0]


# From zero


async def test_a_nurse_joins_from_zero_and_is_offered_a_mission(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await zoe.types("/start")
    zoe.sees("Inscription au SAS 68 · question 1 sur 7", "Vous êtes…")
    await zoe.taps("IDEL")
    zoe.sees("question 2 sur 7", "Votre prénom et votre nom ?")
    await zoe.types("zoé VOGEL")
    zoe.sees("Prénom : Zoé. Nom : VOGEL. C'est juste ?")
    await zoe.taps("Oui")
    zoe.sees("Votre numéro RPPS ?")
    await zoe.types("999 0000 0077")
    zoe.sees("Votre téléphone mobile ?", "RPPS 99900000077")
    assert zoe.newest("Un appui suffit").keyboard == [
        [{"text": "Partager mon numéro", "request_contact": True}]
    ]
    await shares_own_number(zoe)
    zoe.sees("Noté : +33 6 39 98 00 77")
    zoe.sees("Votre commune d'exercice ?")
    await zoe.types("68200")
    zoe.sees("Quels soins faites-vous ?", "Mulhouse")
    await zoe.taps("Perfusions")
    await zoe.taps("Prélèvements")
    await zoe.taps("Perfusions")
    await zoe.taps("Terminé")
    zoe.sees("Votre e-mail ?", "Soins : Prélèvements")
    await zoe.types("zoe@exemple.fr")
    zoe.sees("Tout est juste ?", "IDEL · Zoé VOGEL", "zoe@exemple.fr")
    lea.sees_not("VOGEL")

    await zoe.taps("Envoyer")

    zoe.is_told_at_once("Transmise")
    zoe.sees("transmise à", "la réponse arrive ici")
    lea.rang("Inscription à valider · IDEL, Mulhouse")
    lea.sees("Zoé VOGEL", "RPPS 99900000077", "+33 6 39 98 00 77 · donné par Telegram", "Prélèvements")
    await lea.taps("Valider")

    lea.is_told_at_once("Zoé VOGEL est inscrit(e)")
    lea.sees("Inscription validée · Léa M.", "Zoé VOGEL · IDEL")
    zoe.rang("Inscription validée : bienvenue au SAS 68")
    zoe.sees("Les missions proches sonnent ici", "/profil")
    person = await person_of(story, zoe)
    assert person is not None
    assert (person.role, person.full_name, person.phone) == (Role.IDEL, "Zoé VOGEL", PHONE)
    assert (person.rpps, person.commune, person.email) == ("99900000077", "68224", "zoe@exemple.fr")
    assert person.capabilities == ("prelevement",)
    settled = await application_of(story, zoe)
    assert (settled.state, settled.phone, settled.rpps) == (ApplicationState.ACCEPTED, None, None)
    assert settled.person == person.id
    ((actor, facts),) = await journal(story, "joining.accepted")
    assert (actor, facts["person"]) == ("p1", person.id)

    mission = await story.mission()
    zoe.rang(f"SMT {mission.number}")
    await zoe.taps("ACCEPTER · 20 min")
    zoe.is_told_at_once("est à vous")
    assert (await story.mission_now(mission.id)).visit.idel == person.id


async def test_a_doctor_joins_from_zero_and_is_asked_by_the_cascade(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await zoe.types("/start")
    await zoe.taps("Médecin")
    zoe.sees("question 2 sur 6")
    await zoe.types("Dr Zoé de la Tour")
    zoe.sees("Prénom : Zoé. Nom : DE LA TOUR.")
    await zoe.taps("Oui")
    await zoe.types("99900000078")
    await zoe.types("06 39 98 00 77")
    await zoe.types("Colmar")
    zoe.sees_not("Quels soins")
    await zoe.taps("Passer")
    await zoe.taps("Envoyer")
    lea.sees("Inscription à valider · Médecin, Colmar", "écrit à la main : à vérifier en appelant")
    lea.sees("« Valider » : Effecteurs.")
    lea.sees_button("Valider · Garde")
    await lea.taps("Valider")
    zoe.sees("Les demandes de visio sonnent ici")
    person = await person_of(story, zoe)
    assert person is not None
    assert (person.role, person.cascade_step) == (Role.DOCTOR, CascadeStep.EFFECTEUR_SAS)

    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    zoe.rang(f"SMT {mission.number} · téléconsultation avec IDEL")
    await zoe.taps("J'accepte")
    doctor = (await story.mission_now(mission.id)).cascade.doctor
    assert doctor is not None
    assert doctor.party == person.party


async def test_a_doctor_may_be_accepted_for_the_garde_of_the_sector(story: Story) -> None:
    nadia, zoe = story.person("Nadia"), newcomer(story)
    await zoe.types("/start")
    await zoe.taps("Médecin")
    await zoe.types("Zoé Vogel")
    await zoe.taps("Oui")
    await zoe.taps("Je ne l'ai pas sous la main")
    await shares_own_number(zoe)
    await zoe.types("Altkirch")
    await zoe.taps("Passer")
    await zoe.taps("Envoyer")
    nadia.sees("RPPS non donné : à demander")
    await nadia.taps("Valider · Garde")
    person = await person_of(story, zoe)
    assert person is not None
    sector = story.bot.given.region.sector_of(person.commune or "")
    assert sector is not None
    assert (person.cascade_step, person.sectors) == (CascadeStep.GARDE, (sector.name,))


async def test_what_was_said_wrong_is_corrected_before_it_is_sent(story: Story) -> None:
    zoe = newcomer(story)
    await says_all(zoe)
    await zoe.taps("Corriger…")
    zoe.sees("Touchez ce qui est à corriger.")
    await zoe.taps("Prénom, nom")
    await zoe.types("Vogel Zoée")
    await zoe.taps("L'inverse")
    zoe.sees("Tout est juste ?", "Zoée VOGEL")
    await zoe.taps("Corriger…")
    await zoe.taps("Téléphone")
    await zoe.types("06 39 98 00 78")
    zoe.sees("Tout est juste ?", "+33 6 39 98 00 78")
    await zoe.taps("Corriger…")
    await zoe.taps("Commune")
    await zoe.taps("Retour")
    zoe.sees("Tout est juste ?")
    await zoe.taps("Envoyer")
    sent = await application_of(story, zoe)
    assert (sent.full_name, sent.phone, sent.phone_shared) == ("Zoée VOGEL", "+33639980078", False)


# Decided


async def test_somebody_who_is_refused_reads_why_and_whom_to_call(story: Story) -> None:
    lea, paul, zoe = story.person("Léa"), story.person("Paul"), newcomer(story)
    before = await everybody(story)
    await says_all(zoe)
    await zoe.taps("Envoyer")
    await paul.taps("Refuser")
    lea.sees("Pourquoi refuser ?")
    lea.sees_no_button("Valider")
    await paul.taps("Ne pas refuser")
    await lea.taps("Refuser")
    await lea.taps("RPPS non trouvé")

    zoe.rang("Inscription au SAS 68 · non retenue")
    zoe.sees("Votre numéro RPPS n'a pas été trouvé.", "+33 3 89 64 70 15")
    lea.sees("Inscription refusée · Léa M.", "Zoé VOGEL")
    lea.sees_not(PHONE[-8:])
    assert await everybody(story) == before
    refused = await application_of(story, zoe)
    assert (refused.state, refused.reason, refused.phone) == (ApplicationState.REFUSED, "rpps", None)

    await story.wait(seconds=10)
    zoe.sees("Corrigez, et recommencez : /start")
    await zoe.types("/start")
    zoe.sees("question 1 sur 7")


def forms_with_buttons(teller: Teller) -> int:
    return sum(1 for view in teller.messages() if view.button("Annuler"))


async def test_two_answers_written_while_the_bot_was_away_get_one_form(story: Story) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    await zoe.taps("IDEL")
    zoe.looks_away()
    story.telegram.send_text(zoe.user, zoe.user.id, "Zoé Vogle")
    story.telegram.send_text(zoe.user, zoe.user.id, "Zoé Vogel")
    await story.settle()

    forms = [view for view in zoe.new() if view.from_bot and "Inscription" in view.text]
    assert len(forms) == 1
    assert "Nom : VOGEL." in plain(forms[0].text)
    assert forms_with_buttons(zoe) == 1


async def test_however_fast_the_answers_come_only_the_last_form_may_be_tapped(story: Story) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    await zoe.taps("IDEL")
    for name in ("Zoé Vogle", "Zoé Vogl", "Zoé Fogel", "Zoé Vogel"):
        await zoe.types(name)

    zoe.sees("Nom : VOGEL.")
    assert forms_with_buttons(zoe) == 1


async def test_the_second_who_decides_is_told_who_was_quicker(story: Story) -> None:
    lea, paul, zoe = story.person("Léa"), story.person("Paul"), newcomer(story)
    await says_all(zoe)
    await zoe.taps("Envoyer")
    card = paul.newest("Inscription à valider")
    data = button(story, card, "Valider")
    await lea.taps("Valider")
    before = await everybody(story)

    await paul.taps_old(card, data)

    paul.is_told_at_once("Déjà validée par Léa M. à")
    assert await everybody(story) == before
    assert len(await journal(story, "joining.accepted")) == 1


async def test_a_card_on_which_nobody_decides_rings_again_the_next_day(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await says_all(zoe)
    await zoe.taps("Envoyer")
    first = lea.newest("Inscription à valider")
    await story.wait(hours=23)
    assert lea.newest("Inscription à valider").id == first.id
    lea.looks_away()
    await story.wait(hours=2)
    again = lea.newest("Inscription à valider")
    assert again in lea.new()
    assert again.id != first.id
    assert not again.silent
    await lea.taps("Valider")
    lea.looks_away()
    await story.wait(hours=48)
    assert [view for view in cards(lea) if view in lea.new()] == []


async def test_nobody_decides_by_knowing_the_button(story: Story) -> None:
    zoe, amina = newcomer(story), story.person("Amina")
    await says_all(zoe)
    await zoe.taps("Envoyer")
    data = button(story, story.person("Léa").newest("Inscription à valider"), "Valider")
    amina.story.telegram.send_text(amina.user, amina.user.id, "bonjour")
    await story.settle()
    await amina.taps_old(amina.messages()[-1], data)
    amina.is_told_at_once("Ce bouton n'est pas pour vous.")
    await zoe.taps_old(zoe.messages()[-1], data)
    zoe.is_told_at_once(STRANGER)
    assert (await application_of(story, zoe)).state is ApplicationState.WAITING


def button(story: Story, view: View, label: str) -> str:
    """What a button of that message sends."""
    keyboard = story.telegram.world.chats[view.chat].messages[view.id].inline_keyboard
    return next(str(one["callback_data"]) for row in keyboard for one in row if plain(one["text"]) == label)


async def test_whoever_has_blocked_the_bot_meanwhile_costs_the_group_nothing(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await says_all(zoe)
    await zoe.taps("Envoyer")
    story.telegram.block(zoe.user)
    await story.settle()
    lea.looks_away()
    await lea.taps("Refuser")
    await lea.taps("Autre raison")
    assert [view.text for view in lea.new() if "injoignable" in view.text] == []
    assert (await application_of(story, zoe)).state is ApplicationState.REFUSED


# Somebody who is known


async def test_a_known_telephone_links_the_account_and_makes_no_double(story: Story) -> None:
    lea, jean = story.person("Léa"), newcomer(story, 9002, "Jean", "+33639980024")
    before = await everybody(story)
    await jean.types("/start")
    await jean.taps("Médecin")
    await jean.types("Jean Weber")
    await jean.taps("Oui")
    await jean.taps("Je ne l'ai pas sous la main")
    await shares_own_number(jean)
    await jean.types("Mulhouse")
    await jean.taps("Passer")
    await jean.taps("Envoyer")
    lea.sees("Déjà au fichier : Dr Jean WEBER (Médecin)", "sans en faire une autre")

    await lea.taps("Valider")

    assert await everybody(story) == before
    person = await person_of(story, jean)
    assert person is not None
    assert (person.rpps, person.cascade_step) == ("99900000024", CascadeStep.MEDECIN_TRAITANT)
    jean.sees("Inscription validée")


async def test_a_second_account_of_somebody_replaces_the_first_only_once_osnp_have_agreed(
    story: Story,
) -> None:
    lea, amina, again = story.person("Léa"), story.person("Amina"), newcomer(story, 9003, "Amina", None)
    await says_all_typed(again, "06 39 98 00 11", rpps="99900000011")
    lea.sees("Déjà au fichier : Amina BENALI (IDEL)", "un autre compte Telegram, qui sera remplacé")
    assert (await person_of(story, amina)) is not None
    await lea.taps("Valider")
    assert (await person_of(story, amina)) is None
    person = await person_of(story, again)
    assert person is not None
    assert person.full_name == "Amina BENALI"


async def says_all_typed(teller: Teller, phone: str, *, rpps: str | None) -> None:
    """The same with a typed number, sent."""
    await teller.types("/start")
    await teller.taps("IDEL")
    await teller.types("Zoé Vogel")
    await teller.taps("Oui")
    if rpps is None:
        await teller.taps("Je ne l'ai pas sous la main")
    else:
        await teller.types(rpps)
    await teller.types(phone)
    await teller.types("Mulhouse")
    await teller.taps("Terminé")
    await teller.taps("Passer")
    await teller.taps("Envoyer")


async def test_an_operators_number_makes_nobody_an_operator(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await says_all_typed(zoe, "06 39 98 00 01", rpps=None)
    lea.sees("Déjà au fichier : Léa MARTIN (OSNP)", "ne se relie que par son lien personnel")
    lea.sees_no_button("Valider")
    data = button(story, lea.newest("Inscription à valider"), "Refuser").replace("why=1", "yes=")
    await lea.taps_old(lea.newest("Inscription à valider"), data)
    lea.is_told_at_once("ne se relie que par son lien personnel")
    assert await person_of(story, zoe) is None
    assert (await person_of(story, lea)) is not None


async def test_a_telephone_and_an_rpps_of_two_people_are_not_guessed(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await says_all_typed(zoe, "06 39 98 00 11", rpps="99900000012")
    lea.sees("Amina BENALI", "Bruno FISCHER", "sont de deux fiches")
    lea.sees_no_button("Valider")


async def test_a_personal_link_opened_meanwhile_settles_the_form(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await says_all(zoe)
    await zoe.taps("Envoyer")
    given = story.bot.given
    async with story.storage.transaction() as tx:
        jean = await tx.people.by_phone("+33639980024")
    assert jean is not None
    await register.invite(given, "a-link-of-jean", person=jean.id)
    await zoe.types("/start a-link-of-jean")
    zoe.sees("Bienvenue")
    lea.sees("Inscription validée", "Dr Jean WEBER")
    lea.sees_no_button("Valider")


# What goes wrong


async def test_somebody_elses_contact_is_refused(story: Story) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    await zoe.taps("IDEL")
    await zoe.types("Zoé Vogel")
    await zoe.taps("Oui")
    await zoe.types("99900000077")
    await shares_somebody_elses(zoe)
    zoe.sees("C'est le contact de quelqu'un d'autre")
    assert (await application_of(story, zoe)).phone is None
    await shares_own_number(zoe)
    assert (await application_of(story, zoe)).phone == PHONE


NONSENSE: Sequence[str] = ("👍👍👍", "x" * 10_000, "12", "?", "ne sais pas 3", "à bas\nle\nformulaire " * 9)


@pytest.mark.parametrize("text", NONSENSE, ids=lambda text: text[:6])
async def test_nonsense_at_every_question_is_answered_and_changes_nothing(story: Story, text: str) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    for step in ("IDEL", "Zoé Vogel", "Oui", "99900000077", "06 39 98 00 77", "Mulhouse", "Terminé"):
        before = await application_of(story, zoe)
        await story.wait(seconds=10)
        zoe.looks_away()
        await zoe.types(text)
        told = [plain(view.text) for view in zoe.new() if view.from_bot]
        assert told, step
        assert all("⚠" in words for words in told), told
        after = await application_of(story, zoe)
        assert after.trouble is not None
        same = ("role", "last_name", "rpps", "phone", "commune", "capabilities", "email")
        assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
        await (zoe.taps(step) if zoe.has_button(step) else zoe.types(step))
    zoe.sees("Votre e-mail ?")


async def test_files_and_old_buttons_are_answered(story: Story) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    first = zoe.newest("Vous êtes…")
    data = button(story, first, "Médecin")
    await story.wait(seconds=10)
    await zoe.sends("photo", "carte.jpg")
    zoe.sees("Une photo ou un vocal ne peut pas répondre")
    await zoe.types("infirmière")
    await zoe.types("Zoé Vogel")
    await zoe.taps("Oui")
    await zoe.types("0639980077")
    zoe.sees("C'est un téléphone : on vous le demande juste après.")
    await zoe.types("681234567")
    zoe.sees("9 chiffres : c'est un numéro Adeli.")
    await zoe.types("annuler")
    zoe.sees("Inscription au SAS 68 · annulée", "/start")
    await zoe.taps_old(first, data)
    zoe.is_told_at_once("Ce bouton n'est plus valable.")
    assert (await application_of(story, zoe)).last_name is None
    await story.wait(seconds=10)
    await zoe.types("et maintenant ?")
    zoe.sees(STRANGER, "/start pour vous inscrire", "15")


async def test_a_corrected_message_is_read_again(story: Story) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    await zoe.taps("IDEL")
    await zoe.types("Zoé")
    zoe.sees("Prénom et nom, en lettres, dans un seul message.")
    await zoe.edits("Zoé", "Zoé Vogel")
    zoe.sees("Prénom : Zoé. Nom : VOGEL.")


async def test_communes_to_choose_from_are_buttons(story: Story) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    await zoe.taps("IDEL")
    await zoe.types("Zoé Vogel")
    await zoe.taps("Oui")
    await zoe.types("99900000077")
    await shares_own_number(zoe)
    await zoe.types("Paris")
    zoe.sees("Aucune commune de ce nom dans le 68.")
    await zoe.types("b")
    zoe.sees("Trop de communes commencent ainsi")
    await zoe.types("saint")
    zoe.sees("Quelle commune ? Touchez, ou écrivez son nom.")
    await zoe.taps("Saint-Louis")
    found = await application_of(story, zoe)
    assert (found.commune, found.communes) == ("68297", ())


async def test_a_commune_with_a_fault_of_spelling_is_proposed(story: Story) -> None:
    zoe = newcomer(story)
    await says_all(zoe)
    await zoe.taps("Corriger…")
    await zoe.taps("Commune")
    await zoe.types("saint")
    zoe.sees_button("Saint-Amarin")
    await zoe.types("Belfort")
    zoe.sees("Aucune commune de ce nom dans le 68. Vous êtes d'à côté ?")
    zoe.sees_no_button("Saint-Amarin")
    await zoe.types("Guebwiler")
    zoe.sees("Quelle commune ?")
    zoe.sees_no_button("Saint-Amarin")
    await zoe.taps("Guebwiller")
    assert (await application_of(story, zoe)).commune == "68112"


async def test_one_slip_on_cancel_erases_nothing(story: Story) -> None:
    zoe = newcomer(story)
    await says_all(zoe)
    await zoe.taps("Annuler")
    zoe.sees("Arrêter l'inscription ?", "Zoé VOGEL")
    await zoe.taps("Non, continuer")
    zoe.sees("Tout est juste ?", "Zoé VOGEL")
    await zoe.taps("Envoyer")
    await zoe.taps("Annuler")
    zoe.sees("Retirer votre demande ?")
    await zoe.taps("Non, continuer")
    zoe.sees("transmise à", "Une question, une erreur ? +33 3 89 64 70 15")
    assert (await application_of(story, zoe)).state is ApplicationState.WAITING


async def test_a_refusal_by_mistake_is_lifted_and_they_ask_again_at_once(story: Story) -> None:
    lea, hugo, zoe = story.person("Léa"), story.person("Hugo"), newcomer(story)
    await says_all(zoe)
    await zoe.taps("Envoyer")
    await lea.taps("Refuser")
    await lea.taps("Autre raison")
    await story.wait(seconds=10)
    await zoe.types("mais pourquoi ?")
    zoe.sees("n'a pas été retenue. Nouvelle demande possible le 07/10/2026")
    zoe.sees_not("Ce bot est réservé")
    await zoe.types("/start")
    zoe.sees_not("Vous êtes…")

    await hugo.taps("Lever le refus")

    zoe.rang("vous pouvez la redemander")
    lea.sees("Refus levé · Hugo S.", "Zoé VOGEL")
    lea.sees_no_button("Lever le refus")
    assert [actor for actor, _ in await journal(story, "joining.refusal_lifted")] == ["p2"]
    await zoe.types("/start")
    zoe.sees("Vous êtes…")


async def test_whoever_was_refused_for_another_reason_waits_a_day(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await says_all(zoe)
    await zoe.taps("Envoyer")
    await lea.taps("Refuser")
    await lea.taps("Hors du secteur")
    await story.wait(seconds=10)
    await zoe.types("/start")
    zoe.sees("Nouvelle demande possible le 07/10/2026")
    await story.wait(hours=24)
    await zoe.types("/start")
    zoe.sees("Vous êtes…")


async def test_whoever_cancels_after_sending_takes_the_card_back(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await says_all(zoe)
    await zoe.taps("Envoyer")
    await zoe.types("Est-ce que ça avance ?")
    zoe.sees("transmise à")
    await zoe.taps("Annuler")
    await zoe.taps("Oui, tout effacer")
    zoe.is_told_at_once("Annulé, rien n'est gardé.")
    lea.sees("Inscription retirée")
    lea.sees_not("VOGEL")
    lea.sees_no_button("Valider")
    gone = await application_of(story, zoe)
    assert (gone.state, gone.last_name, gone.phone, gone.rpps) == (
        ApplicationState.WITHDRAWN,
        None,
        None,
        None,
    )


async def test_it_survives_a_restart_at_every_turn(story: Story) -> None:
    lea, zoe = story.person("Léa"), newcomer(story)
    await zoe.types("/start")
    await zoe.taps("IDEL")
    await story.the_bot_restarts()
    await zoe.types("Zoé Vogel")
    await zoe.taps("Oui")
    await zoe.types("99900000077")
    await story.the_bot_restarts()
    await shares_own_number(zoe)
    await zoe.types("Mulhouse")
    await zoe.taps("Soins palliatifs")
    await story.the_bot_restarts()
    await zoe.taps("Terminé")
    await zoe.taps("Passer")
    await zoe.taps("Envoyer")
    await story.the_bot_restarts()
    await lea.taps("Valider")
    person = await person_of(story, zoe)
    assert person is not None
    assert person.capabilities == ("palliatif",)


async def test_a_form_nobody_goes_on_with_is_forgotten(story: Story) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    await zoe.taps("IDEL")
    await zoe.types("Zoé Vogel")
    await story.wait(days=joining.FORGOTTEN_AFTER.days - 1)
    assert (await application_of(story, zoe)).state is ApplicationState.FILLING
    await story.wait(days=2)
    gone = await application_of(story, zoe)
    assert (gone.state, gone.last_name) == (ApplicationState.WITHDRAWN, None)


async def test_a_storm_of_strangers_costs_the_group_one_card_each_and_not_its_minute(story: Story) -> None:
    lea = story.person("Léa")
    now = story.clock.now()
    async with story.storage.transaction() as tx:
        for number in range(joining.MOST_WAITING - 2):
            waits = Application(
                0,
                9500 + number,
                9500 + number,
                ApplicationState.WAITING,
                now,
                role=Role.IDEL,
                card_at=now - joining.BETWEEN_CARDS,
            )
            await tx.applications.save(waits)
    crowd = [newcomer(story, 9100 + n, "Zoé", f"+3363998008{n}") for n in range(3)]
    for n, one in enumerate(crowd):
        await says_all(one, rpps=f"9990000008{n}")
    lea.looks_away()
    *both_at_once, last = crowd
    for one in both_at_once:
        story.telegram.tap(one.user, *spot(one, "Envoyer"))
    await story._work()

    assert len([view for view in cards(lea) if view in lea.new()]) == 1
    await last.taps("Envoyer")
    last.is_told_at_once("Beaucoup d'inscriptions attendent déjà", "+33 3 89 64 70 15")
    await story.wait(seconds=60)
    first, second = (view for view in cards(lea) if view in lea.new())
    assert abs(second.date - first.date) >= joining.BETWEEN_CARDS
    assert (await application_of(story, last)).state is ApplicationState.FILLING
    for one in both_at_once:
        assert (await application_of(story, one)).state is ApplicationState.WAITING


async def test_of_many_who_send_at_the_same_moment_no_more_wait_than_may(story: Story) -> None:
    zoe = newcomer(story)
    await says_all(zoe)
    said = await application_of(story, zoe)
    many = range(joining.MOST_WAITING + 20)
    async with story.storage.transaction() as tx:
        forms = [
            await tx.applications.save(
                replace(said, id=0, user_id=9500 + n, chat_id=9500 + n, phone=f"+3363998{n:04}")
            )
            for n in many
        ]
    answers = await asyncio.gather(
        *(joining_flow.pressed(story.bot.given, form.user_id, form.id, "send") for form in forms)
    )
    async with story.storage.transaction() as tx:
        assert len(await tx.applications.waiting()) == joining.MOST_WAITING
    assert Counter(answer.kind for answer in answers) == {
        "joining.sent": joining.MOST_WAITING,
        "joining.full": 20,
    }


def spot(teller: Teller, label: str) -> tuple[int, int, int, int]:
    """Where a button is: chat, message, row, column."""
    for view in teller._newest_first():
        if (found := view.button(label)) is not None:
            return view.chat, view.id, *found
    raise AssertionError(f"{teller.name} has no button «{label}»")


async def test_whoever_writes_without_end_gets_the_form_once(story: Story) -> None:
    zoe = newcomer(story)
    await zoe.types("/start")
    await story.wait(seconds=10)
    zoe.looks_away()
    for n in range(30):
        story.telegram.send_text(zoe.user, zoe.user.id, f"allo {n}")
    await story.settle()
    told = [view for view in zoe.new() if view.from_bot]
    assert 1 <= len(told) <= 3, len(told)
    zoe.sees("Touchez un des boutons ci-dessous.")
