"""Who is on duty: a doctor or a house, for a step of the cascade, in a sector, for a period."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.people import CascadeStep, Party


@dataclass(frozen=True, slots=True)
class Duty:
    """One turn of duty."""

    id: int  # 0: not stored yet
    step: CascadeStep
    sector: str | None  # None: the whole region
    party: Party
    begins: datetime
    ends: datetime
    source: str  # the file it was imported from: importing it again replaces its turns
