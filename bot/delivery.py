"""Outbox → Telegram and SMS: order, rates, retries, and loudly giving up.

Knows places, cards and Telegram's failures; the words come from `compose`, the rules from nobody here.
Nothing is sent inside a transaction. One process sends for a bot, by lease; the others stand by.

    claim a batch, with all it needs   one transaction, then one that loads the words' facts
    send, up to `IN_FLIGHT` at once    each on its own; the next of a lane waits for the record
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
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.background import Background
from bot.bell import Bell
from bot.budgets import SET_BACK, Budgets, Slot
from bot.domain.outcome import (
    BOARD,
    GROUP_KINDS,
    Event,
    Fact,
    Notice,
    Place,
    PlaceKind,
    Priority,
    WhenUnknown,
)
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
from bot.lease import Lease
from bot.long_texts import TEXT_LIMIT, visible_length
from bot.ports import (
    Compose,
    Ended,
    Given,
    HowEnded,
    Outgoing,
    Owed,
    Prepared,
    SentMessage,
    SmsAccepted,
    SmsPort,
    SmsRejected,
    Tally,
    Transaction,
)
from bot.posting import Destination, Poster, body_hash, parts_of, simplest
from bot.purge import Purge
from bot.recorder import Ending, Recorder, Then
from bot.request import on_written
from bot.telegram_api import TelegramApi
from bot.threads import Known, Threads, Wait, mission_at, mission_of
from bot.undelivered import GroupOutage, is_in_group, not_said, report

log = logging.getLogger(__name__)

IN_FLIGHT = 32
#: Shown without a sound, and refused where a message would be.
SEEM = "sendChatAction"
WORTH_A_CLAIM = 8  # with fewer places free, those that are just being recorded are waited for
CLAIM_SECONDS = 600.0  # real ones; longer than any send: whoever takes over takes the claims back at once
LONGEST_PAUSE = timedelta(seconds=60)
LONGEST_REST = timedelta(seconds=15)  # when the server cannot be reached
REFUSED_TOKEN_REST = timedelta(seconds=60)
LOOK_EVERY = timedelta(milliseconds=500)  # for what other processes have owed
AFTER_FAILURE = timedelta(seconds=3)  # of the database
TRIES_OF_WORDS = 5  # a notice that cannot be put into words is a defect: said, not tried for ever
MOST_FAILED = 10_000  # rows whose failures are counted; withdrawn ones are never heard of again
TURNS = 5  # ways round one notice may take: moved group, lost topic, card gone, …
CLOSEST = timedelta(milliseconds=50)
#: Claimed and put into words so long before there is room, so that nothing of a second's room is lost.
AHEAD = timedelta(milliseconds=40)
SHORT_OF_ROOM = 5  # messages left in the group's minute: from here on lines of one mission are merged
OVERDUE = timedelta(seconds=60)
MOST_MERGED = 12
A_QUEUE = 4  # so many of the group's put back at one claim: the next claims take of it only what can go
QUEUE_REMEMBERED = timedelta(seconds=60)
ELSEWHERE = frozenset(PlaceKind) - GROUP_KINDS

#: Called in the transaction that records the end of a notice, by the notice's kind.
OnDelivered = Callable[[Transaction, Notice, datetime], Awaitable[None]]
OnGivenUp = Callable[[Transaction, Notice, str, datetime], Awaitable[None]]
#: The cards to draw anew when a mission's messages in the group are lost; None: those of every open mission.
CardsInGroup = Callable[[Transaction, MissionId | None], Awaitable[list[Notice]]]


class PutOff(Exception):  # noqa: N818 - not a fault
    """Not now: at that moment."""

    def __init__(self, until: datetime, *, perhaps_sent: bool = False) -> None:
        super().__init__(f"put off until {until:%H:%M:%S}")
        self.until = until
        self.perhaps_sent = perhaps_sent


class Overtaken(Exception):  # noqa: N818 - not a fault
    """Its moment has passed while it waited."""


@dataclass(slots=True)
class Counts:
    """What became of notices since this process started."""

    sent: int = 0  # messages, several merged lines being one
    edited: int = 0
    dropped: int = 0
    given_up: int = 0
    expired: int = 0
    merged: int = 0  # lines that went along in another's message
    unknown: int = 0  # sends of which nobody knew whether they had succeeded
    rate_limited: int = 0  # 429s earned


@dataclass(slots=True)
class Errand:
    """One message on its way: a notice, and the lines of its mission that go along with it."""

    owed: Owed
    known: Known
    prepared: Prepared
    slot: Slot | None = None  # the budget kept for it
    used: int = 0  # how much of that was used
    behind: list[tuple[Owed, Prepared]] = field(default_factory=list)  # may go along
    along: list[Owed] = field(default_factory=list)  # do go along

    @property
    def notice(self) -> Notice:
        """What is said."""
        return self.owed.notice

    @property
    def rows(self) -> tuple[Owed, ...]:
        """Every row that ends with it."""
        return self.owed, *self.along


@dataclass(slots=True)
class Blocked:
    """Which places must wait, and until when."""

    places: dict[Place, datetime] = field(default_factory=dict)
    group_until: datetime | None = None
    all_until: datetime | None = None  # the server cannot be reached, or refuses the token
    failures: int = 0  # of the line, one after the other

    def look(self, now: datetime) -> None:
        """Forget what need not wait any more."""
        self.places = {place: until for place, until in self.places.items() if until > now}
        if self.group_until is not None and self.group_until <= now:
            self.group_until = None
        if self.all_until is not None and self.all_until <= now:
            self.all_until = None

    def until(self, place: Place, moment: datetime) -> None:
        """That place waits until then."""
        if place.kind in GROUP_KINDS:
            self.group_until = moment
        else:
            self.places[place] = moment

    def everything(self, now: datetime, pause: timedelta | None = None) -> datetime:
        """The line is cut: nothing is sent for a while, longer each time it is still so."""
        if self.all_until is None or self.all_until <= now:
            self.failures += 1
            rest = min(timedelta(seconds=2.0 ** min(self.failures - 1, 6)), LONGEST_REST)
            self.all_until = now + (pause or rest)
        return self.all_until

    def earliest(self) -> datetime | None:
        """When the first of them may go on."""
        if self.all_until is not None:
            return self.all_until
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
        lease: Lease | None = None,
        may_merge: Collection[str] = (),
        cards_in_group: CardsInGroup | None = None,
        on_delivered: Mapping[str, OnDelivered] | None = None,
        on_given_up: Mapping[str, OnGivenUp] | None = None,
        on_unreachable: Mapping[str, OnGivenUp] | None = None,
    ) -> None:
        self._given = given
        self._group_id = group_id
        self.compose = compose
        self._sms = sms
        self._api = api
        self._poster = Poster(api)
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
        self._cards_in_group = cards_in_group
        self.on_delivered = dict(on_delivered or {})
        self.on_given_up = dict(on_given_up or {})
        self.on_unreachable = dict(on_unreachable or {})  # OSNP are told in the column's own way
        self._blocked = Blocked()
        self._queue_until: datetime | None = None  # until then the group is taken to have a queue
        self._seen: datetime | None = None  # the last moment we looked at
        self._ahead = timedelta()  # how long before there is room for it something may be claimed
        self._begun: dict[asyncio.Task[None], Errand] = {}
        self._preparing: list[Errand] = []  # claimed, and not yet on their way
        self._failed: dict[int, int] = {}  # by outbox row: tries that failed, in this process
        self._tally = Tally()
        self.counts = Counts()
        self.last_sent_at: datetime | None = None
        self.cut_since: datetime | None = None  # since when the server cannot be reached

    # what others call

    def wake(self) -> None:
        """Something new is owed."""
        self._bell.ring()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set (and `wake` called), then let the sends in flight end."""
        log.info("at most %d sends are begun and not recorded", self.in_flight_bound)
        if self._lease is not None:
            self._background.start(self._lease.keep(stop, self.wake), "sender's lease")
        self._ahead = AHEAD
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
        self._tally = Tally()
        while True:
            begun = (await self._pump())[0] if await self.hold() else 0
            if self._begun:
                await asyncio.wait(self._begun, return_when=asyncio.FIRST_COMPLETED)
            elif not begun:
                return self._tally

    async def purge_due(self) -> int:
        """Delete what is to be deleted by now; how many are gone."""
        return await self.purge.purge_due()

    async def next_moment(self) -> datetime | None:
        """When something owed may be sent next; None when nothing is owed."""
        async with self._given.storage.transaction() as tx:
            due = await tx.outbox.next_due()
        return self._not_before(due)

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
        room = min(free, self.budgets.room(now, self._ahead) - self._awaiting_room)
        if room <= 0 or self._blocked.all_until is not None:
            return 0, self._not_before(now)
        try:
            async with self._given.storage.transaction() as tx:
                self.counts.expired += await tx.outbox.expire(now)
                claimed = await self._claim(tx, room, now)
                if not claimed:
                    return 0, self._not_before(await tx.outbox.next_due())
                errands = await self._errands(tx, claimed, now)
                self._preparing = errands
            await self._prepare(errands)
            for errand in errands:
                task = self._background.start(self._deliver(errand), f"notice {errand.owed.id}")
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
            self._blocked, self._queue_until = Blocked(), None
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
            due = max(room_at - self._ahead if room_at else now, self._blocked.earliest() or now)
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
        self._tally.postponed += len(too_early)
        return errands

    def _is_short(self, owed: Owed, chat: int, now: datetime) -> bool:
        """Whether lines of one mission should share a message."""
        return (
            owed.notice.kind in self.may_merge
            and _shares(owed.notice)
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

    # one message

    async def _deliver(self, errand: Errand) -> None:
        try:
            await self._settle(errand)
        except Exception as error:
            # We have a defect, and nobody knows how far it came.
            log.exception("notice %d (%s) was not settled", errand.owed.id, errand.notice.kind)
            if self._failed.get(errand.owed.id, 0) + 1 >= TRIES_OF_WORDS:
                await self._give_up(errand, f"defect ({type(error).__name__})", "delivery.refused")
            else:
                await self._later(errand, PutOff(self._pause(errand.owed), perhaps_sent=True))
        finally:
            if errand.slot is not None and errand.used == 0:
                self.budgets.release(errand.slot)

    async def _settle(self, errand: Errand) -> None:
        owed = errand.owed
        try:
            await self._attempt(errand)
        except PutOff as later:
            await self._later(errand, later)
        except Overtaken:
            await self._end(errand, HowEnded.EXPIRED)
        except TooFast as failure:
            chat = errand.known.chat_id
            until = self.budgets.pause(chat, failure.seconds, self._given.now())
            self._blocked.until(owed.notice.to, until)
            self.counts.rate_limited += 1
            log.warning("429 at %s: waiting %g s", owed.notice.to, failure.seconds)
            await self._later(errand, PutOff(until))
        except Unreachable as failure:
            await self._unreachable(errand, failure)
        except NotSent as failure:
            now = self._given.now()
            self.cut_since = self.cut_since or now
            until = self._blocked.everything(now)
            log.warning("notice %d: Telegram cannot be reached (%s)", owed.id, failure.said)
            await self._later(errand, PutOff(until))
        except Unauthorized:
            log.critical(
                "Telegram refuses the token: SMT_BOT_TOKEN must be mended; nothing is sent until then"
            )
            await self._later(errand, PutOff(self._blocked.everything(self._given.now(), REFUSED_TOKEN_REST)))
        except UnknownOutcome as failure:
            await self._unknown(errand, failure)
        except (MethodMissing, NotAllowed) as failure:
            if isinstance(failure, NotAllowed) and is_in_group(errand.notice):
                await self._unreachable(errand, failure)
                return
            log.error("notice %d put off: %s (%s)", owed.id, type(failure).__name__, failure.said)
            await self._later(errand, PutOff(self._pause(owed)))
        except Refused as failure:
            log.error("notice %d (%s) refused: %s", owed.id, owed.notice.kind, failure.said)
            await self._give_up(errand, failure.said, "delivery.refused")

    async def _attempt(self, errand: Errand) -> None:
        notice = errand.notice
        outgoing = self._words(errand)
        if outgoing is None:
            await self._end(errand, HowEnded.DROPPED, "nothing to say any more")
            return
        if notice.to.kind is PlaceKind.SMS:
            await self._text(errand, outgoing)
            return
        outgoing = await self._merged(errand, outgoing)
        is_simple = False
        for _ in range(TURNS):
            try:
                if await self._once(errand, outgoing, is_simple=is_simple):
                    return
            except Moved as moved:
                await self._moved(notice, errand.known, moved)
            except ThreadGone:
                mission = mission_at(notice)
                if mission is None:
                    raise
                await self.threads.lost(notice.to, mission)
                if is_in_group(notice) and self._cards_in_group is not None:
                    async with self._given.storage.transaction() as tx:
                        await tx.outbox.owe(await self._cards_in_group(tx, mission), self._given.now())
            except (Unreachable, NotAllowed, MethodMissing):
                raise
            except Refused as failure:
                if is_simple or not is_in_group(notice):
                    raise
                log.error(
                    "notice %d (%s) refused, its words alone next: %s",
                    errand.owed.id,
                    notice.kind,
                    failure.said,
                )
                outgoing, is_simple = simplest(outgoing), True
                errand.used = 0  # nothing was sent: the room kept for it is still there
            errand.known = await self.threads.know_anew(notice)
        raise PutOff(self._pause(errand.owed))

    def _words(self, errand: Errand) -> Outgoing | None:
        owed = errand.owed
        try:
            return errand.prepared()
        except Exception as error:
            log.exception("notice %d (%s) has no words", owed.id, owed.notice.kind)
            if self._count(owed) >= TRIES_OF_WORDS:
                raise Refused(f"no words ({type(error).__name__})") from None
            raise PutOff(self._pause(owed)) from None

    async def _merged(self, errand: Errand, outgoing: Outgoing) -> Outgoing:
        """With the lines of the mission that wait right behind, as many as one message holds."""
        behind, errand.behind = errand.behind, []
        texts, back = [outgoing.text], []
        open_ended = _only_informs(outgoing)
        for line, prepared in behind:
            said = None
            if open_ended and _shares(line.notice):
                try:
                    said = prepared()
                except Exception:
                    log.exception("notice %d (%s) has no words", line.id, line.notice.kind)
            joined = "\n\n".join([*texts, said.text]) if said is not None else ""
            if said is None or not _only_informs(said) or visible_length(joined) > TEXT_LIMIT:
                open_ended = False  # what is behind it waits with it
                back.append(Ended(line, HowEnded.LATER, until=self._given.now()))
                continue
            texts.append(said.text)
            errand.along.append(line)
        if back:
            await self._recorder.record(Ending(tuple(back)))
        return replace(outgoing, text="\n\n".join(texts)) if errand.along else outgoing

    async def _once(self, errand: Errand, outgoing: Outgoing, *, is_simple: bool) -> bool:
        """One way to the place; False: look at the place anew. Raises Failure, PutOff and Overtaken."""
        notice, card = errand.notice, errand.known.card
        if outgoing.action is not None:
            await self._seem_to(errand, outgoing.action, outgoing)
            return True
        if notice.only_if_there and card is None:
            await self._end(errand, HowEnded.DROPPED, "its card is not there")
            return True
        to = await self.threads.destination(notice, errand.known, outgoing, errand.owed.created_at)
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
            await self._end(errand, HowEnded.DROPPED, "perhaps sent before")
            return True
        await self._send(errand, outgoing, card, to)
        return True

    async def _redraw(self, errand: Errand, outgoing: Outgoing, card: SentMessage, to: Destination) -> bool:
        """Edit the card in place; False when it is gone and a new one must be sent."""
        appearance = body_hash(outgoing)
        shown = self._shown(errand.notice, outgoing, card)
        if card.body_hash != appearance:
            await self._make_room(errand, to, 1)
            self._may_go(errand)
            try:
                with self._counted_when_written(errand):
                    await self._poster.edit(card.chat_id, card.message_id, outgoing)
            except NotModified:
                pass
            except (MessageGone, CannotEdit, MethodMissing):
                async with self._given.storage.transaction() as tx:
                    await tx.sent.forget_card(card)
                if errand.notice.only_if_there:
                    await self._end(errand, HowEnded.DROPPED, "its card is gone")
                return errand.notice.only_if_there
            except UnknownOutcome as failure:
                # Repeating an edit does no harm; what is on screen is not known until it has succeeded.
                async with self._given.storage.transaction() as tx:
                    await tx.sent.save(replace(card, body_hash=""))
                self.counts.unknown += 1
                log.info("notice %d: edit unknown (%s), again", errand.owed.id, failure.said)
                raise PutOff(self._pause(errand.owed)) from None
            self._tally.edited += 1
            self.counts.edited += 1
            await self._reached(errand.notice)
        else:
            self._tally.dropped += 1
        await self._delivered(errand, [replace(shown, body_hash=appearance)])
        await self.threads.keep_in_step(to, replace(outgoing, topic_closed=False))
        return True

    async def _send(
        self, errand: Errand, outgoing: Outgoing, former: SentMessage | None, to: Destination
    ) -> None:
        parts = parts_of(outgoing)
        closes = outgoing.topic_closed and to.is_group and to.thread_id is not None
        await self._make_room(errand, to, len(parts) + (2 if closes else 0))  # its last name, and closing
        self._may_go(errand)
        sent: list[SentMessage] = []
        for number, part in enumerate(parts):
            try:
                with self._counted_when_written(errand):
                    message_id = await self._poster.send(to, part, outgoing)
            except TopicClosed:
                assert to.thread_id is not None  # noqa: S101 - only a topic can be closed
                await self.threads.reopen(to.chat_id, to.thread_id)
                to = replace(to, thread_closed=False)
                message_id = await self._poster.send(to, part, outgoing)
            except Failure:
                await self._save(sent)  # those that did go are purged in their time
                raise
            message = self._new(errand.notice, outgoing, to, message_id)
            if number < len(parts) - 1:
                message = replace(message, card=None, body_hash="")
            sent.append(message)
        self._tally.sent += 1
        self.counts.sent += 1
        self.counts.merged += len(errand.along)
        await self._reached(errand.notice)
        await self._delivered(errand, sent)
        await self._comforts(outgoing, sent[-1], former, to)

    async def _seem_to(self, errand: Errand, action: str, outgoing: Outgoing) -> None:
        """Nothing is written, and still Telegram says whether somebody could be. A comfort, never repeated.

        Raises Unreachable, PutOff and what concerns more than this one.
        """
        if self._api.lacks(SEEM):
            await self._end(errand, HowEnded.DROPPED, "this server cannot do that")
            return
        to = await self.threads.destination(errand.notice, errand.known, outgoing, errand.owed.created_at)
        if isinstance(to, Wait):
            raise PutOff(to.until)
        await self._make_room(errand, to, 1)
        self._may_go(errand)
        try:
            await self._api.call(SEEM, chat_id=to.chat_id, action=action)
        except Unreachable:
            raise
        except Refused as failure:
            if isinstance(failure, MethodMissing):
                self._api.remember_lack(SEEM)
            await self._end(errand, HowEnded.DROPPED, failure.said)
            return
        await self._reached(errand.notice)
        await self._delivered(errand, [])

    def _may_go(self, errand: Errand) -> None:
        """The last look before the call. Raises PutOff and Overtaken."""
        now = self._given.now()
        if not self.is_sender:
            raise PutOff(now)
        if (until := errand.notice.valid_until) is not None and until < now:
            raise Overtaken

    async def _reached(self, notice: Notice) -> None:
        """Telegram has taken something."""
        self.last_sent_at = self._given.now()
        self._blocked.failures = 0
        self.cut_since = None
        if is_in_group(notice):
            await self.group_outage.reached()

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

    async def _make_room(self, errand: Errand, to: Destination, weight: int) -> None:
        """Keep `weight` messages of the budget, counting what was kept at the claim. Raises PutOff.

        What was claimed ahead waits here for the moment at which it fits.
        """
        kept, errand.slot = (errand.slot, None) if errand.used == 0 else (None, errand.slot)
        if kept is not None and kept.chat == to.chat_id and weight <= kept.weight:
            errand.slot, errand.used = self.budgets.begin(kept, self._given.now()), weight
            return
        if kept is not None:
            self.budgets.release(kept)
        while True:
            now = self._given.now()
            slot = self.budgets.reserve(to.chat_id, is_group=to.is_group, now=now, weight=weight)
            if isinstance(slot, Slot):
                break
            if slot - now > self._ahead:
                self._blocked.until(errand.notice.to, slot)
                raise PutOff(slot)
            await self._given.clock.sleep((slot - now).total_seconds())
        errand.slot, errand.used = slot, weight

    @contextmanager
    def _counted_when_written(self, errand: Errand) -> Iterator[None]:
        """What is kept of the rates counts from when the words are on the line."""

        def written() -> None:
            if errand.slot is not None:
                errand.slot = self.budgets.begin(errand.slot, self._given.now())

        token = on_written.set(written)
        try:
            yield
        finally:
            on_written.reset(token)

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

    # how it ended

    async def _end(
        self,
        errand: Errand,
        how: HowEnded,
        reason: str | None = None,
        *,
        sent: Sequence[SentMessage] = (),
        events: Sequence[Event] = (),
        then: Then | None = None,
    ) -> None:
        """Write down how it ended, for every row that went with it; return once that is committed."""
        if errand.behind:  # it went nowhere, and they have waited with it for nothing
            back = tuple(Ended(line, HowEnded.LATER, until=self._given.now()) for line, _ in errand.behind)
            errand.behind = []
        else:
            back = ()
        ends = tuple(Ended(row, how, reason) for row in errand.rows)
        mission = mission_of(errand.notice)
        await self._recorder.record(Ending((*ends, *back), tuple(sent), mission, tuple(events), then))
        for row in errand.rows:
            self._failed.pop(row.id, None)
        if how is HowEnded.DROPPED:
            self._tally.dropped += 1
            self.counts.dropped += 1
        elif how is HowEnded.EXPIRED:
            self.counts.expired += 1

    async def _delivered(self, errand: Errand, sent: list[SentMessage]) -> None:
        events = []
        if any(message.has_patient_facts for message in sent):
            notice = errand.notice
            events.append(Event("disclosure.shown", {"kind": notice.kind, "to": str(notice.to)}))
        await self._arrived(errand, sent, events)

    async def _arrived(self, errand: Errand, sent: Sequence[SentMessage], events: Sequence[Event]) -> None:
        now = self._given.now()
        follow = [
            (then, row.notice)
            for row in errand.rows
            if (then := self.on_delivered.get(row.notice.kind)) is not None
        ]

        async def follows(tx: Transaction) -> None:
            for then, notice in follow:
                await then(tx, notice, now)

        try:
            await self._end(
                errand, HowEnded.DELIVERED, sent=sent, events=events, then=follows if follow else None
            )
        except Exception:
            if not follow:
                raise
            # It has arrived, whatever should have followed: it must not arrive again and again.
            log.exception("what follows from notice %d (%s) failed", errand.owed.id, errand.notice.kind)
            await self._end(errand, HowEnded.DELIVERED, sent=sent, events=events)

    async def _save(self, sent: list[SentMessage]) -> None:
        if sent:
            async with self._given.storage.transaction() as tx:
                await tx.sent.save_all([replace(message, card=None) for message in sent])

    async def _later(self, errand: Errand, later: PutOff) -> None:
        until = max(later.until, self._given.now() + CLOSEST)
        waiting = (*errand.rows, *(line for line, _ in errand.behind))
        errand.behind = []
        ends = tuple(
            Ended(row, HowEnded.LATER, until=until, perhaps_sent=later.perhaps_sent or row.perhaps_sent)
            for row in waiting
        )
        await self._recorder.record(Ending(ends))
        self._tally.postponed += len(ends)

    async def _unknown(self, errand: Errand, failure: UnknownOutcome) -> None:
        self.counts.unknown += 1
        log.warning("notice %d (%s): nobody knows (%s)", errand.owed.id, errand.notice.kind, failure.said)
        if errand.notice.when_unknown is WhenUnknown.DROP:
            await self._end(errand, HowEnded.DROPPED, "nobody knows whether it was sent")
        else:
            await self._later(errand, PutOff(self._pause(errand.owed), perhaps_sent=True))

    async def _unreachable(self, errand: Errand, failure: Refused) -> None:
        if is_in_group(errand.notice):
            # Nobody else could be told there: it stays owed, and its people are told in private.
            until = await self.group_outage.failed(failure.said)
            self._blocked.until(errand.notice.to, until)
            await self._later(errand, PutOff(until))
            return
        await self._give_up(errand, failure.said, "delivery.unreachable")

    async def _give_up(self, errand: Errand, reason: str, kind: str) -> None:
        """It cannot be delivered: OSNP are told in the same commit."""
        now = self._given.now()

        async def told(tx: Transaction) -> None:
            reports: list[Notice] = []
            for row in errand.rows:
                notice = row.notice
                if (then := self.on_given_up.get(notice.kind)) is not None:
                    await then(tx, notice, reason, now)
                own = None
                if kind == "delivery.unreachable" and notice.to.kind is PlaceKind.PERSON:
                    await tx.people.set_reachable(PersonId(notice.to.id), reachable=False, now=now)
                    own = self.on_unreachable.get(notice.kind)
                if own is not None:
                    await own(tx, notice, reason, now)
                elif is_in_group(notice):
                    reports += await not_said(tx, notice, reason)
                elif notice.to.kind is PlaceKind.APPLICANT:
                    log.info("notice %d (%s) was for a stranger", row.id, notice.kind)
                elif not notice.kind.startswith("delivery."):
                    reports.append(report(kind, notice, reason))
                else:
                    log.error("notice %d (%s) was for %s", row.id, notice.kind, notice.to)
            await tx.outbox.owe(reports, now)

        await self._end(errand, HowEnded.GIVEN_UP, reason, then=told)
        self.counts.given_up += len(errand.rows)
        self._tally.given_up += len(errand.rows)
        self._tally.undeliverable += [(row.notice.to, reason) for row in errand.rows]
        self._bell.ring()

    async def _moved(self, notice: Notice, known: Known, moved: Moved) -> None:
        now = self._given.now()
        async with self._given.storage.transaction() as tx:
            (present,) = await self.threads.know(tx, [notice])
            if present.chat_id != known.chat_id:
                return  # another message was quicker
            await tx.sent.migrate_chat(known.chat_id, moved.new_chat_id, now)
            facts: dict[str, Fact] = {"old": known.chat_id, "new": moved.new_chat_id}
            owed = [Notice("delivery.group_moved", BOARD, facts=facts, priority=Priority.REPORT)]
            if is_in_group(notice) and self._cards_in_group is not None:
                owed += await self._cards_in_group(tx, None)
            await tx.outbox.owe(owed, now)
        log.warning("group %d is now %d", known.chat_id, moved.new_chat_id)

    async def _text(self, errand: Errand, outgoing: Outgoing) -> None:
        """Hand an SMS over."""
        notice = errand.notice
        if not outgoing.phone:
            await self._give_up(errand, "no number", "delivery.sms_failed")
            return
        if errand.owed.perhaps_sent and notice.when_unknown is WhenUnknown.DROP:
            await self._end(errand, HowEnded.DROPPED, "perhaps sent before")
            return
        self._may_go(errand)
        result = await self._sms.send(outgoing.phone, outgoing.text, f"smt-{errand.owed.id}")
        if isinstance(result, SmsRejected):
            await self._give_up(errand, result.reason, "delivery.sms_failed")
        elif isinstance(result, SmsAccepted):
            facts: dict[str, Fact] = {
                "kind": notice.kind,
                "to": str(notice.to),
                "id": result.id,
                "parts": result.parts,
            }
            self._tally.sent += 1
            self.counts.sent += 1
            await self._arrived(errand, (), [Event("sms.accepted", facts)])
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


def _unprepared() -> None:
    """Nothing is known yet of what will be said."""


def _shares(notice: Notice) -> bool:
    """Whether it may end as others do that go with it."""
    return notice.card is None and notice.valid_until is None and notice.when_unknown is WhenUnknown.AGAIN


def _only_informs(outgoing: Outgoing) -> bool:
    """Nothing but words that ring nobody: it may share a message."""
    return not (
        outgoing.rings
        or outgoing.buttons
        or outgoing.file
        or outgoing.protected
        or outgoing.has_patient_facts
        or outgoing.document
        or outgoing.reply_to
        or outgoing.pinned
        or outgoing.topic_closed
    )
