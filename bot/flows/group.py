"""The OSNP group as it is today: which chat, and which mission's topic something was written in."""

from bot.domain.outcome import BOARD, Place, to_group
from bot.ports import Given, Transaction


async def is_group(given: Given, group_id: int, chat_id: int) -> bool:
    """Whether that chat is the OSNP group, also after a migration."""
    async with given.storage.transaction() as tx:
        return await tx.sent.current_chat(group_id) == chat_id


async def place_of(given: Given, chat_id: int, thread_id: int | None) -> Place:
    """The mission's topic, else General."""
    async with given.storage.transaction() as tx:
        return await place_in(tx, chat_id, thread_id)


async def place_in(tx: Transaction, chat_id: int, thread_id: int | None) -> Place:
    """The same, within a transaction."""
    thread = await tx.sent.thread_at(chat_id, thread_id) if thread_id else None
    return to_group(thread.mission) if thread else BOARD
