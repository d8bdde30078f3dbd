"""A start with 10,000 open missions and 5,000 owed notices: the first send, and memory."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.bench import Bench
from benchmarks.figures import Line, Series, seconds, spread
from benchmarks.population import clone, offered_missions, owed_offers
from benchmarks.processes import TelegramProcess

OPEN = 10_000
OWED = 5_000
IDELS = 1_000
SETTLED = 5  # seconds after which memory is looked at
FIRST_SEND = 2.0
IDLE_MEGABYTES = 120
THEN_MEGABYTES = 250


@dataclass
class Left:
    """What a bot has left behind."""

    url: str
    group: int
    at: datetime


async def measure(bench: Bench) -> list[Line]:
    """Start → first send; resident memory idle and then."""
    missions, owed, idels = bench.size(OPEN, 50), bench.size(OWED, 60), bench.size(IDELS, 20)
    figures = Series()
    async with bench.telegram(limits=True, latency=False) as telegram:
        left = {kind: await _leave(bench, telegram, kind, missions, owed, idels) for kind in bench.kinds}
        for turn in range(bench.rounds):
            for kind in bench.kinds:
                figures.add(f"{kind} idle", await _idle(bench, telegram, kind, idels))
                first, peak = await _start(bench, telegram, left[kind])
                figures.add(f"{kind} first", first)
                figures.add(f"{kind} then", peak)
            said = ", ".join(f"{kind} {figures[f'{kind} first'][-1]:.2f} s" for kind in bench.kinds)
            bench.say(f"restart {turn + 1}: {said}")
        for one in left.values():
            bench.databases.drop(one.url)
    return [line for kind in bench.kinds for line in _lines(kind, missions, owed, figures)]


async def _leave(
    bench: Bench, telegram: TelegramProcess, kind: str, missions: int, owed: int, idels: int
) -> Left:
    url, group = await bench.peopled(kind, telegram, idels)
    template = (await offered_missions(url, telegram, 1, ago=timedelta(minutes=1)))[0]
    clone(url, template, missions, closed=False)
    await owed_offers(url, telegram, owed)
    return Left(url, group, telegram.now())


async def _idle(bench: Bench, telegram: TelegramProcess, kind: str, idels: int) -> float:
    url, group = await bench.peopled(kind, telegram, idels)
    await telegram("forget")
    async with bench.bot("idle", telegram, url, group) as bot:
        await asyncio.sleep(bench.size(SETTLED, 1))
        memory = bot.resident_megabytes()
    bench.databases.drop(url)
    return memory


async def _start(bench: Bench, telegram: TelegramProcess, left: Left) -> tuple[float, float]:
    """Seconds from the start of the process to its first message, and its highest memory."""
    url = bench.databases.copy(left.url)
    bench.databases.at_rest()
    await telegram("forget")
    await telegram.back_to(left.at)
    bot = bench.bot("restart", telegram, url, left.group)
    await bot.start()
    try:
        first = await telegram("first_send") - bot.started_at
        await asyncio.sleep(bench.size(SETTLED, 1))
        peak = bot.resident_megabytes(peak=True)
    finally:
        await bot.stop()
    bench.databases.drop(url)
    return first, peak


def _lines(kind: str, missions: int, owed: int, figures: Series) -> list[Line]:
    return [
        Line(
            f"restart, {missions:,} open missions, {owed:,} owed notices, {kind}: start → first send",
            f"≤ {FIRST_SEND:.0f} s",
            seconds(figures[f"{kind} first"]),
            figures.median(f"{kind} first") <= FIRST_SEND,
            "from the start of the process",
        ),
        Line(
            f"restart, {kind}: resident memory, idle",
            f"≤ {IDLE_MEGABYTES} MB",
            spread(figures[f"{kind} idle"], 0, "MB"),
            max(figures[f"{kind} idle"]) <= IDLE_MEGABYTES,
        ),
        Line(
            f"restart, {kind}: resident memory then, its highest",
            f"≤ {THEN_MEGABYTES} MB",
            spread(figures[f"{kind} then"], 0, "MB"),
            max(figures[f"{kind} then"]) <= THEN_MEGABYTES,
        ),
    ]
