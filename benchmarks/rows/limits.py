"""With Telegram's limits and latency: idle taps, a broadcast to 1,000 nurses, taps during one, a withdrawal.

A round is one bot that lives through it all: a first mission offered to everybody, which some nurses refuse
when all is quiet; then a second one, during whose broadcast others refuse the first, and somebody accepts
after five seconds.
"""

import asyncio
from typing import Any

from benchmarks.bench import Bench
from benchmarks.figures import Line, Series, percentile, seconds, spread
from benchmarks.population import nearest
from benchmarks.processes import TelegramProcess
from bot.delivery import IN_FLIGHT

IDELS = 1_000
NEAREST = 25
OVERALL = 30.0  # messages a second, by Telegram's own words
ACCEPTED_AFTER = 5.0  # seconds
IDLE_TAPS = 40
TAP_EVERY = 0.25
TAPS_DURING = 50
AIR = 2.0  # seconds in which the last offers arrive


async def measure(bench: Bench) -> list[Line]:
    """Idle, at the limit, during, withdrawn."""
    idels = bench.size(IDELS, 60)
    figures = Series()
    async with bench.telegram(limits=True, latency=True) as telegram:
        for turn in range(bench.rounds):
            for kind in bench.kinds:
                await _round(bench, telegram, kind, idels, figures)
            said = ", ".join(
                f"{kind} idle {figures[f'{kind} idle'][-1] * 1000:.0f} ms, at the limit ×"
                f"{figures[f'{kind} ratio'][-1]:.3f}, sent afterwards {figures[f'{kind} afterwards'][-1]:.0f}"
                for kind in bench.kinds
            )
            bench.say(f"limits {turn + 1}: {said}")
    return [line for kind in bench.kinds for line in _lines(kind, idels, figures)]


async def _round(bench: Bench, telegram: TelegramProcess, kind: str, idels: int, figures: Series) -> None:
    url, group = await bench.peopled(kind, telegram, idels)
    nurses = await nearest(url, telegram)
    bench.databases.at_rest()
    await telegram("forget")
    async with bench.bot("limits", telegram, url, group) as bot:
        await telegram("prepares")
        await bot.quiet()
        tapped: float = await telegram("triggers")
        offers = await telegram("offers", count=len(nurses))
        shown = {offer["user"]: offer["shown"] - tapped for offer in offers}
        figures.add(f"{kind} nearest", max(shown[user] for user in nurses[:NEAREST]))
        figures.add(f"{kind} ratio", max(shown.values()) / (len(nurses) / OVERALL))
        refusals = [_refuses(offer) for offer in offers]
        quiet, during = bench.size(IDLE_TAPS, 10), bench.size(TAPS_DURING, 10)
        await bot.quiet()
        await asyncio.sleep(1.0)
        _times(figures, f"{kind} idle", await _tap(telegram, refusals[:quiet], TAP_EVERY))
        await telegram("prepares")
        await bot.quiet()
        await _withdrawn(bench, telegram, kind, refusals[quiet : quiet + during], figures)
        counts = await telegram("counts")
        figures.add(f"{kind} refused", counts["refused"])
    bench.databases.drop(url)


async def _withdrawn(
    bench: Bench, telegram: TelegramProcess, kind: str, refusals: list[dict[str, Any]], figures: Series
) -> None:
    """A second broadcast: others refuse the first mission meanwhile, and somebody accepts."""
    after = ACCEPTED_AFTER if not bench.small else ACCEPTED_AFTER / 10
    await telegram("triggers")
    _times(figures, f"{kind} during", await _tap(telegram, refusals, after / len(refusals)))
    offers = await telegram("offers", count=1)  # of the mission that goes out now
    accepted = (await _tap(telegram, offers[:1], 0.0))[0]
    figures.add(f"{kind} received", accepted["words"].startswith("Reçu"))
    await asyncio.sleep(AIR)
    figures.add(f"{kind} afterwards", await telegram("offers_after", moment=accepted["arrived"]))


async def _tap(telegram: TelegramProcess, taps: list[dict[str, Any]], every: float) -> list[dict[str, Any]]:
    wanted = [{name: tap[name] for name in ("user", "message", "data")} for tap in taps]
    numbers = await telegram("taps", taps=wanted, every=every)
    answers: list[dict[str, Any]] = await telegram("answers", numbers=numbers)
    return answers


def _refuses(offer: dict[str, Any]) -> dict[str, Any]:
    _, mission, epoch, _ = offer["data"].split(":")
    return offer | {"data": f"sr:{mission}:{epoch}:"}


def _times(figures: Series, name: str, answers: list[dict[str, Any]]) -> None:
    """The p95 up to Telegram's door, and up to the person's eyes."""
    figures.add(name, percentile([answer["arrived"] - answer["pressed"] for answer in answers], 95))
    figures.add(f"{name} seen", percentile([answer["shown"] - answer["pressed"] for answer in answers], 95))


def _lines(kind: str, idels: int, figures: Series) -> list[Line]:
    def ms(name: str) -> str:
        return spread([value * 1000 for value in figures[f"{kind} {name}"]], 0, "ms")

    def reached(name: str, most: float) -> bool:
        return figures.median(f"{kind} {name}") <= most

    latency = "latency 50–150 ms"
    slower = [
        during / idle
        for during, idle in zip(figures[f"{kind} during seen"], figures[f"{kind} idle seen"], strict=True)
    ]
    figures.values[f"{kind} slower"] = slower
    return [
        Line(
            f"idle, {kind}: tap → answer p95, beyond the latency",
            "≤ 100 ms",
            ms("idle"),
            reached("idle", 0.1),
            f"with it {ms('idle seen')}",
        ),
        Line(
            f"idle, {kind}: OSNP's tap → the {NEAREST} nearest have the offer",
            "≤ 1.5 s",
            seconds(figures[f"{kind} nearest"]),
            reached("nearest", 1.5),
            f"real limits, {latency}",
        ),
        Line(
            f"broadcast at the limit, {idels:,} IDELs, {kind}: time ÷ (offers ÷ 30/s)",
            "≤ 1.05",
            spread(figures[f"{kind} ratio"], 3),
            reached("ratio", 1.05),
            latency,
        ),
        Line(
            f"broadcast at the limit, {kind}: 429s earned in all rounds",
            "0",
            f"{sum(figures[f'{kind} refused']):.0f}",
            sum(figures[f"{kind} refused"]) == 0,
        ),
        Line(
            f"taps during it, {kind}: tap → answer p95 ÷ idle",
            "≤ 1.5",
            spread(slower),
            reached("slower", 1.5),
            f"{ms('during seen')}; beyond the latency {ms('during')}",
        ),
        Line(
            f"withdrawal, {kind}: offers that reached a screen after the answer to ACCEPTER",
            f"≤ {IN_FLIGHT}",
            spread(figures[f"{kind} afterwards"], 0),
            max(figures[f"{kind} afterwards"]) <= IN_FLIGHT,
            f"accepted at second {ACCEPTED_AFTER:.0f} of a broadcast"
            + ("; «reçu» was said before the decision" if any(figures[f"{kind} received"]) else ""),
        ),
    ]
