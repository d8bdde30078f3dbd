"""The open missions for work by hand, when the bot is down: who must act, and whom to phone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain import places
from bot.domain.disclosure import Audience, Patient, patient_for
from bot.domain.mission import IdelOfferState, Mission, SearchState
from bot.domain.outcome import Event
from bot.domain.owner import Owner, owner
from bot.domain.people import MissionId, Organisation, OrganisationId, Party, PartyKind, Person, PersonId
from bot.ports import Given, Transaction

#: How many of the nurses asked are printed, nearest first.
NURSES = 10


@dataclass(frozen=True, slots=True)
class OpenMission:
    """One of them, as its words need it."""

    now: datetime
    mission: Mission
    owner: Owner
    patient: Patient
    people: Mapping[int, Person]
    houses: Mapping[int, Organisation]
    asked: tuple[tuple[Person, float | None], ...] = ()  # nurses who may still accept, with kilometres

    def person(self, person: int | None) -> Person | None:
        """A person named by id in the mission."""
        return None if person is None else self.people.get(person)

    def party(self, party: Party) -> Person | Organisation | None:
        """Who a party is."""
        return (self.people if party.kind is PartyKind.PERSON else self.houses).get(party.id)


async def open_missions(given: Given, *, with_identity: bool) -> list[OpenMission]:
    """Every mission that is not closed, oldest first. Reads only what every schema has."""
    async with given.storage.transaction() as tx:
        return [
            await _looked_at(given, tx, mission, with_identity) for mission in await tx.missions.unfinished()
        ]


async def printed(given: Given, missions: list[MissionId]) -> None:
    """Write down that their patients were named on paper."""
    async with given.storage.transaction() as tx:
        for mission in missions:
            await tx.journal.write(
                mission, [Event("disclosure.seen", {"what": "paper"})], "command", given.now()
            )


async def _looked_at(given: Given, tx: Transaction, mission: Mission, with_identity: bool) -> OpenMission:
    region, now = given.region, given.now()
    must = owner(mission, now)
    people, houses = await _involved(tx, mission, must)
    commune, motif = region.commune(mission.commune), region.motif(mission.motif)
    age = places.shown_age(region, mission.commune, mission.age)
    patient = patient_for(
        Audience.OPERATOR if with_identity else Audience.GROUP,
        mission,
        await tx.missions.dossier(mission.id) if with_identity else None,
        commune_name=commune.name if commune else mission.commune,
        motif_label=motif.label if motif else mission.motif,
        decade=age if isinstance(age, tuple) else None,
    )
    asked = await _asked(tx, mission) if mission.search.state is SearchState.OFFERED else ()
    return OpenMission(now, mission, must, patient, people, houses, asked)


async def _asked(tx: Transaction, mission: Mission) -> tuple[tuple[Person, float | None], ...]:
    offers = await tx.offers.of_mission(mission.id, IdelOfferState.ASKED)
    nearest = sorted(offers, key=lambda offer: (offer.distance_km is None, offer.distance_km))[:NURSES]
    people = await tx.people.many([offer.person for offer in nearest])
    return tuple((people[o.person], o.distance_km) for o in nearest if o.person in people)


async def _involved(
    tx: Transaction, mission: Mission, must: Owner
) -> tuple[Mapping[int, Person], Mapping[int, Organisation]]:
    named = (mission.operator, mission.regulateur, mission.visit.idel, mission.search.usual)
    parties = {Party.person(person) for person in named if person is not None}
    parties |= {offer.party for step in mission.cascade.steps for offer in step.offers}
    parties |= {Party.person(late.person) for late in mission.search.late}
    if mission.cascade.doctor is not None:
        parties.add(mission.cascade.doctor.party)
    if must.party is not None:
        parties.add(must.party)
    people = await tx.people.many([PersonId(p.id) for p in parties if p.kind is PartyKind.PERSON])
    houses = {
        p.id: await tx.people.organisation(OrganisationId(p.id))
        for p in parties
        if p.kind is PartyKind.ORGANISATION
    }
    return (
        {int(number): person for number, person in people.items()},
        {number: house for number, house in houses.items() if house is not None},
    )
