"""`python -m bot backup` and `restore`: what they check, and what they tell whoever looks after the bot."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bot.settings import Settings, key_file, present_secret_key
from storage import backup, migrate
from storage.backup_file import Backup, BackupError, Sealed
from storage.vault import Vault

NO_KEY = (
    "The key is not here, and {path} is sealed with it. Put the key back first ({where}), the one in use when"
    " the backup was made. Nothing was done."
)
ANOTHER_KEY = (
    "The key in {where} does not open what {path} has sealed: the bot could not read a single patient. Put"
    " the key back that was in use when the backup was made. Nothing was done."
)
NEWER = (
    "{path} is of schema {schema}, which a newer version of this program made; this one knows {newest}."
    " Restore it with that version. Nothing was done."
)
WORKERS_ALIVE = (
    "A `run` works on this database ({who}): stop it first. One that was killed counts as alive for half a"
    " minute; --force restores all the same."
)

AFTERWARDS = """\
At the next `run`:
- what was owed when the backup was made is sent, unless its moment has passed; some of it twice, since the
  bot that went on then has perhaps sent it;
- timers that came due since ring at once, and the OSNP group gets one account of the absence;
- what happened since the backup is not known: missions opened, taps, documents. Messages sent since stay in
  the chats, and their buttons answer by what the bot knows now. Those with facts of a patient must be deleted
  by hand.
Now print the open missions (python -m bot report open), compare them with the OSNP, then start `run`."""


def make(settings: Settings, named: str, keep: int | None, now: datetime) -> Iterator[str]:
    """A new backup, looked through before it is called one. Raises BackupError.

    A name with a slash at its end is a folder's, which is made where there is none.
    """
    where = Path(named)
    if named.endswith("/"):
        backup.folder(where)
    if keep is not None and not where.is_dir():
        raise BackupError(f"--keep is for a folder of backups, and {where} is none.")
    made = backup.make(settings.database, where, now)
    size = made.path.stat().st_size / 1024 / 1024
    yield f"{made.path}: schema {made.schema}, {made.missions} missions, {size:.1f} MB, read back whole."
    key = present_secret_key(settings)
    if key is not None and backup.sealed_by(made, Vault.from_secret(key)) is Sealed.BY_ANOTHER:
        yield f"WARNING: the key in {where_key_is(settings)} does not open what is sealed in it."
    yield (
        f"The key is not in it: it is {where_key_is(settings)}. Keep a copy of it elsewhere, never with the"
        " backups: without it they open nothing, with it everything."
    )
    if keep is not None:
        gone = backup.rotate(where, keep)
        if gone:
            yield f"Deleted, older than the newest {keep}: {', '.join(path.name for path in gone)}."


def restore(settings: Settings, path: Path, *, force: bool, now: datetime) -> Iterator[str]:
    """Put a backup in the place of the present database. Raises BackupError, with nothing done."""
    found = backup.look(path)
    how = migrate.compared(found.schema)
    if how is migrate.Schema.NEWER:
        raise BackupError(NEWER.format(path=path, schema=found.schema, newest=migrate.newest()))
    yield f"{path}: schema {found.schema}, {found.missions} missions, made {_moment(found)}; whole."
    yield _opens(settings, found)
    if not force:
        _refuse_beside_workers(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    kept = backup.restore(found, settings.database, settings.data_dir, now)
    if kept is not None:
        yield f"The database that was there is kept as {kept}. Delete it when you do not need it any more."
    yield "Restored."
    if how is migrate.Schema.OLDER:
        yield "It is at an older schema: run `python -m bot migrate` before `run`."
    yield AFTERWARDS


def where_key_is(settings: Settings) -> str:
    """In words."""
    file = key_file(settings)
    by_variable = settings.secret_key is not None or (settings.database_url and not file.is_file())
    return "SMT_SECRET_KEY" if by_variable else str(file)


def _opens(settings: Settings, found: Backup) -> str:
    key = present_secret_key(settings)
    # Without a key any will do to learn whether something is sealed at all.
    sealed = backup.sealed_by(found, Vault.from_secret(key or "none"))
    if sealed is Sealed.NOTHING:
        return "Nothing is sealed in it: any key will do."
    if key is None:
        raise BackupError(NO_KEY.format(path=found.path, where=where_key_is(settings)))
    if sealed is Sealed.BY_ANOTHER:
        raise BackupError(ANOTHER_KEY.format(path=found.path, where=where_key_is(settings)))
    return f"The key in {where_key_is(settings)} opens it."


def _refuse_beside_workers(settings: Settings) -> None:
    if migrate.current(settings.database) is None:
        return
    if alive := migrate.workers_alive(settings.database):
        raise BackupError(WORKERS_ALIVE.format(who="; ".join(alive)))


def _moment(found: Backup) -> str:
    return f"{found.made_at:%Y-%m-%d %H:%M} UTC" if found.made_at else "at an unknown moment"
