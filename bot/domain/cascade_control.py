"""What OSNP decide about the search for a doctor, what they take back, and a mission that goes on after all.

Pure decisions. Knows no words, no storage, no clock.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.cascade import (
    ACCEPTABLE,
    STOP_CASCADE,
    advance,
    change_offer,
    enter,
    find,
    has_anybody,
    put_step,
    reminder,
    resume_at,
)
from bot.domain.cascade_notices import call_notice, offer_notice, redraw_call, redraw_exhausted
from bot.domain.mission import CascadeState, DoctorOfferState, Mission, MissionState, StepState
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
from bot.domain.people import Party
from bot.domain.rosters import Roster, Rosters


def skip(mission: Mission, rosters: Rosters, now: datetime, epoch: int) -> Outcome:
    """OSNP go to the next step; `epoch` is of the step they saw, so that two taps are not two steps."""
    cascade = mission.cascade
    if cascade.state not in (CascadeState.RUNNING, CascadeState.PAUSED) or cascade.suspended:
        return nothing(mission, "cascade.stale", number=mission.number)
    if cascade.epoch != epoch:
        return nothing(mission, "cascade.stale", number=mission.number)
    outcome = advance(mission, StepState.SILENT, "osnp", rosters, now)
    return replace(outcome, answer=Answer("cascade.next", {"number": mission.number}))


def go_back(mission: Mission, rosters: Rosters, now: datetime, epoch: int) -> Outcome:
    """OSNP return to the step before the one they saw: whoever is there is asked again."""
    cascade = mission.cascade
    if cascade.epoch != epoch:
        return nothing(mission, "cascade.stale", number=mission.number)
    if cascade.state not in ACCEPTABLE or cascade.suspended or not cascade.current:
        return nothing(mission, "cascade.no_step_before", number=mission.number)
    left, to_phone = mission, tuple[Notice, ...]()
    if cascade.state is not CascadeState.EXHAUSTED:
        current = replace(cascade.steps[cascade.current], state=StepState.WAITING, reason=None)
        left = mission.with_cascade(steps=put_step(cascade, cascade.current, current))
        to_phone = (redraw_call(left, current.step),) if current.to_phone else ()
    for position in range(cascade.current - 1, -1, -1):
        step = left.cascade.steps[position]
        if has_anybody(step, rosters.get(step.step, Roster())):
            entered = enter(left, position, rosters, now)
            return replace(
                entered,
                answer=Answer("cascade.back", {"number": mission.number}),
                events=(Event("cascade.returned", {"step": step.step.value}), *entered.events),
                notices=(*to_phone, *entered.notices),
            )
    return nothing(mission, "cascade.no_step_before", number=mission.number)


def go_forward(mission: Mission, index: int, rosters: Rosters, now: datetime) -> Outcome:
    """OSNP had returned by mistake: the step they had left goes on, whoever was asked may still accept."""
    cascade = mission.cascade
    if cascade.current is None or not cascade.current < index < len(cascade.steps):
        return nothing(mission, "cascade.stale", number=mission.number)
    step = replace(cascade.steps[cascade.current], state=StepState.SILENT, reason="osnp", ended_at=now)
    left = mission.with_cascade(steps=put_step(cascade, cascade.current, step))
    entered = enter(left, index, rosters, now)
    facts: dict[str, Fact] = {"step": step.step.value, "cause": "osnp"}
    return replace(
        entered,
        answer=Answer("cascade.next", {"number": mission.number}),
        events=(Event("cascade.advanced", facts), *entered.events),
        notices=(*((redraw_call(left, step.step),) if step.to_phone else ()), *entered.notices),
    )


def restart(mission: Mission, rosters: Rosters, now: datetime, epoch: int) -> Outcome:
    """The régulateur has the whole cascade asked again, once for each time it was exhausted."""
    if mission.cascade.state is not CascadeState.EXHAUSTED or mission.state is not MissionState.OPEN:
        return nothing(mission, "cascade.stale", number=mission.number)
    if mission.cascade.epoch != epoch:
        return nothing(mission, "cascade.stale", number=mission.number)
    if mission.cascade.suspended:
        return nothing(mission, "cascade.no_nurse", number=mission.number)
    entered = enter(mission, 0, rosters, now)
    return replace(
        entered,
        answer=Answer("cascade.restarted", {"number": mission.number}),
        events=(Event("cascade.restarted"), *entered.events),
        notices=(*entered.notices, redraw_exhausted(mission)),
    )


def pause(mission: Mission, now: datetime, length: timedelta | None = None) -> Outcome:
    """OSNP hold the cascade for a while; it always ends by itself."""
    if mission.cascade.state is not CascadeState.RUNNING or mission.cascade.suspended:
        return nothing(mission, "cascade.stale", number=mission.number)
    until = now + (length or mission.rules.pause)
    changed = mission.with_cascade(state=CascadeState.PAUSED, paused_until=until)
    return Outcome(
        changed,
        Answer("cascade.paused", {"number": mission.number, "until": until.isoformat()}),
        events=(Event("cascade.paused"),),
        timers=(*STOP_CASCADE, SetTimer(TimerKind.PAUSE_OVER, until, mission.cascade.epoch)),
    )


def resume(mission: Mission, now: datetime, epoch: int | None = None) -> Outcome:
    """The pause is over, by itself or by a tap: the step has its whole delay again."""
    cascade = mission.cascade
    stale = cascade.state is not CascadeState.PAUSED or (epoch is not None and epoch != cascade.epoch)
    if stale or cascade.current is None:
        return nothing(mission, "cascade.stale", number=mission.number)
    step = cascade.steps[cascade.current]
    until = None if step.until is None else now + step.delay
    changed = mission.with_cascade(
        state=CascadeState.RUNNING,
        paused_until=None,
        steps=put_step(cascade, cascade.current, replace(step, until=until)),
    )
    timers: list[SetTimer | StopTimer] = [StopTimer(TimerKind.PAUSE_OVER)]
    if until is not None:
        timers.append(SetTimer(TimerKind.DOCTOR_SILENT, until, cascade.epoch))
    timers += reminder(changed, now)
    return Outcome(
        changed,
        Answer("cascade.resumed", {"number": mission.number}),
        events=(Event("cascade.resumed"),),
        timers=tuple(timers),
    )


def ask_again(mission: Mission, index: int, rosters: Rosters, now: datetime) -> Outcome:
    """OSNP had passed over that step by mistake: whoever is there is asked again."""
    cascade = mission.cascade
    if index >= len(cascade.steps):
        return nothing(mission, "cascade.stale", number=mission.number)
    step = cascade.steps[index]
    if not has_anybody(step, rosters.get(step.step, Roster())):
        return nothing(mission, "cascade.no_step_before", number=mission.number)
    steps = tuple(
        replace(later, state=StepState.WAITING, reason=None)
        if i > index and later.state in (StepState.ASKED, StepState.SKIPPED)
        else later
        for i, later in enumerate(cascade.steps)
    )
    entered = enter(mission.with_cascade(steps=steps), index, rosters, now)
    return replace(
        entered,
        answer=Answer("cascade.back", {"number": mission.number}),
        events=(Event("cascade.returned", {"step": step.step.value}), *entered.events),
        notices=(*entered.notices, redraw_exhausted(mission)),
    )


def unaccept(mission: Mission, party: Party, rosters: Rosters, now: datetime) -> Outcome:
    """An acceptance noted by mistake: that doctor has not answered, and the step is asked again."""
    cascade = mission.cascade
    found = find(mission, party)
    if cascade.doctor is None or cascade.doctor.party != party or found is None:
        return nothing(mission, "cascade.not_yours", number=mission.number)
    index, offer = found
    state = DoctorOfferState.TO_PHONE if offer.by_phone else DoctorOfferState.ASKED
    changed = change_offer(mission, index, offer, state=state, at=now).with_cascade(
        state=CascadeState.RUNNING,
        epoch=cascade.epoch + 1,
        doctor=None,
        video_at=None,
        proposal=None,
        current=index,
    )
    facts: dict[str, Fact] = {"party": str(party)}
    told: list[Notice] = []
    if cascade.doctor.by_phone:
        why: dict[str, Fact] = {"why": "control.doctor_free", **facts}
        told.append(Notice("cascade.call_doctor", to_group(mission.id), mission.id, facts=why))
    else:
        told.append(Notice("control.doctor_free", to_party(party), mission.id, card="doctor", fresh=True))
    if mission.visit.idel is not None:
        told.append(
            Notice(
                "visit.doctor_withdrew", to_person(mission.visit.idel), mission.id, card="found", fresh=True
            )
        )
    resumed = resume_at(changed, index, None, rosters, now)
    return Outcome(
        mission=resumed.mission,
        answer=Answer("cascade.resumed", {"number": mission.number}),
        events=(Event("cascade.unaccepted", facts), *resumed.events),
        notices=(*told, *resumed.notices),
        withdrawn=tuple(
            Withdrawal(mission.id, kind)
            for kind in (
                "doctor.card",
                "doctor.identity",
                "doctor.billing",
                "doctor.sms",
                "cascade.tell_doctor",
                "visit.doctor_found",
                "visit.doctor_contact",
            )
        ),
        timers=resumed.timers,
    )


def unrefuse(mission: Mission, party: Party) -> Outcome:
    """A refusal noted by mistake: that doctor may still accept."""
    found = find(mission, party)
    if found is None or found[1].state is not DoctorOfferState.REFUSED:
        return nothing(mission, "cascade.stale", number=mission.number)
    index, offer = found
    state = DoctorOfferState.TO_PHONE if offer.by_phone else DoctorOfferState.ASKED
    changed = change_offer(mission, index, offer, state=state, reason=None)
    step = mission.cascade.steps[index].step
    if offer.by_phone:
        redraw = replace(call_notice(changed, step), fresh=False, only_if_there=True)
    else:
        redraw = offer_notice(changed, party, fresh=False, priority=Priority.REPLY)
    return Outcome(
        changed,
        Answer("cascade.resumed", {"number": mission.number}),
        events=(Event("cascade.unrefused", {"party": str(party), "step": step.value}),),
        notices=(redraw,),
    )


def reopen(mission: Mission, rosters: Rosters, now: datetime) -> Outcome:
    """The mission was over and goes on: the doctor is kept, or the step is asked again."""
    cascade = mission.cascade
    has_hour = mission.visit.idel is not None and mission.visit.expected_at is not None
    if cascade.doctor is not None:
        hour = cascade.video_at
        kept = hour if has_hour and hour is not None and hour >= now else None
        changed = mission.with_cascade(state=CascadeState.FOUND, suspended=not has_hour, video_at=kept)
        facts: dict[str, Fact] = {"hour_kept": kept is not None}
        return Outcome(changed, Answer("cascade.resumed"), events=(Event("cascade.reopened", facts),))
    if not cascade.steps or cascade.current is None:
        changed = mission.with_cascade(state=CascadeState.WAITING, suspended=False)
        return Outcome(changed, Answer("cascade.resumed"), events=(Event("cascade.reopened"),))
    running = mission.with_cascade(
        state=CascadeState.RUNNING, epoch=cascade.epoch + 1, suspended=not has_hour
    )
    resumed = resume_at(running, cascade.current, None, rosters, now)
    return replace(resumed, events=(Event("cascade.reopened"), *resumed.events))
