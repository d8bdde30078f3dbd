"""What a backup is, whichever database it is of, and what stops being true when one is restored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path


class BackupError(Exception):
    """Said to whoever asked for the backup or the restoration."""


class Sealed(Enum):
    """Whether a key opens what a backup has sealed."""

    NOTHING = "nothing is sealed in it"
    BY_THIS = "it opens"
    BY_ANOTHER = "it does not open"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was looked through."""

    path: Path
    kind: str  # «sqlite», «postgresql»
    schema: str
    made_at: datetime | None
    missions: int


_OWED_AGAIN = (
    "UPDATE outbox SET state = 'owed', lease_until = NULL, perhaps_sent = true"
    " WHERE state IN ('owed', 'sending')"
)


def afterwards(*, has_workers: bool, now: str) -> Sequence[str]:
    """SQL for a database that was just restored: whoever worked on it then does not hold anything now.

    What was owed then may have been sent since by the bot that went on: it is marked so.
    """
    statements = [
        "DELETE FROM lease",
        "UPDATE inbox SET state = 'received', lease_until = NULL WHERE state = 'working'",
        _OWED_AGAIN,
        f"INSERT INTO journal (at, kind, facts) VALUES ('{now}', 'database.restored', '{{}}')",  # noqa: S608
    ]
    return [*statements, "UPDATE worker SET alive_until = 0"] if has_workers else statements


def free_name(path: Path) -> Path:
    """The path, or with a number before it where there is such a file."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{number}-{path.name}")
    return free
