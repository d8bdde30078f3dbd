"""Backups of SQLite: the driver's own copy, consistent beside a writer."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import LargeBinary

from storage.address import address, sqlite_file
from storage.backup_file import Backup, BackupError, afterwards, free_name
from storage.rotation import SEALED

BUSY_SECONDS = 30.0


def copy(database_url: str, target: Path) -> None:
    """The database as it is at one moment, into a file that needs no other beside it."""
    source = sqlite_file(address(database_url))
    try:
        with (
            closing(sqlite3.connect(_uri(source, "rw"), uri=True, timeout=BUSY_SECONDS)) as one,
            closing(sqlite3.connect(target)) as other,
        ):
            one.backup(other)
            other.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be copied to {target.parent}: {error}.") from None


def look(path: Path) -> Backup:
    """Read all of it, and say what it is."""
    try:
        with closing(sqlite3.connect(_uri(path, "ro&immutable=1"), uri=True)) as file:
            ((verdict,),) = file.execute("PRAGMA integrity_check(1)").fetchall()
            if verdict != "ok":
                raise BackupError(f"{path} is damaged: {verdict}.")
            schema = _only(file, "SELECT version_num FROM alembic_version")
            missions = _only(file, "SELECT count(*) FROM mission")
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{path} is no backup of this program, or a damaged one: {error}.") from None
    made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Backup(path, "sqlite", str(schema), made_at, int(missions))


def sealed_values(path: Path) -> Iterator[tuple[bytes, str]]:
    """The newest sealed value of each table, with what its seal names."""
    with closing(sqlite3.connect(_uri(path, "ro&immutable=1"), uri=True)) as file:
        for sealed in SEALED:
            keys = ", ".join(f'"{column.name}"' for column in sealed.table.columns if _names(column))
            name = sealed.column.name
            query = (
                f"SELECT {name}, {keys} FROM {sealed.table.name}"  # noqa: S608 - names of our own tables
                f" WHERE {name} IS NOT NULL ORDER BY rowid DESC LIMIT 1"
            )
            cursor = file.execute(query)
            for row in cursor:
                named = dict(zip([column[0] for column in cursor.description], row, strict=True))
                yield named.pop(name), sealed.bound_to(cast("Any", SimpleNamespace(**named)))


def restore(backup: Backup, database_url: str, now: datetime) -> Path | None:
    """Put it in the place of the present file, which keeps its folder under another name."""
    place = sqlite_file(address(database_url))
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.restored")
    draft.unlink(missing_ok=True)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        shutil.copyfile(backup.path, draft)
        _forget_who_worked(draft, now)
        kept = _keep_aside(place, now) if place.exists() else None
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    _folder_to_disk(place.parent)
    return kept


def _forget_who_worked(path: Path, now: datetime) -> None:
    moment = f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
        has_workers = _only(file, "SELECT count(*) FROM sqlite_master WHERE name = 'worker'")
        file.execute("BEGIN")
        for statement in afterwards(has_workers=bool(has_workers), now=moment):
            file.execute(statement)
        file.execute("COMMIT")
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _keep_aside(place: Path, now: datetime) -> Path:
    """Give the present file a second name; the first stays until the restored one takes it."""
    kept = free_name(place.with_name(f"before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{place.name}"))
    if _is_readable(place):
        _into_one_file(place)
    else:
        # Its parts keep their names to each other, for whoever wants to mend it; SQLite might delete one.
        for part in ("-wal", "-shm"):
            beside = place.with_name(place.name + part)
            if beside.exists():
                beside.rename(kept.with_name(kept.name + part))
    try:
        kept.hardlink_to(place)
    except OSError:
        shutil.copy2(place, kept)  # a disk without links
    return kept


def _is_readable(place: Path) -> bool:
    """Whether SQLite knows it for a database, without touching what stands beside it."""
    try:
        with closing(sqlite3.connect(_uri(place, "ro&immutable=1"), uri=True)) as file:
            file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        return False
    return True


def _into_one_file(place: Path) -> None:
    """Let what stands in the file beside it go in. Raises BackupError while somebody else has it open."""
    with closing(sqlite3.connect(_uri(place, "rw"), uri=True, timeout=BUSY_SECONDS)) as file:
        try:
            ((mode,),) = file.execute("PRAGMA journal_mode = DELETE").fetchall()
        except sqlite3.OperationalError:
            mode = "wal"
    if mode != "delete":
        raise BackupError("Another command uses the database: end it, then restore again.")


def _folder_to_disk(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _uri(path: Path, mode: str) -> str:
    return f"{path.resolve().as_uri()}?mode={mode}"


def _only(file: sqlite3.Connection, query: str) -> Any:
    row = file.execute(query).fetchone()
    if row is None:
        raise sqlite3.DatabaseError("it says no version")
    return row[0]


def _names(column: Any) -> bool:
    """Whether a seal may name that column: none is long."""
    return not isinstance(column.type, LargeBinary)
