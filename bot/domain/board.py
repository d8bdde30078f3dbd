"""What the board shows of a mission at a glance: which comes first, where it stands, what happened when.

Knows no words and no patient.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.mission import Mission, MissionState, VisitState
from bot.domain.owner import Deed, Owner, Who


class Standing(StrEnum):
    """Where a mission stands, in one word. The values are names of colours and shapes of the page."""

    ALARM = "alarm"  # OSNP or the régulateur must act, else it stands still
    SEARCH = "search"  # a nurse is searched for
    COMING = "coming"  # a nurse has it and is not there yet
    ON_SITE = "on_site"
    AFTER = "after"  # the care is over


#: What OSNP chose themselves, do beside, or follow by telephone: nothing stands still for it.
_CALM = frozenset({Deed.RESUME, Deed.CALL_PATIENT, Deed.CLOSE, Deed.ARRIVE, Deed.CARE})

#: Nobody but the régulateur can say how it goes on.
_DECISIONS = frozenset({Deed.DECIDE, Deed.ANSWER_LATE})


def standing(mission: Mission, owner: Owner) -> Standing:
    """Where it stands, given who must act."""
    if mission.state is not MissionState.OPEN or mission.visit.state is VisitState.FINISHED:
        return Standing.AFTER
    if owner.who in (Who.REGULATEUR, Who.OPERATOR) and owner.deed not in _CALM:
        return Standing.ALARM
    if mission.visit.idel is None:
        return Standing.SEARCH
    return Standing.ON_SITE if mission.visit.state is VisitState.ON_SITE else Standing.COMING


def pressing(mission: Mission, owner: Owner) -> tuple[int, datetime, int]:
    """What to sort by: decisions first, then what OSNP must do, then the earliest hour."""
    stands = standing(mission, owner)
    if stands is Standing.ALARM:
        rank = 0 if owner.deed in _DECISIONS else 1
    else:
        rank = 3 if stands is Standing.AFTER else 2
    return rank, owner.before or mission.limit, mission.number


#: A card is not redrawn by the minute: it says «less than», which stays true until the hour.
_COUNTS = (5, 10, 20)

#: Under way: nobody is late with it before its hour, and a video goes on after it.
_UNDER_WAY = frozenset({Deed.ARRIVE, Deed.CARE, Deed.RESUME})

#: For the hours alone the pinned board is drawn at most so often.
SOONEST = timedelta(minutes=1)


def minutes_under(before: datetime | None, now: datetime) -> int | None:
    """5, 10 or 20 when less than so many minutes are left; None with more, or none."""
    if before is None or before <= now:
        return None
    return next((n for n in _COUNTS if before - now <= timedelta(minutes=n)), None)


def is_overdue(owner: Owner, now: datetime) -> bool:
    """Whether the hour before which somebody had to act has passed."""
    return owner.before is not None and owner.before <= now and owner.deed is not Deed.CARE


def is_urgent(owner: Owner, now: datetime) -> bool:
    """Whether it is worth a mark: the last minutes before somebody must have acted, and afterwards."""
    if is_overdue(owner, now):
        return True
    return owner.deed not in _UNDER_WAY and minutes_under(owner.before, now) == min(_COUNTS)


def changes_at(mission: Mission, owner: Owner, now: datetime) -> datetime | None:
    """When, without anybody's doing, the board says something else of it; None: never."""
    if owner.before is None:
        return None
    moments = [owner.before, *(owner.before - timedelta(minutes=n) for n in _COUNTS)]
    if owner.deed is Deed.ARRIVE:
        moments.append(owner.before + mission.rules.late_arrival)  # from then on she is phoned
    return min((moment for moment in moments if moment > now), default=None)


class Mark(StrEnum):
    """A moment of a mission on the time line."""

    ACCEPTED = "accepted"
    EXPECTED = "expected"  # the nurse, not there yet
    ARRIVED = "arrived"
    VIDEO_ASKED = "video_asked"  # an hour proposed, or kept while there is no nurse
    VIDEO = "video"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Moment:
    """One of them, with its hour."""

    mark: Mark
    at: datetime


def moments(mission: Mission) -> tuple[Moment, ...]:
    """What happened and what is expected between the déclenchement and the limit, earliest first."""
    visit, cascade = mission.visit, mission.cascade
    found: list[tuple[Mark, datetime | None]] = []
    if visit.idel is not None:
        found.append((Mark.ACCEPTED, mission.search.taken_at))
        arrived = visit.arrived_at is not None
        found.append((Mark.ARRIVED, visit.arrived_at) if arrived else (Mark.EXPECTED, visit.expected_at))
    if cascade.proposal is not None:
        found.append((Mark.VIDEO_ASKED, cascade.proposal.hour))
    elif cascade.doctor is not None:
        found.append((Mark.VIDEO_ASKED if cascade.suspended else Mark.VIDEO, cascade.video_at))
    found.append((Mark.FINISHED, visit.finished_at or (mission.end.at if mission.end else None)))
    return tuple(sorted((Moment(mark, at) for mark, at in found if at is not None), key=lambda m: m.at))
