"""What people type of their availability: «pause 2h», «en congés jusqu'au 3/1», «8h-12h 14h-18h».

Only whole messages are understood: whoever writes more than that means something else.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from bot.domain.availability import LONGEST_LEAVE, LONGEST_PAUSE, MIDNIGHT, PAUSE, Say, Span, Wish
from bot.domain.calendar import local, moment
from bot.domain.region import Region

#: Of one day.
MOST_SPANS = 3

_HOUR = r"(\d{1,2})(?: ?[h:](\d{2})?)?"
_SPAN = re.compile(rf"(?:de )?{_HOUR} ?(?:-|a) ?{_HOUR}")
_BETWEEN = r"(?: ?[,;/+] ?| et | puis | )"
_SPANS = re.compile(rf"{_SPAN.pattern}(?:{_BETWEEN}{_SPAN.pattern}){{0,{MOST_SPANS - 1}}}")
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?")

_I_AM = r"(?:je suis )?"
_AWAY = r"(?:en )?(?:pause|conges?|vacances|absente?|indispo|indisponible)"
_FREE = re.compile(rf"{_I_AM}(?:de nouveau |a nouveau )?(?:dispo|disponible|de retour)")
_LENGTH = r"(?:(\d{1,2}) ?h(?:eures?)? ?(\d{2})?|(\d{1,3}) ?(?:mn|min|minutes?))"
_PAUSE = re.compile(rf"{_I_AM}(?:en )?pause(?: (?:de |pour )?{_LENGTH})?")
_UNTIL_HOUR = re.compile(rf"{_I_AM}{_AWAY} jusqu'?a (\d{{1,2}}) ?[h:](\d{{2}})?")
_TOMORROW = re.compile(rf"{_I_AM}(?:{_AWAY} )?jusqu'?a demain")
_LEAVE = re.compile(rf"{_I_AM}{_AWAY} jusqu'?au {_DAY.pattern}")


_ABOUT_LEAVE = re.compile(rf"{_I_AM}(?:en )?(?:conges?|vacances)\b")
_DAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
_ABOUT_ABSENCE = re.compile(rf"(?:{_I_AM}{_AWAY}|(?:le |les |tous les )?(?:{_DAYS})s?)\b")


def speaks_of_leave(text: str) -> bool:
    """Whether a message begins as one about leave does, understood or not."""
    return _ABOUT_LEAVE.match(_folded(text)) is not None


def speaks_of_absence(text: str) -> bool:
    """Whether it begins as one about a pause or the hours of a day does, understood or not."""
    return _ABOUT_ABSENCE.match(_folded(text)) is not None


def read_wish(region: Region, text: str, now: datetime) -> Wish | None:
    """The wish that is all of a message; None when it is none."""
    said = _folded(text)
    if _FREE.fullmatch(said):
        return Wish(Say.FREE)
    if _TOMORROW.fullmatch(said):
        return Wish(Say.TOMORROW)
    if found := _PAUSE.fullmatch(said):
        length = timedelta(hours=int(found[1] or 0), minutes=int(found[2] or found[3] or 0))
        length = length if found[1] or found[3] else PAUSE
        is_pause = timedelta() < length <= LONGEST_PAUSE
        return Wish(Say.PAUSE, str(int(length.total_seconds() // 60))) if is_pause else None
    if found := _UNTIL_HOUR.fullmatch(said):
        return _until_hour(region, found[1], found[2], now)
    if found := _LEAVE.fullmatch(said):
        day = _day(region, found[1], found[2], found[3], now)
        return Wish(Say.LEAVE, day.isoformat()) if day else None
    return None


def read_day(region: Region, text: str, now: datetime) -> date | None:
    """«24/12» as the next such day, «24/12/2026» as that day; None when it is no day to come."""
    found = _DAY.fullmatch(_folded(text))
    return _day(region, found[1], found[2], found[3], now) if found else None


def read_hours(text: str) -> list[Span] | None:
    """«8h-12h 14h-18h30» as the spans of one day; None when it is none. The last may run past midnight."""
    said = _folded(text)
    if not _SPANS.fullmatch(said):
        return None
    try:
        spans = sorted((_time(m[1], m[2]), _time(m[3], m[4])) for m in _SPAN.finditer(said))
    except ValueError:
        return None
    first, last = spans[0], spans[-1]
    ordered = all(before[0] < before[1] <= after[0] for before, after in pairwise(spans))
    fits = last[0] < last[1] or len(spans) == 1 or last[1] <= first[0]
    return spans if ordered and fits else None


def _folded(text: str) -> str:
    """Without capitals, accents, doubled spaces and the point at the end."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    letters = letters.translate({ord(dash): "-" for dash in "–—−"} | {ord("’"): "'"})
    return " ".join(letters.split()).rstrip(" .!")


def _time(hours: str, minutes: str | None) -> time:
    """Raises ValueError."""
    is_midnight = int(hours) == 24 and not int(minutes or 0)
    return MIDNIGHT if is_midnight else time(int(hours), int(minutes or 0))


def _until_hour(region: Region, hours: str, minutes: str | None, now: datetime) -> Wish | None:
    try:
        hour = _time(hours, minutes)
    except ValueError:
        return None
    today = local(region, now).date()
    at = moment(region, today, hour)
    if at <= now:
        at = moment(region, today + timedelta(days=1), hour)
    return Wish(Say.UNTIL, at.isoformat())


def _day(region: Region, day: str, month: str, year: str | None, now: datetime) -> date | None:
    today = local(region, now).date()
    try:
        found = date(int(year) % 100 + 2000 if year else today.year, int(month), int(day))
        if year is None and found <= today:
            found = found.replace(year=today.year + 1)
    except ValueError:
        return None
    return found if today < found <= today + LONGEST_LEAVE else None
