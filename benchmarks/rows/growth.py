"""The cost of one mission with 1,000 and with 200,000 missions stored.

In each round a bot lives a few missions on the one database, then on the other: the operator triggers, the
nurses get the offer, one accepts, the group is told. That no hot query scans a table is what
`tests/storage/test_plans.py` reads in the plans.
"""

from contextlib import AsyncExitStack
from datetime import timedelta

from benchmarks.bench import Bench
from benchmarks.figures import Line, Series, spread
from benchmarks.population import clone, offered_missions
from benchmarks.processes import BotProcess, TelegramProcess

FEW = 1_000
MANY = 200_000
IDELS = 60
ASKED = 25  # offers that are waited for
EACH_ROUND = 2  # missions after the first, which fills the caches; each engages a nurse
MOST = 1.15


async def measure(bench: Bench) -> list[Line]:
    """The ratio, for each database."""
    figures = Series()
    few, many = bench.size(FEW, 10), bench.size(MANY, 200)
    async with bench.telegram(limits=False, latency=False) as telegram:
        for kind in bench.kinds:
            async with AsyncExitStack() as stack:
                small = await _with_stored(bench, telegram, kind, few, stack)
                large = await _with_stored(bench, telegram, kind, many, stack)
                for turn in range(bench.rounds):
                    costs = await _round(telegram, small, large, bench.size(EACH_ROUND, 1))
                    for name, value in costs.items():
                        figures.add(f"{kind} {name}", value)
                    bench.say(f"growth {turn + 1}, {kind}: ×{costs['ratio']:.2f}")
    return [_line(kind, few, many, figures) for kind in bench.kinds]


async def _with_stored(
    bench: Bench, telegram: TelegramProcess, kind: str, stored: int, stack: AsyncExitStack
) -> BotProcess:
    url, group = await bench.peopled(kind, telegram, IDELS)
    template = (await offered_missions(url, telegram, 1, ago=timedelta(minutes=1)))[0]
    clone(url, template, stored, closed=True)
    bench.databases.at_rest()
    bot = bench.bot(f"growth-{stored}", telegram, url, group, limits=False)
    stack.callback(bench.databases.drop, url)
    return bot


async def _round(
    telegram: TelegramProcess, small: BotProcess, large: BotProcess, missions: int
) -> dict[str, float]:
    few, few_used = await _live(telegram, small, missions)
    many, many_used = await _live(telegram, large, missions)
    return {"few": few, "many": many, "ratio": many / few, "processor": many_used / few_used}


async def _live(telegram: TelegramProcess, bot: BotProcess, missions: int) -> tuple[float, float]:
    """Seconds that people wait in a few missions, and seconds of the bot's processor."""
    waited = used = 0.0
    async with bot:
        for number in range(missions + 1):
            await telegram("forget")
            await telegram("prepares")
            await bot.quiet()
            before = bot.processor_seconds()
            tapped: float = await telegram("triggers")
            offers = (await telegram("offers", count=ASKED))[:ASKED]
            tap = {name: offers[-1][name] for name in ("user", "message", "data")}
            answer = (await telegram("answers", numbers=await telegram("taps", taps=[tap])))[0]
            await bot.quiet()
            if number:
                waited += max(offer["shown"] for offer in offers) - tapped
                waited += answer["arrived"] - answer["pressed"]
                used += bot.processor_seconds() - before
    return waited / missions, used / missions


def _line(kind: str, few: int, many: int, figures: Series) -> Line:
    def ms(name: str) -> str:
        return spread([value * 1000 for value in figures[f"{kind} {name}"]], 0, "ms")

    return Line(
        f"growth, {kind}: what people wait in one mission, {many:,} stored ÷ {few:,} stored",
        f"≤ {MOST}",
        spread(figures[f"{kind} ratio"]),
        figures.median(f"{kind} ratio") <= MOST,
        f"{ms('many')} and {ms('few')}; the bot's processor × {spread(figures[f'{kind} processor'])}",
    )
