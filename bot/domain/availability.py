"""When somebody may be asked: pauses, leave, hours of their own, hours of the service.

Pure. Moments are given in UTC; hours and weekdays are those of the region's clocks.
"""

from collections.abc import Callable
from datetime import datetime

from bot.domain.calendar import local, service_hours
from bot.domain.people import Person, WeeklyHours
from bot.domain.region import Region

#: Why somebody is not asked.
INACTIVE = "inactive"  # not on the list any more
PAUSED = "paused"  # said so, until an hour
HOURS = "hours"  # outside their own hours of the week
CLOSED = "closed"  # the service is closed, and they are not to be rung then


def why_not(region: Region, person: Person, at: datetime) -> str | None:
    """Why that person may not be asked at that moment; None when they may.

    Whoever said «disponible 30 min» may be asked until then, whatever the hours. Of a doctor whom a duty
    roster names for the hour, «closed» is no obstacle: who asks by roster decides that.
    """
    return reasons(region, at)(person)


def reasons(region: Region, at: datetime) -> Callable[[Person], str | None]:
    """The same for many at one moment: the calendar is read once."""
    there = local(region, at)
    is_open = service_hours(region, at).is_open

    def reason(person: Person) -> str | None:
        if not person.active:
            return INACTIVE
        if person.paused_until is not None and at < person.paused_until:
            return PAUSED
        if person.available_until is not None and at < person.available_until:
            return None
        if person.weekly and not any(covers(hours, there) for hours in person.weekly):
            return HOURS
        return None if is_open or person.out_of_hours else CLOSED

    return reason


def covers(hours: WeeklyHours, there: datetime) -> bool:
    """Whether a moment on the region's clocks is in those hours. They may run past midnight, or all round."""
    now, weekday = there.time(), there.weekday()
    if hours.begins < hours.ends:
        return weekday == hours.weekday and hours.begins <= now < hours.ends
    return (weekday == hours.weekday and hours.begins <= now) or (
        weekday == (hours.weekday + 1) % 7 and now < hours.ends
    )
