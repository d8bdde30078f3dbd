"""What must hold between the values of a region, wherever they come from: the file or the coordinateur."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import pairwise

from bot.domain.region import Region

#: Telegram deletes no message older than 48 hours.
PURGE_CEILING = timedelta(hours=48)

#: No delay of the field is longer: what is longer was mistyped.
LONGEST_DELAY = timedelta(hours=48)


class Why(StrEnum):
    """What is wrong with a value."""

    NO_SUCH_KEY = "no_such_key"
    NO_DURATION = "no_duration"
    NO_NUMBER = "no_number"
    NO_HOURS = "no_hours"
    TOO_LONG = "too_long"
    ANSWER_PAST_LIMIT = "answer_past_limit"  # an answer is due before the limit
    WARNING_PAST_ANSWER = "warning_past_answer"
    REMINDERS_IN_ORDER = "reminders_in_order"
    PURGE_PAST_CEILING = "purge_past_ceiling"
    WAVE_SIZES = "wave_sizes"  # at least one nurse, and the smallest wave no larger than the largest
    CLOSES_BEFORE_OPENING = "closes_before_opening"
    HOURS_OVERLAP = "hours_overlap"


@dataclass(frozen=True, slots=True)
class Fault:
    """One value that cannot stand, by its key in the region file."""

    key: str
    why: Why


def faults(region: Region) -> list[Fault]:
    """What contradicts itself in a region."""
    return [*_delays(region), *_open_days(region)]


def _delays(region: Region) -> Iterator[Fault]:
    delays = region.delays
    for field in fields(delays):
        value = getattr(delays, field.name)
        lengths = value if isinstance(value, tuple) else (value,)
        if any(length > LONGEST_DELAY for length in lengths):
            yield Fault(f"delays.{field.name}", Why.TOO_LONG)
    for rule in region.steps:
        if rule.delay > LONGEST_DELAY:
            yield Fault(f"steps.{rule.step}.delay", Why.TOO_LONG)
    others = {
        "usual_idel_minutes": timedelta(minutes=region.usual_idel_minutes),
        "search.every": region.search.every,
        "fallback.again": region.fallback.again,
    }
    for key, length in others.items():
        if length > LONGEST_DELAY:
            yield Fault(key, Why.TOO_LONG)
    if not 0 < region.search.smallest <= region.search.largest:
        yield Fault("search.smallest", Why.WAVE_SIZES)
    if delays.answer >= delays.limit:
        yield Fault("delays.answer", Why.ANSWER_PAST_LIMIT)
    if delays.answer_warning >= delays.answer:
        yield Fault("delays.answer_warning", Why.WARNING_PAST_ANSWER)
    if any(a >= b for a, b in pairwise(delays.orientation_reminders)):
        yield Fault("delays.orientation_reminders", Why.REMINDERS_IN_ORDER)
    if delays.purge_at_most >= PURGE_CEILING:
        yield Fault("delays.purge_at_most", Why.PURGE_PAST_CEILING)


def _open_days(region: Region) -> Iterator[Fault]:
    days: dict[date, list[tuple[time, time]]] = {}
    for day, opens, closes in region.open_days:
        if opens >= closes:
            yield Fault("open_days", Why.CLOSES_BEFORE_OPENING)
        days.setdefault(day, []).append((opens, closes))
    for spans in days.values():
        if any(begins < ended for (_, ended), (begins, _) in pairwise(sorted(spans))):
            yield Fault("open_days", Why.HOURS_OVERLAP)
