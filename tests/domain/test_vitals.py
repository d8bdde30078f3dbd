"""Constantes: the line as nurses write it, the limits, the corrections, NEWS2."""

import json
import unicodedata
from collections import Counter
from datetime import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.vitals import (
    CODES,
    FIELDS,
    GUIDED,
    Consciousness,
    News2Level,
    Vitals,
    VitalSign,
    abnormal,
    bmi,
    corrections,
    impossible,
    news2,
    news2_missing,
    next_guided,
    of_choice,
    questionable,
    read_vitals,
)

PRESSURE = {"systolic": 130, "diastolic": 80}
AIR: dict[str, Any] = {"oxygen": False, "oxygen_flow": 0.0}


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        (
            "TA 13/8 FC 72 SpO2 96 T 37,2 EVA 3",
            {**PRESSURE, "pulse": 72, "spo2": 96, "temperature": 37.2, "pain": 3},
        ),
        (
            "tension 13,5/8 pouls 72 sat 96% aa temp 37°2 dextro 1,20 FR 18 EVA 3 conscience A",
            {
                "systolic": 135,
                "diastolic": 80,
                "pulse": 72,
                "spo2": 96,
                **AIR,
                "temperature": 37.2,
                "glucose": 1.2,
                "respiration": 18,
                "pain": 3,
                "consciousness": "A",
            },
        ),
        ("130/80", PRESSURE),
        ("13/8", PRESSURE),
        ("TA 130/80 mmHg", PRESSURE),
        ("TA 13/8 cmHg", PRESSURE),
        ("tension artérielle : 130 / 80", PRESSURE),
        ("TA 13 8", PRESSURE),
        ("TA 130 sur 80", PRESSURE),
        ("PAS 130 PAD 80", PRESSURE),
        ("FC72TA13/8", {"pulse": 72, **PRESSURE}),
        ("TA 13/8 - FC: 72 ; EVA 3/10 et T 38", {**PRESSURE, "pulse": 72, "pain": 3, "temperature": 38.0}),
        ("FC 72/SpO2 96", {"pulse": 72, "spo2": 96}),
        ("pouls à 88/min", {"pulse": 88}),
        ("72 bpm 96%", {"pulse": 72, "spo2": 96}),
        ("sat 92 sous 2L", {"spo2": 92, "oxygen": True, "oxygen_flow": 2.0}),
        ("SpO₂ 93 % sous O2 3 L/min", {"spo2": 93, "oxygen": True, "oxygen_flow": 3.0}),
        ("2L d'O2", {"oxygen": True, "oxygen_flow": 2.0}),
        ("sous oxygène", {"oxygen": True}),
        ("sat 96 à l'air ambiant", {"spo2": 96, **AIR}),
        ("saturation 95 en AA", {"spo2": 95, **AIR}),
        ("T° 38.5", {"temperature": 38.5}),
        ("Température 38,4 °C", {"temperature": 38.4}),
        ("37°2", {"temperature": 37.2}),
        ("glycémie 1.2", {"glucose": 1.2}),
        ("dextro 120 mg/dL", {"glucose": 1.2}),
        ("dextro 120", {"glucose": 1.2}),
        ("gly 1g20", {"glucose": 1.2}),
        ("dextro 5,5 mmol/l", {"glucose": 0.99}),
        ("Glasgow 15", {"glasgow": 15}),
        ("GCS 15/15", {"glasgow": 15}),
        ("poids 62 taille 1m60", {"weight": 62.0, "height": 160}),
        ("62,5kg 160cm", {"weight": 62.5, "height": 160}),
        ("taille 1,72", {"height": 172}),
        ("EN 3/10", {"pain": 3}),
        ("douleur 4", {"pain": 4}),
        ("conscience normale", {"consciousness": "A"}),
        ("ACVPU C", {"consciousness": "C"}),
        ("conscience confuse", {"consciousness": "C"}),
    ],
)
def test_a_line_is_read_as_nurses_write_it(line: str, facts: dict[str, object]) -> None:
    reading = read_vitals(line)
    assert reading.vitals.facts() == facts
    assert reading.not_understood == ()
    assert reading.refused == ()


@pytest.mark.parametrize(
    ("line", "hour"),
    [
        ("10h18 TA 13/8", time(10, 18)),
        ("TA 13/8 à 10h18", time(10, 18)),
        ("10:18 TA 13/8", time(10, 18)),
        ("TA 13/8 9h", time(9)),
        ("TA 13/8", None),
    ],
)
def test_the_hour_of_the_measure_is_kept(line: str, hour: time | None) -> None:
    reading = read_vitals(line)
    assert reading.hour == hour
    assert reading.vitals.facts() == PRESSURE
    assert reading.not_understood == ()


@pytest.mark.parametrize(
    ("line", "facts", "lost"),
    [
        ("TA 13/8 apyr", PRESSURE, ("apyr",)),
        ("patient très fatigué TA 13/8", PRESSURE, ("patient très fatigué",)),
        ("TA bras droit 13/8", PRESSURE, ("TA bras droit",)),
        ("dextro HI FC 72", {"pulse": 72}, ("dextro HI",)),
        ("TA imprenable", {}, ("TA imprenable",)),
        ("pas confuse", {}, ("pas confuse",)),
        ("conscience à surveiller", {}, ("conscience à surveiller",)),
        ("conscience a surveiller", {}, ("conscience a surveiller",)),
        ("FC 72-80", {"pulse": 72}, ("80",)),
        ("FC irrégulière 72", {}, ("FC irrégulière 72",)),
        ("FC 72,5", {}, ("FC 72,5",)),
        ("TA 13/8 TA 12/7", PRESSURE, ("TA 12/7",)),
        ("vu le 12/10/2026", {}, ("vu le 12/10/2026",)),
        ("chute il y a 2h", {}, ("chute il y a 2h",)),
        ("FiO2 : 96%", {}, ("FiO2 : 96%",)),
        ("en 2 minutes", {}, ("en 2 minutes",)),
        ("douleur 3/5", {}, ("douleur 3/5",)),
        ("3/10", {}, ("3/10",)),
        ("boit 2L", {}, ("boit 2L",)),
    ],
)
def test_what_is_not_understood_is_shown_and_not_guessed(
    line: str, facts: dict[str, object], lost: tuple[str, ...]
) -> None:
    reading = read_vitals(line)
    assert reading.vitals.facts() == facts
    assert reading.not_understood == lost


def test_the_same_value_twice_is_one() -> None:
    reading = read_vitals("TA 13/8 FC 72 130/80")
    assert reading.vitals.facts() == {**PRESSURE, "pulse": 72}
    assert reading.not_understood == ()


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("SpO2 49", True),
        ("SpO2 50", False),
        ("SpO2 100", False),
        ("SpO2 101", True),
        ("FR 3", True),
        ("FR 4", False),
        ("FR 80", False),
        ("FR 81", True),
        ("FC 19", True),
        ("FC 20", False),
        ("FC 250", False),
        ("FC 251", True),
        ("T 27,9", True),
        ("T 28", False),
        ("T 43", False),
        ("T 43,1", True),
        ("TA 301/80", True),
        ("TA 300/80", False),
        ("TA 50/20", False),
        ("TA 49/20", True),
        ("TA 130/19", True),
        ("TA 250/200", False),
        ("TA 250/201", True),
        ("TA 8/13", True),
        ("TA 80/80", True),
        ("Glasgow 2", True),
        ("Glasgow 3", False),
        ("Glasgow 16", True),
        ("dextro 0,19", True),
        ("dextro 0,20", False),
        ("dextro 6,00", False),
        ("dextro 6,01", True),
        ("dextro 9", True),
        ("EVA 10", False),
        ("EVA 11", True),
        ("poids 1", True),
        ("poids 300", False),
        ("taille 49", True),
        ("taille 50", False),
        ("O2 15L", False),
        ("O2 16L", True),
    ],
)
def test_what_cannot_be_true_is_refused_and_not_kept(line: str, refused: bool) -> None:
    reading = read_vitals(line)
    assert bool(reading.refused) is refused
    assert (reading.vitals == Vitals()) is refused
    assert reading.not_understood == ()


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("FR 7", True),
        ("FR 8", False),
        ("FR 40", False),
        ("FR 41", True),
        ("SpO2 84", True),
        ("SpO2 85", False),
        ("TA 79/50", True),
        ("TA 80/50", False),
        ("TA 220/100", False),
        ("TA 221/100", True),
        ("FC 39", True),
        ("FC 40", False),
        ("FC 150", False),
        ("FC 151", True),
        ("T 34,9", True),
        ("T 35", False),
        ("T 40", False),
        ("T 40,1", True),
        ("conscience C", True),
        ("conscience A", False),
        ("confuse", True),
        ("Glasgow 14", True),
        ("Glasgow 15", False),
        ("dextro 0,69", True),
        ("dextro 0,70", False),
        ("dextro 2,50", False),
        ("dextro 2,51", True),
        ("EVA 6", False),
        ("EVA 7", True),
    ],
)
def test_what_is_odd_is_asked_again(line: str, asked: bool) -> None:
    reading = read_vitals(line)
    assert bool(reading.doubtful) is asked
    assert (reading.certain == Vitals()) is asked
    assert reading.vitals != Vitals()


VOCABULARY = (
    "TA FC FR T T° SpO2 sat aa O2 EVA EN dextro glasgow conscience A C poids taille sous 2L 13/8 130/80 "
    "72 96% 37,2 37°2 1m60 10h18 à et : = / - , . % mmHg g/L apyr œdème é° ½ ² ٣ İ"
)
WORDS = st.sampled_from(VOCABULARY.split())


@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=20).map(" ".join)))
@example("conscience à")
@example("T 37°")
@example("ﬁ TA")
def test_whatever_is_typed_no_word_is_lost(text: str) -> None:
    reading = read_vitals(text)
    assert not impossible(reading.vitals)
    told = " ".join(
        [m.text for m in (*reading.measures, *reading.refused)]
        + list(reading.not_understood)
        + [reading.hour_text]
    )
    # Letters and digits are all accounted for; «et» and punctuation join, and are dropped.
    written = Counter(c for c in unicodedata.normalize("NFC", text) if c.isalnum())
    assert set((written - Counter(told)).elements()) <= set("eEtT")


@given(st.integers(50, 300), st.integers(20, 200))
def test_a_pressure_in_centimetres_is_the_same_in_millimetres(systolic: int, diastolic: int) -> None:
    millimetres = read_vitals(f"TA {systolic}/{diastolic}")
    centimetres = read_vitals(f"TA {systolic / 10:.1f}/{diastolic / 10:.1f}")
    assert millimetres.vitals == centimetres.vitals


def test_a_series_knows_what_is_missing_and_takes_more() -> None:
    first = read_vitals("TA 13/8 FC 96 SpO2 93 aa FR 22 T 38,4 EVA 6 conscience A").vitals
    assert first.missing() == (VitalSign.GLUCOSE,)
    whole = first.merge(read_vitals("dextro 1,1").vitals)
    assert whole.missing() == ()
    assert whole.pulse == 96
    on_oxygen = whole.merge(Vitals(oxygen=True))
    assert (on_oxygen.oxygen, on_oxygen.oxygen_flow) == (True, None)


def test_a_correction_says_what_it_was_and_what_it_is() -> None:
    before = read_vitals("FC 96 TA 13/8").vitals
    after = read_vitals("FC 69 TA 13/8 T 38").vitals
    changed = corrections(before, after)
    assert [(c.sign, c.before.facts(), c.after.facts()) for c in changed] == [
        (VitalSign.PULSE, {"pulse": 96}, {"pulse": 69}),
        (VitalSign.TEMPERATURE, {}, {"temperature": 38.0}),
    ]
    assert corrections(before, before) == ()


def test_a_series_is_stored_as_json_and_comes_back() -> None:
    series = read_vitals("TA 13/8 FC 96 SpO2 93 sous 2L T 38,4 EVA 6 conscience C dextro 1,12").vitals
    assert Vitals.from_facts(json.loads(json.dumps(series.facts()))) == series


def test_the_body_mass_index_needs_weight_and_height() -> None:
    assert bmi(Vitals(weight=62, height=160)) == 24.2
    assert bmi(Vitals(weight=62)) is None


def test_the_card_marks_what_is_abnormal() -> None:
    series = read_vitals("TA 132/78 FC 96 SpO2 93 aa FR 22 T 38,4 EVA 6 conscience A").vitals
    assert abnormal(series, 94) == {VitalSign.SPO2, VitalSign.RESPIRATION, VitalSign.TEMPERATURE}
    assert abnormal(series, 5) == {VitalSign.SPO2, VitalSign.TEMPERATURE}
    assert VitalSign.CONSCIOUSNESS in abnormal(Vitals(consciousness=Consciousness.VOICE), 94)


def test_the_guided_entry_asks_everything_once_and_its_choices_are_plausible() -> None:
    series, asked = Vitals(), []
    while step := next_guided(series):
        asked.append(step.sign)
        for choice in step.choices:
            chosen = of_choice(step.field, choice)
            assert chosen is not None
            assert not impossible(chosen)
        middle = of_choice(step.field, step.choices[len(step.choices) // 2])
        assert middle is not None
        # The two halves of a pressure arrive one after the other
        series = Vitals(**{**series.facts(), **middle.facts()})
        assert len(asked) <= len(GUIDED)
    assert series.missing() == ()


def test_a_skipped_question_is_not_asked_again() -> None:
    first = next_guided(Vitals(), frozenset({"systolic", "diastolic"}))
    assert first is not None
    assert first.field == "pulse"


@pytest.mark.parametrize(
    ("field", "typed", "facts"),
    [
        ("systolic", "13", {"systolic": 130}),
        ("temperature", "37,25", {"temperature": 37.2}),
        ("glucose", "1,2", {"glucose": 1.2}),
        ("oxygen_flow", "0", {"oxygen": False, "oxygen_flow": 0.0}),
        ("consciousness", "v", {"consciousness": "V"}),
    ],
)
def test_a_typed_choice_is_read(field: str, typed: str, facts: dict[str, object]) -> None:
    chosen = of_choice(field, typed)
    assert chosen is not None
    assert chosen.facts() == facts


@pytest.mark.parametrize(
    ("field", "typed"),
    [("pulse", "beaucoup"), ("pulse", "72,5"), ("consciousness", "Z"), ("motif", "1"), ("pulse", "")],
)
def test_a_choice_that_is_no_value_is_none(field: str, typed: str) -> None:
    assert of_choice(field, typed) is None


# NEWS2: every band of the table, at both of its ends.

CALM = Vitals(
    respiration=16,
    spo2=98,
    oxygen=False,
    oxygen_flow=0,
    systolic=125,
    diastolic=75,
    pulse=70,
    consciousness=Consciousness.ALERT,
    temperature=37.0,
)


def points(sign: VitalSign, vitals: Vitals, **options: Any) -> int:
    score = news2(CALM.merge(vitals), 94, **options)
    assert score is not None
    return dict(score.parts)[sign]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(4, 3), (8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3), (60, 3)],
)
def test_news2_respiration(value: int, expected: int) -> None:
    assert points(VitalSign.RESPIRATION, Vitals(respiration=value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(60, 3), (91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0), (100, 0)]
)
def test_news2_saturation_scale_1(value: int, expected: int) -> None:
    assert points(VitalSign.SPO2, Vitals(spo2=value)) == expected
    assert points(VitalSign.SPO2, Vitals(spo2=value, oxygen=True)) == expected


@pytest.mark.parametrize(
    ("value", "on_air", "on_oxygen"),
    [
        (60, 3, 3),
        (83, 3, 3),
        (84, 2, 2),
        (85, 2, 2),
        (86, 1, 1),
        (87, 1, 1),
        (88, 0, 0),
        (92, 0, 0),
        (93, 0, 1),
        (94, 0, 1),
        (95, 0, 2),
        (96, 0, 2),
        (97, 0, 3),
        (100, 0, 3),
    ],
)
def test_news2_saturation_scale_2(value: int, on_air: int, on_oxygen: int) -> None:
    assert points(VitalSign.SPO2, Vitals(spo2=value, oxygen=False), scale2=True) == on_air
    assert points(VitalSign.SPO2, Vitals(spo2=value, oxygen=True), scale2=True) == on_oxygen


def test_news2_oxygen() -> None:
    assert points(VitalSign.OXYGEN, Vitals(oxygen=True)) == 2
    assert points(VitalSign.OXYGEN, Vitals(oxygen=False)) == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [(60, 3), (90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3), (260, 3)],
)
def test_news2_systolic(value: int, expected: int) -> None:
    assert points(VitalSign.PRESSURE, Vitals(systolic=value, diastolic=50)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (30, 3),
        (40, 3),
        (41, 1),
        (50, 1),
        (51, 0),
        (90, 0),
        (91, 1),
        (110, 1),
        (111, 2),
        (130, 2),
        (131, 3),
        (180, 3),
    ],
)
def test_news2_pulse(value: int, expected: int) -> None:
    assert points(VitalSign.PULSE, Vitals(pulse=value)) == expected


@pytest.mark.parametrize("level", list(Consciousness))
def test_news2_consciousness(level: Consciousness) -> None:
    expected = 0 if level is Consciousness.ALERT else 3
    assert points(VitalSign.CONSCIOUSNESS, Vitals(consciousness=level)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (34.0, 3),
        (35.0, 3),
        (35.1, 1),
        (36.0, 1),
        (36.1, 0),
        (38.0, 0),
        (38.1, 1),
        (39.0, 1),
        (39.1, 2),
        (41.0, 2),
    ],
)
def test_news2_temperature(value: float, expected: int) -> None:
    assert points(VitalSign.TEMPERATURE, Vitals(temperature=value)) == expected


@pytest.mark.parametrize(
    ("line", "score", "level", "alarming"),
    [
        ("", 0, News2Level.ZERO, False),
        ("FC 100", 1, News2Level.LOW, False),
        ("FR 22 SpO2 93", 4, News2Level.LOW, False),
        ("TA 90/50", 3, News2Level.SINGLE_THREE, True),
        ("TA 90/50 FC 100", 4, News2Level.SINGLE_THREE, True),
        ("FR 22 SpO2 93 FC 100", 5, News2Level.URGENT, True),
        ("FR 22 SpO2 93 FC 96 T 38,4", 6, News2Level.URGENT, True),
        ("TA 90/50 FR 22", 5, News2Level.URGENT, True),
        ("FR 22 SpO2 93 FC 96 T 39,1", 7, News2Level.EMERGENCY, True),
    ],
)
def test_news2_levels(line: str, score: int, level: News2Level, alarming: bool) -> None:
    found = news2(CALM.merge(read_vitals(line).vitals), 94)
    assert found is not None
    assert (found.score, found.level, found.alarming) == (score, level, alarming)


def test_news2_is_of_adults_who_are_not_pregnant_and_can_be_switched_off() -> None:
    assert news2(CALM, 16) is not None
    assert news2(CALM, 15) is None
    assert news2(CALM, 15, from_age=10) is None
    assert news2(CALM, 17, from_age=18) is None
    assert news2(CALM, 30, pregnant=True) is None
    assert news2(CALM, 30, from_age=None) is None


@pytest.mark.parametrize(
    "sign",
    [
        VitalSign.RESPIRATION,
        VitalSign.SPO2,
        VitalSign.OXYGEN,
        VitalSign.PRESSURE,
        VitalSign.PULSE,
        VitalSign.CONSCIOUSNESS,
        VitalSign.TEMPERATURE,
    ],
)
def test_news2_needs_every_sign_and_says_which_is_missing(sign: VitalSign) -> None:
    assert news2(CALM.without(sign), 94) is None
    assert news2_missing(CALM.without(sign)) == (sign,)


@given(st.integers(4, 80), st.integers(50, 100), st.booleans(), st.integers(50, 300), st.integers(20, 250))
def test_news2_is_the_sum_of_its_parts(fr: int, spo2: int, oxygen: bool, systolic: int, pulse: int) -> None:
    taken = CALM.merge(
        Vitals(respiration=fr, spo2=spo2, oxygen=oxygen, systolic=systolic, diastolic=20, pulse=pulse)
    )
    found = news2(taken, 40)
    assert found is not None
    assert found.score == sum(points for _, points in found.parts)
    assert 0 <= found.score <= 20


def test_every_value_that_leaves_has_a_unit_and_limits_are_in_order() -> None:
    for names in FIELDS.values():
        for name in names:
            assert name in CODES or name in ("oxygen", "consciousness")
    for value in ("systolic", "temperature"):
        assert CODES[value].ucum
    assert CODES["glucose"].factor * 1.2 == 120
    assert all(a.sign is not b.sign or a.field != b.field for a, b in pairwise(GUIDED))


def test_questionable_never_contains_what_was_not_taken() -> None:
    assert questionable(Vitals()) == frozenset()
    assert impossible(Vitals()) == frozenset()
