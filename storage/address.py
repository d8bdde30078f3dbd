"""The database's address as people write it, and as the drivers need it. Opens nothing."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

#: What an operator may write before «://», and the dialect that is meant.
SCHEMES = {
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql",
    "postgresql+psycopg": "postgresql",
    "postgres": "postgresql",
}


def address(database_url: str) -> URL:
    """The address with the driver SQLAlchemy needs. Raises ValueError in words for the operator."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise ValueError(
            "SMT_DATABASE_URL is no address. Write sqlite:////path/to/file or postgresql://user:password@host/name."
        ) from None
    dialect = SCHEMES.get(url.drivername)
    if dialect is None:
        raise ValueError(f"SMT_DATABASE_URL names {url.drivername!r}; SQLite and PostgreSQL are known.")
    if dialect == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise ValueError("SMT_DATABASE_URL must name a file: what is owed must survive a restart.")
        return url.set(drivername="sqlite+aiosqlite")
    return url.set(drivername="postgresql+psycopg")


def sync_address(database_url: str) -> URL:
    """The same for alembic, which works synchronously."""
    url = address(database_url)
    return url.set(drivername="sqlite") if is_sqlite(url) else url


def is_sqlite(url: URL) -> bool:
    """Whether it is a file of SQLite."""
    return url.get_backend_name() == "sqlite"


def sqlite_file(url: URL) -> Path:
    """The file of an SQLite address."""
    assert url.database is not None  # noqa: S101 - `address` refuses others
    return Path(url.database)
