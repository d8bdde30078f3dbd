"""What the journal tells of many missions: activity of a period, indemnities of a month, each one's own list.

Pure counting. Nothing is computed from how a mission stands today, only from what was written down when
it happened; what was not written down is counted as missing, never guessed. Exercises count nowhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from bot.domain.mission import EndReason, Mission, PatientOutcome
from bot.domain.money import IndemnityDecision
from bot.domain.outcome import Facts
from bot.domain.people import MissionId, Party, PersonId

#: The longest period a report is made of.
LONGEST = timedelta(days=400)


# Periods


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, the last one left out."""

    start: date
    end: date

    @property
    def last(self) -> date:
        """The last day."""
        return self.end - timedelta(days=1)

    @property
    def is_month(self) -> bool:
        """Whether it is one whole month."""
        return self == month_of(self.start)


def month_of(day: date) -> Period:
    """The month a day is in."""
    return Period(day.replace(day=1), _next_month(day))


def month_before(period: Period) -> Period:
    """The month before the one a period begins in."""
    return month_of(period.start.replace(day=1) - timedelta(days=1))


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("janvier", "janv"),
            ("fevrier", "février", "fevr", "févr"),
            ("mars",),
            ("avril", "avr"),
            ("mai",),
            ("juin",),
            ("juillet", "juil"),
            ("aout", "août"),
            ("septembre", "sept"),
            ("octobre", "oct"),
            ("novembre", "nov"),
            ("decembre", "décembre", "dec", "déc"),
        ),
        start=1,
    )
    for name in names
}
_DAY = r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.](\d{1,2})[/.](\d{4})"


def read_period(text: str, today: date) -> Period | None:
    """«», «2026-10», «10/2026», «octobre», «2026», «01/10/2026 15/10/2026»; None when it is no period."""
    text = " ".join(text.lower().split())
    if not text:
        return month_of(today)
    try:
        found = _read_days(text) or _read_month(text, today)
    except ValueError:
        return None
    return found if found is not None and timedelta() < found.end - found.start <= LONGEST else None


def _read_days(text: str) -> Period | None:
    days = [_day(found) for found in re.finditer(_DAY, text)]
    if not days or re.sub(rf"{_DAY}|\b(?:du|au|a|à|et)\b|[\s-]", "", text):
        return None
    return Period(days[0], days[-1] + timedelta(days=1)) if len(days) <= 2 else None


def _day(found: re.Match[str]) -> date:
    if found[1]:
        return date(int(found[1]), int(found[2]), int(found[3]))
    return date(int(found[6]), int(found[5]), int(found[4]))


def _read_month(text: str, today: date) -> Period | None:
    if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})", text):
        return month_of(date(int(found[1]), int(found[2]), 1))
    if found := re.fullmatch(r"(\d{1,2})[-/.](\d{4})", text):
        return month_of(date(int(found[2]), int(found[1]), 1))
    if re.fullmatch(r"20\d{2}", text):
        return Period(date(int(text), 1, 1), date(int(text) + 1, 1, 1))
    name, _, year = text.partition(" ")
    number = _MONTHS.get(name.rstrip("."))
    if number is None or (year and not re.fullmatch(r"20\d{2}", year)):
        return None
    if year:
        return month_of(date(int(year), number, 1))
    return month_of(date(today.year if number <= today.month else today.year - 1, number, 1))


# One mission as the journal tells it


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of the journal."""

    at: datetime
    kind: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Bill:
    """What was written down for one nurse at one moment."""

    at: datetime
    person: PersonId
    code: str | None
    amount: Decimal | None
    decision: IndemnityDecision
    reason: str
    indemnity: Decimal
    answered: bool


@dataclass(slots=True)
class Course:
    """One mission. What never happened, or was not written down, is None."""

    mission: MissionId
    number: int
    year: int
    commune: str  # INSEE code
    exercise: bool
    triggered_at: datetime
    first_accepted_at: datetime | None = None
    accepted_at: datetime | None = None  # by the nurse who has it in the end
    accepted_by: PersonId | None = None
    given_back: int = 0
    nobody_in_time: bool = False
    arrived_at: datetime | None = None
    doctor: Party | None = None
    video_at: datetime | None = None  # the first link was made: when the call began is not known
    finished_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    position: int | None = None
    outcome: str | None = None
    bills: list[Bill] = field(default_factory=list)
    doctor_bills: list[tuple[Party, str, Decimal]] = field(default_factory=list)


def course(mission: Mission, lines: Iterable[Happened]) -> Course:
    """Read the journal of one mission; of the mission itself only what never changes."""
    told = Course(
        mission.id, mission.number, mission.year, mission.commune, mission.exercise, mission.triggered_at
    )
    for line in lines:
        _read(told, line)
    return told


def _read(told: Course, line: Happened) -> None:
    facts = line.facts
    match line.kind:
        case "search.accepted":
            told.accepted_at, told.accepted_by = line.at, PersonId(_number(facts["person"]))
            told.first_accepted_at = told.first_accepted_at or line.at
        case "search.given_back":
            told.given_back += 1
            told.accepted_at = told.accepted_by = told.arrived_at = None
        case "control.unassigned":
            told.accepted_at = told.accepted_by = None
        case "search.nobody":
            told.nobody_in_time = told.nobody_in_time or told.first_accepted_at is None
        case "visit.arrived":
            told.arrived_at = told.arrived_at or line.at
        case "cascade.accepted":
            told.doctor = Party.read(str(facts["party"]))
        case "cascade.withdrawn" | "cascade.unaccepted":
            told.doctor = None
        case "visio.created":
            told.video_at = told.video_at or line.at
        case "visit.finished":
            told.finished_at = line.at
        case _:
            _read_end(told, line)


def _read_end(told: Course, line: Happened) -> None:
    facts = line.facts
    match line.kind:
        case "mission.ended":
            told.ended_at, told.reason = line.at, str(facts["reason"])
            told.position = _number(facts["position"]) if facts.get("position") is not None else None
        case "mission.reopened":
            told.ended_at = told.reason = told.position = told.outcome = told.finished_at = None
            if not facts.get("nurse_kept"):
                told.accepted_at = told.accepted_by = told.arrived_at = None
        case "closing.idel_done":
            told.outcome = str(facts["outcome"]) if facts.get("outcome") is not None else None
        case "billing.idel":
            told.bills.append(_bill(line))
        case "billing.doctor":
            party = Party.read(str(facts["party"]))
            told.doctor_bills.append((party, str(facts["codes"]), Decimal(str(facts["total"]))))


def _number(fact: object) -> int:
    return int(str(fact))


def _bill(line: Happened) -> Bill:
    facts = line.facts
    amount = facts.get("amount")
    return Bill(
        line.at,
        PersonId(_number(facts["person"])),
        str(facts["code"]) if facts.get("code") is not None else None,
        Decimal(str(amount)) if amount is not None else None,
        IndemnityDecision(str(facts["decision"])),
        str(facts["reason"]),
        Decimal(str(facts["indemnity"])),
        bool(facts.get("answered", True)),
    )


# Activity


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, and of how many more it is not known."""

    count: int
    of: int
    missing: int = 0

    @property
    def percent(self) -> int | None:
        """Rounded; None of none."""
        return round(100 * self.count / self.of) if self.of else None


@dataclass(frozen=True, slots=True)
class Delay:
    """The median of whole minutes, over how many, and how many had one end only."""

    minutes: int | None
    of: int
    missing: int


@dataclass(frozen=True, slots=True)
class Activity:
    """The figures of a period. `delays` and the counters are in the order in which they are shown."""

    triggered: int
    exercises: int  # left out of every other figure
    unfinished: int
    accepted: Share
    nobody_in_time: Share
    given_back: int
    visited: Share
    home: Share
    emergency: Share
    technical: Share
    delays: dict[str, Delay]
    positions: dict[int, int]  # step of the cascade → missions with a doctor or that stopped there
    without_position: int
    reasons: dict[str, int]


def activity(courses: Sequence[Course]) -> Activity:
    """Count the missions of a period."""
    real = [c for c in courses if not c.exercise]
    visited = [c for c in real if c.arrived_at is not None]
    over = [c for c in real if c.ended_at is not None]
    known = [c for c in visited if c.outcome is not None]
    unknown = len(visited) - len(known)
    return Activity(
        triggered=len(real),
        exercises=len(courses) - len(real),
        unfinished=len(real) - len(over),
        accepted=Share(sum(c.first_accepted_at is not None for c in real), len(real)),
        nobody_in_time=Share(sum(c.nobody_in_time for c in real), len(real)),
        given_back=sum(c.given_back for c in real),
        visited=Share(len(visited), len(real)),
        home=Share(sum(c.outcome == PatientOutcome.HOME for c in known), len(known), unknown),
        emergency=Share(sum(c.outcome == PatientOutcome.EMERGENCY for c in known), len(known), unknown),
        technical=Share(sum(c.reason == EndReason.TECHNICAL for c in over), len(over)),
        delays={
            "accept": _delay([(c.triggered_at, c.first_accepted_at) for c in real]),
            "arrive": _delay([(c.accepted_at, c.arrived_at) for c in real if c.accepted_at]),
            "video": _delay([(c.arrived_at, c.video_at) for c in visited]),
            "end": _delay([(c.video_at, c.ended_at) for c in real if c.video_at]),
            "all": _delay([(c.triggered_at, c.ended_at) for c in visited]),
        },
        positions=dict(sorted(Counter(c.position for c in over if c.position is not None).items())),
        without_position=sum(c.position is None for c in over),
        reasons=dict(Counter(c.reason for c in over if c.reason is not None).most_common()),
    )


def _delay(ends: Sequence[tuple[datetime | None, datetime | None]]) -> Delay:
    """A link made before the arrival waits no time: it counts as 0."""
    known = [(b - a).total_seconds() / 60 for a, b in ends if a is not None and b is not None]
    minutes = round(median(max(0.0, m) for m in known)) if known else None
    return Delay(minutes, len(known), len(ends) - len(known))


# Indemnities


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement. `replaced` by a later one, which is a `correction`."""

    person: PersonId
    course: Course
    bill: Bill | None  # None: accepted, and nothing written down yet
    correction: bool = False
    replaced: bool = False

    @property
    def counts(self) -> bool:
        """Whether it stands in the totals."""
        return self.bill is not None and not self.replaced


def statement(courses: Iterable[Course]) -> list[Line]:
    """Every nurse who accepted, mission by mission; a correction is a new line under the one it replaces."""
    lines: list[Line] = []
    for told in sorted(courses, key=lambda c: (c.triggered_at, c.number)):
        if told.exercise:
            continue
        newest = {bill.person: bill for bill in told.bills}
        seen: set[PersonId] = set()
        for bill in told.bills:
            lines.append(
                Line(
                    bill.person,
                    told,
                    bill,
                    correction=bill.person in seen,
                    replaced=newest[bill.person] is not bill,
                )
            )
            seen.add(bill.person)
        if told.accepted_by is not None and told.accepted_by not in seen:
            lines.append(Line(told.accepted_by, told, None))
    return lines


@dataclass(frozen=True, slots=True)
class Total:
    """What the lines of one nurse come to."""

    missions: int
    due: Decimal
    to_arbitrate: Decimal
    not_due: int
    waiting: int  # lines without anything written down


def total(lines: Iterable[Line]) -> Total:
    """Sums over the lines that count; amounts of «not due» are no sum."""
    kept = [line for line in lines if not line.replaced]
    due = IndemnityDecision.DUE
    arbitrate = IndemnityDecision.TO_ARBITRATE
    bills = [line.bill for line in kept if line.bill is not None]
    return Total(
        missions=len(kept),
        due=sum((b.indemnity for b in bills if b.decision is due), Decimal(0)),
        to_arbitrate=sum((b.indemnity for b in bills if b.decision is arbitrate), Decimal(0)),
        not_due=sum(b.decision is IndemnityDecision.NOT_DUE for b in bills),
        waiting=sum(line.bill is None for line in kept),
    )


# A doctor's own list


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """One mission a doctor had. Without codes: not confirmed by the doctor."""

    course: Course
    codes: str | None
    amount: Decimal | None


def of_doctor(courses: Iterable[Course], party: Party) -> list[DoctorLine]:
    """The missions that doctor had in the end, oldest first."""
    lines = []
    for told in sorted(courses, key=lambda c: (c.triggered_at, c.number)):
        if told.exercise or told.doctor != party:
            continue
        bill = next((b for b in reversed(told.doctor_bills) if b[0] == party), None)
        lines.append(DoctorLine(told, bill[1] if bill else None, bill[2] if bill else None))
    return lines
