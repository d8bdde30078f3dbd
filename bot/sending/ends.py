"""How an errand ends: delivered, put off, given up, nobody there. What follows is in the same commit."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.bell import Bell
from bot.domain.outcome import Event, Notice, PlaceKind, WhenUnknown
from bot.domain.people import PersonId
from bot.failures import Refused, UnknownOutcome
from bot.ports import Ended, Given, HowEnded, Owed, SentMessage, Tally, Transaction
from bot.recorder import Ending, Recorder, Then
from bot.sending.blocked import Blocked
from bot.sending.errand import Errand, PutOff
from bot.threads import mission_of
from bot.undelivered import GroupOutage, is_in_group, not_said, report

log = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(seconds=60)
CLOSEST = timedelta(milliseconds=50)
MOST_FAILED = 10_000  # rows whose failures are counted; withdrawn ones are never heard of again

#: Called in the transaction that records the end of a notice, by the notice's kind.
OnDelivered = Callable[[Transaction, Notice, datetime], Awaitable[None]]
OnGivenUp = Callable[[Transaction, Notice, str, datetime], Awaitable[None]]
#: Called where a person is found to be out of reach, whatever the notice was.
OnLost = Callable[[Transaction, PersonId, datetime], Awaitable[None]]


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


class Ends:
    """Writes each of them down."""

    def __init__(
        self,
        given: Given,
        recorder: Recorder,
        group_outage: GroupOutage,
        blocked: Blocked,
        bell: Bell,
        *,
        on_delivered: Mapping[str, OnDelivered],
        on_given_up: Mapping[str, OnGivenUp],
        on_unreachable: Mapping[str, OnGivenUp],
        on_lost: OnLost | None,
    ) -> None:
        self._given = given
        self._recorder = recorder
        self._group_outage = group_outage
        self._blocked = blocked
        self._bell = bell
        self._on_delivered = on_delivered
        self._on_given_up = on_given_up
        self._on_unreachable = on_unreachable  # OSNP are told in the column's own way
        self._on_lost = on_lost
        self._failed: dict[int, int] = {}  # by outbox row: tries that failed, in this process
        self.counts = Counts()
        self.tally = Tally()

    async def record(
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
            self.tally.dropped += 1
            self.counts.dropped += 1
        elif how is HowEnded.EXPIRED:
            self.counts.expired += 1

    async def delivered(self, errand: Errand, sent: list[SentMessage]) -> None:
        """Telegram has taken all of it; that somebody was shown a fact of the patient is in the journal."""
        events = []
        if any(message.has_patient_facts for message in sent):
            notice = errand.notice
            events.append(Event("disclosure.shown", {"kind": notice.kind, "to": str(notice.to)}))
        await self.arrived(errand, sent, events)

    async def arrived(self, errand: Errand, sent: Sequence[SentMessage], events: Sequence[Event]) -> None:
        """It has arrived, and what follows from that is in the same commit."""
        now = self._given.now()
        follow = [
            (then, row.notice)
            for row in errand.rows
            if (then := self._on_delivered.get(row.notice.kind)) is not None
        ]

        async def follows(tx: Transaction) -> None:
            for then, notice in follow:
                await then(tx, notice, now)

        try:
            await self.record(
                errand, HowEnded.DELIVERED, sent=sent, events=events, then=follows if follow else None
            )
        except Exception:
            if not follow:
                raise
            # It has arrived, whatever should have followed: it must not arrive again and again.
            log.exception("what follows from notice %d (%s) failed", errand.owed.id, errand.notice.kind)
            await self.record(errand, HowEnded.DELIVERED, sent=sent, events=events)

    async def keep_parts(self, sent: list[SentMessage]) -> None:
        """Remember the messages of one that went in part only."""
        if sent:
            async with self._given.storage.transaction() as tx:
                await tx.sent.save_all([replace(message, card=None) for message in sent])

    async def group_reached(self) -> None:
        """The OSNP group has taken something: if it was lost, it is back."""
        await self._group_outage.reached()

    async def later(self, errand: Errand, later: PutOff) -> None:
        """It stays owed, until then."""
        until = max(later.until, self._given.now() + CLOSEST)
        waiting = (*errand.rows, *(line for line, _ in errand.behind))
        errand.behind = []
        ends = tuple(
            Ended(row, HowEnded.LATER, until=until, perhaps_sent=later.perhaps_sent or row.perhaps_sent)
            for row in waiting
        )
        await self._recorder.record(Ending(ends))
        self.tally.postponed += len(ends)

    async def unknown(self, errand: Errand, failure: UnknownOutcome) -> None:
        """Nobody knows whether it was sent: again or dropped, as the notice says."""
        self.counts.unknown += 1
        log.warning("notice %d (%s): nobody knows (%s)", errand.owed.id, errand.notice.kind, failure.said)
        if errand.notice.when_unknown is WhenUnknown.DROP:
            await self.record(errand, HowEnded.DROPPED, "nobody knows whether it was sent")
        else:
            await self.later(errand, PutOff(self.pause(errand.owed), perhaps_sent=True))

    async def unreachable(self, errand: Errand, failure: Refused) -> None:
        """Nobody is there."""
        if is_in_group(errand.notice):
            # Nobody else could be told there: it stays owed, and its people are told in private.
            until = await self._group_outage.failed(failure.said)
            self._blocked.until(errand.notice.to, until)
            await self.later(errand, PutOff(until))
            return
        await self.give_up(errand, failure.said, "delivery.unreachable")

    async def give_up(self, errand: Errand, reason: str, kind: str) -> None:
        """It cannot be delivered: OSNP are told in the same commit."""
        now = self._given.now()

        async def told(tx: Transaction) -> None:
            reports: list[Notice] = []
            for row in errand.rows:
                notice = row.notice
                own = None
                if kind == "delivery.unreachable" and notice.to.kind is PlaceKind.PERSON:
                    person = PersonId(notice.to.id)
                    await tx.people.set_reachable(person, reachable=False, now=now)
                    if self._on_lost is not None:
                        await self._on_lost(tx, person, now)
                    own = self._on_unreachable.get(notice.kind)
                if (then := self._on_given_up.get(notice.kind)) is not None:
                    await then(tx, notice, reason, now)
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

        await self.record(errand, HowEnded.GIVEN_UP, reason, then=told)
        self.counts.given_up += len(errand.rows)
        self.tally.given_up += len(errand.rows)
        self.tally.undeliverable += [(row.notice.to, reason) for row in errand.rows]
        self._bell.ring()

    def failed(self, owed: Owed) -> int:
        """How many of its tries have failed."""
        return self._failed.get(owed.id, 0)

    def count(self, owed: Owed) -> int:
        """One more of its tries has failed: how many by now."""
        if len(self._failed) > MOST_FAILED:
            self._failed.clear()
        self._failed[owed.id] = self._failed.get(owed.id, 0) + 1
        return self._failed[owed.id]

    def pause(self, owed: Owed) -> datetime:
        """After each failure twice as long, up to a minute."""
        pause = timedelta(seconds=2.0 ** min(self.count(owed) - 1, 6))
        return self._given.now() + min(pause, LONGEST_PAUSE)
