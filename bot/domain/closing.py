"""After the care: the closing questions, every other end, the owner of the night."""

from dataclasses import replace
from datetime import datetime

from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Answer, Notice, Outcome, Priority, SetTimer, TimerKind, nothing, to_person


def ask(mission: Mission, now: datetime) -> Outcome:
    """The visit is over: the nurse has three questions, the doctor one."""
    if mission.visit.idel is None or mission.state is not MissionState.OPEN:
        return nothing(mission, "closing.stale")
    changed = replace(mission, state=MissionState.CLOSING)
    return Outcome(
        changed,
        Answer("closing.asked"),
        notices=(
            Notice(
                "closing.idel",
                to_person(mission.visit.idel),
                mission.id,
                card="closing",
                fresh=True,
                priority=Priority.RECEIPT,
            ),
        ),
        timers=(SetTimer(TimerKind.CLOSING_REMINDER, now + mission.rules.closing_reminder, key="1"),),
    )
