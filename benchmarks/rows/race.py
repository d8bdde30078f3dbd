"""1,000 nurses tap ACCEPTER on one mission at the same moment.

Each got her offer from the bot. The database as it was then is kept; every round begins from a copy of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.bench import Bench
from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.figures import Line, Series, percentile, seconds
from benchmarks.population import winners
from benchmarks.processes import TelegramProcess

CROWD = 1_000
LAST = {SQLITE: 5.0, POSTGRESQL: 3.0}


@dataclass
class Offered:
    """One mission on the screens of everybody."""

    url: str
    group: int
    taps: list[dict[str, Any]]
    at: datetime


async def measure(bench: Bench) -> list[Line]:
    """Winners, and tap → answer."""
    return await race(bench, bench.size(CROWD, 20), aims=LAST)


async def race(bench: Bench, count: int, aims: Mapping[str, float]) -> list[Line]:
    """So many taps; `aims` are seconds for the last answer, for each database."""
    figures = Series()
    async with bench.telegram(limits=False, latency=False) as telegram:
        offered = {kind: await _offer(bench, telegram, kind, count) for kind in bench.kinds}
        for turn in range(bench.rounds):
            for kind in bench.kinds:
                await _round(bench, telegram, kind, offered[kind], figures)
            said = ", ".join(f"{kind} last {figures[f'{kind} last'][-1]:.2f} s" for kind in bench.kinds)
            bench.say(f"race of {count:,}, {turn + 1}: {said}")
        for one in offered.values():
            bench.databases.drop(one.url)
    return [line for kind in bench.kinds for line in _lines(kind, count, figures, aims.get(kind))]


async def _offer(bench: Bench, telegram: TelegramProcess, kind: str, count: int) -> Offered:
    url, group = await bench.peopled(kind, telegram, count)
    await telegram("forget")
    async with bench.bot("race-offers", telegram, url, group, limits=False) as bot:
        await telegram("prepares")
        await telegram("triggers")
        # The cast's own nurses are asked too, and do not tap.
        offers = await telegram("offers", count=count + 1)
        await bot.quiet()
    taps = [{name: offer[name] for name in ("user", "message", "data")} for offer in offers]
    return Offered(url, group, taps[:count], telegram.now())


async def _round(
    bench: Bench, telegram: TelegramProcess, kind: str, offered: Offered, figures: Series
) -> None:
    url = bench.databases.copy(offered.url)
    bench.databases.at_rest()
    await telegram("forget")
    await telegram.back_to(offered.at)
    async with bench.bot("race", telegram, url, offered.group, limits=False):
        answers = await telegram("answers", numbers=await telegram("taps", taps=offered.taps))
    took = [answer["arrived"] - answer["pressed"] for answer in answers]
    figures.add(f"{kind} winners", winners(url))
    figures.add(f"{kind} told", sum("à vous" in answer["words"] for answer in answers))
    figures.add(f"{kind} received", sum(answer["words"].startswith("Reçu") for answer in answers))
    figures.add(f"{kind} refused", sum(answer["status"] != 200 for answer in answers))
    for name, percent in (("p50", 50), ("p95", 95), ("last", 100)):
        figures.add(f"{kind} {name}", percentile(took, percent))
    bench.databases.drop(url)


def _lines(kind: str, count: int, figures: Series, aim: float | None) -> list[Line]:
    name = f"race, {count:,} taps on one mission, {kind}"
    won = sorted({int(value) for value in figures[f"{kind} winners"]})
    told = max(figures[f"{kind} told"])
    words = []
    if late := max(figures[f"{kind} refused"]):
        words.append(f"{late:.0f} came too late for Telegram and were said in a message")
    if slow := max(figures[f"{kind} received"]):
        words.append(f"{slow:.0f} were told «reçu» first, the truth in a message")
    times = ", ".join(f"{p} {seconds(figures[f'{kind} {p}'])}" for p in ("p50", "p95", "last"))
    return [
        Line(
            f"{name}: winners",
            "1",
            " or ".join(map(str, won)),
            won == [1] and told <= 1,
            f"told so in the answer to the tap: {told:.0f}",
        ),
        Line(
            f"{name}: tap → answer",
            f"last ≤ {aim:.0f} s" if aim else "figures",
            times,
            figures.median(f"{kind} last") <= aim if aim else None,
            "; ".join(words),
        ),
    ]
