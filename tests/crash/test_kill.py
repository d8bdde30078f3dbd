"""A real bot is killed with SIGKILL at one point of its work, and another takes over: nothing is lost.

`make crash` plays many rounds; SMT_CRASH_SEED begins elsewhere, and plays a failed round again.
"""

import asyncio
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import pytest

from bot.delivery import IN_FLIGHT
from tests.crash.points import MOST, Point
from tests.crash.round import Round, play

ROUNDS = int(os.environ.get("SMT_CRASH_ROUNDS", "3"))
AT_THE_SAME_TIME = 3
SEED = int(os.environ.get("SMT_CRASH_SEED", "0")) or random.randrange(1_000_000)

Database = Callable[[], str]


@pytest.mark.parametrize("point", list(Point))
async def test_nothing_is_lost_and_nobody_is_told_thrice(
    point: Point,
    fresh_database: Database,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    turn = asyncio.Semaphore(AT_THE_SAME_TIME)

    async def one(seed: int) -> Round:
        async with turn:
            folder = tmp_path / str(seed)
            folder.mkdir()
            return await play(fresh_database(), folder, seed, point)

    rounds = await asyncio.gather(*(one(SEED + number) for number in range(ROUNDS)))

    record_property("figures", _figures(point, rounds))
    assert {str(told): told.wrong for told in rounds if told.wrong} == {}
    for told in rounds:
        assert all(times == 2 for times in told.account.again.values()), f"{told}: {told.account.again}"
        # Each message in flight at that moment, and no other, may come twice.
        assert len(told.account.again) <= IN_FLIGHT, str(told)


async def test_a_life_without_a_death_says_nothing_twice_and_passes_every_point(
    fresh_database: Database, tmp_path: Path
) -> None:
    one, other = tmp_path / "mission", tmp_path / "timers"
    one.mkdir()
    other.mkdir()
    mission, timers = await asyncio.gather(
        play(fresh_database(), one, SEED, None),
        play(fresh_database(), other, SEED, None, of_timers=True),
    )
    for told in (mission, timers):
        assert told.wrong == []
        assert told.account.again == {}
    too_few = {
        point: passed
        for point, most in MOST.items()
        if (passed := (timers if point is Point.IN_TIMERS else mission).passages[point]) < most
    }
    assert too_few == {}, "a round may ask for more passages than there are"


def _figures(point: Point, rounds: Sequence[Round]) -> str:
    """One line for the end of the tests' report."""
    waited = [told.to_first_send for told in rounds if told.to_first_send is not None]
    first_send = f"{median(waited):.1f} s, at worst {max(waited):.1f} s" if waited else "nothing was owed"
    return (
        f"killed {point}, {rounds[0].database}: {len(rounds)} rounds and kills, lost"
        f" {sum(len(told.wrong) for told in rounds)}, messages that came twice at most"
        f" {max(len(told.account.again) for told in rounds)} a kill; start to first send: {first_send}"
    )
