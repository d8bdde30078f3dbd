"""The board's time line: one row for each mission, in percent of the span shown. Knows no words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.board import Mark
from bot.flows.board import Board, Line

#: Of what began long ago, or ends far ahead, only this much is drawn.
BEFORE, AHEAD = timedelta(hours=6), timedelta(hours=7)
HOUR = timedelta(hours=1)
MOST_HOURS_NAMED = 8
ROWS = 40


@dataclass(frozen=True, slots=True)
class Drawn:
    """One moment on a row."""

    mark: Mark
    at: datetime
    x: float


@dataclass(frozen=True, slots=True)
class Row:
    """One mission."""

    line: Line
    begins: float
    ends: float
    moments: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is drawn."""

    begins: datetime
    ends: datetime
    hours: tuple[tuple[datetime, float, bool], ...]  # when, where, and whether a narrow screen names it
    rows: tuple[Row, ...]
    now: float
    left_out: int


def timeline(board: Board, zone: ZoneInfo) -> Timeline:
    """The hours from the first déclenchement to the last limit, as far as they are near."""
    shown = board.lines[:ROWS]
    begins, ends = _span(shown, board.now, zone)

    def x(at: datetime) -> float:
        share = (at - begins) / (ends - begins)
        return round(100 * min(1.0, max(0.0, share)), 2)

    rows = tuple(
        Row(
            line,
            x(line.mission.triggered_at),
            x(line.mission.limit),
            tuple(Drawn(m.mark, m.at, x(m.at)) for m in line.moments if begins <= m.at <= ends),
        )
        for line in shown
    )
    step = max(1, -(-int((ends - begins) / HOUR) // MOST_HOURS_NAMED))
    hours = tuple(
        (at, x(at), n % 2 == 0)
        for n in range(int((ends - begins) / HOUR / step) + 1)
        if (at := begins + n * step * HOUR) < ends
    )
    return Timeline(begins, ends, hours, rows, x(board.now), board.count - len(shown))


def _span(lines: Sequence[Line], now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first = min((line.mission.triggered_at for line in lines), default=now)
    last = max((line.mission.limit for line in lines), default=now + HOUR)
    begins = _whole_hour(max(min(first, now), now - BEFORE), zone)
    ends = _whole_hour(min(max(last, now), now + AHEAD) + HOUR - timedelta(seconds=1), zone)
    return begins, max(ends, begins + HOUR)


def _whole_hour(at: datetime, zone: ZoneInfo) -> datetime:
    """The whole hour before, on the region's clocks; zones of half an hour are zones, too."""
    offset = at.astimezone(zone).utcoffset() or timedelta()
    seconds = (at.timestamp() + offset.total_seconds()) % 3600
    return at - timedelta(seconds=seconds)
