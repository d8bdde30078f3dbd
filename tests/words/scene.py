"""Invented missions in every state, stored for real, so that the words are made as the bot makes them.

Two casts: an ordinary one, and one whose names, communes and numbers are as long as they come.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import msgspec

from bot.clock import Clock
from bot.domain import watch
from bot.domain.cascade_notices import text_card
from bot.domain.duty import Duty
from bot.domain.joining import MOST_COMMUNES, Application, ApplicationState, Trouble
from bot.domain.liaison import MOST_LETTERS
from bot.domain.mission import (
    CallReason,
    Cascade,
    CascadeState,
    ChosenDoctor,
    Closing,
    Contact,
    Decision,
    DoctorOffer,
    DoctorOfferState,
    Dossier,
    End,
    EndReason,
    HourProposal,
    IdelOffer,
    IdelOfferState,
    LateAcceptance,
    LiaisonNote,
    Mission,
    MissionState,
    NightOwner,
    NurseCall,
    Orientation,
    PatientOutcome,
    Prescription,
    Rules,
    Search,
    SearchState,
    Sex,
    Step,
    StepState,
    Undoable,
    Visio,
    Visit,
    VisitState,
)
from bot.domain.opening import CRITERIA, EXCLUSIONS, OpeningDraft, Question, UsualAnswer
from bot.domain.outcome import Answer, Event, Facts, Notice, Outcome, Place, PlaceKind
from bot.domain.people import (
    CascadeStep,
    DocumentId,
    Line,
    MissionId,
    Organisation,
    OrganisationId,
    Party,
    Person,
    PersonId,
    Role,
    VitalsId,
)
from bot.domain.region import Region
from bot.domain.vitals import Consciousness, Vitals
from bot.domain.vitals_entry import Entry, Mode
from bot.flows.vitals import Opened, draft_kind
from bot.ports import (
    Document,
    DocumentKind,
    DocumentLabel,
    Draft,
    Ended,
    Given,
    HowEnded,
    Storage,
    VitalsRow,
)
from bot.present import PresentRegion
from tests.clock import OPENING, ManualClock

#: A moment of the visit: 10:30 in Paris, the mission was triggered at 09:23.
NOW = OPENING + timedelta(minutes=67)


def at(minutes: float) -> datetime:
    """So many minutes after the déclenchement."""
    return OPENING + timedelta(minutes=minutes)


CLOCK: Clock = ManualClock(NOW)


@dataclass(frozen=True)
class Cast:
    """How long everything is."""

    number: int
    patient: tuple[str, str]  # last name, first name
    address: str
    street_extra: tuple[str, str, str]
    commune: str
    postal_code: str
    commune_name: str
    motif: str
    motif_text: str
    first: str  # of every professional
    last: str
    requested_by: str
    house: str


ORDINARY = Cast(
    number=412,
    patient=("KELLER", "Odile"),
    address="12 rue des Tanneurs",
    street_extra=("2e étage", "4B71", "la fille ouvre"),
    commune="68224",
    postal_code="68200",
    commune_name="Mulhouse",
    motif="chute",
    motif_text="chute hier, ne marche plus",
    first="",
    last="",
    requested_by="SAMURL68, médecin généraliste",
    house="SOS médecin 68",
)

LONGEST = Cast(
    number=12345,
    patient=("VON SCHWARTZENBERGER-OBERHAUSEN", "Marie-Françoise Anne-Élisabeth"),
    address="1234 bis, impasse de la Chapelle Notre-Dame-de-Lorette, résidence Les Tilleuls, bâtiment C",
    street_extra=(
        "14e étage gauche, au fond du couloir",
        "A1234B5678#",
        "le voisin du dessous a la clé, sonner deux fois",
    ),
    commune="68134",
    postal_code="68420",
    commune_name="Herrlisheim-près-Colmar",
    motif="aeg",
    motif_text="altération de l'état général depuis trois jours, ne mange plus, ne se lève plus. " * 2,
    first="Marie-Christine",
    last="Schmitt-Oberhauser",
    requested_by="SAMURL68, médecin généraliste remplaçante de garde à la régulation",
    house="SELAS Télémédecine du Grand Est",
)

PEOPLE: tuple[tuple[str, Role, str, str, str], ...] = (
    ("lea", Role.OSNP, "MARTIN", "Léa", "+33639980001"),
    ("paul", Role.REGULATEUR, "ROTH", "Paul", "+33639980004"),
    ("nadia", Role.COORDINATEUR, "WEISS", "Nadia", "+33639980005"),
    ("amina", Role.IDEL, "BENALI", "Amina", "+33639980011"),
    ("bruno", Role.IDEL, "FISCHER", "Bruno", "+33639980012"),
    ("chloe", Role.IDEL, "MEYER", "Chloé", "+33639980013"),
    ("claire", Role.DOCTOR, "MOREL", "Claire", "+33639980021"),
    ("marc", Role.DOCTOR, "ADAM", "Marc", "+33639980022"),
    ("jean", Role.DOCTOR, "WEBER", "Jean", "+33639980024"),
)

WITHOUT_TELEGRAM = ("jean", "chloe")


@dataclass
class Scene:
    """Everything stored, by the names the samples use."""

    given: Given
    cast: Cast
    people: Mapping[str, Person]
    houses: Mapping[str, Organisation]
    missions: dict[str, Mission]
    dossier: Dossier
    documents: dict[str, int]
    applications: dict[str, int] = field(default_factory=dict)

    def party(self, name: str) -> Party:
        """A person or a house."""
        if name in self.houses:
            return Party.organisation(self.houses[name].id)
        return Party.person(self.people[name].id)


async def build(storage: Storage, region: Region, cast: Cast) -> Scene:
    """Store the cast and a mission in every state."""
    given = Given(storage, CLOCK, PresentRegion(region), fiction_numbers=True)
    people: dict[str, Person] = {}
    houses: dict[str, Organisation] = {}
    async with storage.transaction() as tx:
        for key, role, last, first, phone in PEOPLE:
            person = Person(
                PersonId(0),
                role,
                cast.last or last,
                cast.first or first,
                phone=phone,
                rpps=f"999000000{phone[-2:]}",
                commune=cast.commune,
                on_telegram=key not in WITHOUT_TELEGRAM,
            )
            people[key] = replace(person, id=await tx.people.add(person))
        for key, name, step in (
            ("sos", cast.house, CascadeStep.SOS_MEDECIN),
            ("selas", "Télémédical Solution", CascadeStep.SELAS),
        ):
            house = Organisation(OrganisationId(0), name, step, phone="+33353010068", on_telegram=True)
            if key == "selas":
                lines = (Line("Secrétariat de jour", "+33353010069"), Line("Nuit", "+33353010070"))
                house = replace(house, lines=lines, phone=lines[0].phone)
            houses[key] = replace(house, id=await tx.people.add_organisation(house))
    scene = Scene(given, cast, people, houses, {}, dossier(cast), {})
    base = mission(region, cast, people)
    async with storage.transaction() as tx:
        for number, (state, mission_in_state) in enumerate(states(base, scene, region).items(), cast.number):
            wanted = asked(mission_in_state.with_(number=number), people["lea"].id, state)
            stored = await tx.missions.add(wanted, scene.dossier)
            scene.missions[state] = wanted.with_(id=stored)
            await tx.offers.save(offers(scene, stored, state))
    await applications(scene)
    await _fill(scene)
    await _duties(scene)
    await _drafts(scene)
    await _journal(scene)
    await _texts(scene)
    return scene


async def applications(scene: Scene) -> None:
    """Somebody asks to join, at every turn."""
    cast, region = scene.cast, scene.given.region
    base = Application(0, 7001, 7001, ApplicationState.FILLING, NOW)
    named = replace(base, role=Role.IDEL, first_name=cast.first or "Zoé", last_name=cast.last or "Vogel")
    sure = replace(named, name_sure=True)
    numbered = replace(sure, rpps="99900000077")
    phoned = replace(numbered, phone="+33639980077", phone_shared=True)
    placed = replace(phoned, commune=cast.commune)
    able = replace(placed, capabilities=tuple(ability.key for ability in region.abilities))
    whole = replace(able, email=f"{'zoe.vogel' * 6}@exemple.example")
    waiting = replace(whole, state=ApplicationState.WAITING, card_at=NOW)
    doctor = replace(
        waiting, role=Role.DOCTOR, phone_shared=False, rpps=None, passed=("rpps", "email"), email=None
    )
    lea, amina = scene.people["lea"], scene.people["amina"]
    over = replace(base, decided_at=NOW, decided_by=lea.id)
    there = {
        "role": base,
        "name": replace(base, role=Role.IDEL),
        "sure": named,
        "rpps": sure,
        "phone": numbered,
        "commune": phoned,
        "communes": replace(
            phoned, asking="commune", communes=tuple(c.insee for c in region.communes[:MOST_COMMUNES])
        ),
        "abilities": placed,
        "some": replace(
            able, capabilities=able.capabilities[:1] if able.capabilities else (), asking="abilities"
        ),
        "email": able,
        "whole": whole,
        "none": replace(whole, capabilities=(), passed=("rpps", "email"), email=None, rpps=None),
        "fixing": replace(whole, fixing=True),
        "correcting": replace(whole, asking="phone"),
        "waiting": waiting,
        "refusing": replace(waiting, refusing=True),
        "doctor": doctor,
        "known": replace(waiting, phone=amina.phone),
        "two": replace(waiting, phone=amina.phone, rpps=scene.people["bruno"].rpps),
        "staff": replace(doctor, phone=lea.phone),
        "accepted": replace(over, role=Role.IDEL, state=ApplicationState.ACCEPTED, person=amina.id),
        "refused": replace(
            sure, state=ApplicationState.REFUSED, reason="rpps", decided_at=NOW, decided_by=lea.id
        ),
        "withdrawn": replace(base, state=ApplicationState.WITHDRAWN, decided_at=NOW),
    } | {f"trouble_{trouble}": replace(phoned, trouble=trouble) for trouble in Trouble}
    async with scene.given.storage.transaction() as tx:
        for user, (key, application) in enumerate(there.items(), 7001):
            stored = await tx.applications.save(replace(application, user_id=user, chat_id=user))
            scene.applications[key] = stored.id


def asked(mission: Mission, lea: PersonId, state: str) -> Mission:
    """The same with its requests to act; on the way to the patient, somebody sees to them."""
    decided = Outcome(mission, Answer("scene.decided"), events=(Event("scene.decided"),))
    settled = watch.settle(decided, None, NOW).mission
    if state != "en_route":
        return settled
    taken = tuple(replace(r, taken_by=lea, taken_at=NOW, takers=(lea,)) for r in settled.requests)
    return settled.with_(requests=taken)


def dossier(cast: Cast) -> Dossier:
    """Who the patient is."""
    last, first = cast.patient
    floor, code, who = cast.street_extra
    return Dossier(
        last_name=last,
        first_name=first,
        birth_date="1932-02-03",
        address=cast.address,
        postal_code=cast.postal_code,
        commune_name=cast.commune_name,
        floor=floor,
        door_code=code,
        who_opens=who,
        patient_phone="+33353010012",
        caller=Contact("Anne Keller", "+33639980099", "fille"),
        motif_text=cast.motif_text,
        medecin_traitant=Contact(f"Dr {cast.first or 'Jean'} {cast.last or 'Weber'}", "+33639980024"),
        usual_idel=Contact(f"{cast.first or 'Emma'} {cast.last or 'Klein'}", "+33639980015"),
        notes=tuple(f"ligne non reconnue {n} : sonnette du haut" for n in range(1, 8)),
        regulars=(
            Contact(f"Pharmacie {cast.last or 'du Rebberg'}", "+33353010031", "Pharmacie"),
            Contact(f"{cast.first or 'Paul'} {cast.last or 'Meyer'}", "+33639980031", "Kiné"),
            Contact("", "+33353010032", "HAD"),
            Contact("Ludivine, aide à domicile"),
        ),
        liaison=liaison_notes(cast),
        answers=(("seul", "oui"), ("porte", "non"), ("etat", "altere")),
        conclusion="#home\nparacétamol 1 g toutes les 6 heures",
    )


#: A note as short as it comes, and one as long as it may be.
NOTE = "Clé chez la voisine KELLER du 3e"


def liaison_notes(cast: Cast) -> tuple[LiaisonNote, ...]:
    """Of the nurse, the doctor and an operator; one was taken off, one erased."""
    text = f"{NOTE}. " * 20 if cast is LONGEST else NOTE
    text = text[: MOST_LETTERS if cast is LONGEST else len(NOTE)].strip()
    by = f"{cast.first or 'Amina'} B."
    several = 10 if cast is LONGEST else 2
    notes = tuple(LiaisonNote(text, by, at(50 + n), author="p4", number=n) for n in range(1, several + 1))
    off = LiaisonNote("Chien méchant, retirée depuis", "Léa M.", at(62), pinned=False, author="p1", number=11)
    return (*notes, off, LiaisonNote("", "Léa M.", at(63), pinned=False, author="p1", number=12))


def mission(region: Region, cast: Cast, people: Mapping[str, Person]) -> Mission:
    """Just triggered, offered to three nurses."""
    delays = region.delays
    return Mission(
        id=MissionId(0),
        number=cast.number,
        year=2026,
        state=MissionState.OPEN,
        operator=people["lea"].id,
        requested_by=cast.requested_by,
        triggered_at=OPENING,
        limit=OPENING + delays.limit,
        closes_at=datetime(2026, 10, 6, 18, 0, tzinfo=UTC),
        age=94,
        sex=Sex.FEMALE,
        commune=cast.commune,
        motif=cast.motif,
        rules=Rules(
            answer=delays.answer,
            warning=delays.answer_warning,
            prolongation=delays.prolongation,
            reminders=delays.orientation_reminders,
            visit_hour=delays.visit_hour,
            late_arrival=delays.late_arrival,
            visio_after_arrival=delays.visio_after_arrival,
            visio_on_site=delays.visio_on_site,
            pause=delays.pause,
            closing_reminder=delays.closing_reminder,
            purge_after_visit=delays.purge_after_visit,
            usual_idel=timedelta(minutes=region.usual_idel_minutes),
        ),
        search=Search(
            SearchState.OFFERED, 1, OPENING, OPENING + delays.answer, asked=24, refused=9, unreachable=2
        ),
        cascade=Cascade(steps=tuple(Step(rule.step, rule.delay) for rule in region.steps)),
        regulateur=people["paul"].id,
        medecin_traitant=people["jean"].id,
        transport_avoided=True,
    )


def states(base: Mission, scene: Scene, region: Region) -> dict[str, Mission]:
    """The same mission at every turn."""
    p = scene.people
    amina, lea = p["amina"].id, p["lea"].id
    taken = replace(base.search, state=SearchState.TAKEN, taken_by=amina, taken_at=at(8.1))
    planned = Visit(VisitState.PLANNED, amina, at(47))
    on_site = replace(planned, state=VisitState.ON_SITE, en_route_at=at(20), arrived_at=at(45))
    finished = replace(on_site, state=VisitState.FINISHED, finished_at=at(65))
    cascade = running(base.cascade, scene)
    found = chosen(cascade, scene, "claire", CascadeStep.EFFECTEUR_SAS)
    open_ = {
        "offered": base,
        "usual": base.with_(
            search=replace(base.search, state=SearchState.USUAL, usual=amina, asked=1, refused=0)
        ),
        "nobody_asked": base.with_(search=replace(base.search, asked=0, refused=0, unreachable=0)),
        "unanswered": base.with_(
            search=replace(
                base.search,
                state=SearchState.UNANSWERED,
                late=(LateAcceptance(amina, at(31), 20),),
            )
        ),
        "oriented": base.with_(
            search=replace(
                base.search,
                state=SearchState.ENDED,
                orientation=Orientation.OTHER,
                orientation_text="revoit son médecin demain matin",
                oriented_by=p["paul"].short_name,
                oriented_at=at(32),
            ),
            patient_calls=(CallReason.ORIENTED,),
        ),
        "prolonged": base.with_(
            search=replace(base.search, prolonged=1, oriented_by=p["paul"].short_name, oriented_at=at(32))
        ),
        "planned": base.with_(search=taken, visit=planned, patient_calls=(CallReason.ACCEPTED,)),
        "no_hour": base.with_(search=taken, visit=replace(planned, expected_at=None)),
        "assigned": base.with_(
            search=replace(taken, assigned_by=p["lea"].short_name),
            visit=planned,
            notes=2,
            decisions=(
                *(Undoable(kind, at(60), p["lea"].id, number=n) for n, kind in enumerate(Decision, start=1)),
                Undoable(Decision.ASSIGNED, at(62), p["lea"].id, person=amina, epoch=1, number=99),
            ),
        ),
        "by_voice": base.with_(
            search=taken,
            visit=replace(on_site, by_phone=True),
            cascade=found,
            nurse_calls=(NurseCall(amina, "assigned", 1), NurseCall(amina, "doctor", 2)),
            nurse_called=2,
        ),
        "cancelled_words": base.with_(
            state=MissionState.CLOSED,
            search=replace(base.search, state=SearchState.ENDED),
            end=End(EndReason.CANCELLED, at(40), p["lea"].short_name, "other", "route coupée par la neige"),
            patient_calls=(CallReason.CANCELLED,),
            decisions=(Undoable(Decision.ENDED, at(62), p["lea"].id, number=1),),
        ),
        "en_route": base.with_(
            search=taken,
            visit=replace(planned, state=VisitState.EN_ROUTE, en_route_at=at(20)),
            cascade=cascade,
        ),
        "on_site": base.with_(search=taken, visit=on_site, cascade=cascade),
        "paused": base.with_(
            search=taken,
            visit=on_site,
            cascade=replace(cascade, state=CascadeState.PAUSED, paused_until=at(75)),
        ),
        "to_phone": base.with_(search=taken, visit=planned, cascade=phoning(base.cascade, scene)),
        "phone_suspended": base.with_(
            search=replace(base.search, epoch=2, excluded=(amina,)),
            cascade=replace(phoning(base.cascade, scene), suspended=True),
        ),
        "phone_over": base.with_(
            search=taken, visit=planned, cascade=passed_over(phoning(base.cascade, scene))
        ),
        "phoned": base.with_(search=taken, visit=planned, cascade=phoned(base.cascade, scene)),
        "house_lines": base.with_(search=taken, visit=planned, cascade=phoning_house(base.cascade, scene)),
        "exhausted": base.with_(
            search=taken, visit=on_site, cascade=replace(cascade, state=CascadeState.EXHAUSTED, current=None)
        ),
        "found": base.with_(search=taken, visit=planned, cascade=found),
        "found_traitant": base.with_(
            search=taken, visit=on_site, cascade=chosen(cascade, scene, "jean", CascadeStep.MEDECIN_TRAITANT)
        ),
        "found_house": base.with_(
            search=taken, visit=on_site, cascade=chosen(cascade, scene, "sos", CascadeStep.SOS_MEDECIN)
        ),
        "found_by_phone": base.with_(
            search=taken,
            visit=on_site,
            cascade=replace(
                found,
                doctor=ChosenDoctor(
                    scene.party("jean"),
                    CascadeStep.MEDECIN_TRAITANT,
                    at(30),
                    phone="+33639980024",
                    by_phone=True,
                ),
            ),
        ),
        "proposal": base.with_(
            search=taken,
            visit=replace(planned, expected_at=at(77)),
            cascade=replace(
                found, proposal=HourProposal(at(97), scene.party("amina"), scene.party("claire"))
            ),
        ),
        "suspended": base.with_(
            search=replace(base.search, epoch=2, excluded=(amina,)),
            cascade=replace(found, suspended=True, video_at=None),
            patient_calls=(CallReason.GIVEN_BACK,),
        ),
        "visio": base.with_(
            search=taken,
            visit=replace(on_site, acts_ordered="24h", acts_by="material"),
            cascade=found,
            visio=Visio("room", at(60), doctor=scene.party("claire")),
        ),
        "visio_by_voice": base.with_(
            search=taken,
            visit=replace(on_site, by_phone=True),
            cascade=found,
            visio=Visio("room", at(60), doctor=scene.party("claire"), by_voice=True, dictated_by=(lea,)),
        ),
        "visio_over": base.with_(
            search=taken, visit=on_site, cascade=found, visio=Visio("room", at(60), ended=True)
        ),
        "worsened": base.with_(search=taken, visit=on_site, cascade=found, worsened_at=at(66)),
        "night": base.with_(
            search=taken,
            visit=planned,
            cascade=found,
            closes_at=at(37),
            night_owner=NightOwner("Dr Anne Roth", "+33639980004"),
        ),
        "night_asked": base.with_(search=taken, visit=planned, cascade=cascade, closes_at=at(97)),
        "exercise": base.with_(
            search=taken, visit=planned, cascade=cascade, exercise=True, rings=(amina, lea)
        ),
    }
    done = End(EndReason.DONE, at(65), p["amina"].short_name)
    ended = replace(found, state=CascadeState.ENDED)
    closed = {
        "closing": base.with_(
            state=MissionState.CLOSING,
            search=taken,
            visit=finished,
            cascade=ended,
            end=done,
            closing=Closing(doctor_asked=True),
        ),
        "closing_half": base.with_(
            state=MissionState.CLOSING,
            search=taken,
            visit=finished,
            cascade=ended,
            end=done,
            closing=Closing(acts=True, outcome=PatientOutcome.HOME, doctor_asked=True),
        ),
        "closed": base.with_(
            state=MissionState.CLOSED,
            search=taken,
            visit=finished,
            cascade=ended,
            end=done,
            closing=Closing(
                acts=False,
                outcome=PatientOutcome.HOME,
                prescription=Prescription.GIVEN,
                idel_done_at=at(66),
                doctor_done_at=at(66),
                conclusion_read_at=at(62),
                doctor_asked=True,
            ),
        ),
        "reoriented": base.with_(
            state=MissionState.CLOSED,
            search=open_["oriented"].search,
            end=End(EndReason.REORIENTED, at(32), p["paul"].short_name, "other"),
        ),
    }
    details = {EndReason.CANCELLED: "patient", EndReason.TECHNICAL: "network"}
    for reason in EndReason:
        if reason not in (EndReason.DONE, EndReason.REORIENTED):
            closed[f"end_{reason.value}"] = base.with_(
                state=MissionState.CLOSING,
                search=taken,
                visit=on_site,
                cascade=ended,
                end=End(reason, at(66), p["lea"].short_name, details.get(reason)),
                closing=Closing(doctor_asked=True),
                patient_calls=(CallReason.CANCELLED,),
            )
    closed["end_before_arrival"] = closed["end_cancelled"].with_(state=MissionState.CLOSED, visit=planned)
    return open_ | closed


def running(cascade: Cascade, scene: Scene) -> Cascade:
    """Second step asked; the first has refused, the third begins too late."""
    steps = list(cascade.steps)
    jean = DoctorOffer(scene.party("jean"), DoctorOfferState.REFUSED, at(18), "no_answer")
    claire = DoctorOffer(scene.party("claire"), DoctorOfferState.ASKED, at(18))
    marc = DoctorOffer(scene.party("marc"), DoctorOfferState.REFUSED, at(20))
    sos = DoctorOffer(scene.party("sos"), DoctorOfferState.ASKED, at(20))
    steps[0] = replace(steps[0], state=StepState.REFUSED, started_at=at(9), ended_at=at(18), offers=(jean,))
    steps[1] = replace(
        steps[1], state=StepState.ASKED, started_at=at(18), until=at(73), offers=(claire, marc)
    )
    steps[2] = replace(steps[2], state=StepState.SKIPPED, reason="later")
    steps[3] = replace(steps[3], state=StepState.SILENT, started_at=at(20), ended_at=at(30), offers=(sos,))
    return replace(cascade, state=CascadeState.RUNNING, steps=tuple(steps), current=1)


def phoning(cascade: Cascade, scene: Scene) -> Cascade:
    """The médecin traitant is to be phoned."""
    steps = list(cascade.steps)
    jean = DoctorOffer(scene.party("jean"), DoctorOfferState.TO_PHONE, at(9))
    steps[0] = replace(steps[0], state=StepState.ASKED, started_at=at(9), offers=(jean,))
    return replace(cascade, state=CascadeState.RUNNING, steps=tuple(steps), current=0)


def passed_over(cascade: Cascade) -> Cascade:
    """OSNP have gone to the next step."""
    first, second, *rest = cascade.steps
    over = replace(first, state=StepState.SILENT, reason="osnp", ended_at=at(15))
    return replace(cascade, steps=(over, replace(second, state=StepState.ASKED), *rest), current=1)


def phoning_house(cascade: Cascade, scene: Scene) -> Cascade:
    """The second line of a house is to be phoned, and a doctor whose turn of duty begins later."""
    steps = list(cascade.steps)
    selas = DoctorOffer(scene.party("selas"), DoctorOfferState.TO_PHONE, at(9), by_phone=True, line=1)
    jean = replace(
        selas, party=scene.party("jean"), text_to="+33639980024", line=0, begins=at(97), ends=at(300)
    )
    for number, reason in enumerate(("paused", "off_duty", "mmg", "unreachable")):
        steps[number] = replace(steps[number], state=StepState.SKIPPED, reason=reason, ended_at=at(9))
    steps[4] = replace(steps[4], state=StepState.ASKED, started_at=at(9), offers=(selas, jean))
    return replace(cascade, state=CascadeState.RUNNING, steps=tuple(steps), current=4)


def phoned(cascade: Cascade, scene: Scene) -> Cascade:
    """He was."""
    steps = list(phoning(cascade, scene).steps)
    offers = tuple(replace(offer, state=DoctorOfferState.REFUSED) for offer in steps[0].offers)
    steps[0] = replace(steps[0], state=StepState.REFUSED, ended_at=at(12), offers=offers)
    return replace(cascade, state=CascadeState.RUNNING, steps=tuple(steps), current=1)


def chosen(cascade: Cascade, scene: Scene, who: str, step: CascadeStep) -> Cascade:
    """A doctor or house has it."""
    number = next(i for i, s in enumerate(cascade.steps) if s.step is step)
    steps = list(cascade.steps)
    offer = DoctorOffer(scene.party(who), DoctorOfferState.ACCEPTED, at(25))
    steps[number] = replace(
        steps[number], state=StepState.ACCEPTED, started_at=at(18), ended_at=at(25), offers=(offer,)
    )
    doctor = ChosenDoctor(scene.party(who), step, at(25))
    return replace(
        cascade,
        state=CascadeState.FOUND,
        steps=tuple(steps),
        current=number,
        doctor=doctor,
        video_at=at(72),
    )


def offers(scene: Scene, stored: MissionId, state: str) -> list[IdelOffer]:
    """Amina accepted, Bruno was asked, Chloé could not be reached."""
    own = {
        "suspended": IdelOfferState.GAVE_BACK,
        "unanswered": IdelOfferState.LATE,
        "offered": IdelOfferState.ASKED,
        "usual": IdelOfferState.ASKED,
        "prolonged": IdelOfferState.REFUSED,
    }
    epoch = scene.missions[state].search.epoch
    rows = (
        ("amina", own.get(state, IdelOfferState.ACCEPTED), 4.2),
        ("bruno", IdelOfferState.ASKED, 0.4),
        ("chloe", IdelOfferState.UNREACHABLE, 23.0),
    )
    return [
        IdelOffer(stored, scene.people[name].id, epoch, kind, at(0), distance_km=far, reason="far")
        for name, kind, far in rows
    ]


VITALS = Vitals(
    respiration=22,
    spo2=93,
    oxygen=False,
    systolic=132,
    diastolic=78,
    pulse=96,
    temperature=38.4,
    consciousness=Consciousness.ALERT,
    pain=6,
)

ALL_VITALS = replace(
    VITALS, spo2=85, oxygen=True, oxygen_flow=2.5, glasgow=14, glucose=1.1, weight=68.5, height=172
)

#: In the thread of these missions something was written, sent and measured.
WITH_THREAD = ("found", "on_site", "visio", "closed", "found_by_phone", "planned")


async def _fill(scene: Scene) -> None:
    """Documents and constantes."""
    async with scene.given.storage.transaction() as tx:
        for state in WITH_THREAD:
            mission = scene.missions[state]
            for key, kind, label, text, author in (
                ("text", DocumentKind.TEXT, DocumentLabel.NONE, "Elle a chuté hier soir. " * 40, "amina"),
                ("photo", DocumentKind.PHOTO, DocumentLabel.NONE, "plaie du genou " * 60, "amina"),
                ("vitale", DocumentKind.PHOTO, DocumentLabel.VITALE, "", "amina"),
                ("voice", DocumentKind.VOICE, DocumentLabel.NONE, "", "claire"),
                ("ordonnance", DocumentKind.DOCUMENT, DocumentLabel.ORDONNANCE, "", "claire"),
                ("location", DocumentKind.LOCATION, DocumentLabel.NONE, "47.7486, 7.3397", "amina"),
                ("video", DocumentKind.VIDEO, DocumentLabel.OTHER, "", "lea"),
                ("house", DocumentKind.TEXT, DocumentLabel.NONE, "Dr Petit appelle dans 5 min", "sos"),
            ):
                party = scene.party(author)
                known = scene.people.get(author)
                document = Document(
                    DocumentId(0),
                    mission.id,
                    party,
                    known.formal_name if known else scene.houses[author].name,
                    kind,
                    at(58),
                    text=text,
                    file_id=None if kind in (DocumentKind.TEXT, DocumentKind.LOCATION) else f"file-{key}",
                    file_name=f"{key}.pdf",
                    size=30 * 1024 * 1024 if key == "video" else 1000,
                    label=label,
                    edited_at=at(60) if key == "text" else None,
                )
                scene.documents[f"{state}.{key}"] = await tx.documents.add(document)
            for number, (vitals, version) in enumerate(((VITALS, 1), (ALL_VITALS, 1)), start=1):
                body = msgspec.json.encode(
                    vitals.facts() | {"_unread": ["apyr"], "_refused": ["SpO2 9"]}
                ).decode()
                row = VitalsRow(
                    VitalsId(0),
                    mission.id,
                    at(55),
                    scene.party("amina"),
                    body,
                    series=number,
                    version=version,
                )
                await tx.documents.add_vitals(row)


async def _journal(scene: Scene) -> None:
    """What the reports are made of: missions that went well, were given back, or found nobody."""
    amina, claire = scene.people["amina"].id, str(scene.party("claire"))
    story: Mapping[str, tuple[tuple[float, str, Facts], ...]] = {
        "closed": (
            (8, "search.accepted", {"person": amina}),
            (25, "cascade.accepted", {"party": claire}),
            (45, "visit.arrived", {}),
            (60, "visio.created", {}),
            (65, "visit.finished", {}),
            (65, "mission.ended", {"reason": "done", "position": 2}),
            (66, "closing.idel_done", {"outcome": "home"}),
            (66, "billing.idel", billed(amina, "TLD", "due", "arrived")),
            (66, "billing.doctor", {"party": claire, "codes": "TCG + SNP", "total": "40.00"}),
        ),
        "closing": (
            (8, "search.accepted", {"person": amina}),
            (45, "visit.arrived", {}),
            (65, "mission.ended", {"reason": "done", "position": 5}),
            (66, "closing.idel_done", {"outcome": "emergency"}),
            (66, "billing.idel", billed(amina, "TLS", "to_arbitrate", "not_funded")),
        ),
        "end_cancelled": (
            (8, "search.accepted", {"person": amina}),
            (66, "mission.ended", {"reason": "cancelled", "position": None}),
            (66, "billing.idel", billed(amina, None, "not_due", "gave_back")),
        ),
        "suspended": ((8, "search.accepted", {"person": amina}), (27, "search.given_back", {})),
        "found": ((8, "search.accepted", {"person": amina}), (25, "cascade.accepted", {"party": claire})),
        "reoriented": (
            (30, "search.nobody", {}),
            (32, "mission.ended", {"reason": "reoriented", "position": 0}),
        ),
    }
    for state, lines in story.items():
        async with scene.given.storage.transaction() as tx:
            for minutes, kind, facts in lines:
                await tx.journal.write(scene.missions[state].id, [Event(kind, facts)], "timer", at(minutes))


def billed(person: int, code: str | None, decision: str, reason: str) -> Facts:
    """A line of the statement, as the closing writes it."""
    amount = {"TLD": "15.00", "TLS": "10.00"}.get(code or "")
    return {
        "person": person,
        "code": code,
        "amount": amount,
        "decision": decision,
        "reason": reason,
        "indemnity": "27.00",
    }


async def _duties(scene: Scene) -> None:
    """A roster with a doctor now, the next one, a house everywhere, and one over."""
    sector = scene.given.region.sectors[0].name
    turns = [
        Duty(0, CascadeStep.GARDE, sector, scene.party("claire"), at(-60), at(300), "gardes"),
        Duty(0, CascadeStep.GARDE, sector, scene.party("marc"), at(300), at(1000), "gardes"),
        Duty(0, CascadeStep.SELAS, None, scene.party("selas"), at(-600), at(5000), "gardes"),
        Duty(0, CascadeStep.GARDE, sector, scene.party("jean"), at(-900), at(-60), "gardes"),
    ]
    async with scene.given.storage.transaction() as tx:
        await tx.duties.replace("gardes", turns)


async def _drafts(scene: Scene) -> None:
    """An entry of constantes that is under way, one for each way it can stand."""
    async with scene.given.storage.transaction() as tx:
        for state, entry in ENTRIES.items():
            mission = scene.missions[state]
            body = Opened(entry, None, None).body()
            await tx.drafts.save(Draft(scene.people["amina"].id, draft_kind(mission.id), body, NOW))


ENTRIES: Mapping[str, Entry] = {
    "on_site": Entry(Vitals(spo2=39), unread=("apyr",)),
    "found": Entry(Vitals(systolic=130), mode=Mode.GUIDED),
    "visio": Entry(VITALS, mode=Mode.PICK, series=1),
}


async def _texts(scene: Scene) -> None:
    """Jean was asked by a text message, and it has gone."""
    to = Place(PlaceKind.SMS, scene.people["jean"].id)
    for state in ("found", "end_cancelled", "suspended"):
        mission = scene.missions[state]
        asked = Notice("cascade.sms", to, mission.id, card=text_card(str(scene.party("jean"))), fresh=True)
        async with scene.given.storage.transaction() as tx:
            await tx.outbox.owe([asked], mission.search.started_at)
        async with scene.given.storage.transaction() as tx:
            (owed,) = await tx.outbox.claim(mission.search.started_at, 1)
        async with scene.given.storage.transaction() as tx:
            await tx.outbox.end([Ended(owed, HowEnded.DELIVERED)], mission.search.started_at)


def opening_drafts(scene: Scene) -> dict[str, OpeningDraft]:
    """An opening at each of its questions, and in each of its other moods."""
    d, cast = scene.dossier, scene.cast
    empty = OpeningDraft(epoch=1)
    whole = OpeningDraft(
        epoch=1,
        guided=False,
        last_name=d.last_name,
        first_name=d.first_name,
        birth_date=date(1932, 2, 3),
        sex=Sex.FEMALE,
        address=d.address,
        floor=d.floor,
        door_code=d.door_code,
        who_opens=d.who_opens,
        postal_code=d.postal_code,
        commune=cast.commune,
        communes=(cast.commune,),
        patient_phone=d.patient_phone,
        caller=d.caller,
        motif_text=d.motif_text,
        motif=cast.motif,
        medecin_traitant=d.medecin_traitant,
        usual_idel=d.usual_idel,
        decider=cast.requested_by,
        notes=d.notes,
        regulars=d.regulars,
        answers=d.answers[:2],
        said=tuple((line, True) for line in CRITERIA) + tuple((line, False) for line in EXCLUSIONS),
        transport=True,
        usual=UsualAnswer.UNAVAILABLE,
        duplicates_seen=tuple(m.id for m in scene.missions.values()),
    )
    drafts = {f"asking {q.value}": replace(whole, asking=q) for q in Question if q is not Question.RINGS}
    return drafts | {
        "asked what the region asks": replace(whole, answers=d.answers[:1]),
        "empty": empty,
        "ready": whole,
        "name only": replace(empty, last_name=d.last_name, first_name=d.first_name),
        "not understood": replace(empty, unread="blabla " * 40),
        "line by line": replace(whole, said=(), line_by_line=(Question.CRITERIA,)),
        "excluded": replace(whole, said=(*whole.said[:5], ("urgent", True))),
        "too young": replace(whole, birth_date=date(2025, 2, 3)),
        "usual known": replace(whole, usual=None, usual_idel=Contact("Amina", scene.people["amina"].phone)),
        "estimate": replace(
            whole, usual=UsualAnswer.ACCEPTS, usual_idel=Contact("Amina", scene.people["amina"].phone)
        ),
        "duplicate": replace(whole, duplicates_seen=()),
        "many communes": replace(
            whole,
            commune=None,
            postal_code="68210",
            communes=tuple(c.insee for c in scene.given.region.communes if "68210" in c.postal_codes),
        ),
        "fixing": replace(whole, fixing=True),
        "leaving": replace(whole, leaving=True),
        "paste arriving": replace(empty, parts=("long " * 100,)),
        "exercise": OpeningDraft(epoch=1, exercise=True),
        "exercise chosen": OpeningDraft(epoch=1, exercise=True, rings=(scene.people["amina"].id,)),
    }
