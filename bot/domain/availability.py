"""When somebody may be asked: pauses, leave, hours of their own, hours of the service.

Pure. Moments are given in UTC; hours and weekdays are those of the region's clocks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from bot.domain.calendar import local, moment, service_hours
from bot.domain.outcome import Answer, Event, Fact
from bot.domain.people import Person, Role, WeeklyHours
from bot.domain.region import Region

#: Why somebody is not asked.
INACTIVE = "inactive"  # not on the list any more
PAUSED = "paused"  # said so, until an hour
HOURS = "hours"  # outside their own hours of the week
CLOSED = "closed"  # the service is closed, and they are not to be rung then

#: Whose availability is theirs to say. Of the others nobody asks anything by turns.
ASKED = frozenset({Role.IDEL, Role.DOCTOR})

#: «Jusqu'à demain» and a leave end in the morning, before the service opens.
MORNING = time(7)

PAUSE = timedelta(hours=2)
LONGEST_PAUSE = timedelta(days=3)  # longer is a leave, which has a date
LONGEST_LEAVE = timedelta(days=366)
AVAILABLE_NOW = timedelta(minutes=30)

DAYS = range(7)  # Monday first
MIDNIGHT = time(0)
AHEAD = 15  # days over which the next moment is looked for: past every week of hours


def why_not(region: Region, person: Person, at: datetime) -> str | None:
    """Why that person may not be asked at that moment; None when they may.

    Whoever said «disponible 30 min» may be asked until then, whatever the hours. Of a doctor whom a duty
    roster names for the hour, «closed» is no obstacle: who asks by roster decides that.
    """
    return reasons(region, at)(person)


def reasons(
    region: Region, at: datetime, open_until: datetime | None = None
) -> Callable[[Person], str | None]:
    """The same for many at one moment: the calendar is read once.

    `open_until`: of a mission that was under way when the coordinateur closed the service sooner.
    """
    there = local(region, at)
    is_open = rings(region, at, open_until)

    def reason(person: Person) -> str | None:
        if not person.active:
            return INACTIVE
        if person.paused_until is not None and at < person.paused_until:
            return PAUSED
        if person.available_until is not None and at < person.available_until:
            return None
        if person.weekly and not any(covers(hours, there) for hours in person.weekly):
            return HOURS
        return None if is_open or person.out_of_hours else CLOSED

    return reason


def rings(region: Region, at: datetime, open_until: datetime | None = None) -> bool:
    """Whether the service is open at that moment, for a mission of that `open_until`."""
    return service_hours(region, at).is_open or (open_until is not None and at < open_until)


def covers(hours: WeeklyHours, there: datetime) -> bool:
    """Whether a moment on the region's clocks is in those hours. They may run past midnight, or all round."""
    now, weekday = there.time(), there.weekday()
    if hours.begins < hours.ends:
        return weekday == hours.weekday and hours.begins <= now < hours.ends
    return (weekday == hours.weekday and hours.begins <= now) or (
        weekday == (hours.weekday + 1) % 7 and now < hours.ends
    )


def asked_from(region: Region, person: Person, at: datetime) -> datetime | None:
    """From which moment on they may be asked: `at` when they may now; None: not within two weeks."""
    since = max(at, person.paused_until or at)
    if why_not(region, person, since) is None:
        return since
    moments = {*_openings(region, since), *_own_begins(region, person, since)}
    return min((m for m in moments if m > since and why_not(region, person, m) is None), default=None)


def _openings(region: Region, since: datetime) -> list[datetime]:
    found: list[datetime] = []
    at: datetime | None = since
    while at is not None and at <= since + timedelta(days=AHEAD):
        found.append(at)
        hours = service_hours(region, at)
        at = service_hours(region, hours.closes_at).next_opening if hours.closes_at else hours.next_opening
    return found


def _own_begins(region: Region, person: Person, since: datetime) -> list[datetime]:
    first = local(region, since).date()
    days = [first + timedelta(days=n) for n in range(AHEAD)]
    return [
        moment(region, day, h.begins) for day in days for h in person.weekly if h.weekday == day.weekday()
    ]


class Say(StrEnum):
    """What somebody says of their availability. The values travel in buttons."""

    FREE = "free"  # available: no pause any more
    PAUSE = "pause"  # value: minutes
    TOMORROW = "tomorrow"  # paused until tomorrow morning
    UNTIL = "until"  # paused until a moment; value: ISO, typed only
    LEAVE = "leave"  # value: the day of the return, ISO
    NOW = "now"  # a doctor is available for so long; value: minutes
    WEEK = "week"  # value: «31.0800-1200+1400-1800», «32.never», «127.always»
    OUT_OF_HOURS = "out"  # value: 1 may be rung while the service is closed, 0 may not
    SEVERAL = "several"  # value: 1 several missions at once, 0 one


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing said."""

    say: Say
    value: str = ""

    def __str__(self) -> str:
        """«pause=120»: the form in buttons."""
        return f"{self.say.value}={self.value}" if self.value else self.say.value

    @classmethod
    def read(cls, text: str) -> "Wish":
        """The inverse of `str`. Raises ValueError."""
        say, _, value = text.partition("=")
        return cls(Say(say), value)


@dataclass(frozen=True, slots=True)
class Said:
    """What comes of a wish: the person as they are from now on, the answer, the line of the journal.

    No event: it was so already, or cannot be.
    """

    person: Person
    answer: Answer
    event: Event | None = None


Span = tuple[time, time]


def follow(region: Region, person: Person, wish: Wish, now: datetime) -> Said:
    """The person once the wish is done. Raises ValueError for a value that none of our buttons has."""
    match wish.say:
        case Say.FREE:
            return _free(person, now)
        case Say.PAUSE:
            length = min(timedelta(minutes=int(wish.value)), LONGEST_PAUSE)
            return _pause(person, "pause", to_the_minute(now + length), now)
        case Say.TOMORROW:
            day = local(region, now).date() + timedelta(days=1)
            return _pause(person, "tomorrow", moment(region, day, MORNING), now)
        case Say.UNTIL:
            return _pause(person, "pause", datetime.fromisoformat(wish.value).astimezone(UTC), now)
        case Say.LEAVE:
            return _pause(person, "leave", moment(region, date.fromisoformat(wish.value), MORNING), now)
        case Say.NOW:
            return _now(person, to_the_minute(now + timedelta(minutes=int(wish.value))), now)
        case Say.WEEK:
            return _week(person, wish.value)
        case Say.OUT_OF_HOURS:
            on = wish.value == "1"
            answer = Answer("availability.rings_when_closed" if on else "availability.quiet_when_closed")
            return _changed(person, replace(person, out_of_hours=on), answer, "out_of_hours", on=on)
        case Say.SEVERAL:
            on = wish.value == "1"
            answer = Answer("availability.several" if on else "availability.one")
            return _changed(person, replace(person, several_missions=on), answer, "several", on=on)


def to_the_minute(at: datetime) -> datetime:
    """The whole minute that has not passed: what is shown is then what holds."""
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + timedelta(minutes=1)


def is_paused(person: Person, now: datetime) -> bool:
    """Whether they have said so, and it is not over."""
    return person.paused_until is not None and now < person.paused_until


def _changed(person: Person, changed: Person, answer: Answer, kind: str, **facts: Fact) -> Said:
    event = Event(f"availability.{kind}", {"person": person.id, **facts})
    return Said(changed, answer, None if changed == person else event)


def _free(person: Person, now: datetime) -> Said:
    changed = replace(person, paused_until=None) if is_paused(person, now) else person
    return _changed(person, changed, Answer("availability.free"), "free")


def _pause(person: Person, kind: str, until: datetime, now: datetime) -> Said:
    if not now < until <= now + LONGEST_LEAVE:
        return Said(person, Answer("availability.bad_date"))
    hour = until.isoformat()
    changed = replace(person, paused_until=until, available_until=None)
    return _changed(person, changed, Answer("availability.paused", {"until": hour}), kind, until=hour)


def _now(person: Person, until: datetime, now: datetime) -> Said:
    if person.role is not Role.DOCTOR:
        return _free(person, now)
    hour = until.isoformat()
    changed = replace(person, paused_until=None, available_until=until)
    return _changed(person, changed, Answer("availability.now", {"until": hour}), "now", until=hour)


def _week(person: Person, value: str) -> Said:
    mask, _, what = value.partition(".")
    days = days_of(int(mask))
    if what == "always":
        weekly: tuple[WeeklyHours, ...] = ()
    elif what == "never":
        before = person.weekly or tuple(WeeklyHours(day, MIDNIGHT, MIDNIGHT) for day in DAYS)
        weekly = tuple(hours for hours in before if hours.weekday not in days)
        if not weekly:
            return Said(person, Answer("availability.no_hours"))
    else:
        spans = read_spans(what)
        kept = (hours for hours in person.weekly if hours.weekday not in days)
        weekly = (*kept, *(WeeklyHours(day, *span) for day in days for span in spans))
    weekly = tuple(sorted(weekly, key=lambda hours: (hours.weekday, hours.begins)))
    told = ", ".join(f"{h.weekday + 1} {h.begins:%H:%M}-{h.ends:%H:%M}" for h in weekly)
    return _changed(person, replace(person, weekly=weekly), Answer("availability.week"), "week", weekly=told)


def days_of(mask: int) -> list[int]:
    """The weekdays of a mask: 1 is Monday, 64 Sunday."""
    return [day for day in DAYS if mask & 1 << day]


def week_of(person: Person) -> list[tuple[list[int], list[Span]]]:
    """Weekdays that have the same hours together, in the order of the first. No spans: never asked then."""
    groups: list[tuple[list[int], list[Span]]] = []
    for day in DAYS:
        spans = [(h.begins, h.ends) for h in person.weekly if h.weekday == day]
        same = next((days for days, others in groups if others == spans), None)
        if same is None:
            groups.append(([day], spans))
        else:
            same.append(day)
    return groups


def written(spans: list[Span]) -> str:
    """«0800-1200+1400-1800»: the form in buttons."""
    return "+".join(f"{begins:%H%M}-{ends:%H%M}" for begins, ends in spans)


def read_spans(text: str) -> list[Span]:
    """The inverse of `written`. Raises ValueError."""
    pairs = [part.partition("-") for part in text.split("+")]
    return [(_time(begins), _time(ends)) for begins, _, ends in pairs]


def _time(digits: str) -> time:
    return time(int(digits[:2]), int(digits[2:]))
