"""Outbox → Telegram and SMS: order, rates, retries, and loudly giving up.

Knows places, cards and Telegram's failures; the words come from `compose`, the rules from nobody here.
Nothing is sent inside a transaction. At most `IN_FLIGHT` sends are begun and not recorded: so many
messages at most come twice after a crash.

| Telegram says | Done here |
|---|---|
| done, or not modified | recorded |
| 403, chat not found | given up, the person marked unreachable, OSNP told, in one commit |
| message to edit gone or not editable | a new card |
| the group moved | rewritten everywhere, said, sent again |
| the topic is gone | recreated once, then the one flow |
| 429 | what it names waits |
| no connection | again, with growing pauses |
| 5xx, silence | unknown: again or dropped, as the notice says; an edit is always tried again |
| another refusal | given up, OSNP told |
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.background import Background
from bot.bell import Bell
from bot.budgets import Budgets, Slot
from bot.domain.outcome import BOARD, Event, Fact, Notice, Place, PlaceKind, Priority, WhenUnknown, to_group
from bot.domain.people import MissionId, PersonId
from bot.failures import (
    CannotEdit,
    Failure,
    MessageGone,
    MethodMissing,
    Moved,
    NotAllowed,
    NotModified,
    NotSent,
    Refused,
    ThreadGone,
    TooFast,
    TopicClosed,
    Unauthorized,
    UnknownOutcome,
    Unreachable,
)
from bot.ports import (
    Given,
    Outgoing,
    Owed,
    SentMessage,
    SmsAccepted,
    SmsPort,
    SmsRejected,
    Tally,
    Transaction,
)
from bot.posting import Destination, Poster, body_hash, parts_of
from bot.purge import Purge
from bot.telegram_api import TelegramApi
from bot.threads import Threads, Wait, mission_at

log = logging.getLogger(__name__)

IN_FLIGHT = 32
LONGEST_PAUSE = timedelta(seconds=60)
LOOK_AGAIN = timedelta(seconds=1)  # when what is due cannot be claimed just now
TRIES_OF_WORDS = 5  # a notice that cannot be put into words is a defect: said, not tried for ever
MOST_FAILED = 10_000  # rows whose failures are counted; withdrawn ones are never heard of again
TURNS = 5  # ways round one notice may take: moved group, lost topic, card gone, …
CLOSEST = timedelta(milliseconds=50)

GROUP_KINDS = frozenset({PlaceKind.MISSION, PlaceKind.BOARD})

Compose = Callable[[Notice], Awaitable[Outgoing | None]]
#: Called in the transaction that records the end of a notice, by the notice's kind.
OnDelivered = Callable[[Transaction, Notice, datetime], Awaitable[None]]
OnGivenUp = Callable[[Transaction, Notice, str, datetime], Awaitable[None]]


class PutOff(Exception):  # noqa: N818 - not a fault
    """Not now: at that moment."""

    def __init__(self, until: datetime, *, perhaps_sent: bool = False) -> None:
        super().__init__(f"put off until {until:%H:%M:%S}")
        self.until = until
        self.perhaps_sent = perhaps_sent


@dataclass(slots=True)
class Room:
    """The budget kept for one notice, and how much of it was used."""

    slot: Slot | None = None
    used: int = 0


@dataclass(slots=True)
class Blocked:
    """Which places must wait, and until when."""

    places: dict[Place, datetime] = field(default_factory=dict)
    group_until: datetime | None = None

    def look(self, now: datetime) -> None:
        """Forget what need not wait any more."""
        self.places = {place: until for place, until in self.places.items() if until > now}
        if self.group_until is not None and self.group_until <= now:
            self.group_until = None

    def until(self, place: Place, moment: datetime) -> None:
        """That place waits until then."""
        if place.kind in GROUP_KINDS:
            self.group_until = moment
        else:
            self.places[place] = moment

    def earliest(self) -> datetime | None:
        """When the first of them may go on."""
        moments = [*self.places.values(), *([self.group_until] if self.group_until else [])]
        return min(moments, default=None)


class Delivery:
    """Sends what is owed."""

    def __init__(
        self,
        given: Given,
        api: TelegramApi,
        compose: Compose,
        sms: SmsPort,
        *,
        group_id: int,
        background: Background,
        budgets: Budgets | None = None,
        on_delivered: Mapping[str, OnDelivered] | None = None,
        on_given_up: Mapping[str, OnGivenUp] | None = None,
    ) -> None:
        self._given = given
        self._group_id = group_id
        self.compose = compose
        self._sms = sms
        self._api = api
        self._poster = Poster(api)
        self.budgets = budgets or Budgets()
        self.threads = Threads(given, api, self.budgets, group_id)
        self.purge = Purge(given, api, self.budgets)
        self._background = background
        self._bell = Bell(given.clock, background, "delivery")
        self.on_delivered = dict(on_delivered or {})
        self.on_given_up = dict(on_given_up or {})
        self._blocked = Blocked()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._failed: dict[int, int] = {}  # by outbox row: tries that failed, in this process
        self._tally = Tally()
        self.last_sent_at: datetime | None = None

    # what others call

    def wake(self) -> None:
        """Something new is owed."""
        self._bell.ring()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set (and `wake` called), then let the sends in flight end."""
        while not stop.is_set():
            try:
                if await self._pump():
                    continue
                moment = await self.next_moment()
            except Exception:
                log.exception("the outbox cannot be read")
                moment = self._given.now() + LOOK_AGAIN * 5
            now = self._given.now()
            await self._bell.wait(moment if moment is None or moment > now else now + LOOK_AGAIN)
        if self._in_flight:
            await asyncio.wait(self._in_flight)

    async def drain(self) -> Tally:
        """Send everything that may be sent at the present moment of the clock, and say what became of it."""
        self._tally = Tally()
        while True:
            begun = await self._pump()
            if self._in_flight:
                await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
            elif not begun:
                return self._tally

    async def purge_due(self) -> int:
        """Delete what is to be deleted by now; how many are gone."""
        return await self.purge.purge_due()

    async def next_moment(self) -> datetime | None:
        """When something owed may be sent next; None when nothing is owed."""
        async with self._given.storage.transaction() as tx:
            due = await tx.outbox.next_due()
        if due is None:
            return None
        now = self._given.now()
        self._blocked.look(now)
        if due <= now:
            due = max(self.budgets.may_send_at_all(now) or now, self._blocked.earliest() or now)
        return due

    @property
    def in_flight(self) -> int:
        """How many sends are begun and not recorded."""
        return len(self._in_flight)

    async def group_lag(self) -> timedelta:
        """How long the group's next message must wait: shown on the board."""
        return self.budgets.group_lag(await self.threads.group_chat(), self._given.now())

    # taking

    async def _pump(self) -> int:
        """Claim what may go now and begin it; how many."""
        now = self._given.now()
        self._blocked.look(now)
        room = min(IN_FLIGHT - len(self._in_flight), self.budgets.room(now))
        if room <= 0:
            return 0
        async with self._given.storage.transaction() as tx:
            claimed = await tx.outbox.claim(
                now,
                room,
                skip_places=list(self._blocked.places),
                skip_kinds=GROUP_KINDS if self._blocked.group_until else (),
            )
            group = await tx.sent.current_chat(self._group_id) if claimed else 0
        for owed in claimed:
            kept = Room()
            if owed.notice.to.kind in GROUP_KINDS:
                # Kept in the order of the claim: the group's minute goes to what matters most.
                slot = self.budgets.reserve(group, is_group=True, now=now)
                if isinstance(slot, datetime):
                    await self._postpone(owed, PutOff(slot))
                    self._blocked.until(owed.notice.to, slot)
                    continue
                kept.slot = slot
            task = self._background.start(self._deliver(owed, kept), f"notice {owed.id}")
            self._in_flight.add(task)
            task.add_done_callback(self._landed)
        return len(claimed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._bell.ring()

    # one notice

    async def _deliver(self, owed: Owed, room: Room) -> None:
        try:
            await self._settle(owed, room)
        except Exception:
            # The storage failed, or we have a defect: the row comes back when its lease ends.
            log.exception("notice %d (%s) was not settled", owed.id, owed.notice.kind)
        finally:
            if room.slot is not None and room.used == 0:
                self.budgets.release(room.slot)

    async def _settle(self, owed: Owed, room: Room) -> None:
        try:
            await self._attempt(owed, room)
        except PutOff as later:
            await self._postpone(owed, later)
            return
        except TooFast as failure:
            chat = room.slot.chat if room.slot else 0
            until = self.budgets.pause(chat, failure.seconds, self._given.now())
            self._blocked.until(owed.notice.to, until)
            log.warning("429 at %s: waiting %g s", owed.notice.to, failure.seconds)
            await self._postpone(owed, PutOff(until))
        except Unreachable as failure:
            await self._unreachable(owed, failure)
        except (NotSent, Unauthorized, MethodMissing, NotAllowed) as failure:
            await self._try_later(owed, failure)
        except UnknownOutcome as failure:
            await self._unknown(owed, failure)
        except Refused as failure:
            log.error("notice %d (%s) refused: %s", owed.id, owed.notice.kind, failure.said)
            await self._give_up(owed, failure.said, "delivery.refused")

    async def _attempt(self, owed: Owed, room: Room) -> None:
        notice = owed.notice
        outgoing = await self._words(owed)
        if outgoing is None:
            await self._drop(owed, "nothing to say any more")
            return
        if notice.to.kind is PlaceKind.SMS:
            await self._text(owed, outgoing)
            return
        for _ in range(TURNS):
            try:
                if await self._once(owed, outgoing, room):
                    return
            except Moved as moved:
                await self._moved(notice, moved)
            except ThreadGone:
                mission = mission_at(notice)
                if mission is None:
                    raise
                await self.threads.lost(notice.to, mission)
        raise PutOff(self._pause(owed))

    async def _words(self, owed: Owed) -> Outgoing | None:
        try:
            return await self.compose(owed.notice)
        except Exception as error:
            log.exception("notice %d (%s) has no words", owed.id, owed.notice.kind)
            if self._count(owed) >= TRIES_OF_WORDS:
                raise Refused(f"no words ({type(error).__name__})") from None
            raise PutOff(self._pause(owed)) from None

    async def _once(self, owed: Owed, outgoing: Outgoing, room: Room) -> bool:
        """One way to the place; False: look at the place anew. Raises Failure and PutOff."""
        notice = owed.notice
        to = await self.threads.destination(notice, outgoing, owed.created_at)
        if isinstance(to, Wait):
            raise PutOff(to.until)
        card = await self._card(notice)
        if notice.only_if_there and card is None:
            await self._drop(owed, "its card is not there")
            return True
        in_place = card is not None and card.chat_id == to.chat_id
        if notice.only_if_there or (
            in_place and not notice.fresh and card and card.thread_id == to.thread_id
        ):
            assert card is not None  # noqa: S101 - said two lines above
            return await self._redraw(owed, outgoing, card, to, room)
        if owed.perhaps_sent and notice.when_unknown is WhenUnknown.DROP:
            await self._drop(owed, "perhaps sent before")
            return True
        await self._send(owed, outgoing, card, to, room)
        return True

    async def _card(self, notice: Notice) -> SentMessage | None:
        if notice.card is None:
            return None
        async with self._given.storage.transaction() as tx:
            return await tx.sent.card(notice.to, _mission(notice), notice.card)

    async def _redraw(
        self, owed: Owed, outgoing: Outgoing, card: SentMessage, to: Destination, room: Room
    ) -> bool:
        """Edit the card in place; False when it is gone and a new one must be sent."""
        appearance = body_hash(outgoing)
        shown = self._shown(owed.notice, outgoing, card)
        if card.body_hash != appearance:
            self._make_room(owed, room, to, 1)
            try:
                await self._poster.edit(card.chat_id, card.message_id, outgoing)
            except NotModified:
                pass
            except (MessageGone, CannotEdit, MethodMissing):
                async with self._given.storage.transaction() as tx:
                    await tx.sent.forget_card(card)
                if owed.notice.only_if_there:
                    await self._drop(owed, "its card is gone")
                return owed.notice.only_if_there
            except UnknownOutcome as failure:
                # Repeating an edit does no harm; what is on screen is not known until it has succeeded.
                async with self._given.storage.transaction() as tx:
                    await tx.sent.save(replace(card, body_hash=""))
                log.info("notice %d: edit unknown (%s), again", owed.id, failure.said)
                raise PutOff(self._pause(owed)) from None
            self._tally.edited += 1
            self.last_sent_at = self._given.now()
        else:
            self._tally.dropped += 1
        await self._record(owed, [replace(shown, body_hash=appearance)])
        await self.threads.keep_in_step(to, replace(outgoing, topic_closed=False))
        return True

    async def _send(
        self, owed: Owed, outgoing: Outgoing, former: SentMessage | None, to: Destination, room: Room
    ) -> None:
        parts = parts_of(outgoing)
        closes = outgoing.topic_closed and to.is_group and to.thread_id is not None
        self._make_room(owed, room, to, len(parts) + (2 if closes else 0))  # its last name, and closing
        sent: list[SentMessage] = []
        for number, part in enumerate(parts):
            try:
                message_id = await self._poster.send(to, part, outgoing)
            except TopicClosed:
                assert to.thread_id is not None  # noqa: S101 - only a topic can be closed
                await self.threads.reopen(to.chat_id, to.thread_id)
                message_id = await self._poster.send(to, part, outgoing)
            except Failure:
                await self._save(sent)  # those that did go are purged in their time
                raise
            self.last_sent_at = self._given.now()
            message = self._new(owed.notice, outgoing, to, message_id)
            if number < len(parts) - 1:
                message = replace(message, card=None, body_hash="")
            sent.append(message)
        self._tally.sent += 1
        await self._record(owed, sent)
        await self._comforts(outgoing, sent[-1], former, to)

    async def _comforts(
        self, outgoing: Outgoing, sent: SentMessage, former: SentMessage | None, to: Destination
    ) -> None:
        """What may fail: the old card's buttons, the pin, the topic's name and state."""
        if former is not None and former.message_id != sent.message_id:
            slot = self.budgets.reserve(former.chat_id, is_group=to.is_group, now=self._given.now())
            if isinstance(slot, Slot):
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
        await self.threads.keep_in_step(to, outgoing)

    def _make_room(self, owed: Owed, room: Room, to: Destination, weight: int) -> None:
        """Keep `weight` messages of the budget, counting what was kept at the claim. Raises PutOff."""
        now = self._given.now()
        kept = room.slot
        if kept is not None and room.used == 0 and kept.chat == to.chat_id and weight <= kept.weight:
            room.used = weight
            return
        if kept is not None and room.used == 0:
            self.budgets.release(kept)
            room.slot = None
        slot = self.budgets.reserve(to.chat_id, is_group=to.is_group, now=now, weight=weight)
        if isinstance(slot, datetime):
            self._blocked.until(owed.notice.to, slot)
            raise PutOff(slot)
        room.slot, room.used = slot, weight

    def _new(self, notice: Notice, outgoing: Outgoing, to: Destination, message_id: int) -> SentMessage:
        now = self._given.now()
        return SentMessage(
            chat_id=to.chat_id,
            message_id=message_id,
            place=notice.to,
            kind=notice.kind,
            sent_at=now,
            thread_id=to.thread_id,
            mission=_mission(notice),
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

    # how it ended

    async def _record(self, owed: Owed, sent: list[SentMessage]) -> None:
        now = self._given.now()
        notice = owed.notice
        async with self._given.storage.transaction() as tx:
            if (then := self.on_delivered.get(notice.kind)) is not None:
                await then(tx, notice, now)
            for message in sent[:-1]:
                await tx.sent.save(message)
            if any(message.has_patient_facts for message in sent):
                shown = Event("disclosure.shown", {"kind": notice.kind, "to": str(notice.to)})
                await tx.journal.write(_mission(notice), [shown], None, now)
            await tx.outbox.delivered(owed, sent[-1] if sent else None, now)
        self._failed.pop(owed.id, None)

    async def _save(self, sent: list[SentMessage]) -> None:
        if sent:
            async with self._given.storage.transaction() as tx:
                for message in sent:
                    await tx.sent.save(replace(message, card=None))

    async def _drop(self, owed: Owed, reason: str) -> None:
        async with self._given.storage.transaction() as tx:
            await tx.outbox.drop(owed, reason, self._given.now())
        self._tally.dropped += 1
        self._failed.pop(owed.id, None)

    async def _postpone(self, owed: Owed, later: PutOff) -> None:
        until = max(later.until, self._given.now() + CLOSEST)
        async with self._given.storage.transaction() as tx:
            await tx.outbox.postpone(owed, until, perhaps_sent=later.perhaps_sent or owed.perhaps_sent)
        self._tally.postponed += 1

    async def _try_later(self, owed: Owed, failure: Failure) -> None:
        level = logging.WARNING if isinstance(failure, NotSent) else logging.ERROR
        log.log(level, "notice %d put off: %s (%s)", owed.id, type(failure).__name__, failure.said)
        await self._postpone(owed, PutOff(self._pause(owed)))

    async def _unknown(self, owed: Owed, failure: UnknownOutcome) -> None:
        log.warning("notice %d (%s): nobody knows (%s)", owed.id, owed.notice.kind, failure.said)
        if owed.notice.when_unknown is WhenUnknown.DROP:
            await self._drop(owed, "nobody knows whether it was sent")
        else:
            await self._postpone(owed, PutOff(self._pause(owed), perhaps_sent=True))

    async def _unreachable(self, owed: Owed, failure: Unreachable) -> None:
        place = owed.notice.to
        if place.kind in GROUP_KINDS:
            # Nobody else could be told: it stays owed, and whoever reads the log must mend it.
            log.error("the OSNP group cannot be reached: %s", failure.said)
            until = self._pause(owed)
            self._blocked.until(place, until)
            await self._postpone(owed, PutOff(until))
            return
        await self._give_up(owed, failure.said, "delivery.unreachable")

    async def _give_up(self, owed: Owed, reason: str, kind: str) -> None:
        """It cannot be delivered: OSNP are told in the same commit."""
        now = self._given.now()
        notice = owed.notice
        async with self._given.storage.transaction() as tx:
            if (then := self.on_given_up.get(notice.kind)) is not None:
                await then(tx, notice, reason, now)
            if kind == "delivery.unreachable" and notice.to.kind is PlaceKind.PERSON:
                await tx.people.set_reachable(PersonId(notice.to.id), reachable=False, now=now)
            await tx.outbox.give_up(owed, reason, now)
            if notice.to.kind in GROUP_KINDS or notice.kind.startswith("delivery."):
                log.error("notice %d (%s) could not be said to the group: %s", owed.id, notice.kind, reason)
            else:
                await tx.outbox.owe([report(kind, notice, reason)], now)
        self._tally.given_up += 1
        self._tally.undeliverable.append((notice.to, reason))
        self._failed.pop(owed.id, None)

    async def _moved(self, notice: Notice, moved: Moved) -> None:
        now = self._given.now()
        async with self._given.storage.transaction() as tx:
            old = await self.threads.chat_of(tx, notice.to)
            if old == moved.new_chat_id:
                return
            await tx.sent.migrate_chat(old, moved.new_chat_id, now)
            facts: dict[str, Fact] = {"old": old, "new": moved.new_chat_id}
            await tx.outbox.owe(
                [Notice("delivery.group_moved", BOARD, facts=facts, priority=Priority.REPORT)], now
            )
        log.warning("group %d is now %d", old, moved.new_chat_id)

    async def _text(self, owed: Owed, outgoing: Outgoing) -> None:
        """Hand an SMS over."""
        notice = owed.notice
        if not outgoing.phone:
            await self._give_up(owed, "no number", "delivery.sms_failed")
            return
        if owed.perhaps_sent and notice.when_unknown is WhenUnknown.DROP:
            await self._drop(owed, "perhaps sent before")
            return
        result = await self._sms.send(outgoing.phone, outgoing.text, f"smt-{owed.id}")
        if isinstance(result, SmsRejected):
            await self._give_up(owed, result.reason, "delivery.sms_failed")
        elif isinstance(result, SmsAccepted):
            now = self._given.now()
            facts: dict[str, Fact] = {
                "kind": notice.kind,
                "to": str(notice.to),
                "id": result.id,
                "parts": result.parts,
            }
            async with self._given.storage.transaction() as tx:
                if (then := self.on_delivered.get(notice.kind)) is not None:
                    await then(tx, notice, now)
                await tx.journal.write(notice.mission, [Event("sms.accepted", facts)], None, now)
                await tx.outbox.delivered(owed, None, now)
            self._tally.sent += 1
        else:
            raise PutOff(self._given.now() + result.after)

    def _count(self, owed: Owed) -> int:
        if len(self._failed) > MOST_FAILED:
            self._failed.clear()
        self._failed[owed.id] = self._failed.get(owed.id, 0) + 1
        return self._failed[owed.id]

    def _pause(self, owed: Owed) -> datetime:
        """After each failure twice as long, up to a minute."""
        pause = timedelta(seconds=2.0 ** min(self._count(owed) - 1, 6))
        return self._given.now() + min(pause, LONGEST_PAUSE)


def _mission(notice: Notice) -> MissionId | None:
    return notice.mission if notice.mission is not None else mission_at(notice)


def report(kind: str, notice: Notice, reason: str) -> Notice:
    """What OSNP are told of a notice nobody got: once per person and mission, however many there were."""
    facts: dict[str, Fact] = {"kind": notice.kind, "reason": reason}
    if notice.to.kind is PlaceKind.ORGANISATION:
        facts["organisation"] = notice.to.id
    elif notice.to.id:
        facts["person"] = notice.to.id
    return Notice(
        kind=kind,
        to=BOARD if notice.mission is None else to_group(MissionId(notice.mission)),
        mission=notice.mission,
        facts=facts,
        priority=Priority.RECEIPT,
        card=f"{kind}:{notice.to}",
    )
