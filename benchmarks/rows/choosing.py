"""Whom to ask, among 5,000 nurses: everybody is loaded, looked at, ranked, and the first wave planned.

In the process of the benchmark, on a transaction of its own, with the past that the rule looks at: who was
asked first lately, how many say yes, how searches of this hour and sector ended. Nothing is written down.
"""

import time
from dataclasses import dataclass
from datetime import time as hour
from datetime import timedelta
from statistics import median

from sqlalchemy import create_engine, update

from benchmarks.bench import Bench
from benchmarks.figures import Line, Series, spread
from benchmarks.population import FixedClock, clone, forget_what_is_owed, given, listing, opened_at, phone_of
from benchmarks.processes import opening_offset
from bot.clock import real_monotonic
from bot.domain import search, waves
from bot.domain.people import Role, WeeklyHours
from bot.domain.places import distance_between
from bot.domain.waves import Candidate, Eligible
from bot.flows import people as people_flow
from bot.flows import search as search_flow
from bot.flows.record import record
from storage import codec
from storage.address import sync_address
from storage.tables import people

IDELS, DOCTORS = 5_000, 200
PAST = 600  # missions of the last weeks…
ASKED = 20  # …each offered to so many
TARGET = 50.0  # milliseconds
TIMES = 15

ALL_WEEK = tuple(WeeklyHours(day, hour(0), hour(0)) for day in range(7))


@dataclass
class Chosen:
    """What one choice took, and came to."""

    milliseconds: float
    processor: float  # milliseconds of it
    warned: float  # milliseconds more, to see whether an answer is unlikely
    asked: int
    left: int


async def measure(bench: Bench) -> list[Line]:
    """Milliseconds from the mission to the first wave."""
    idels, doctors = bench.size(IDELS, 60), bench.size(DOCTORS, 5)
    past = bench.size(PAST, 10)
    figures = Series()
    urls = {kind: await _fill(bench, kind, idels, doctors, past) for kind in bench.kinds}
    for turn in range(bench.rounds):
        for kind, url in urls.items():
            bench.databases.at_rest()
            chosen = await _choose(url, bench.size(TIMES, 2))
            figures.add(kind, chosen.milliseconds)
            figures.add(f"{kind} processor", chosen.processor)
            figures.add(f"{kind} warned", chosen.warned)
            figures.add(f"{kind} asked", chosen.asked)
            figures.add(f"{kind} left", chosen.left)
        bench.say(f"choosing {turn + 1}: " + ", ".join(f"{k} {figures[k][-1]:.1f} ms" for k in bench.kinds))
    for url in urls.values():
        bench.databases.drop(url)
    return [
        Line(
            f"choosing whom to ask, {idels:,} IDELs and {doctors} doctors, {kind}",
            f"≤ {TARGET:.0f} ms",
            spread(figures[kind], 1, "ms"),
            figures.median(kind) <= TARGET,
            f"{figures[f'{kind} asked'][-1]:.0f} in the first wave, {figures[f'{kind} left'][-1]:.0f} wait; "
            f"{past} past missions; of it the processor: {spread(figures[f'{kind} processor'], 1, 'ms')}; "
            f"whether an answer is unlikely, beside it: {spread(figures[f'{kind} warned'], 1, 'ms')}",
        )
        for kind in bench.kinds
    ]


async def _choose(url: str, times: int) -> Chosen:
    everything = given(url, FixedClock(opening_offset()))
    took, used, warned, asked, left = [], [], [], 0, 0
    try:
        async with everything.storage.transaction() as tx:
            mission = (await tx.missions.unfinished())[-1]
        for number in range(times + 1):
            async with everything.storage.transaction() as tx:
                begun, before = real_monotonic(), time.process_time()
                outcome = await search_flow.start(everything, tx, mission)
                ended, after = real_monotonic(), time.process_time()
                outcome = await search_flow.warned(everything, tx, outcome)
                if number:  # the first compiles the statements
                    took.append(ended - begun)
                    used.append(after - before)
                    warned.append(real_monotonic() - ended)
                asked = outcome.mission.search.asked
                left = int(str(outcome.answer.facts["left"]))
    finally:
        await everything.storage.close()
    return Chosen(median(took) * 1000, median(used) * 1000, median(warned) * 1000, asked, left)


async def _fill(bench: Bench, kind: str, idels: int, doctors: int, past: int) -> str:
    """Everybody, the past missions, and one that is to be offered."""
    url = bench.databases.new(kind)
    everything = given(url, FixedClock(opening_offset() - timedelta(days=7).total_seconds()))
    try:
        told = listing(idels) + "".join(
            f"doctor,MEDECIN{n},Doc{n},{phone_of(idels + n)},,,Mulhouse,,effecteur_sas,,\n"
            for n in range(doctors)
        )
        read = people_flow.read_listing(told, everything.region, fiction_numbers=True)
        await people_flow.import_listing(everything, read)
        _as_they_are(url, [sector.name for sector in everything.region.sectors])
        template = await opened_at(everything)
        async with everything.storage.transaction() as tx:
            mission = await tx.missions.lock(template)
            assert mission is not None  # noqa: S101 - it was just opened
            near = waves.rank(
                Candidate(nurse, distance_between(everything.region, nurse.commune, mission.commune))
                for nurse in await tx.people.askable(Role.IDEL)
            )
            wave = waves.at_once(Eligible(tuple(near[:ASKED])))
            await record(everything, tx, search.start(mission, wave, everything.now()), "p1")
        forget_what_is_owed(url)
        clone(url, template, past, closed=True)
    finally:
        await everything.storage.close()
    present = given(url, FixedClock(opening_offset()))
    try:
        await opened_at(present)
    finally:
        await present.storage.close()
    return url


def _as_they_are(url: str, sectors: list[str]) -> None:
    """All have started the bot; some have sectors, some have hours of their own, some are paused."""
    engine = create_engine(sync_address(url))
    pause = FixedClock(opening_offset()).now() + timedelta(days=1)
    with engine.begin() as connection:
        connection.execute(update(people).values(on_telegram=True, reachable=True))
        for rest, values in (
            (0, {"sectors": codec.WORDS.to_text((sectors[0],))}),
            (1, {"weekly": codec.WEEKLY.to_text(ALL_WEEK)}),
            (2, {"paused_until": pause}),
        ):
            those = (people.c.role == Role.IDEL.value, people.c.id % 5 == rest)
            connection.execute(update(people).where(*those).values(values))
    engine.dispose()
