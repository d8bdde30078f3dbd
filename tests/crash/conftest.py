"""Databases by the dozen: a fresh one for each round, of each kind."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.databases import Cluster


@pytest.fixture(params=DATABASES)
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Gives the address of one more migrated, empty database."""
    numbers = itertools.count(1)
    made: list[str] = []
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")

        def copied() -> str:
            path = tmp_path / f"{next(numbers)}.db"
            path.write_bytes(template.read_bytes())
            return f"sqlite:///{path}"

        yield copied
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")

    def created() -> str:
        made.append(cluster.fresh())
        return cluster.url(made[-1])

    yield created
    for name in made:
        cluster.drop(name)
