"""A duty roster as people keep it, CSV or iCalendar, read into turns whose doctor is still a name.

Every refusal names its line and a reason, which is a key: the command line and the chat each have their
words for it. Knows no storage and no screen.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.duty import Duty
from bot.domain.people import CascadeStep, Organisation, Party, Person, Role
from bot.domain.phone import read_phone
from bot.domain.places import plain
from bot.domain.region import Region

COLUMNS = ("step", "sector", "who", "begins", "ends")

#: In bytes: a year of all sectors is far smaller.
BIGGEST = 1_000_000
MOST_TURNS = 5000

#: A longer one is a slip in the year.
LONGEST = timedelta(days=32)

#: How far a repeated event is written out.
REPEATED_FOR = timedelta(days=400)

#: One that began longer ago is a slip in the year.
REPEATED_SINCE = timedelta(days=3660)

#: How often one event may repeat on one day.
MOST_A_DAY = 4

#: An event that repeats more often is none of a roster, and would take hours to write out.
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})

_TITLE = re.compile(r"^(dr|docteur|pr|professeur)\b", re.IGNORECASE)
_FRENCH_HOURS = ("%d/%m/%Y %H:%M", "%d/%m/%Y %Hh%M", "%d/%m/%Y %Hh", "%d/%m/%Y %H:%M:%S")


class Why(StrEnum):
    """Why a line is refused: a key of the words."""

    NOT_TEXT = "not_text"
    TOO_BIG = "too_big"
    HEADER = "header"  # value: what is missing
    COLUMNS = "columns"
    EMPTY = "empty"
    TOO_MANY = "too_many"
    STEP = "step"
    SECTOR = "sector"
    NO_WHO = "no_who"
    UNKNOWN = "unknown"
    SEVERAL = "several"
    NO_DOCTOR = "no_doctor"
    HOUR = "hour"
    NO_END = "no_end"
    ORDER = "order"
    TOO_LONG = "too_long"
    NO_CALENDAR = "no_calendar"
    ZONE = "zone"
    REPEATED = "repeated"
    OVER = "over"  # every turn of the file


#: For whoever runs the import; the chat has its own (`templates/messages/duty.jinja`).
SENTENCES: Mapping[Why, str] = {
    Why.NOT_TEXT: "the file is not UTF-8; save it again as «CSV UTF-8»",
    Why.TOO_BIG: "the file is over 1 MB; cut it by month",
    Why.HEADER: "the header must be step,sector,who,begins,ends; it lacks {value}",
    Why.COLUMNS: "it has {value} columns, the header has another number",
    Why.EMPTY: "the file has no turn of duty",
    Why.TOO_MANY: "the file has more than {most} turns; cut it by month",
    Why.STEP: "the step «{value}» is none of {steps}",
    Why.SECTOR: "no duty sector is called «{value}»; leave it empty for the whole region",
    Why.NO_WHO: "it names nobody; write a telephone number, an RPPS number or an exact name",
    Why.UNKNOWN: "nobody is registered as «{value}»; add them with `people import`, or correct the name",
    Why.SEVERAL: "several are called «{value}»; write the telephone or the RPPS number",
    Why.NO_DOCTOR: "«{value}» is registered, but not as a doctor; correct the role with `people import`",
    Why.HOUR: "«{value}» is no date and hour; write 2026-10-06 20:00",
    Why.NO_END: "it does not say when it ends",
    Why.ORDER: "it ends before it begins ({value})",
    Why.TOO_LONG: "it lasts more than 32 days ({value}); correct the year, or cut it by month",
    Why.NO_CALENDAR: "this is no iCalendar file ({value})",
    Why.ZONE: "the time zone «{value}» is not known; write Europe/Paris, or leave it out",
    Why.OVER: "every turn is over, the last one on {value}; correct the year, or send the next roster",
    Why.REPEATED: "its repetition cannot be read ({value}); write the turns out one by one",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One line that cannot be taken."""

    line: int  # 0: the file as a whole
    why: Why
    value: str = ""


def in_english(refusal: Refusal, region: Region) -> str:
    """«Line 3: …», for whoever runs the import."""
    steps = ", ".join(step.value for step in steps_with_duty(region))
    said = SENTENCES[refusal.why].format(value=refusal.value, steps=steps, most=MOST_TURNS)
    return f"Line {refusal.line}: {said}." if refusal.line else f"{said[0].upper()}{said[1:]}."


@dataclass(frozen=True, slots=True)
class Named:
    """One turn, its doctor as the file has them: a text that may name them, else several others."""

    line: int
    step: CascadeStep
    sector: str | None
    who: tuple[str, ...]  # ways to read one name, the likeliest first
    begins: datetime
    ends: datetime
    attendees: tuple[tuple[str, ...], ...] = ()  # of an event: each of them is on duty


@dataclass(frozen=True, slots=True)
class Wanted:
    """What holds for the turns that do not say."""

    step: CascadeStep = CascadeStep.GARDE
    sector: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A whole file."""

    turns: tuple[Named, ...]
    refusals: tuple[Refusal, ...]


def steps_with_duty(region: Region) -> tuple[CascadeStep, ...]:
    """The steps somebody may be on duty for: not the patient's own doctor."""
    return tuple(r.step for r in region.steps if r.step is not CascadeStep.MEDECIN_TRAITANT)


def step_called(region: Region, text: str) -> CascadeStep | None:
    """The step of that key or label."""
    for rule in region.steps:
        names = (rule.step.value, plain(rule.step.value), plain(rule.label))
        if rule.step in steps_with_duty(region) and (text.strip() in names or plain(text) in names):
            return rule.step
    return None


def sector_called(region: Region, text: str) -> str | None:
    """The duty sector of that name, without regard to accents and capitals."""
    return next((s.name for s in region.sectors if plain(s.name) == plain(text)), None)


def read(name: str, content: bytes, region: Region, wanted: Wanted, now: datetime) -> Read:
    """The turns of a file, or why not; `name` says which kind it is."""
    if len(content) > BIGGEST:
        return Read((), (Refusal(0, Why.TOO_BIG),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Read((), (Refusal(0, Why.NOT_TEXT),))
    reader = _Reader(region, wanted, now)
    if name.casefold().endswith(".ics"):
        reader.calendar(text)
    else:
        reader.table(text)
    if not reader.refusals and not reader.turns:
        reader.refuse(0, Why.EMPTY)
    elif not reader.refusals and (last := max(turn.ends for turn in reader.turns)) <= now:
        reader.refuse(0, Why.OVER, f"{last.astimezone(ZoneInfo(region.timezone)):%d/%m/%Y}")
    return Read(tuple(reader.turns), tuple(reader.refusals))


class _Reader:
    """Reads turn after turn and gathers what is wrong."""

    def __init__(self, region: Region, wanted: Wanted, now: datetime) -> None:
        self.turns: list[Named] = []
        self.refusals: list[Refusal] = []
        self._region, self._wanted, self._now = region, wanted, now
        self._zone = ZoneInfo(region.timezone)

    def refuse(self, line: int, why: Why, value: object = "") -> None:
        """That line is bad."""
        self.refusals.append(Refusal(line, why, " ".join(str(value).split())[:60]))

    def _take(self, turn: Named) -> None:
        """One more turn, unless its hours are impossible or the file is too long."""
        hours = f"{turn.begins.astimezone(self._zone):%d/%m/%Y %H:%M}"
        if turn.ends <= turn.begins:
            self.refuse(turn.line, Why.ORDER, hours)
        elif turn.ends - turn.begins > LONGEST:
            self.refuse(turn.line, Why.TOO_LONG, hours)
        elif len(self.turns) < MOST_TURNS:
            self.turns.append(turn)
        elif not any(refusal.why is Why.TOO_MANY for refusal in self.refusals):
            self.refuse(0, Why.TOO_MANY)

    # CSV

    def table(self, text: str) -> None:
        """Columns step,sector,who,begins,ends in any order, with commas or semicolons."""
        first = text.partition("\n")[0]
        rows = csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
        header = [cell.strip().casefold() for cell in next(rows, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            self.refuse(1, Why.HEADER, ", ".join(missing))
            return
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                self.refuse(rows.line_num, Why.COLUMNS, len(cells))
                continue
            row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            self._row(rows.line_num, row)

    def _row(self, line: int, row: Mapping[str, str]) -> None:
        before = len(self.refusals)
        step = step_called(self._region, row["step"]) if row["step"] else self._wanted.step
        if step is None:
            self.refuse(line, Why.STEP, row["step"])
        sector = self._wanted.sector
        if row["sector"]:
            sector = sector_called(self._region, row["sector"])
            if sector is None:
                self.refuse(line, Why.SECTOR, row["sector"])
        if not row["who"]:
            self.refuse(line, Why.NO_WHO)
        begins, ends = (self._hour(line, row[name]) for name in ("begins", "ends"))
        if len(self.refusals) == before and step and begins and ends:
            self._take(Named(line, step, sector, (row["who"],), begins, ends))

    def _hour(self, line: int, text: str) -> datetime | None:
        """A moment, on the region's clocks where it does not say which."""
        found = read_hour(text, self._zone)
        if found is None:
            self.refuse(line, Why.HOUR, text)
        return found

    # iCalendar

    def calendar(self, text: str) -> None:
        """Every event: who by SUMMARY or ATTENDEE, the sector by CATEGORIES or LOCATION."""
        from icalendar import Calendar  # only where a roster is read: the bot does without all day long

        lines = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "BEGIN:VEVENT"]
        try:
            # As bytes: a text without line ends would be taken for the name of a file.
            calendar = Calendar.from_ical(text.encode())
        except (ValueError, KeyError, IndexError) as error:
            self.refuse(0, Why.NO_CALENDAR, str(error)[:60])
            return
        events = [event for event in calendar.walk("VEVENT") if not _is_cancelled(event)]
        placed = dict(zip(map(id, calendar.walk("VEVENT")), lines, strict=False))
        if getattr(calendar, "name", "") != "VCALENDAR":
            self.refuse(0, Why.NO_CALENDAR, "VCALENDAR")
            return
        repeated: dict[str, int] = {}
        for event in events:
            line = placed.get(id(event), 0)
            turn = self._event(event, line)
            if turn is None:
                continue
            if not any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
                self._take(turn)
            elif self._may_repeat(event, turn):
                repeated.setdefault(str(event.get("UID", "")), line)
        if repeated and not self.refusals:
            self._repeated(calendar, repeated)

    def _may_repeat(self, event: Any, turn: Named) -> bool:
        """Whether it can be written out: not more often than by the hour, nor from long ago."""
        said = event.get("RRULE")
        rules = said if isinstance(said, list) else [said] if said else []
        if turn.begins < self._now - REPEATED_SINCE or not all(_is_readable(rule) for rule in rules):
            self.refuse(turn.line, Why.REPEATED, rules[0].to_ical().decode() if rules else "RDATE")
            return False
        return True

    def _repeated(self, calendar: Any, lines: Mapping[str, int]) -> None:
        """Repeated events written out from yesterday on, with their exceptions."""
        import recurring_ical_events

        since = self._now - timedelta(days=1)
        try:
            found = recurring_ical_events.of(calendar, components=["VEVENT"]).between(
                since, self._now + REPEATED_FOR
            )
        except Exception as error:  # noqa: BLE001 - a library for rules that anybody may have written
            self.refuse(min(lines.values()), Why.REPEATED, type(error).__name__)
            return
        for event in sorted(found, key=lambda one: str(one.get("UID", ""))):
            line = lines.get(str(event.get("UID", "")))
            if line is not None and not _is_cancelled(event) and (turn := self._event(event, line)):
                self._take(turn)

    def _event(self, event: Any, line: int) -> Named | None:
        before = len(self.refusals)
        summary = " ".join(str(event.get("SUMMARY", "")).split())
        attendees = tuple(_attendees(event))
        if not summary and not attendees:
            self.refuse(line, Why.NO_WHO)
        sector = self._sector(event, line)
        begins, ends = self._hours(event, line)
        if len(self.refusals) > before or begins is None or ends is None:
            return None
        return Named(line, self._wanted.step, sector, _readings(summary), begins, ends, attendees)

    def _sector(self, event: Any, line: int) -> str | None:
        """What an event says of the sector; what it says otherwise is a mistake, unless one was given."""
        said = [*_categories(event), str(event.get("LOCATION", "")).strip()]
        said = [text for text in said if text]
        known = [name for text in said if (name := sector_called(self._region, text)) is not None]
        if known:
            return known[0]
        if said and self._wanted.sector is None:
            self.refuse(line, Why.SECTOR, said[-1])
        return self._wanted.sector

    def _hours(self, event: Any, line: int) -> tuple[datetime | None, datetime | None]:
        begins = self._moment(event, "DTSTART", line)
        if begins is None:
            return None, None
        if "DTEND" in event:
            return begins, self._moment(event, "DTEND", line)
        length = _part(event.get("DURATION"), "dt")
        if isinstance(length, timedelta):
            return begins, begins + length
        start = _part(event["DTSTART"], "dt")
        if isinstance(start, date) and not isinstance(start, datetime):
            return begins, self._midnight(start + timedelta(days=1))
        self.refuse(line, Why.NO_END)
        return begins, None

    def _moment(self, event: Any, name: str, line: int) -> datetime | None:
        """A whole day begins at midnight on the region's clocks, and so is an hour without a zone read."""
        said = event.get(name)
        if said is None or isinstance(said, list):
            self.refuse(line, Why.HOUR, name)
            return None
        at = _part(said, "dt")
        if not isinstance(at, date):
            self.refuse(line, Why.HOUR, f"{name} {said}")
            return None
        if not isinstance(at, datetime):
            return self._midnight(at)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        zone = said.params.get("TZID")
        if zone:
            self.refuse(line, Why.ZONE, zone)
            return None
        return at.replace(tzinfo=self._zone).astimezone(UTC)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self._zone).astimezone(UTC)


def read_hour(text: str, zone: ZoneInfo) -> datetime | None:
    """«2026-10-06 20:00», «06/10/2026 20:00», or with a zone of its own; in UTC. None: it is none."""
    text = " ".join(text.split())
    found: datetime | None = None
    if len(text) > len("2026-10-06"):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            for form in _FRENCH_HOURS:
                try:
                    found = datetime.strptime(text, form).replace(tzinfo=zone)
                    break
                except ValueError:
                    continue
    if found is None:
        return None
    # An hour that the clocks skip is the one they show then; of one they show twice, the first.
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _part(said: Any, name: str) -> Any:
    """An attribute of a property of the calendar; None where it could not be read."""
    try:
        return getattr(said, name, None)
    except ValueError:  # what the library raises for a broken one
        return None


def _is_readable(rule: Any) -> bool:
    """Whether a rule of repetition is one, and none of every minute."""
    if _part(rule, "get") is None:
        return False
    often = any(str(frequency) in TOO_OFTEN for frequency in rule.get("FREQ", []))
    a_day = 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        found = rule.get(part, [])
        a_day *= max(len(found) if isinstance(found, list) else 1, 1)
    return not often and a_day <= MOST_A_DAY


def _is_cancelled(event: Any) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _attendees(event: Any) -> Iterator[tuple[str, ...]]:
    """Each who takes part: the name, and the address or number behind it."""
    found = event.get("ATTENDEE", [])
    for one in found if isinstance(found, list) else [found]:
        told = _part(one, "params") or {}
        if str(told.get("PARTSTAT", "")).upper() == "DECLINED":
            continue
        if str(told.get("CUTYPE", "")).upper() in ("ROOM", "RESOURCE"):
            continue
        address = re.sub(r"^(mailto|tel):", "", str(one), flags=re.IGNORECASE)
        yield tuple(text for text in (str(told.get("CN", "")).strip(), address.strip()) if text)


def _categories(event: Any) -> list[str]:
    found = event.get("CATEGORIES", [])
    return [
        str(one).strip()
        for many in (found if isinstance(found, list) else [found])
        for one in _part(many, "cats") or [many]
    ]


def _readings(summary: str) -> tuple[str, ...]:
    """«Garde : Dr Claire Morel» names her, too."""
    behind = [summary.rpartition(sign)[2].strip() for sign in (":", " - ", " – ") if sign in summary]
    return tuple(dict.fromkeys(text for text in (summary, *behind) if text))


class Directory:
    """Who may be on duty, by number and by exact name."""

    def __init__(self, people: Iterable[Person], houses: Iterable[Organisation], *, fiction: bool) -> None:
        self._fiction = fiction
        self._by: dict[str, set[Party]] = {}
        self._doctors: set[Party] = set()
        for person in people:
            party = Party.person(person.id)
            names = (f"{person.first_name} {person.last_name}", f"{person.last_name} {person.first_name}")
            self._add(party, [person.phone, person.rpps, person.email], names)
            if person.role is Role.DOCTOR:
                self._doctors.add(party)
        for house in houses:
            party = Party.organisation(house.id)
            self._add(party, [line.phone for line in house.all_lines], (house.name,))
            self._doctors.add(party)

    def _add(self, party: Party, keys: Iterable[str | None], names: Iterable[str]) -> None:
        for key in (*(key.casefold() for key in keys if key), *(f"={plain(name)}" for name in names)):
            self._by.setdefault(key, set()).add(party)

    def find(self, text: str) -> Party | Why:
        """The one doctor or house that text names, or why there is none."""
        phone = read_phone(text, fiction=self._fiction)
        keys = [
            text.strip().casefold(),
            re.sub(r"\s", "", text),
            phone.e164 if phone else "",
            f"={plain(_TITLE.sub('', text.strip().replace('.', ' ')))}",
        ]
        found = next((self._by[key] for key in keys if key and key in self._by), set())
        if not found:
            return Why.UNKNOWN
        doctors = found & self._doctors
        if not doctors:
            return Why.NO_DOCTOR
        return next(iter(doctors)) if len(doctors) == 1 else Why.SEVERAL

    def find_any(self, readings: Sequence[str]) -> Party | Why:
        """By the first reading that names somebody."""
        found = [self.find(text) for text in readings]
        party = next((one for one in found if isinstance(one, Party)), None)
        return party or next((one for one in found if one is not Why.UNKNOWN), Why.UNKNOWN)


def resolved(turns: Iterable[Named], directory: Directory, source: str) -> tuple[list[Duty], list[Refusal]]:
    """The turns with their doctors, each once; and those that name nobody who may be on duty."""
    found: dict[Duty, None] = {}
    refusals = []
    for turn in turns:
        parties: list[Party] = []
        own = directory.find_any(turn.who)
        if isinstance(own, Party):
            parties.append(own)
        elif not turn.attendees:
            refusals.append(Refusal(turn.line, own, turn.who[0]))
        for attendee in turn.attendees if not parties else ():
            other = directory.find_any(attendee)
            if isinstance(other, Party):
                parties.append(other)
            else:
                refusals.append(Refusal(turn.line, other, attendee[0]))
        for party in parties:
            found[Duty(0, turn.step, turn.sector, party, turn.begins, turn.ends, source)] = None
    return list(found), refusals
