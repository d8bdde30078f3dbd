"""The patient worsens: the 15 must be called, and everybody is told at once.

Pure decisions. Ends nothing: the mission stays open until somebody ends it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import closing
from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Priority,
    nothing,
    to_group,
    to_party,
    to_person,
)

#: «Aggravation» tapped again so soon is the same alarm.
SAME_ALARM = timedelta(minutes=1)


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
                    "minutes": closing.minutes_since_trigger(mission, now),
                },
            ),
        ),
        notices=tuple(notices),
    )
