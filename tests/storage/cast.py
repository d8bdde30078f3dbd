"""Invented people and missions for the tests of the storage."""

from datetime import UTC, datetime, timedelta

from bot.domain.mission import (
    Cascade,
    ChosenDoctor,
    Contact,
    DoctorOffer,
    DoctorOfferState,
    Dossier,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
    Rules,
    Search,
    SearchState,
    Sex,
    Step,
    StepState,
    Visit,
    VisitState,
)
from bot.domain.people import CascadeStep, MissionId, Party, Person, PersonId, Role
from bot.ports import Ended, HowEnded, Owed, Storage

#: Tuesday 6 October 2026, 09:23 in Paris.
NOW = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

RULES = Rules(
    answer=30 * MINUTE,
    warning=20 * MINUTE,
    prolongation=30 * MINUTE,
    reminders=(5 * MINUTE, 10 * MINUTE),
    visit_hour=15 * MINUTE,
    late_arrival=10 * MINUTE,
    visio_after_arrival=10 * MINUTE,
    visio_on_site=10 * MINUTE,
    pause=10 * MINUTE,
    closing_reminder=30 * MINUTE,
    purge_after_visit=timedelta(hours=4),
    usual_idel=10 * MINUTE,
)

LEA = Person(PersonId(0), Role.OSNP, "martin", "Léa", phone="+33639980001")
AMINA = Person(
    PersonId(0),
    Role.IDEL,
    "benali",
    "Amina",
    phone="+33639980002",
    rpps="10000000001",
    commune="68224",
    sectors=("Mulhouse", "Altkirch"),
    capabilities=("visio",),
)
BRUNO = Person(PersonId(0), Role.IDEL, "keller", "Bruno", phone="+33639980003")
CLAIRE = Person(PersonId(0), Role.DOCTOR, "morel", "Claire", cascade_step=CascadeStep.EFFECTEUR_SAS)

DOSSIER = Dossier(
    last_name="Grünewald-Évrard",
    first_name="Odile",
    birth_date="1941-02-17",
    address="12 rue des Tanneurs",
    postal_code="68100",
    commune_name="Mulhouse",
    patient_phone="+33353010011",
    caller=Contact("Zacharie Grünewald", "+33639980099", "fils"),
    notes=("chien dans la cour",),
)


def a_mission(operator: PersonId, number: int = 412, *, at: datetime = NOW, year: int = 2026) -> Mission:
    """A mission offered to IDELs."""
    return Mission(
        id=MissionId(0),
        number=number,
        year=year,
        state=MissionState.OPEN,
        operator=operator,
        requested_by="SAMURL68, médecin généraliste",
        triggered_at=at,
        limit=at + timedelta(hours=6),
        closes_at=at + timedelta(hours=10),
        age=85,
        sex=Sex.FEMALE,
        commune="68224",
        motif="fever",
        rules=RULES,
        search=Search(SearchState.OFFERED, epoch=1, started_at=at, answer_by=at + 30 * MINUTE, asked=2),
        cascade=Cascade(
            steps=(
                Step(
                    CascadeStep.EFFECTEUR_SAS,
                    15 * MINUTE,
                    StepState.ASKED,
                    started_at=at,
                    offers=(DoctorOffer(Party.person(PersonId(4)), DoctorOfferState.ASKED, at),),
                ),
            ),
            current=0,
        ),
    )


def taken(mission: Mission, by: PersonId) -> Mission:
    """The same once an IDEL has it."""
    return mission.with_(
        search=Search(
            SearchState.TAKEN,
            epoch=1,
            started_at=mission.search.started_at,
            answer_by=mission.search.answer_by,
            taken_by=by,
            taken_at=NOW,
        ),
        visit=Visit(VisitState.PLANNED, idel=by, expected_at=NOW + 40 * MINUTE),
    )


def with_doctor(mission: Mission, party: Party) -> Mission:
    """The same once a doctor was found."""
    return mission.with_(
        cascade=Cascade(
            steps=mission.cascade.steps,
            doctor=ChosenDoctor(party, CascadeStep.EFFECTEUR_SAS, NOW, "Dr Morel", "+33639980004"),
        )
    )


def an_offer(mission: MissionId, person: PersonId) -> IdelOffer:
    """Offered to one IDEL."""
    return IdelOffer(mission, person, 1, IdelOfferState.ASKED, NOW, distance_km=3.25)


def delivered(*owed: Owed) -> list[Ended]:
    """Those have arrived."""
    return [Ended(one, HowEnded.DELIVERED) for one in owed]


def later(owed: Owed, until: datetime, *, perhaps_sent: bool = False) -> list[Ended]:
    """That one goes back, to be claimed again from then on."""
    return [Ended(owed, HowEnded.LATER, until=until, perhaps_sent=perhaps_sent)]


async def known(storage: Storage, *people: Person) -> list[Person]:
    """The same persons, stored."""
    async with storage.transaction() as tx:
        ids = [await tx.people.add(person) for person in people]
        stored = await tx.people.many(ids)
    return [stored[one] for one in ids]


async def started(storage: Storage, *, number: int = 412, dossier: Dossier = DOSSIER) -> Mission:
    """A stored mission, with its operator."""
    async with storage.transaction() as tx:
        lea = await tx.people.by_phone(LEA.phone or "")
        operator = lea.id if lea else await tx.people.add(LEA)
        mission = await tx.missions.add(a_mission(operator, number), dossier)
        stored = await tx.missions.get(mission)
    assert stored is not None
    return stored
