"""10,000 timers wait, 1,000 of them ring at one instant: how late the bot rings them.

Beside it, in the same round, what 1,000 decisions take.
"""

import asyncio
from datetime import timedelta

from sqlalchemy import create_engine, select

from benchmarks.bench import Bench
from benchmarks.figures import Line, Series, percentile, seconds
from benchmarks.population import offered_missions, region
from benchmarks.processes import Stopped, TelegramProcess
from benchmarks.rows.decisions import decide, wait_for_taps
from bot.clock import real_monotonic
from bot.domain.outcome import TimerKind
from storage.address import sync_address
from storage.tables import TimerState, timers

DUE = 1_000
PENDING = 10_000
EACH = 2  # timers of a mission that is offered: the warning, and the end
SOON = timedelta(seconds=15)  # the bot is up by then
PATIENCE = 300.0
LOOK_SECONDS = 0.2


async def measure(bench: Bench) -> list[Line]:
    """Lateness, beside decisions."""
    due, pending = bench.size(DUE, 20), bench.size(PENDING, 100)
    figures = Series()
    async with bench.telegram(limits=True, latency=False) as telegram:
        ready = {}
        for kind in bench.kinds:
            waiting = await wait_for_taps(bench, telegram, kind, due)
            url, group = await bench.peopled(kind, telegram, due)
            ago = region().delays.answer_warning - SOON
            await offered_missions(url, telegram, pending // EACH - due, ago=timedelta(minutes=1))
            at = telegram.now()
            await offered_missions(url, telegram, due, ago=ago)
            ready[kind] = (waiting, url, group, at)
        for turn in range(bench.rounds):
            for kind, (waiting, url, group, at) in ready.items():
                decided, _ = await decide(bench, telegram, waiting)
                figures.add(f"{kind} decisions", due / decided)
                await telegram.back_to(at)
                for name, late in (await _ring(bench, telegram, url, group, due)).items():
                    figures.add(f"{kind} {name}", late)
            said = ", ".join(f"{kind} p99 {figures[f'{kind} p99'][-1]:.2f} s" for kind in bench.kinds)
            bench.say(f"timers {turn + 1}: {said}")
        for _, url, _, _ in ready.values():
            bench.databases.drop(url)
    return [_line(kind, due, pending, figures) for kind in bench.kinds]


async def _ring(bench: Bench, telegram: TelegramProcess, url: str, group: int, due: int) -> dict[str, float]:
    copy = bench.databases.copy(url)
    bench.databases.at_rest()
    await telegram("forget")
    async with bench.bot("timers", telegram, copy, group):
        end = real_monotonic() + PATIENCE
        while len(late := _lateness(copy)) < due:
            if real_monotonic() > end:
                raise Stopped(f"{len(late)} of {due} timers have rung")
            await asyncio.sleep(LOOK_SECONDS)
    bench.databases.drop(copy)
    return {"p50": percentile(late, 50), "p99": percentile(late, 99)}


def _lateness(url: str) -> list[float]:
    """Seconds, for each that has rung, on the clock of the field."""
    engine = create_engine(sync_address(url))
    with engine.begin() as connection:
        rung = select(timers.c.due, timers.c.ended_at).where(
            timers.c.kind == TimerKind.SEARCH_WARNING.value, timers.c.state == TimerState.RUNG.value
        )
        rows = connection.execute(rung).all()
    engine.dispose()
    return [(row.ended_at - row.due).total_seconds() for row in rows]


def _line(kind: str, due: int, pending: int, figures: Series) -> Line:
    aims = [took + 1.0 for took in figures[f"{kind} decisions"]]
    figures.values[f"{kind} aim"] = aims
    return Line(
        f"timers, {pending:,} pending, {due:,} due at one instant, {kind}: lateness",
        f"p99 ≤ {figures.median(f'{kind} aim'):.1f} s",
        f"p50 {seconds(figures[f'{kind} p50'])}, p99 {seconds(figures[f'{kind} p99'])}",
        figures.median(f"{kind} p99") <= figures.median(f"{kind} aim"),
        f"{due:,} decisions took {seconds(figures[f'{kind} decisions'])} in the same rounds",
    )
