"""One `run` at a time on an SQLite database. Knows files, nothing of the bot."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):  # noqa: N818 - it is said to a person
    """Another `run` holds the database."""


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock file; the system lets go of it however the process ends. Raises AlreadyRunning."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Another `python -m bot run` already works on this database ({path.with_suffix('')})."
                " Stop it first; the short commands (people, report, check) work beside it."
            ) from None
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
