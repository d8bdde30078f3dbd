"""From `/mission` to the déclenchement, in the operator's private chat."""

import pytest

from tests.stories.story import Story, Teller

PASTE = """Mme KELLER Odile née le 03/02/1932
12 rue des Tanneurs 68200 Mulhouse, 2e étage, code 4B71, la fille ouvre
Tel patiente 03 53 01 00 12
Appelant : Anne Keller (fille) 06 39 98 00 99
Motif : chute hier, ne marche plus
MT Dr Weber 06 39 98 00 24
IDEL habituelle : Amina Benali 06 39 98 00 11
Demandé par : SAMURL68, médecin généraliste
Le chien est gentil"""


async def guided(lea: Teller) -> None:
    """A whole opening without a paste, up to the eligibility."""
    await lea.types("/mission")
    await lea.types("Mme Odile KELLER")
    await lea.types("03/02/1932")
    await lea.types("12 rue des Tanneurs, 68200 Mulhouse")
    await lea.types("03 53 01 00 12")
    await lea.taps("Chute")
    await lea.types("SAMURL68, médecin généraliste")
    await lea.taps("Le patient lui-même")
    await lea.types("2e étage, code 4B71, la fille ouvre")
    await lea.types("Dr Muller 06 39 98 00 99")
    await lea.taps("Aucune")


async def eligible(lea: Teller) -> None:
    """The two taps, and the ambulance."""
    await lea.taps("Les 5 critères sont remplis")
    await lea.taps("Aucune exclusion")
    await lea.taps("Oui")


async def test_a_guided_opening_asks_one_thing_after_the_other_and_triggers(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")

    await guided(lea)
    await eligible(lea)
    lea.sees(
        "prête à déclencher", "Mme Odile KELLER, 03/02/1932 (94 ans)", "12 rue des Tanneurs, 68200 Mulhouse"
    )
    await lea.taps("DÉCLENCHER")

    lea.is_told_at_once("Déclenchée", "IDEL sollicités")
    lea.sees("SMT 1 · déclenchée à 09:2")
    amina.sees("SMT 1", "Femme, 94 ans · Mulhouse", "Chute", "Répondre avant")
    amina.sees_not("KELLER")


async def test_a_good_paste_needs_five_taps(story: Story) -> None:
    lea, bruno = story.person("Léa"), story.person("Bruno")

    await lea.types(PASTE)
    lea.sees("Mme Odile KELLER", "2e étage, code 4B71, la fille ouvre", "« Le chien est gentil »")
    await eligible(lea)
    lea.sees("IDEL habituelle : appelez-la d'abord", "Amina BENALI")
    await lea.taps("Ne répond pas")
    lea.sees("prête à déclencher", "Dr Weber")
    await lea.taps("DÉCLENCHER")

    bruno.sees("SMT 1", "Femme, 94 ans")
    story.person("Amina").sees("SMT 1", "Femme, 94 ans")
