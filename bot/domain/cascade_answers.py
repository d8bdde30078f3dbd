"""What doctors and houses answer: an hour, a refusal, nobody at the telephone, «je ne peux plus».

OSNP may have noted it on the telephone. Pure decisions. Knows no words, no storage, no clock.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain import video_hour
from bot.domain.cascade import (
    ACCEPTABLE,
    STOP_CASCADE,
    advance,
    change_offer,
    find,
    put_step,
    reminder,
    resume_at,
)
from bot.domain.cascade_notices import both_told, call_notice, no_longer_suspended, offer_notice, shut
from bot.domain.mission import CascadeState, ChosenDoctor, DoctorOfferState, Mission, MissionState, StepState
from bot.domain.outcome import (
    Answer,
    Event,
    Notice,
    Outcome,
    Priority,
    Withdrawal,
    nothing,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import Party
from bot.domain.rosters import Rosters


def accept(
    mission: Mission,
    party: Party,
    hour: datetime,
    now: datetime,
    *,
    name: str | None = None,
    phone: str | None = None,
    recorded_by: str | None = None,
) -> Outcome:
    """A doctor or a house accepts with an hour. `recorded_by` is the operator who noted it on the phone."""
    cascade = mission.cascade
    if (over := _over(mission, party)) is not None:
        return over
    found = find(mission, party)
    if found is None or found[1].state is DoctorOfferState.WITHDREW:
        return nothing(mission, "cascade.not_asked", number=mission.number)
    if cascade.suspended or mission.visit.expected_at is None:
        return nothing(mission, "cascade.no_nurse", number=mission.number)
    index, offer = found
    step = cascade.steps[index]
    if (refused := video_hour.refusal(mission, hour, now, offer.begins or step.begins)) is not None:
        redraw = offer_notice(mission, party, fresh=False, priority=Priority.REPLY)
        return refused if offer.by_phone else replace(refused, notices=(redraw,))
    accepted = change_offer(mission, index, offer, state=DoctorOfferState.ACCEPTED, at=now)
    doctor = ChosenDoctor(party, step.step, now, name, phone, by_phone=offer.by_phone)
    steps = put_step(
        accepted.cascade,
        index,
        replace(accepted.cascade.steps[index], state=StepState.ACCEPTED, ended_at=now),
    )
    changed = accepted.with_cascade(
        state=CascadeState.FOUND,
        doctor=doctor,
        video_at=hour,
        proposal=None,
        paused_until=None,
        steps=steps,
    )
    return Outcome(
        changed,
        Answer("cascade.yours", {"number": mission.number, "hour": hour.isoformat()}),
        events=(
            Event(
                "cascade.accepted",
                {
                    "party": str(party),
                    "step": step.step.value,
                    "hour": hour.isoformat(),
                    "recorded_by": recorded_by,
                },
            ),
        ),
        notices=(*both_told(changed, doctor), *shut(changed)),
        withdrawn=(
            Withdrawal(mission.id, "cascade.offer"),
            Withdrawal(mission.id, "cascade.call"),
            Withdrawal(mission.id, "cascade.sms"),
            Withdrawal(mission.id, "cascade.exhausted"),
        ),
        timers=STOP_CASCADE,
        won=("cascade", cascade.epoch, party),
    )


def _over(mission: Mission, party: Party) -> Outcome | None:
    """The answer when there is nothing to accept any more."""
    cascade = mission.cascade
    doctor = cascade.doctor
    if cascade.state is CascadeState.FOUND and doctor is not None:
        if doctor.party == party:
            return nothing(mission, "cascade.already_yours", number=mission.number)
        return nothing(mission, "cascade.too_late", number=mission.number, at=doctor.accepted_at.isoformat())
    if mission.state is not MissionState.OPEN or cascade.state not in ACCEPTABLE:
        return nothing(mission, "cascade.over", number=mission.number)
    return None


def refuse(
    mission: Mission,
    party: Party,
    rosters: Rosters,
    now: datetime,
    *,
    reason: str | None = None,
    recorded_by: str | None = None,
) -> Outcome:
    """A refusal; the last of a step opens the next one."""
    if (over := _over(mission, party)) is not None:
        return over
    found = find(mission, party)
    if found is None:
        return nothing(mission, "cascade.not_asked", number=mission.number)
    index, offer = found
    if offer.state is DoctorOfferState.REFUSED:
        return nothing(mission, "cascade.refused", number=mission.number)
    changed = change_offer(mission, index, offer, state=DoctorOfferState.REFUSED, at=now, reason=reason)
    told = [offer_notice(changed, party, fresh=False, priority=Priority.REPLY)]
    if offer.state is DoctorOfferState.TO_PHONE:
        told = [
            replace(call_notice(changed, changed.cascade.steps[index].step), fresh=False, only_if_there=True)
        ]
    outcome = Outcome(
        changed,
        Answer("cascade.refused", {"number": mission.number, "by_phone": recorded_by is not None}),
        events=(
            Event(
                "cascade.refused",
                {
                    "party": str(party),
                    "step": changed.cascade.steps[index].step.value,
                    "reason": reason,
                    "recorded_by": recorded_by,
                },
            ),
        ),
        notices=tuple(told),
    )
    step = changed.cascade.steps[index]
    if (
        index != changed.cascade.current
        or step.open_offers
        or changed.cascade.state is CascadeState.EXHAUSTED
        or changed.cascade.suspended
    ):
        return replace(outcome, timers=reminder(changed, now)) if recorded_by is not None else outcome
    return outcome.then(advance(changed, StepState.REFUSED, "refused", rosters, now))


def unanswered(
    mission: Mission,
    party: Party,
    line: int,
    lines: int,
    rosters: Rosters,
    now: datetime,
    *,
    recorded_by: str | None = None,
) -> Outcome:
    """Nobody picks up: the next line of the house; a refusal where none of its `lines` is left.

    `line` is the one that rang in vain, so that two taps do not pass over two lines.
    """
    if (over := _over(mission, party)) is not None:
        return over
    found = find(mission, party)
    if found is None:
        return nothing(mission, "cascade.not_asked", number=mission.number)
    index, offer = found
    phoned = offer.state is DoctorOfferState.TO_PHONE
    if phoned and offer.line != line:
        return nothing(mission, "cascade.stale", number=mission.number)
    if not phoned or line + 1 >= lines:
        return refuse(mission, party, rosters, now, reason="no_answer", recorded_by=recorded_by)
    changed = change_offer(mission, index, offer, line=offer.line + 1)
    step = changed.cascade.steps[index]
    answers = Notice("cascade.phone_answer", to_group(mission.id), mission.id, card="phone_answer")
    return Outcome(
        changed,
        Answer("cascade.next_line", {"number": mission.number}),
        events=(
            Event(
                "cascade.line_silent",
                {"party": str(party), "step": step.step.value, "line": line, "recorded_by": recorded_by},
            ),
        ),
        notices=(
            replace(call_notice(changed, step.step), fresh=False, only_if_there=True),
            replace(answers, only_if_there=True, priority=Priority.CARD),
        ),
        timers=reminder(changed, now),
    )


def withdraw(mission: Mission, party: Party, rosters: Rosters, now: datetime) -> Outcome:
    """The doctor cannot any more: the cascade resumes after that doctor."""
    cascade = mission.cascade
    if cascade.doctor is None or cascade.doctor.party != party or mission.state is not MissionState.OPEN:
        return nothing(mission, "cascade.not_yours", number=mission.number)
    found = find(mission, party)
    if found is None:
        return nothing(mission, "cascade.not_yours", number=mission.number)
    index, offer = found
    changed = change_offer(mission, index, offer, state=DoctorOfferState.WITHDREW, at=now)
    changed = changed.with_cascade(
        state=CascadeState.RUNNING,
        epoch=cascade.epoch + 1,
        doctor=None,
        video_at=None,
        proposal=None,
        current=index,
    )
    told = [Notice("cascade.withdrawn", to_group(mission.id), mission.id, facts={"party": str(party)})]
    if not cascade.doctor.by_phone:
        withdrawn = Notice(
            "doctor.withdrawn", to_party(party), mission.id, card="doctor", priority=Priority.REPLY
        )
        answered = Notice(
            "doctor.stays",
            to_party(party),
            mission.id,
            facts={"withdrawn": True},
            card="withdraw",
            priority=Priority.REPLY,
            only_if_there=True,
        )
        told += [withdrawn, answered, *no_longer_suspended(mission, cascade.doctor)]
    if mission.visit.idel is not None:
        told.append(
            Notice(
                "visit.doctor_withdrew", to_person(mission.visit.idel), mission.id, card="found", fresh=True
            )
        )
    resumed = resume_at(changed, index, party, rosters, now)
    return Outcome(
        mission=resumed.mission,
        answer=Answer("cascade.withdrawn", {"number": mission.number}),
        events=(Event("cascade.withdrawn", {"party": str(party)}), *resumed.events),
        notices=(*told, *resumed.notices),
        withdrawn=(
            Withdrawal(mission.id, "doctor.card"),
            Withdrawal(mission.id, "doctor.identity"),
            Withdrawal(mission.id, "doctor.billing"),
            Withdrawal(mission.id, "visit.doctor_found"),
            Withdrawal(mission.id, "visit.doctor_contact"),
        ),
        timers=resumed.timers,
    )


def name_doctor(mission: Mission, party: Party, name: str, phone: str | None) -> Outcome:
    """The house says who does the video."""
    doctor = mission.cascade.doctor
    if doctor is None or doctor.party != party:
        return nothing(mission, "cascade.not_yours", number=mission.number)
    named = replace(doctor, name=name, phone=phone or doctor.phone)
    if named == doctor:
        return nothing(mission, "cascade.doctor_named", number=mission.number)
    changed = mission.with_cascade(doctor=named)
    notices = [
        Notice("doctor.named", to_party(party), mission.id, card="name", priority=Priority.REPLY),
    ]
    if mission.visit.idel is not None:
        notices.append(Notice("visit.doctor_contact", to_person(mission.visit.idel), mission.id))
    return Outcome(
        changed,
        Answer("cascade.doctor_named", {"number": mission.number}),
        events=(Event("cascade.doctor_named", {"party": str(party)}),),
        notices=tuple(notices),
    )
