"""The sheet of a mission: who finds what on it, and where."""

import tomllib
from dataclasses import replace

from bot.domain.mission import Contact, Mission
from bot.messages.words import FOLDER
from tests.stories.story import Story, Teller, plain
from tests.stories.test_cascade import with_a_nurse
from tests.stories.test_vitals import at_the_bedside

PHARMACY = Contact("du Rebberg", "+33353010031", "Pharmacie")


async def with_pharmacy(story: Story, mission: Mission) -> None:
    """The caller has named the pharmacy and the usual nurse."""
    async with story.storage.transaction() as tx:
        dossier = await tx.missions.dossier(mission.id)
        assert dossier is not None
        usual = Contact("Emma Klein", "+33639980015")
        await tx.missions.save_dossier(mission.id, replace(dossier, regulars=(PHARMACY,), usual_idel=usual))


async def at_the_house(story: Story) -> tuple[Teller, int]:
    """SOS médecin 68 have taken the video."""
    emma = await story.house("SOS médecin 68", "Emma")
    await with_a_nurse(story)
    await story.person("Léa").taps("Étape suivante")
    await emma.taps("J'accepte 10:20")
    return emma, story.houses["SOS médecin 68"]


async def test_the_nurse_finds_everybody_with_a_number_alone_on_its_line(story: Story) -> None:
    amina = story.person("Amina")
    mission = await at_the_bedside(story)
    await with_pharmacy(story, mission)

    await amina.taps("Fiche")

    amina.is_told_at_once("la fiche est ci-dessous")
    sheet = amina.newest("📄 SMT 1 · fiche, déclenchée 09:23")
    assert sheet.protected
    assert sheet.silent
    lines = plain(sheet.text).splitlines()
    for name, number in (
        ("Médecin traitant : Dr Jean Weber", "+33 6 39 98 00 24"),
        ("IDEL habituelle : Emma Klein", "+33 6 39 98 00 15"),
        ("Pharmacie : du Rebberg", "+33 3 53 01 00 31"),
        ("IDEL : Amina BENALI", "+33 6 39 98 00 11"),
        ("Médecin : Dr Claire MOREL", "+33 6 39 98 00 21"),
    ):
        assert lines[lines.index(name) + 1] == number
    amina.sees("fiche", "Demandé par : SAMURL68, médecin généraliste", "Visite, Téléconsultation")
    amina.sees("fiche", "Tenue par Léa", "OSNP : +33 3 53 01 00 10", "Régulateur : Dr Paul ROTH")
    assert "+33 6 39 98 00 04" not in lines  # the régulateur's own number is for OSNP
    assert "disclosure.seen" in await story.journal(mission.id)


async def test_the_doctor_finds_no_address_and_not_the_usual_nurse(story: Story) -> None:
    claire = story.person("Claire")
    mission = await at_the_bedside(story)
    await with_pharmacy(story, mission)

    await claire.taps("Fiche")

    sheet = claire.newest("📄 SMT 1 · fiche")
    assert sheet.protected
    claire.sees("📄 SMT 1 · fiche", "Pharmacie : du Rebberg", "IDEL : Amina BENALI")
    assert "Emma Klein" not in sheet.text
    assert "Tanneurs" not in sheet.text


async def test_osnp_find_it_in_their_private_chat_and_the_group_reads_nothing_of_it(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])
    await with_pharmacy(story, mission)

    await lea.taps("Fiche")

    lea.is_told_at_once("Envoyé dans votre discussion avec le bot.")
    sheet = lea.newest("📄 SMT 1 · fiche")
    assert sheet.chat == lea.user.id
    assert sheet.protected
    lea.sees("fiche", "IDEL : recherche en cours", "Médecin : pas encore recherché")
    lea.sees("Régulateur : Dr Paul ROTH", "+33 6 39 98 00 04")
    hugo.sees_not("Rebberg")


async def test_a_nurse_who_was_only_asked_or_has_given_it_back_has_no_sheet(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await story.mission(offered_to=["Amina", "Bruno"])
    await bruno.types("/fiche 1")
    bruno.sees("Cette mission n'est pas (ou plus) à vous.")

    await amina.taps("ACCEPTER · 20 min")
    await amina.taps("Je ne peux plus y aller")
    await amina.taps("Véhicule")
    await amina.types("/fiche 1")

    amina.sees("Cette mission n'est pas (ou plus) à vous.")
    amina.sees_not("📄")
    bruno.sees_not("📄")


async def test_fiche_by_its_number_or_the_only_one_held(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await at_the_bedside(story)

    await amina.types("/fiche")
    amina.sees("📄 SMT 1 · fiche")
    await lea.types("/fiche SMT 1")
    lea.sees("📄 SMT 1 · fiche")
    await lea.types("/fiche Keller")
    lea.sees("Quelle mission ? Écrivez par exemple : /fiche 412")
    await lea.types("/fiche 99")
    lea.sees("Cette mission n'est pas (ou plus) à vous.")


async def test_fiche_in_the_topic_is_that_mission_s_and_comes_in_private(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    topic = lea.newest("SMT 1 · un IDEL doit accepter").thread

    await lea.types("/fiche", to=story.group.id, thread=topic)

    assert lea.newest("📄 SMT 1 · fiche").chat == lea.user.id
    assert "disclosure.seen" in await story.journal(mission.id)


async def test_a_closed_mission_s_sheet_is_for_osnp_only_and_gone_with_the_dossier(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    mission = await at_the_bedside(story)
    await amina.ends_the_visit()
    await amina.taps("Aucun → TLD")
    await amina.taps("Reste à domicile")
    await amina.taps("Aucune")
    await story.person("Claire").taps("Tout est fait")

    await amina.types("/fiche 1")
    amina.sees("SMT 1 est close : sa fiche n'est plus montrée.")
    await lea.types("/fiche 1")
    lea.sees("📄 SMT 1 · fiche")

    await story.wait(hours=48)
    async with story.storage.transaction() as tx:
        assert await tx.missions.dossier(mission.id) is None
    lea.sees_not("📄")
    await lea.types("/fiche 1")
    lea.sees("L'identité est effacée")


async def test_a_house_finds_it_in_its_own_chat(story: Story) -> None:
    emma, house = await at_the_house(story)

    await emma.taps("Fiche")

    sheet = emma.newest("📄 SMT 1 · fiche")
    assert sheet.chat == house
    assert sheet.protected
    emma.sees("📄 SMT 1 · fiche", "IDEL : Amina BENALI", "Médecin : SOS médecin 68")


async def test_osnp_add_a_usual_professional_and_every_sheet_on_a_screen_follows(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await at_the_bedside(story)
    await amina.taps("Fiche")
    await lea.taps("Fiche")

    await lea.taps("Ajouter un professionnel habituel")
    lea.is_told_at_once("Écrivez qui, en un message.")
    await lea.types("06 39 98 00 31")
    lea.sees("Non compris : un seul professionnel, un seul numéro.")
    await lea.types("Kiné : Paul Meyer 06 39 98 00 31")

    lea.sees("📄 SMT 1 · fiche", "Kiné : Paul Meyer", "+33 6 39 98 00 31")
    await story.wait(minutes=1)
    amina.sees("📄 SMT 1 · fiche", "Kiné : Paul Meyer")


async def test_a_pharmacy_in_the_paste_is_read_by_the_nurse_and_her_number_is_not_the_patient_s(
    story: Story,
) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")

    await lea.types(
        "Mme KELLER Odile née le 03/02/1932\n12 rue des Tanneurs 68200 Mulhouse\n"
        "Tel patiente 03 53 01 00 12\nMotif : chute hier, ne marche plus\n"
        "Demandé par : SAMURL68, médecin généraliste\nPharmacie : du Rebberg 03 53 01 00 31"
    )
    lea.sees("Pharmacie : du Rebberg +33 3 53 01 00 31")
    lea.sees_not("Non reconnu")
    await lea.taps("Les 5 critères sont remplis")
    await lea.taps("Aucune exclusion")
    await lea.taps("Oui")
    await lea.taps("DÉCLENCHER")
    await amina.taps("ACCEPTER · 20 min")

    identity = plain(amina.newest("👤 SMT 1 · le patient").text).splitlines()
    assert "+33 3 53 01 00 12 (patiente)" in identity
    assert identity[identity.index("Pharmacie : du Rebberg") + 1] == "+33 3 53 01 00 31"


async def test_the_region_s_links_for_everybody(story: Story) -> None:
    bruno, lea = story.person("Bruno"), story.person("Léa")

    await bruno.types("/ressources")
    await lea.types("/ressources", to=story.group.id)

    for teller in (bruno, lea):
        teller.sees("🔗 SAS 68 · ressources", "https://annuaire.esante.gouv.fr")
        teller.sees_button("Pharmacies de garde")


async def test_aide_has_the_region_s_telephone_mail_and_site_for_every_role(story: Story) -> None:
    for name in ("Léa", "Paul", "Nadia", "Amina", "Claire"):
        teller = story.person(name)
        await teller.types("/aide")
        teller.sees("que faire ici", "+33 3 89 64 70 15", "contact@sas68liberal.fr", "sas68liberal.fr")
        teller.sees("/fiche 412", "/ressources")
    story.person("Léa").sees("/activite", "/indemnites")


async def test_every_command_telegram_offers_is_explained_to_somebody(story: Story) -> None:
    offered = tomllib.loads((FOLDER / "commands.toml").read_text(encoding="utf-8"))
    explained = ""
    for name in ("Léa", "Paul", "Nadia", "Amina", "Claire"):
        await story.person(name).types("/aide")
        explained += story.person(name).newest("que faire ici").text

    wanted = {command for scope in offered.values() for command in scope} - {"aide", "id"}
    assert {command for command in wanted if f"/{command}" not in explained} == set()
