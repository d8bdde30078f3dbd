"""Dialogues that wait for a typed answer: small state machines stored as drafts, one per owner and kind."""

from collections.abc import Iterable

from bot.domain.people import PersonId
from bot.ports import Draft, Given


async def waiting(given: Given, owner: PersonId) -> list[Draft]:
    """What waits for this person's words, newest first."""
    async with given.storage.transaction() as tx:
        return await tx.drafts.of_owner(owner)


async def forget(given: Given, owner: PersonId, kinds: Iterable[str]) -> None:
    """What waited for this person's words waits no more."""
    async with given.storage.transaction() as tx:
        for kind in kinds:
            await tx.drafts.drop(owner, kind)
