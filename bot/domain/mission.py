"""A mission and its small machines, as stored values. Knows no patient: the dossier is apart.

Several small machines, not one big one: search (the nurse), cascade (the doctor), visit, closing.
All times are UTC. The values of every enum are stored: changing one needs a migration.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.people import CascadeStep, MissionId, Party, PersonId


class Sex(StrEnum):
    """As written on the card of the existing tools."""

    FEMALE = "f"
    MALE = "m"
    UNKNOWN = "u"


class MissionState(StrEnum):
    """Where the whole mission stands."""

    OPEN = "open"  # somebody still has something to do for the patient
    CLOSING = "closing"  # care is over, questions to IDEL or doctor are open
    CLOSED = "closed"  # nothing is expected of anybody


class SearchState(StrEnum):
    """Where the search for a nurse stands."""

    USUAL = "usual"  # the usual IDEL alone is asked, by phone or by an exclusive offer
    OFFERED = "offered"  # offered to IDELs, nobody has it yet
    TAKEN = "taken"  # one IDEL has it
    UNANSWERED = "unanswered"  # the time ran out; the régulateur decides what next
    ENDED = "ended"  # nobody is searched for any more


class IdelOfferState(StrEnum):
    """What became of one IDEL's offer."""

    ASKED = "asked"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    LATE = "late"  # accepted after the limit, laid before the régulateur
    GAVE_BACK = "gave_back"  # had it and gave it back: not asked again
    UNREACHABLE = "unreachable"  # never got it


class VisitState(StrEnum):
    """Where the nurse is."""

    NONE = "none"  # no nurse
    PLANNED = "planned"  # a nurse has it
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    FINISHED = "finished"  # «Visite terminée»


class CascadeState(StrEnum):
    """Where the search for a doctor stands."""

    WAITING = "waiting"  # no arrival hour yet
    RUNNING = "running"
    PAUSED = "paused"
    FOUND = "found"
    EXHAUSTED = "exhausted"  # every step tried; the régulateur decides
    ENDED = "ended"


class StepState(StrEnum):
    """Where one step of the cascade stands."""

    WAITING = "waiting"
    ASKED = "asked"
    REFUSED = "refused"  # the last of the step refused
    SILENT = "silent"  # the delay passed; its offers stay acceptable
    SKIPPED = "skipped"  # with a reason
    ACCEPTED = "accepted"


class DoctorOfferState(StrEnum):
    """What became of one doctor's or house's offer."""

    ASKED = "asked"  # by Telegram or another channel of the bot
    TO_PHONE = "to_phone"  # OSNP must phone: no channel, or a landline
    REFUSED = "refused"
    ACCEPTED = "accepted"
    WITHDREW = "withdrew"  # had it and gave it back


class Orientation(StrEnum):
    """What the régulateur decides when nobody comes."""

    SMUR = "smur"
    AMBULANCE = "ambulance"
    VISIT_SOS = "visit_sos"
    PROLONG = "prolong"
    OTHER = "other"


class EndReason(StrEnum):
    """Why a mission ended."""

    DONE = "done"  # visit and video took place
    REORIENTED = "reoriented"  # the régulateur decided otherwise
    CANCELLED = "cancelled"
    WORSENED = "worsened"  # the 15 took over
    ABSENT = "absent"  # porte close
    OTHER_EFFECTOR = "other_effector"
    TECHNICAL = "technical"
    VISIT_SOS = "visit_sos"  # SOS médecin visits instead


class PatientOutcome(StrEnum):
    """Where the patient is afterwards."""

    HOME = "home"
    EMERGENCY = "emergency"
    OTHER = "other"


class Prescription(StrEnum):
    """What became of the ordonnance."""

    GIVEN = "given"
    SENT = "sent"
    NONE = "none"


class CallReason(StrEnum):
    """Why OSNP owe the patient a call."""

    ACCEPTED = "accepted"
    HOUR_CHANGED = "hour_changed"
    GIVEN_BACK = "given_back"
    CANCELLED = "cancelled"
    ORIENTED = "oriented"  # nobody came: what the régulateur decided instead
    REOPENED = "reopened"  # it was over, and goes on after all


class Decision(StrEnum):
    """What an operator may take back for some minutes."""

    ENDED = "ended"  # any exit, a new orientation included
    ASSIGNED = "assigned"  # the mission given to a nurse by hand
    NURSE_REFUSED = "nurse_refused"  # a refusal by telephone
    DOCTOR_ACCEPTED = "doctor_accepted"  # by telephone
    DOCTOR_REFUSED = "doctor_refused"  # by telephone, or nobody answered there
    HOUR = "hour"  # of the nurse's arrival
    SKIPPED = "skipped"  # a step of the cascade
    WORSENED = "worsened"  # the 15
    PROLONGED = "prolonged"  # the search, by the régulateur or on their word
    PAUSED = "paused"  # the search for a doctor
    RETURNED = "returned"  # to a step before
    HANDED_OVER = "handed_over"  # taken over, or given to another operator
    NOTED = "noted"  # a note of the operators
    POSTPONED = "postponed"  # what OSNP are asked, until an hour


@dataclass(frozen=True, slots=True)
class LateAcceptance:
    """An ACCEPTER after the limit, waiting for the régulateur's word."""

    person: PersonId
    at: datetime
    estimate: int | None  # minutes; None: to agree


@dataclass(frozen=True, slots=True)
class Search:
    """The search for a nurse."""

    state: SearchState
    epoch: int  # grows with every broadcast; old buttons carry an old one
    started_at: datetime
    answer_by: datetime
    asked: int = 0
    refused: int = 0
    unreachable: int = 0
    usual: PersonId | None = None  # the usual IDEL, when registered
    taken_by: PersonId | None = None
    taken_at: datetime | None = None
    orientation: Orientation | None = None
    orientation_text: str | None = None  # the régulateur's own words for «Autre»; never about the patient
    oriented_by: str | None = None
    oriented_at: datetime | None = None
    prolonged: int = 0
    excluded: tuple[PersonId, ...] = ()  # gave it back
    late: tuple[LateAcceptance, ...] = ()
    wave: int = 0  # the last that was asked; 0: none yet
    next_wave_at: datetime | None = None  # when the next one is; None: nobody is left to ask
    everybody_by: datetime | None = None  # by then everybody was asked
    usual_by_phone: bool = False  # OSNP phone the usual IDEL: the bot writes nothing to her meanwhile
    assigned_by: str | None = None  # the operator who noted her agreement on the phone: «Léa M.»

    @property
    def reached(self) -> int:
        """How many of those asked have the offer before their eyes, or were told it by OSNP."""
        return max(0, self.asked - self.unreachable)


@dataclass(frozen=True, slots=True)
class Visit:
    """The nurse's way to the patient and the time there."""

    state: VisitState = VisitState.NONE
    idel: PersonId | None = None
    expected_at: datetime | None = None  # None while «+ tard» has no hour yet
    hour_left: bool = False  # OSNP were asked to agree the hour with her
    en_route_at: datetime | None = None
    arrived_at: datetime | None = None
    finished_at: datetime | None = None
    acts_ordered: str | None = None  # the doctor's delay for nursing acts, as tapped
    acts_by: str | None = None  # «me» | «usual» | «material»: the IDEL's answer
    by_phone: bool = False  # only OSNP reach this nurse: they tell her, and note her steps


@dataclass(frozen=True, slots=True)
class DoctorOffer:
    """One doctor or house asked at a step."""

    party: Party
    state: DoctorOfferState
    at: datetime
    reason: str | None = None
    by_phone: bool = False  # only OSNP reach them: nothing is written to them by Telegram
    text_to: str | None = None  # E.164: asked by a text message there, too; the answer comes by telephone
    line: int = 0  # which of a house's telephone lines is to be phoned now
    begins: datetime | None = None  # when their turn of duty begins: no hour before it
    ends: datetime | None = None  # when it ends: no hour is proposed after it


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the cascade of this mission."""

    step: CascadeStep
    delay: timedelta
    state: StepState = StepState.WAITING
    reason: str | None = None  # why skipped or ended: a key of the words
    started_at: datetime | None = None
    until: datetime | None = None  # None while OSNP must phone
    ended_at: datetime | None = None
    begins: datetime | None = None  # when the garde begins: no hour before it
    offers: tuple[DoctorOffer, ...] = ()
    channels: tuple[str, ...] = ("telegram", "phone", "sms")  # how its doctors are reached, in this order

    @property
    def to_phone(self) -> tuple[DoctorOffer, ...]:
        """Those OSNP must phone and have not answered for."""
        return tuple(o for o in self.offers if o.state is DoctorOfferState.TO_PHONE)

    @property
    def open_offers(self) -> tuple[DoctorOffer, ...]:
        """Those who may still accept."""
        return tuple(o for o in self.offers if o.state in (DoctorOfferState.ASKED, DoctorOfferState.TO_PHONE))


@dataclass(frozen=True, slots=True)
class ChosenDoctor:
    """Who does the video."""

    party: Party
    step: CascadeStep
    accepted_at: datetime
    name: str | None = None  # a house names its doctor later: None until then
    phone: str | None = None  # E.164
    by_phone: bool = False  # only OSNP reach this doctor: told by telephone and SMS


@dataclass(frozen=True, slots=True)
class HourProposal:
    """An hour one side proposes for the video; agreed when the other side has accepted it."""

    hour: datetime
    by: Party  # the doctor, or the IDEL's party
    party: Party  # the doctor concerned


@dataclass(frozen=True, slots=True)
class Cascade:
    """The search for a doctor, its steps frozen at the start of the mission."""

    state: CascadeState = CascadeState.WAITING
    epoch: int = 1
    steps: tuple[Step, ...] = ()
    current: int | None = None  # index in steps
    doctor: ChosenDoctor | None = None
    video_at: datetime | None = None
    proposal: HourProposal | None = None
    paused_until: datetime | None = None
    suspended: bool = False  # no nurse for now: the doctor is kept, or the step waits

    @property
    def step(self) -> Step | None:
        """The step being asked."""
        return None if self.current is None else self.steps[self.current]


@dataclass(frozen=True, slots=True)
class Visio:
    """The video link. The room's name says nothing of the patient."""

    room: str
    created_at: datetime
    number: int = 1  # grows with «Nouveau lien»
    ended: bool = False
    doctor: Party | None = None  # who was given the other link
    trouble_at: datetime | None = None  # «Ça ne marche pas», the last time
    by_voice: bool = False  # the nurse's link goes by text message, or is dictated: OSNP answer for her
    dictated_by: tuple[PersonId, ...] = ()  # operators who have her link before their eyes
    moved_at: datetime | None = None  # «Décaler 15 min», the last time


@dataclass(frozen=True, slots=True)
class Closing:
    """The questions after the care."""

    acts: bool | None = None  # True: TLS + act; False: TLD
    outcome: PatientOutcome | None = None
    prescription: Prescription | None = None
    idel_done_at: datetime | None = None
    doctor_done_at: datetime | None = None
    conclusion_read_at: datetime | None = None
    doctor_asked: bool = False  # a doctor whom the bot reaches did the video: asked to confirm
    no_video: bool = False  # the nurse says that no teleconsultation took place


@dataclass(frozen=True, slots=True)
class End:
    """How the mission ended."""

    reason: EndReason
    at: datetime
    by: str  # who, in words for the card: «Léa», «Dr Roth»
    detail: str | None = None  # a key or short words, never about the patient
    text: str | None = None  # the operator's own words for «Autre»; never about the patient


@dataclass(frozen=True, slots=True)
class Rules:
    """The delays this mission was started with: a later change of the region file leaves it alone."""

    answer: timedelta
    warning: timedelta
    prolongation: timedelta
    reminders: tuple[timedelta, ...]
    visit_hour: timedelta
    late_arrival: timedelta
    visio_after_arrival: timedelta
    visio_on_site: timedelta
    pause: timedelta
    closing_reminder: timedelta
    purge_after_visit: timedelta
    usual_idel: timedelta
    night_owner: timedelta = timedelta(minutes=30)  # before closing, the owner of the night is asked for
    act_request: timedelta = timedelta(minutes=5)  # a request to act that nobody touched is repeated
    fallback_again: timedelta = timedelta(minutes=15)  # the fallback is asked again and again


@dataclass(frozen=True, slots=True)
class NightOwner:
    """Who answers for the mission once the service is closed."""

    name: str
    phone: str  # E.164


@dataclass(frozen=True, slots=True)
class NurseCall:
    """Something a nurse without Telegram must still be told by OSNP."""

    person: PersonId
    why: str  # a value of `by_phone.Why`
    number: int  # grows: a tap settles what was on the screen


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody must act, and has not yet."""

    key: str  # «owner»: who must act next; «call»: the call the patient is owed
    epoch: int  # grows with every request of the mission; old rings and buttons carry an old one
    who: str  # a value of `owner.Who`
    deed: str  # a value of `owner.Deed`
    party: Party | None
    since: datetime
    rung: int = 0  # how often it was said again
    taken_by: PersonId | None = None  # «Je m'en occupe»
    taken_at: datetime | None = None
    takers: tuple[PersonId, ...] = ()  # each of them may say so once
    told: tuple[PersonId, ...] = ()  # who was rung privately
    is_shown: bool = False  # it rang before it began anew: what it said then is still on screen
    quiet_until: datetime | None = None  # «Rappeler à 10:30»: it does not ring before


@dataclass(frozen=True, slots=True)
class Undoable:
    """A decision of an operator, and what is needed to tell whether anything has moved since."""

    kind: Decision
    at: datetime
    by: PersonId
    person: PersonId | None = None
    party: Party | None = None
    hour: datetime | None = None  # the hour that held before; of a pause, until when
    epoch: int | None = None  # of the search or the cascade, as the decision left it
    index: int | None = None  # the step that was passed over or left; the number of a note
    was: str | None = None  # the state of the answer before; the hour, or the holder, that it brought
    upon: int | None = None  # the cascade's epoch before it
    number: int = 0  # among those that stand


@dataclass(frozen=True, slots=True)
class Mission:
    """One mission. What may be shown before acceptance stands here; identity stands in the Dossier."""

    id: MissionId
    number: int
    year: int
    state: MissionState
    operator: PersonId  # the OSNP who holds it
    requested_by: str  # who decided: «SAMURL68, médecin généraliste»
    triggered_at: datetime
    limit: datetime  # trigger + six hours
    closes_at: datetime | None  # end of service that day, as the coordinateur has it now
    age: int  # years
    sex: Sex
    commune: str  # INSEE code
    motif: str  # key in the region's list
    rules: Rules
    search: Search
    visit: Visit = field(default_factory=Visit)
    cascade: Cascade = field(default_factory=Cascade)
    visio: Visio | None = None
    closing: Closing = field(default_factory=Closing)
    end: End | None = None
    patient_calls: tuple[CallReason, ...] = ()  # calls OSNP owe the patient
    nurse_calls: tuple[NurseCall, ...] = ()  # and a nurse whom only they reach: `domain.by_phone`
    nurse_called: int = 0  # how many there were
    regulateur: PersonId | None = None
    medecin_traitant: PersonId | None = None  # registered, or a guest of this mission
    night_owner: NightOwner | None = None
    night_owner_asked: bool = False
    exercise: bool = False
    rings: tuple[PersonId, ...] = ()  # an exercice rings these, and nobody else
    worsened_at: datetime | None = None  # somebody said that the 15 must be called
    transport_avoided: bool | None = None  # would an ambulance have been sent otherwise?
    funded: bool = True  # the trigger lies in the funding window
    requests: tuple[Request, ...] = ()  # whoever must act is watched over: `domain.watch`
    requested: int = 0  # how many there were
    decisions: tuple[Undoable, ...] = ()  # what operators may still take back, the newest last: `domain.undo`
    notes: int = 0  # notes of the operators; their words stand in the dossier
    open_until: datetime | None = (
        None  # the coordinateur closed sooner: until then people are asked as before
    )

    @property
    def owes_calls(self) -> bool:
        """Whether somebody waits for a call of the OSNP, even when all else is over."""
        return bool(self.patient_calls or self.nurse_calls)

    def with_(self, **changes: object) -> "Mission":
        """The same mission with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def with_cascade(self, **changes: object) -> "Mission":
        """The same mission with some fields of its cascade replaced."""
        return replace(self, cascade=replace(self.cascade, **changes))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class IdelOffer:
    """The mission offered to one IDEL. Kept apart from the mission: there may be a thousand."""

    mission: MissionId
    person: PersonId
    epoch: int
    state: IdelOfferState
    at: datetime
    distance_km: float | None = None
    answered_at: datetime | None = None
    estimate: int | None = None  # minutes
    reason: str | None = None
    wave: int = 0  # 1: among the first asked; 0: outside the waves (usual IDEL, by hand)


@dataclass(frozen=True, slots=True)
class Contact:
    """A name and a number, as the caller gave them."""

    name: str
    phone: str | None = None  # E.164
    link: str | None = None  # «fille», «voisin»


@dataclass(frozen=True, slots=True)
class LiaisonNote:
    """A line of the cahier de liaison, kept for the next professional."""

    text: str
    by: str  # who wrote it: «Amina B.»
    at: datetime
    pinned: bool = True
    author: str = ""  # their party: who may take it off again
    number: int = 0  # within the mission, never given twice


@dataclass(frozen=True, slots=True)
class Dossier:
    """Who the patient is. Stored encrypted, shown only as `disclosure` allows."""

    last_name: str
    first_name: str
    birth_date: str | None  # ISO date
    address: str
    postal_code: str
    commune_name: str
    floor: str | None = None
    door_code: str | None = None
    who_opens: str | None = None
    patient_phone: str | None = None
    caller: Contact | None = None
    motif_text: str = ""
    medecin_traitant: Contact | None = None
    usual_idel: Contact | None = None
    notes: tuple[str, ...] = ()  # lines of the paste that were not understood: nothing is lost
    regulars: tuple[Contact, ...] = ()  # other usual professionals: `link` is what they are
    liaison: tuple[LiaisonNote, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()  # of the region's questionnaire: question, choice (keys)
    operator_notes: tuple[LiaisonNote, ...] = ()  # of the OSNP, for each other
    conclusion: str | None = None  # the doctor's short conclusion
    orientation: str | None = None

    @property
    def call_back(self) -> str | None:
        """The number to call back: the patient's, else the caller's."""
        return self.patient_phone or (self.caller.phone if self.caller else None)
