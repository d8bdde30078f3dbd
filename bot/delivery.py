"""Outbox → Telegram and SMS: order, rates, retries, and loudly giving up.

Knows places, cards and Telegram's failures; the words come from `compose`, the rules from nobody here.
Nothing is sent inside a transaction. One process sends for a bot, by lease; the others stand by.

    claim a batch, with all it needs   one transaction, then one that loads the words' facts
    send, up to `IN_FLIGHT` at once    each on its own, `bot.sending`; the next of a lane waits for the record
    record what has ended together     one transaction, see `bot.recorder`

**The bound.** At most `IN_FLIGHT` notices are begun and not recorded, in this process and in the whole
system. A process that dies in the midst of sending may have sent each of these without recording any:
they are sent again by whoever takes over (those that are cosmetic are not), so each comes at most twice
for a crash, and so many at most. A notice in several parts counts once, and its parts come again with
it. A place in a batch is taken from the claim to the commit of its record, and a record that the
database does not take is waited for, not forgotten: nothing new is begun in its place.

| Telegram says | Done here |
|---|---|
| done, or not modified | recorded |
| 403, chat not found | given up, the person marked unreachable, OSNP told, in one commit |
| the same of the OSNP group | it stays owed; after a minute its people are told in private |
| message to edit gone or not editable | a new card |
| the group moved | rewritten everywhere, said, sent again, the open missions' cards too |
| the topic is gone | recreated once, with the mission's card; then the one flow |
| 429 | what it names waits |
| 401 | nothing is sent for a minute, and the log says what to mend |
| no connection | everything waits, with growing pauses |
| 5xx, silence | unknown: again or dropped, as the notice says; an edit is always tried again |
| another refusal | given up, OSNP told; in the group after one more try of the words alone |
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.background import Background
from bot.bell import Bell
from bot.budgets import SET_BACK, Budgets
from bot.domain.outcome import GROUP_KINDS, PlaceKind
from bot.lease import Lease
from bot.ports import Compose, Ended, Given, HowEnded, Outgoing, Owed, Prepared, SmsPort, Tally, Transaction
from bot.purge import Purge
from bot.recorder import Recorder
from bot.sending import before
from bot.sending.attempt import Attempt
from bot.sending.blocked import Blocked
from bot.sending.courier import CardsInGroup, Courier
from bot.sending.ends import Counts, Ends, OnDelivered, OnGivenUp, OnLost
from bot.sending.errand import Errand, Overtaken, PutOff, shares
from bot.sending.room import Room
from bot.sending.texting import Texting
from bot.telegram_api import TelegramApi
from bot.threads import Threads
from bot.undelivered import GroupOutage, is_in_group

log = logging.getLogger(__name__)

IN_FLIGHT = 32
WORTH_A_CLAIM = 8  # with fewer places free, those that are just being recorded are waited for
CLAIM_SECONDS = 600.0  # real ones; longer than any send: whoever takes over takes the claims back at once
LOOK_EVERY = timedelta(milliseconds=500)  # for what other processes have owed
AFTER_FAILURE = timedelta(seconds=3)  # of the database
#: Claimed and put into words so long before there is room, so that nothing of a second's room is lost.
AHEAD = timedelta(milliseconds=40)
SHORT_OF_ROOM = 5  # messages left in the group's minute: from here on lines of one mission are merged
OVERDUE = timedelta(seconds=60)
MOST_MERGED = 12
A_QUEUE = 4  # so many of the group's put back at one claim: the next claims take of it only what can go
QUEUE_REMEMBERED = timedelta(seconds=60)
ELSEWHERE = frozenset(PlaceKind) - GROUP_KINDS


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
        lease: Lease | None = None,
        may_merge: Collection[str] = (),
        cards_in_group: CardsInGroup | None = None,
        on_delivered: Mapping[str, OnDelivered] | None = None,
        on_given_up: Mapping[str, OnGivenUp] | None = None,
        on_unreachable: Mapping[str, OnGivenUp] | None = None,
        on_lost: OnLost | None = None,
    ) -> None:
        self._given = given
        self._group_id = group_id
        self.compose = compose
        self.budgets = budgets or Budgets()
        self.threads = Threads(given, api, self.budgets, group_id)
        self.purge = Purge(given, api, self.budgets, may_purge=self.hold)
        self.group_outage = GroupOutage(given)
        self._background = background
        self._bell = Bell(given.clock, background, "delivery")
        self._recorder = Recorder(given, background)
        self._lease = lease
        if lease is not None:
            lease.on_gain = self._take_over
        self.may_merge = frozenset(may_merge)  # kinds that only inform: without buttons, file or ring
        self.on_delivered = dict(on_delivered or {})
        self.on_given_up = dict(on_given_up or {})
        self.on_unreachable = dict(on_unreachable or {})
        self._blocked = Blocked()
        self._room = Room(self.budgets, given.clock, self._blocked)
        self._ends = Ends(
            given,
            self._recorder,
            self.group_outage,
            self._blocked,
            self._bell,
            on_delivered=self.on_delivered,
            on_given_up=self.on_given_up,
            on_unreachable=self.on_unreachable,
            on_lost=on_lost,
        )
        self._attempt = Attempt(given, api, self.threads, self._room, self._ends, self._blocked, self._may_go)
        self._courier = Courier(
            given,
            self.threads,
            self._recorder,
            self._room,
            self._ends,
            self._blocked,
            self._attempt,
            Texting(given.clock, sms, self._ends, self._may_go),
            cards_in_group,
        )
        self._queue_until: datetime | None = None  # until then the group is taken to have a queue
        self._seen: datetime | None = None  # the last moment we looked at
        self._begun: dict[asyncio.Task[None], Errand] = {}
        self._preparing: list[Errand] = []  # claimed, and not yet on their way

    # what others call

    def wake(self) -> None:
        """Something new is owed."""
        self._bell.ring()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set (and `wake` called), then let the sends in flight end."""
        log.info("at most %d sends are begun and not recorded", self.in_flight_bound)
        if self._lease is not None:
            self._background.start(self._lease.keep(stop, self.wake), "sender's lease")
        self._room.ahead = AHEAD
        while not stop.is_set():
            look = LOOK_EVERY  # also for what is due and cannot be claimed just now
            try:
                begun, moment = await self._pump() if self.is_sender else (0, None)
            except Exception:
                log.exception("the outbox cannot be read")
                begun, moment, look = 0, None, AFTER_FAILURE
            if not begun:
                now = self._given.now()
                soon = now + look
                await self._bell.wait(moment if moment is not None and now < moment < soon else soon)
        if self._begun:
            await asyncio.wait(self._begun)
        await self.let_go()

    async def hold(self) -> bool:
        """Whether this process may send: it takes the sender's lease where that is free."""
        return True if self._lease is None else await self._lease.hold()

    async def let_go(self) -> None:
        """Another process may send from now on."""
        if self._lease is not None and self._lease.held:
            try:
                await self._lease.release()
            except Exception:
                log.exception("the sender's lease was not given back: it ends by itself")

    async def drain(self) -> Tally:
        """Send everything that may be sent at the present moment of the clock, and say what became of it."""
        self._ends.tally = Tally()
        while True:
            begun = (await self._pump())[0] if await self.hold() else 0
            if self._begun:
                await asyncio.wait(self._begun, return_when=asyncio.FIRST_COMPLETED)
            elif not begun:
                return self._ends.tally

    async def purge_due(self) -> int:
        """Delete what is to be deleted by now; how many are gone."""
        return await self.purge.purge_due()

    async def next_moment(self) -> datetime | None:
        """When something owed may be sent next; None when nothing is owed."""
        async with self._given.storage.transaction() as tx:
            due = await tx.outbox.next_due()
        return self._not_before(due)

    @property
    def counts(self) -> Counts:
        """What became of notices since this process started."""
        return self._ends.counts

    @property
    def last_sent_at(self) -> datetime | None:
        """When Telegram took something last."""
        return self._attempt.last_sent_at

    @property
    def cut_since(self) -> datetime | None:
        """Since when the server cannot be reached."""
        return self._blocked.cut_since

    @property
    def in_flight(self) -> int:
        """How many sends are begun and not recorded."""
        return len(self._begun) + len(self._preparing)

    @property
    def _awaiting_room(self) -> int:
        """How many of them take their share of the rates only when their moment has come."""
        return sum(errand.slot is None for errand in self._begun.values())

    @property
    def in_flight_bound(self) -> int:
        """How many of them there may be: so many messages at most come twice after a crash."""
        return IN_FLIGHT

    @property
    def is_sender(self) -> bool:
        """Whether this process is the one that sends for the bot."""
        return self._lease is None or self._lease.held

    async def group_lag(self) -> timedelta:
        """How long the group's next message must wait: shown on the board."""
        return self.budgets.group_lag(await self.threads.group_chat(), self._given.now())

    # taking

    async def _take_over(self, tx: Transaction) -> None:
        """Whoever sent before is dead or has let go: what it had claimed is owed again."""
        await before.remember(tx, self.threads, self.budgets, self._given.now())
        errands = [*self._begun.values(), *self._preparing]
        ours = [row.id for errand in errands for row in (*errand.rows, *(line for line, _ in errand.behind))]
        if taken := await tx.outbox.take_back_claims(keep=ours):
            log.info("taken back: %d notices of the sender before", taken)

    async def _pump(self) -> tuple[int, datetime | None]:
        """Claim what may go now and begin it: how many, and else from when on there may be more."""
        now = self._given.now()
        await self._look_at_clock(now)
        self._blocked.look(now)
        free = IN_FLIGHT - self.in_flight
        if free <= 0 or (free < WORTH_A_CLAIM and self._recorder.is_writing):
            return 0, None  # the next that lands rings the bell
        room = min(free, self.budgets.room(now, self._room.ahead) - self._awaiting_room)
        if room <= 0 or self._blocked.all_until is not None:
            return 0, self._not_before(now)
        try:
            async with self._given.storage.transaction() as tx:
                self._ends.counts.expired += await tx.outbox.expire(now)
                claimed = await self._claim(tx, room, now)
                if not claimed:
                    return 0, self._not_before(await tx.outbox.next_due())
                errands = await self._errands(tx, claimed, now)
                self._preparing = errands
            await self._prepare(errands)
            for errand in errands:
                task = self._background.start(self._courier.deliver(errand), f"notice {errand.owed.id}")
                self._begun[task] = errand
                task.add_done_callback(self._landed)
        finally:
            self._preparing = []
        return len(claimed), None

    async def _claim(self, tx: Transaction, room: int, now: datetime) -> list[Owed]:
        """Take what may go now; while the group has a queue, no more of it than it takes at this moment."""

        async def claim(most: int, skip: Collection[PlaceKind]) -> list[Owed]:
            places = list(self._blocked.places)
            return await tx.outbox.claim(
                now, most, skip_places=places, skip_kinds=skip, lease_seconds=CLAIM_SECONDS
            )

        if self._blocked.group_until is not None:
            return await claim(room, GROUP_KINDS)
        if self._queue_until is None or self._queue_until <= now:
            return await claim(room, ())
        chat = await tx.sent.current_chat(self._group_id)
        most = min(room, max(1, self.budgets.group_room_at_once(chat, now)))
        in_group = await claim(most, ELSEWHERE)
        if len(in_group) == most:
            self._queue_until = now + QUEUE_REMEMBERED
        return in_group + (await claim(room - len(in_group), GROUP_KINDS) if len(in_group) < room else [])

    async def _look_at_clock(self, now: datetime) -> None:
        """Where it was set back, what was put off would wait for a moment that is far away now."""
        if self._seen is not None and now < self._seen - SET_BACK:
            log.warning("the clock was set back by %s: what was put off goes now", self._seen - now)
            self._blocked.forget()
            self._queue_until = None
            async with self._given.storage.transaction() as tx:
                await tx.outbox.bring_forward(now)
            self._seen = now
        self._seen = max(now, self._seen or now)

    def _not_before(self, due: datetime | None) -> datetime | None:
        """When what is due then may go, as far as rates and failures are known."""
        if due is None:
            return None
        now = self._given.now()
        self._blocked.look(now)
        if self._blocked.all_until is not None:
            return max(due, self._blocked.all_until)
        if due <= now:
            room_at = self.budgets.may_send_at_all(now, 1 + self._awaiting_room)
            due = max(room_at - self._room.ahead if room_at else now, self._blocked.earliest() or now)
        return due

    async def _errands(self, tx: Transaction, claimed: Sequence[Owed], now: datetime) -> list[Errand]:
        """What was claimed, with its places, and with what may go along; the group's minute permitting."""
        known = await self.threads.know(tx, [owed.notice for owed in claimed])
        errands: list[Errand] = []
        too_early: list[Ended] = []
        for owed, place in zip(claimed, known, strict=True):
            errand = Errand(owed, place, _unprepared)
            if is_in_group(owed.notice):
                # Kept in the order of the claim: the group's minute goes to what matters most.
                slot = self.budgets.reserve(place.chat_id, is_group=True, now=now)
                if isinstance(slot, datetime):
                    too_early.append(Ended(owed, HowEnded.LATER, until=slot))
                    self._blocked.until(owed.notice.to, slot)
                    continue
                errand.slot = slot
                if self._is_short(owed, place.chat_id, now):
                    behind = await tx.outbox.claim_behind(
                        owed, now, self.may_merge, MOST_MERGED, CLAIM_SECONDS
                    )
                    errand.behind = [(line, _unprepared) for line in behind]
            errands.append(errand)
        if len(too_early) >= A_QUEUE:
            self._queue_until = now + QUEUE_REMEMBERED
        await tx.outbox.end(too_early, now)
        self._ends.tally.postponed += len(too_early)
        return errands

    def _is_short(self, owed: Owed, chat: int, now: datetime) -> bool:
        """Whether lines of one mission should share a message."""
        return (
            owed.notice.kind in self.may_merge
            and shares(owed.notice)
            and (self.budgets.group_room(chat, now) < SHORT_OF_ROOM or owed.created_at <= now - OVERDUE)
        )

    async def _prepare(self, errands: Sequence[Errand]) -> None:
        """Load what the words of a whole batch need."""
        rows = [owed for errand in errands for owed in (errand.owed, *(line for line, _ in errand.behind))]
        try:
            async with self._given.storage.transaction() as tx:
                prepared = await self.compose(tx, [owed.notice for owed in rows])
        except Exception:
            log.exception("the facts of %d notices could not be loaded together: one by one", len(rows))
            prepared = [await self._prepare_alone(owed) for owed in rows]
        found = {owed.id: one for owed, one in zip(rows, prepared, strict=True)}
        for errand in errands:
            errand.prepared = found[errand.owed.id]
            errand.behind = [(line, found[line.id]) for line, _ in errand.behind]

    async def _prepare_alone(self, owed: Owed) -> Prepared:
        try:
            async with self._given.storage.transaction() as tx:
                (prepared,) = await self.compose(tx, [owed.notice])
        except Exception as error:  # noqa: BLE001 - raised where the notice is put into words
            failure = error

            def fails() -> Outgoing | None:
                raise failure

            return fails
        return prepared

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._begun.pop(task, None)
        self._bell.ring()

    def _may_go(self, errand: Errand) -> None:
        """The last look before the call. Raises PutOff and Overtaken."""
        now = self._given.now()
        if not self.is_sender:
            raise PutOff(now)
        if (until := errand.notice.valid_until) is not None and until < now:
            raise Overtaken


def _unprepared() -> None:
    """Nothing is known yet of what will be said."""
