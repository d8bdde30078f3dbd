"""Accepted taps a second, each on a mission of its own, through the inbox of the bot with its real rates.

Beside them the same SQL by the bare driver: what the bot's own decisions executed is written down once, then
executed again by sqlite3 or psycopg alone, one transaction after another, on a copy of the same database.
"""

import asyncio
import pickle
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import psycopg

from benchmarks.bench import Bench
from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.figures import Line, Series, spread
from benchmarks.population import accept_taps, offered_missions, winners
from benchmarks.processes import TelegramProcess
from bot.clock import real_monotonic
from storage.sqlite import PRAGMAS

TARGETS = {SQLITE: 100.0, POSTGRESQL: 300.0}
SHARE = 0.3
LOOK_SECONDS = 0.05
PATIENCE = 120.0

Script = list[list[tuple[str, Any, bool]]]


@dataclass
class Waiting:
    """As many missions as nurses, and what their ACCEPTER executes."""

    url: str
    group: int
    taps: list[dict[str, object]]
    at: datetime
    script: Path


async def measure(bench: Bench) -> list[Line]:
    """Decisions a second, and their share of the bare driver's."""
    count = bench.size(1_000, 20)
    figures = Series()
    async with bench.telegram(limits=True, latency=False) as telegram:
        waiting = {kind: await wait_for_taps(bench, telegram, kind, count) for kind in bench.kinds}
        for one in waiting.values():
            await decide(bench, telegram, one, statements=one.script)
        for turn in range(bench.rounds):
            for kind in bench.kinds:
                await _round(bench, telegram, kind, waiting[kind], figures)
            said = ", ".join(
                f"{kind} {figures[kind][-1]:.0f}/s, bare {figures[f'{kind} bare'][-1]:.0f}/s"
                for kind in bench.kinds
            )
            bench.say(f"decisions {turn + 1}: {said}")
        for one in waiting.values():
            bench.databases.drop(one.url)
    return [line for kind in bench.kinds for line in _lines(kind, figures)]


async def wait_for_taps(bench: Bench, telegram: TelegramProcess, kind: str, count: int) -> Waiting:
    """So many missions, each offered to a nurse of its own."""
    url, group = await bench.peopled(kind, telegram, count)
    missions = await offered_missions(url, telegram, count, ago=timedelta(minutes=1))
    script = bench.folder / f"decisions-{kind}.pickle"
    return Waiting(url, group, accept_taps(missions), telegram.now(), script)


async def _round(
    bench: Bench, telegram: TelegramProcess, kind: str, waiting: Waiting, figures: Series
) -> None:
    decided, used = await decide(bench, telegram, waiting)
    figures.add(kind, decided)
    figures.add(f"{kind} processor", used * 1000)
    url = bench.databases.copy(waiting.url)
    script = list(_read(waiting.script))
    bench.databases.at_rest()
    took = await asyncio.to_thread(_execute, url, script)
    if winners(url) != len(waiting.taps):
        raise RuntimeError("the bare driver has not decided what the bot has")
    bench.databases.drop(url)
    figures.add(f"{kind} bare", len(waiting.taps) / took)
    figures.add(f"{kind} share", figures[kind][-1] / figures[f"{kind} bare"][-1])


async def decide(
    bench: Bench, telegram: TelegramProcess, waiting: Waiting, statements: Path | None = None
) -> tuple[float, float]:
    """Everybody taps at once; decisions a second, and seconds of the bot's processor for each."""
    url = bench.databases.copy(waiting.url)
    bench.databases.at_rest()
    await telegram("forget")
    await telegram.back_to(waiting.at)
    options = {"statements": statements} if statements is not None else {}
    async with bench.bot("decisions", telegram, url, waiting.group, **options) as bot:
        used = bot.processor_seconds()
        answers = await telegram("answers", numbers=await telegram("taps", taps=waiting.taps))
        last: float = max(answer["arrived"] for answer in answers)
        # On a busy machine «reçu» is said first, and the decision follows.
        while winners(url) < len(waiting.taps):
            await asyncio.sleep(LOOK_SECONDS)
            last = real_monotonic()
            if last - answers[0]["pressed"] > PATIENCE:
                said = sorted({answer["words"] for answer in answers})
                raise RuntimeError(f"{winners(url)} of {len(waiting.taps)} taps were accepted: {said}")
        used = bot.processor_seconds() - used
    bench.databases.drop(url)
    first: float = min(answer["pressed"] for answer in answers)
    return len(answers) / (last - first), used / len(answers)


def _read(file: Path) -> Iterator[list[tuple[str, Any, bool]]]:
    with file.open("rb") as opened:
        yield from _pickled(opened)


def _pickled(opened: BinaryIO) -> Iterator[list[tuple[str, Any, bool]]]:
    while True:
        try:
            yield pickle.load(opened)  # noqa: S301 - our own file, of this run
        except EOFError:
            return


def _execute(url: str, script: Script) -> float:
    return _by_sqlite3(url, script) if url.startswith(SQLITE) else _by_psycopg(url, script)


def _by_sqlite3(url: str, script: Script) -> float:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    cursor = connection.cursor()
    begun = real_monotonic()
    for transaction in script:
        cursor.execute("BEGIN IMMEDIATE")
        for statement, parameters, many in transaction:
            if many:
                cursor.executemany(statement, parameters)
            elif cursor.execute(statement, parameters).description:
                cursor.fetchall()
        cursor.execute("COMMIT")
    took = real_monotonic() - begun
    connection.close()
    return took


def _by_psycopg(url: str, script: Script) -> float:
    with psycopg.connect(url, options="-c timezone=UTC") as connection, connection.cursor() as cursor:
        begun = real_monotonic()
        for transaction in script:
            for statement, parameters, many in transaction:
                if many:
                    cursor.executemany(statement, parameters)
                elif cursor.execute(statement, parameters).description:
                    cursor.fetchall()
            connection.commit()
        return real_monotonic() - begun


def _lines(kind: str, figures: Series) -> list[Line]:
    bare = spread(figures[f"{kind} bare"], 0, "/s")
    used = spread(figures[f"{kind} processor"], 1, "ms")
    return [
        Line(
            f"decisions, {kind}: accepted taps through the inbox",
            f"≥ {TARGETS[kind]:.0f}/s",
            spread(figures[kind], 0, "/s"),
            figures.median(kind) >= TARGETS[kind],
            f"the same SQL by the bare driver: {bare}; the bot's processor for each: {used}",
        ),
        Line(
            f"decisions, {kind}: share of the bare driver",
            f"≥ {SHARE}",
            spread(figures[f"{kind} share"]),
            figures.median(f"{kind} share") >= SHARE,
        ),
    ]
