"""Fixtures of the databases: `database_url` and `storage`, each on SQLite and on PostgreSQL."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.ports import Storage
from storage import migrate
from storage.database import open_storage
from storage.vault import Vault
from tests.databases import ABSENT, Cluster, postgres_binaries
from tests.sandbox.bot_api_schema import missing
from tests.sandbox.page_browser import NO_CHROMIUM

DATABASES = ("sqlite", "postgresql")

#: `pytest tests/faults --hypothesis-profile=long`: hours of looking for what breaks.
settings.register_profile("long", max_examples=500, stateful_step_count=60)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty file, copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The PostgreSQL server of this test process."""
    binaries = postgres_binaries()
    if binaries is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{ABSENT}, and CI must run every test.")
        pytest.skip(ABSENT)
    cluster = Cluster(binaries)
    yield cluster
    cluster.stop()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database of this test."""
    if request.param == "sqlite":
        path = tmp_path / "smt.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        yield f"sqlite:///{path}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.fresh()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture(scope="session")
def vault() -> Vault:
    """The vault of the tests."""
    return Vault.from_secret("a secret for the tests only")


@pytest.fixture
async def storage(database_url: str, vault: Vault) -> AsyncIterator[Storage]:
    """A storage opened on `database_url`."""
    opened = open_storage(database_url, vault)
    yield opened
    await opened.close()


def pytest_collection_finish() -> None:
    """What is imported stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str | None:
    """Say that calls are not checked where there is nothing to check them against."""
    return "No description of the Bot API here: outgoing calls are not checked." if missing() else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what did not run, in one line for each thing that is absent; then the figures measured."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for absent in (ABSENT, NO_CHROMIUM):
        count = sum(absent in reason for reason in skipped)
        if count:
            terminalreporter.write_sep("!", f"{absent}: {count} tests did not run", red=True, bold=True)
    for report in terminalreporter.stats.get("passed", []):
        for name, line in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(str(line))
