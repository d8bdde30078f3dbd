"""`python -m benchmarks [ROW …]`: measure, print, and write RESULTS.md when every row was measured."""

import asyncio
from importlib import import_module
from pathlib import Path

import click

from benchmarks.bench import opened, say
from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.figures import Line

ROWS = ("race", "broadcast", "decisions")


async def measure(
    rows: tuple[str, ...], *, rounds: int, small: bool, kinds: tuple[str, ...], profile: Path | None
) -> dict[str, list[Line]]:
    """The lines of each row."""
    async with opened(rounds=rounds, small=small, kinds=kinds, profile=profile) as bench:
        lines = {}
        for row in rows:
            lines[row] = await import_module(f"benchmarks.rows.{row}").measure(bench)
            for line in lines[row]:
                say("  " + " · ".join(cell for cell in line.as_cells() if cell))
        return lines


@click.command()
@click.argument("rows", nargs=-1, type=click.Choice(ROWS))
@click.option("--rounds", default=7, show_default=True, help="Interleaved rounds of each figure.")
@click.option("--small", is_flag=True, help="Few people and missions: to try the benchmark itself.")
@click.option(
    "--database", "kinds", multiple=True, type=click.Choice((SQLITE, POSTGRESQL)), help="Only this one."
)
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="Write profiles of the bot (cProfile) into this folder.",
)
def main(
    rows: tuple[str, ...], rounds: int, small: bool, kinds: tuple[str, ...], profile: Path | None
) -> None:
    """Measure every row of the table, or the rows named."""
    if profile is not None:
        profile.mkdir(parents=True, exist_ok=True)
        profile = profile.resolve()
    asyncio.run(
        measure(
            rows or ROWS, rounds=rounds, small=small, kinds=kinds or (SQLITE, POSTGRESQL), profile=profile
        )
    )


if __name__ == "__main__":
    main()
