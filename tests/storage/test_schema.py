"""Migrations make what the code expects, on both databases, and from Python alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

from storage import migrate, tables
from storage.address import address, sync_address
from tests.databases import Cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def two_empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two databases without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'one.db'}", f"sqlite:///{tmp_path / 'two.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    one, two = cluster.empty(), cluster.empty()
    yield cluster.url(one), cluster.url(two)
    cluster.drop(one)
    cluster.drop(two)


def described(engine: Engine) -> dict[str, list[str]]:
    """Every table, column, constraint and index, in the database's own words."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE sql > '' AND name <> 'alembic_version'")
            )
            return {name: _parts(sql) for name, sql in rows}
        queries = {
            "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity "
            "FROM information_schema.columns WHERE table_schema = 'public'",
            "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "constraints": "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace",
        }
        return {
            name: sorted(
                str(tuple(row)) for row in connection.execute(text(query)) if "alembic" not in str(row)
            )
            for name, query in queries.items()
        }


def test_migrations_and_tables_say_the_same(two_empty: tuple[str, str]) -> None:
    migrated, created = two_empty
    migrate.upgrade(migrated)
    engines = [create_engine(sync_address(url)) for url in (migrated, created)]
    tables.metadata.create_all(engines[1])
    try:
        with engines[0].connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": False})
            assert compare_metadata(context, tables.metadata) == []
        assert set(inspect(engines[1]).get_table_names()) == set(tables.metadata.tables)
        assert described(engines[0]) == described(engines[1])
    finally:
        for engine in engines:
            engine.dispose()


def test_a_database_says_at_which_version_it_is(
    two_empty: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # wherever it is run from
    url, _ = two_empty
    assert migrate.current(url) is None
    assert not migrate.is_up_to_date(url)
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.newest()
    assert migrate.is_up_to_date(url)
    migrate.upgrade(url)  # nothing to do is no error


def test_the_files_are_named_by_their_versions() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert migrate.versions() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert migrate.newest() == scripts.get_current_head()


def test_asking_for_the_version_creates_no_file_and_migrating_creates_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "data" / "100% new" / "smt.db"
    assert migrate.current(f"sqlite:///{path}") is None
    assert not path.exists()
    migrate.upgrade(f"sqlite:///{path}")
    assert migrate.is_up_to_date(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("sqlite:////tmp/x.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite"),
        ("postgresql://me:secret@host/name", "postgresql+psycopg"),
        ("postgres://host/name", "postgresql+psycopg"),
        ("postgresql+psycopg://host/name", "postgresql+psycopg"),
    ],
)
def test_addresses_as_people_write_them(written: str, driver: str) -> None:
    assert address(written).drivername == driver


@pytest.mark.parametrize("wrong", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_a_wrong_address_is_refused_in_words(wrong: str) -> None:
    with pytest.raises(ValueError, match="SMT_DATABASE_URL"):
        address(wrong)


def _parts(sql: str) -> list[str]:
    """The order of columns and constraints and the writing of spaces mean nothing."""
    return sorted(re.split(r",\s*(?![^(]*\))", re.sub(r"\s*\)$", "", " ".join(sql.split()))))
