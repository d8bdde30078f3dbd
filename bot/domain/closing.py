"""After the care: the closing questions, every other end, the owner of the night, and what is forgotten.

Pure decisions. A mission is over when its visit is finished or somebody ends it; it is closed when each
side that worked has answered.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain import cascade, money, visio
from bot.domain.mission import (
    CallReason,
    Closing,
    End,
    EndReason,
    Mission,
    MissionState,
    NightOwner,
    PatientOutcome,
    Prescription,
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
from bot.domain.people import Party, PersonId
from bot.domain.region import Region
from bot.domain.search import STOP_SEARCH
from bot.domain.visit import STOP_VISIT

#: How often each side is reminded before OSNP are told that nobody answers.
REMINDERS = 3

#: How often the owner of the night is asked for, and how far apart.
NIGHT_OWNER_ASKED = 3
NIGHT_OWNER_AGAIN = timedelta(minutes=10)

#: «Aggravation» tapped again so soon is the same alarm.
SAME_ALARM = timedelta(minutes=1)

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

#: After these somebody must still tell the patient; who refused, or is served twice, knows.
_PATIENT_WAITS = (
    EndReason.CANCELLED,
    EndReason.ABSENT,
    EndReason.OTHER_EFFECTOR,
    EndReason.TECHNICAL,
    EndReason.VISIT_SOS,
)
_PATIENT_KNOWS = ("patient", "duplicate", "hospital", "doctor_came")


class Question(StrEnum):
    """What the nurse is asked, in this order."""

    ACTS = "acts"
    OUTCOME = "outcome"
    PRESCRIPTION = "prescription"


def questions(mission: Mission) -> tuple[Question, ...]:
    """What the nurse is asked: only what can have taken place."""
    reason = mission.end.reason if mission.end is not None else EndReason.DONE
    if mission.visit.arrived_at is None or reason is EndReason.ABSENT:
        return ()
    if mission.cascade.doctor is None:
        return (Question.OUTCOME,)
    if mission.closing.no_video:
        return (Question.ACTS, Question.OUTCOME)
    return (Question.ACTS, Question.OUTCOME, Question.PRESCRIPTION)


def next_question(mission: Mission) -> Question | None:
    """The first one without an answer."""
    return next((q for q in questions(mission) if not _is_answered(mission.closing, q)), None)


def questions_left(mission: Mission) -> int:
    """How many are without an answer."""
    return sum(not _is_answered(mission.closing, question) for question in questions(mission))


def _is_answered(closing: Closing, question: Question) -> bool:
    if question is Question.ACTS:
        return closing.acts is not None or closing.no_video
    if question is Question.OUTCOME:
        return closing.outcome is not None
    return closing.prescription is not None


def waits_for(mission: Mission) -> tuple[str, ...]:
    """Which sides a mission that is over still waits for: «idel», «doctor»."""
    if mission.state is not MissionState.CLOSING:
        return ()
    closing = mission.closing
    sides = (
        "idel" if closing.idel_done_at is None and questions(mission) else None,
        "doctor" if closing.doctor_asked and closing.doctor_done_at is None else None,
    )
    return tuple(side for side in sides if side is not None)


def position(mission: Mission) -> int | None:
    """The step of the cascade that was reached, counted from 1: the doctor's own when there is one."""
    chosen = mission.cascade.doctor
    if chosen is not None:
        return next((n for n, s in enumerate(mission.cascade.steps, 1) if s.step is chosen.step), None)
    return None if mission.cascade.current is None else mission.cascade.current + 1


def minutes_since_trigger(mission: Mission, now: datetime) -> int:
    """Whole minutes since the déclenchement."""
    return int((now - mission.triggered_at).total_seconds() // 60)


# The care is over


def ask(mission: Mission, by: str, now: datetime) -> Outcome:
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
    if mission.visit.idel is not None and not questions(ended):
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
    open_sides = waits_for(over)
    if not open_sides:
        over = replace(over, state=MissionState.CLOSED)
    facts: dict[str, Fact] = {
        "reason": ending.reason.value,
        "detail": ending.detail,
        "by": ending.by,
        "visit": mission.visit.state.value,
        "doctor": over.cascade.doctor is not None,
        "position": position(over),
        "minutes": minutes_since_trigger(mission, now),
    }
    return Outcome(
        over,
        Answer("closing.asked", {"number": mission.number}),
        events=(*video.events, Event("mission.ended", facts)),
        notices=(
            *video.notices,
            *doctors.notices,
            *_questions_put(over, open_sides),
            # What is withdrawn may have been the redraw of one that stands there.
            Notice("search.nobody", to_group(mission.id), mission.id, card="orientation", only_if_there=True),
        ),
        withdrawn=(
            *video.withdrawn,
            *doctors.withdrawn,
            Withdrawal(mission.id, "search.offer"),
            Withdrawal(mission.id, "search.nobody"),
            Withdrawal(mission.id, "search.late"),
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


def _questions_put(mission: Mission, sides: tuple[str, ...]) -> tuple[Notice, ...]:
    notices = []
    if "idel" in sides and mission.visit.idel is not None:
        notices.append(_idel_card(mission, mission.visit.idel, fresh=True))
    if "doctor" in sides and mission.cascade.doctor is not None:
        notices.append(_doctor_card(mission, mission.cascade.doctor.party, fresh=True))
    return tuple(notices)


def _idel_card(mission: Mission, idel: PersonId, *, fresh: bool = False, again: bool = False) -> Notice:
    return Notice(
        "closing.idel",
        to_person(idel),
        mission.id,
        facts={"again": again},
        card="closing",
        fresh=fresh,
        priority=Priority.RECEIPT if fresh else Priority.REPLY,
    )


def _doctor_card(
    mission: Mission, party: Party, *, fresh: bool = False, again: bool = False, detail: bool = False
) -> Notice:
    return Notice(
        "closing.doctor",
        to_party(party),
        mission.id,
        facts={"again": again, "detail": detail},
        card="closing",
        fresh=fresh,
        priority=Priority.RECEIPT if fresh else Priority.REPLY,
    )


# The answers


def answer_acts(mission: Mission, person: PersonId, value: str, now: datetime) -> Outcome:
    """«0» TLD, «1» TLS and acts, «n» no teleconsultation took place."""
    acts = {"0": False, "1": True}.get(value)
    return _answered(mission, person, {"acts": acts, "no_video": acts is None}, now)


def answer_outcome(mission: Mission, person: PersonId, outcome: PatientOutcome, now: datetime) -> Outcome:
    """Where the patient is now."""
    return _answered(mission, person, {"outcome": outcome}, now)


def answer_prescription(
    mission: Mission, person: PersonId, prescription: Prescription, now: datetime
) -> Outcome:
    """What became of the ordonnance."""
    return _answered(mission, person, {"prescription": prescription}, now)


def _answered(mission: Mission, person: PersonId, changes: dict[str, object], now: datetime) -> Outcome:
    if (refused := _not_hers(mission, person)) is not None:
        return refused
    if mission.closing.idel_done_at is not None or next_question(mission) is None:
        return nothing(mission, "closing.answered_already", number=mission.number)
    if mission.state is MissionState.OPEN:
        return nothing(mission, "closing.answered_already", number=mission.number)
    closing = replace(mission.closing, **changes)  # type: ignore[arg-type]
    changed = replace(mission, closing=closing)
    card = (_idel_card(mission, person),)
    if next_question(changed) is not None:
        return Outcome(
            changed, Answer("closing.next", {"number": mission.number}), (Event("closing.answered"),), card
        )
    changed = replace(changed, closing=replace(closing, idel_done_at=now))
    facts: dict[str, Fact] = {
        "person": person,
        "acts": closing.acts,
        "no_video": closing.no_video,
        "outcome": closing.outcome.value if closing.outcome else None,
        "prescription": closing.prescription.value if closing.prescription else None,
    }
    done = Outcome(
        changed,
        Answer("closing.idel_done", {"number": mission.number}),
        events=(Event("closing.idel_done", facts),),
        notices=card,
    )
    return done.then(_closed_if_complete(changed, now))


def _not_hers(mission: Mission, person: PersonId) -> Outcome | None:
    if mission.visit.idel != person:
        return nothing(mission, "visit.not_yours")
    return None


def back(mission: Mission, person: PersonId, now: datetime) -> Outcome:
    """«Revenir», one question back; after the last one «Corriger», all of them again for a few hours."""
    if (refused := _not_hers(mission, person)) is not None:
        return refused
    closing = mission.closing
    done_at = closing.idel_done_at
    if done_at is None:
        return _one_back(mission, person)
    if now > done_at + mission.rules.purge_after_visit:
        return nothing(mission, "closing.too_late_to_correct", number=mission.number)
    emptied = replace(closing, acts=None, no_video=False, outcome=None, prescription=None, idel_done_at=None)
    reopened = replace(mission, state=MissionState.CLOSING, closing=emptied)
    return Outcome(
        reopened,
        Answer("closing.next", {"number": mission.number}),
        events=(Event("closing.reopened", {"person": person}),),
        notices=(_idel_card(mission, person),),
        timers=(SetTimer(TimerKind.CLOSING_REMINDER, now + mission.rules.closing_reminder, key="1"),),
    )


def _one_back(mission: Mission, person: PersonId) -> Outcome:
    closing = mission.closing
    given = [q for q in questions(mission) if _is_answered(closing, q)]
    if mission.state is not MissionState.CLOSING or not given:
        return nothing(mission, "closing.stale", number=mission.number)
    emptied = {
        Question.ACTS: replace(closing, acts=None, no_video=False),
        Question.OUTCOME: replace(closing, outcome=None),
        Question.PRESCRIPTION: replace(closing, prescription=None),
    }[given[-1]]
    return Outcome(
        replace(mission, closing=emptied),
        Answer("closing.next", {"number": mission.number}),
        events=(Event("closing.taken_back", {"question": given[-1].value}),),
        notices=(_idel_card(mission, person),),
    )


def doctor_done(mission: Mission, party: Party, now: datetime) -> Outcome:
    """«Tout est fait»."""
    if (refused := _not_theirs(mission, party)) is not None:
        return refused
    if mission.closing.doctor_done_at is not None:
        return nothing(mission, "closing.doctor_done", number=mission.number)
    changed = replace(mission, closing=replace(mission.closing, doctor_done_at=now))
    done = Outcome(
        changed,
        Answer("closing.doctor_done", {"number": mission.number}),
        events=(Event("closing.doctor_done", {"party": str(party)}),),
        notices=(_doctor_card(mission, party),),
    )
    return done.then(_closed_if_complete(changed, now))


def _not_theirs(mission: Mission, party: Party) -> Outcome | None:
    chosen = mission.cascade.doctor
    if chosen is None or chosen.party != party or not mission.closing.doctor_asked:
        return nothing(mission, "closing.not_yours")
    return None


def doctor_later(mission: Mission, party: Party, now: datetime) -> Outcome:
    """«Plus tard»: reminded once more in an hour."""
    if (refused := _not_theirs(mission, party)) is not None:
        return refused
    if mission.closing.doctor_done_at is not None:
        return nothing(mission, "closing.doctor_done", number=mission.number)
    at = now + mission.rules.closing_reminder
    return Outcome(
        mission,
        Answer("closing.later", {"number": mission.number, "at": at.isoformat()}),
        events=(Event("closing.later"),),
        timers=(SetTimer(TimerKind.CLOSING_REMINDER, at, key="1"),),
    )


def doctor_detail(mission: Mission, party: Party) -> Outcome:
    """«Détail»: what is to be done, line by line, on the same card."""
    if (refused := _not_theirs(mission, party)) is not None:
        return refused
    return Outcome(mission, Answer("closing.detail"), notices=(_doctor_card(mission, party, detail=True),))


def _closed_if_complete(mission: Mission, now: datetime) -> Outcome:
    if mission.state is not MissionState.CLOSING or waits_for(mission):
        return Outcome(mission, Answer("closing.next"))
    return _close(mission, now)


def _close(mission: Mission, now: datetime, by: str | None = None) -> Outcome:
    outcome = mission.closing.outcome
    return Outcome(
        replace(mission, state=MissionState.CLOSED),
        Answer("closing.closed", {"number": mission.number}),
        events=(
            Event(
                "mission.closed",
                {
                    "outcome": outcome.value if outcome else None,
                    "position": position(mission),
                    "minutes": minutes_since_trigger(mission, now),
                    "forced_by": by,
                },
            ),
        ),
        notices=(
            Notice(
                "closing.closed",
                to_group(mission.id),
                mission.id,
                facts={"at": now.isoformat(), "minutes": minutes_since_trigger(mission, now), "by": by},
                card="closed",
                fresh=True,
            ),
            Notice(
                "closing.unanswered", to_group(mission.id), mission.id, card="unanswered", only_if_there=True
            ),
        ),
        withdrawn=(Withdrawal(mission.id, "closing.unanswered"),),
        timers=(StopTimer(TimerKind.CLOSING_REMINDER),),
    )


def remind(mission: Mission, key: str, now: datetime) -> Outcome:
    """An hour without an answer: asked again, a few times, then OSNP are told."""
    sides = waits_for(mission)
    if not sides:
        return nothing(mission, "closing.stale")
    count = int(key or 1)
    if count > REMINDERS:
        return Outcome(
            mission,
            Answer("closing.unanswered"),
            events=(Event("closing.unanswered", {"sides": ",".join(sides)}),),
            notices=(
                Notice("closing.unanswered", to_group(mission.id), mission.id, card="unanswered", fresh=True),
            ),
        )
    notices = []
    if "idel" in sides and mission.visit.idel is not None:
        notices.append(_idel_card(mission, mission.visit.idel, fresh=True, again=True))
    if "doctor" in sides and mission.cascade.doctor is not None:
        notices.append(_doctor_card(mission, mission.cascade.doctor.party, fresh=True, again=True))
    next_one = now + mission.rules.closing_reminder
    notices = [replace(notice, valid_until=next_one) for notice in notices]
    return Outcome(
        mission,
        Answer("closing.reminded"),
        events=(Event("closing.reminded", {"sides": ",".join(sides), "count": count}),),
        notices=tuple(notices),
        timers=(
            SetTimer(TimerKind.CLOSING_REMINDER, now + mission.rules.closing_reminder, key=str(count + 1)),
        ),
    )


def close_without_answers(mission: Mission, by: str, now: datetime) -> Outcome:
    """OSNP close a mission whose questions nobody answers."""
    if mission.state is not MissionState.CLOSING:
        return nothing(mission, "closing.over_already", number=mission.number)
    sides = waits_for(mission)
    forced = Outcome(
        mission,
        Answer("closing.closed", {"number": mission.number}),
        events=(Event("closing.forced", {"sides": ",".join(sides), "by": by}),),
    )
    cards = []
    if "idel" in sides and mission.visit.idel is not None:
        cards.append(_idel_card(mission, mission.visit.idel))
    if "doctor" in sides and mission.cascade.doctor is not None:
        cards.append(_doctor_card(mission, mission.cascade.doctor.party))
    closed = _close(mission, now, by)
    return forced.then(replace(closed, notices=(*closed.notices, *cards)))


# What is owed, recorded with every end: `settle` is the only place where money enters the journal


def settle(region: Region, outcome: Outcome, now: datetime) -> Outcome:
    """The same outcome with what follows from an end: amounts in the journal, and the day of forgetting."""
    mission = outcome.mission
    kinds = {event.kind for event in outcome.events}
    added: list[Event] = []
    timers: list[SetTimer | StopTimer] = []
    for event in outcome.events:
        if event.kind == "search.given_back":
            added.append(_gave_back(region, mission, event))
        elif event.kind == "closing.idel_done":
            added.append(_idel_billing(region, mission))
        elif event.kind == "closing.doctor_done":
            added.append(_doctor_billing(region, mission))
    nobody_asked = "mission.ended" in kinds and not questions(mission)
    forced = "closing.forced" in kinds and mission.closing.idel_done_at is None and questions(mission)
    if mission.visit.idel is not None and (nobody_asked or forced):
        added.append(_idel_billing(region, mission))
    if "mission.ended" in kinds:
        timers.append(SetTimer(TimerKind.FORGET, now + region.delays.purge_at_most))
    if mission.state is MissionState.CLOSED and kinds & {"mission.ended", "mission.closed"}:
        timers.append(SetTimer(TimerKind.FORGET, now + mission.rules.purge_after_visit))
    if not added and not timers:
        return outcome
    return replace(outcome, events=(*outcome.events, *added), timers=(*outcome.timers, *timers))


def _idel_billing(region: Region, mission: Mission) -> Event:
    closing, visit = mission.closing, mission.visit
    at = visit.finished_at or (mission.end.at if mission.end else mission.triggered_at)
    line = None
    if closing.acts is not None and mission.cascade.doctor is not None and not closing.no_video:
        line = money.idel_billing(region, at, acts=closing.acts).lines[0]
    indemnity = money.indemnity_of(region, mission)
    return Event(
        "billing.idel",
        {
            "person": visit.idel,
            "code": line.code if line else None,
            "amount": str(line.amount) if line else None,
            "acts": closing.acts,
            "answered": closing.idel_done_at is not None or not questions(mission),
            "decision": indemnity.decision.value,
            "reason": indemnity.reason.value,
            "indemnity": str(indemnity.amount),
            "position": position(mission),
            "outcome": closing.outcome.value if closing.outcome else None,
        },
    )


def _gave_back(region: Region, mission: Mission, event: Event) -> Event:
    indemnity = money.indemnity_due(
        region,
        triggered_at=mission.triggered_at,
        accepted=True,
        arrived=bool(event.facts.get("arrived")),
        ended=False,
        gave_back=True,
        exercise=mission.exercise,
    )
    return Event(
        "billing.idel",
        {
            "person": event.facts["person"],
            "code": None,
            "amount": None,
            "acts": None,
            "answered": True,
            "decision": indemnity.decision.value,
            "reason": indemnity.reason.value,
            "indemnity": str(indemnity.amount),
            "position": None,
            "outcome": None,
        },
    )


def _doctor_billing(region: Region, mission: Mission) -> Event:
    chosen = mission.cascade.doctor
    if chosen is None:
        raise ValueError("a doctor's billing without a doctor")
    at = mission.visit.finished_at or (mission.end.at if mission.end else mission.triggered_at)
    billing = money.doctor_billing(region, chosen.step, at)
    return Event(
        "billing.doctor",
        {
            "party": str(chosen.party),
            "step": chosen.step.value,
            "codes": "+".join(line.code for line in billing.lines),
            "total": str(billing.total),
        },
    )


# The patient worsens


def worsen(mission: Mission, by: str, *, by_idel: bool, now: datetime) -> Outcome:
    """The 15 must be called now: everybody is told at once. The mission stays open until somebody ends it."""
    if mission.state is not MissionState.OPEN:
        return nothing(mission, "closing.over_already", number=mission.number)
    if mission.worsened_at is not None and now - mission.worsened_at < SAME_ALARM:
        return nothing(mission, "closing.worsened", number=mission.number, by_idel=by_idel)
    facts: dict[str, Fact] = {"by": by, "at": now.isoformat(), "by_idel": by_idel}
    notices = []
    idel, chosen = mission.visit.idel, mission.cascade.doctor
    if idel is not None:
        notices += [
            Notice("closing.call_15", to_person(idel), mission.id, facts=facts, card="call_15", fresh=True),
            Notice("closing.call_15_address", to_person(idel), mission.id, priority=Priority.RECEIPT),
        ]
    notices.append(
        Notice("closing.worsened", to_group(mission.id), mission.id, facts=facts, card="worsened", fresh=True)
    )
    if chosen is not None and not chosen.by_phone:
        notices.append(
            Notice(
                "closing.worsened_doctor",
                to_party(chosen.party),
                mission.id,
                facts=facts,
                card="worsened",
                fresh=True,
            )
        )
    return Outcome(
        replace(mission, worsened_at=now),
        Answer("closing.worsened", {"number": mission.number, "by_idel": by_idel}, alert=by_idel),
        events=(
            Event(
                "mission.worsened",
                {
                    "by": by,
                    "again": mission.worsened_at is not None,
                    "minutes": minutes_since_trigger(mission, now),
                },
            ),
        ),
        notices=tuple(notices),
    )


# The owner of the night


def night_owner_due(mission: Mission, key: str, now: datetime) -> Outcome:
    """The service closes soon: who answers for this mission afterwards?"""
    closes_at = mission.closes_at
    if (
        mission.state is not MissionState.OPEN
        or mission.night_owner is not None
        or closes_at is None
        or mission.limit <= closes_at
    ):
        return nothing(mission, "closing.stale")
    count = int(key or 1)
    again: tuple[SetTimer, ...] = ()
    if count < NIGHT_OWNER_ASKED:
        again = (SetTimer(TimerKind.NIGHT_OWNER, now + NIGHT_OWNER_AGAIN, key=str(count + 1)),)
    return Outcome(
        replace(mission, night_owner_asked=True),
        Answer("closing.night_owner_asked"),
        events=(Event("closing.night_owner_asked", {"count": count}),),
        notices=(
            Notice(
                "closing.night_owner",
                to_group(mission.id),
                mission.id,
                facts={"again": count > 1},
                card="night",
                fresh=True,
            ),
        ),
        timers=again,
    )


def name_night_owner(mission: Mission, owner: NightOwner, by: str) -> Outcome:
    """The night has its owner: nurse and doctor get the name and the number."""
    if mission.state is not MissionState.OPEN:
        return nothing(mission, "closing.over_already", number=mission.number)
    if mission.night_owner == owner:
        return nothing(mission, "closing.night_owner_noted", number=mission.number, name=owner.name)
    changed = replace(mission, night_owner=owner)
    chosen = mission.cascade.doctor
    told = [to_person(mission.visit.idel)] if mission.visit.idel is not None else []
    if chosen is not None and not chosen.by_phone:
        told.append(to_party(chosen.party))
    return Outcome(
        changed,
        Answer("closing.night_owner_noted", {"number": mission.number, "name": owner.name}),
        events=(Event("closing.night_owner_named", {"by": by}),),
        notices=(
            *(Notice("closing.night_told", place, mission.id, card="night_told") for place in told),
            Notice(
                "closing.night_owner",
                to_group(mission.id),
                mission.id,
                facts={"by": by},
                card="night",
                priority=Priority.REPLY,
                only_if_there=True,
            ),
        ),
        timers=(StopTimer(TimerKind.NIGHT_OWNER),),
    )
