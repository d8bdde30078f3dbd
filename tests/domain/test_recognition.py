"""A pasted block, recognised as far as it can be, and nothing of it lost."""

import tomllib
import unicodedata
from collections import Counter
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.mission import Contact, Sex
from bot.domain.recognition import (
    Age,
    Name,
    PhoneOwner,
    Recognised,
    guess_motif,
    read_address,
    read_age,
    read_birth_date,
    read_name,
    recognise,
)
from bot.region import load_region

SAS68 = load_region()
TODAY = date(2026, 10, 6)
CORPUS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("recognition_corpus.toml").read_text(encoding="utf-8")
)["block"]


def told(text: str) -> Recognised:
    return recognise(text, SAS68, TODAY, fiction=True)


def as_written(field: str, found: object) -> object:
    """A field as the corpus writes it."""
    if isinstance(found, Contact):
        return {"name": found.name} | ({"phone": found.phone} if found.phone else {})
    if field == "phones" and isinstance(found, tuple):
        return [" ".join(filter(None, (p.number, p.owner.value, p.link))) for p in found]
    return list(found) if isinstance(found, tuple) else found


@pytest.mark.parametrize("block", CORPUS, ids=lambda block: block["text"][:40])
def test_a_pasted_block_is_recognised_and_what_is_not_told_stays_empty(block: dict[str, Any]) -> None:
    found = told(block["text"])
    for field in fields(Recognised):
        if field.name == "understood":
            continue
        value = as_written(field.name, getattr(found, field.name))
        wanted = block.get(field.name)
        if isinstance(wanted, int) and isinstance(value, list):
            assert len(value) == wanted
        else:
            assert value == wanted or (wanted is None and not value), field.name


def test_the_corpus_is_large_and_every_phone_in_it_is_invented() -> None:
    assert len(CORPUS) >= 25
    for block in CORPUS:
        for phone in told(block["text"]).phones:
            assert phone.number.startswith(("+3363998", "+3335301", "+4179"))


def test_without_fiction_an_invented_number_is_no_phone() -> None:
    block = "Mme KELLER Odile 94 ans 06 39 98 00 12"
    found = recognise(block, SAS68, TODAY, fiction=False)
    assert found.phones == ()
    assert "06 39 98 00 12" in " ".join(found.leftovers)


def test_one_number_that_nobody_owns_is_the_patients_and_two_are_not() -> None:
    assert told("Mme Roth 03 53 01 00 12").patient_phone == "+33353010012"
    both = told("Mme Roth 03 53 01 00 12 06 39 98 00 12")
    assert both.patient_phone is None
    assert [p.owner for p in both.phones] == [PhoneOwner.UNKNOWN, PhoneOwner.UNKNOWN]


def test_the_caller_and_the_decider_are_put_together() -> None:
    found = told("Appelant : Marc KELLER (fils) 06 39 98 00 13\nDemandé par SAMURL68 (Médecin généraliste)")
    assert found.caller == Contact("Marc KELLER", "+33639980013", "fils")
    assert found.decided_by == "SAMURL68, Médecin généraliste"
    assert told("rien").caller is None
    assert told("rien").decided_by is None


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("03/02/1932", date(1932, 2, 3)),
        ("3.2.1932", date(1932, 2, 3)),
        ("03-02-1932", date(1932, 2, 3)),
        ("03 02 1932", date(1932, 2, 3)),
        ("03021932", date(1932, 2, 3)),
        ("1932-02-03", date(1932, 2, 3)),
        ("née le 3 février 1932", date(1932, 2, 3)),
        ("1er janvier 1950", date(1950, 1, 1)),
        ("03/02/32", date(1932, 2, 3)),
        ("03/02/20", None),  # six years old, or a hundred and six
        ("31/02/1932", None),
        ("03/02/2030", None),
        ("03/02/1880", None),
        ("94 ans", None),
        ("03/02/1932 ou 04/02/1932", None),
        ("", None),
    ],
)
def test_a_birth_date_is_read_when_it_can_be_one(text: str, born: date | None) -> None:
    assert read_birth_date(text, TODAY) == born


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("94", Age(94)),
        ("94 ans", Age(94)),
        ("94ans", Age(94)),
        ("âgée de 94 ans", Age(94)),
        ("18 mois", Age(1, 18)),
        ("2 ans et 6 mois", Age(2, 30)),
        ("940", None),
        ("vieux", None),
        ("94 ou 95 ans, 96 ans", None),
        ("", None),
    ],
)
def test_an_age_is_read_in_years_and_months(text: str, age: Age | None) -> None:
    assert read_age(text) == age


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mme KELLER Odile", Name("KELLER", "Odile", Sex.FEMALE)),
        ("Odile Keller", Name("Keller", "Odile")),
        ("Keller Odile", Name("Keller", "Odile")),
        ("KELLER ODILE", Name("KELLER", "ODILE")),
        ("M. Jean-Pierre DUPONT-MEYER", Name("DUPONT-MEYER", "Jean-Pierre", Sex.MALE)),
        ("Madame DE LA TOUR Anne-Sophie", Name("DE LA TOUR", "Anne-Sophie", Sex.FEMALE)),
        ("monsieur jean paul dupont", Name("dupont", "jean paul", Sex.MALE)),
        ("Mme Keller", Name("Keller", "", Sex.FEMALE)),
        ("Mme KELLER née MEYER", Name("KELLER", "", Sex.FEMALE)),
        ("M. et Mme KELLER", Name("KELLER", "")),
        ("Keller", None),
        ("94 ans", None),
        ("chute hier", None),
        ("12 rue des Tanneurs", None),
        ("", None),
    ],
)
def test_a_name_is_read_in_either_order(text: str, name: Name | None) -> None:
    assert read_name(text) == name


def test_an_address_is_read_whole() -> None:
    found = read_address("12 rue des Tanneurs, 68200 Mulhouse, 2e étage, code 4B71, la fille ouvre", SAS68)
    assert found is not None
    assert (found.street, found.postal_code, found.communes) == ("12 rue des Tanneurs", "68200", ("68224",))
    assert (found.floor, found.door_code, found.who_opens) == ("2e étage", "4B71", "la fille ouvre")
    assert read_address("chute hier", SAS68) is None


@pytest.mark.parametrize(
    ("text", "street", "communes"),
    [
        ("12 rue de Colmar Mulhouse", "12 rue de Colmar", 1),
        ("5 rue d'Altkirch 68210 Dannemarie", "5 rue d'Altkirch", 1),
        ("33 rue du 11 Novembre 68500 Guebwiller", "33 rue du 11 Novembre", 1),
        ("12 bis av. de la Gare, 68300 St Louis", "12 bis av. de la Gare", 1),
        ("8 rue principale 68210", "8 rue principale", 31),
        ("12 rue des Tanneurs 68200 Mulhose", "12 rue des Tanneurs", 1),  # a letter missing
        ("12 rue des Tanneurs 68200 Colmar", "12 rue des Tanneurs", 2),  # the code says Mulhouse
        ("12 rue des Tanneurs 75001 Paris", "12 rue des Tanneurs", 0),
        ("7 Grand'Rue 68180 Horbourg-Wihr", "7 Grand'Rue", 1),
    ],
)
def test_the_commune_is_found_beside_the_street(text: str, street: str, communes: int) -> None:
    found = read_address(text, SAS68)
    assert found is not None
    assert found.street == street
    assert len(found.communes) == communes


@pytest.mark.parametrize(
    ("text", "motif"),
    [
        ("chute hier, ne marche plus", "chute"),
        ("Fièvre à 39", "fievre"),
        ("pas de fièvre, toux grasse", "toux"),
        ("ni fièvre ni toux, sans douleur", None),
        ("douleur lombaire", "lombalgie"),
        ("douleurs abdominales", "douleur_abdominale"),
        ("douleur du genou", "douleur"),
        ("soins palliatifs, encombrement", "fin_de_vie"),
        ("renouvellement d'ordonnance", None),
    ],
)
def test_the_motif_is_guessed_and_what_is_denied_does_not_count(text: str, motif: str | None) -> None:
    assert guess_motif(text, SAS68) == motif


def test_the_past_and_the_treatment_are_no_motif() -> None:
    found = told("Mme Roth 80 ans\nATCD : chutes à répétition\nTraitement : anxiolytique")
    assert found.motif_text == ""
    assert found.leftovers == ("ATCD : chutes à répétition", "Traitement : anxiolytique")


PIECES = [line for block in CORPUS for line in block["text"].splitlines()]
WORDS = [word for piece in PIECES for word in piece.split()]
PASTE = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map("\n".join),
    st.lists(st.sampled_from([*WORDS, ",", "\n", ":", "(", ")", "/", "-", "é", "½", "œ"]), max_size=30).map(
        "".join
    ),
)


@given(PASTE)
@example("Nom :\nPrénom :")
@example("MT MT MT IDEL tel")
def test_whatever_is_pasted_nothing_fails_and_nothing_is_lost(text: str) -> None:
    found = told(text)
    written = Counter(c for c in unicodedata.normalize("NFC", text) if c.isalnum())
    kept = Counter("".join((*found.understood, *found.leftovers)))
    assert not (written - kept)


def test_ten_thousand_characters_are_read_at_once() -> None:
    block = "\n".join(PIECES)
    found = told((block * (10_000 // len(block) + 1))[:10_000])
    assert found.leftovers
