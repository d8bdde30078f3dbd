"""The owner of the night: who answers for a mission that outlives the opening hours.

Pure decisions.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.mission import Mission, MissionState, NightOwner
from bot.domain.outcome import (
    Answer,
    Event,
    Notice,
    Outcome,
    Priority,
    SetTimer,
    StopTimer,
    TimerKind,
    nothing,
    to_group,
    to_party,
    to_person,
)

#: How often the owner of the night is asked for, and how far apart.
ASKED = 3

AGAIN = timedelta(minutes=10)


def owner_due(mission: Mission, key: str, now: datetime) -> Outcome:
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
    if count < ASKED:
        again = (SetTimer(TimerKind.NIGHT_OWNER, now + AGAIN, key=str(count + 1)),)
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


def name_owner(mission: Mission, owner: NightOwner, by: str) -> Outcome:
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
