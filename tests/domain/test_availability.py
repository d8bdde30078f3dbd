"""When somebody may be asked, across pauses, midnight, closed days and clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import waves
from bot.domain.availability import (
    CLOSED,
    HOURS,
    INACTIVE,
    PAUSED,
    Say,
    Wish,
    asked_from,
    follow,
    reasons,
    week_of,
    why_not,
    written,
)
from bot.domain.availability_typed import read_day, read_hours, read_wish
from bot.domain.calendar import service_hours
from bot.domain.people import Person, PersonId, Role, WeeklyHours
from bot.region import load_region
from tests.domain.missions import a_mission

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


# From which moment on


@pytest.mark.parametrize(
    ("changes", "at", "again"),
    [
        ({}, "2026-10-06 09:23", "2026-10-06 09:23"),
        ({}, "2026-10-06 20:00", "2026-10-07 08:00"),
        ({}, "2026-10-10 12:00", "2026-10-12 08:00"),  # a Saturday noon
        ({"paused_until": paris("2026-10-06 23:00")}, "2026-10-06 09:23", "2026-10-07 08:00"),
        ({"paused_until": paris("2026-10-07 10:00")}, "2026-10-06 09:23", "2026-10-07 10:00"),
        ({"weekly": (on(1, "07:00", "09:00"),)}, "2026-10-06 09:23", "2026-10-13 08:00"),
        ({"weekly": (on(1, "14:00", "18:00"),)}, "2026-10-06 09:23", "2026-10-06 14:00"),
        ({"weekly": (on(6, "08:00", "12:00"),)}, "2026-10-06 09:23", None),  # Sundays: never open
        (
            {"weekly": (on(6, "08:00", "12:00"),), "out_of_hours": True},
            "2026-10-06 09:23",
            "2026-10-11 08:00",
        ),
        ({"active": False}, "2026-10-06 09:23", None),
    ],
)
def test_the_moment_from_which_they_are_asked_again(
    changes: dict[str, object], at: str, again: str | None
) -> None:
    person = replace(AMINA, **changes)  # type: ignore[arg-type]
    assert asked_from(SAS68, person, paris(at)) == (paris(again) if again else None)


# What they say


def said(wish: str, person: Person = AMINA, at: datetime = TUESDAY) -> Person:
    return follow(SAS68, person, Wish.read(wish), at).person


def test_a_pause_ends_on_a_whole_minute_never_early() -> None:
    until = said("pause=120", at=TUESDAY + timedelta(seconds=7)).paused_until
    assert until == TUESDAY + timedelta(hours=2, minutes=1)


def test_tomorrow_is_seven_in_the_morning_on_the_regions_clocks_also_when_they_change() -> None:
    assert said("tomorrow", at=paris("2026-10-24 18:00")).paused_until == paris("2026-10-25 07:00")
    assert said("tomorrow", at=paris("2026-03-28 18:00")).paused_until == paris("2026-03-29 07:00")


def test_a_leave_ends_on_the_morning_of_the_day_named_and_not_in_the_past() -> None:
    assert said("leave=2026-12-24").paused_until == paris("2026-12-24 07:00")
    past = follow(SAS68, AMINA, Wish.read("leave=2026-10-06"), TUESDAY)
    assert (past.answer.kind, past.event, past.person) == ("availability.bad_date", None, AMINA)
    assert follow(SAS68, AMINA, Wish.read("leave=2028-01-01"), TUESDAY).event is None


def test_the_same_said_twice_is_one_line_of_the_journal() -> None:
    first = follow(SAS68, AMINA, Wish.read("leave=2026-12-24"), TUESDAY)
    assert first.event is not None
    assert follow(SAS68, first.person, Wish.read("leave=2026-12-24"), TUESDAY).event is None
    assert follow(SAS68, AMINA, Wish.read("free"), TUESDAY).event is None
    assert follow(SAS68, AMINA, Wish.read("out=0"), TUESDAY).event is None


def test_a_pause_ends_what_a_doctor_said_before_and_the_other_way_round() -> None:
    doctor = replace(AMINA, role=Role.DOCTOR)
    now = said("now=30", doctor)
    assert now.available_until == TUESDAY + timedelta(minutes=30)
    assert said("tomorrow", now).available_until is None
    assert said("now=30", said("tomorrow", doctor)).paused_until is None
    assert said("now=30", AMINA).available_until is None  # a nurse has no such button


def test_hours_are_said_for_the_days_chosen_and_the_others_stay() -> None:
    person = said("week=3.0800-1200+1400-1800")
    person = said("week=2.1000-1600", person)
    assert week_of(person) == [
        ([0], [(time(8), time(12)), (time(14), time(18))]),
        ([1], [(time(10), time(16))]),
        ([2, 3, 4, 5, 6], []),
    ]
    assert written(week_of(person)[0][1]) == "0800-1200+1400-1800"
    assert said("week=127.always", person).weekly == ()


def test_a_day_without_work_leaves_the_others_as_they_were() -> None:
    person = said("week=32.never")  # no Saturdays
    assert why_not(SAS68, person, paris("2026-10-10 09:00")) == HOURS
    assert why_not(SAS68, person, TUESDAY) is None
    assert follow(SAS68, person, Wish.read("week=127.never"), TUESDAY).person == person


@pytest.mark.parametrize("text", ["", "pauses=1", "pause=x", "leave=24/12", "week=x.always", "week=1.08-12"])
def test_what_no_button_of_ours_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        said(text)


# What they type


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("dispo", Wish(Say.FREE)),
        ("Je suis disponible !", Wish(Say.FREE)),
        ("de retour", Wish(Say.FREE)),
        ("pause", Wish(Say.PAUSE, "120")),
        ("Pause 2h", Wish(Say.PAUSE, "120")),
        ("en pause 1h30", Wish(Say.PAUSE, "90")),
        ("pause de 45 min", Wish(Say.PAUSE, "45")),
        ("pause jusqu'à 14h30", Wish(Say.UNTIL, "2026-10-06T12:30:00+00:00")),
        ("pause jusqu’à 8h", Wish(Say.UNTIL, "2026-10-07T06:00:00+00:00")),
        ("jusqu'à demain", Wish(Say.TOMORROW)),
        ("absente jusqu'à demain", Wish(Say.TOMORROW)),
        ("en congés jusqu'au 3/1", Wish(Say.LEAVE, "2027-01-03")),
        ("VACANCES jusqu'au 24/12/2026", Wish(Say.LEAVE, "2026-12-24")),
    ],
)
def test_a_whole_message_is_understood(text: str, wish: Wish) -> None:
    assert read_wish(SAS68, text, TUESDAY) == wish


@pytest.mark.parametrize(
    "text",
    [
        "dispo à 14h ?",
        "pause 2h puis pharmacie",
        "le patient est en pause",
        "pause 900h",
        "pause 0 min",
        "congés jusqu'au 6/10/2026",
        "congés jusqu'au 31/2",
        "pause jusqu'à 25h",
        "jusqu'à demain matin le pansement tient",
        "8h-12h",
        "",
    ],
)
def test_anything_more_or_else_is_not(text: str) -> None:
    assert read_wish(SAS68, text, TUESDAY) is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("8h-12h 14h-18h", "0800-1200+1400-1800"),
        ("8-12, 14-18h30", "0800-1200+1400-1830"),
        ("14:00 – 18:00 et 08:00-12:00", "0800-1200+1400-1800"),
        ("de 8h à 12h", "0800-1200"),
        ("22h-6h", "2200-0600"),
        ("0h-24h", "0000-0000"),
    ],
)
def test_hours_are_read_as_they_are_written(text: str, hours: str) -> None:
    spans = read_hours(text)
    assert spans is not None
    assert written(spans) == hours


@pytest.mark.parametrize(
    "text", ["matin", "8h", "8h-25h", "8h-12h 11h-14h", "22h-9h 8h-12h", "12h-8h 14h-16h"]
)
def test_hours_that_make_no_day_are_not(text: str) -> None:
    assert read_hours(text) is None


def test_a_day_without_a_year_is_the_next_one() -> None:
    assert read_day(SAS68, "24/12", TUESDAY) == date(2026, 12, 24)
    assert read_day(SAS68, "06/10", TUESDAY) == date(2027, 10, 6)
    assert read_day(SAS68, "3.1.27", TUESDAY) == date(2027, 1, 3)
    assert read_day(SAS68, "24/12 au soir", TUESDAY) is None


# Whatever they say


people = st.builds(
    Person,
    id=st.integers(1, 9).map(PersonId),
    role=st.just(Role.IDEL),
    last_name=st.just("Essai"),
    first_name=st.just("Ada"),
    commune=st.sampled_from([None, "68224", "68004"]),
    active=st.booleans(),
    paused_until=st.none() | st.integers(-90, 90).map(lambda m: TUESDAY + timedelta(minutes=m)),
    several_missions=st.booleans(),
    weekly=st.lists(
        st.builds(WeeklyHours, st.integers(0, 6), *[st.integers(0, 23).map(time)] * 2), max_size=3
    ).map(tuple),
    out_of_hours=st.booleans(),
)
moments = st.integers(0, 14 * 24 * 60).map(lambda m: TUESDAY + timedelta(minutes=m))


@given(
    st.lists(people, max_size=6, unique_by=lambda p: p.id), moments, st.sets(st.integers(1, 9).map(PersonId))
)
def test_nobody_who_is_away_off_or_busy_is_ever_a_candidate(
    listed: list[Person], at: datetime, busy: set[PersonId]
) -> None:
    found = waves.eligible(SAS68, a_mission(), listed, at, busy=busy)
    for candidate in found.candidates:
        person = candidate.person
        assert person.active
        assert person.paused_until is None or person.paused_until <= at
        assert person.out_of_hours or service_hours(SAS68, at).is_open
        assert person.several_missions or person.id not in busy
        assert why_not(SAS68, person, at) is None
    assert len(found.candidates) + len(found.passed) == len(listed)


@given(people, moments)
def test_whoever_is_told_from_when_on_may_be_asked_then_and_not_before(person: Person, at: datetime) -> None:
    again = asked_from(SAS68, person, at)
    if again is None:
        assert why_not(SAS68, person, at) is not None
        return
    assert why_not(SAS68, person, again) is None
    for minutes in range(0, int((again - at).total_seconds() // 60), 17):
        assert why_not(SAS68, person, at + timedelta(minutes=minutes)) is not None
