"""Updates: kept in the inbox first, then worked, one after another for each person.

Knows where updates come from and when one is done; knows nothing of what they say. PTB only logs what a
handler raises, so an update is done when a flow's commit, an answer or «nothing to do» says so; what is
not is tried three times, then set aside, and the person and OSNP are told.

Several workers may share one inbox. Each holds what it works under a lease in real time and renews it; a
worker that died, or stood still, is replaced, and could commit nothing any more.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from telegram import Update
from telegram.ext import ApplicationHandlerStop

from bot.bell import Bell
from bot.clock import real_monotonic
from bot.context import App, Claimed, Context, Runtime
from bot.domain.outcome import BOARD, Fact, Notice, Priority, to_person
from bot.failures import Failure, OtherReader, Unauthorized
from bot.lease import Lease
from bot.ports import LostLease, Received

log = logging.getLogger(__name__)

WANTED = ("message", "edited_message", "callback_query", "my_chat_member", "chat_member")
AT_ONCE = 16  # lanes decided at the same time
ANSWERING = 200  # taps decided whose answers are on their way
TRIES = 3
BEGUN_AT_MOST = 6  # works that never ended: their process died each time
RENEWED_EVERY = 3.0  # real seconds, of leases of 10
LOOK_SECONDS = 1.0  # real ones: what other workers fetched, or left behind
GATHER_SECONDS = 0.02  # real ones: what is decided within them is claimed, and told to the others, at once
RETRY = timedelta(seconds=2)
POLL_SECONDS = 10
AFTER_FAILURE = timedelta(seconds=3)
AFTER_CONFLICT = timedelta(seconds=5)
CONFLICT_SAID_EVERY = 60.0  # real seconds


@dataclass(frozen=True, slots=True)
class Later:
    """An update that failed and is to be tried again."""

    received: Received
    at: datetime


class Intake:
    """From Telegram to the handlers."""

    def __init__(self, runtime: Runtime, application: App, *, after_work: Callable[[], None]) -> None:
        self._runtime = runtime
        self._given = runtime.given
        self._api = runtime.api
        self._metrics = runtime.metrics
        self.asked_at: float | None = None  # real seconds: when Telegram was last asked with success
        self._application = application
        self._after_work = after_work
        self._bell = Bell(runtime.given.clock, runtime.background, "inbox")
        self._pause = Bell(runtime.given.clock, runtime.background, "polling")
        self._working: set[asyncio.Task[None]] = set()
        self._later: list[Later] = []
        self._offset: int | None = None
        self._said_conflict_at = -CONFLICT_SAID_EVERY
        self._gathering: asyncio.TimerHandle | None = None
        self._crowded = False  # the last claim found more than there was room for
        runtime.decided = self._decided
        application.add_error_handler(self._on_error)

    # fetching

    async def receive(self, updates: Sequence[Mapping[str, Any]]) -> int:
        """Keep raw updates, in one commit; how many were new. Only then may they be acknowledged."""
        rows = [
            (int(update["update_id"]), lane_of(update), update)
            for update in updates
            if isinstance(update.get("update_id"), int)
        ]
        if len(rows) < len(updates):
            log.error("%d updates without a number were passed over", len(updates) - len(rows))
        if not rows:
            return 0
        sources = {number: source for number, _, update in rows if (source := source_of(update))}
        async with self._given.storage.transaction() as tx:
            new = await tx.inbox.put(rows, self._given.now(), sources)
        self._metrics.updates.labels("received").inc(new)
        if new < len(rows):
            log.info("%d of %d updates were known", len(rows) - new, len(rows))
        self._bell.ring()
        return new

    async def fetch(self, seconds: int = 0) -> int:
        """Ask Telegram once, waiting at most so long; how many updates came. Raises Failure."""
        updates = await self._api.call(
            "getUpdates",
            read_timeout=seconds + 10.0,
            offset=self._offset,
            timeout=seconds,
            allowed_updates=list(WANTED),
        )
        await self.receive(updates)
        self.asked_at = real_monotonic()
        numbers = [u["update_id"] for u in updates if isinstance(u.get("update_id"), int)]
        if numbers:
            self._offset = max(numbers) + 1
        return len(updates)

    async def poll(self, stop: asyncio.Event, bot_id: int) -> None:
        """Fetch until `stop`; one process at a time for each bot."""
        lease = Lease(self._given.storage, f"poller:{bot_id}")
        keeping = self._runtime.background.start(lease.keep(stop, self._pause.ring), "poller's lease")
        try:
            while not stop.is_set():
                try:
                    if await lease.hold():
                        await self.fetch(POLL_SECONDS)
                        continue
                    self.asked_at = real_monotonic()  # by whoever does
                    await self._rest(AFTER_CONFLICT)
                except OtherReader as failure:
                    await self._other_reader(failure)
                except Unauthorized:
                    log.critical("Telegram refuses the token: SMT_BOT_TOKEN must be mended")
                    await self._rest(timedelta(seconds=60))
                except Failure as failure:
                    log.warning("Telegram cannot be asked for updates: %s", type(failure).__name__)
                    await self._rest(AFTER_FAILURE)
                except Exception:
                    log.exception("updates could not be kept")
                    await self._rest(AFTER_FAILURE)
        finally:
            keeping.cancel()
            await lease.release()

    async def _other_reader(self, failure: OtherReader) -> None:
        if "webhook" in failure.said.lower():
            log.warning("a webhook is set for this bot, and SMT_INTAKE is `polling`: taking it away")
            await self._api.comfort("deleteWebhook")
            return
        if real_monotonic() - self._said_conflict_at >= CONFLICT_SAID_EVERY:
            self._said_conflict_at = real_monotonic()
            log.error(
                "409: another program reads the updates of this bot. Stop it, or give it its own token."
            )
        await self._rest(AFTER_CONFLICT)

    async def _rest(self, pause: timedelta) -> None:
        await self._pause.wait(self._given.now() + pause)

    # working

    def wake(self) -> None:
        """Look at the inbox, and stop resting."""
        self._bell.ring()
        self._pause.ring()

    async def run(self, stop: asyncio.Event) -> None:
        """Work what comes until `stop`, then let what is being worked end."""
        looking = self._runtime.background.start(self._look(), "inbox of other workers")
        while not stop.is_set():
            try:
                await self._begin()
            except Exception:
                log.exception("the inbox cannot be read")
                await self._rest(AFTER_FAILURE)
            now = self._given.now()
            again = min((later.at for later in self._later), default=now + timedelta(seconds=30))
            await self._bell.wait(max(again, now + timedelta(milliseconds=50)))
        if self._working:
            await asyncio.wait(self._working)
        looking.cancel()

    async def _look(self) -> None:
        """Keep what is worked here, and look for what others have fetched or left behind."""
        renewed_at = real_monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                held = self._held()
                renew = bool(held) and real_monotonic() - renewed_at >= RENEWED_EVERY
                async with self._given.storage.transaction() as tx:
                    if renew:
                        await tx.inbox.renew(held)
                        renewed_at = real_monotonic()
                    if await tx.inbox.take_over():
                        log.warning("updates of a worker that stood still are taken over")
            except Exception:
                log.exception("the inbox cannot be looked at")
            self._bell.ring()

    def _held(self) -> set[str]:
        """The leases of what is worked here, or waits for its next try."""
        working = {claimed.received.lease for claimed in self._runtime.claimed.values()}
        return working | {later.received.lease for later in self._later}

    async def work_all(self) -> int:
        """Work until the inbox is empty, without waiting between tries; how many works were begun."""
        total = 0
        while True:
            were_working = bool(self._working)  # one that ends while we look frees the next of its lane
            begun = await self._begin(at_once=True)
            total += begun
            if self._working:
                await self._bell.wait(None)
            elif not (were_working or begun or self._later):
                return total

    @property
    def working(self) -> int:
        """How many updates are being worked."""
        return len(self._working)

    @property
    def _room(self) -> int:
        """How many more may be begun: whoever only waits for an answer to arrive takes no place."""
        answering = sum(context.done for context in self._runtime.open.values())
        return min(AT_ONCE - (len(self._working) - answering), ANSWERING - len(self._working))

    async def _begin(self, *, at_once: bool = False) -> int:
        now, room = self._given.now(), self._room
        ripe = [later for later in self._later if at_once or later.at <= now]
        if room <= 0 and not ripe:
            return 0
        async with self._given.storage.transaction() as tx:
            for later in ripe:
                await tx.inbox.failed(later.received.update_id, later.received.lease, set_aside=False)
            received = await tx.inbox.claim(now, room, self._runtime.worker) if room > 0 else []
            self._crowded = len(received) == room
            senders = {one.update_id: sender_of(one.body) for one in received}
            people = await tx.people.by_users(s for s in senders.values() if s) if received else {}
        self._later = [later for later in self._later if later not in ripe]
        for one in received:
            sender = senders[one.update_id]
            claimed = Claimed(one, people.get(sender) if sender else None)
            self._runtime.claimed[one.update_id] = claimed
            task = self._runtime.background.start(self._worked(claimed), f"update {one.update_id}")
            self._working.add(task)
            task.add_done_callback(self._ended)
        return len(received)

    def _decided(self) -> None:
        """An update is done: its lane goes on, and something may be owed or set. Many come at once."""
        if self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHER_SECONDS, self._gathered)
        if not self._crowded or self._room > AT_ONCE // 2:
            self._bell.ring()

    def _gathered(self) -> None:
        self._gathering = None
        self._bell.ring()
        self._after_work()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._decided()

    async def _worked(self, claimed: Claimed) -> None:
        number, began_at = claimed.received.update_id, real_monotonic()
        try:
            self._metrics.updates.labels(await self._work(claimed)).inc()
        except LostLease:
            log.warning("update %d was taken over by another worker", number)
            self._metrics.updates.labels("taken_over").inc()
        finally:
            self._metrics.decision_seconds.observe(real_monotonic() - began_at)
            self._runtime.claimed.pop(number, None)

    async def _work(self, claimed: Claimed) -> str:
        """One update through the handlers; how it ended."""
        received = claimed.received
        number = received.update_id
        if received.effected:
            await self._unanswered(claimed)
            return "done"
        if received.attempts >= BEGUN_AT_MOST:
            await self._set_aside(claimed, None, "begun too often")
            return "set_aside"
        try:
            update = Update.de_json(dict(received.body), self._application.bot)
        except Exception as error:
            log.exception("update %d cannot be read", number)
            await self._set_aside(claimed, None, type(error).__name__)
            return "set_aside"
        try:
            await self._application.process_update(update)
        finally:
            context = self._runtime.open.pop(number, None)
            raised = self._runtime.errors.pop(number, None)
        if isinstance(raised, LostLease):
            if context is not None:
                context.put_away()
            raise raised
        if context is not None and context.work.effected and raised is not None and not context.finished:
            # Something was committed before the handler failed: not again, but not in silence either.
            await self._set_aside(claimed, context, type(raised).__name__)
            return "set_aside"
        if context is not None and context.work.effected and raised is not None and not context.done:
            await self._unanswered(claimed)
            return "done"
        decided = context is not None and (context.finished or context.work.decided)
        if context is not None and (context.done or context.work.effected or (raised is None and decided)):
            await context.finish()
            await context.close()
            return "done"
        if context is None and raised is None:  # no handler wanted it
            async with self._given.storage.transaction() as tx:
                await tx.inbox.done(number, received.lease)
            return "done"
        if received.attempts + 1 >= TRIES:
            await self._set_aside(claimed, context, type(raised).__name__ if raised else "not done")
            return "set_aside"
        log.warning("update %d is not done (try %d)", number, received.attempts + 1)
        if context is not None:
            context.put_away()
        self._later.append(Later(received, self._given.now() + RETRY * (received.attempts + 1)))
        return "again"

    async def _unanswered(self, claimed: Claimed) -> None:
        """A message has had its effect and its words were lost: not again, but not in silence either."""
        received, person = claimed.received, claimed.sender
        log.warning("update %d was worked, and not answered", received.update_id)
        async with self._given.storage.transaction() as tx:
            await tx.inbox.done(received.update_id, received.lease)
            if person is not None:
                notice = Notice("intake.unanswered", to_person(person.id), priority=Priority.REPLY)
                await tx.outbox.owe([notice], self._given.now())

    async def _set_aside(self, claimed: Claimed, context: Context | None, reason: str) -> None:
        """It will not be tried again: the person is told, and OSNP."""
        received, person, now = claimed.received, claimed.sender, self._given.now()
        log.error("update %d is set aside (%s)", received.update_id, reason)
        facts: dict[str, Fact] = {"update": received.update_id, "person": person.id if person else None}
        notices = [Notice("intake.set_aside", BOARD, facts=facts, priority=Priority.RECEIPT)]
        if person is not None:
            notices.append(
                Notice("intake.set_aside", to_person(person.id), facts=facts, priority=Priority.REPLY)
            )
        async with self._given.storage.transaction() as tx:
            if context is not None and context.work.effected:
                if not context.done:
                    await tx.inbox.done(received.update_id, received.lease)
            elif not await tx.inbox.failed(received.update_id, received.lease, set_aside=True):
                raise LostLease(f"update {received.update_id} was taken over")
            await tx.outbox.owe(notices, now)
        if context is not None:
            await context.close()

    async def _on_error(self, update: object, context: Any) -> None:
        """What a handler raised: remembered for its update, which goes to no further handler."""
        error = context.error
        number = update.update_id if isinstance(update, Update) else None
        if not isinstance(error, LostLease):
            log.error("update %s: a handler failed", number, exc_info=error)
        if number is not None and error is not None:
            self._runtime.errors[number] = error
        raise ApplicationHandlerStop


def sender_of(update: Mapping[str, Any]) -> int | None:
    """Whose update it is; None for a chat's own (an anonymous administrator, a channel)."""
    for kind in WANTED:
        body = update.get(kind)
        if isinstance(body, Mapping):
            sender = body.get("from")
            if (
                isinstance(sender, Mapping)
                and "sender_chat" not in body
                and isinstance(sender.get("id"), int)
            ):
                return int(sender["id"])
    return None


def lane_of(update: Mapping[str, Any]) -> str:
    """What must be worked in order: everything of one person, else of one chat."""
    sender = sender_of(update)
    if sender is not None:
        return f"user:{sender}"
    for kind in WANTED:
        body = update.get(kind)
        if isinstance(body, Mapping):
            chat = body.get("chat") or (body.get("message") or {}).get("chat")
            if isinstance(chat, Mapping) and "id" in chat:
                return f"chat:{chat['id']}"
    return "other"


def source_of(update: Mapping[str, Any]) -> str | None:
    """What the update brings: Telegram may bring the same message, edit or press under two numbers."""
    press = update.get("callback_query")
    if isinstance(press, Mapping) and "id" in press:
        return f"q:{press['id']}"
    message, edited = update.get("message"), update.get("edited_message")
    body = message or edited
    if not isinstance(body, Mapping) or not isinstance(body.get("chat"), Mapping):
        return None
    name = f"{body['chat'].get('id')}:{body.get('message_id')}"
    if body is message:
        return f"m:{name}"
    # Two edits within one second have the same date.
    content = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    return f"e:{name}:{body.get('edit_date')}:{content}"
