"""Deletes rows that are finished and old while nobody waits. The journal and the missions stay for ever."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.background import Background
from bot.bell import Bell
from bot.ports import Given

log = logging.getLogger(__name__)

#: A month answers «did this reach her, and when?» until the month's statement; later the journal does.
ROWS_KEPT = timedelta(days=30)
#: Telegram lets nobody edit or delete so late; a reply to such a message finds its mission no more.
MESSAGES_KEPT = timedelta(days=60)

EVERY = timedelta(minutes=10)
BATCH = 200  # rows of a kind in one transaction: a tap beside it does not wait
PAUSE_SECONDS = 0.1  # between two batches, real ones


class Pruning:
    """Looks every ten minutes, works while the bot is idle."""

    def __init__(self, given: Given, background: Background, is_idle: Callable[[], Awaitable[bool]]) -> None:
        self._given = given
        self._is_idle = is_idle
        self._bell = Bell(given.clock, background, "pruning")

    async def run(self) -> None:
        """Prune until cancelled."""
        while True:
            await self._bell.wait(self._given.now() + EVERY)
            try:
                if count := await self.prune():
                    log.info("%d finished rows are deleted", count)
            except Exception:
                log.exception("finished rows cannot be deleted")

    async def prune(self) -> int:
        """Delete what is old as long as nobody waits; how many rows."""
        total = 0
        while await self._is_idle():
            now = self._given.now()
            async with self._given.storage.transaction() as tx:
                count = await tx.finished.prune(now - ROWS_KEPT, now - MESSAGES_KEPT, BATCH)
            if not count:
                break
            total += count
            await asyncio.sleep(PAUSE_SECONDS)
        return total
