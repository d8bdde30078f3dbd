"""What a handler is given beside the update: flows' `given`, the person, and the one answer.

Knows how an answer reaches whoever acted; knows no words and no rule.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from telegram import Chat, Update
from telegram.constants import ChatType
from telegram.ext import Application, CallbackContext, ExtBot

from bot.background import Background
from bot.budgets import Budgets, Slot
from bot.domain.outcome import BOARD, Answer, Place, to_applicant, to_group, to_organisation, to_person
from bot.domain.people import MissionId, Person
from bot.failures import Failure, QueryTooOld
from bot.metrics import Metrics
from bot.ports import Given, Received, Transaction, Work
from bot.replies import RECEIVED, Answers, reply_notice
from bot.telegram_api import TelegramApi

log = logging.getLogger(__name__)

SLOW_SECONDS = 3.0  # real ones: the person is looking at a spinner
ANSWER_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Claimed:
    """An update that is worked here, and its sender as the list had them when it was claimed."""

    received: Received
    sender: Person | None


@dataclass(slots=True)
class Runtime:
    """What every context shares: PTB's `bot_data`."""

    given: Given
    api: TelegramApi
    words: Answers
    background: Background
    budgets: Budgets
    group_id: int
    wake: Callable[[], None] = lambda: None  # something may be owed now
    decided: Callable[[], None] = lambda: None  # an update is done, and its lane is free
    slow_seconds: float = SLOW_SECONDS
    metrics: Metrics = field(default_factory=Metrics)
    worker: str = field(default_factory=lambda: uuid.uuid4().hex)  # this process, among those that share
    claimed: dict[int, Claimed] = field(default_factory=dict)  # by update, while it is worked
    answering: dict[int, asyncio.Future[None]] = field(default_factory=dict)  # by user: the last answer
    open: dict[int, "Context"] = field(default_factory=dict)  # by update, while it is worked
    errors: dict[int, BaseException] = field(default_factory=dict)  # by update: what its handler raised


class Context(CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], Runtime]):
    """The typed context of every handler."""

    incoming: Update
    given: Given  # its first commit marks this update as worked, or fails
    work: Work  # its storage
    sender: Person | None  # as the list had them when the update was claimed
    person: Person | None  # who acts, once the first handler has looked

    @classmethod
    def from_update(cls, update: object, application: Any) -> "Context":
        """PTB's way to make one."""
        context = super().from_update(update, application)
        # PTB makes a second one to tell of an error: the first is the one at work.
        if isinstance(update, Update) and update.update_id not in context.runtime.open:
            context.begin(update)
        return context

    def begin(self, update: Update) -> None:
        """Bind this context to its update."""
        runtime = self.runtime
        self.incoming = update
        claimed = runtime.claimed[update.update_id]
        self.sender = claimed.sender
        self.person = None
        self._lease = claimed.received.lease
        self._ended = False  # marked by us: with the words, or because there was nothing to do
        # A tap's words are its answer; those of a message are owed, and the update ends with them.
        self._words_follow = update.callback_query is None
        self.work = runtime.given.storage.during(
            update.update_id, self._lease, words_follow=self._words_follow
        )
        self.given = replace(runtime.given, storage=self.work)
        self.finished = False  # said something, or there was nothing to do
        self._answered = False
        self._slow: asyncio.TimerHandle | None = None
        runtime.open[update.update_id] = self
        if update.callback_query is not None:
            loop = asyncio.get_running_loop()
            self._slow = loop.call_later(runtime.slow_seconds, self._say_received)

    @property
    def runtime(self) -> Runtime:
        """What every context shares."""
        return self.application.bot_data

    @property
    def update_id(self) -> int:
        """Telegram's number of the update."""
        return self.incoming.update_id

    @property
    def done(self) -> bool:
        """Whether the update is marked as done."""
        return self._ended or (self.work.effected and not self._words_follow)

    async def say(self, answer: Answer) -> None:
        """Tell whoever acted, after the commit: a tap is answered once, a message gets words owed."""
        self.finished = True
        if self.done:
            self.runtime.decided()
        if self.incoming.callback_query is None or not self._take_answer():
            await self._owe(answer)
            return
        try:
            await self._answer_query(self.runtime.words.answer(answer), alert=answer.alert)
        except QueryTooOld:
            await self._owe(answer)
        except Failure as failure:
            log.warning(
                "update %d: the tap could not be answered (%s)", self.update_id, type(failure).__name__
            )
            await self._owe(answer)

    async def tell_here(self, answer: Answer) -> None:
        """One sentence in the chat the update came from, owed to nobody: for chats that are not ours."""
        self.finished = True
        chat, runtime = self.incoming.effective_chat, self.runtime
        if chat is None:
            return
        slot = runtime.budgets.reserve(chat.id, is_group=not _is_private(chat), now=self.given.now())
        if isinstance(slot, Slot):
            await runtime.api.comfort("sendMessage", chat_id=chat.id, text=runtime.words.answer(answer))

    async def contents(self, file_id: str) -> bytes:
        """The bytes of a file that was sent here. Raises Failure."""
        return await self.runtime.api.download(file_id)

    async def nothing_to_do(self) -> None:
        """The update asks for nothing: it is done, and a tap stops turning."""
        self.finished = True
        await self.finish()
        await self.close()

    async def finish(self) -> None:
        """Mark the update as done, unless it is: there are no more words to owe."""
        if not self.done:
            async with self.runtime.given.storage.transaction() as tx:
                await tx.inbox.done(self.update_id, self._lease)
            self._ended = True

    async def close(self) -> None:
        """The update has been worked: a tap that got no words stops turning."""
        if self._slow is not None:
            self._slow.cancel()
        if self.incoming.callback_query is not None and self._take_answer():
            try:
                await self._answer_query("", alert=False)
            except Failure as failure:
                log.info("update %d: tap not answered (%s)", self.update_id, type(failure).__name__)

    def put_away(self) -> None:
        """The update will be tried again: its tap keeps turning."""
        if self._slow is not None:
            self._slow.cancel()

    # inside

    def _take_answer(self) -> bool:
        """Whether the tap is still to be answered; from now on it is not."""
        if self._slow is not None:
            self._slow.cancel()
        taken, self._answered = not self._answered, True
        return taken

    def _say_received(self) -> None:
        if self._take_answer():
            self.runtime.background.start(self._answer_received(), f"«reçu» for update {self.update_id}")

    async def _answer_received(self) -> None:
        log.info("update %d takes long: received is said first", self.update_id)
        try:
            await self._answer_query(self.runtime.words.answer(RECEIVED), alert=False)
        except Failure as failure:
            log.info("update %d: tap not answered (%s)", self.update_id, type(failure).__name__)

    async def _answer_query(self, text: str, *, alert: bool) -> None:
        query = self.incoming.callback_query
        assert query is not None  # noqa: S101 - callers have looked
        if len(text) > ANSWER_LIMIT:
            text = text[: ANSWER_LIMIT - 1] + "…"
        # The next update of this person may be decided meanwhile; its answer comes after this one.
        answering, user = self.runtime.answering, query.from_user.id
        before = answering.get(user)
        mine = answering[user] = asyncio.get_running_loop().create_future()
        try:
            if before is not None:
                await asyncio.wait([before])
            await self.runtime.api.call(
                "answerCallbackQuery",
                callback_query_id=query.id,
                text=text or None,
                show_alert=alert or None,
            )
            if (claimed := self.runtime.claimed.get(self.update_id)) is not None:
                waited = self.given.now() - claimed.received.received_at
                self.runtime.metrics.answer_seconds.observe(waited.total_seconds())
        finally:
            mine.set_result(None)
            if answering.get(user) is mine:
                del answering[user]

    async def _owe(self, answer: Answer) -> None:
        """Its words become a message, in one commit with this update's end."""
        async with self.runtime.given.storage.transaction() as tx:
            if not self.done:
                await tx.inbox.done(self.update_id, self._lease)
            found = await self._place(tx)
            if found is not None:
                await tx.outbox.owe([reply_notice(answer, *found)], self.given.now())
        self._ended = True
        if found is None:
            await self._tell_stranger(answer)
        self.runtime.wake()

    async def _place(self, tx: Transaction) -> tuple[Place, MissionId | None] | None:
        """Where the words go: the person's chat, the house's, or the thread that was written in."""
        chat, message = self.incoming.effective_chat, self.incoming.effective_message
        thread_id = getattr(message, "message_thread_id", None) if _in_topic(message) else None
        thread = await tx.sent.thread_at(chat.id, thread_id) if chat and thread_id else None
        mission = thread.mission if thread else None
        if chat is not None and self.incoming.callback_query is None and not _is_private(chat):
            if chat.id == await tx.sent.current_chat(self.runtime.group_id):
                return (to_group(mission), mission) if mission else (BOARD, None)
            house = await tx.people.organisation_by_chat(chat.id)
            if house is not None:
                return to_organisation(house.id), mission
        person, user = self.person, self.incoming.effective_user
        if person is None and user is not None:
            person = await tx.people.by_user(user.id)
        if person is None and user is not None and chat is not None and _is_private(chat):
            application = await tx.applications.of_user(user.id)
            if application is not None and application.is_open:
                return to_applicant(application.id), None
        return None if person is None else (to_person(person.id), mission)

    async def _tell_stranger(self, answer: Answer) -> None:
        """Somebody unknown gets one sentence where they wrote; nothing is owed to them."""
        chat = self.incoming.effective_chat
        if chat is not None and _is_private(chat):
            await self.tell_here(answer)


App = Application[ExtBot[None], Context, dict[Any, Any], dict[Any, Any], Runtime, None]


def _is_private(chat: Chat) -> bool:
    return chat.type == ChatType.PRIVATE


def _in_topic(message: object) -> bool:
    return bool(getattr(message, "is_topic_message", None))
