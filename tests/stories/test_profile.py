"""A person's own card, changed by themselves or by OSNP; leaving, and being forgotten."""

from datetime import timedelta

from bot.domain.mission import Mission
from bot.domain.people import CascadeStep, Person
from bot.flows import profile as profile_flow
from tests.stories.story import Story, Teller, plain
from tests.stories.test_closing import answers
from tests.stories.test_joining import button, person_of, shares_own_number, shares_somebody_elses


async def named(story: Story, first_name: str) -> Person:
    async with story.storage.transaction() as tx:
        people = await tx.people.all(active_only=False)
    return next(person for person in people if person.first_name == first_name)


async def changes(story: Story) -> list[tuple[str | None, dict[str, object]]]:
    """Who changed what."""
    async with story.storage.transaction() as tx:
        now = story.clock.now()
        lines = await tx.journal.between(now - timedelta(days=1), now + timedelta(days=1), "profile.changed")
    return [(line.actor, dict(line.facts)) for line in lines]


async def taken_by_amina(story: Story) -> Mission:
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    return await story.mission_now(mission.id)


# One's own


async def test_a_nurse_changes_what_is_known_of_her(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/profil")
    amina.sees("Votre fiche · IDEL", "Amina BENALI", "+33 6 39 98 00 11", "Mulhouse")
    amina.sees_no_button("RPPS")
    amina.sees_no_button("Prénom, nom")

    await amina.taps("Téléphone")
    amina.is_told_at_once("Répondez sur la fiche.")
    await amina.types("06 39 98 00 99")
    amina.sees("Votre fiche", "✔ C'est noté : téléphone", "+33 6 39 98 00 99")
    await amina.taps("Commune")
    await amina.types("Altkirch")
    await amina.taps("Soins")
    await amina.taps("Perfusions")
    await amina.taps("Soins palliatifs")
    await amina.taps("Terminé")
    amina.sees("Soins : Perfusions, Soins palliatifs")
    await amina.taps("Secteurs")
    sector = story.bot.given.region.sectors[0].name
    await amina.taps(sector[:38])
    await amina.taps("Terminé")
    await amina.taps("E-mail")
    await amina.types("amina@exemple.fr")
    amina.sees("amina@exemple.fr", f"Secteurs : {sector}")

    now = await named(story, "Amina")
    assert (now.phone, now.commune, now.email) == ("+33639980099", "68004", "amina@exemple.fr")
    assert (now.capabilities, now.sectors) == (("perfusion", "palliatif"), (sector,))
    told = await changes(story)
    assert {actor for actor, _ in told} == {str(now.party)}
    assert [facts["field"] for _, facts in told].count("abilities") == 2
    assert "0639980099" not in str(told).replace("+33", "0"), "the journal names no number"
    await amina.taps("E-mail")
    await amina.taps("Aucun e-mail")
    assert (await named(story, "Amina")).email is None


async def test_a_number_of_somebody_else_and_words_that_are_none_are_refused(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/profil")
    await amina.taps("Téléphone")
    for wrong, why in (
        ("06 39 98 00 12", "Ce téléphone est sur une autre fiche"),
        ("douze", "Ce n'est pas un numéro de téléphone"),
        ("👍", "Ce n'est pas un numéro de téléphone"),
    ):
        await amina.types(wrong)
        amina.sees(why)
    await shares_somebody_elses(amina)
    amina.sees("C'est le contact de quelqu'un d'autre")
    assert (await named(story, "Amina")).phone == "+33639980011"
    await shares_own_number(amina)
    amina.sees("Votre fiche", "+33 6 39 98 00 11")
    await shares_own_number(amina)
    amina.sees("Un contact n'est pas transmis : écrivez le numéro.")


async def test_a_card_left_open_does_not_swallow_words_for_a_mission(story: Story) -> None:
    amina = story.person("Amina")
    mission = await taken_by_amina(story)
    await amina.types("/profil")
    await amina.taps("Téléphone")
    await amina.types("TA 13/8 FC 72")
    amina.sees(f"SMT {mission.number}", "72/min")
    amina.sees_not("Ce n'est pas un numéro")
    assert (await named(story, "Amina")).phone == "+33639980011"


async def test_a_question_of_the_card_waits_a_quarter_of_an_hour(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/profil")
    await amina.taps("Téléphone")
    await story.wait(minutes=16)
    await amina.types("06 39 98 00 99")
    amina.sees("rien n'a été envoyé")
    assert (await named(story, "Amina")).phone == "+33639980011"


# By OSNP


async def test_osnp_change_anybodys_card_and_the_person_reads_it(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    await lea.types("/personne morel")
    lea.sees("Fiche · Médecin", "Dr Claire MOREL", "RPPS 99900000021", "Telegram : relié")
    await lea.taps("RPPS")
    await lea.types("99900000022")
    lea.sees("Ce RPPS est sur une autre fiche.")
    await lea.types("99900000029")
    await lea.taps("Groupe de médecins")
    await lea.taps("Garde")
    claire.sees("Votre fiche a été modifiée par l'OSNP : groupe de médecins")
    now = await named(story, "Claire")
    assert (now.rpps, now.cascade_step) == ("99900000029", CascadeStep.GARDE)
    author = await person_of(story, lea)
    assert author is not None
    assert {actor for actor, _ in await changes(story)} == {str(author.party)}


async def test_several_of_a_name_are_chosen_from_in_the_group(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("/personne", to=story.group.id)
    lea.sees("Qui cherchez-vous ?")
    await lea.types("/personne m", to=story.group.id)
    found = lea.newest("la fiche s'ouvre en privé")
    assert found.chat == story.group.id
    await lea.taps("Chloé MEYER")
    lea.is_told_at_once("dans votre discussion avec le bot")
    card = lea.newest("Fiche · IDEL")
    assert (card.chat, "Chloé MEYER" in card.text) == (lea.user.id, True)
    await lea.types("/personne 06 39 98 00 12")
    lea.sees("Fiche · IDEL", "Bruno FISCHER")
    await lea.types("/personne xyzt")
    lea.sees("Personne à ce nom")


async def test_nobody_changes_anothers_card_by_knowing_its_button(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await amina.types("/profil")
    await bruno.types("/profil")
    data = button(story, amina.newest("Votre fiche"), "Téléphone")
    await bruno.taps_old(bruno.newest("Votre fiche"), data)
    bruno.is_told_at_once("Ce bouton n'est pas pour vous.")
    await bruno.types("/personne benali")
    bruno.sees("Votre propre fiche : /profil")
    bruno.sees_not("06 39 98 00 11")


# Leaving


async def test_whoever_leaves_is_asked_nothing_more_and_may_come_back(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await amina.types("/profil")
    await amina.taps("Quitter le service")
    amina.sees("Quitter le service ?")
    await amina.taps("Non")
    assert (await named(story, "Amina")).active
    await amina.taps("Quitter le service")
    await amina.taps("Oui, quitter")
    amina.is_told_at_once("service quitté")
    amina.sees("Vous avez quitté le service. Merci")
    lea.sees("Départ du service · IDEL", "Amina BENALI")
    gone = await named(story, "Amina")
    assert (gone.active, gone.left_at) == (False, story.clock.now()) or gone.left_at is not None

    amina.looks_away()
    await story.mission()
    amina.sees_nothing_new()

    await lea.types("/personne benali")
    lea.sees("service quitté le 06/10/2026")
    await lea.taps("Réinscrire")
    amina.sees("Inscription validée")
    assert (await named(story, "Amina")).active


async def test_an_operator_who_leaves_is_to_be_taken_out_of_the_group_too(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    await hugo.types("/profil")
    await hugo.taps("Quitter le service")
    await hugo.taps("Oui, quitter")
    lea.sees("Départ du service · OSNP", "Hugo SCHMITT", "À retirer aussi de ce groupe.")
    hugo.sees("Vous avez quitté le service. Merci", "un(e) collègue du groupe vous réinscrit : /personne")
    lea.looks_away()
    story.telegram.block(hugo.user)
    await story.settle()
    lea.sees_nothing_new()


async def test_that_the_last_coordinateur_has_left_is_said(story: Story) -> None:
    lea, nadia = story.person("Léa"), story.person("Nadia")
    await nadia.types("/profil")
    await nadia.taps("Quitter le service")
    await nadia.taps("Oui, quitter")
    lea.sees("Départ du service · Coordinateur", "Plus aucun coordinateur")


async def test_whoever_left_comes_back_with_a_look_at_what_is_known_and_one_tap(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await amina.types("/profil")
    await amina.taps("Quitter le service")
    await amina.taps("Oui, quitter")
    await amina.types("/start")
    amina.sees("tout est dit", "Amina BENALI", "RPPS 99900000011", "+33 6 39 98 00 11", "Mulhouse")
    await amina.taps("Corriger…")
    await amina.taps("Commune")
    await amina.types("Altkirch")
    await amina.taps("Envoyer")
    lea.sees("Déjà au fichier : Amina BENALI (IDEL, parti(e) le 06/10/2026)")
    await lea.taps("Valider")
    back = await named(story, "Amina")
    assert (back.active, back.left_at, back.rpps, back.commune) == (True, None, "99900000011", "68004")


async def test_whoever_has_left_may_still_have_their_data_erased(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await amina.types("/profil")
    await amina.taps("Quitter le service")
    await amina.taps("Oui, quitter")
    await amina.taps("Effacer mes données")
    amina.sees("Cela ne se défait pas.")
    await amina.taps("Non")
    await amina.taps("Effacer mes données")
    await amina.taps("Oui, effacer")
    amina.sees("Vos données sont effacées")
    async with story.storage.transaction() as tx:
        assert await tx.people.by_user(amina.user.id) is None
    assert (await named(story, "Bruno")).phone == "+33639980012"
    bruno.sees_not("effacées")


async def test_nobody_leaves_with_an_open_mission(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await taken_by_amina(story)
    await claire.taps("J'accepte")
    for teller in (amina, claire, story.person("Léa")):
        await teller.types("/profil")
        for label, confirmed in (
            ("Quitter le service", "Oui, quitter"),
            ("Effacer mes données", "Oui, effacer"),
        ):
            await teller.taps(label)
            await teller.taps(confirmed)
            teller.is_told_at_once(f"SMT {mission.number} est en cours : d'abord la terminer")
        assert (await named(story, teller.name)).active


# Being forgotten


async def test_by_the_command_line_somebody_is_erased_unless_a_mission_needs_them(story: Story) -> None:
    lea, amina, bruno = story.person("Léa"), story.person("Amina"), story.person("Bruno")
    mission = await taken_by_amina(story)
    given = story.bot.given
    (found,) = await profile_flow.meant(given, "benali")
    assert (await profile_flow.erase(given, found.id)).busy == mission.number
    assert (await named(story, "Amina")).phone == found.phone

    (other,) = await profile_flow.meant(given, "06 39 98 00 12")
    assert await profile_flow.erase(given, other.id) == profile_flow.Erased()
    await story.settle()
    bruno.sees("Vos données sont effacées", "plus relié à personne")
    lea.sees("Données effacées à la demande · IDEL", f"Fiche n° {other.id}, noté par l'administrateur")
    async with story.storage.transaction() as tx:
        assert await tx.people.by_user(bruno.user.id) is None
        now = story.clock.now()
        journal = await tx.journal.between(now - timedelta(days=1), now + timedelta(seconds=1))
    assert [line.actor for line in journal if line.kind == "profile.forgotten"] == ["cli"]
    assert (await profile_flow.erase(given, other.id)).gone
    await amina.types("/profil")
    amina.sees("Amina BENALI")


async def forgets(teller: Teller) -> None:
    await teller.types("/profil")
    await teller.taps("Effacer mes données")
    teller.sees("Cela ne se défait pas.")
    await teller.taps("Oui, effacer")


async def test_whoever_had_no_mission_leaves_nothing_behind(story: Story) -> None:
    lea, bruno = story.person("Léa"), story.person("Bruno")
    before = await named(story, "Bruno")
    await forgets(bruno)
    bruno.is_told_at_once("Données effacées.")
    bruno.sees("Vos données sont effacées", "plus relié à personne")
    lea.sees("Données effacées à la demande · IDEL", f"Fiche n° {before.id}")
    async with story.storage.transaction() as tx:
        now = await tx.people.get(before.id)
        assert now is not None
        facts = (now.first_name, now.phone, now.rpps, now.email, now.commune, now.capabilities)
        assert facts == ("", None, None, None, None, ())
        assert (now.active, now.on_telegram) == (False, False)
        assert await tx.people.account(before.id) is None
        assert await tx.drafts.of_owner(before.id) == []
    await story.wait(seconds=10)
    await bruno.types("bonjour")
    bruno.sees("Ce bot est réservé aux professionnels")
    await bruno.types("/start")
    bruno.sees("question 1 sur 7")
    lea.looks_away()
    await story.mission()
    assert [plain(view.text) for view in lea.new() if "injoignable" in view.text] == []


async def test_whoever_had_missions_keeps_what_their_payment_needs(story: Story) -> None:
    amina, claire, lea = story.person("Amina"), story.person("Claire"), story.person("Léa")
    await taken_by_amina(story)
    await claire.taps("J'accepte")
    await amina.taps("Sur place")
    await amina.ends_the_visit()
    await answers(story, "Aucun → TLD", "Reste à domicile", "Remise")
    await claire.taps("Tout est fait")
    await lea.taps("Patient prévenu")
    await forgets(amina)
    amina.sees("Restent le nom et le RPPS")
    lea.sees("Données effacées à la demande · IDEL", "Amina BENALI", "gardés pour le paiement")
    now = await named(story, "Amina")
    assert (now.full_name, now.rpps, now.phone, now.commune) == ("Amina BENALI", "99900000011", None, None)
    assert await person_of(story, amina) is None


async def test_osnp_forget_somebody_who_has_asked_by_telephone(story: Story) -> None:
    lea = story.person("Léa")
    jean = await named(story, "Jean")
    await lea.types("/personne weber")
    await lea.taps("Effacer ces données")
    await lea.taps("Oui, effacer")
    async with story.storage.transaction() as tx:
        now = await tx.people.get(jean.id)
    assert now is not None
    assert (now.phone, now.active) == (None, False)
    lea.sees("Données effacées à la demande", "noté par Léa M.")
