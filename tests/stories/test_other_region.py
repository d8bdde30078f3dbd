"""Another SAS, from its region file alone: other hours, motifs, steps, delays, tariffs and communes."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.people import CascadeStep
from bot.region import SHIPPED
from storage.vault import Vault
from tests.stories.story import LISTING, Story

EXAMPLE = SHIPPED.parent / "exemple23.toml"

#: The same people, who live and work there; no SOS médecin.
PLACES = {
    "Mulhouse": "Bourg-Exemple",
    "Illzach": "Saint-Modèle",
    "Riedisheim": "Les Essais",
    "Wittenheim": "Villefictive",
    "Altkirch": "La Fabule",
    "Kingersheim": "Montinvente",
    "Télémédical Solution": "Plateforme Modèle",
}

PASTE = """Mme KELLER Odile née le 03/02/1932
12 rue des Tanneurs 23990 Bourg-Exemple, 2e étage, code 4B71, la fille ouvre
Tel patiente 03 53 01 00 12
Appelant : Anne Keller (fille) 06 39 98 00 99
Motif : malaise ce matin
Demandé par : SAMU 23, médecin généraliste"""

#: Words of the shipped SAS that nobody elsewhere should read.
OF_SAS_68 = re.compile(
    r"(?<!\d)68(?!\d)|68\d{3}(?!\d)|Haut-Rhin|Mulhouse|Colmar|Alsace|Télémédical|SAMURL|SOS|régime local"
    r"|six heures|27 €"
)


@pytest.fixture
async def elsewhere(database_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Story]:
    """The cast, in the region of the example."""
    listing = "\n".join(line for line in LISTING.splitlines() if "SOS" not in line)
    for here, there in PLACES.items():
        listing = listing.replace(here, there)
    told = Story(database_url, vault, tmp_path, region=EXAMPLE, listing=listing)
    await told.begin()
    yield told
    await told.end()


async def test_one_whole_mission_in_another_region(elsewhere: Story) -> None:
    story = elsewhere
    lea, amina, claire = story.person("Léa"), story.person("Amina"), story.person("Claire")

    house = await story.house("Plateforme Modèle", "Marc")

    # Opened from a pasted block, by the motifs and the criteria of that region
    await lea.types(PASTE)
    lea.sees("Ne peut pas attendre plus de 4 h")
    await lea.taps("Les 5 critères sont remplis")
    await lea.taps("Aucune exclusion")
    await lea.taps("Oui")
    lea.sees("Malaise", "23990 Bourg-Exemple", "Fermé de 12:30 à 13:30, avant la fin des 4 h")
    await lea.taps("DÉCLENCHER")

    # Offered with its delays, its estimates and its indemnity
    amina.sees("Bourg-Exemple", "Malaise", "Répondre avant 09:43", "Être sur place avant 13:23", "35 €")
    amina.sees_no_button("ACCEPTER · 20 min")
    await amina.taps("ACCEPTER · 15 min")

    # The doctors in its order: the house first, then who is behind it when the delay has passed
    async with story.storage.transaction() as tx:
        (mission,) = await tx.missions.unfinished()
    assert [step.step for step in mission.cascade.steps] == [
        CascadeStep.SELAS,
        CascadeStep.MEDECIN_TRAITANT,
        CascadeStep.EFFECTEUR_SAS,
    ]
    assert mission.limit - mission.triggered_at == timedelta(hours=4)
    lea.sees("1 Plateforme", "2 Médecin traitant", "3 Volontaires")
    house.sees("téléconsultation avec IDEL", "Bourg-Exemple")
    await story.wait(minutes=9)
    claire.sees("téléconsultation avec IDEL", "TCG 30 € + SNP 12 €")
    await claire.taps("J'accepte")
    amina.sees("médecin trouvé")

    # Cared for and closed with its amounts
    await amina.taps("Sur place")
    await amina.ends_the_visit()
    await amina.taps("Aucun → TLD")
    await amina.taps("Reste à domicile")
    await amina.taps("Remise")
    amina.sees("close", "TLD 16 €", "35 €")
    await claire.taps("Détail")
    claire.sees("TCG 30 € + SNP 12 €", "Part patient : 12,60 € ; ALD ou C2S 0 €")
    await claire.taps("Tout est fait")

    assert (await story.mission_now(mission.id)).state.value == "closed"
    assert said_of_sas_68(story) == []


async def test_nobody_comes_and_no_sos_medecin_is_offered_where_there_is_none(elsewhere: Story) -> None:
    story = elsewhere
    lea, paul = story.person("Léa"), story.person("Paul")
    await story.mission(offered_to=["Amina"], commune="23901")
    await story.wait(minutes=12)
    lea.sees("12 min sans IDEL")
    await story.wait(minutes=8)
    lea.sees("aucun IDEL à 09:43")
    paul.sees_button("Prolonger 10 min")
    paul.sees_no_button("Visite SOS")
    await paul.taps("112 / SMUR")
    lea.sees("112 / SMUR")
    assert fifteen(story) == []


async def test_whoever_calls_for_help_calls_the_number_of_that_region(elsewhere: Story) -> None:
    story = elsewhere
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina"], commune="23901")
    await amina.taps("ACCEPTER · 15 min")
    await amina.taps("Sur place")

    await amina.taps("Un problème ?")
    await amina.taps("Aggravation → 112")
    amina.sees("appelez le 112 maintenant")
    lea.sees("l'IDEL appelle le 112")
    await lea.taps("Le 112 a pris le relais")

    lea.sees("le 112 a pris le relais")
    assert fifteen(story) == []


async def test_a_break_of_the_day_is_no_night(elsewhere: Story) -> None:
    story = elsewhere
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.wait(hours=2)  # 11:23: the service closes at 12:30 and opens again at 13:30
    await story.mission(offered_to=["Amina"], commune="23901")
    lea.sees("Fermé de 12:30 à 13:30")
    await amina.taps("ACCEPTER · 45 min")

    await story.wait(minutes=42)
    lea.sees("qui répond de 12:30 à 13:30 ?")
    await lea.taps("Nom et numéro")
    lea.sees("qui répond de 12:30 à 13:30 ?", "Écrivez le nom et le numéro")
    await lea.types("Dr Zahra Ott 06 39 98 00 77")

    lea.sees("de 12:30 à 13:30 : Dr Zahra Ott")
    amina.sees("de 12:30 à 13:30, appelez Dr Zahra Ott")
    amina.sees("jusqu'à 12:30, puis Dr Zahra Ott +33 6 39 98 00 77 jusqu'à 13:30")
    await story.wait(minutes=30)
    await amina.taps("Sur place")
    amina.sees("Jusqu'à 13:30 : Dr Zahra Ott +33 6 39 98 00 77")
    await story.wait(minutes=61)
    await amina.ends_the_visit()
    assert [line for line in written(story) if re.search("nuit", line, re.IGNORECASE)] == []


async def test_its_hours_are_its_own(elsewhere: Story) -> None:
    story = elsewhere
    lea = story.person("Léa")
    await story.wait(hours=3.5)  # 12:53: closed over noon
    await lea.types("/mission")
    lea.sees("hors horaires", "13:30")


async def test_help_and_commands_speak_of_that_service(elsewhere: Story) -> None:
    story = elsewhere
    for name in ("Léa", "Paul", "Nadia", "Amina", "Claire"):
        await story.person(name).types("/aide")
        story.person(name).sees("SAS Exemple", "+33 3 53 01 00 24", "sas.example")
    nadia = story.person("Nadia")
    await nadia.types("/delais")
    nadia.sees("IDEL sur place, au plus tard : 4 h", "Plateforme : 8 min", "Volontaires : 20 min")
    nadia.sees_not("Garde")
    assert said_of_sas_68(story) == []


def written(story: Story) -> list[str]:
    """Every line that the bot has written, and every button."""
    views = [view for person in story.people.values() for view in person.messages() if view.from_bot]
    return sorted({line for view in views for line in view.text.splitlines()})


def said_of_sas_68(story: Story) -> list[str]:
    """Lines that the bot has written and that speak of the shipped SAS."""
    return [line for line in written(story) if OF_SAS_68.search(line)]


def fifteen(story: Story) -> list[str]:
    """Lines that send somebody to the number of the shipped SAS."""
    return [line for line in written(story) if re.search(r"\ble 15\b|15 ?/|: 15\b(?! €)", line)]
