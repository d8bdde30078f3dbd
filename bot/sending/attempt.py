"""One errand's attempt on Telegram: a new message, or the card it stands on drawn anew."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.domain.outcome import Notice, WhenUnknown
from bot.failures import (
    CannotEdit,
    Failure,
    MessageGone,
    MethodMissing,
    NotModified,
    Refused,
    TopicClosed,
    UnknownOutcome,
    Unreachable,
)
from bot.ports import Given, HowEnded, Outgoing, SentMessage
from bot.posting import Destination, Poster, body_hash, parts_of
from bot.sending.blocked import Blocked
from bot.sending.ends import Ends
from bot.sending.errand import Errand, PutOff
from bot.sending.room import Room
from bot.telegram_api import TelegramApi
from bot.threads import Threads, Wait, mission_of
from bot.undelivered import is_in_group

log = logging.getLogger(__name__)

#: Shown without a sound, and refused where a message would be.
SEEM = "sendChatAction"


class Attempt:
    """Goes to the place, once."""

    def __init__(
        self,
        given: Given,
        api: TelegramApi,
        threads: Threads,
        room: Room,
        ends: Ends,
        blocked: Blocked,
        may_go: Callable[[Errand], None],
    ) -> None:
        self._given = given
        self._api = api
        self._poster = Poster(api)
        self._threads = threads
        self._room = room
        self._ends = ends
        self._blocked = blocked
        self._may_go = may_go  # the last look before the call: raises PutOff and Overtaken
        self.last_sent_at: datetime | None = None

    async def once(self, errand: Errand, outgoing: Outgoing, *, is_simple: bool) -> bool:
        """One way to the place; False: look at the place anew. Raises Failure, PutOff and Overtaken."""
        notice, card = errand.notice, errand.known.card
        if outgoing.action is not None:
            await self._seem_to(errand, outgoing.action, outgoing)
            return True
        if notice.only_if_there and card is None:
            await self._ends.record(errand, HowEnded.DROPPED, "its card is not there")
            return True
        if self._threads.lacks_topic(notice, errand.known):
            self._room.release(errand)  # the topic comes first: of many that wait for one none would get it
        to = await self._threads.destination(notice, errand.known, outgoing, errand.owed.created_at)
        if isinstance(to, Wait):
            raise PutOff(to.until)
        if is_simple:
            to = replace(to, reply_to=None)
        in_place = card is not None and card.chat_id == to.chat_id
        if card is not None and (
            notice.only_if_there or (in_place and not notice.fresh and card.thread_id == to.thread_id)
        ):
            return await self._redraw(errand, outgoing, card, to)
        if errand.owed.perhaps_sent and notice.when_unknown is WhenUnknown.DROP:
            await self._ends.record(errand, HowEnded.DROPPED, "perhaps sent before")
            return True
        await self._send(errand, outgoing, card, to)
        return True

    async def _redraw(self, errand: Errand, outgoing: Outgoing, card: SentMessage, to: Destination) -> bool:
        """Edit the card in place; False when it is gone and a new one must be sent."""
        appearance = body_hash(outgoing)
        shown = self._shown(errand.notice, outgoing, card)
        if card.body_hash != appearance:
            await self._room.keep(errand, to, 1)
            self._may_go(errand)
            try:
                with self._room.counted_when_written(errand):
                    await self._poster.edit(card.chat_id, card.message_id, outgoing)
            except NotModified:
                pass
            except (MessageGone, CannotEdit, MethodMissing):
                async with self._given.storage.transaction() as tx:
                    await tx.sent.forget_card(card)
                if errand.notice.only_if_there:
                    await self._ends.record(errand, HowEnded.DROPPED, "its card is gone")
                return errand.notice.only_if_there
            except UnknownOutcome as failure:
                # Repeating an edit does no harm; what is on screen is not known until it has succeeded.
                async with self._given.storage.transaction() as tx:
                    await tx.sent.save(replace(card, body_hash=""))
                self._ends.counts.unknown += 1
                log.info("notice %d: edit unknown (%s), again", errand.owed.id, failure.said)
                raise PutOff(self._ends.pause(errand.owed)) from None
            self._ends.tally.edited += 1
            self._ends.counts.edited += 1
            await self._reached(errand.notice)
        else:
            self._ends.tally.dropped += 1
        await self._ends.delivered(errand, [replace(shown, body_hash=appearance)])
        await self._threads.keep_in_step(to, replace(outgoing, topic_closed=False))
        return True

    async def _send(
        self, errand: Errand, outgoing: Outgoing, former: SentMessage | None, to: Destination
    ) -> None:
        parts = parts_of(outgoing)
        closes = outgoing.topic_closed and to.is_group and to.thread_id is not None
        # Of two with buttons in a private chat only the newer may be tapped: room is kept for both calls.
        strips = former is not None and former.chat_id == to.chat_id and not to.is_group
        weight = len(parts) + (2 if closes else 0) + (1 if strips else 0)  # its last name, and closing
        await self._room.keep(errand, to, weight)
        self._may_go(errand)
        sent: list[SentMessage] = []
        for number, part in enumerate(parts):
            try:
                with self._room.counted_when_written(errand):
                    message_id = await self._poster.send(to, part, outgoing)
            except TopicClosed:
                assert to.thread_id is not None  # noqa: S101 - only a topic can be closed
                await self._threads.reopen(to.chat_id, to.thread_id)
                to = replace(to, thread_closed=False)
                message_id = await self._poster.send(to, part, outgoing)
            except Failure:
                await self._ends.keep_parts(sent)  # those that did go are purged in their time
                raise
            message = self._new(errand.notice, outgoing, to, message_id)
            if number < len(parts) - 1:
                message = replace(message, card=None, body_hash="")
            sent.append(message)
        self._ends.tally.sent += 1
        self._ends.counts.sent += 1
        self._ends.counts.merged += len(errand.along)
        await self._reached(errand.notice)
        await self._ends.delivered(errand, sent)
        await self._comforts(outgoing, sent[-1], former, to, strips=strips)

    async def _seem_to(self, errand: Errand, action: str, outgoing: Outgoing) -> None:
        """Nothing is written, and still Telegram says whether somebody could be. A comfort, never repeated.

        Raises Unreachable, PutOff and what concerns more than this one.
        """
        if self._api.lacks(SEEM):
            await self._ends.record(errand, HowEnded.DROPPED, "this server cannot do that")
            return
        to = await self._threads.destination(errand.notice, errand.known, outgoing, errand.owed.created_at)
        if isinstance(to, Wait):
            raise PutOff(to.until)
        await self._room.keep(errand, to, 1)
        self._may_go(errand)
        try:
            await self._api.call(SEEM, chat_id=to.chat_id, action=action)
        except Unreachable:
            raise
        except Refused as failure:
            if isinstance(failure, MethodMissing):
                self._api.remember_lack(SEEM)
            await self._ends.record(errand, HowEnded.DROPPED, failure.said)
            return
        await self._reached(errand.notice)
        await self._ends.delivered(errand, [])

    async def _reached(self, notice: Notice) -> None:
        """Telegram has taken something."""
        self.last_sent_at = self._given.now()
        self._blocked.reached()
        if is_in_group(notice):
            await self._ends.group_reached()

    async def _comforts(
        self,
        outgoing: Outgoing,
        sent: SentMessage,
        former: SentMessage | None,
        to: Destination,
        *,
        strips: bool,
    ) -> None:
        """What may fail: the old card's buttons (`strips`: room is kept for it), the pin, the topic."""
        if former is not None and former.message_id != sent.message_id:
            async with self._given.storage.transaction() as tx:
                there = await tx.sent.at(former.chat_id, former.message_id)
            is_left = there is not None and there.card == former.card  # else an edit of its own is owed
            if is_left and (strips or self._room.take(former.chat_id, is_group=to.is_group)):
                await self._api.comfort(
                    "editMessageReplyMarkup", chat_id=former.chat_id, message_id=former.message_id
                )
            if outgoing.pinned:
                await self._api.comfort(
                    "unpinChatMessage", chat_id=former.chat_id, message_id=former.message_id
                )
        if outgoing.pinned:
            await self._api.comfort(
                "pinChatMessage",
                chat_id=sent.chat_id,
                message_id=sent.message_id,
                disable_notification=True,
            )
        await self._threads.keep_in_step(to, outgoing)

    def _new(self, notice: Notice, outgoing: Outgoing, to: Destination, message_id: int) -> SentMessage:
        now = self._given.now()
        return SentMessage(
            chat_id=to.chat_id,
            message_id=message_id,
            place=notice.to,
            kind=notice.kind,
            sent_at=now,
            thread_id=to.thread_id,
            mission=mission_of(notice),
            card=notice.card,
            body_hash=body_hash(outgoing),
            has_patient_facts=outgoing.has_patient_facts,
            delete_at=self._delete_at(outgoing, now),
            document=outgoing.document,
        )

    def _shown(self, notice: Notice, outgoing: Outgoing, card: SentMessage) -> SentMessage:
        """The card after its redraw: a fact of the patient, once there, keeps its deletion."""
        moments = [at for at in (card.delete_at, self._delete_at(outgoing, card.sent_at)) if at is not None]
        return replace(
            card,
            kind=notice.kind,
            has_patient_facts=card.has_patient_facts or outgoing.has_patient_facts,
            delete_at=min(moments, default=None),
        )

    def _delete_at(self, outgoing: Outgoing, sent_at: datetime) -> datetime | None:
        """Never later than the region allows: Telegram deletes nothing that is older than 48 hours."""
        if not outgoing.has_patient_facts and outgoing.delete_at is None:
            return None
        latest = sent_at + self._given.region.delays.purge_at_most
        return latest if outgoing.delete_at is None else min(latest, outgoing.delete_at)
