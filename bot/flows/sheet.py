"""What a notice needs to become words: loaded at the moment of sending, filtered by `disclosure`.

Knows no words. A column with facts of its own adds a loader to `flows.extras`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain import places
from bot.domain.disclosure import Audience, Patient, patient_for
from bot.domain.mission import Dossier, IdelOffer, Mission
from bot.domain.outcome import GROUP_KINDS, Notice, PlaceKind
from bot.domain.people import (
    MissionId,
    Organisation,
    OrganisationId,
    Party,
    PartyKind,
    Person,
    PersonId,
    Role,
)
from bot.domain.region import Region
from bot.flows import extras
from bot.ports import Given, Transaction


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the words of one notice may use."""

    notice: Notice
    now: datetime
    region: Region
    mission: Mission | None = None
    patient: Patient | None = None
    reader: Person | None = None
    house: Organisation | None = None  # the organisation that reads
    offer: IdelOffer | None = None  # the reader's own offer
    people: Mapping[int, Person] = field(default_factory=dict)
    houses: Mapping[int, Organisation] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def f(self) -> Mapping[str, Any]:
        """The notice's own facts."""
        return self.notice.facts

    def person(self, person: int | None) -> Person | None:
        """A person named by id in the mission or the facts."""
        return None if person is None else self.people.get(person)

    def party(self, party: Party) -> Person | Organisation | None:
        """Who a party is."""
        return (self.people if party.kind is PartyKind.PERSON else self.houses).get(party.id)


async def load(given: Given, notice: Notice) -> Sheet | None:
    """The sheet of one notice; None when what it speaks of is gone."""
    async with given.storage.transaction() as tx:
        (sheet,) = await load_all(given, tx, [notice])
        return sheet


async def load_all(given: Given, tx: Transaction, notices: Sequence[Notice]) -> list[Sheet | None]:
    """The sheets of several: what they have in common is read once, and each reader sees only their own."""
    shared = await _read(given, tx, notices)
    return [await _sheet(given, tx, notice, shared) for notice in notices]


@dataclass(slots=True)
class _Shared:
    """What was read for a batch of notices."""

    missions: Mapping[MissionId, Mission] = field(default_factory=dict)
    dossiers: Mapping[MissionId, Dossier] = field(default_factory=dict)
    people: Mapping[PersonId, Person] = field(default_factory=dict)
    houses: Mapping[int, Organisation] = field(default_factory=dict)
    offers: Mapping[tuple[MissionId, PersonId], IdelOffer] = field(default_factory=dict)
    is_watched: bool = False  # somebody in the group is not registered
    patients: dict[tuple[MissionId, Audience], Patient] = field(default_factory=dict)


async def _read(given: Given, tx: Transaction, notices: Sequence[Notice]) -> _Shared:
    missions = await tx.missions.many([n.mission for n in notices if n.mission is not None])
    people: set[int] = set()
    houses: set[int] = set()
    for mission in missions.values():
        more, others = _involved(mission)
        people |= more
        houses |= others
    for notice in notices:
        more, others = _named(notice)
        people |= more
        houses |= others
        if (reader := _reader(notice)) is not None:
            people.add(reader)
        if notice.to.kind is PlaceKind.ORGANISATION:
            houses.add(notice.to.id)
    found = await tx.people.many([PersonId(i) for i in people]) if people else {}
    asked: dict[MissionId, list[PersonId]] = {}
    for notice in notices:
        person = found.get(PersonId(_reader(notice) or 0))
        if notice.mission in missions and person is not None and person.role is Role.IDEL:
            asked.setdefault(missions[notice.mission].id, []).append(person.id)
    offers = {
        (mission, person): offer
        for mission, idels in asked.items()
        for person, offer in (await tx.offers.of_people(mission, idels)).items()
    }
    in_group = any(n.mission in missions and n.to.kind in GROUP_KINDS for n in notices)
    organisations = {i: await tx.people.organisation(OrganisationId(i)) for i in sorted(houses)}
    return _Shared(
        missions=missions,
        dossiers=await tx.missions.dossiers(missions),
        people=found,
        houses={i: house for i, house in organisations.items() if house is not None},
        offers=offers,
        is_watched=in_group and await tx.strangers.watched() > 0,
    )


async def _sheet(given: Given, tx: Transaction, notice: Notice, shared: _Shared) -> Sheet | None:
    mission = None
    if notice.mission is not None:
        mission = shared.missions.get(notice.mission)
        if mission is None:
            return None
    reader = shared.people.get(PersonId(_reader(notice) or 0))
    house = shared.houses.get(notice.to.id) if notice.to.kind is PlaceKind.ORGANISATION else None
    offer = shared.offers.get((mission.id, reader.id)) if mission is not None and reader is not None else None
    people, houses = _named(notice)
    patient = None
    if mission is not None:
        more, others = _involved(mission)
        people |= more
        houses |= others
        audience = _audience(notice, mission, reader, house)
        if audience is Audience.GROUP and shared.is_watched:
            audience = Audience.GROUP_WATCHED
        patient = _patient(given, mission, audience, shared)
    return Sheet(
        notice=notice,
        now=given.now(),
        region=given.region,
        mission=mission,
        patient=patient,
        reader=reader,
        house=house,
        offer=offer,
        people={i: shared.people[PersonId(i)] for i in people if i in shared.people},
        houses={i: shared.houses[i] for i in houses if i in shared.houses},
        extra=await extras.load(given, tx, notice, mission),
    )


def _reader(notice: Notice) -> int | None:
    return notice.to.id or None if notice.to.kind in (PlaceKind.PERSON, PlaceKind.SMS) else None


def _audience(
    notice: Notice, mission: Mission, reader: Person | None, house: Organisation | None
) -> Audience:
    if notice.to.kind is PlaceKind.SMS:
        return Audience.SMS
    if notice.to.kind in GROUP_KINDS:
        return Audience.GROUP
    party = Party.organisation(house.id) if house else Party.person(reader.id) if reader else None
    doctor = mission.cascade.doctor
    if party is not None and doctor is not None and doctor.party == party:
        return Audience.DOCTOR_CHOSEN
    if house is not None:
        return Audience.DOCTOR_ASKED
    if reader is None:
        return Audience.OUTSIDER
    if reader.role is Role.IDEL:
        return Audience.IDEL_CHOSEN if mission.visit.idel == reader.id else Audience.IDEL_ASKED
    if reader.role is Role.DOCTOR:
        return Audience.MEDECIN_TRAITANT_SEES if notice.kind == "doctor.seen" else Audience.DOCTOR_ASKED
    return Audience.OPERATOR if notice.kind in OPERATOR_SEES else Audience.GROUP


#: The only notices that show an operator who the patient is.
OPERATOR_SEES = frozenset({"mission.patient", "thread.document", "dossier.sheet", "liaison.notes"})


def _patient(given: Given, mission: Mission, audience: Audience, shared: _Shared) -> Patient:
    """What that audience may know, worked out once for all its readers."""
    key = (mission.id, audience)
    if key not in shared.patients:
        region = given.region
        commune = region.commune(mission.commune)
        motif = region.motif(mission.motif)
        age = places.shown_age(region, mission.commune, mission.age)
        shared.patients[key] = patient_for(
            audience,
            mission,
            shared.dossiers.get(mission.id),
            commune_name=commune.name if commune else mission.commune,
            motif_label=motif.label if motif else mission.motif,
            decade=age if isinstance(age, tuple) else None,
        )
    return shared.patients[key]


def _named(notice: Notice) -> tuple[set[int], set[int]]:
    """Persons and organisations that the notice's own facts name."""
    person, house = notice.facts.get("person"), notice.facts.get("organisation")
    return (
        {person} if isinstance(person, int) else set(),
        {house} if isinstance(house, int) else set(),
    )


def _involved(mission: Mission) -> tuple[set[int], set[int]]:
    """Persons and organisations that the mission names."""
    people: set[int] = {
        person
        for person in (
            mission.operator,
            mission.regulateur,
            mission.visit.idel,
            mission.search.taken_by,
            mission.search.usual,
        )
        if person is not None
    }
    people |= {late.person for late in mission.search.late} | {call.person for call in mission.nurse_calls}
    parties = [offer.party for step in mission.cascade.steps for offer in step.offers]
    if mission.cascade.doctor is not None:
        parties.append(mission.cascade.doctor.party)
    people |= {party.id for party in parties if party.kind is PartyKind.PERSON}
    return people, {party.id for party in parties if party.kind is PartyKind.ORGANISATION}
