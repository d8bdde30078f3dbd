"""Somebody asks to join: what they have said so far, and what OSNP decide. Knows no words.

The application is a dialogue in the private chat of somebody who is nobody yet; an OSNP ends it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.people import PersonId, Role


class ApplicationState(StrEnum):
    """Where an application stands. The values are stored."""

    FILLING = "filling"  # questions are still to be answered
    WAITING = "waiting"  # OSNP must decide
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # they changed their mind


@dataclass(frozen=True, slots=True)
class Application:
    """What somebody who asks to join has said of themselves."""

    id: int  # 0: not stored yet
    user_id: int  # Telegram's
    chat_id: int
    state: ApplicationState
    asked_at: datetime
    role: Role | None = None
    last_name: str | None = None
    first_name: str | None = None
    rpps: str | None = None  # 11 digits
    phone: str | None = None  # E.164
    phone_shared: bool = False  # by their own contact: Telegram answers for it
    commune: str | None = None  # INSEE code
    capabilities: tuple[str, ...] | None = None  # None: not asked yet
    email: str | None = None
    asking: str | None = None  # the question that waits for typed words
    decided_at: datetime | None = None
    decided_by: PersonId | None = None
    person: PersonId | None = None  # as whom they were accepted
    reason: str | None = None  # why refused
