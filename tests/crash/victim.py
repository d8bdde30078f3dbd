"""`python -m bot run`, which kills itself at the n-th passage of a point: a power cut, chosen to the line.

    python -m tests.crash.victim --at after_sending:17 --passages FILE

The bot is the real one, built by `bot.app.build`; what watches it comes in through the seams that every
test uses: its storage and its line to Telegram. At the end of a life without a death, FILE has how often
each point was passed.
"""

import argparse
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

from telegram.request import RequestData

import bot.app
from bot.app import Bot, build
from bot.cli import main
from bot.domain.outcome import Notice, Timer
from bot.ports import Storage, Transaction
from bot.request import AiohttpRequest
from bot.settings import Settings, read_secret_key
from storage.database import open_storage
from storage.vault import Vault
from tests.crash.points import Point

#: The button of the offer that goes to every nurse, as Telegram gives it back.
OFFER = b"ACCEPTER"


class Fuse:
    """Counts the passages, and burns through at one of them."""

    def __init__(self, point: Point | None = None, at: int = 0) -> None:
        self._point = point
        self._at = at
        self.passages: Counter[Point] = Counter()

    def passes(self, point: Point) -> None:
        """The bot is at this point; perhaps for the last time."""
        self.passages[point] += 1
        if point is self._point and self.passages[point] == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """Something of the storage with one of its methods watched; the rest is as it is."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class WatchedOutbox(Watched):
    """Remembers whether anything came to be owed."""

    owed = False

    async def owe(self, notices: Sequence[Notice], *args: Any, **more: Any) -> Any:
        self.owed = self.owed or bool(notices)
        return await self._real.owe(notices, *args, **more)


class WatchedTimers(Watched):
    """Remembers whether a mission's timer rang."""

    rang = False

    async def rung(self, timer: Timer, *args: Any, **more: Any) -> Any:
        rang = await self._real.rung(timer, *args, **more)
        self.rang = self.rang or (bool(rang) and timer.mission is not None)
        return rang


class WatchedInbox(Watched):
    """Remembers whether updates were kept."""

    kept = False

    async def put(self, updates: Sequence[Any], *args: Any, **more: Any) -> Any:
        self.kept = self.kept or bool(updates)
        return await self._real.put(updates, *args, **more)


class WatchedTransaction(Watched):
    """One transaction, with what was done in it."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.outbox = WatchedOutbox(real.outbox)
        self.timers = WatchedTimers(real.timers)
        self.inbox = WatchedInbox(real.inbox)


class WatchedStorage(Watched):
    """The real storage, whose commits are passages."""

    def __init__(self, real: Storage, fuse: Fuse, *, decides: bool = False) -> None:
        super().__init__(real)
        self._fuse = fuse
        self._decides = decides  # within an update

    def during(self, *args: Any, **more: Any) -> Storage:
        return cast("Storage", WatchedStorage(self._real.during(*args, **more), self._fuse, decides=True))

    def transaction(self, *args: Any, **more: Any) -> AbstractAsyncContextManager[Transaction]:
        return self._watched(self._real.transaction(*args, **more))

    @asynccontextmanager
    async def _watched(self, real: AbstractAsyncContextManager[Any]) -> AsyncIterator[Transaction]:
        async with real as opened:
            tx = WatchedTransaction(opened)
            yield cast("Transaction", tx)
            decided = self._decides and tx.outbox.owed
            if decided:
                self._fuse.passes(Point.BEFORE_COMMIT)
            if tx.timers.rang:
                self._fuse.passes(Point.IN_TIMERS)
        if decided:
            self._fuse.passes(Point.AFTER_COMMIT)
        if tx.timers.rang:
            self._fuse.passes(Point.IN_TIMERS)
        if tx.inbox.kept:
            self._fuse.passes(Point.AFTER_INBOX)


class WatchedLine(AiohttpRequest):
    """The real line to Telegram, whose messages are passages."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *times: Any, **named: Any
    ) -> tuple[int, bytes]:
        is_message = url.rpartition("/")[2].startswith("send")
        if is_message:
            self._fuse.passes(Point.BEFORE_SENDING)
        status, body = await super().do_request(url, method, request_data, *times, **named)
        if is_message and status == 200:
            self._fuse.passes(Point.AFTER_SENDING)
            if OFFER in body:
                self._fuse.passes(Point.IN_BROADCAST)
        return status, body


def live(fuse: Fuse) -> None:
    """`python -m bot run`, watched."""

    def watched(settings: Settings, **given: Any) -> Bot:
        key, _ = read_secret_key(settings)
        storage = WatchedStorage(open_storage(settings.database, Vault.from_secret(key)), fuse)
        return build(settings, storage=cast("Storage", storage), request=WatchedLine(fuse), **given)

    bot.app.build = watched  # `run` asks this module for it
    main(["run"], standalone_mode=False)


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("--at", default="", help="a point and a number, as after_sending:17")
    reader.add_argument("--passages", type=Path, help="where the passages of a whole life are written")
    told = reader.parse_args()
    name, _, number = told.at.partition(":")
    counting = Fuse(Point(name), int(number)) if name else Fuse()
    try:
        live(counting)
    finally:
        if told.passages is not None:
            told.passages.write_text(json.dumps(counting.passages), encoding="ascii")
