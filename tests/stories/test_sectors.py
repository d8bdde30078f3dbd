"""The coordinateur changes duty sectors by a file in chat: checked whole, confirmed, taken back by a tap."""

from dataclasses import replace

from bot.buttons import Press, Verb
from bot.domain import sectors
from bot.sandbox.files import UploadedFile
from tests.stories.story import Story, Teller

OLD = "68224;Mulhouse;Mulhouse Alsace Agglomération;oui"
SUNDGAU = "Sundgau"


async def table(story: Story, teller: Teller) -> str:
    """The file that `/secteurs` sends."""
    await teller.types("/secteurs")
    view = teller.newest("Secteurs de garde :")
    assert view.file == "document"
    assert view.file_id is not None
    kept = story.telegram.world.files.find(view.file_id)
    assert kept is not None
    return kept.content.decode("utf-8-sig").replace("\r\n", "\n")


def moved(text: str, *insee: str, to: str, mmg: str) -> str:
    """The table with these communes in another sector."""
    lines = []
    for line in text.splitlines():
        code, name, *_ = line.split(";")
        lines.append(f"{code};{name};{to};{mmg}" if code in insee else line)
    return "\n".join(lines)


def sector_of(story: Story, insee: str) -> str:
    """Where a commune is now, for everybody."""
    sector = story.bot.given.region.sector_of(insee)
    assert sector is not None
    return sector.name


async def test_a_corrected_table_is_shown_confirmed_told_and_in_force_at_once(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    text = await table(story, nadia)
    nadia.sees("Secteurs de garde : 366 communes", "renvoyez le fichier ici")
    assert OLD in text
    before = sector_of(story, "68224")

    await nadia.sends_file("secteurs.csv", moved(text, "68224", "68154", to=SUNDGAU, mmg="oui"))
    nadia.sees("À confirmer : 2 communes déplacées", "rien n'est encore changé")
    nadia.sees(f"{before} → {SUNDGAU} : Illzach, Mulhouse")
    assert sector_of(story, "68224") == before

    await nadia.taps("Confirmer")
    nadia.is_told_at_once("Secteurs changés, en vigueur tout de suite")
    assert sector_of(story, "68224") == SUNDGAU
    lea.sees("Secteurs de garde : 2 communes déplacées", "Illzach, Mulhouse", "Nadia W.")
    async with story.storage.transaction() as tx:
        assert set((await tx.changes.sectors()).keys()) == {c.insee for c in story.bot.given.region.communes}
    await story.the_bot_restarts()
    assert sector_of(story, "68224") == SUNDGAU


async def test_one_tap_brings_the_sectors_before_back_whoever_of_the_coordination_taps(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    before = sector_of(story, "68224")
    await nadia.sends_file("x.csv", moved(await table(story, nadia), "68224", to=SUNDGAU, mmg="oui"))
    await nadia.taps("Confirmer")
    await lea.taps("Annuler")
    lea.is_told_at_once("pas pour vous")
    assert sector_of(story, "68224") == SUNDGAU

    await nadia.taps("Annuler")
    assert sector_of(story, "68224") == before
    lea.sees("Annulé : les secteurs de garde d'avant sont rétablis", "Nadia W.")
    lea.sees_no_button("Annuler")
    nadia.sees_no_button("Annuler")


async def test_a_flag_is_changed_for_the_whole_sector(story: Story) -> None:
    nadia = story.person("Nadia")
    text = await table(story, nadia)
    flagged = text.replace(f";{SUNDGAU};oui", f";{SUNDGAU};non")
    await nadia.sends_file("secteurs.csv", flagged)
    nadia.sees("À confirmer : MMG changé pour 1 secteur", f"MMG {SUNDGAU} : oui → non")
    await nadia.taps("Confirmer")
    sector = story.bot.given.region.sector_of("68004")
    assert sector is not None
    assert not sector.mmg


async def test_bad_lines_are_named_each_with_its_reason_and_nothing_changes(story: Story) -> None:
    nadia = story.person("Nadia")
    text = await table(story, nadia)
    before = sector_of(story, "68224")
    lines = moved(text, "68224", to=SUNDGAU, mmg="peut-être").splitlines()
    at = next(n for n, line in enumerate(lines, start=1) if line.startswith("68224"))
    await nadia.sends_file("secteurs.csv", "\n".join([*lines, "67482;Strasbourg;Sundgau;oui", lines[1]]))

    nadia.sees("Rien n'a été changé : 3 lignes refusées")
    nadia.sees(f"Ligne {at} : mmg « peut-être » ; écrivez oui ou non")
    nadia.sees(f"Ligne {len(lines) + 1} : code INSEE « 67482 » inconnu ici")
    nadia.sees(f"Ligne {len(lines) + 2} : la commune 68001 est déjà dans")
    nadia.sees_no_button("Confirmer")
    assert sector_of(story, "68224") == before


async def test_a_file_of_yesterday_does_not_undo_what_was_changed_since(story: Story) -> None:
    nadia = story.person("Nadia")
    text = await table(story, nadia)
    first = moved(text, "68224", to=SUNDGAU, mmg="oui")
    await nadia.sends_file("a.csv", first)
    view = nadia.newest("À confirmer")
    sign = sectors.sign_of(sectors.read(first.encode(), story.bot.given.region.communes).listed)
    await nadia.sends_file("b.csv", moved(text, "68154", to=SUNDGAU, mmg="oui"))
    await nadia.taps("Confirmer")
    await nadia.taps_old(view, Press(Verb.SECTORS_CONFIRM, epoch=sign, arg="yes").pack())
    nadia.is_told_at_once("Ce fichier n'attend plus")
    assert sector_of(story, "68224") != SUNDGAU
    await nadia.sends_file("b.csv", moved(text, "68154", to=SUNDGAU, mmg="oui"))
    nadia.sees("Rien à changer : c'est déjà ainsi")


async def test_others_of_the_group_read_the_table_and_change_nothing(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    text = await table(story, lea)
    lea.sees("Le coordinateur peut les changer")
    await lea.sends_file("secteurs.csv", moved(text, "68224", to=SUNDGAU, mmg="oui"))
    lea.sees_no_button("Confirmer")
    await amina.types("/secteurs")
    amina.sees("Réservé au coordinateur")


async def test_who_still_names_a_sector_that_is_gone_is_named_before_it_is_gone(story: Story) -> None:
    nadia = story.person("Nadia")
    text = await table(story, nadia)
    async with story.storage.transaction() as tx:
        (sophie,) = [p for p in await tx.people.all() if p.first_name == "Sophie"]
        await tx.people.save(replace(sophie, sectors=(SUNDGAU,)))
    await nadia.sends_file("secteurs.csv", text.replace(f";{SUNDGAU};", ";Sud;"))
    nadia.sees("Fiches à corriger ensuite, leur secteur n'existe plus : Dr Sophie HAAS")
    nadia.sees("Nouveau secteur : Sud (MMG)", f"Secteur supprimé : {SUNDGAU}")


async def test_a_spreadsheet_of_windows_is_read_with_its_accents(story: Story) -> None:
    nadia = story.person("Nadia")
    text = moved(await table(story, nadia), "68224", to=SUNDGAU, mmg="oui")
    files = [UploadedFile("secteurs.csv", text.encode("cp1252"))]
    story.telegram.send_files(nadia.user, nadia.user.id, "document", files)
    await story.settle()
    nadia.sees("À confirmer : 1 commune déplacée")
