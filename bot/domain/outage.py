"""What an absence did: what came late, what was not sent any more, whom to look at. Knows no words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Timer, TimerKind
from bot.domain.owner import Who, owner

#: What rings for nobody's eyes, or is told in its own words.
UNSEEN = frozenset(
    {
        TimerKind.FORGET,
        TimerKind.PASTE,
        TimerKind.ACCOUNT,
        TimerKind.REACH_CHECK,
        TimerKind.REACH_LOST,
        TimerKind.REACH_BACK,
        TimerKind.BOARD_HOURS,
    }
)

#: Of each list so many are named.
MOST = 6

_IN_GROUP = frozenset({Who.OPERATOR, Who.REGULATEUR})


@dataclass(frozen=True, slots=True)
class Unsent:
    """Something owed that was not sent: past its moment, or given up."""

    kind: str
    mission: int | None
    expired: bool


@dataclass(frozen=True, slots=True)
class Late:
    """Something that was to happen during the absence, and did afterwards."""

    number: int
    kind: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that is told, in the order it is told."""

    late: tuple[Late, ...] = ()
    expired: tuple[tuple[int, str, int], ...] = ()  # number of the mission, kind, how many
    lost: int = 0
    to_check: tuple[int, ...] = ()  # numbers of missions
    was_open: bool = False  # a mission was: what was tapped meanwhile may be lost

    @property
    def is_empty(self) -> bool:
        """Nobody would miss it."""
        return not (self.late or self.expired or self.lost or self.was_open)


def account(
    missions: Sequence[Mission],
    late: Iterable[Timer],
    unsent: Iterable[Unsent],
    set_aside: int,
    until: datetime,
    now: datetime,
) -> Account:
    """`missions`: those not closed, and any that what is late or unsent was of."""
    by_id = {int(mission.id): mission for mission in missions}
    rang = tuple(
        Late(by_id[timer.mission].number, timer.kind, timer.due)
        for timer in late
        if timer.kind not in UNSEEN and timer.mission is not None and timer.mission in by_id
    )
    unsent = list(unsent)
    expired = Counter(
        (by_id[u.mission].number, u.kind)
        for u in unsent
        if u.expired and u.mission is not None and u.mission in by_id
    )
    touched = {timer.mission for timer in late if timer.kind not in UNSEEN} | {u.mission for u in unsent}
    to_check = [
        mission
        for mission in missions
        if mission.state is not MissionState.CLOSED
        and (int(mission.id) in touched or owner(mission, now).who in _IN_GROUP)
    ]
    return Account(
        late=rang,
        expired=tuple((number, kind, count) for (number, kind), count in sorted(expired.items())),
        lost=set_aside + sum(not u.expired for u in unsent),
        to_check=tuple(sorted(mission.number for mission in to_check)),
        was_open=any(
            mission.state is not MissionState.CLOSED and mission.triggered_at < until for mission in missions
        ),
    )
