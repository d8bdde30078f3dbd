"""Room in the rates for one message on its way: kept at the claim, counted from when it is on the line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from bot.budgets import Budgets, Slot
from bot.clock import Clock
from bot.posting import Destination
from bot.request import on_written
from bot.sending.blocked import Blocked
from bot.sending.errand import Errand, PutOff


class Room:
    """Keeps what an errand needs of the rates."""

    def __init__(self, budgets: Budgets, clock: Clock, blocked: Blocked) -> None:
        self._budgets = budgets
        self._clock = clock
        self._blocked = blocked
        self.ahead = timedelta()  # how long before there is room for it something may be claimed

    async def keep(self, errand: Errand, to: Destination, weight: int) -> None:
        """Keep `weight` messages of the budget, counting what was kept at the claim. Raises PutOff.

        What was claimed ahead waits here for the moment at which it fits.
        """
        kept, errand.slot = (errand.slot, None) if errand.used == 0 else (None, errand.slot)
        if kept is not None and kept.chat == to.chat_id and weight <= kept.weight:
            errand.slot, errand.used = self._budgets.begin(kept, self._clock.now()), weight
            return
        if kept is not None:
            self._budgets.release(kept)
        while True:
            now = self._clock.now()
            slot = self._budgets.reserve(to.chat_id, is_group=to.is_group, now=now, weight=weight)
            if isinstance(slot, Slot):
                break
            if slot - now > self.ahead:
                self._blocked.until(errand.notice.to, slot)
                raise PutOff(slot)
            await self._clock.sleep((slot - now).total_seconds())
        errand.slot, errand.used = slot, weight

    @contextmanager
    def counted_when_written(self, errand: Errand) -> Iterator[None]:
        """What is kept of the rates counts from when the words are on the line."""

        def written() -> None:
            if errand.slot is not None:
                errand.slot = self._budgets.begin(errand.slot, self._clock.now())

        token = on_written.set(written)
        try:
            yield
        finally:
            on_written.reset(token)

    def release(self, errand: Errand) -> None:
        """Nothing was sent: what was kept at the claim goes to others."""
        if errand.slot is not None and errand.used == 0:
            self._budgets.release(errand.slot)
            errand.slot = None

    def take(self, chat: int, *, is_group: bool) -> bool:
        """One more message now, where there is room for it: a comfort waits for none."""
        return isinstance(self._budgets.reserve(chat, is_group=is_group, now=self._clock.now()), Slot)

    def pause(self, chat: int, seconds: float) -> datetime:
        """Telegram answered 429: until when that chat waits."""
        return self._budgets.pause(chat, seconds, self._clock.now())
