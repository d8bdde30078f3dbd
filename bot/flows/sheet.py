"""What a notice needs to become words: loaded at the moment of sending, filtered by `disclosure`.

Knows no words. A column with facts of its own adds a loader to `flows.extras`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain import places
from bot.domain.disclosure import Audience, Patient, patient_for
from bot.domain.mission import IdelOffer, Mission
from bot.domain.outcome import Notice, PlaceKind
from bot.domain.people import Organisation, OrganisationId, Party, PartyKind, Person, PersonId, Role
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
    """The sheet of a notice; None when what it speaks of is gone."""
    async with given.storage.transaction() as tx:
        return await load_in(given, tx, notice)


async def load_in(given: Given, tx: Transaction, notice: Notice) -> Sheet | None:
    """The same, within a transaction."""
    mission = None
    if notice.mission is not None:
        mission = await tx.missions.get(notice.mission)
        if mission is None:
            return None
    reader = house = offer = None
    if notice.to.kind in (PlaceKind.PERSON, PlaceKind.SMS) and notice.to.id:
        reader = await tx.people.get(PersonId(notice.to.id))
    if notice.to.kind is PlaceKind.ORGANISATION:
        house = await tx.people.organisation(OrganisationId(notice.to.id))
    if mission is not None and reader is not None and reader.role is Role.IDEL:
        offer = await tx.offers.get(mission.id, reader.id)
    people, houses = await _involved(tx, mission, notice)
    patient = None
    if mission is not None:
        audience = _audience(notice, mission, reader, house)
        if audience is Audience.GROUP and await tx.strangers.watched():
            audience = Audience.GROUP_WATCHED
        patient = await _patient(given, tx, mission, audience)
    return Sheet(
        notice=notice,
        now=given.now(),
        region=given.region,
        mission=mission,
        patient=patient,
        reader=reader,
        house=house,
        offer=offer,
        people=people,
        houses=houses,
        extra=await extras.load(given, tx, notice, mission),
    )


def _audience(
    notice: Notice, mission: Mission, reader: Person | None, house: Organisation | None
) -> Audience:
    if notice.to.kind is PlaceKind.SMS:
        return Audience.SMS
    if notice.to.kind in (PlaceKind.MISSION, PlaceKind.BOARD):
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
OPERATOR_SEES = frozenset({"mission.patient", "thread.document"})


async def _patient(given: Given, tx: Transaction, mission: Mission, audience: Audience) -> Patient:
    region = given.region
    commune = region.commune(mission.commune)
    motif = region.motif(mission.motif)
    age = places.shown_age(region, mission.commune, mission.age)
    return patient_for(
        audience,
        mission,
        await tx.missions.dossier(mission.id),
        commune_name=commune.name if commune else mission.commune,
        motif_label=motif.label if motif else mission.motif,
        decade=age if isinstance(age, tuple) else None,
    )


async def _involved(
    tx: Transaction, mission: Mission | None, notice: Notice
) -> tuple[dict[int, Person], dict[int, Organisation]]:
    """Whoever the mission or the notice names."""
    ids: set[int] = set()
    houses: set[int] = set()
    if isinstance(named := notice.facts.get("person"), int):
        ids.add(named)
    if isinstance(house := notice.facts.get("organisation"), int):
        houses.add(house)
    if mission is not None:
        ids |= {
            p
            for p in (
                mission.operator,
                mission.regulateur,
                mission.visit.idel,
                mission.search.taken_by,
                mission.search.usual,
            )
            if p is not None
        }
        ids |= {late.person for late in mission.search.late}
        parties = [offer.party for step in mission.cascade.steps for offer in step.offers]
        if mission.cascade.doctor is not None:
            parties.append(mission.cascade.doctor.party)
        ids |= {p.id for p in parties if p.kind is PartyKind.PERSON}
        houses |= {p.id for p in parties if p.kind is PartyKind.ORGANISATION}
    people = await tx.people.many([PersonId(i) for i in ids]) if ids else {}
    found = {i: await tx.people.organisation(OrganisationId(i)) for i in houses}
    return (
        {int(i): person for i, person in people.items()},
        {i: house for i, house in found.items() if house is not None},
    )
