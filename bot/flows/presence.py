"""Who is speaking: a registered person, or anybody in the chat of a registered house."""

from bot.domain.people import Person, somebody_of
from bot.ports import Given


async def who(given: Given, user_id: int | None, group_chat: int | None) -> Person | None:
    """The person behind a Telegram user; in a house's chat, the house itself. None for a stranger."""
    async with given.storage.transaction() as tx:
        if group_chat is not None:
            house = await tx.people.organisation_by_chat(group_chat)
            if house is not None and house.active:
                return somebody_of(house)
        person = await tx.people.by_user(user_id) if user_id is not None else None
        return person if person is not None and person.active else None
