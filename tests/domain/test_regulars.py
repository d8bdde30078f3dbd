"""Other usual professionals: recognised only where it is sure, and their numbers are nobody else's."""

from datetime import date

import pytest

from bot.domain.mission import Contact
from bot.domain.opening import OpeningDraft, Question, dossier_of, hear, paste, press
from bot.domain.recognition import recognise
from bot.domain.recognition_regulars import read_regular
from bot.region import load_region

SAS68 = load_region()
TODAY = date(2026, 10, 6)

BLOCK = """Mme KELLER Odile née le 03/02/1932
12 rue des Tanneurs 68200 Mulhouse
Motif : chute hier, ne marche plus
"""


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            "Pharmacie : du Rebberg 03 53 01 00 31",
            Contact("du Rebberg", "+33353010031", "Pharmacie"),
        ),
        (
            "pharmacie du Rebberg, tél 03 53 01 00 31",
            Contact("pharmacie du Rebberg", "+33353010031", "pharmacie"),
        ),
        ("Kiné : Paul MEYER, port. 06 39 98 00 31", Contact("Paul MEYER", "+33639980031", "Kiné")),
        ("- Kinésithérapeute : M. Meyer 0639980031", Contact("M. Meyer", "+33639980031", "Kinésithérapeute")),
        ("HAD 03 53 01 00 32", Contact("", "+33353010032", "HAD")),
        ("Cardiologue: Dr Adam 03.53.01.00.33", Contact("Dr Adam", "+33353010033", "Cardiologue")),
    ],
)
def test_a_line_that_says_what_they_are_and_holds_one_number_is_a_usual_professional(
    line: str, wanted: Contact
) -> None:
    found = recognise(BLOCK + line, SAS68, TODAY, fiction=True)

    assert found.regulars == (wanted,)
    assert found.patient_phone is None
    assert found.phones == ()
    assert found.leftovers == ()
    assert (found.last_name, found.postal_code) == ("KELLER", "68200")


@pytest.mark.parametrize(
    "line",
    [
        "Kiné : passe le mardi",  # no number
        "habite au-dessus de la pharmacie 03 53 01 00 31",
        "Kiné appelé par la fille 06 39 98 00 99",  # whose number?
        "Pharmacienne de métier, retraitée",
    ],
)
def test_what_is_not_sure_is_no_usual_professional(line: str) -> None:
    assert recognise(BLOCK + line, SAS68, TODAY, fiction=True).regulars == ()


def test_two_numbers_on_such_a_line_are_kept_whole_and_are_nobodys() -> None:
    line = "Pharmacie : 03 53 01 00 31 ou 06 39 98 00 31"

    found = recognise(BLOCK + line, SAS68, TODAY, fiction=True)

    assert found.regulars == ()
    assert (found.patient_phone, found.phones) == (None, ())
    assert found.leftovers == (line,)


def test_a_later_paste_adds_and_the_same_number_is_not_there_twice() -> None:
    draft = OpeningDraft(epoch=1)
    for text in (
        BLOCK + "Pharmacie : du Rebberg 03 53 01 00 31",
        "Kiné : Paul Meyer 06 39 98 00 31",
        "Pharmacie : du Rebberg, ouverte le soir 03 53 01 00 31",
    ):
        read = paste(draft, text, SAS68, TODAY, fiction=True)
        assert read is not None
        draft = read

    names = [(c.name, c.phone) for c in dossier_of(draft, SAS68).regulars]
    assert names == [("Paul Meyer", "+33639980031"), ("du Rebberg, ouverte le soir", "+33353010031")]


def test_while_the_usual_idel_is_asked_a_pharmacy_is_a_pharmacy() -> None:
    draft = OpeningDraft(epoch=1, asking=Question.USUAL_IDEL)

    heard = hear(draft, Question.USUAL_IDEL, "Pharmacie : Muller 03 53 01 00 31", SAS68, TODAY, fiction=True)

    assert heard.usual_idel is None
    assert heard.regulars == (Contact("Muller", "+33353010031", "Pharmacie"),)


def test_they_can_be_taken_out_again() -> None:
    draft = OpeningDraft(epoch=1, regulars=(Contact("Muller", "+33353010031", "Pharmacie"),))

    changed = press(draft, "fix", "regulars", SAS68)

    assert changed is not None
    assert changed.regulars == ()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Pharmacie : du Rebberg 03 53 01 00 31", Contact("du Rebberg", "+33353010031", "Pharmacie")),
        ("Aide à domicile : Ludivine", Contact("Ludivine", None, "Aide à domicile")),
        ("Mme Schmitt 06 39 98 00 31", Contact("Mme Schmitt", "+33639980031", None)),
        ("06 39 98 00 31", None),
        ("Schmitt 06 39 98 00 31 ou 06 39 98 00 32", None),
        ("x " * 100, None),
    ],
)
def test_asked_for_one_the_answer_may_be_freer(text: str, wanted: Contact | None) -> None:
    assert read_regular(text, fiction=True) == wanted
