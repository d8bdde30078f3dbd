"""Writes down how sends ended: whatever has ended while a commit ran goes into the next one together.

Never waits for a timer: the first that ends is written at once. What follows from an end (a person is
unreachable, a link has arrived) may lock what others lock, so such an end has a commit of its own.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.background import Background
from bot.domain.outcome import Event
from bot.domain.people import MissionId
from bot.ports import Ended, Given, SentMessage, Transaction

log = logging.getLogger(__name__)

TRIES = 5  # while the storage answers: what then cannot be written is a defect
PAUSE_SECONDS = 0.5  # real ones

Then = Callable[[Transaction], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ending:
    """Everything to be written when one send has ended."""

    ends: tuple[Ended, ...]
    sent: tuple[SentMessage, ...] = ()
    mission: MissionId | None = None
    events: tuple[Event, ...] = ()  # for the journal of the mission
    then: Then | None = None  # what follows from it, in the same commit


class Recorder:
    """One commit at a time, of all that waits."""

    def __init__(self, given: Given, background: Background) -> None:
        self._given = given
        self._background = background
        self._waiting: list[tuple[Ending, asyncio.Future[None]]] = []
        self._writing = False

    @property
    def is_writing(self) -> bool:
        """Whether a commit runs or is about to: places in flight will be free soon."""
        return self._writing

    async def record(self, ending: Ending) -> None:
        """Return once it is committed. Raises what made that impossible."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ending, written))
        if not self._writing:
            self._writing = True
            self._background.start(self._write_what_waits(), "records of sends")
        await written

    async def _write_what_waits(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                together = [entry for entry in batch if entry[0].then is None]
                alone = [entry for entry in batch if entry[0].then is not None]
                if together and not await self._commit(together):
                    alone = together + alone
                for entry in alone:
                    await self._commit_alone(*entry)
        finally:
            self._writing = False
            for _, written in self._waiting:  # the process stops
                written.cancel()

    async def _commit(self, batch: Sequence[tuple[Ending, asyncio.Future[None]]]) -> bool:
        try:
            await self._write([ending for ending, _ in batch])
        except Exception:
            log.exception("%d ends could not be written together: one by one", len(batch))
            return False
        for _, written in batch:
            if not written.done():
                written.set_result(None)
        return True

    async def _commit_alone(self, ending: Ending, written: asyncio.Future[None]) -> None:
        """What was sent must be known to be sent: while the storage is away, it is waited for."""
        failed = 0
        while True:
            try:
                await self._write([ending])
            except Exception as error:
                log.exception("the end of notice %d could not be written", ending.ends[0].owed.id)
                if await self._storage_answers():
                    failed += 1
                if failed >= TRIES:
                    if not written.done():
                        written.set_exception(error)
                    return
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                if not written.done():
                    written.set_result(None)
                return

    async def _storage_answers(self) -> bool:
        try:
            async with self._given.storage.transaction() as tx:
                await tx.outbox.next_due()
        except Exception:  # noqa: BLE001 - what was tried has said it
            return False
        return True

    async def _write(self, endings: Sequence[Ending]) -> None:
        now = self._given.now()
        async with self._given.storage.transaction() as tx:
            for ending in endings:
                if ending.then is not None:
                    await ending.then(tx)
                if ending.events:
                    await tx.journal.write(ending.mission, ending.events, None, now)
            await tx.sent.save_all([message for ending in endings for message in ending.sent])
            await tx.outbox.end([end for ending in endings for end in ending.ends], now)
