"""A broadcast to 1,000 nurses with every rate limit off: messages persisted and sent a second.

Beside it, in the same round, three clients that only send: the same message, as many in flight, nothing kept.
"""

import asyncio
import json

from benchmarks.bench import Bench
from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.figures import Line, Series, spread
from benchmarks.processes import PROJECT, TelegramProcess
from benchmarks.telegram import FIRST_IDEL
from bot.delivery import IN_FLIGHT
from bot.sandbox.telegram import TOKEN

OWN_PYTHON = PROJECT / ".venv-bench" / "bin" / "python"  # made by `make bench`
PEERS = {"aiohttp": "a bare aiohttp loop", "ptb": "PTB's default client", "aiogram": "an aiogram loop"}
#: 30 messages a second are Telegram's own limit.
TARGETS = {SQLITE: 10 * 30.0, POSTGRESQL: 20 * 30.0}


async def measure(bench: Bench) -> list[Line]:
    """Messages a second, for the bot on each database and for each peer."""
    idels = bench.size(1_000, 30)
    rates = Series()
    async with bench.telegram(limits=False, latency=False) as telegram:
        for turn in range(bench.rounds):
            for kind in bench.kinds:
                rates.add(kind, await _bot(bench, telegram, kind, idels))
            for peer in PEERS:
                if (rate := await _peer(bench, telegram, peer, idels)) is not None:
                    rates.add(peer, rate)
            bench.say(
                f"broadcast {turn + 1}: " + ", ".join(f"{n} {v[-1]:.0f}/s" for n, v in rates.values.items())
            )
    return _lines(bench, rates)


async def _bot(bench: Bench, telegram: TelegramProcess, kind: str, idels: int) -> float:
    url, group = await bench.peopled(kind, telegram, idels)
    bench.databases.at_rest()
    await telegram("forget")
    async with bench.bot("broadcast", telegram, url, group, limits=False):
        await telegram("prepares")
        tapped: float = await telegram("triggers")
        offers = await telegram("offers", count=idels)
    bench.databases.drop(url)
    last: float = max(offer["shown"] for offer in offers)
    return len(offers) / (last - tapped)


async def _peer(bench: Bench, telegram: TelegramProcess, peer: str, idels: int) -> float | None:
    """None when they are not installed."""
    if not OWN_PYTHON.exists():
        return None
    payload = bench.folder / "payload.json"
    payload.write_text(json.dumps(await telegram("payload")), encoding="utf-8")
    await telegram("forget")
    process = await asyncio.create_subprocess_exec(
        str(OWN_PYTHON),
        *(
            *("-m", "benchmarks.peers"),
            peer,
            telegram.url,
            TOKEN,
            str(payload),
            str(FIRST_IDEL),
            str(idels),
            str(IN_FLIGHT),
        ),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{peer} failed")
    return idels / float(out)


def _lines(bench: Bench, rates: Series) -> list[Line]:
    lines = []
    for kind in bench.kinds:
        target = TARGETS[kind]
        why = (
            f"{share(rates, kind)} of the bare aiohttp loop, which keeps nothing"
            if "aiohttp" in rates
            else ""
        )
        lines.append(
            Line(
                f"broadcast without limit, {kind}: offers persisted and sent",
                f"≥ {target:.0f}/s",
                spread(rates[kind], 0, "/s"),
                rates.median(kind) >= target,
                why,
            )
        )
    for peer, name in PEERS.items():
        if peer not in rates:
            lines.append(Line(f"beside it: {name}", "", "not installed", None))
            continue
        ahead = all(rates.median(kind) > rates.median(peer) for kind in bench.kinds)
        wanted = "the bot is ahead" if peer == "ptb" else ""
        lines.append(
            Line(
                f"beside it: {name}, sends only",
                wanted,
                spread(rates[peer], 0, "/s"),
                ahead if wanted else None,
            )
        )
    return lines


def share(rates: Series, kind: str) -> str:
    """How much of the bare loop's rate that is."""
    return f"{rates.median(kind) / rates.median('aiohttp'):.2f}"
