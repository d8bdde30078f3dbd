"""`python -m tests.soak --missions 200 --rounds 40`: prints its figures; 1 when something is not true.

The last line is the one to write down.
"""

import asyncio
import os
import tempfile
from pathlib import Path

import click

from storage import migrate
from storage.vault import Vault
from tests.databases import ABSENT, Cluster, postgres_binaries
from tests.soak.field import Field
from tests.soak.soak import Plan, Report, soak


async def run(database_url: str, folder: Path, plan: Plan) -> Report:
    """A world of its own for one plan."""
    world = Field(
        database_url,
        Vault.from_secret("a secret for the tests only"),
        folder,
        nurses=max(30, plan.missions * 5 // 4),
        doctors=12,
    )
    await world.begin()
    try:
        return await soak(world, plan)
    finally:
        await world.end()


def _fast() -> Path | None:
    """A folder in memory, where there is one: how a disk keeps its word is another test's business."""
    memory = Path("/dev/shm")  # noqa: S108
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else None


@click.command()
@click.option("--missions", default=200, help="how many are opened")
@click.option("--rounds", default=40, help="how long people act at random before they carry all to its end")
@click.option("--deaths", default=20, help="how often the process dies")
@click.option("--seed", default=None, type=int, help="the dice; another one each time unless given")
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), default="sqlite")
def main(missions: int, rounds: int, deaths: int, seed: int | None, database: str) -> None:
    """One soak, with a table of figures."""
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    chosen = seed if seed is not None else int.from_bytes(os.urandom(3), "big")
    click.echo(f"soak of {missions} missions on {database}, seed {chosen}")
    plan = Plan(missions, rounds, deaths, chosen)
    with tempfile.TemporaryDirectory(prefix="smt-soak-", dir=_fast()) as folder:
        cluster = None
        url = f"sqlite:///{folder}/smt.db"
        if database == "postgresql":
            if (binaries := postgres_binaries()) is None:
                raise click.ClickException(ABSENT)
            cluster = Cluster(binaries)
            url = cluster.url(cluster.fresh())
        else:
            migrate.upgrade(url)
        try:
            report = asyncio.run(run(url, Path(folder), plan))
        finally:
            if cluster is not None:
                cluster.stop()
    click.echo(report.table())
    click.echo(report.line(database))
    if report.wrong or report.errors:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
