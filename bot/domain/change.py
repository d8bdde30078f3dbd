"""What the coordinateur changes of the region while the bot runs: delays and exceptional days. Knows no file.

A change is laid over the values of the file. Of two that say something of the same delay or the same day
the newer counts. What contradicts the rest is left out: the region that people work with always holds.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta

from bot.domain.calendar import openings, service_hours
from bot.domain.letters import fold
from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Answer, Event, Outcome, SetTimer, StopTimer, TimerKind
from bot.domain.people import PersonId
from bot.domain.region import Delays, Region, sectors_of
from bot.domain.region_checks import Fault, Why, faults

CLOSED, OPEN = "closed_days", "open_days"

#: The delay that is a list.
SEVERAL = "delays.orientation_reminders"

#: Delays that stand in other tables of the file: where.
_ELSEWHERE: Mapping[str, tuple[str | None, str]] = {
    "usual_idel_minutes": (None, "usual_idel_minutes"),
    "search.every": ("search", "every"),
    "search.smallest": ("search", "smallest"),
    "search.largest": ("search", "largest"),
    "fallback.again": ("fallback", "again"),
}

#: Of these the value is no length but a number of nurses.
SIZES = frozenset({"search.smallest", "search.largest"})

#: What is read at each use: of the others a mission keeps what it was started with.
READ_AT_EACH_USE = frozenset({"delays.purge_at_most", "search.every", *SIZES})

#: Lengths worth a button, in minutes.
LADDER = (1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 45, 60, 75, 90, 120, 180, 240, 300, 360, 420, 480, 600)

#: Nurses in a wave worth a button.
LADDER_OF_SIZES = (1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200)

#: More nurses than any region has: what is more was mistyped.
_MOST_NURSES = 9999

#: Buttons of one delay: so many shorter ones, and so many longer ones.
EACH_SIDE = 3

#: No opening or closing is written down so long before: the year was mistyped.
FARTHEST = timedelta(days=400)

#: A day that has passed is the next year's when that is no farther: «2/1» in December.
NEXT_YEAR = timedelta(days=183)

#: How far days for a button are looked for.
NEAR = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the region file's values, in force until it is taken back."""

    id: int  # 0: not stored yet
    at: datetime
    author: PersonId
    key: str  # as in the region file: «delays.answer», «steps.garde.delay», «closed_days», «open_days»
    value: str  # as in the region file: «25 min», «2026-12-24», «2026-12-24 08:00-12:00»
    revoked_at: datetime | None = None
    revoked_by: PersonId | None = None

    @property
    def target(self) -> str:
        """What it says something of: a delay, or a day."""
        return f"day {self.value[:10]}" if self.key in (CLOSED, OPEN) else self.key

    @property
    def day(self) -> date | None:
        """The day it opens or closes."""
        return date.fromisoformat(self.value[:10]) if self.key in (CLOSED, OPEN) else None


# Laying changes over the file


def present(
    file: Region, changes: Iterable[Change], sectors: Mapping[str, tuple[str, bool]]
) -> tuple[Region, tuple[Change, ...]]:
    """The region with the standing changes and the sectors imported, and the changes that fit no more."""
    known = {commune.insee for commune in file.communes} if sectors else set()
    listed = {insee: sector for insee, sector in sectors.items() if insee in known}
    region = replace(file, sectors=sectors_of(file.communes, listed)) if listed else file
    unfit = list({change.target: change for change in changes}.values())  # the newest of each
    while True:  # one may stand only once another does: a longer answer, once the limit is longer
        left = []
        for change in unfit:
            changed = laid_over(region, change.key, change.value)
            if isinstance(changed, Fault):
                left.append(change)
            else:
                region = changed
        if len(left) in (0, len(unfit)):
            return region, tuple(left)
        unfit = left


def laid_over(region: Region, key: str, value: str) -> Region | Fault:
    """The region with one more change, or what is wrong with it."""
    changed = _put(region, key, value)
    if isinstance(changed, Fault):
        return changed
    known = faults(region)
    return next((fault for fault in faults(changed) if fault not in known), changed)


def _put(region: Region, key: str, value: str) -> Region | Fault:
    if key in (CLOSED, OPEN):
        return _put_day(region, key, value)
    if key in SIZES:
        size = read_size(value)
        return Fault(key, Why.NO_NUMBER) if size is None else _elsewhere(region, key, size)
    lengths = [read_length(text) for text in value.split(",")]
    if not lengths or None in lengths or (key != SEVERAL and len(lengths) > 1):
        return Fault(key, Why.NO_DURATION)
    known = [length for length in lengths if length is not None]
    table, _, name = key.partition(".")
    if table == "delays" and name in {field.name for field in fields(Delays)}:
        changed = {name: tuple(known) if key == SEVERAL else known[0]}
        return replace(region, delays=replace(region.delays, **changed))  # type: ignore[arg-type]
    if key in _ELSEWHERE:
        return _elsewhere(region, key, known[0])
    if key in delay_keys(region):
        step = name.removesuffix(".delay")
        return replace(
            region, steps=tuple(replace(r, delay=known[0]) if r.step == step else r for r in region.steps)
        )
    return Fault(key, Why.NO_SUCH_KEY)


def _elsewhere(region: Region, key: str, value: timedelta | int) -> Region:
    table, name = _ELSEWHERE[key]
    if table is None:
        minutes = value if isinstance(value, int) else int(value.total_seconds()) // 60
        return replace(region, **{name: minutes})  # type: ignore[arg-type]
    return replace(region, **{table: replace(getattr(region, table), **{name: value})})


def _put_day(region: Region, key: str, value: str) -> Region | Fault:
    text, _, hours = value.partition(" ")
    try:
        day = date.fromisoformat(text)
        spans = [tuple(time.fromisoformat(hour) for hour in span.split("-")) for span in hours.split()]
    except ValueError:
        return Fault(key, Why.NO_HOURS)
    if any(len(span) != 2 for span in spans) or bool(spans) is not (key == OPEN):
        return Fault(key, Why.NO_HOURS)
    others = tuple(row for row in region.open_days if row[0] != day)
    if key == CLOSED:
        return replace(region, closed_days=region.closed_days | {day}, open_days=others)
    opened = tuple((day, opens, closes) for opens, closes in spans)
    return replace(
        region, closed_days=region.closed_days - {day}, open_days=tuple(sorted((*others, *opened)))
    )


def follow_hours(region: Region, mission: Mission, now: datetime) -> Outcome | None:
    """The hours of today were changed under an open mission: who answers for it once the service is closed?

    Nurses and doctors are asked as before: the patient waits. None when nothing changes for it.
    """
    before = mission.closes_at
    if mission.state is not MissionState.OPEN or before is None:
        return None
    closes_at = service_hours(region, now).closes_at or min(before, now)
    if closes_at == before:
        return None
    until = max(mission.open_until or before, before)
    changed = mission.with_(closes_at=closes_at, open_until=until if closes_at < until else None)
    timers: tuple[SetTimer | StopTimer, ...] = (StopTimer(TimerKind.NIGHT_OWNER),)
    if mission.limit > closes_at and mission.night_owner is None:
        due = max(now, closes_at - mission.rules.night_owner)
        timers = (SetTimer(TimerKind.NIGHT_OWNER, due),)
    event = Event("coordinator.hours_followed", {"closes_at": closes_at.isoformat()})
    return Outcome(changed, Answer("coordinator.followed"), events=(event,), timers=timers)


# Delays


def delay_keys(region: Region) -> tuple[str, ...]:
    """Every delay that can be changed, as it is called in the file; the steps of the cascade last."""
    return (
        *(f"delays.{field.name}" for field in fields(Delays)),
        *_ELSEWHERE,
        *(f"steps.{rule.step}.delay" for rule in region.steps),
    )


def value_of(region: Region, key: str) -> str:
    """A delay as people write it: «25 min», «3 min, 6 min», «8» nurses; empty where there is none."""
    if key in _ELSEWHERE:
        part, field = _ELSEWHERE[key]
        found = getattr(region if part is None else getattr(region, part), field)
        if key in SIZES:
            return str(found)
        return written(timedelta(minutes=found) if isinstance(found, int) else found)
    table, _, name = key.partition(".")
    if table == "delays":
        value = getattr(region.delays, name, ())
        return ", ".join(written(length) for length in (value if isinstance(value, tuple) else (value,)))
    step = name.removesuffix(".delay")
    return next((written(rule.delay) for rule in region.steps if rule.step == step), "")


def choices(region: Region, key: str) -> list[str]:
    """Values a delay may be given by a button: the nearest shorter and longer ones that can stand."""
    if key == SEVERAL:
        return []
    here = _number(key, value_of(region, key))
    values = {n: str(n) for n in LADDER_OF_SIZES}
    if key not in SIZES:
        values = {minutes: written(timedelta(minutes=minutes)) for minutes in LADDER}
    fine = [n for n, v in values.items() if n != here and not isinstance(laid_over(region, key, v), Fault)]
    nearest = [n for n in fine if n < here][-EACH_SIDE:] + [n for n in fine if n > here][:EACH_SIDE]
    return [values[n] for n in nearest]


def _number(key: str, value: str) -> int:
    if key in SIZES:
        return read_size(value) or 0
    return int((read_length(value) or timedelta()).total_seconds()) // 60


#: What a coordinateur calls a delay when writing it: the beginning of a name is enough.
_CALLED = {
    "limite": "delays.limit",
    "reponse": "delays.answer",
    "alerte": "delays.answer_warning",
    "rappels": SEVERAL,
    "prolongation": "delays.prolongation",
    "heure": "delays.visit_hour",
    "retard": "delays.late_arrival",
    "visio": "delays.visio_after_arrival",
    "sur place": "delays.visio_on_site",
    "demande": "delays.act_request",
    "cloture": "delays.closing_reminder",
    "effacement": "delays.purge_after_visit",
    "effacement au plus tard": "delays.purge_at_most",
    "nuit": "delays.night_owner_before_close",
    "pause": "delays.pause",
    "habituelle": "usual_idel_minutes",
    "idel habituelle": "usual_idel_minutes",
    "vague": "search.every",
    "vague minimum": "search.smallest",
    "vague maximum": "search.largest",
    "relance": "fallback.again",
}


def delay_called(region: Region, text: str) -> str | None:
    """The key of the delay that somebody means: «réponse», «effecteurs», «médecin traitant»."""
    wanted = " ".join(fold(text).split())
    if not wanted:
        return None
    called = _CALLED | {fold(rule.label): f"steps.{rule.step}.delay" for rule in region.steps}
    if wanted in called:
        return called[wanted]
    found = {key for name, key in called.items() if name.startswith(wanted)}
    return found.pop() if len(found) == 1 else None


def read_delay(region: Region, text: str) -> tuple[str | None, str]:
    """«réponse 25 min» → the key and the value typed; the value empty when there is none."""
    found = re.search(r"\d", text)
    name, value = (text[: found.start()], text[found.start() :]) if found else (text, "")
    if (key := delay_called(region, name)) is not None:
        return key, value
    words = text.split()  # «réponse dix minutes»: the delay is named, its value is what cannot be read
    for n in range(len(words) - 1, 0, -1):
        if (key := delay_called(region, " ".join(words[:n]))) is not None:
            return key, " ".join(words[n:])
    return None, value


# Lengths


_LENGTH = re.compile(
    r"(?:(?P<hours>\d{1,3}) ?h(?:eures?)?)? ?(?:(?P<minutes>\d{1,4}) ?(?:min(?:utes?)?|mn|')?)?"
)


def read_length(text: str) -> timedelta | None:
    """«25 min», «25», «1h30», «2 heures»; None when it is no length, or none at all."""
    found = _LENGTH.fullmatch(" ".join(fold(text).split()))
    if found is None:
        return None
    hours, minutes = int(found["hours"] or 0), int(found["minutes"] or 0)
    return timedelta(hours=hours, minutes=minutes) or None


def written(length: timedelta) -> str:
    """«25 min», «1 h 30», «6 h»: as the region file has it."""
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes:02}" if minutes else f"{hours} h"


def read_size(text: str) -> int | None:
    """«8», «8 IDEL»; None when it is no number of nurses."""
    found = re.fullmatch(r"(\d{1,4})(?: ?idel)?", " ".join(fold(text).split()))
    return int(found[1]) if found and 0 < int(found[1]) <= _MOST_NURSES else None


def tidy_value(key: str, text: str) -> str:
    """What was typed, as it is kept; as it is where it cannot be read."""
    if key in SIZES:
        size = read_size(text)
        return text.strip() if size is None else str(size)
    lengths = [read_length(part) for part in parts_of(text)]
    return text.strip() if None in lengths else ", ".join(written(length) for length in lengths if length)


def parts_of(text: str) -> list[str]:
    """«3 min, 6 min», «3 et 6» → each of them."""
    return re.split(r",|;| et ", text)


def is_meant_as_length(text: str) -> bool:
    """«dix minutes», «2.5»: no length that can be read, but nothing else either."""
    said = fold(text).strip()
    return len(said) <= 24 and (
        re.fullmatch(r"[\d\s.,+-]*\d[\d\s.,+-]*", said) is not None
        or re.search(r"\b(?:secondes?|minutes?|min|mn|heures?|jours?)$", said) is not None
    )


# Days and hours


_MONTHS = (
    *("janvier", "fevrier", "mars", "avril", "mai", "juin"),
    *("juillet", "aout", "septembre", "octobre", "novembre", "decembre"),
)
_WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_HOURS = re.compile(
    r"(?<!\d)(\d{1,2}) ?(?:h|:) ?(\d{2})? ?(?:-|–|/|a|jusqu'a) ?(\d{1,2})(?: ?(?:h|:) ?(\d{2})?)?(?!\d)"
)


def read_day(text: str, today: date) -> date | None:
    """«24/12», «24/12/2026», «24 décembre», «demain», «samedi»; without a year the next one to come."""
    said = " ".join(re.sub(r"\b(?:le|du|de|ce)\b", " ", fold(text)).replace("1er", "1").split())
    if said in ("aujourd'hui", "aujourdhui"):
        return today
    if said == "demain":
        return today + timedelta(days=1)
    if said in _WEEKDAYS:
        return today + timedelta(days=(_WEEKDAYS.index(said) - today.weekday()) % 7)
    said = re.sub(rf"^(?:{'|'.join(_WEEKDAYS)}) ", "", said)
    months = "|".join(_MONTHS)
    try:
        if found := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", said):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?", said):
            return _in_year(int(found[1]), int(found[2]), found[3], today)
        if found := re.fullmatch(rf"(\d{{1,2}}) ({months})(?: (\d{{4}}))?", said):
            return _in_year(int(found[1]), _MONTHS.index(found[2]) + 1, found[3], today)
    except ValueError:
        return None
    return None


def _in_year(day: int, month: int, year: str | None, today: date) -> date:
    if year is not None:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    this = date(today.year, month, day)
    if this >= today:
        return this
    following = date(today.year + 1, month, day)
    return following if following - today <= NEXT_YEAR else this


def read_opening(text: str, today: date) -> tuple[date | None, str]:
    """«26/12 8h-12h 14h-18h» → the day, and «08:00-12:00 14:00-18:00»; empty where no hours are said."""
    said = fold(text)
    spans = [_span(*found.groups()) for found in _HOURS.finditer(said)]
    rest = re.sub(r"\b(?:a|et|de)\b|,", " ", _HOURS.sub(" ", said))
    if (day := read_day(rest, today)) is not None:
        return day, " ".join(spans)
    words = said.split()  # «26/12 8-12», «26/12 matin»: the day first, then hours written otherwise
    for n in range(len(words) - 1, 0, -1):
        if (day := read_day(" ".join(words[:n]), today)) is not None:
            bare = _BARE_HOURS.fullmatch(" ".join(words[n:]))
            return day, _span(bare[1], None, bare[2], None) if bare else UNREAD_HOURS
    return None, " ".join(spans)


#: Hours were written, and cannot be read.
UNREAD_HOURS = "?"

_BARE_HOURS = re.compile(r"(?:de )?(\d{1,2}) ?(?:-|–|/|a) ?(\d{1,2})")


def _span(opens: str, opens_at: str | None, closes: str, closes_at: str | None) -> str:
    """«08:00-12:00»; midnight is the last minute of the day."""
    end = (int(closes), int(closes_at or 0))
    end = (23, 59) if end == (24, 0) else end
    return f"{int(opens):02}:{int(opens_at or 0):02}-{end[0]:02}:{end[1]:02}"


def days_to_close(region: Region, today: date, most: int) -> list[date]:
    """The next days on which the service is open."""
    return _next_days(region, today, most, is_open=True)


def days_to_open(region: Region, today: date, most: int) -> list[date]:
    """The next days on which it is not."""
    return _next_days(region, today, most, is_open=False)


def _next_days(region: Region, today: date, most: int, *, is_open: bool) -> list[date]:
    days = (today + timedelta(days=n) for n in range(NEAR.days))
    return [day for day in days if bool(openings(region, day)) is is_open][:most]


def usual_spans(region: Region) -> list[str]:
    """The hours that the service has on one weekday or another: «08:00-20:00», the longest first."""
    spans = {(hours.opens, hours.closes) for hours in region.hours}
    longest = sorted(spans, key=lambda span: (-_minutes(span), span))
    return [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in longest]


def _minutes(span: Sequence[time]) -> int:
    return (span[1].hour - span[0].hour) * 60 + span[1].minute - span[0].minute
