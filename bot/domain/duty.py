"""Who is on duty: a doctor or a house, for a step of the cascade, in a sector, for a period.

Turns may overlap: all of those who are on duty are asked. Pure; moments are UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.people import CascadeStep, Party

#: The shortest stretch of time that stored moments can tell apart.
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Duty:
    """One turn of duty."""

    id: int  # 0: not stored yet
    step: CascadeStep
    sector: str | None  # None: the whole region
    party: Party
    begins: datetime
    ends: datetime
    source: str  # the file it was imported from: importing it again replaces its turns

    def covers(self, sector: str | None) -> bool:
        """Whether a patient of that sector is theirs."""
        return self.sector is None or self.sector == sector


def standing(turns: Iterable[Duty], since: datetime, until: datetime) -> list[Duty]:
    """Who is on duty at some moment of the two, each once, in the order in which they begin.

    Turns of one doctor that follow each other are one: handing over to oneself ends nothing.
    """
    joined: dict[Party, Duty] = {}
    for turn in sorted(turns, key=lambda t: (t.begins, t.id)):
        if turn.ends <= since:
            continue
        before = joined.get(turn.party)
        if before is not None and turn.begins <= before.ends:
            joined[turn.party] = replace(before, ends=max(before.ends, turn.ends))
        elif before is None and turn.begins < until:
            joined[turn.party] = turn
    return sorted(joined.values(), key=lambda t: (t.begins, t.id))


def next_after(turns: Iterable[Duty], at: datetime) -> list[Duty]:
    """Whose duty begins next after that moment: several when they begin together."""
    later = [turn for turn in turns if turn.begins > at]
    first = min((turn.begins for turn in later), default=None)
    return [turn for turn in later if turn.begins == first]


@dataclass(frozen=True, slots=True)
class SectorDuty:
    """A sector as OSNP read it: who is on duty, and who comes next."""

    sector: str | None  # None: the whole region
    now: tuple[Duty, ...] = ()
    after: tuple[Duty, ...] = ()


def by_sector(turns: Sequence[Duty], at: datetime) -> list[SectorDuty]:
    """Each sector that has a turn, in the order of their names, the whole region first."""
    found = []
    for sector in sorted({turn.sector for turn in turns}, key=lambda name: name or ""):
        own = [turn for turn in turns if turn.sector == sector]
        now = [turn for turn in standing(own, at, at + MOMENT) if turn.begins <= at]
        goes_on = {turn.party: turn.ends for turn in now}
        later = [turn for turn in own if turn.party not in goes_on or turn.begins > goes_on[turn.party]]
        found.append(SectorDuty(sector, tuple(now), tuple(next_after(later, at))))
    return found
