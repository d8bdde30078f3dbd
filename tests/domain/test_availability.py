"""When somebody may be asked, across pauses, midnight, closed days and clock changes."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.availability import CLOSED, HOURS, INACTIVE, PAUSED, reasons, why_not
from bot.domain.people import Person, PersonId, Role, WeeklyHours
from bot.region import load_region

SAS68 = load_region()
AMINA = Person(PersonId(11), Role.IDEL, "Benali", "Amina")
MONDAY, SATURDAY, SUNDAY = 0, 5, 6


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)


#: Tuesday 6 October 2026, in the morning: the service is open.
TUESDAY = paris("2026-10-06 09:23")


def on(weekday: int, begins: str, ends: str) -> WeeklyHours:
    return WeeklyHours(weekday, time.fromisoformat(begins), time.fromisoformat(ends))


def test_who_has_said_nothing_may_be_asked_while_the_service_is_open() -> None:
    assert why_not(SAS68, AMINA, TUESDAY) is None
    assert why_not(SAS68, AMINA, paris("2026-10-06 19:59")) is None
    assert why_not(SAS68, AMINA, paris("2026-10-06 20:00")) == CLOSED
    assert why_not(SAS68, AMINA, paris("2026-10-11 10:00")) == CLOSED  # a Sunday


def test_whoever_is_off_the_list_is_not_asked_whatever_else_they_said() -> None:
    gone = replace(AMINA, active=False, out_of_hours=True, available_until=TUESDAY + timedelta(hours=1))
    assert why_not(SAS68, gone, TUESDAY) == INACTIVE


def test_a_pause_ends_at_its_hour_to_the_second() -> None:
    until = TUESDAY + timedelta(hours=2)
    paused = replace(AMINA, paused_until=until)
    assert why_not(SAS68, paused, TUESDAY) == PAUSED
    assert why_not(SAS68, paused, until - timedelta(seconds=1)) == PAUSED
    assert why_not(SAS68, paused, until) is None


def test_outside_her_own_hours_she_is_left_alone() -> None:
    mornings = replace(AMINA, weekly=tuple(on(day, "08:00", "12:00") for day in range(5)))
    assert why_not(SAS68, mornings, paris("2026-10-06 08:00")) is None
    assert why_not(SAS68, mornings, paris("2026-10-06 11:59")) is None
    assert why_not(SAS68, mornings, paris("2026-10-06 12:00")) == HOURS
    assert why_not(SAS68, mornings, paris("2026-10-10 09:00")) == HOURS  # a Saturday


def test_two_spans_of_a_day_leave_the_pause_between_them() -> None:
    person = replace(AMINA, weekly=(on(1, "08:00", "12:00"), on(1, "14:00", "18:00")))
    told = {hour: why_not(SAS68, person, paris(f"2026-10-06 {hour}")) for hour in ("11:00", "13:00", "15:00")}
    assert told == {"11:00": None, "13:00": HOURS, "15:00": None}


def test_hours_of_her_own_do_not_open_the_service() -> None:
    late = replace(AMINA, weekly=(on(1, "08:00", "23:00"),))
    assert why_not(SAS68, late, paris("2026-10-06 21:00")) == CLOSED
    assert why_not(SAS68, replace(late, out_of_hours=True), paris("2026-10-06 21:00")) is None


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2026-10-10 21:59", HOURS),
        ("2026-10-10 22:00", None),  # Saturday evening
        ("2026-10-11 00:00", None),
        ("2026-10-11 05:59", None),  # Sunday morning belongs to Saturday's night
        ("2026-10-11 06:00", HOURS),
        ("2026-10-10 05:00", HOURS),  # Saturday morning would be Friday's
    ],
)
def test_a_night_belongs_to_the_evening_on_which_it_begins(at: str, reason: str | None) -> None:
    nights = replace(AMINA, out_of_hours=True, weekly=(on(SATURDAY, "22:00", "06:00"),))
    assert why_not(SAS68, nights, paris(at)) == reason


def test_the_night_of_sunday_runs_into_monday() -> None:
    nights = replace(AMINA, out_of_hours=True, weekly=(on(SUNDAY, "22:00", "06:00"),))
    assert why_not(SAS68, nights, paris("2026-10-12 03:00")) is None
    assert why_not(SAS68, nights, paris("2026-10-11 03:00")) == HOURS


def test_hours_that_end_where_they_begin_are_a_whole_day_and_midnight_ends_a_day() -> None:
    whole = replace(AMINA, out_of_hours=True, weekly=(on(SATURDAY, "00:00", "00:00"),))
    assert why_not(SAS68, whole, paris("2026-10-10 00:00")) is None
    assert why_not(SAS68, whole, paris("2026-10-10 23:59")) is None
    assert why_not(SAS68, whole, paris("2026-10-11 00:00")) == HOURS


def test_on_the_night_the_clocks_go_back_the_hour_shown_twice_is_hers_twice() -> None:
    # 25 October 2026: 03:00 becomes 02:00
    night = replace(AMINA, out_of_hours=True, weekly=(on(SATURDAY, "22:00", "02:30"),))
    first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)  # 02:15 in summer time
    assert [why_not(SAS68, night, first + timedelta(minutes=m)) for m in (0, 30, 60, 90)] == [
        None,  # 02:15
        HOURS,  # 02:45
        None,  # 02:15 again
        HOURS,  # 02:45 again
    ]


def test_on_the_night_the_clocks_go_forward_hours_that_are_not_shown_are_nobodys() -> None:
    # 29 March 2026: 02:00 becomes 03:00
    night = replace(AMINA, out_of_hours=True, weekly=(on(SATURDAY, "22:00", "03:00"),))
    before = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)  # 01:59
    assert why_not(SAS68, night, before) is None
    assert why_not(SAS68, night, before + timedelta(minutes=1)) == HOURS  # it is 03:00


def test_a_pause_counts_real_time_across_the_change_of_clocks() -> None:
    begins = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)  # 01:30, an hour and a half before they go back
    paused = replace(AMINA, out_of_hours=True, paused_until=begins + timedelta(hours=2))
    assert why_not(SAS68, paused, begins + timedelta(minutes=119)) == PAUSED
    assert why_not(SAS68, paused, begins + timedelta(hours=2)) is None


def test_a_doctor_available_now_may_be_asked_whatever_the_hours_but_not_past_the_minute() -> None:
    sunday = paris("2026-10-11 10:00")
    doctor = Person(PersonId(21), Role.DOCTOR, "Morel", "Claire", weekly=(on(MONDAY, "08:00", "12:00"),))
    assert why_not(SAS68, doctor, sunday) == HOURS
    now = replace(doctor, available_until=sunday + timedelta(minutes=30))
    assert why_not(SAS68, now, sunday) is None
    assert why_not(SAS68, now, sunday + timedelta(minutes=30)) == HOURS


def test_a_whole_list_is_looked_at_with_one_look_at_the_calendar() -> None:
    people = [AMINA, replace(AMINA, paused_until=TUESDAY + timedelta(hours=1))]
    assert [*map(reasons(SAS68, TUESDAY), people)] == [None, PAUSED]
