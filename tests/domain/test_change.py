"""What the coordinateur may change, and how it is read."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.domain import change
from bot.domain.calendar import service_hours
from bot.domain.change import Change
from bot.domain.people import CascadeStep, PersonId
from bot.domain.region_checks import Fault, Why
from bot.region import load_region

SAS68 = load_region()
TODAY = date(2026, 10, 6)  # a Tuesday
NOW = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)


def changed(*pairs: tuple[str, str]) -> tuple[Change, ...]:
    return tuple(Change(n, NOW, PersonId(5), key, value) for n, (key, value) in enumerate(pairs, start=1))


def test_a_delay_and_a_step_are_laid_over_the_file() -> None:
    region, unfit = change.present(
        SAS68, changed(("delays.answer", "25 min"), ("steps.garde.delay", "12 min")), {}
    )
    assert unfit == ()
    assert region.delays.answer == timedelta(minutes=25)
    assert region.delays.limit == SAS68.delays.limit
    assert region.rule(CascadeStep.GARDE).delay == timedelta(minutes=12)
    assert region.communes is SAS68.communes, "the index of the communes is kept by identity"


def test_the_newer_of_two_counts() -> None:
    region, _ = change.present(SAS68, changed(("delays.pause", "20 min"), ("delays.pause", "5 min")), {})
    assert region.delays.pause == timedelta(minutes=5)
    closed = ("closed_days", "2026-12-24")
    opened = ("open_days", "2026-12-24 08:00-12:00")
    for pairs, days in (((closed, opened), set()), ((opened, closed), {date(2026, 12, 24)})):
        region, _ = change.present(SAS68, changed(*pairs), {})
        assert region.closed_days == days
        assert bool(region.open_days) is not bool(days)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("delays.answer", "6 h", Why.ANSWER_PAST_LIMIT),
        ("delays.answer", "20 min", Why.WARNING_PAST_ANSWER),
        ("delays.limit", "30 min", Why.ANSWER_PAST_LIMIT),
        ("delays.orientation_reminders", "6 min, 3 min", Why.REMINDERS_IN_ORDER),
        ("delays.purge_at_most", "48 h", Why.PURGE_PAST_CEILING),
        ("delays.pause", "100 h", Why.TOO_LONG),
        ("steps.selas.delay", "100 h", Why.TOO_LONG),
        ("usual_idel_minutes", "100 h", Why.TOO_LONG),
        ("search.every", "100 h", Why.TOO_LONG),
        ("fallback.again", "bientôt", Why.NO_DURATION),
        ("search.smallest", "61", Why.WAVE_SIZES),
        ("search.largest", "7", Why.WAVE_SIZES),
        ("search.largest", "beaucoup", Why.NO_NUMBER),
        ("search.largest", "0", Why.NO_NUMBER),
        ("delays.pause", "bientôt", Why.NO_DURATION),
        ("delays.pause", "", Why.NO_DURATION),
        ("delays.pause", "3 min, 6 min", Why.NO_DURATION),
        ("delays.pause", "0 min", Why.NO_DURATION),
        ("delays.coffee", "5 min", Why.NO_SUCH_KEY),
        ("steps.hopital.delay", "5 min", Why.NO_SUCH_KEY),
        ("name", "5 min", Why.NO_SUCH_KEY),
        ("open_days", "2026-12-26", Why.NO_HOURS),
        ("open_days", "2026-12-26 8h", Why.NO_HOURS),
        ("open_days", "2026-12-26 12:00-08:00", Why.CLOSES_BEFORE_OPENING),
        ("open_days", "2026-12-26 08:00-12:00 11:00-14:00", Why.HOURS_OVERLAP),
        ("closed_days", "2026-13-01", Why.NO_HOURS),
    ],
)
def test_what_cannot_stand_is_refused_with_the_reason(key: str, value: str, why: Why) -> None:
    found = change.laid_over(SAS68, key, value)
    assert isinstance(found, Fault)
    assert found.why is why


def test_what_fits_no_more_is_left_out_and_the_rest_stands() -> None:
    region, unfit = change.present(
        SAS68, changed(("delays.answer", "6 h"), ("steps.none.delay", "5 min"), ("delays.pause", "5 min")), {}
    )
    assert [one.id for one in unfit] == [1, 2]
    assert region.delays.answer == SAS68.delays.answer
    assert region.delays.pause == timedelta(minutes=5)


def test_one_that_stands_only_with_a_later_one_stands_with_it() -> None:
    region, unfit = change.present(SAS68, changed(("delays.answer", "7 h"), ("delays.limit", "8 h")), {})
    assert unfit == ()
    assert (region.delays.answer, region.delays.limit) == (timedelta(hours=7), timedelta(hours=8))


def test_a_closed_day_is_closed_and_an_opened_holiday_is_open() -> None:
    pairs = (("closed_days", "2026-10-07"), ("open_days", "2026-12-26 08:00-12:00 14:00-18:00"))
    region, _ = change.present(SAS68, changed(*pairs), {})
    assert service_hours(SAS68, datetime(2026, 10, 7, 9, tzinfo=UTC)).is_open
    assert service_hours(region, datetime(2026, 10, 7, 9, tzinfo=UTC)).reason == "exceptionnel"
    for hour, is_open in ((8, True), (12, False), (14, True), (17, False)):
        moment = datetime(2026, 12, 26, hour, tzinfo=UTC)  # an hour later in Mulhouse, a holiday in Alsace
        assert service_hours(region, moment).is_open is is_open, hour
        assert not service_hours(SAS68, moment).is_open


def test_sectors_imported_replace_the_shipped_ones_and_the_rest_goes_by_intercommunality() -> None:
    region, _ = change.present(SAS68, (), {"68224": ("Sud", True), "68154": ("Sud", True)})
    sud = region.sector_of("68224")
    assert sud is not None
    assert (sud.name, sud.mmg, len(sud.communes)) == ("Sud", True, 2)
    colmar = next(c for c in SAS68.communes if c.name == "Colmar")
    left = region.sector_of(colmar.insee)
    assert left is not None
    assert left.name == colmar.epci
    assert sum(len(sector.communes) for sector in region.sectors) == len(SAS68.communes)


def test_sectors_imported_for_another_region_change_nothing() -> None:
    region, _ = change.present(SAS68, (), {"23901": ("Nord", True)})
    assert region is SAS68


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        *(("25 min", 25), ("25", 25), ("25mn", 25), ("25 minutes", 25), ("1h30", 90), ("1 h 30", 90)),
        *(("2 heures", 120), ("6 h", 360), ("1 h 05 min", 65), ("  10  min ", 10)),
    ],
)
def test_lengths_are_read_as_people_write_them(text: str, minutes: int) -> None:
    length = change.read_length(text)
    assert length == timedelta(minutes=minutes)
    assert change.read_length(change.written(length)) == length


@pytest.mark.parametrize("text", ["", "bientôt", "0", "25 s", "h", "-5", "25 min 3", "12:30"])
def test_what_is_no_length_is_none(text: str) -> None:
    assert change.read_length(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("24/12", date(2026, 12, 24)),
        ("le 24/12/2026", date(2026, 12, 24)),
        ("24/12/27", date(2027, 12, 24)),
        ("24 décembre", date(2026, 12, 24)),
        ("jeudi 24 décembre 2026", date(2026, 12, 24)),
        ("1er janvier", date(2027, 1, 1)),
        ("5/10", date(2026, 10, 5)),  # yesterday: said to be past, never moved a year on
        ("5/4", date(2027, 4, 5)),
        ("8/4", date(2026, 4, 8)),
        ("6/10", TODAY),
        ("aujourd'hui", TODAY),
        ("demain", date(2026, 10, 7)),
        ("samedi", date(2026, 10, 10)),
        ("2026-12-24", date(2026, 12, 24)),
        ("31/02", None),
        ("24", None),
        ("Noël", None),
        ("", None),
    ],
)
def test_days_are_read_as_people_write_them(text: str, day: date | None) -> None:
    assert change.read_day(text, TODAY) == day


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("26/12 8h-12h", "08:00-12:00"),
        ("le 26 décembre de 8h à 12h30", "08:00-12:30"),
        ("26/12 8h30-12h et 14h-18h", "08:30-12:00 14:00-18:00"),
        ("2026-12-26 08:00-12:00", "08:00-12:00"),
        ("26/12 8h–12", "08:00-12:00"),
        ("26/12 8-12", "08:00-12:00"),
        ("26/12 14h-24h", "14:00-23:59"),
        ("26/12", ""),
        ("26/12 8h", "?"),
        ("26/12 le matin", "?"),
    ],
)
def test_an_opening_is_a_day_and_its_hours(text: str, hours: str) -> None:
    assert change.read_opening(text, TODAY) == (date(2026, 12, 26), hours)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("réponse 25 min", "delays.answer", "25 min"),
        ("reponse 1h30", "delays.answer", "1h30"),
        ("Effecteurs 20", "steps.effecteur_sas.delay", "20"),
        ("médecin 5", "steps.medecin_traitant.delay", "5"),
        ("effacement 3 h", "delays.purge_after_visit", "3 h"),
        ("r 5", None, "5"),
        ("25", None, "25"),
        ("réponse", "delays.answer", ""),
        ("réponse dix minutes", "delays.answer", "dix minutes"),
        ("réponse -5", "delays.answer", "-5"),
        ("médecin traitant dix", "steps.medecin_traitant.delay", "dix"),
        ("habituelle 5", "usual_idel_minutes", "5"),
        ("vague 4 min", "search.every", "4 min"),
        ("vague max 20", "search.largest", "20"),
        ("relance 10 min", "fallback.again", "10 min"),
    ],
)
def test_a_delay_is_named_by_the_beginning_of_its_name(text: str, key: str | None, value: str) -> None:
    assert change.read_delay(SAS68, text) == (key, value)


def test_buttons_offer_only_lengths_that_can_stand() -> None:
    values = change.choices(SAS68, "delays.answer")
    assert values == ["25 min", "40 min", "45 min", "1 h"], "20 would be the warning's"
    assert change.choices(SAS68, "search.smallest") == ["3", "4", "6", "10", "12", "15"]
    for key in change.delay_keys(SAS68):
        for value in change.choices(SAS68, key):
            assert not isinstance(change.laid_over(SAS68, key, value), Fault)


def test_every_value_of_the_file_can_be_written_and_read_again() -> None:
    for key in change.delay_keys(SAS68):
        value = change.value_of(SAS68, key)
        assert change.laid_over(SAS68, key, value) == SAS68, key


def test_the_days_on_buttons_are_those_that_can_be_closed_or_opened() -> None:
    assert change.days_to_close(SAS68, TODAY, 5)[-1] == date(2026, 10, 10)  # a Saturday morning
    assert change.days_to_open(SAS68, TODAY, 4)[0] == date(2026, 10, 11)
    assert date(2026, 11, 11) in change.days_to_open(SAS68, date(2026, 11, 9), 3)
    assert change.usual_spans(SAS68) == ["08:00-20:00", "08:00-12:00"]
    assert time(8) == SAS68.hours[0].opens
