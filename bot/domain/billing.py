"""What is owed, and when it is forgotten: written down with every end.

Pure decisions. Nowhere else does money enter the journal; the amounts are those of `bot/domain/money.py`.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain import closing, money
from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Event, Outcome, SetTimer, StopTimer, TimerKind
from bot.domain.region import Region


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
    nobody_asked = "mission.ended" in kinds and not closing.questions(mission)
    forced = "closing.forced" in kinds and mission.closing.idel_done_at is None and closing.questions(mission)
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
    answers, visit = mission.closing, mission.visit
    at = visit.finished_at or (mission.end.at if mission.end else mission.triggered_at)
    line = None
    if answers.acts is not None and mission.cascade.doctor is not None and not answers.no_video:
        line = money.idel_billing(region, at, acts=answers.acts).lines[0]
    indemnity = money.indemnity_of(region, mission)
    return Event(
        "billing.idel",
        {
            "person": visit.idel,
            "code": line.code if line else None,
            "amount": str(line.amount) if line else None,
            "acts": answers.acts,
            "answered": answers.idel_done_at is not None or not closing.questions(mission),
            "decision": indemnity.decision.value,
            "reason": indemnity.reason.value,
            "indemnity": str(indemnity.amount),
            "position": closing.position(mission),
            "outcome": answers.outcome.value if answers.outcome else None,
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
