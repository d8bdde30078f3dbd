"""Whether an answer in time is likely, by the past searches of the same hour and sector.

Pure. Knows no words, no storage, no clock.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.calendar import is_holiday, local
from bot.domain.people import MissionId
from bot.domain.region import Region

#: How far two hours of the day may be apart, in minutes, to be the same hour.
SAME_HOUR = 60

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Past:
    """A search that is over, or goes on."""

    mission: MissionId
    at: datetime
    commune: str  # INSEE code


@dataclass(frozen=True, slots=True)
class Outlook:
    """So many searches of that hour and sector were answered in time."""

    answered: int
    of: int


def alike(region: Region, commune: str, at: datetime, past: Iterable[Past]) -> list[MissionId]:
    """Those of the same sector, the same kind of day and the same hour, give or take one."""
    sector, there = region.sector_of(commune), local(region, at)
    if sector is None:
        return []
    minute = there.hour * 60 + there.minute
    found = []
    for one in past:
        if one.commune not in sector.communes:
            continue
        then = local(region, one.at)
        apart = abs(then.hour * 60 + then.minute - minute)
        if min(apart, 24 * 60 - apart) <= SAME_HOUR and _kind(region, then) == _kind(region, there):
            found.append(one.mission)
    return found


def unlikely(
    region: Region,
    like: Iterable[MissionId],
    accepted: Container[MissionId | None],
    nobody: Container[MissionId | None],
) -> Outlook | None:
    """What OSNP are warned of; None while too little is known, or most were answered.

    A search that was ended by something else, or goes on still, says nothing.
    """
    settled = [mission for mission in like if mission in nobody or mission in accepted]
    answered = sum(mission not in nobody for mission in settled)
    policy = region.search
    if len(settled) < max(policy.unlikely_from, 1) or answered >= policy.unlikely_under * len(settled):
        return None
    return Outlook(answered, len(settled))


def _kind(region: Region, there: datetime) -> str:
    """«saturday», «rest» for Sundays and holidays, «work»."""
    if there.weekday() > SATURDAY or is_holiday(region, there.date()):
        return "rest"
    return "saturday" if there.weekday() == SATURDAY else "work"
