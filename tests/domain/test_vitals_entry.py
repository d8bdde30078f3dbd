"""A series of constantes on its way."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.vitals import Vitals, VitalSign, read_vitals
from bot.domain.vitals_entry import (
    Entry,
    LineKind,
    Mode,
    Series,
    Version,
    add_line,
    asks,
    choose,
    completed_by,
    confirm,
    correct,
    doubts,
    from_line,
    history,
    line_kind,
    send_now,
    skip,
    write_value,
)

NOW = datetime(2026, 10, 6, 8, 18, tzinfo=UTC)


def line(text: str) -> Entry:
    return from_line(read_vitals(text), None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("TA 13/8 FC 72 SpO2 96 T 37,2 EVA 3", LineKind.SERIES),
        ("13/8", LineKind.SERIES),
        ("TA 13/8, patiente apyrétique", LineKind.SERIES),
        ("FC 500", LineKind.SERIES),
        ("La patiente est fatiguée depuis hier", LineKind.MESSAGE),
        ("Je suis là dans vingt minutes", LineKind.MESSAGE),
        ("Elle dit que sa TA est d'habitude à 12/7, faut-il la reprendre ?", LineKind.MESSAGE),
        ("Elle a mal depuis hier soir, sa TA est à 12/7 et FC 70 ce matin, que faire ?", LineKind.BOTH),
    ],
)
def test_a_line_of_values_is_told_from_a_message(text: str, kind: LineKind) -> None:
    assert line_kind(read_vitals(text)) is kind


def test_a_line_without_an_odd_value_asks_nothing() -> None:
    assert asks(line("TA 13/8 FC 72 SpO2 96")).nothing


def test_every_odd_value_is_asked_and_the_others_wait() -> None:
    entry = line("TA 13/8 SpO2 78 T 40,5")
    assert asks(entry).doubt is VitalSign.SPO2
    entry = confirm(entry, VitalSign.SPO2)
    assert asks(entry).doubt is VitalSign.TEMPERATURE
    entry = confirm(entry, VitalSign.TEMPERATURE)
    assert asks(entry).nothing
    assert entry.vitals.systolic == 130


def test_an_odd_value_is_corrected_by_asking_that_sign_again() -> None:
    entry = correct(line("FC 72 SpO2 78"), VitalSign.SPO2)
    assert asks(entry).field == "spo2"
    chosen = choose(entry, "spo2", "93")
    assert chosen is not None
    assert asks(chosen).nothing
    assert chosen.vitals == Vitals(pulse=72, spo2=93)


def test_what_cannot_be_true_is_not_taken() -> None:
    entry = Entry(mode=Mode.GUIDED)
    assert choose(entry, "spo2", "390") is None
    assert choose(entry, "pulse", "quatre-vingts") is None
    systolic = choose(entry, "systolic", "120")
    assert systolic is not None
    assert choose(systolic, "diastolic", "130") is None


def test_the_guided_entry_asks_in_the_order_of_the_bedside_and_skips() -> None:
    entry = Entry(mode=Mode.GUIDED)
    asked = []
    while (field := asks(entry).field) is not None:
        asked.append(field)
        entry = skip(entry, field)
    assert asked[:3] == ["systolic", "diastolic", "pulse"]
    assert asks(entry).nothing


def test_sending_early_still_asks_about_an_odd_value() -> None:
    entry = choose(Entry(mode=Mode.GUIDED), "systolic", "70")
    assert entry is not None
    assert asks(send_now(entry)).doubt is VitalSign.PRESSURE


def test_both_figures_of_a_pressure_are_kept() -> None:
    entry = choose(Entry(mode=Mode.GUIDED), "systolic", "130")
    assert entry is not None
    entry = choose(entry, "diastolic", "80")
    assert entry is not None
    assert (entry.vitals.systolic, entry.vitals.diastolic) == (130, 80)


def test_a_line_written_into_an_open_entry_answers_its_questions() -> None:
    entry = add_line(correct(line("SpO2 78"), VitalSign.SPO2), read_vitals("SpO2 93 FC 80"))
    assert asks(entry).nothing
    assert entry.vitals == Vitals(pulse=80, spo2=93)


def test_every_change_makes_older_buttons_stale() -> None:
    entry = Entry(mode=Mode.GUIDED)
    assert write_value(entry).number == entry.number + 1


def test_an_entry_survives_its_draft() -> None:
    entry = confirm(line("9h10 TA 13/8 SpO2 78 apyr"), VitalSign.SPO2)
    assert Entry.from_json(entry.to_json()) == entry
    assert doubts(entry) == ()


def test_a_line_of_other_signs_soon_after_completes_the_series() -> None:
    last = Series(1, NOW, Vitals(pulse=72), NOW)
    assert completed_by(last, line("SpO2 96"), NOW + timedelta(minutes=3))
    assert not completed_by(last, line("FC 80"), NOW + timedelta(minutes=3))
    assert not completed_by(last, line("SpO2 96"), NOW + timedelta(minutes=11))
    assert not completed_by(None, line("SpO2 96"), NOW)


def test_history_says_what_was_wrong_and_what_was_added() -> None:
    (series,) = history(
        [
            Version(1, 2, NOW, NOW + timedelta(minutes=3), Vitals(pulse=69, spo2=96)),
            Version(1, 1, NOW, NOW, Vitals(pulse=96)),
        ]
    )
    assert series.vitals == Vitals(pulse=69, spo2=96)
    assert [(c.correction.sign, c.is_new) for c in series.changes] == [
        (VitalSign.SPO2, True),
        (VitalSign.PULSE, False),
    ]
