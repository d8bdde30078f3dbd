"""Brings the database's schema up to date. Knows no row.

Runs alembic from Python: no configuration file, whatever the working directory.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from storage.address import address, is_sqlite, sqlite_file, sync_address

MIGRATIONS = Path(__file__).parent / "migrations"

#: Held while migrating, so that two processes started together do not both create the tables.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('smt schema'))")


def upgrade(database_url: str) -> None:
    """Bring the schema to the newest version; creates it where there is none."""
    url = address(database_url)
    if is_sqlite(url):
        sqlite_file(url).parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(database_url)
    try:
        with engine.begin() as connection:
            if not is_sqlite(url):
                connection.execute(_LOCK)
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def current(database_url: str) -> str | None:
    """The version the database is at; None where nothing was ever created."""
    url = address(database_url)
    if is_sqlite(url) and not sqlite_file(url).exists():
        return None  # asking would create the file
    engine = _engine(database_url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def newest() -> str | None:
    """The version this code needs."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def is_up_to_date(database_url: str) -> bool:
    """Whether this code may run on that database."""
    return current(database_url) == newest()


def _engine(database_url: str) -> Engine:
    return create_engine(sync_address(database_url), poolclass=NullPool, hide_parameters=True)


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
