"""What happens, told to whoever looks at the page. Numbered, so that a page that was away catches up."""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

Json = dict[str, Any]

KEPT = 5000


class Events:
    """The recent events and those who wait for the next."""

    def __init__(self) -> None:
        self.seq = 0
        self._kept: deque[Json] = deque(maxlen=KEPT)
        self._next = asyncio.Event()

    def publish(self, kind: str, **facts: Any) -> None:
        """Tell everybody who looks. A fact given as a function is drawn when somebody does."""
        self.seq += 1
        self._kept.append({"seq": self.seq, "kind": kind, **facts})
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    def since(self, seq: int) -> list[Json]:
        """Every event after `seq`, or one «reset» when some of them are no longer kept."""
        if seq > self.seq or (self._kept and seq < self._kept[0]["seq"] - 1):
            return [{"seq": self.seq, "kind": "reset"}]
        # Mostly the last few are asked for.
        newest = itertools.takewhile(lambda event: event["seq"] > seq, reversed(self._kept))
        return [_drawn(event) for event in newest][::-1]

    async def wait(self, seq: int) -> None:
        """Return once something has happened after `seq`."""
        while self.seq <= seq:
            await self._next.wait()

    def subscribe(self, since: int | None = None) -> AsyncGenerator[Json, None]:
        """Events as they come, those after `since` first."""
        return self._follow(self.seq if since is None else since)

    async def _follow(self, seen: int) -> AsyncGenerator[Json, None]:
        while True:
            for event in self.since(seen):
                seen = event["seq"]
                yield event
            await self.wait(seen)


def _drawn(event: Json) -> Json:
    for name, fact in event.items():
        if callable(fact):
            event[name] = fact()
    return event
