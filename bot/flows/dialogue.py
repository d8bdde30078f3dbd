"""Dialogues that wait for a typed answer: small state machines stored as drafts, one per owner and kind."""

from bot.domain.people import PersonId
from bot.ports import Draft, Given


async def waiting(given: Given, owner: PersonId) -> list[Draft]:
    """What waits for this person's words, newest first."""
    async with given.storage.transaction() as tx:
        return await tx.drafts.of_owner(owner)
