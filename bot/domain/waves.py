"""Whom a search asks, and when: who may be asked at all, then wave after wave until nobody is left.

The rule, as nurses read it (`/pourquoi`): the nearest first, so many of them that somebody should say yes; at
like distance whoever was least often among the first lately. Outside her own sectors a nurse is asked in the
last wave only. By the middle of the time there is for an answer, everybody has been asked.

Pure. Distances in kilometres. Knows no words, no storage, no clock.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from math import ceil
from typing import NamedTuple

from bot.domain import availability
from bot.domain.mission import IdelOffer, Mission
from bot.domain.outcome import Event, Fact
from bot.domain.people import Person, PersonId
from bot.domain.places import distance_between
from bot.domain.region import Region, SearchPolicy

#: Why a nurse is not asked, beside the reasons of `availability`.
BUSY = "busy"  # has another mission, and wants one at a time
UNABLE = "unable"  # does not do the care that the motif needs
FAR = "far"  # farther than the region asks anybody

#: In the journal: turns whose offers have been written over.
TURNS = "search.turns"

#: Before anything is known, one of ten says yes; what is known counts beside these ten.
PRIOR_YES, PRIOR_ASKED = 1, 10


class Candidate(NamedTuple):
    """An IDEL who may be asked, and how far she is from the patient's commune."""

    person: Person
    distance_km: float | None
    turns: int = 0  # how often she was in a first wave lately
    outside: bool = False  # has sectors, and this is none of them

    @property
    def reached(self) -> bool:
        """Whether the bot can write to her; else OSNP phone."""
        return self.person.on_telegram and self.person.reachable


@dataclass(frozen=True, slots=True)
class Eligible:
    """Who may be asked now, and why others may not."""

    candidates: tuple[Candidate, ...] = ()
    passed: tuple[tuple[Person, str], ...] = ()  # each with the reason
    newest: PersonId | None = None  # whoever has a higher number was not registered yet


@dataclass(frozen=True, slots=True)
class Wave:
    """Those who are asked together, and what follows."""

    number: int  # 1: the first
    asked: tuple[Candidate, ...]  # in their order
    left: int = 0  # who may be asked, and waits for a later wave
    next_at: datetime | None = None  # when the next one is asked; None: nobody is left
    everybody_by: datetime | None = None  # by then everybody was asked
    passed: tuple[tuple[Person, str], ...] = ()
    newest: PersonId | None = None


def eligible(
    region: Region,
    mission: Mission,
    people: Iterable[Person],
    at: datetime,
    *,
    busy: Container[PersonId] = (),
    asked: Container[PersonId] = (),
    turns: Mapping[PersonId, int] | None = None,
) -> Eligible:
    """Who may be asked at that moment, of the nurses not `asked` yet; `busy`: who holds a mission.

    An exercice rings those chosen for it, whatever the hours, and nobody else.
    """
    candidates: list[Candidate] = []
    passed: list[tuple[Person, str]] = []
    unavailable = availability.reasons(region, at, mission.open_until)
    motif = region.motif(mission.motif)
    needs = frozenset(motif.needs) if motif is not None and region.abilities else frozenset()
    sector = region.sector_of(mission.commune)
    lately = turns or {}
    radius = region.search_radius_km
    distances: dict[str | None, float | None] = {}
    people = list(people)
    newest = max((person.id for person in people), default=None)
    if mission.exercise:
        people = [person for person in people if person.id in mission.rings]
    for person in people:
        if person.id in asked or person.id in mission.search.excluded:
            continue
        if person.commune not in distances:
            distances[person.commune] = distance_between(region, person.commune, mission.commune)
        km = distances[person.commune]
        reason = unavailable(person)
        if reason is not None and mission.exercise and reason in (availability.HOURS, availability.CLOSED):
            reason = None
        if reason is None:
            if person.id in busy and not person.several_missions:
                reason = BUSY
            elif needs and not needs.issubset(person.capabilities):
                reason = UNABLE
            elif radius is not None and km is not None and km > radius:
                reason = FAR
        if reason is not None:
            passed.append((person, reason))
            continue
        outside = bool(person.sectors) and (sector is None or sector.name not in person.sectors)
        candidates.append(Candidate(person, km, lately.get(person.id, 0), outside))
    return Eligible(tuple(candidates), tuple(passed), newest)


def turns_kept(before: Iterable[IdelOffer], after: Iterable[IdelOffer]) -> Event | None:
    """What the journal keeps of turns in a first wave that offers of a later search are written over.

    A nurse has one offer a mission, and it is of the latest search: who was first asked, and the mission
    came back, was first asked all the same.
    """
    new = {offer.person: offer for offer in after}
    had = [o.person for o in before if o.wave == 1 and o.person in new and new[o.person].epoch != o.epoch]
    return Event(TURNS, {"who": " ".join(str(person) for person in sorted(had))}) if had else None


def all_turns(counted: Mapping[PersonId, int], kept: Iterable[Mapping[str, Fact]]) -> dict[PersonId, int]:
    """Turns in a first wave: those of the offers as they are, and those that the journal has kept."""
    turns = Counter(counted)
    for facts in kept:
        turns.update(PersonId(int(person)) for person in str(facts["who"]).split())
    return turns


def rank(candidates: Iterable[Candidate], alike_km: float = 0.0) -> list[Candidate]:
    """Nearest first, those of unknown place last; at like distance the turn decides, then the id.

    Distances are alike in the same step of `alike_km`: with 5, from 0 to 5 km, from 5 to 10 km.
    """

    def key(candidate: Candidate) -> tuple[bool, float, int, int]:
        km = candidate.distance_km
        step = 0.0 if km is None else km // alike_km if alike_km else km
        return (km is None, step, candidate.turns, candidate.person.id)

    return sorted(candidates, key=key)


def size(policy: SearchPolicy, asked: int, accepted: int) -> int:
    """How many a wave asks so that `wanted` of them say yes, by what those asked lately have said."""
    rate = (accepted + PRIOR_YES) / (asked + PRIOR_ASKED)
    return max(policy.smallest, min(policy.largest, ceil(policy.wanted / rate)))


def at_once(found: Eligible | Sequence[Candidate], number: int = 1) -> Wave:
    """Everybody, now."""
    if not isinstance(found, Eligible):
        found = Eligible(tuple(found))
    return Wave(number, tuple(rank(found.candidates)), passed=found.passed, newest=found.newest)


def plan(
    policy: SearchPolicy,
    found: Eligible,
    now: datetime,
    *,
    number: int,
    most: int,
    everybody_by: datetime,
) -> Wave:
    """Who is asked in wave `number`, about `most` of them, and when the next one is.

    The n-th wave are those within the n-th radius, filled up with the next nearest to the smallest size of a
    wave; after the last radius everybody left is asked. The waves come closer together where there is less
    time.
    """
    ranked = rank(found.candidates, policy.alike_km)
    inside = [one for one in ranked if not one.outside]
    if number > len(policy.radii_km) or now >= everybody_by or not inside:
        return _last(number, tuple(ranked), everybody_by, found)
    chosen = tuple(_nearest(inside, policy.radii_km[number - 1], most, policy.smallest))
    left = len(ranked) - len(chosen)
    if not left:
        return _last(number, chosen, everybody_by, found)
    following = len(policy.radii_km) + 1 - number
    pause = min(policy.every, (everybody_by - now) / following)
    return Wave(number, chosen, left, now + pause, everybody_by, found.passed, found.newest)


def _last(number: int, asked: tuple[Candidate, ...], everybody_by: datetime, found: Eligible) -> Wave:
    return Wave(number, asked, everybody_by=everybody_by, passed=found.passed, newest=found.newest)


def middle(now: datetime, answer_by: datetime) -> datetime:
    """By when everybody is asked: half of the time is left to answer in."""
    return now + max(timedelta(), answer_by - now) / 2


def _nearest(inside: Sequence[Candidate], radius: float, most: int, smallest: int) -> Iterator[Candidate]:
    """Whom the bot can write to counts; whom only OSNP reach come along, as many again at most."""
    near = [one for one in inside if one.distance_km is not None and one.distance_km <= radius]
    known = {one.person.id for one in near}
    beyond = [one for one in inside if one.person.id not in known]
    reached = to_phone = 0
    for one, enough in chain(((one, most) for one in near), ((one, smallest) for one in beyond)):
        if reached >= enough:
            return
        if one.reached:
            reached += 1
        elif to_phone < enough:
            to_phone += 1
        else:
            continue
        yield one
