"""The region as it is at this moment, without a restart: the file, and what the coordinateur changed of it.

Read again when the storage's stamp has changed: at once where it was changed, within seconds elsewhere.
Knows no rule of what a change may be.
"""

import logging

from bot.clock import Clock
from bot.domain import change
from bot.domain.region import Region
from bot.ports import Reading, Storage, Transaction

log = logging.getLogger(__name__)

#: How long another process may work with what was changed here, in seconds of the clock given.
LOOK_SECONDS = 5.0


class PresentRegion:
    """`bot.ports.Present`."""

    def __init__(self, file: Region) -> None:
        self._file = file
        self._reading = Reading(file)

    @property
    def region(self) -> Region:
        """What people work with."""
        return self._reading.region

    @property
    def file(self) -> Region:
        """What stands in the file."""
        return self._file

    async def read(self, tx: Transaction) -> Reading:
        """What that transaction sees."""
        standing, sectors = tuple(await tx.changes.standing()), await tx.changes.sectors()
        region, unfit = change.present(self._file, standing, sectors)
        return Reading(region, standing, unfit, len(sectors), await tx.changes.stamp())

    def take(self, reading: Reading) -> None:
        """It is committed: people work with it from now on."""
        for left_out in reading.unfit:
            if left_out not in self._reading.unfit:
                log.warning("change %d of %s fits no more: left out", left_out.id, left_out.key)
        self._reading = reading

    async def look(self, storage: Storage) -> bool:
        """Read again where something was changed since; whether it was."""
        async with storage.transaction() as tx:
            if await tx.changes.stamp() == self._reading.stamp:
                return False
            reading = await self.read(tx)
        self.take(reading)
        return True

    async def follow(self, storage: Storage, clock: Clock) -> None:
        """Look every few seconds, for ever."""
        while True:
            await clock.sleep(LOOK_SECONDS)
            try:
                if await self.look(storage):
                    log.info("the region was changed: read again")
            except Exception:
                log.exception("what the coordinateur changed could not be read")
