"""Why a nurse was asked for a mission, or was not: read from what was written down when it was decided.

Pure. Never guesses: what the journal does not say is not known. Knows no words, no storage, no clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from enum import StrEnum

from bot.domain.calendar import local
from bot.domain.mission import IdelOffer, IdelOfferState, Mission, SearchState
from bot.domain.outcome import Facts
from bot.domain.people import Person, PersonId, WeeklyHours
from bot.domain.places import distance_between
from bot.domain.region import Region
from bot.domain.search import BY_PHONE, HOURS, UNTIL


class Fate(StrEnum):
    """What became of one nurse in one search."""

    ASKED = "asked"  # in a wave
    ALONE = "alone"  # as the usual IDEL, before the others
    BY_HAND = "by_hand"  # outside the waves
    SAID_NO = "said_no"  # the usual IDEL could not, as she told OSNP
    UNREACHED = "unreached"  # the bot could not write to her: OSNP were to phone
    PASSED = "passed"  # not asked, with a reason
    TOO_LATE = "too_late"  # somebody took it before her wave
    OVER = "over"  # the search ended otherwise before her wave
    WAITS = "waits"  # her wave comes
    NEW = "new"  # not registered yet
    UNKNOWN = "unknown"  # nothing was written down of her


@dataclass(frozen=True, slots=True)
class Account:
    """What the journal keeps of one wave."""

    at: datetime
    epoch: int
    number: int
    asked: int
    unreachable: int
    left: int
    passed: Mapping[str, int]  # how many, by reason
    named: Mapping[PersonId, str] = field(default_factory=dict)  # the reason, of those who may ask for it
    newest: int = 0  # the highest number anybody had then; 0: not written down
    until: Mapping[PersonId, datetime] = field(default_factory=dict)  # of those who paused
    hours: Mapping[PersonId, tuple[WeeklyHours, ...]] = field(default_factory=dict)  # of those outside theirs


@dataclass(frozen=True, slots=True)
class Because:
    """Why, in one line."""

    mission: Mission
    fate: Fate
    at: datetime | None = None
    wave: int | None = None
    reason: str | None = None
    km: float | None = None
    outside: bool = False  # the mission is outside her sectors
    until: datetime | None = None  # she paused until then
    hours: tuple[WeeklyHours, ...] | None = None  # hers of that day, where they decided


def _week(text: str) -> tuple[WeeklyHours, ...]:
    found = []
    for part in text.split():
        weekday, _, span = part.partition(".")
        begins, _, ends = span.partition("-")
        found.append(WeeklyHours(int(weekday), _clock(begins), _clock(ends)))
    return tuple(found)


def _clock(text: str) -> time:
    return time(int(text[:2]), int(text[2:]))


def _said(facts: Facts, prefix: str) -> dict[PersonId, str]:
    return {
        PersonId(int(person)): key.removeprefix(prefix)
        for key, persons in facts.items()
        if key.startswith(prefix)
        for person in str(persons).split()
    }


def account(at: datetime, facts: Facts) -> Account:
    """A wave, from its line in the journal."""
    passed = {k.removeprefix("not_"): int(v) for k, v in facts.items() if k.startswith("not_") and v}
    until = {who: datetime.fromisoformat(text) for who, text in _said(facts, UNTIL).items()}
    hours = {who: _week(text) for who, text in _said(facts, HOURS).items()}
    return Account(
        at=at,
        epoch=_number(facts, "epoch"),
        number=_number(facts, "wave"),
        asked=_number(facts, "asked"),
        unreachable=_number(facts, "unreachable"),
        left=_number(facts, "left"),
        passed=passed,
        named=_said(facts, "who_"),
        newest=_number(facts, "newest"),
        until=until,
        hours=hours,
    )


def _number(facts: Facts, key: str) -> int:
    value = facts.get(key)
    return value if isinstance(value, int) else 0


def because(
    region: Region,
    person: Person,
    mission: Mission,
    offer: IdelOffer | None,
    waves: Iterable[Account],
) -> Because:
    """Why that nurse was asked for that mission, or was not."""
    told = sorted((w for w in waves if w.epoch == mission.search.epoch), key=lambda w: w.at)
    if offer is not None:
        return _asked(mission, offer)
    sector = region.sector_of(mission.commune)
    km = distance_between(region, person.commune, mission.commune)
    outside = bool(person.sectors) and (sector is None or sector.name not in person.sectors)
    last = told[-1] if told else None
    if last is not None and person.id in last.named:
        passed = Because(mission, Fate.PASSED, last.at, last.number, last.named[person.id], km, outside)
        week, weekday = last.hours.get(person.id), local(region, last.at).weekday()
        that_day = None if week is None else tuple(h for h in week if h.weekday == weekday)
        return replace(passed, until=last.until.get(person.id), hours=that_day)
    if last is not None and 0 < last.newest < person.id:
        return Because(mission, Fate.NEW, last.at, km=km, outside=outside)
    if mission.search.state is SearchState.USUAL:
        return Because(mission, Fate.WAITS, km=km, outside=outside)
    if last is None or last.left == 0:
        alone = mission.search.usual is not None and last is None and mission.search.taken_at is not None
        fate = Fate.TOO_LATE if alone else Fate.UNKNOWN
        return Because(mission, fate, mission.search.taken_at if alone else None, km=km, outside=outside)
    if mission.search.state is SearchState.TAKEN or mission.search.taken_at is not None:
        return Because(mission, Fate.TOO_LATE, mission.search.taken_at, last.number, None, km, outside)
    if mission.search.next_wave_at is not None and mission.search.state is SearchState.OFFERED:
        return Because(mission, Fate.WAITS, mission.search.next_wave_at, last.number, None, km, outside)
    ended = mission.end.at if mission.end is not None else None
    return Because(mission, Fate.OVER, ended, last.number, None, km, outside)


def _asked(mission: Mission, offer: IdelOffer) -> Because:
    fate = Fate.ASKED if offer.wave else Fate.BY_HAND
    if offer.state is IdelOfferState.REFUSED and offer.reason == BY_PHONE:
        fate = Fate.SAID_NO
    elif offer.state is IdelOfferState.UNREACHABLE:
        fate = Fate.UNREACHED
    elif not offer.wave and offer.person == mission.search.usual:
        fate = Fate.ALONE
    return Because(mission, fate, offer.at, offer.wave or None, km=offer.distance_km)
