"""Who must act next on a mission, and before which hour: for the watchdog and for the card's first line.

A mission that is open has a timer to come, or somebody named here who must act. Whoever lets the hour
pass is phoned by the operator: then it is the operator who must act. Knows no timer and no words.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain import closing
from bot.domain.mission import CascadeState, Mission, MissionState, SearchState, VisitState
from bot.domain.people import Party, PartyKind, PersonId


class Who(StrEnum):
    """Who must act next. The values are stored in the journal."""

    REGULATEUR = "regulateur"
    OPERATOR = "operator"
    IDEL = "idel"  # the one who has the mission, or the usual one who alone is asked
    DOCTOR = "doctor"  # the one who does the video
    IDELS = "idels"  # all those asked: nobody by name, so a timer must follow
    DOCTORS = "doctors"  # likewise
    NOBODY = "nobody"


#: Those who are somebody: a mission of theirs may do without a timer.
NAMED = frozenset({Who.REGULATEUR, Who.OPERATOR, Who.IDEL, Who.DOCTOR})


class Deed(StrEnum):
    """What must be done. The values are stored in the journal."""

    DECIDE = "decide"  # worsened, nobody comes, or no doctor is left
    ANSWER_LATE = "answer_late"  # an ACCEPTER came after the limit
    ANSWER_OFFER = "answer_offer"
    PHONE_IDELS = "phone_idels"  # nobody could be reached by the bot
    SAY_HOUR = "say_hour"  # when she arrives
    AGREE_HOUR = "agree_hour"  # of the video
    NAME_DOCTOR = "name_doctor"  # the house accepted and has not said who
    PHONE_DOCTOR = "phone_doctor"
    PHONE_IDEL = "phone_idel"  # she let her hour pass
    RESUME = "resume"  # the cascade is paused
    ARRIVE = "arrive"
    CARE = "care"  # on site: the video, then «Visite terminée»
    CLOSE = "close"  # the questions after the care
    CALL_PATIENT = "call_patient"
    TELL_IDEL = "tell_idel"  # a nurse without Telegram must hear something
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who, what, and before when."""

    who: Who
    deed: Deed
    party: Party | None = None  # where one party is meant
    before: datetime | None = None

    @property
    def is_named(self) -> bool:
        """Whether somebody in particular must act."""
        return self.who in NAMED


def owner(mission: Mission, now: datetime) -> Owner:
    """Who must act next, the most pressing first; OSNP in the place of a nurse whom only they reach."""
    found = _owner(mission, now)
    idel = mission.visit.idel
    if not mission.visit.by_phone or idel is None or found.party != Party.person(idel):
        return found
    return _operator(mission, found.deed, found.before)


def _owner(mission: Mission, now: datetime) -> Owner:
    if mission.state is MissionState.CLOSED:
        return _operator(mission, Deed.CALL_PATIENT) if mission.patient_calls else Owner(*_NOBODY)
    if mission.state is MissionState.CLOSING:
        return _after_care(mission)
    if mission.worsened_at is not None:
        return _regulateur(mission, Deed.DECIDE)
    if mission.visit.idel is None:
        return _searching(mission, now)
    if mission.visit.expected_at is None:
        return _hour_wanted(mission, mission.visit.idel, now)
    return _doctor_wanted(mission, now) or _under_way(mission, mission.visit.idel, now)


_NOBODY = (Who.NOBODY, Deed.NOTHING)


def _operator(mission: Mission, deed: Deed, before: datetime | None = None) -> Owner:
    return Owner(Who.OPERATOR, deed, Party.person(mission.operator), before)


def _regulateur(mission: Mission, deed: Deed) -> Owner:
    party = Party.person(mission.regulateur) if mission.regulateur is not None else None
    return Owner(Who.REGULATEUR, deed, party, mission.limit)


def _after_care(mission: Mission) -> Owner:
    sides = closing.waits_for(mission)
    if mission.patient_calls:
        return _operator(mission, Deed.CALL_PATIENT)
    if "idel" in sides and mission.visit.idel is not None:
        return Owner(Who.IDEL, Deed.CLOSE, Party.person(mission.visit.idel))
    if "doctor" in sides and mission.cascade.doctor is not None:
        return Owner(Who.DOCTOR, Deed.CLOSE, mission.cascade.doctor.party)
    return _operator(mission, Deed.CLOSE)


def _searching(mission: Mission, now: datetime) -> Owner:
    search = mission.search
    if search.state is SearchState.UNANSWERED:
        return _regulateur(mission, Deed.ANSWER_LATE if search.late else Deed.DECIDE)
    if search.state is SearchState.USUAL and search.usual is not None and not search.usual_by_phone:
        return Owner(Who.IDEL, Deed.ANSWER_OFFER, Party.person(search.usual), search.answer_by)
    if search.asked <= search.unreachable + search.refused:
        return _operator(mission, Deed.PHONE_IDELS, search.answer_by)
    return Owner(Who.IDELS, Deed.ANSWER_OFFER, before=search.answer_by)


def _hour_wanted(mission: Mission, idel: PersonId, now: datetime) -> Owner:
    taken_at = mission.search.taken_at
    until = None if taken_at is None else min(taken_at + mission.rules.visit_hour, mission.limit)
    if mission.visit.hour_left or (until is not None and until <= now):
        return _operator(mission, Deed.SAY_HOUR, mission.limit)
    return Owner(Who.IDEL, Deed.SAY_HOUR, Party.person(idel), until)


def _doctor_wanted(mission: Mission, now: datetime) -> Owner | None:
    """Whoever must act so that a doctor is there at an hour; None when that is settled."""
    cascade = mission.cascade
    if cascade.state is CascadeState.EXHAUSTED:
        return _regulateur(mission, Deed.DECIDE)
    if cascade.state is CascadeState.PAUSED:
        return _operator(mission, Deed.RESUME, cascade.paused_until)
    if cascade.state is CascadeState.RUNNING:
        return _doctors_asked(mission)
    if cascade.state is CascadeState.FOUND and cascade.doctor is not None:
        return _video_wanted(mission, now)
    return None


def _doctors_asked(mission: Mission) -> Owner | None:
    step = mission.cascade.step
    if step is None:
        return None
    if step.until is None or (step.to_phone and len(step.to_phone) == len(step.open_offers)):
        return _operator(mission, Deed.PHONE_DOCTOR, step.until)
    return Owner(Who.DOCTORS, Deed.ANSWER_OFFER, before=step.until)


def _video_wanted(mission: Mission, now: datetime) -> Owner | None:
    proposal, doctor = mission.cascade.proposal, mission.cascade.doctor
    if doctor is None:
        return None
    if proposal is not None and now < proposal.hour:
        if proposal.by != doctor.party:
            reached = Owner(Who.DOCTOR, Deed.AGREE_HOUR, doctor.party, proposal.hour)
            return _operator(mission, Deed.AGREE_HOUR, proposal.hour) if doctor.by_phone else reached
        if mission.visit.idel is not None:
            return Owner(Who.IDEL, Deed.AGREE_HOUR, Party.person(mission.visit.idel), proposal.hour)
    if proposal is not None or not _video_fits(mission):
        return _operator(mission, Deed.AGREE_HOUR, mission.limit)
    if doctor.party.kind is PartyKind.ORGANISATION and doctor.name is None and not doctor.by_phone:
        return Owner(Who.DOCTOR, Deed.NAME_DOCTOR, doctor.party, mission.cascade.video_at)
    return None


def _video_fits(mission: Mission) -> bool:
    """Whether the nurse will be there at the hour of the video."""
    visit, video_at = mission.visit, mission.cascade.video_at
    if video_at is None:
        return False
    return visit.arrived_at is not None or visit.expected_at is None or visit.expected_at <= video_at


def _under_way(mission: Mission, idel: PersonId, now: datetime) -> Owner:
    visit = mission.visit
    if visit.state is VisitState.ON_SITE:
        return Owner(Who.IDEL, Deed.CARE, Party.person(idel), mission.cascade.video_at)
    if visit.expected_at is not None and now >= visit.expected_at + mission.rules.late_arrival:
        return _operator(mission, Deed.PHONE_IDEL, mission.limit)
    return Owner(Who.IDEL, Deed.ARRIVE, Party.person(idel), visit.expected_at)
