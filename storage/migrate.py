"""Brings the database's schema up to date, or back. Knows no row.

Runs alembic from Python: no configuration file, whatever the working directory. A migration is one
transaction on both databases: it is done whole, or nothing of it. A `run` that needs no migration does not
load alembic: ten megabytes, and a good part of its start.
"""

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text

from storage.address import address, is_sqlite, sqlite_file, sync_address

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"

#: Held while migrating, so that two processes started together do not both create the tables.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('smt schema'))")


_ALIVE = {
    "sqlite": text("SELECT 0 FROM worker WHERE 1 = 0"),  # the lock file says who is alive there
    "postgresql": text(
        "SELECT host, pid FROM worker WHERE alive_until > extract(epoch FROM clock_timestamp()) ORDER BY id"
    ),
}


class Schema(Enum):
    """How the schema of a database stands to this code."""

    NONE = "nothing was ever created"
    OLDER = "this code brings it up to date"
    CURRENT = "what this code needs"
    NEWER = "a version this code does not know: a newer one made it"


class WouldLose(Exception):  # noqa: N818 - it is said to a person
    """A downgrade would throw away what nobody could make again; `what` says it."""

    def __init__(self, what: list[str]) -> None:
        super().__init__("; ".join(what))
        self.what = what


def upgrade(database_url: str, version: str = "head") -> None:
    """Bring the schema to the newest version, or to a named one; creates it where there is none."""
    url = address(database_url)
    if is_sqlite(url):
        sqlite_file(url).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    from alembic import command

    _migrate(database_url, lambda config, connection: command.upgrade(config, version))


def downgrade(database_url: str, version: str, *, even_if_lost: bool = False) -> None:
    """Bring the schema back to an older version. Raises WouldLose; ValueError for an unknown version."""
    from alembic import command

    if version not in versions():
        raise ValueError(f"There is no schema {version!r}: {', '.join(versions())} are known.")

    def down(config: "Config", connection: Connection) -> None:
        lost = _lost(connection, version)
        if lost and not even_if_lost:
            raise WouldLose(lost)
        command.downgrade(config, version)

    _migrate(database_url, down)


def current(database_url: str) -> str | None:
    """The version the database is at; None where nothing was ever created."""
    url = address(database_url)
    if is_sqlite(url) and not sqlite_file(url).exists():
        return None  # asking would create the file
    engine = open_engine(database_url)
    try:
        with engine.connect() as connection:
            return _here(connection)
    finally:
        engine.dispose()


def versions() -> list[str]:
    """Every version this code knows, oldest first: the names of the files begin with them."""
    return sorted(file.name[1:5] for file in (MIGRATIONS / "versions").glob("v[0-9][0-9][0-9][0-9]_*.py"))


def newest() -> str:
    """The version this code needs."""
    return versions()[-1]


def compared(version: str | None) -> Schema:
    """How a version stands to this code."""
    if version is None:
        return Schema.NONE
    if version == newest():
        return Schema.CURRENT
    return Schema.OLDER if version in versions() else Schema.NEWER


def is_up_to_date(database_url: str) -> bool:
    """Whether this code may run on that database."""
    return compared(current(database_url)) is Schema.CURRENT


def workers_alive(database_url: str) -> list[str]:
    """Which processes work on it now, as «host, process 12». SQLite's are known by their lock file."""
    engine = open_engine(database_url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("worker"):
                return []
            rows = connection.execute(_ALIVE[connection.dialect.name]).all()
            return [f"{row.host}, process {row.pid}" for row in rows]
    finally:
        engine.dispose()


def open_engine(database_url: str) -> Engine:
    """For work that is not asynchronous. SQLite's statements that change tables are in transactions too."""
    engine = create_engine(sync_address(database_url), poolclass=NullPool, hide_parameters=True)
    if is_sqlite(address(database_url)):
        # Python's driver would commit before each of them.
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin)
    return engine


def _leave_transactions_to_us(connection: Any, record: object) -> None:
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _migrate(database_url: str, work: "Callable[[Config, Connection], None]") -> None:
    engine = open_engine(database_url)
    try:
        with engine.begin() as connection:
            if not is_sqlite(address(database_url)):
                connection.execute(_LOCK)
            work(_config(connection), connection)
    finally:
        engine.dispose()


def _here(connection: Connection) -> str | None:
    """Where alembic has written down that the schema is."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _lost(connection: Connection, version: str) -> list[str]:
    """What the revisions between here and there would throw away: each may say so by a function `lost`."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config(connection))
    found: list[str] = []
    for script in scripts.iterate_revisions(_here(connection), version):
        says: Callable[[Connection], list[str]] | None = getattr(script.module, "lost", None)
        if says is not None:
            found += says(connection)
    return found


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
