"""Updates on their way to the bot: at least once, by polling or by webhook, while Telegram keeps them."""

import asyncio
import itertools
import json
import logging
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.background import Background
from bot.clock import Clock, real_monotonic
from bot.sandbox.refusals import other_poller, webhook_is_set

Json = dict[str, Any]

#: Posts a body to a webhook's URL with headers and gives the HTTP status.
Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]

log = logging.getLogger(__name__)

NEVER = datetime.max.replace(tzinfo=UTC)
KEPT = timedelta(hours=24)
CALLBACK_KEPT = timedelta(seconds=150)
NOT_UNLESS_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True)
class Pending:
    """An update the bot has not confirmed yet."""

    id: int
    body: Json
    dies: datetime


@dataclass
class Webhook:
    """Where updates are posted, and how the last attempt went."""

    url: str
    secret: str = ""
    last_error_at: datetime | None = None
    last_error: str = ""


class UpdateQueue:
    """What the bot has still to be told."""

    def __init__(self, clock: Clock, post: Post | None = None) -> None:
        self.webhook: Webhook | None = None
        self.allowed: set[str] | None = None  # None: everything but what must be asked for
        self.polling = False
        self.last_asked: float | None = None  # real seconds
        self._clock = clock
        self._post = post
        self._ids = itertools.count(700_000_001)
        self._waiting: list[Pending] = []
        self._first_death = NEVER
        self._news = asyncio.Event()
        self._poller = 0
        self._background = Background()
        self._delivery: asyncio.Task[None] | None = None

    def add(self, kind: str, body: Json) -> int | None:
        """Queue an update; None when the bot does not want that kind."""
        if kind in NOT_UNLESS_ASKED if self.allowed is None else kind not in self.allowed:
            return None
        number = next(self._ids)
        life = CALLBACK_KEPT if kind == "callback_query" else KEPT
        dies = self._clock.now() + life
        self._waiting.append(Pending(number, {"update_id": number, kind: body}, dies))
        self._first_death = min(self._first_death, dies)
        self._wake()
        return number

    def pending(self) -> int:
        """How many updates the bot has not confirmed."""
        self._bury()
        return len(self._waiting)

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Set the kinds wanted; None keeps what was set, an empty list means the default."""
        if kinds is not None:
            self.allowed = set(kinds) or None

    def drop(self) -> None:
        """Forget every waiting update."""
        self._waiting.clear()

    def take(self) -> list[Json]:
        """Every waiting update, confirmed at once."""
        bodies = [pending.body for pending in self._ready()]
        self._waiting = []
        return bodies

    async def poll(self, offset: int | None, limit: int, seconds: float) -> list[Json]:
        """Updates from `offset` on, waiting for the first of them; confirms all before it."""
        if self.webhook is not None:
            raise webhook_is_set()
        self._poller += 1
        me = self._poller
        self._wake()  # an older poller learns that it is one too many
        self._confirm(offset)
        self.last_asked = real_monotonic()
        self.polling = True
        try:
            # The wait is that of a socket: real seconds.
            async with asyncio.timeout(seconds if seconds > 0 else 0.0):
                while not self._ready():
                    await self._news.wait()
                    if me != self._poller:
                        raise other_poller()
        except TimeoutError:
            pass
        finally:
            if me == self._poller:
                self.polling = False
                self.last_asked = real_monotonic()
        if me != self._poller:
            raise other_poller()
        return [pending.body for pending in self._ready()[:limit]]

    def alive(self, within: float) -> bool:
        """Whether the bot asks for its updates, or asked in the last real seconds."""
        asked = self.last_asked
        return self.polling or (asked is not None and real_monotonic() - asked < within)

    def set_webhook(self, url: str, secret: str) -> None:
        """Post updates to `url` from now on; an empty URL goes back to polling."""
        if self._delivery is not None:
            self._delivery.cancel()
            self._delivery = None
        self.webhook = Webhook(url, secret) if url else None
        self._poller += 1
        self._wake()
        if self.webhook is not None and self._post is not None:
            self._delivery = self._background.start(self._deliver(self.webhook, self._post), "webhook")

    def deliver_by(self, post: Post) -> None:
        """Give the way by which webhooks are reached."""
        self._post = post

    async def stop(self) -> None:
        """End the delivery to the webhook."""
        await self._background.stop()

    async def _deliver(self, webhook: Webhook, post: Post) -> None:
        failures = 0
        while True:
            while not (ready := self._ready()):
                await self._news.wait()
            headers = {"Content-Type": "application/json"}
            if webhook.secret:
                headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
            error = await self._post_one(webhook, post, ready[0], headers)
            if not error:
                failures = 0
                self._confirm(ready[0].id + 1)
                self.last_asked = real_monotonic()
                continue
            webhook.last_error, webhook.last_error_at = error, self._clock.now()
            wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
            failures += 1
            await self._clock.sleep(wait)

    async def _post_one(
        self, webhook: Webhook, post: Post, update: Pending, headers: Mapping[str, str]
    ) -> str:
        try:
            status = await post(webhook.url, json.dumps(update.body).encode(), headers)
        except (OSError, TimeoutError) as error:
            log.info("webhook not reached: %s", type(error).__name__)
            return "Connection failed"
        return "" if 200 <= status < 300 else f"Wrong response from the webhook: {status}"

    def _ready(self) -> list[Pending]:
        self._bury()
        return self._waiting

    def _bury(self) -> None:
        now = self._clock.now()
        if now < self._first_death:
            return
        self._waiting = [pending for pending in self._waiting if pending.dies > now]
        self._first_death = min((pending.dies for pending in self._waiting), default=NEVER)

    def _confirm(self, offset: int | None) -> None:
        if offset is None or offset == 0:
            return
        if offset < 0:
            self._waiting = self._waiting[offset:]
        else:
            del self._waiting[: bisect_left(self._waiting, offset, key=lambda pending: pending.id)]

    def _wake(self) -> None:
        woken, self._news = self._news, asyncio.Event()
        woken.set()
