"""Communes found as people type them, and the distances between them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.places import (
    communes_of_postal_code,
    distance_between,
    distance_km,
    exact_communes,
    find_communes,
    shown_age,
)
from bot.region import load_region

SAS68 = load_region()
MULHOUSE, ALTKIRCH, COLMAR = "68224", "68004", "68066"


def names(text: str) -> list[str]:
    return [commune.name for commune in find_communes(SAS68, text)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("MULHOUSE", "Mulhouse"),
        ("st louis", "Saint-Louis"),
        ("Ste Marie aux Mines", "Sainte-Marie-aux-Mines"),
        ("sainte-marie", "Sainte-Marie-aux-Mines"),
        ("ribeauville", "Ribeauvillé"),
        ("bonhomme", "Le Bonhomme"),
        ("Ranspach", "Ranspach"),
        ("burnhaupt le h", "Burnhaupt-le-Haut"),
        ("68200 mulhouse", "Mulhouse"),
        ("  Sainte Croix  en Plaine ", "Sainte-Croix-en-Plaine"),
    ],
)
def test_a_commune_is_found_without_accents_capitals_hyphens_or_its_whole_name(
    typed: str, first: str
) -> None:
    assert names(typed)[0] == first


def test_the_whole_name_comes_before_the_longer_ones() -> None:
    assert names("ranspach") == ["Ranspach", "Ranspach-le-Bas", "Ranspach-le-Haut"]
    assert [c.name for c in exact_communes(SAS68, "ranspach")] == ["Ranspach"]


def test_a_postal_code_gives_its_communes_and_narrows_a_name() -> None:
    assert len(communes_of_postal_code(SAS68, "68210")) == 31
    assert names("68210") == [c.name for c in communes_of_postal_code(SAS68, "68210")]
    assert names("68210 dann") == ["Dannemarie"]
    assert names("68200 colmar") == []
    assert communes_of_postal_code(SAS68, "75001") == ()


@pytest.mark.parametrize("typed", ["", "   ", "-", "zzz", "75001"])
def test_what_is_no_commune_finds_none(typed: str) -> None:
    assert names(typed) == []


def test_distances_are_those_of_the_map() -> None:
    between = distance_between(SAS68, MULHOUSE, COLMAR)
    assert between == pytest.approx(37, abs=1.5)
    assert distance_between(SAS68, COLMAR, MULHOUSE) == pytest.approx(between)
    assert distance_between(SAS68, MULHOUSE, MULHOUSE) == 0
    assert distance_between(SAS68, MULHOUSE, "75056") is None
    assert distance_between(SAS68, None, MULHOUSE) is None


def test_fifty_six_communes_are_within_ten_kilometres_of_altkirch() -> None:
    altkirch = SAS68.commune(ALTKIRCH)
    assert altkirch is not None
    near = [c for c in SAS68.communes if c is not altkirch and distance_km(altkirch, c) <= 10]
    assert len(near) == pytest.approx(56, abs=3)


def test_the_age_is_a_decade_where_few_people_live() -> None:
    small = next(c for c in SAS68.communes if c.population == 1999 or c.population < 500)
    assert shown_age(SAS68, MULHOUSE, 94) == 94
    assert shown_age(SAS68, small.insee, 94) == (90, 99)
    assert shown_age(SAS68, small.insee, 7) == (0, 9)
    assert shown_age(SAS68, None, 94) == (90, 99)


def test_exactly_the_limit_of_inhabitants_shows_the_age() -> None:
    mulhouse = SAS68.commune(MULHOUSE)
    assert mulhouse is not None
    at_limit = replace(SAS68, decade_ages_under=mulhouse.population)
    above = replace(SAS68, decade_ages_under=mulhouse.population + 1)
    assert shown_age(at_limit, MULHOUSE, 94) == 94
    assert shown_age(above, MULHOUSE, 94) == (90, 99)


def test_another_region_has_its_own_communes() -> None:
    other = replace(SAS68, communes=SAS68.communes[:1])
    assert len(find_communes(SAS68, "mulhouse")) == 1
    assert find_communes(other, "mulhouse") == ()
    assert len(find_communes(SAS68, "mulhouse")) == 1


@given(st.text(max_size=40))
def test_whatever_is_typed_is_answered(typed: str) -> None:
    assert isinstance(find_communes(SAS68, typed), tuple)
