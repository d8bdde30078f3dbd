"""The nurse's way to the patient: the hour, en route, on site, finished; and the calls owed to the patient.

Pure decisions. The cascade follows the hour: the flow joins both.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.mission import (
    CallReason,
    CascadeState,
    Mission,
    MissionState,
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
    to_person,
)
from bot.domain.people import PersonId

STOP_VISIT = (
    StopTimer(TimerKind.VISIT_HOUR),
    StopTimer(TimerKind.LATE_ARRIVAL),
    StopTimer(TimerKind.LIMIT_NEAR),
)

#: How long before the limit a nurse who is not on site is asked, whatever hour she announced.
LIMIT_NEAR = timedelta(minutes=30)


def plan(mission: Mission, idel: PersonId, estimate: int | None, now: datetime) -> Outcome:
    """A nurse has the mission. `estimate` in minutes; None asks her for the hour."""
    expected = None if estimate is None else min(now + timedelta(minutes=estimate), mission.limit)
    changed = replace(mission, visit=Visit(state=VisitState.PLANNED, idel=idel, expected_at=expected))
    if expected is None:
        return Outcome(
            changed,
            Answer("visit.ask_hour"),
            notices=(
                Notice(
                    "visit.ask_hour",
                    to_person(idel),
                    mission.id,
                    priority=Priority.REPLY,
                    card="hour",
                    fresh=True,
                    valid_until=now + mission.rules.visit_hour,  # then OSNP agree it with her
                ),
            ),
            timers=(SetTimer(TimerKind.VISIT_HOUR, now + mission.rules.visit_hour),),
        )
    return Outcome(changed, Answer("visit.planned"), timers=arrival_timers(changed))


def arrival_timers(mission: Mission) -> tuple[SetTimer | StopTimer, ...]:
    """She is expected: chased when her hour has passed, and when the limit comes near."""
    expected = mission.visit.expected_at
    if expected is None:
        return ()
    chase = min(expected + mission.rules.late_arrival, mission.limit - LIMIT_NEAR)
    return (
        StopTimer(TimerKind.VISIT_HOUR),
        SetTimer(TimerKind.LATE_ARRIVAL, max(chase, expected)),
        SetTimer(TimerKind.LIMIT_NEAR, mission.limit - LIMIT_NEAR),
    )


def leave(mission: Mission) -> Outcome:
    """The nurse goes; what she was asked is withdrawn."""
    return Outcome(
        replace(mission, visit=Visit()),
        Answer("visit.left"),
        withdrawn=(
            Withdrawal(mission.id, "visit.card"),
            Withdrawal(mission.id, "visit.identity"),
            Withdrawal(mission.id, "visit.ask_hour"),
            Withdrawal(mission.id, "visit.late"),
        ),
        timers=STOP_VISIT,
    )


def set_hour(mission: Mission, hour: datetime, by: str, now: datetime, *, by_osnp: bool = False) -> Outcome:
    """IDEL or OSNP say when she will be there. Never past the limit; what OSNP change rings on her phone."""
    visit = mission.visit
    if mission.state is not MissionState.OPEN:
        return nothing(mission, "visit.over", number=mission.number)
    if visit.idel is None:
        return nothing(mission, "control.nobody_has_it", number=mission.number)
    if visit.state in (VisitState.ON_SITE, VisitState.FINISHED):
        return nothing(mission, "visit.already_there", number=mission.number)
    if hour > mission.limit:
        return nothing(mission, "visit.past_limit", number=mission.number, limit=mission.limit.isoformat())
    if hour < now - timedelta(minutes=1):
        return nothing(mission, "visit.in_the_past", number=mission.number)
    if visit.expected_at == hour:
        return nothing(mission, "visit.hour_set", number=mission.number, hour=hour.isoformat())
    first = visit.expected_at is None
    calls = mission.patient_calls
    if not first and CallReason.HOUR_CHANGED not in calls:
        calls = (*calls, CallReason.HOUR_CHANGED)
    changed = replace(mission, visit=replace(visit, expected_at=hour), patient_calls=calls)
    her, reply = to_person(visit.idel), Priority.REPLY
    if by_osnp and not first:
        told = Notice(
            "visit.hour_by_osnp", her, mission.id, facts={"by": by}, card="hour", fresh=True, priority=reply
        )
    else:
        told = Notice("visit.hour_set", her, mission.id, card="hour", priority=reply)
    notices = [told]
    if not first:
        notices.append(Notice("visit.hour_changed", to_group(mission.id), mission.id, facts={"by": by}))
    former = visit.expected_at.isoformat() if visit.expected_at is not None else None
    facts: dict[str, Fact] = {"hour": hour.isoformat(), "by": by, "first": first, "former": former}
    return Outcome(
        changed,
        Answer("visit.hour_set", {"number": mission.number, "hour": hour.isoformat()}),
        events=(Event("visit.hour_set", facts),),
        notices=tuple(notices),
        timers=arrival_timers(changed),
    )


def leave_hour_to_osnp(mission: Mission) -> Outcome:
    """«À voir avec l'OSNP»: OSNP are asked at once."""
    if mission.visit.idel is None or mission.visit.expected_at is not None:
        return nothing(mission, "visit.over", number=mission.number)
    if mission.visit.hour_left:
        return nothing(mission, "visit.osnp_will_call", number=mission.number)
    return replace(
        ask_osnp_for_hour(mission), answer=Answer("visit.osnp_will_call", {"number": mission.number})
    )


def ask_osnp_for_hour(mission: Mission) -> Outcome:
    """A quarter of an hour and no hour: OSNP are asked to agree one."""
    if mission.visit.state is not VisitState.PLANNED or mission.visit.expected_at is not None:
        return nothing(mission, "visit.stale")
    return Outcome(
        replace(mission, visit=replace(mission.visit, hour_left=True)),
        Answer("visit.asked"),
        events=(Event("visit.no_hour"),),
        notices=(Notice("visit.no_hour", to_group(mission.id), mission.id, card="group_hour", fresh=True),),
    )


def set_out(mission: Mission, now: datetime) -> Outcome:
    """«En route»."""
    visit = mission.visit
    if visit.idel is None or mission.state is not MissionState.OPEN:
        return nothing(mission, "visit.over", number=mission.number)
    if visit.state is not VisitState.PLANNED:
        return nothing(mission, "visit.noted_already", number=mission.number)
    changed = replace(mission, visit=replace(visit, state=VisitState.EN_ROUTE, en_route_at=now))
    return Outcome(
        changed,
        Answer("visit.en_route", {"number": mission.number}),
        events=(Event("visit.en_route"),),
    )


def arrive(mission: Mission, now: datetime) -> Outcome:
    """«Sur place»."""
    visit = mission.visit
    if visit.idel is None or mission.state is not MissionState.OPEN:
        return nothing(mission, "visit.over", number=mission.number)
    if visit.state in (VisitState.ON_SITE, VisitState.FINISHED):
        return nothing(mission, "visit.noted_already", number=mission.number)
    changed = replace(
        mission,
        visit=replace(
            visit,
            state=VisitState.ON_SITE,
            arrived_at=now,
            expected_at=visit.expected_at or now,
        ),
    )
    return Outcome(
        changed,
        Answer("visit.on_site", {"number": mission.number}),
        events=(
            Event(
                "visit.arrived",
                {
                    "expected": visit.expected_at.isoformat() if visit.expected_at else None,
                    "in_limit": now <= mission.limit,
                },
            ),
        ),
        notices=(Notice("visit.on_site", to_group(mission.id), mission.id),),
        timers=STOP_VISIT,
    )


def chase_arrival(mission: Mission, now: datetime) -> Outcome:
    """The announced hour has passed and she is not on site: she is asked, and OSNP see it."""
    visit = mission.visit
    if visit.state not in (VisitState.PLANNED, VisitState.EN_ROUTE) or visit.idel is None:
        return nothing(mission, "visit.stale")
    until = max(mission.limit, now + mission.rules.late_arrival)
    return Outcome(
        mission,
        Answer("visit.chased"),
        events=(Event("visit.late", {"limit_in": int((mission.limit - now).total_seconds() // 60)}),),
        notices=(
            Notice(
                "visit.late",
                to_person(visit.idel),
                mission.id,
                card="hour",
                fresh=True,
                valid_until=until,
            ),
            Notice("visit.group_late", to_group(mission.id), mission.id, valid_until=until),
        ),
    )


def ends_too_early(mission: Mission) -> bool:
    """«Visite terminée» while a doctor is being searched for, or before any video: asked once more."""
    searching = mission.cascade.state in (CascadeState.RUNNING, CascadeState.PAUSED, CascadeState.WAITING)
    unseen = mission.cascade.state is CascadeState.FOUND and mission.visio is None
    return (
        mission.state is MissionState.OPEN
        and mission.visit.state is not VisitState.FINISHED
        and (searching or unseen)
    )


def finish(mission: Mission, now: datetime) -> Outcome:
    """«Visite terminée»: the closing questions follow (the flow joins them)."""
    visit = mission.visit
    if visit.idel is None:
        return nothing(mission, "visit.over", number=mission.number)
    if visit.state is VisitState.FINISHED:
        return nothing(mission, "visit.noted_already", number=mission.number)
    if mission.state is not MissionState.OPEN:
        return nothing(mission, "visit.over", number=mission.number)
    arrived = visit.arrived_at or now
    changed = replace(
        mission,
        visit=replace(visit, state=VisitState.FINISHED, arrived_at=arrived, finished_at=now),
    )
    return Outcome(
        changed,
        Answer("visit.finished", {"number": mission.number}),
        events=(Event("visit.finished"),),
        timers=STOP_VISIT,
    )


def patient_told(mission: Mission, by: str, now: datetime) -> Outcome:
    """OSNP have called the patient: one tap records every call owed."""
    if not mission.patient_calls:
        return nothing(mission, "visit.patient_told_already", number=mission.number)
    reasons = ",".join(reason.value for reason in mission.patient_calls)
    return Outcome(
        replace(mission, patient_calls=()),
        Answer("visit.patient_told", {"number": mission.number}),
        events=(Event("visit.patient_told", {"reasons": reasons, "by": by}),),
        notices=(
            Notice(
                "visit.patient_told",
                to_group(mission.id),
                mission.id,
                facts={"by": by, "at": now.isoformat()},
                card="call",
                priority=Priority.REPLY,
                only_if_there=True,
            ),
        ),
    )
