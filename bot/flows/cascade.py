"""The search for a doctor: follows the nurse's hour by itself."""

from bot.domain.mission import Mission
from bot.domain.outcome import Outcome
from bot.ports import Given, Transaction


async def follow(given: Given, tx: Transaction, before: Mission, outcome: Outcome) -> Outcome:
    """What the cascade does because the nurse's hour came, moved or went."""
    return outcome
