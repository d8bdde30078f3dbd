"""Writes `RESULTS.md`: on what it was measured, and every line of the table. Knows no row."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.bench import LATENCY, Bench
from benchmarks.databases import SETTINGS
from benchmarks.figures import Line
from bot.clock import SystemClock

FILE = Path(__file__).parent / "RESULTS.md"
LIBRARIES = (
    "python-telegram-bot",
    "aiohttp",
    "sqlalchemy",
    "aiosqlite",
    "psycopg",
    "msgspec",
    "cryptography",
)
HEAD = (
    "Written by `make bench` on {today:%Y-%m-%d}; {rounds} interleaved round(s): the median, and in brackets"
    " lowest and highest. What a row does stands at the head of its file in [benchmarks/rows](rows/)."
)
PROCESSES = (
    "- the bot in its own process (`python -m bot run`; without limits: the same, its own rates off), the"
    " emulated Telegram in another, on this machine; {low}–{high} ms of latency where limits are measured,"
    " none elsewhere"
)
HEADER = ("Measure", "To reach", "Figure", "Reached", "")


def machine() -> list[str]:
    """Processor, cores, memory and system, as a reader needs them to compare."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB of memory",
        f"{_system()}, Linux {platform.release().partition('-')[0]}",
        f"Python {platform.python_version()}; " + ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    ]


def write(lines: dict[str, list[Line]], bench: Bench, remark: str, file: Path = FILE) -> None:
    """The whole page, anew."""
    today = SystemClock().now()
    databases = [f"SQLite ({SETTINGS['sqlite']})"]
    if "postgresql" in bench.kinds:
        databases.append(f"PostgreSQL {bench.databases.version()} ({SETTINGS['postgresql']})")
    low, high = (round(bound * 1000) for bound in LATENCY)
    page = ["# Results", "", HEAD.format(today=today, rounds=bench.rounds), ""]
    if remark:
        page += [f"**{remark}**", ""]
    page += [f"- {line}" for line in machine()]
    page += [f"- {'; '.join(databases)}; both on disk", PROCESSES.format(low=low, high=high), ""]
    for row, measured in lines.items():
        page += [f"## {row.capitalize()}", "", _row(HEADER), _row("---" for _ in HEADER)]
        page += [_row(line.as_cells()) for line in measured]
        page.append("")
    file.write_text("\n".join(page), encoding="utf-8")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    names = [line for line in about.read_text("utf-8").splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def _system() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
