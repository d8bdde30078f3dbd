"""A whole database in one file, and back. Knows no key and no clock but those it is given.

A file of SQLite is a database itself; one of PostgreSQL is an archive of `pg_dump`. Either says at which
schema it is. What is sealed stays sealed: the key is never in it.
"""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from storage import backup_postgresql, backup_sqlite, migrate
from storage.address import address, is_sqlite
from storage.backup_file import Backup, BackupError, Sealed, free_name
from storage.vault import Vault, VaultError

SUFFIX = {"sqlite": "sqlite3", "postgresql": "pgdump"}
OWN_NAME = re.compile(r"smt-(\d{8}T\d{6}Z)-\w+\.(?:sqlite3|pgdump)")
MOMENT = "%Y%m%dT%H%M%SZ"

_SQLITE = b"SQLite format 3\0"
_ARCHIVE = b"PGDMP"


def make(database_url: str, where: Path, now: datetime) -> Backup:
    """Copy the database, beside whoever works on it, into a new file, or a folder that names it by date.

    The file appears whole or not at all, readable by its owner only, and replaces none. Raises BackupError.
    """
    url = address(database_url)
    version = migrate.current(database_url)
    if version is None:
        raise BackupError("There is no database yet: nothing to back up.")
    kind = "sqlite" if is_sqlite(url) else "postgresql"
    path = where / name_of(kind, version, now) if where.is_dir() else where
    if path.exists():
        raise BackupError(f"{path} exists: a backup replaces nothing. Name another file, or a folder.")
    if not path.parent.is_dir():
        raise _no_folder(path.parent)
    copy = backup_sqlite.copy if kind == "sqlite" else backup_postgresql.copy
    publish(path, lambda draft: copy(database_url, draft))
    return look(path)


def folder(path: Path) -> None:
    """See that it is there, for the bot's user only where it is new. Raises BackupError."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        raise _no_folder(path.parent) from None
    except FileExistsError:
        raise BackupError(f"{path} is no folder.") from None


def look(path: Path) -> Backup:
    """What a file holds, read whole. Raises BackupError when it is no backup, or a damaged one."""
    try:
        with path.open("rb") as file:
            front = file.read(len(_SQLITE))
    except OSError as error:
        raise BackupError(f"{path} cannot be read ({error.strerror}).") from None
    if front != _SQLITE and not front.startswith(_ARCHIVE):
        raise BackupError(f"{path} is no backup of this program.")
    backup = backup_sqlite.look(path) if front == _SQLITE else backup_postgresql.look(path)
    if (named := OWN_NAME.search(path.name)) is None:
        return backup
    return replace(backup, made_at=datetime.strptime(named[1], MOMENT).replace(tzinfo=UTC))


def sealed_by(backup: Backup, vault: Vault) -> Sealed:
    """Whether a key opens what is sealed in it: one value of each table is tried."""
    read = backup_sqlite.sealed_values if backup.kind == "sqlite" else backup_postgresql.sealed_values
    found = Sealed.NOTHING
    for value, context in read(backup.path):
        try:
            vault.open(value, context)
        except VaultError:
            return Sealed.BY_ANOTHER
        found = Sealed.BY_THIS
    return found


def restore(backup: Backup, database_url: str, aside: Path, now: datetime) -> Path | None:
    """Put the backup in the place of the present database, which is kept in a file in `aside`.

    Nobody may work on it meanwhile. Gives that file; None where there was no database. Raises BackupError,
    and then the present database is as it was.
    """
    url = address(database_url)
    kind = "sqlite" if is_sqlite(url) else "postgresql"
    if backup.kind != kind:
        raise BackupError(
            f"{backup.path} is a backup of {backup.kind}, and SMT_DATABASE_URL names {kind}: they do not mix."
        )
    if kind == "sqlite":
        return backup_sqlite.restore(backup, database_url, now)
    kept = None
    if (version := migrate.current(database_url)) is not None:
        kept = free_name(aside / f"before-restore-{name_of(kind, version, now)}")
        publish(kept, lambda draft: backup_postgresql.copy(database_url, draft))
    backup_postgresql.restore(backup, database_url, now)
    return kept


def rotate(folder: Path, keep: int) -> list[Path]:
    """Delete the oldest backups of a folder but for `keep`; files of other names are left alone."""
    ours = sorted(path for path in folder.iterdir() if OWN_NAME.fullmatch(path.name))
    old = ours[:-keep]
    for path in old:
        path.unlink()
    return old


def name_of(kind: str, version: str, now: datetime) -> str:
    """«smt-20261006T072300Z-0002.sqlite3»: names sort by age."""
    return f"smt-{now.astimezone(UTC):{MOMENT}}-{version}.{SUFFIX[kind]}"


def publish(path: Path, write: Callable[[Path], None]) -> None:
    """Let a file be written under another name, and give it its own once it is whole and on the disk."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        write(draft)
        to_disk(draft)
        _give_name(draft, path)
        to_disk(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _no_folder(path: Path) -> BackupError:
    return BackupError(f"There is no folder {path}: make it first, readable by the bot's user only.")


def _give_name(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)  # fails where a file of that name has appeared meanwhile
    except FileExistsError:
        raise BackupError(f"{path} exists: a backup replaces nothing.") from None
    except OSError:
        draft.rename(path)  # a disk without links


def to_disk(path: Path) -> None:
    """Return once it survives the loss of power."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
