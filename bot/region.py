"""The region file: one TOML and two tables on disk → `Region`.

Knows the shape of the files and how to mend them; knows nothing of what the values are for.
"""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
import msgspec

from bot.domain import sectors
from bot.domain.change import written
from bot.domain.people import CascadeStep
from bot.domain.phone import read_phone
from bot.domain.region import (
    PATIENT_SHARES,
    Ability,
    Commune,
    Delays,
    Fallback,
    Motif,
    OpeningHours,
    PatientShare,
    Question,
    Region,
    Resource,
    SearchPolicy,
    Sector,
    StepRule,
    Tariff,
    sectors_of,
)
from bot.domain.region_checks import Why, faults
from bot.domain.table import MissingColumnsError
from bot.domain.table import rows as rows_of_table

#: The file used when `SMT_REGION` names none.
SHIPPED = Path(__file__).parent / "regions" / "sas68.toml"

#: The codes without which nothing can be billed or offered.
TARIFF_CODES = ("TLD", "TLS", "TCG", "SNP", "INDEMNITE")

#: Those that must have an amount on every day; the indemnity may be unfunded for a while.
BILLED = TARIFF_CODES[:4]

#: How a doctor may be reached at a step of the cascade.
CHANNELS = ("telegram", "sms", "phone")

#: Buttons under one question.
MOST_CHOICES = 6

#: The longest words of a button that stands alone, and of one with a mark before it.
BUTTON = 38

#: Where the words of the file end up: the longest of each. The key is the one in its row.
LONGEST = {
    "name": 16,  # first words of every text message
    "department": 40,
    "emergency": 6,  # in first lines and in the text messages
    "contact_email": 64,
    "website": 64,
    "motifs.label": BUTTON,
    "steps.label": 24,  # beside its state on one line of a card
    "abilities.label": BUTTON - 2,  # with its tick
    "questions.text": 60,  # a line of the doctor's card, with its answer
    "questions.choices.label": 30,
    "resources.label": BUTTON,
    "resources.url": 256,
    "patient_shares.label": 30,
}

#: How many rows each table may have: more buttons, or lines, no message holds.
MOST = {
    "motifs": 40,
    "abilities": 24,
    "questions": 8,
    "resources": 8,
    "patient_shares": 8,
    "estimates": 6,
    "later_estimates": 6,
}

#: Minutes of an estimate: a day is the longest.
LONGEST_ESTIMATE = 24 * 60

#: The places of a text message of one part, and of two: more parts no gateway is asked for.
SMS = 160
TWO_SMS = 306

#: How to mend what the values of a region must hold to, whoever sets them.
_MEND = {
    Why.TOO_LONG: "longer than 48 h. Was another unit meant?",
    Why.ANSWER_PAST_LIMIT: "an answer is due before the limit. Shorten it.",
    Why.WARNING_PAST_ANSWER: "the warning comes before the end of the answer delay. Shorten it.",
    Why.REMINDERS_IN_ORDER: "each reminder later than the one before. Put them in order.",
    Why.PURGE_PAST_CEILING: "Telegram deletes nothing older than 48 h. Write 40 h.",
    Why.WAVE_SIZES: "nurses in a wave: 1 or more, and not more than largest.",
    Why.CLOSES_BEFORE_OPENING: "closes before it opens. Correct the hours.",
    Why.HOURS_OVERLAP: "one day has hours that overlap. Keep one of them.",
}

_SUBDIVISIONS: list[str] = holidays.list_supported_countries()["FR"]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DURATION = re.compile(r"(?:(?P<hours>\d{1,3}) ?h)?(?: ?(?P<minutes>\d{1,4})(?: ?min)?)?")
_HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")

T = TypeVar("T")


class RegionError(ValueError):
    """A region file that cannot be used. Each line names file, line, key, and how to mend it."""


class _Base(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Motif(_Base):
    key: str
    label: str
    needs: list[str] = []
    words: list[str] = []
    general: bool = False
    recognised: bool = True
    valid_from: date | None = None
    valid_until: date | None = None


class _PatientShare(_Base):
    label: str
    rate: str


class _Ability(_Base):
    key: str
    label: str


class _Choice(_Base):
    key: str
    label: str


class _Question(_Base):
    key: str
    text: str
    choices: list[_Choice]
    by: str = "idel"


class _Resource(_Base):
    label: str
    url: str


class _Search(_Base):
    usual: str = "offer"
    radii_km: list[float] = []
    every: str = "5 min"
    wanted: float = 2.0
    smallest: int = 8
    largest: int = 60
    history_days: int = 60
    rotation_days: int = 30
    alike_km: float = 5.0
    unlikely_under: float = 0.5
    unlikely_from: int = 10


class _Step(_Base):
    step: CascadeStep
    label: str
    delay: str
    snp: bool
    skipped_in_mmg: bool = False
    only_if_duty_begins: bool = False
    by_duty: bool = False
    channels: tuple[str, ...] = ("telegram", "phone", "sms")
    valid_from: date | None = None
    valid_until: date | None = None


class _Hours(_Base):
    days: list[str]
    opens: str
    closes: str
    valid_from: date | None = None
    valid_until: date | None = None


class _Garde(_Base):
    days: list[str]
    begins: str


class _OpenDay(_Base):
    day: date
    opens: str
    closes: str


class _Tariff(_Base):
    code: str
    amount: str
    valid_from: date | None = None
    valid_until: date | None = None


class _Fallback(_Base):
    operator: str = "another"
    coordinateur: bool = True
    sms: bool = True
    again: str = "15 min"


class _File(_Base):
    key: str
    name: str
    department: str
    timezone: str
    osnp_phone: str
    emergency: str
    contact_phone: str
    contact_email: str
    website: str
    estimates: list[int]
    later_estimates: list[int]
    minimum_age: int
    decade_ages_under: int
    usual_idel_minutes: int
    visio_url: str
    communes: str
    sectors: str
    closed_days: list[date]
    open_days: list[_OpenDay]
    hours: list[_Hours]
    garde: list[_Garde]
    motifs: list[_Motif]
    steps: list[_Step]
    delays: dict[str, Any]
    tariffs: list[_Tariff]
    holidays_subdivision: str | None = None
    news2_from_age: int | None = None
    search_radius_km: float | None = None
    fallback: _Fallback = msgspec.field(default_factory=_Fallback)
    search: _Search = msgspec.field(default_factory=_Search)
    abilities: list[_Ability] = []
    questions: list[_Question] = []
    resources: list[_Resource] = []
    patient_shares: list[_PatientShare] | None = None
    snp_per_week: int = 20


def load_region(path: Path | None = None) -> Region:
    """The region of a TOML file and its two tables; the shipped SAS 68 when `path` is None.

    Raises RegionError with every fault found, one a line.
    """
    source = _Source.read(path or SHIPPED)
    _check_keys_of_file(source)
    try:
        told = msgspec.convert(source.tables, _File)
    except msgspec.ValidationError as error:
        raise RegionError(source.explain(str(error))) from None
    region = _build(source, told)
    if source.faults:
        raise RegionError("\n".join(source.faults))
    return region


def _check_keys_of_file(source: "_Source") -> None:
    """All that is missing or misspelt on the first level, before anything is read."""
    known = {field.encode_name: field.required for field in msgspec.structs.fields(_File)}
    for key in source.tables:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            mend = f"Was {near[0]} meant?" if near else f"Compare with the shipped {SHIPPED.name}."
            source.fault(key, f"No such key. {mend}")
    for key, required in known.items():
        if required and key not in source.tables:
            source.fault(key, f"Missing key. Compare with the shipped {SHIPPED.name}.")
    if source.faults:
        raise RegionError("\n".join(source.faults))


class _Source:
    """A TOML file, where each key stands in it, and what was found wrong."""

    def __init__(self, path: Path, text: str, tables: dict[str, Any]) -> None:
        self.path = path
        self.tables = tables
        self.lines = _lines_of_keys(text)
        self.faults: list[str] = []
        self.delays_read = True

    @classmethod
    def read(cls, path: Path) -> "_Source":
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RegionError(
                f"{path}: {reason}. Set SMT_REGION to an existing region file, or leave it empty for SAS 68."
            ) from None
        except UnicodeDecodeError:
            raise RegionError(f"{path.name}: not UTF-8. Save the file again as UTF-8.") from None
        try:
            return cls(path, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise RegionError(_not_toml(path.name, text, str(error))) from None

    def place(self, key: str) -> str:
        """«sas68.toml, line 34, delays.limit»; the nearest known parent gives the line."""
        near = key
        while near and near not in self.lines:
            near = near[: max(near.rfind("."), near.rfind("["), 0)]
        line = f", line {self.lines[near]}" if near else ""
        return f"{self.path.name}{line}, {key}"

    def fault(self, key: str, what: str) -> None:
        self.faults.append(f"{self.place(key)}: {what}")

    def explain(self, error: str) -> str:
        """A msgspec error with the file, line and key in front."""
        what, _, where = error.partition(" - at `$")
        where = where.rstrip("`").replace("[...]", "").lstrip(".")
        if name := re.search(r"field `(\w+)`", what):
            where = f"{where}.{name[1]}".lstrip(".")
        what = what.replace("Object contains unknown field", "No such key:")
        what = what.replace("Object missing required field", "Missing key:")
        mend = f"Compare with the shipped {SHIPPED.name}."
        if what.startswith("Invalid enum"):
            mend = f"Choose among {', '.join(CascadeStep)}."
        return f"{self.place(where)}: {what.replace('`', '')}. {mend}"

    def duration(self, key: str, text: str) -> timedelta:
        found = _DURATION.fullmatch(text.strip())
        hours, minutes = (found["hours"], found["minutes"]) if found else (None, None)
        if not found or (hours is None and not text.rstrip().endswith("min")):
            self.fault(key, f'"{text}" is no duration. Write "10 min", "6 h" or "1 h 30".')
            return timedelta(minutes=1)
        length = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        if not length:
            self.fault(key, "a delay of zero would ring at once, for ever. Write at least 1 min.")
        return length

    def hour(self, key: str, text: str) -> time:
        found = _HOUR.fullmatch(text.strip())
        if not found:
            self.fault(key, f'"{text}" is no hour of the day. Write it "08:00".')
            return time(0, 0)
        return time(int(found[1]), int(found[2]))

    def weekdays(self, key: str, names: Sequence[str]) -> Iterator[int]:
        for name in names:
            if name in _WEEKDAYS:
                yield _WEEKDAYS.index(name)
            else:
                self.fault(key, f'"{name}" is no weekday. Choose among {", ".join(_WEEKDAYS)}.')

    def phone(self, key: str, text: str) -> str:
        phone = read_phone(text, fiction=True)
        if phone is None:
            self.fault(key, f'"{text}" is no phone number. Write it "+33389647015".')
        return phone.e164 if phone else text


def _build(source: _Source, told: _File) -> Region:
    communes = _communes(source, told.communes)
    region = Region(
        key=told.key,
        name=told.name,
        department=told.department,
        timezone=told.timezone,
        holidays_subdivision=told.holidays_subdivision,
        osnp_phone=source.phone("osnp_phone", told.osnp_phone),
        emergency=told.emergency,
        contact_phone=source.phone("contact_phone", told.contact_phone),
        contact_email=told.contact_email,
        website=told.website,
        hours=_hours(source, told.hours),
        closed_days=frozenset(told.closed_days),
        open_days=_open_days(source, told),
        motifs=_motifs(source, told.motifs),
        steps=_steps(source, told.steps),
        delays=_delays(source, told.delays),
        tariffs=_tariffs(source, told.tariffs),
        estimates=tuple(told.estimates),
        later_estimates=tuple(told.later_estimates),
        minimum_age=told.minimum_age,
        news2_from_age=told.news2_from_age,
        decade_ages_under=told.decade_ages_under,
        search_radius_km=told.search_radius_km,
        visio_url=told.visio_url,
        communes=communes,
        sectors=_sectors(source, told.sectors, communes),
        garde_begins=_garde(source, told.garde),
        usual_idel_minutes=told.usual_idel_minutes,
        fallback=Fallback(
            operator=told.fallback.operator == "another",
            coordinateur=told.fallback.coordinateur,
            sms=told.fallback.sms,
            again=source.duration("fallback.again", told.fallback.again),
        ),
        search=_search(source, told.search),
        abilities=tuple(Ability(a.key, a.label) for a in told.abilities),
        questions=_questions(source, told.questions),
        resources=tuple(Resource(r.label, r.url) for r in told.resources),
        patient_shares=_patient_shares(source, told.patient_shares),
        snp_per_week=told.snp_per_week,
    )
    _check(source, told, region)
    return region


def _in_order(source: _Source, key: str, first: date | None, last: date | None) -> None:
    if first is not None and last is not None and first > last:
        source.fault(f"{key}.valid_until", "ends before it begins.")


def _motifs(source: _Source, told: list[_Motif]) -> tuple[Motif, ...]:
    found = []
    for n, row in enumerate(told):
        _in_order(source, f"motifs[{n}]", row.valid_from, row.valid_until)
        for word in row.words:
            if not re.fullmatch(r"[^\W\d_][\w' -]*\*?", word):
                source.fault(
                    f"motifs[{n}].words", f'"{word}": letters and spaces; a * at its end for any ending.'
                )
        found.append(
            Motif(
                key=row.key,
                label=row.label,
                needs=tuple(row.needs),
                words=tuple(row.words),
                general=row.general,
                recognised=row.recognised,
                valid_from=row.valid_from,
                valid_until=row.valid_until,
            )
        )
    return tuple(found)


def _patient_shares(source: _Source, told: list[_PatientShare] | None) -> tuple[PatientShare, ...]:
    if told is None:
        return PATIENT_SHARES
    found = []
    for n, row in enumerate(told):
        try:
            rate = Decimal(row.rate)
        except InvalidOperation:
            rate = Decimal("NaN")
        if not rate.is_finite() or not 0 <= rate <= 1:
            source.fault(f"patient_shares[{n}].rate", f'"{row.rate}" is no rate. Write "0.30" for 30 %.')
        found.append(PatientShare(row.label, rate))
    if not found:
        source.fault(
            "patient_shares", "who pays what? Add one [[patient_shares]], or none for the national rules."
        )
    return tuple(found)


def _hours(source: _Source, told: list[_Hours]) -> tuple[OpeningHours, ...]:
    found = []
    for n, row in enumerate(told):
        opens, closes = _span(source, f"hours[{n}]", row.opens, row.closes)
        _in_order(source, f"hours[{n}]", row.valid_from, row.valid_until)
        found += [
            OpeningHours(day, opens, closes, row.valid_from, row.valid_until)
            for day in source.weekdays(f"hours[{n}].days", row.days)
        ]
    found.sort(key=lambda hours: (hours.weekday, hours.opens))
    twice = {before.weekday for before, after in combinations(found, 2) if _overlap_hours(before, after)}
    if twice:
        days = ", ".join(_WEEKDAYS[day] for day in sorted(twice))
        source.fault("hours", f"hours that overlap on {days}. Keep one of them, or end it by valid_until.")
    if not found:
        source.fault("hours", "the service is never open. Add one [[hours]].")
    return tuple(found)


def _overlap_hours(a: OpeningHours, b: OpeningHours) -> bool:
    return (
        a.weekday == b.weekday
        and a.opens < b.closes
        and b.opens < a.closes
        and (a.valid_from or date.min) <= (b.valid_until or date.max)
        and (b.valid_from or date.min) <= (a.valid_until or date.max)
    )


def _search(source: _Source, told: _Search) -> SearchPolicy:
    return SearchPolicy(
        usual=told.usual,
        radii_km=tuple(told.radii_km),
        every=source.duration("search.every", told.every),
        wanted=told.wanted,
        smallest=told.smallest,
        largest=told.largest,
        history=timedelta(days=min(max(told.history_days, 0), 3650)),  # more is refused below
        rotation=timedelta(days=min(max(told.rotation_days, 0), 3650)),
        alike_km=told.alike_km,
        unlikely_under=told.unlikely_under,
        unlikely_from=told.unlikely_from,
    )


def _questions(source: _Source, told: list[_Question]) -> tuple[Question, ...]:
    found = []
    for n, row in enumerate(told):
        if not 2 <= len(row.choices) <= MOST_CHOICES:
            source.fault(f"questions[{n}].choices", f"2 to {MOST_CHOICES} buttons. Merge or drop some.")
        if not _once(choice.key for choice in row.choices):
            source.fault(f"questions[{n}].choices", "two choices have the same key.")
        if row.by not in ("osnp", "idel"):
            source.fault(f"questions[{n}].by", 'Write "osnp" (at the opening) or "idel" (at the patient\'s).')
        choices = tuple((choice.key, choice.label) for choice in row.choices)
        found.append(Question(row.key, row.text, choices, row.by))
    return tuple(found)


def _span(source: _Source, key: str, opens: str, closes: str) -> tuple[time, time]:
    begin, end = source.hour(f"{key}.opens", opens), source.hour(f"{key}.closes", closes)
    if begin >= end:
        source.fault(f"{key}.closes", f"closes at {closes}, not after {opens}. Cut a night at midnight.")
    return begin, end


def _open_days(source: _Source, told: _File) -> tuple[tuple[date, time, time], ...]:
    found = []
    for n, row in enumerate(told.open_days):
        found.append((row.day, *_span(source, f"open_days[{n}]", row.opens, row.closes)))
        if row.day in told.closed_days:
            source.fault(f"open_days[{n}]", f"{row.day} is also in closed_days. Keep one of them.")
    return tuple(sorted(found))


def _garde(source: _Source, told: list[_Garde]) -> tuple[tuple[int, time], ...]:
    found: dict[int, time] = {}
    for n, row in enumerate(told):
        begins = source.hour(f"garde[{n}].begins", row.begins)
        for day in source.weekdays(f"garde[{n}].days", row.days):
            if found.setdefault(day, begins) != begins:
                source.fault(f"garde[{n}].days", f"{_WEEKDAYS[day]} begins twice. Keep one hour.")
    return tuple(sorted(found.items()))


def _steps(source: _Source, told: list[_Step]) -> tuple[StepRule, ...]:
    if not told:
        source.fault("steps", "nobody is asked for the video. Add one [[steps]].")
    for n, row in enumerate(told):
        if not row.channels or any(channel not in CHANNELS for channel in row.channels):
            source.fault(f"steps[{n}].channels", f"one or several of {', '.join(CHANNELS)}, in their order.")
        if row.by_duty and row.step is CascadeStep.MEDECIN_TRAITANT:
            source.fault(f"steps[{n}].by_duty", "the patient's own doctor is on no duty roster.")
        _in_order(source, f"steps[{n}]", row.valid_from, row.valid_until)
    return tuple(
        StepRule(
            step=row.step,
            label=row.label,
            delay=source.duration(f"steps[{n}].delay", row.delay),
            snp=row.snp,
            skipped_in_mmg=row.skipped_in_mmg,
            only_if_duty_begins=row.only_if_duty_begins,
            by_duty=row.by_duty,
            channels=tuple(row.channels),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        for n, row in enumerate(told)
    )


def _delays(source: _Source, told: dict[str, Any]) -> Delays:
    wanted, before = [field.name for field in fields(Delays)], len(source.faults)
    for name in told:
        if name not in wanted:
            source.fault(f"delays.{name}", f"no such delay. Choose among {', '.join(wanted)}.")
    values: dict[str, Any] = {}
    for name in wanted:
        key, several = f"delays.{name}", name == "orientation_reminders"
        texts = told.get(name) if several else [told.get(name)]
        if name not in told:
            source.fault(key, f"missing. Compare with the shipped {SHIPPED.name}.")
        elif not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            source.fault(key, 'a list: ["3 min", "6 min"].' if several else 'one duration: "15 min".')
        else:
            lengths = [source.duration(key, text) for text in texts]
            values[name] = tuple(lengths) if several else lengths[0]
            continue
        values[name] = () if several else timedelta(minutes=1)
    source.delays_read = len(source.faults) == before
    return Delays(**values)


def _tariffs(source: _Source, told: list[_Tariff]) -> tuple[Tariff, ...]:
    found: list[Tariff] = []
    for n, row in enumerate(told):
        try:
            amount = Decimal(row.amount)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0 or amount != round(amount, 2):
            source.fault(f"tariffs[{n}].amount", f'"{row.amount}" is no amount. Write it "27.00".')
            continue
        _in_order(source, f"tariffs[{n}]", row.valid_from, row.valid_until)
        tariff = Tariff(row.code, amount, row.valid_from, row.valid_until)
        if any(_overlap(tariff, other) for other in found):
            source.fault(
                f"tariffs[{n}]", f"{row.code} has another amount on the same days. End the old one first."
            )
        found.append(tariff)
    for code in TARIFF_CODES:
        if code not in {row.code for row in told}:
            source.fault("tariffs", f"{code} missing. Add one [[tariffs]] with its amount and dates.")
    return tuple(found)


def _overlap(a: Tariff, b: Tariff) -> bool:
    return (
        a.code == b.code
        and (a.valid_from or date.min) <= (b.valid_until or date.max)
        and (b.valid_from or date.min) <= (a.valid_until or date.max)
    )


def _rows(source: _Source, name: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table beside the TOML file, with their line numbers."""
    path = source.path.parent / name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        key = "sectors" if columns[1] == "secteur" else "communes"
        raise RegionError(
            f"{source.place(key)}: {path}: {error.strerror}. The table stands beside {source.path.name}."
        ) from None
    except UnicodeDecodeError:
        raise RegionError(f"{path.name}: not UTF-8. Save the table again as «CSV UTF-8».") from None
    yield from _rows_of(text, path.name, columns)


def _rows_of(text: str, name: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table, with their line numbers. Raises RegionError."""
    try:
        yield from rows_of_table(text, columns)
    except MissingColumnsError as missing:
        raise RegionError(f"{name}: column {missing} missing in its first line.") from None
    except csv.Error as error:
        raise RegionError(f"{name}: is no table ({error}).") from None


#: South, north, west, east: the mainland with Corsica, Antilles with Guyane, the Indian Ocean, Saint-Pierre.
_FRANCE = ((41, 51.5, -5.5, 10), (2, 19, -64, -51), (-22, -12, 44, 56), (46, 47.5, -57, -56))


def _is_in_france(latitude: float, longitude: float) -> bool:
    return any(s <= latitude <= n and w <= longitude <= e for s, n, w, e in _FRANCE)


def _communes(source: _Source, name: str) -> tuple[Commune, ...]:
    columns = ("insee", "nom", "codes_postaux", "population", "epci_nom", "lat_mairie", "lon_mairie")
    found: dict[str, Commune] = {}
    for line, row in _rows(source, name, columns):
        where = f"{name}, line {line}"
        codes = tuple(row["codes_postaux"].split())
        if not re.fullmatch(r"\d[\dAB]\d{3}", row["insee"]) or row["insee"] in found:
            source.faults.append(f'{where}: insee "{row["insee"]}" is no INSEE code, or stands twice.')
            continue
        if not codes or not all(re.fullmatch(r"\d{5}", code) for code in codes):
            source.faults.append(f"{where}: codes_postaux: five digits each, a space between.")
        if not row["nom"]:
            source.faults.append(f"{where}: nom is empty.")
        try:
            commune = Commune(
                insee=row["insee"],
                name=row["nom"],
                postal_codes=codes,
                population=int(row["population"]),
                epci=row["epci_nom"],
                latitude=float(row["lat_mairie"]),
                longitude=float(row["lon_mairie"]),
            )
        except ValueError as error:
            source.faults.append(f"{where}: population, lat_mairie or lon_mairie: {error}.")
            continue
        found[row["insee"]] = commune
        if not _is_in_france(commune.latitude, commune.longitude):
            there = f"{commune.latitude}, {commune.longitude}"
            source.faults.append(
                f"{where}: lat_mairie, lon_mairie: {there} is not in France. Are they swapped?"
            )
        if commune.population < 0:
            source.faults.append(f"{where}: population: inhabitants, 0 or more.")
    return tuple(found.values())


def read_sectors(text: str, name: str, communes: Sequence[Commune]) -> dict[str, tuple[str, bool]]:
    """A table of duty sectors: INSEE code → sector, `mmg`. Raises RegionError with every bad line."""
    listed, wrong = _sector_rows(_rows_of(text, name, sectors.COLUMNS), name, communes)
    if not listed and not wrong:
        wrong.append(f"{name}: no commune in it. Write one line for each: insee,secteur,mmg.")
    if wrong:
        raise RegionError("\n".join(wrong))
    return listed


def sector_table(region: Region) -> str:
    """The table of duty sectors as it stands, one line for each commune: what `read_sectors` reads."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["insee", "nom", "secteur", "mmg"])
    for commune in region.communes:
        sector = region.sector_of(commune.insee)
        name, mmg = (sector.name, sector.mmg) if sector else (commune.epci, False)
        writer.writerow([commune.insee, commune.name, name, "oui" if mmg else "non"])
    return table.getvalue()


def _sectors(source: _Source, name: str, communes: Sequence[Commune]) -> tuple[Sector, ...]:
    listed, wrong = _sector_rows(_rows(source, name, sectors.COLUMNS), name, communes)
    source.faults += wrong
    return sectors_of(communes, listed)


def _sector_rows(
    rows: Iterator[tuple[int, dict[str, str]]], name: str, communes: Sequence[Commune]
) -> tuple[dict[str, tuple[str, bool]], list[str]]:
    """What a table of duty sectors says, and its faults, one a line."""
    listed, refusals = sectors.checked(rows, communes)
    return listed, [
        f"{name}, line {bad.line}: {_SECTOR_FAULTS[bad.why].format(value=bad.value, other=bad.other)}"
        for bad in refusals
    ]


_SECTOR_FAULTS: Mapping[sectors.Why, str] = {
    sectors.Why.UNKNOWN: 'insee "{value}" is not in the table of communes.',
    sectors.Why.TWICE: "{value} is already in {other}. Keep one line.",
    sectors.Why.NO_SECTOR: "secteur is empty.",
    sectors.Why.LONG_NAME: "secteur «{value}…» is too long, 60 letters at most.",
    sectors.Why.MMG: 'mmg is "{value}". Write oui or non.',
    sectors.Why.MMG_BOTH: "{value} has mmg both oui and non. One answer per sector.",
}


def _check(source: _Source, told: _File, region: Region) -> None:
    """What holds between keys, or is more than a type."""
    checks: tuple[tuple[bool, str, str], ...] = (
        (_is_zone(told.timezone), "timezone", 'no such time zone. Write it "Europe/Paris".'),
        (
            told.holidays_subdivision is None or told.holidays_subdivision in _SUBDIVISIONS,
            "holidays_subdivision",
            f"France has {', '.join(_SUBDIVISIONS)}; remove the line for none.",
        ),
        (bool(region.motifs), "motifs", "no motif to choose from. Add one [[motifs]]."),
        (
            "{room}" in told.visio_url and "{token}" in told.visio_url,
            "visio_url",
            "needs {room} and {token}: the link is of one mission and one person.",
        ),
        (told.search.usual in ("offer", "phone"), "search.usual", 'Write "offer" or "phone".'),
        (
            all(0 < a < b for a, b in pairwise([0.001, *told.search.radii_km])),
            "search.radii_km",
            "kilometres, each more than the one before.",
        ),
        (0 < told.search.wanted <= 100, "search.wanted", "acceptances hoped for, above 0, 100 at most."),
        (0 < told.search.history_days <= 3650, "search.history_days", "days above 0, ten years at most."),
        (0 < told.search.rotation_days <= 3650, "search.rotation_days", "days above 0, ten years at most."),
        (told.search.unlikely_from > 0, "search.unlikely_from", "past searches, 1 or more."),
        (told.search.alike_km >= 0, "search.alike_km", "kilometres, 0 or more."),
        (0 <= told.search.unlikely_under <= 1, "search.unlikely_under", "a share from 0 to 1."),
        (bool(told.estimates) and min(told.estimates) > 0, "estimates", "minutes above 0, at least one."),
        (all(minutes > 0 for minutes in told.later_estimates), "later_estimates", "minutes above 0."),
        (_once(iter(told.estimates)), "estimates", "two buttons are the same. Keep one."),
        (_once(iter(told.later_estimates)), "later_estimates", "two buttons are the same. Keep one."),
        (
            re.match(r"https?://[^\s/{}]+[^\s]*$", told.visio_url) is not None,
            "visio_url",
            "an address that starts with https:// and the host of the service.",
        ),
        (0 <= told.minimum_age <= 120, "minimum_age", "years, 0 to 120."),
        (
            told.news2_from_age is None or told.news2_from_age >= 16,
            "news2_from_age",
            "NEWS2 holds from 16 years. Remove the line to switch it off.",
        ),
        (told.snp_per_week > 0, "snp_per_week", "SNP a week, above 0."),
        (told.decade_ages_under >= 0, "decade_ages_under", "inhabitants, 0 or more."),
        (told.usual_idel_minutes > 0, "usual_idel_minutes", "minutes above 0."),
        (
            told.fallback.operator in ("another", "none"),
            "fallback.operator",
            'Write "another" for another OSNP, or "none".',
        ),
        (
            told.search_radius_km is None or told.search_radius_km > 0,
            "search_radius_km",
            "kilometres above 0. Remove the line to ask every IDEL.",
        ),
        (bool(region.communes), "communes", f"{told.communes} has no commune."),
    )
    for fine, key, what in checks:
        if not fine:
            source.fault(key, what)
    _check_rows(source, told)
    for fault in faults(region):
        if fault.key.startswith("delays.") and not source.delays_read:
            continue  # it may come of another one that could not be read
        if fault.why is not Why.CLOSES_BEFORE_OPENING:  # said where the hours were read
            source.fault(_key_in_file(told, fault.key), _MEND[fault.why])


def _check_words(source: _Source, told: _File) -> None:
    """Words that end on a button, on a first line or in a text message: short, on one line, not empty."""
    _check_contact(source, told)
    _check_labels(source, told)
    for table, most in MOST.items():
        rows = getattr(told, table) or ()
        if len(rows) > most:
            source.fault(_row(table, most), f"{len(rows)} of them, {most} fit. Merge or drop some.")
    for name in ("estimates", "later_estimates"):
        if any(minutes > LONGEST_ESTIMATE for minutes in getattr(told, name)):
            source.fault(name, f"minutes, {LONGEST_ESTIMATE} at most. Was another unit meant?")
    if (length := longest_text(told.name, told.visio_url)) > TWO_SMS:
        source.fault("visio_url", f"the text with the link has {length} places, {TWO_SMS} fit. Shorten it.")


def _check_contact(source: _Source, told: _File) -> None:
    for key in ("name", "department", "emergency", "contact_email", "website"):
        _words(source, key, key, getattr(told, key))
    if not re.fullmatch(r"\+?[\d ]+", told.emergency):
        source.fault("emergency", f'"{told.emergency}" cannot be dialled. Write it "15".')
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", told.contact_email):
        source.fault("contact_email", f'"{told.contact_email}" is no e-mail address.')


def _check_labels(source: _Source, told: _File) -> None:
    for table, field in (
        ("motifs", "label"),
        ("steps", "label"),
        ("abilities", "label"),
        ("questions", "text"),
        ("resources", "label"),
        ("resources", "url"),
        ("patient_shares", "label"),
    ):
        for n, row in enumerate(getattr(told, table) or ()):
            may_be_empty = table == "patient_shares"  # everybody else
            words = getattr(row, field)
            _words(source, f"{table}.{field}", f"{table}[{n}].{field}", words, may_be_empty=may_be_empty)
    for n, question in enumerate(told.questions):
        labels = [choice.label for choice in question.choices]
        for label in labels:
            _words(source, "questions.choices.label", f"questions[{n}].choices", label)
        if not _once(iter(labels)):
            source.fault(f"questions[{n}].choices", "two choices have the same label.")


def _words(source: _Source, limit: str, key: str, words: str, *, may_be_empty: bool = False) -> None:
    if not words.strip() and not may_be_empty:
        source.fault(key, "is empty. Write what people read.")
    elif not words.isprintable():
        source.fault(key, "one line, without tabs.")
    elif len(words) > LONGEST[limit]:
        source.fault(key, f'"{words[:24]}…" has {len(words)} characters, {LONGEST[limit]} fit. Shorten it.')


def _row(table: str, index: int) -> str:
    return f"{table}[{index}]" if table not in ("estimates", "later_estimates") else table


def longest_text(name: str, visio_url: str) -> int:
    """Places of the text message with the link of the video, at its longest: no other carries an address."""
    url = visio_url.replace("{room}", "r" * 22).replace("{token}", "t" * 22)
    words = f"EXERCICE {name}: visio SMT 1234 a 10:25. Lien personnel: {url} Probleme: OSNP 0123456789"
    return sum(2 if letter in "^{}\\[~]|€" else 1 for letter in words)


def _check_rows(source: _Source, told: _File) -> None:
    """What is wrong with one row of a table, by the row."""
    _check_words(source, told)
    _check_keys(
        source, "motifs", "key", [row.key for row in told.motifs], "two motifs have the same key.", 24
    )
    _check_keys(source, "steps", "step", [row.step for row in told.steps], "two steps are the same.", 24)
    _check_keys(
        source, "abilities", "key", [row.key for row in told.abilities], "two abilities have the same key."
    )
    _check_keys(
        source, "questions", "key", [row.key for row in told.questions], "two questions have the same key."
    )
    for n, question in enumerate(told.questions):
        for choice in question.choices:
            if not _travels(choice.key):
                source.fault(f"questions[{n}].choices", f'"{choice.key}": {_TRAVELS.format(12)}')
    known = {ability.key for ability in told.abilities}
    for n, motif in enumerate(told.motifs):
        for need in motif.needs:
            if need not in known:
                what = f'"{need}" stands in no [[abilities]]. Add it, or correct the key.'
                source.fault(f"motifs[{n}].needs", what)
    for n, resource in enumerate(told.resources):
        if not re.match(r"https?://[^\s/]+", resource.url):
            source.fault(f"resources[{n}].url", "a url starts with https://.")


_TRAVELS = "a key has small letters, digits and _, {} at most: it travels in buttons."


def _travels(key: str, most: int = 12) -> bool:
    return re.fullmatch(r"[a-z0-9_]+", key) is not None and len(key) <= most


def _check_keys(
    source: _Source, table: str, field: str, keys: Sequence[str], twice: str, most: int = 12
) -> None:
    for n, key in enumerate(keys):
        if not _travels(key, most):
            source.fault(f"{table}[{n}].{field}", _TRAVELS.format(most))
        if key in keys[:n]:
            source.fault(f"{table}[{n}].{field}", twice)


def _key_in_file(told: _File, key: str) -> str:
    """«steps.garde.delay» → «steps[2].delay», as its line is known."""
    found = re.fullmatch(r"steps\.(\w+)\.delay", key)
    steps = [row.step for row in told.steps]
    return f"steps[{steps.index(CascadeStep(found[1]))}].delay" if found else key


#: What ends within so many days is said.
SOON = timedelta(days=60)

#: Tables by the column that names their rows.
_NAMED_BY = {"motifs": "key", "steps": "step", "abilities": "key", "questions": "key", "resources": "label"}


def differences(shipped: Region, region: Region) -> list[str]:
    """«delays.answer: 30 min → 25 min»: what one region has otherwise than another."""
    before, now = dict(_flat(shipped)), dict(_flat(region))
    keys = [*before, *(key for key in now if key not in before)]
    return [
        f"{key}: {before.get(key, 'none')} → {now.get(key, 'none')}"
        for key in keys
        if before.get(key) != now.get(key)
    ]


def _flat(region: Region) -> Iterator[tuple[str, str]]:
    """Every value by its key, as the file writes it; of the tables of communes only how many there are."""
    for field in fields(region):
        value = getattr(region, field.name)
        if field.name in ("communes", "sectors"):
            yield field.name, f"{len(value)} in the table"
        elif field.name in _NAMED_BY:
            for row in value:
                name = f"{field.name}.{getattr(row, _NAMED_BY[field.name])}"
                yield from ((f"{name}.{f.name}", _as_text(getattr(row, f.name))) for f in fields(row))
            if field.name == "steps":
                yield "steps", " → ".join(row.step for row in value)
        elif is_dataclass(value):
            yield from ((f"{field.name}.{f.name}", _as_text(getattr(value, f.name))) for f in fields(value))
        else:
            yield field.name, _as_text(value)


def _as_text(value: Any) -> str:
    match value:
        case timedelta():
            return written(value)
        case None | () | frozenset() if not value:
            return "none"
        case OpeningHours():
            return f"{_WEEKDAYS[value.weekday]} {value.opens:%H:%M}-{value.closes:%H:%M}{_dates(value)}"
        case Tariff():
            return f"{value.code} {value.amount}{_dates(value)}"
        case PatientShare():
            return f"{value.label or 'everybody else'} {value.rate}"
        case time():
            return f"{value:%H:%M}"
        case tuple() | frozenset():
            return ", ".join(_as_text(one) for one in (value if isinstance(value, tuple) else sorted(value)))
        case _:
            return str(value)


def _dates(row: OpeningHours | Tariff) -> str:
    first = f" from {row.valid_from}" if row.valid_from else ""
    return f"{first} until {row.valid_until}" if row.valid_until else first


def gaps_to_come(region: Region, today: date) -> list[str]:
    """«no motif from 2026-11-01 on»: what by the dates of the file has no row today or soon."""
    days = [today + timedelta(days=n) for n in range(SOON.days + 1)]
    has: dict[str, Callable[[date], object]] = {
        "[[motifs]]": lambda day: region.on(day).motifs,
        "[[steps]]": lambda day: region.on(day).steps,
        "[[hours]]": lambda day: any(
            h.holds_on(day + timedelta(days=n)) for h in region.hours for n in range(7)
        ),
    }
    for code in BILLED:
        has[f"[[tariffs]] of {code}"] = partial(region.tariff, code)
    said = []
    for what, holds in has.items():
        first = next((day for day in days if not holds(day)), None)
        if first is not None:
            said.append(f"no {what} on {first}: move a valid_until, or add a row that begins then")
    return said


def dates_to_come(region: Region, today: date) -> list[str]:
    """What changes by the dates of the file: tariffs that end soon, hours and motifs that begin or end."""
    said = []
    for tariff in region.tariffs:
        if tariff.valid_until is not None and today <= tariff.valid_until <= today + SOON:
            follows = region.tariff(tariff.code, tariff.valid_until + timedelta(days=1))
            after = f"then {follows.amount}" if follows else "no line follows"
            said.append(f"{tariff.code} {tariff.amount} ends on {tariff.valid_until}, {after}")
        elif tariff.valid_from is not None and today < tariff.valid_from <= today + SOON:
            said.append(f"{tariff.code} {tariff.amount} begins on {tariff.valid_from}")
    for hours in region.hours:
        day, span = _WEEKDAYS[hours.weekday], f"{hours.opens:%H:%M}-{hours.closes:%H:%M}"
        if hours.valid_from is not None and today < hours.valid_from:
            said.append(f"{day} {span} is open from {hours.valid_from} on")
        elif hours.valid_until is not None and today <= hours.valid_until <= today + SOON:
            said.append(f"{day} {span} is open until {hours.valid_until} only")
    rows: list[tuple[str, Motif | StepRule]] = [(f"the motif {m.label}", m) for m in region.motifs]
    for name, row in [*rows, *((f"the step {r.label}", r) for r in region.steps)]:
        if row.valid_from is not None and today < row.valid_from:
            said.append(f"{name} begins on {row.valid_from}")
        elif row.valid_until is not None and today <= row.valid_until <= today + SOON:
            said.append(f"{name} ends on {row.valid_until}")
    return said


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _once(values: Iterator[T]) -> bool:
    seen = list(values)
    return len(seen) == len(set(seen))


def _not_toml(name: str, text: str, error: str) -> str:
    """«sas68.toml, line 6: name = "SAS 68 …», as far as the parser came, with the usual slips."""
    found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", error)
    lines = text.splitlines()
    line = int(found[1]) if found and found[1] else len(lines)
    said = lines[line - 1].strip()[:60] if 0 < line <= len(lines) else ""
    why = error[: found.start()] if found else error
    return (
        f"{name}, line {line}: {said}: not TOML: {why}. Look at this line and the one before: each key once,"
        ' words between "quotes" that are closed, lists in [brackets] with commas, dates as 2026-10-31.'
    )


_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*(\w+)\s*=")


def _lines_of_keys(text: str) -> dict[str, int]:
    """«delays.limit» → 118, «steps[2].delay» → 96: the line where each key of a TOML text stands."""
    places: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = header[2]
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                places.setdefault(table, number)
                table = f"{table}[{counts[table]}]"
            places[table] = number
        elif key := _KEY.match(line):
            places[f"{table}.{key[1]}".lstrip(".")] = number
    return places
