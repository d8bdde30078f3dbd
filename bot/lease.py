"""What only one process may do at a time, held in real time. Knows nothing of what it is.

The holder believes in its lease a little shorter than the database does: a process that was stopped, or
that cannot reach the database, has ceased before another may begin.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

from bot.clock import real_monotonic
from bot.ports import Storage, Transaction

log = logging.getLogger(__name__)

SECONDS = 10.0  # a dead holder is replaced after so long
RENEWED_EVERY = 3.0
ASKED_EVERY = 1.0  # by those who stand by
MARGIN = 2.0

OnGain = Callable[[Transaction], Awaitable[None]]


class Lease:
    """One name in the table of leases, as this process holds it."""

    def __init__(self, storage: Storage, name: str, *, on_gain: OnGain | None = None) -> None:
        self.name = name
        self.on_gain = on_gain  # in the transaction that takes it from nobody or from another
        self._storage = storage
        self._owner = uuid.uuid4().hex
        self._until = 0.0
        self._renew_at = 0.0
        self._asking = asyncio.Lock()

    @property
    def held(self) -> bool:
        """Whether it is ours at this moment."""
        return real_monotonic() < self._until

    async def hold(self) -> bool:
        """Take it, or renew it where that is due; whether it is held."""
        async with self._asking:
            if self.held and real_monotonic() < self._renew_at:
                return True
            asked, before = real_monotonic(), self.held
            async with self._storage.transaction() as tx:
                ours = await tx.leases.take(self.name, self._owner, SECONDS)
                if ours and not before and self.on_gain is not None:
                    await self.on_gain(tx)
            self._until = asked + SECONDS - MARGIN if ours else 0.0
            self._renew_at = asked + RENEWED_EVERY
            if ours != before:
                log.info("%s is %s", self.name, "ours" if ours else "another's")
            return ours

    async def keep(self, stop: asyncio.Event, changed: Callable[[], None]) -> None:
        """Hold it until `stop`, taking it whenever it is free; `changed` is called when it comes or goes."""
        while not stop.is_set():
            before = self.held
            try:
                await self.hold()
            except Exception:
                log.exception("%s could not be renewed", self.name)
            if self.held != before:
                changed()
            pause = RENEWED_EVERY / 2 if self.held else ASKED_EVERY
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue

    async def release(self) -> None:
        """Let go of it: another may have it at once."""
        self._until = 0.0
        async with self._storage.transaction() as tx:
            await tx.leases.release(self.name, self._owner)
