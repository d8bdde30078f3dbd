"""What the coordinateur changes of the region while the bot runs. Knows no file."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.people import PersonId


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the region file's values, in force until it is taken back."""

    id: int  # 0: not stored yet
    at: datetime
    author: PersonId
    key: str  # as in the region file: «delays.answer», «closed_days», «open_days»
    value: str  # as in the region file: «25 min», «2026-12-24», «2026-12-24 08:00-12:00»
    revoked_at: datetime | None = None
    revoked_by: PersonId | None = None
