"""When the service is open, across holidays, exceptional days and clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.calendar import (
    garde_begin_before,
    is_holiday,
    is_shown_twice,
    local,
    moment,
    runs_past_closing,
    service_hours,
    shown_at,
)
from bot.region import load_region

SAS68 = load_region()
SIX_HOURS = timedelta(hours=6)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "closes"),
    [
        ("2026-10-06 09:23", "2026-10-06 20:00"),
        ("2026-10-06 08:00", "2026-10-06 20:00"),
        ("2026-10-06 19:59", "2026-10-06 20:00"),
        ("2026-10-10 11:59", "2026-10-10 12:00"),
    ],
)
def test_it_is_open_on_weekdays_until_eight_and_on_saturday_until_noon(at: str, closes: str) -> None:
    hours = service_hours(SAS68, paris(at))
    assert hours.is_open
    assert hours.closes_at == paris(closes)
    assert hours.next_opening is None
    assert hours.reason is None


@pytest.mark.parametrize(
    ("at", "opens", "reason"),
    [
        ("2026-10-06 07:59", "2026-10-06 08:00", "ferme"),
        ("2026-10-06 20:00", "2026-10-07 08:00", "ferme"),
        ("2026-10-10 12:00", "2026-10-12 08:00", "ferme"),  # a Saturday noon, until Monday
        ("2026-04-03 10:00", "2026-04-04 08:00", "ferie"),  # Good Friday, a holiday here only
        ("2026-04-05 10:00", "2026-04-07 08:00", "ferme"),  # Easter Sunday, then Easter Monday
        ("2026-12-25 10:00", "2026-12-28 08:00", "ferie"),  # 26 December is one too, then a Sunday
    ],
)
def test_when_closed_it_says_why_and_when_it_opens_again(at: str, opens: str, reason: str) -> None:
    hours = service_hours(SAS68, paris(at))
    assert not hours.is_open
    assert hours.closes_at is None
    assert hours.next_opening == paris(opens)
    assert hours.reason == reason


def test_good_friday_and_boxing_day_are_holidays_of_alsace_only() -> None:
    assert is_holiday(SAS68, date(2026, 4, 3))
    assert is_holiday(SAS68, date(2026, 12, 26))
    elsewhere = replace(SAS68, holidays_subdivision=None)
    assert not is_holiday(elsewhere, date(2026, 4, 3))
    assert is_holiday(elsewhere, date(2026, 7, 14))


def test_an_exceptional_closing_closes_the_day_and_an_exceptional_opening_opens_a_holiday() -> None:
    region = replace(
        SAS68,
        closed_days=frozenset({date(2026, 10, 6)}),
        open_days=((date(2026, 12, 26), time(8), time(12)), (date(2026, 10, 10), time(8), time(18))),
    )
    shut = service_hours(region, paris("2026-10-06 09:23"))
    assert (shut.is_open, shut.reason) == (False, "exceptionnel")
    assert shut.next_opening == paris("2026-10-07 08:00")
    assert service_hours(region, paris("2026-12-26 09:00")).closes_at == paris("2026-12-26 12:00")
    assert service_hours(region, paris("2026-10-10 15:00")).closes_at == paris("2026-10-10 18:00")
    assert service_hours(region, paris("2026-12-26 13:00")).reason == "ferme"


def test_a_region_that_never_opens_again_has_no_next_opening() -> None:
    assert service_hours(replace(SAS68, hours=()), paris("2026-10-06 09:00")).next_opening is None


def test_a_pause_at_noon_opens_again_the_same_day() -> None:
    monday = replace(SAS68.hours[0], closes=time(12)), replace(SAS68.hours[0], opens=time(14))
    hours = service_hours(replace(SAS68, hours=monday), paris("2026-10-05 13:00"))
    assert hours.next_opening == paris("2026-10-05 14:00")


@pytest.mark.parametrize(
    ("at", "past"),
    [("2026-10-06 14:00", False), ("2026-10-06 14:01", True), ("2026-10-10 08:00", True)],
)
def test_a_window_runs_past_closing_after_two_on_weekdays_and_always_on_saturday(at: str, past: bool) -> None:
    trigger = paris(at)
    assert runs_past_closing(SAS68, trigger, trigger + SIX_HOURS) is past


def test_a_window_that_begins_when_closed_runs_past_closing() -> None:
    at = paris("2026-10-06 21:00")
    assert runs_past_closing(SAS68, at, at + SIX_HOURS)


@pytest.mark.parametrize(
    ("trigger", "begins"),
    [
        ("2026-10-06 09:23", None),  # limit 15:23
        ("2026-10-06 14:00", None),  # limit 20:00: begins at the limit, not before
        ("2026-10-06 14:01", "2026-10-06 20:00"),
        ("2026-10-06 20:00", "2026-10-06 20:00"),
        ("2026-10-10 08:30", "2026-10-10 12:00"),
        ("2026-10-10 12:30", None),  # has begun already
        ("2026-10-11 09:00", None),  # a Sunday
    ],
)
def test_a_garde_counts_when_it_begins_between_trigger_and_limit(trigger: str, begins: str | None) -> None:
    at = paris(trigger)
    assert garde_begin_before(SAS68, at, at + SIX_HOURS) == (paris(begins) if begins else None)


def test_six_hours_are_six_hours_when_the_clocks_go_back() -> None:
    region = replace(SAS68, open_days=((date(2026, 10, 25), time(0), time(12)),))
    trigger = paris("2026-10-25 01:30")
    limit = trigger + SIX_HOURS
    assert local(region, limit).strftime("%H:%M") == "06:30"
    assert not runs_past_closing(region, trigger, limit)
    # One hour more exists between 08:00 and noon's six hours before
    closing = service_hours(region, trigger).closes_at
    assert closing is not None
    assert closing - moment(region, date(2026, 10, 25), time(0)) == timedelta(hours=13)


def test_hours_are_local_in_winter_and_in_summer() -> None:
    winter = service_hours(SAS68, datetime(2026, 1, 12, 18, 59, tzinfo=UTC))
    summer = service_hours(SAS68, datetime(2026, 7, 13, 17, 59, tzinfo=UTC))
    assert winter.closes_at == datetime(2026, 1, 12, 19, 0, tzinfo=UTC)
    assert summer.closes_at == datetime(2026, 7, 13, 18, 0, tzinfo=UTC)


WINTER = datetime(2026, 10, 25, tzinfo=UTC)  # the clocks go back at 01:00 UTC
SUMMER = datetime(2027, 3, 28, tzinfo=UTC)  # they go forward at 01:00 UTC


def test_in_the_night_the_clocks_go_back_an_hour_is_shown_twice() -> None:
    half_past_two = [at for at in shown_at(SAS68, time(2, 30), WINTER) if at.day == WINTER.day]
    assert half_past_two == [WINTER.replace(minute=30), WINTER.replace(hour=1, minute=30)]
    assert all(is_shown_twice(SAS68, at) for at in half_past_two)
    assert not is_shown_twice(SAS68, WINTER.replace(hour=2))
    assert not is_shown_twice(SAS68, WINTER - timedelta(minutes=1))


def test_in_the_night_the_clocks_go_forward_an_hour_is_not_shown() -> None:
    assert SUMMER.replace(hour=1, minute=30) in shown_at(SAS68, time(2, 30), SUMMER)
    assert len(shown_at(SAS68, time(2, 30), SUMMER)) == 3
    assert not is_shown_twice(SAS68, SUMMER.replace(hour=1))
    assert [at.hour for at in shown_at(SAS68, time(9), SUMMER)] == [8, 7, 7]
