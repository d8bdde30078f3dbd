"""How a mission ends: the visit is finished, or somebody ends it otherwise.

Pure decisions. Nothing is searched for any more, whoever held it or was asked is told, and the questions of
`bot/domain/closing.py` begin.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain import cascade, closing, places, visio
from bot.domain.mission import (
    CallReason,
    End,
    EndReason,
    Mission,
    MissionState,
    SearchState,
    Visit,
    VisitState,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Priority,
    SetTimer,
    StopTimer,
    TimerKind,
    Withdrawal,
    nothing,
    to_group,
    to_party,
    to_person,
)
from bot.domain.search import STOP_SEARCH
from bot.domain.visit import STOP_VISIT

#: The exits a nurse may take by herself; the others are the group's.
IDEL_MAY_END = (EndReason.ABSENT, EndReason.TECHNICAL, EndReason.WORSENED)

#: The exits that ask why, and the whys, in the order of the buttons.
DETAILS: dict[EndReason, tuple[str, ...]] = {
    EndReason.CANCELLED: (
        "regulateur",
        "patient",
        "duplicate",
        "hospital",
        "doctor_came",
        "mistake",
        "other",
    ),
    EndReason.TECHNICAL: ("network", "device", "link", "other"),
}

#: A reason of a cancellation as it is typed, plainly: one that has its button is that reason.
_TYPED_DETAILS = {
    "regulateur": "regulateur",
    "patient refuse": "patient",
    "le patient refuse": "patient",
    "refus du patient": "patient",
    "doublon": "duplicate",
    "deja hospitalise": "hospital",
    "deja hospitalisee": "hospital",
    "medecin venu": "doctor_came",
    "un medecin est venu": "doctor_came",
    "erreur d ouverture": "mistake",
    "erreur": "mistake",
}

#: After these somebody must still tell the patient; who refused, or is served twice, knows.
_PATIENT_WAITS = (
    EndReason.CANCELLED,
    EndReason.ABSENT,
    EndReason.OTHER_EFFECTOR,
    EndReason.TECHNICAL,
    EndReason.VISIT_SOS,
)

_PATIENT_KNOWS = ("patient", "duplicate", "hospital", "doctor_came")


def done(mission: Mission, by: str, now: datetime) -> Outcome:
    """The visit is finished: the nurse has three questions, the doctor one. `by` is the nurse, in words."""
    if mission.visit.idel is None or mission.state is not MissionState.OPEN:
        return nothing(mission, "closing.stale")
    return _over(mission, End(EndReason.DONE, now, by), now)


def end(
    mission: Mission,
    reason: EndReason,
    by: str,
    detail: str | None,
    now: datetime,
    *,
    text: str | None = None,
) -> Outcome:
    """The mission ends otherwise: everybody who held it or was asked is told, whoever worked is questioned.

    `by` is who decided, in words for the card; `detail` a key of the words, `text` the operator's own;
    neither is about the patient.
    """
    if mission.state is not MissionState.OPEN:
        return nothing(mission, "closing.over_already", number=mission.number)
    if reason is EndReason.ABSENT:
        if mission.visit.idel is None:
            return nothing(mission, "closing.nobody_went", number=mission.number)
        door = _at_the_door(mission, now)
        ended = _end(door.mission, End(reason, now, by), now)
        return replace(door.then(ended), answer=ended.answer)
    return _end(mission, End(reason, now, by, detail, text), now)


def typed_detail(words: str) -> str | None:
    """The reason of a cancellation that these words are; None: they are a reason of their own."""
    return _TYPED_DETAILS.get(places.plain(words))


def _end(mission: Mission, ending: End, now: datetime) -> Outcome:
    reason, detail = ending.reason, ending.detail
    calls = mission.patient_calls
    if _patient_must_hear(mission, reason, detail):
        calls = (*(c for c in calls if c is not CallReason.CANCELLED), CallReason.CANCELLED)
    over = _over(replace(mission, patient_calls=calls), ending, now)
    ended = over.mission
    answer = Answer("closing.ended", {"number": mission.number, "reason": reason.value})
    return replace(
        over,
        answer=answer,
        notices=(
            *_told(mission, ended),
            *over.notices,
            Notice(
                "closing.over",
                to_group(mission.id),
                mission.id,
                card="call",
                fresh=True,
                priority=Priority.RECEIPT,
            ),
        ),
    )


def reoriented(outcome: Outcome) -> Outcome:
    """After a new orientation: whoever was kept or asked for the video is told that it is over."""
    mission = outcome.mission
    video = visio.end(mission)
    doctors = cascade.end(video.mission)
    told = Outcome(mission, outcome.answer, notices=_doctor_told(mission))
    return outcome.then(told).then(video).then(doctors)


def _doctor_told(mission: Mission) -> tuple[Notice, ...]:
    """The doctor who waits for a video that will not be; by OSNP where only the telephone reaches them."""
    doctor = mission.cascade.doctor
    if doctor is None:
        return ()
    if doctor.by_phone:
        why: dict[str, Fact] = {"why": "closing.ended"}
        return (Notice("cascade.call_doctor", to_group(mission.id), mission.id, facts=why),)
    return (Notice("closing.ended", to_party(doctor.party), mission.id, card="ended", fresh=True),)


def _at_the_door(mission: Mission, now: datetime) -> Outcome:
    """Porte close: whoever found nobody was there, whether or not «Sur place» was tapped."""
    visit = mission.visit
    if visit.arrived_at is not None:
        return Outcome(mission, Answer("closing.ended"))
    there = replace(visit, state=VisitState.ON_SITE, arrived_at=now)
    facts: dict[str, Fact] = {"implied": True, "in_limit": now <= mission.limit}
    return Outcome(
        replace(mission, visit=there), Answer("closing.ended"), events=(Event("visit.arrived", facts),)
    )


def _patient_must_hear(mission: Mission, reason: EndReason, detail: str | None) -> bool:
    if reason not in _PATIENT_WAITS or detail in _PATIENT_KNOWS:
        return False
    return reason is not EndReason.TECHNICAL or mission.visit.arrived_at is None


def _told(mission: Mission, ended: Mission) -> tuple[Notice, ...]:
    """Whoever held the mission, or waits for the régulateur's word, and is not asked any question."""
    notices = [_orientation_over(mission)] if mission.search.state is SearchState.UNANSWERED else []
    for late in mission.search.late:
        no: dict[str, Fact] = {"person": late.person, "estimate": late.estimate, "answer": False}
        notices += [
            Notice("search.late_refused", to_person(late.person), mission.id, priority=Priority.REPLY),
            Notice(
                "search.late",
                to_group(mission.id),
                mission.id,
                facts=no,
                card=f"late:{late.person}",
                only_if_there=True,
            ),
        ]
    if mission.visit.idel is not None and not closing.questions(ended):
        notices.append(
            Notice("closing.ended", to_person(mission.visit.idel), mission.id, card="ended", fresh=True)
        )
    told = () if ended.closing.doctor_asked else _doctor_told(mission)
    return (*notices, *told)


def _orientation_over(mission: Mission) -> Notice:
    """The régulateur need not decide any more."""
    return Notice(
        "closing.orientation_over", to_group(mission.id), mission.id, card="orientation", only_if_there=True
    )


def _over(mission: Mission, ending: End, now: datetime) -> Outcome:
    """What every end has in common: nothing is searched for any more, and the questions begin."""
    taken = mission.visit.idel is not None
    over = replace(
        mission,
        end=ending,
        search=replace(mission.search, state=SearchState.TAKEN if taken else SearchState.ENDED, late=()),
        visit=_visit_over(mission.visit, now),
    )
    video = visio.end(over)
    doctors = cascade.end(video.mission)
    over = doctors.mission
    preset = True if over.visit.acts_by == "me" and over.closing.acts is None else over.closing.acts
    over = replace(over, closing=replace(over.closing, acts=preset, doctor_asked=_doctor_worked(over, now)))
    over = replace(over, state=MissionState.CLOSING)
    open_sides = closing.waits_for(over)
    if not open_sides:
        over = replace(over, state=MissionState.CLOSED)
    facts: dict[str, Fact] = {
        "reason": ending.reason.value,
        "detail": ending.detail,
        "by": ending.by,
        "visit": mission.visit.state.value,
        "doctor": over.cascade.doctor is not None,
        "position": closing.position(over),
        "minutes": closing.minutes_since_trigger(mission, now),
    }
    return Outcome(
        over,
        Answer("closing.asked", {"number": mission.number}),
        events=(*video.events, Event("mission.ended", facts)),
        notices=(
            *video.notices,
            *doctors.notices,
            *closing.put(over, open_sides),
            # What is withdrawn may have been the redraw of one that stands there.
            Notice("search.nobody", to_group(mission.id), mission.id, card="orientation", only_if_there=True),
        ),
        withdrawn=(
            *video.withdrawn,
            *doctors.withdrawn,
            Withdrawal(mission.id, "search.offer"),
            Withdrawal(mission.id, "search.nobody"),
            Withdrawal(mission.id, "search.late"),
            Withdrawal(mission.id, "search.to_phone", to_group(mission.id)),
            Withdrawal(mission.id, "visit.ask_hour"),
            Withdrawal(mission.id, "visit.late"),
        ),
        timers=(
            *STOP_SEARCH,
            *STOP_VISIT,
            *doctors.timers,
            StopTimer(TimerKind.NIGHT_OWNER),
            *(
                (SetTimer(TimerKind.CLOSING_REMINDER, now + mission.rules.closing_reminder, key="1"),)
                if open_sides
                else ()
            ),
        ),
        released=mission.visit.idel,
        shut_offers=mission.search.state is not SearchState.TAKEN,
    )


def _visit_over(visit: Visit, now: datetime) -> Visit:
    """Whoever was there is there no more; whoever never came has no visit to finish."""
    if visit.arrived_at is None or visit.finished_at is not None:
        return visit
    return replace(visit, state=VisitState.FINISHED, finished_at=now)


def _doctor_worked(mission: Mission, now: datetime) -> bool:
    """Whether the doctor whom the bot reaches has something to write and to bill."""
    chosen, video = mission.cascade.doctor, mission.visio
    if chosen is None or chosen.by_phone or mission.visit.arrived_at is None or mission.end is None:
        return False
    if mission.end.reason is EndReason.DONE:
        return True
    hour = mission.cascade.video_at
    return video is not None and video.doctor == chosen.party and (hour is None or hour <= now)
