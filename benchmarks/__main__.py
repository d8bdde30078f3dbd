"""`python -m benchmarks [ROW …]`: measure, print, and write RESULTS.md when every row was measured.

    python -m benchmarks race --rounds 1 --database sqlite --profile profiles
    python -m pstats profiles/race-sqlite.prof     (then: sort tottime, stats 30)

The profile is cProfile's, of the bot's whole process in the last round; it makes the bot about twice as slow.
"""

import asyncio
from importlib import import_module
from pathlib import Path

import click

from benchmarks import results
from benchmarks.bench import opened, say
from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.figures import Line

ROWS = ("race", "limits", "broadcast", "decisions", "timers", "growth", "restart", "crowd", "choosing")
KINDS = (SQLITE, POSTGRESQL)


async def measure(
    rows: tuple[str, ...],
    *,
    rounds: int,
    small: bool,
    kinds: tuple[str, ...] = KINDS,
    profile: Path | None = None,
    write: Path | None = None,
    remark: str = "",
) -> dict[str, list[Line]]:
    """The lines of each row, printed as they come."""
    async with opened(rounds=rounds, small=small, kinds=kinds, profile=profile) as bench:
        lines: dict[str, list[Line]] = {}
        for row in rows:
            lines[row] = await import_module(f"benchmarks.rows.{row}").measure(bench)
            for line in lines[row]:
                say("  " + " · ".join(cell for cell in line.as_cells() if cell))
            if write is not None:
                results.write({r: lines[r] for r in ROWS if r in lines}, bench, remark, write)
        return lines


@click.command()
@click.argument("rows", nargs=-1, type=click.Choice(ROWS))
@click.option("--rounds", default=7, show_default=True, help="Interleaved rounds of each figure.")
@click.option("--small", is_flag=True, help="Few people and missions: to try the benchmark itself.")
@click.option("--database", "kinds", multiple=True, type=click.Choice(KINDS), help="This one only.")
@click.option("--profile", type=click.Path(path_type=Path), help="Profiles of the bot, into this folder.")
@click.option("--remark", default="", help="Said at the head of RESULTS.md.")
def main(
    rows: tuple[str, ...],
    rounds: int,
    small: bool,
    kinds: tuple[str, ...],
    profile: Path | None,
    remark: str,
) -> None:
    """Measure every row of the table, or the rows named; every row together writes RESULTS.md."""
    if profile is not None:
        profile.mkdir(parents=True, exist_ok=True)
        profile = profile.resolve()
    everything = not rows and not small and profile is None
    asyncio.run(
        measure(
            rows or ROWS,
            rounds=rounds,
            small=small,
            kinds=kinds or KINDS,
            profile=profile,
            write=results.FILE if everything else None,
            remark=remark,
        )
    )


if __name__ == "__main__":
    main()
