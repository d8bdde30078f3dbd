"""The emulated Telegram, in one object: what the bot calls on one side, what people do on the other.

    telegram = Telegram(clock, token="7000000001:…", limits=True, latency=None)

The bot's side:
    await telegram.call(method, params, files) -> Answer(status, body)
                                        raises Unreachable, Cut or Hung where the line fails
    telegram.download(path) -> bytes    what getFile told to fetch
    telegram.calls                      the last calls: method, params, status, answer, at
    telegram.counts                     all of them, counted by method and status
    telegram.world.sent                 every message the bot has sent, also those deleted since
    telegram.unknown_methods            those that were asked for in vain

The people's side (`acts.Acts`), where a user or a chat is given as the object or as its number, and a
private chat has its person's number:
    add_user, add_group, add_bot_to_group, kick_bot, set_bot_rights, set_forum, migrate, join, leave,
    set_anonymous, open_topic, close_topic, delete_topic, start, block, unblock, deactivate,
    send_text, send_files, share_contact, share_other_contact, edit_text, delete_messages,
    tap, tap_data, tap_again, answers[tap] -> TapAnswer(text, alert, url, at), await answer_to(tap),
    visible(user, chat, thread) -> list[View]

Switches: telegram.switches (topics_in_private, reads_all_messages, inaccessible_after, answer_within),
telegram.limits.on, telegram.latency, telegram.faults (its module tells them), telegram.mishaps.undo().
For the page: telegram.subscribe(since) and telegram.state(). In-process tests that feed the bot themselves:
telegram.take_updates() gives the waiting updates and confirms them.

Knows nothing of HTTP, nor of the bot beyond its token and name.
"""

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.sandbox import editing, membership, page_view, profile, sending, topics
from bot.sandbox.acts import Acts
from bot.sandbox.chats import User
from bot.sandbox.faults import OF_THE_CHAT, Fault, Faults
from bot.sandbox.files import MOST_UPLOADED, UploadedFile
from bot.sandbox.limits import Limits
from bot.sandbox.mishaps import Mishaps
from bot.sandbox.parameters import Parameters
from bot.sandbox.refusals import Cut, Hung, Refusal, Unreachable, not_found, too_large
from bot.sandbox.updates import Post, UpdateQueue
from bot.sandbox.world import Switches, TapAnswer, World

Json = dict[str, Any]
Method = Callable[[World, Parameters], Any]

log = logging.getLogger(__name__)

TOKEN = "7000000001:AAsandboxsandboxsandboxsandbox00001"  # noqa: S105 - opens the emulated Telegram only
CALLS_KEPT = 20_000

METHODS: dict[str, Method] = {
    name.lower(): method
    for column in (sending, editing, topics, membership, profile)
    for name, method in column.METHODS.items()
}


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: Json


@dataclass(frozen=True)
class Call:
    """One call of the bot, as it came and as it was answered."""

    method: str
    params: Mapping[str, Any]
    files: tuple[str, ...]
    status: int
    answer: Json
    at: datetime


class Telegram(Acts):
    """One emulated Telegram with one bot."""

    def __init__(
        self,
        clock: Clock,
        *,
        token: str = TOKEN,
        bot_username: str = "smt68_bot",
        bot_name: str = "SMT 68",
        limits: bool = True,
        latency: tuple[float, float] | None = None,
        post: Post | None = None,
    ) -> None:
        self.token = token
        self.clock = clock
        self.latency = latency
        self.faults = Faults(clock)
        self.mishaps = Mishaps(self)
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.counts: Counter[tuple[str, int]] = Counter()
        self.unknown_methods: set[str] = set()
        self.in_flight = 0  # calls being carried out, long polling aside
        self.bot = User(int(token.partition(":")[0]), bot_name, username=bot_username, is_bot=True)
        self.world = World(clock, self.bot, limits=limits, post=post)

    @property
    def switches(self) -> Switches:
        """What can be turned on and off."""
        return self.world.switches

    @property
    def limits(self) -> Limits:
        """The rate limits."""
        return self.world.limits

    @property
    def updates(self) -> UpdateQueue:
        """What the bot has still to be told."""
        return self.world.updates

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        files: Mapping[str, UploadedFile] | None = None,
    ) -> Answer:
        """Carry out one call of the bot, or refuse it as Telegram would."""
        if self.faults.is_down():
            raise Unreachable
        p = Parameters(params or {}, files or {})
        if method.lower() == "getupdates":
            return await self._answer(method, p)
        self.in_flight += 1
        try:
            return await self._answer(method, p)
        finally:
            self.in_flight -= 1

    def download(self, path: str) -> bytes | None:
        """The bytes of a file that getFile gave the path of."""
        if self.faults.is_down():
            raise Unreachable
        file = self.world.files.at(path)
        return file.content if file else None

    def take_updates(self) -> list[Json]:
        """The waiting updates, confirmed at once: for tests that feed the bot themselves."""
        return self.updates.take()

    async def answer_to(self, tap: str) -> TapAnswer:
        """Wait until a tap is answered."""
        async with aclosing(self.subscribe()) as events:
            while (answer := self.world.taps[tap].answer) is None:
                await anext(events)
        return answer

    def subscribe(self, since: int | None = None) -> AsyncGenerator[Json, None]:
        """What happens, for the page; after event number `since`, or from now on."""
        return self.world.events.subscribe(since)

    def state(self) -> Json:
        """Everything the page shows, but for the telephone."""
        chats = self.world.chats.values()
        return {
            "seq": self.world.events.seq,
            "now": page_view.moment(self.world.now()),
            "bot": {"id": self.bot.id, "name": self.bot.name, "username": self.bot.username},
            "people": [page_view.person(user) for user in self.world.users.values()],
            "chats": [page_view.chat(chat) for chat in chats if chat.migrated_to is None],
            "messages": [
                page_view.message(message)
                for chat in chats
                if chat.migrated_to is None
                for message in chat.messages.values()
            ],
        }

    async def _answer(self, method: str, p: Parameters) -> Answer:
        travel = self._travel(method)
        if travel:
            await asyncio.sleep(travel)
        fault = self._meet(method, p)
        if fault is not None and (fault.hangs or fault.cuts_before):
            self._record(method, p, Answer(0, {}))
            raise Hung if fault.hangs else Cut
        try:
            if fault is not None and fault.refusal is not None:
                raise fault.refusal
            answer = Answer(200, {"ok": True, "result": await self._apply(method, p)})
        except Refusal as refusal:
            answer = Answer(refusal.code, refusal.body())
        self._record(method, p, answer)
        if fault is not None and fault.delay is not None:
            travel += random.uniform(*fault.delay)  # noqa: S311 - a network's mood
        if travel:
            await asyncio.sleep(travel)
        # What was asked before an outage is done, and its answer lost.
        if (fault is not None and fault.cuts_after) or self.faults.is_down():
            raise Cut
        return answer

    def _travel(self, method: str) -> float:
        """Real seconds there, and as many back; the long wait of polling has its own."""
        if not self.latency or method.lower() == "getupdates":
            return 0.0
        return random.uniform(*self.latency) / 2  # noqa: S311 - a network's mood

    def _meet(self, method: str, p: Parameters) -> Fault | None:
        fault = self.faults.meet(method, p.values)
        if fault is not None and fault.kind in OF_THE_CHAT:
            if self.mishaps.befall(fault.kind, p.values):
                self.faults.met[fault.kind] += 1
            return None
        return fault

    async def _apply(self, method: str, p: Parameters) -> Any:
        name = method.lower()
        known = METHODS.get(name)
        if not self.faults.exists(method) or (known is None and name != "getupdates"):
            self.unknown_methods.add(method)
            log.warning("the emulated Telegram knows no method %s", method)
            raise not_found()
        if sum(len(file.content) for file in p.files.values()) > MOST_UPLOADED:
            raise too_large()
        if known is not None:
            return known(self.world, p)
        self.updates.allow(p.sequence("allowed_updates"))
        limit = min(max(p.integer("limit") or 100, 1), 100)
        return await self.updates.poll(p.integer("offset"), limit, min(p.integer("timeout") or 0, 50))

    def _record(self, method: str, p: Parameters, answer: Answer) -> None:
        self.counts[method, answer.status] += 1
        call = Call(method, dict(p.values), tuple(p.files), answer.status, answer.body, self.clock.now())
        self.calls.append(call)
