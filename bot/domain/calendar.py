"""When the service is open, and what a window of hours meets. Knows no clock: moments are given.

Moments are stored and compared in UTC; weekdays, hours and holidays are those of the region's time zone.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from bot.domain.region import Region, ServiceHours

#: How far the next opening is looked for.
HORIZON = timedelta(days=400)

CLOSED, HOLIDAY, EXCEPTIONAL = "ferme", "ferie", "exceptionnel"


def local(region: Region, at: datetime) -> datetime:
    """The same moment on the region's clocks."""
    return at.astimezone(ZoneInfo(region.timezone))


def moment(region: Region, day: date, hour: time) -> datetime:
    """An hour of a local day, in UTC."""
    return datetime.combine(day, hour, ZoneInfo(region.timezone)).astimezone(UTC)


def shown_at(region: Region, hour: time, around: datetime) -> list[datetime]:
    """When the region's clocks show that hour: the day before, that day, the day after; in UTC.

    On the night they go back an hour is shown twice, on the night they go forward one is not shown: it is
    then the moment at which it would have been.
    """
    zone = ZoneInfo(region.timezone)
    day = local(region, around).date()
    found = set()
    for days in (-1, 0, 1):
        for fold in (0, 1):
            wanted = datetime.combine(day + timedelta(days=days), hour.replace(fold=fold), zone)
            at = wanted.astimezone(UTC)
            if fold == 0 or at.astimezone(zone).time() == hour:
                found.add(at)
    return sorted(found)


def is_shown_twice(region: Region, at: datetime) -> bool:
    """Whether the region's clocks show that moment's hour once more, an hour earlier or later."""
    there = local(region, at)
    return there.replace(fold=0).utcoffset() > there.replace(fold=1).utcoffset()  # type: ignore[operator]


def is_holiday(region: Region, day: date) -> bool:
    """Whether a local day is a public holiday of the region."""
    return day in _holidays(region.holidays_subdivision, day.year)


@lru_cache(maxsize=64)
def _holidays(subdivision: str | None, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FR", subdiv=subdivision, years=year))


def service_hours(region: Region, at: datetime) -> ServiceHours:
    """Whether the service is open at that moment, until when, or why not and from when."""
    day = local(region, at).date()
    for opens, closes in openings(region, day):
        if opens <= at < closes:
            return ServiceHours(is_open=True, closes_at=closes, next_opening=None, reason=None)
    return ServiceHours(
        is_open=False, closes_at=None, next_opening=_next_opening(region, at), reason=_reason(region, day)
    )


def openings(region: Region, day: date) -> list[tuple[datetime, datetime]]:
    """The openings of a local day, earliest first. Exceptional hours replace the usual ones."""
    if day in region.closed_days:
        return []
    hours = [(opens, closes) for when, opens, closes in region.open_days if when == day]
    if not hours and not is_holiday(region, day):
        hours = [(h.opens, h.closes) for h in region.hours if h.holds_on(day)]
    return [(moment(region, day, opens), moment(region, day, closes)) for opens, closes in sorted(hours)]


def _reason(region: Region, day: date) -> str:
    if day in region.closed_days:
        return EXCEPTIONAL
    exceptional = any(when == day for when, _, _ in region.open_days)
    return HOLIDAY if is_holiday(region, day) and not exceptional else CLOSED


def _next_opening(region: Region, at: datetime) -> datetime | None:
    day = local(region, at).date()
    for _ in range(HORIZON.days):
        for opens, _closes in openings(region, day):
            if opens > at:
                return opens
        day += timedelta(days=1)
    return None


def opens_again(region: Region, closes_at: datetime) -> datetime | None:
    """When the service opens again on the day on which it closes then: after a break; None for the night."""
    day = local(region, closes_at).date()
    return next((opens for opens, _closes in openings(region, day) if opens > closes_at), None)


def runs_past_closing(region: Region, at: datetime, limit: datetime) -> bool:
    """Whether a window that begins at `at` ends after the service has closed."""
    closes_at = service_hours(region, at).closes_at
    return closes_at is None or closes_at < limit


def garde_begin_before(region: Region, trigger: datetime, limit: datetime) -> datetime | None:
    """The first hour at which a garde takes over, from the trigger on and before the limit, in UTC."""
    day, last = local(region, trigger).date(), local(region, limit).date()
    while day <= last:
        for weekday, hour in sorted(region.garde_begins):
            if weekday == day.weekday() and trigger <= (begins := moment(region, day, hour)) < limit:
                return begins
        day += timedelta(days=1)
    return None
