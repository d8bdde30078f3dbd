"""After the care: what nurse and doctor are asked, how often they are reminded, and when it is closed.

Pure decisions. A mission that is over is closed when each side that worked has answered.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from bot.domain.mission import Closing, EndReason, Mission, MissionState, PatientOutcome, Prescription
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

#: How often each side is reminded before OSNP are told that nobody answers.
REMINDERS = 3


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


# The questions are put


def put(mission: Mission, sides: tuple[str, ...]) -> tuple[Notice, ...]:
    """Nurse and doctor, where they have something to answer, are asked: the first question of each."""
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


# Closed, or reminded


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
