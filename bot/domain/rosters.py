"""Who can be asked at each step of the cascade today, or why the step is skipped.

The médecin traitant is the patient's own. A step with a duty roster asks whom that names; without one the
effecteurs are a pool, the garde the doctors of the list, the others houses. Pure: everything is given.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import availability, calendar, duty
from bot.domain.duty import MOMENT, Duty
from bot.domain.mission import Mission
from bot.domain.people import CascadeStep, Organisation, Party, PartyKind, Person
from bot.domain.phone import read_phone
from bot.domain.region import Region, Sector, StepRule
from bot.domain.video_hour import earliest

#: Why a step is skipped. The values are stored, and are keys of the words.
MMG = "mmg"  # a maison médicale de garde stands in for the garde of the sector
LATER = "later"  # the duty begins after the limit
OFF_DUTY = "off_duty"  # the roster names nobody for these hours and this sector
UNKNOWN = "unknown"  # the médecin traitant is not known
NO_NUMBER = "no_number"  # nobody there has a telephone number
UNREACHABLE = "unreachable"  # by none of the step's channels
NOBODY = "nobody"  # nobody stands at this step, or all of them have withdrawn
UNAVAILABLE = "unavailable"  # each for another reason
SKIPS = frozenset(
    {
        MMG,
        LATER,
        OFF_DUTY,
        UNKNOWN,
        NO_NUMBER,
        UNREACHABLE,
        NOBODY,
        UNAVAILABLE,
        availability.PAUSED,
        availability.HOURS,
        availability.CLOSED,
    }
)

#: How far behind the limit a duty is looked for, to say when it begins.
LOOK_AHEAD = timedelta(hours=24)

#: No obstacle to whoever is on duty: a garde begins when the service closes.
NOT_ON_DUTY = frozenset({availability.HOURS, availability.CLOSED})


@dataclass(frozen=True, slots=True)
class Askable:
    """Somebody of a step; `by_phone` when OSNP must phone them for their answer."""

    party: Party
    by_phone: bool = False
    text_to: str | None = None  # E.164: a text message asks them, and OSNP phone for the answer
    begins: datetime | None = None  # of their turn of duty, where it is still to come
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """Who can be asked at a step, or why it is skipped (a key of the words)."""

    askable: tuple[Askable, ...] = ()
    skip: str | None = None
    begins: datetime | None = None  # a garde counts from then on


Rosters = Mapping[CascadeStep, Roster]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known today of those who may be asked."""

    doctors: Sequence[Person] = ()
    houses: Sequence[Organisation] = ()
    turns: Sequence[Duty] = ()  # from now until LOOK_AHEAD behind the limit
    in_use: frozenset[CascadeStep] = frozenset()  # steps whose roster has turns that are not over
    medecin_traitant: Person | None = None
    fiction: bool = False  # numbers reserved for fiction are telephones


@dataclass(frozen=True, slots=True)
class _Case:
    """One mission at one moment."""

    region: Region
    mission: Mission
    now: datetime
    known: Known
    sector: Sector | None
    people: dict[int, Person]  # the doctors whom the mission may ring
    reason: Callable[[Person], str | None]  # of the hour: read once for all of them
    asked: frozenset[Party]  # who may still accept this mission

    def why_not(self, person: Person) -> str | None:
        """Why that doctor is not asked; who has just said that they are free is.

        Whoever was asked while the service was open is not lost when it closes.
        """
        why = None if is_free(person, self.now) else self.reason(person)
        return None if why == availability.CLOSED and Party.person(person.id) in self.asked else why


def is_free(person: Person, now: datetime) -> bool:
    """Whether a doctor has said «disponible» for this moment, whatever they said before."""
    return person.active and person.available_until is not None and person.available_until > now


def today(region: Region, mission: Mission, known: Known, now: datetime) -> Rosters:
    """Every step of the region, with whom to ask or the reason to skip it."""
    doctors: dict[int, Person] = {
        p.id: p for p in known.doctors if not mission.exercise or p.id in mission.rings
    }
    sector = region.sector_of(mission.commune)
    case = _Case(
        region,
        mission,
        now,
        known,
        sector,
        doctors,
        availability.reasons(region, now, mission.open_until),
        frozenset(offer.party for step in mission.cascade.steps for offer in step.open_offers),
    )
    rules = {rule.step: rule for rule in region.on(calendar.local(region, now).date()).steps}
    frozen = {step.step: step.channels for step in mission.cascade.steps}
    for step in frozen:  # also those that the region has no more
        rules.setdefault(step, region.rule(step))
    return {step: _roster(case, rule, frozen.get(step, rule.channels)) for step, rule in rules.items()}


def _roster(case: _Case, rule: StepRule, channels: tuple[str, ...]) -> Roster:
    if rule.skipped_in_mmg and case.sector is not None and case.sector.mmg:
        return Roster(skip=MMG)
    if rule.step is CascadeStep.MEDECIN_TRAITANT:
        return _medecin_traitant(case, channels)
    if rule.by_duty or rule.step in case.known.in_use:
        return _on_duty(case, rule.step, channels)
    if rule.step is CascadeStep.GARDE:
        return _garde(case, rule, channels)
    if rule.step is CascadeStep.EFFECTEUR_SAS:
        return _pool(case, rule.step, channels)
    return _houses(case, rule.step, channels)


def _medecin_traitant(case: _Case, channels: tuple[str, ...]) -> Roster:
    doctor = case.known.medecin_traitant
    if doctor is None:
        return Roster(skip=UNKNOWN)
    # The patient's own doctor is not passed over for a pause: OSNP phone, the bot does not ring.
    quiet = case.why_not(doctor) is not None
    found = _reached(case, doctor, tuple(c for c in channels if c == "phone") if quiet else channels)
    return _roster_of(case, [doctor], [found] if found else [])


def _on_duty(case: _Case, step: CascadeStep, channels: tuple[str, ...]) -> Roster:
    """Whoever the duty roster names for the hours in which the video can be."""
    name = case.sector.name if case.sector else None
    own = [turn for turn in case.known.turns if turn.step is step and turn.covers(name)]
    first = earliest(case.mission, case.now)
    turns = duty.standing(own, first, max(case.mission.limit, first + MOMENT))
    houses: dict[int, Organisation] = {house.id: house for house in case.known.houses if house.active}
    there: list[Person | Organisation] = []
    asked: list[Askable] = []
    away: list[str] = []
    for turn in turns:
        who = _party(case, turn.party, houses)
        if who is None:
            continue
        why = case.why_not(who) if isinstance(who, Person) else None
        if why is not None and why not in NOT_ON_DUTY:
            away.append(why)
            continue
        there.append(who)
        if (found := _reached(case, who, channels)) is not None:
            begins = turn.begins if turn.begins > case.now else None
            asked.append(replace(found, begins=begins, ends=turn.ends))
    if there:
        return _roster_of(case, there, asked)
    if away:
        return Roster(skip=_common(away))
    after = duty.next_after(own, case.mission.limit)
    return Roster(skip=LATER, begins=after[0].begins) if after else Roster(skip=OFF_DUTY)


def _party(case: _Case, party: Party, houses: dict[int, Organisation]) -> Person | Organisation | None:
    """Who a turn is of: nobody where they have left, or where an exercice does not ring them."""
    if party.kind is PartyKind.PERSON:
        return case.people.get(party.id)
    return None if case.mission.exercise else houses.get(party.id)


def _garde(case: _Case, rule: StepRule, channels: tuple[str, ...]) -> Roster:
    """Without a roster: the doctors of the list, from the hour at which the region's gardes begin."""
    limit = case.mission.limit
    begins = calendar.garde_begin_before(case.region, case.now, limit)
    if rule.only_if_duty_begins and begins is None:
        after = calendar.garde_begin_before(case.region, limit, limit + LOOK_AHEAD)
        return Roster(skip=LATER, begins=after)
    name = case.sector.name if case.sector else None
    listed = [
        doctor
        for doctor in case.people.values()
        if doctor.cascade_step is rule.step and (not doctor.sectors or name in doctor.sectors)
    ]
    away = [why for doctor in listed if (why := case.why_not(doctor)) and why not in NOT_ON_DUTY]
    there = [doctor for doctor in listed if case.why_not(doctor) in (None, *NOT_ON_DUTY)]
    if not there:
        return Roster(skip=_common(away) if away else OFF_DUTY)
    found = _roster_of(case, there, _all_reached(case, there, channels))
    return replace(found, begins=begins)


def _pool(case: _Case, step: CascadeStep, channels: tuple[str, ...]) -> Roster:
    """Every doctor of the step who may be asked now; who has said «disponible» is asked first."""
    listed = [doctor for doctor in case.people.values() if doctor.cascade_step is step]
    there = [doctor for doctor in listed if case.why_not(doctor) is None]
    if not there:
        return Roster(skip=_common([case.why_not(d) or NOBODY for d in listed]) if listed else NOBODY)
    there.sort(key=lambda doctor: not is_free(doctor, case.now))
    return _roster_of(case, there, _all_reached(case, there, channels))


def _houses(case: _Case, step: CascadeStep, channels: tuple[str, ...]) -> Roster:
    houses = [house for house in case.known.houses if house.cascade_step is step and house.active]
    if houses and not case.mission.exercise:  # an exercice rings chosen people, never a house
        return _roster_of(case, houses, _all_reached(case, houses, channels))
    return _pool(case, step, channels)


def _common(reasons: Sequence[str]) -> str:
    """The one reason of all of them."""
    return reasons[0] if len(set(reasons)) == 1 else UNAVAILABLE


def _all_reached(
    case: _Case, those: Iterable[Person | Organisation], channels: tuple[str, ...]
) -> list[Askable]:
    return [found for who in those if (found := _reached(case, who, channels)) is not None]


def _reached(case: _Case, who: Person | Organisation, channels: tuple[str, ...]) -> Askable | None:
    """That doctor or house by the first channel of the step they have; None: by none of them."""
    if isinstance(who, Person):
        party, on_telegram = Party.person(who.id), who.on_telegram and who.reachable
    else:
        party, on_telegram = Party.organisation(who.id), who.on_telegram
    numbers = _numbers(who)
    for channel in channels:
        if channel == "telegram" and on_telegram:
            return Askable(party)
        if channel == "sms" and (mobile := _mobile(numbers, fiction=case.known.fiction)) is not None:
            return Askable(party, by_phone=True, text_to=mobile)
        if channel == "phone" and numbers:
            return Askable(party, by_phone=True)
    return None


def _numbers(who: Person | Organisation) -> list[str]:
    """Every telephone number, in the order in which they are tried."""
    if isinstance(who, Organisation):
        return [line.phone for line in who.all_lines]
    return [who.phone] if who.phone else []


def _mobile(numbers: Iterable[str], *, fiction: bool) -> str | None:
    phones = (read_phone(number, fiction=fiction) for number in numbers)
    return next((phone.e164 for phone in phones if phone is not None and phone.takes_sms), None)


def _roster_of(case: _Case, there: Sequence[Person | Organisation], asked: Sequence[Askable]) -> Roster:
    """Those who can be reached; without any, why."""
    if asked:
        return Roster(tuple(asked))
    return Roster(skip=UNREACHABLE if any(_numbers(who) for who in there) else NO_NUMBER)
