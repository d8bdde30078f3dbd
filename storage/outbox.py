"""What is owed to people, and how far each of it has come.

A lane is one mission at one place; only its oldest unfinished row may be claimed, so order is kept
within it. A row is finished exactly once, by whoever holds the lease it was last claimed under.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, and_, bindparam, func, insert, or_, select, update

from bot.domain.outage import Unsent
from bot.domain.outcome import Notice, Place, PlaceKind, Priority, WhenUnknown, Withdrawal
from bot.domain.people import MissionId
from bot.ports import Ended, Gone, HowEnded, Owed
from storage import codec
from storage.connected import Connected, RealNow, lane_of
from storage.prepared import Record
from storage.tables import OutboxState, outbox, quoted
from storage.vault import row_of

_OWED = outbox.c.state == quoted(OutboxState.OWED)
_SENDING = outbox.c.state == quoted(OutboxState.SENDING)
_UNFINISHED = outbox.c.finished_at.is_(None)

_earlier = outbox.alias("earlier")
# A look-up for each row, which no planner turns into a join of everything owed with everything owed.
_HEAD_OF_LANE = outbox.c.id == (
    select(func.min(_earlier.c.id))
    .where(_earlier.c.lane == outbox.c.lane, _earlier.c.finished_at.is_(None))
    .correlate(outbox)
    .scalar_subquery()
)

_ADD = insert(outbox)
_WAITING_CARDS = (
    select(
        outbox.c.id,
        outbox.c.lane,
        outbox.c.card,
        outbox.c.fresh,
        outbox.c.only_if_there,
        outbox.c.priority,
        outbox.c.valid_until,
        outbox.c.when_unknown,
    )
    .where(_UNFINISHED, _OWED, outbox.c.card.is_not(None))
    .where(outbox.c.lane.in_(bindparam("lanes", expanding=True)))
    .order_by(outbox.c.id)
    # What another decision or a claim holds is passed over, and drawn once more: owing waits for nobody.
    .with_for_update(skip_locked=True)
)
_REDRAW = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "kind",
                "fresh",
                "only_if_there",
                "priority",
                "epoch",
                "valid_until",
                "when_unknown",
                "body",
            )
        }
    )
)


def _free_rows(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Those that nobody else is deciding on: a claim waits for no decision, so it is never in a deadlock."""
    return outbox.c.id.in_(select(outbox.c.id).where(*conditions).with_for_update(skip_locked=True))


_LEASE_IS_OVER = (
    update(outbox)
    .where(_free_rows(_SENDING, outbox.c.lease_until < RealNow()))
    .values(state=OutboxState.OWED.value, perhaps_sent=True)
)
_EXPIRE = (
    update(outbox)
    .where(_free_rows(_OWED, outbox.c.valid_until.is_not(None), outbox.c.valid_until < bindparam("now")))
    .values(state=OutboxState.EXPIRED.value, finished_at=bindparam("now"), body=None)
)
_CLAIMABLE = (
    select(outbox)
    .where(_OWED, outbox.c.due_at <= bindparam("now"), _HEAD_OF_LANE)
    .order_by(outbox.c.priority, outbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIMABLE_ELSEWHERE = _CLAIMABLE.where(
    outbox.c.place.not_in(bindparam("places", expanding=True)),
    outbox.c.place_kind.not_in(bindparam("kinds", expanding=True)),
)
_CLAIM = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=OutboxState.SENDING.value,
        attempts=outbox.c.attempts + 1,
        lease=bindparam("new_lease"),
        lease_until=RealNow() + bindparam("seconds"),
    )
)


def _withdraw(*, place: bool, epoch: bool, unless_seen: bool) -> Update:
    """For a place or any, an epoch or any; what perhaps stands on a screen is left alone, or not."""
    statement = (
        update(outbox)
        .where(
            _OWED,
            _UNFINISHED,
            outbox.c.mission == bindparam("of_mission"),
            outbox.c.kind == bindparam("of_kind"),
        )
        .values(state=OutboxState.WITHDRAWN.value, finished_at=bindparam("now"), body=None)
    )
    if place:
        statement = statement.where(outbox.c.place == bindparam("of_place"))
    if epoch:
        statement = statement.where(outbox.c.epoch == bindparam("of_epoch"))
    return statement.where(outbox.c.perhaps_sent.is_(False)) if unless_seen else statement


_WITHDRAW = {
    (place, epoch, unless_seen): _withdraw(place=place, epoch=epoch, unless_seen=unless_seen)
    for place, epoch, unless_seen in product((False, True), repeat=3)
}

_WITHDRAW_OF_NO_MISSION = (
    update(outbox)
    .where(_OWED, _UNFINISHED, outbox.c.lane == bindparam("of_lane"), outbox.c.kind == bindparam("of_kind"))
    .where(outbox.c.perhaps_sent.is_(False))
    .values(state=OutboxState.WITHDRAWN.value, finished_at=bindparam("now"), body=None)
)

# A lease that ran out still finishes its row as long as nobody has claimed it again: what is done is done.
_MINE = and_(outbox.c.id == bindparam("row_id"), outbox.c.lease == bindparam("my_lease"), _UNFINISHED)
_FINISH = (
    update(outbox)
    .where(_MINE)
    .values(state=bindparam("state"), finished_at=bindparam("now"), reason=bindparam("reason"), body=None)
)
_POSTPONE = (
    update(outbox)
    .where(_MINE)
    .values(
        state=OutboxState.OWED.value,
        due_at=bindparam("until"),
        perhaps_sent=or_(outbox.c.perhaps_sent, bindparam("maybe")),
        lease_until=None,
    )
)
_BRING_FORWARD = (
    update(outbox)
    .where(_OWED, _UNFINISHED, outbox.c.due_at > bindparam("now"))
    .values(due_at=bindparam("now"))
)
_TAKE_BACK = update(outbox).where(_SENDING).values(state=OutboxState.OWED.value, perhaps_sent=True)
_TAKE_BACK_OTHERS = _TAKE_BACK.where(outbox.c.id.not_in(bindparam("kept", expanding=True)))
_BEHIND = (
    select(outbox)
    .where(outbox.c.lane == bindparam("of_lane"), outbox.c.id > bindparam("behind"), _UNFINISHED)
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_BEHIND_AND_FREE = _BEHIND.with_for_update(skip_locked=True)
_WAITING = select(func.count()).select_from(outbox).where(_UNFINISHED)
_OLDEST = select(func.min(outbox.c.created_at)).where(
    _UNFINISHED, outbox.c.place_kind.in_(bindparam("kinds", expanding=True))
)
_UNSENT = select(outbox.c.kind, outbox.c.mission, outbox.c.state).where(
    outbox.c.finished_at.is_not(None),
    outbox.c.finished_at >= bindparam("since"),
    outbox.c.finished_at < bindparam("until"),
    outbox.c.state.in_([quoted(OutboxState.EXPIRED), quoted(OutboxState.GIVEN_UP)]),
)
_GONE = (
    select(outbox.c.place, outbox.c.mission, outbox.c.finished_at)
    .where(
        outbox.c.finished_at.is_not(None),
        outbox.c.finished_at >= bindparam("since"),
        outbox.c.state == quoted(OutboxState.DELIVERED),
    )
    .order_by(outbox.c.finished_at)
)
_GOING = select(outbox.c.place, outbox.c.mission, outbox.c.finished_at).where(_SENDING)
_WAITING_OF = select(outbox.c.place).where(
    _OWED, outbox.c.mission == bindparam("of_mission"), outbox.c.kind == bindparam("of_kind")
)
_EXPIRED_OF = select(outbox.c.place).where(
    outbox.c.finished_at.is_not(None),
    outbox.c.finished_at >= bindparam("since"),
    outbox.c.state == quoted(OutboxState.EXPIRED),
    outbox.c.mission == bindparam("of_mission"),
    outbox.c.kind == bindparam("of_kind"),
)
_NEWEST_GONE = (
    select(outbox.c.kind)
    .where(
        outbox.c.finished_at.is_not(None),
        outbox.c.finished_at >= bindparam("since"),
        outbox.c.lane == bindparam("of_lane"),
        outbox.c.card == bindparam("of_card"),
        or_(outbox.c.state == quoted(OutboxState.DELIVERED), outbox.c.perhaps_sent),
    )
    .order_by(outbox.c.id.desc())
    .limit(1)
)
_NEXT_DUE = (
    select(outbox.c.due_at).where(_OWED, _UNFINISHED, _HEAD_OF_LANE).order_by(outbox.c.due_at).limit(1)
)

#: How many lanes are looked up at once when a thousand cards are redrawn.
LANES_AT_ONCE = 500


@dataclass(slots=True)
class _Card:
    """A row not yet sent that a redraw of the same card may replace: stored already, or about to be."""

    id: int | None
    values: dict[str, Any]


class SqlOutbox:
    """`bot.ports.Outbox`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def owe(self, notices: Sequence[Notice], now: datetime) -> None:
        cards = await self._waiting_cards(notices)
        added: list[dict[str, Any]] = []
        redrawn: dict[int, dict[str, Any]] = {}
        for notice in notices:
            values = self._columns(notice, now)
            card = cards.get((values["lane"], notice.card)) if notice.card else None
            if card is not None and not notice.fresh:
                _redraw(card.values, values)
                if card.id is not None:
                    redrawn[card.id] = card.values
                continue
            added.append(values)
            if notice.card:
                cards[values["lane"], notice.card] = _Card(None, values)
        await self._db.later(_REDRAW, [{"row_id": row_id} | redrawn[row_id] for row_id in sorted(redrawn)])
        await self._db.later(_ADD, added)

    async def withdraw(self, withdrawals: Sequence[Withdrawal], now: datetime) -> None:
        # In one order for every decision: two that take back the same rows wait for each other once.
        for of in sorted(withdrawals, key=lambda of: (of.mission or 0, of.kind, str(of.to or ""))):
            if of.mission is None:
                assert of.to is not None  # noqa: S101 - of no mission and of nobody would be everything
                here = {"of_lane": lane_of(of.to, None), "of_kind": of.kind, "now": now}
                await self._db.later(_WITHDRAW_OF_NO_MISSION, here)
                continue
            values = {"of_mission": of.mission, "of_kind": of.kind, "now": now}
            if of.to is not None:
                values["of_place"] = str(of.to)
            if of.epoch is not None:
                values["of_epoch"] = of.epoch
            statement = _WITHDRAW[of.to is not None, of.epoch is not None, of.unless_seen]
            await self._db.later(statement, values)

    async def claim(
        self,
        now: datetime,
        limit: int,
        *,
        skip_places: Iterable[Place] = (),
        skip_kinds: Iterable[PlaceKind] = (),
        lease_seconds: float = 60.0,
    ) -> list[Owed]:
        await self._db.run(_LEASE_IS_OVER)
        places, kinds = [str(place) for place in skip_places], [kind.value for kind in skip_kinds]
        if places or kinds:
            rows = await self._db.rows(_CLAIMABLE_ELSEWHERE, now=now, most=limit, places=places, kinds=kinds)
        else:
            rows = await self._db.rows(_CLAIMABLE, now=now, most=limit)
        if not rows:
            return []
        return await self._claimed(rows, lease_seconds)

    async def claim_behind(
        self, owed: Owed, now: datetime, kinds: Iterable[str], most: int, lease_seconds: float = 60.0
    ) -> list[Owed]:
        lane = lane_of(owed.notice.to, owed.notice.mission)
        here: dict[str, Any] = {"of_lane": lane, "behind": owed.id, "most": most}
        ids = [row.id for row in await self._db.rows(_BEHIND, **here)]
        wanted = frozenset(kinds)
        taken: list[Record] = []
        for row, row_id in zip(await self._db.rows(_BEHIND_AND_FREE, **here), ids, strict=False):
            ready = row.state == OutboxState.OWED and row.due_at <= now
            # Somebody decides on one in between: what is behind it must wait.
            if row.id != row_id or not ready or row.card is not None or row.kind not in wanted:
                break
            taken.append(row)
        return await self._claimed(taken, lease_seconds) if taken else []

    async def _claimed(self, rows: Sequence[Record], lease_seconds: float) -> list[Owed]:
        lease = uuid.uuid4().hex
        await self._db.run(_CLAIM, ids=[row.id for row in rows], new_lease=lease, seconds=lease_seconds)
        return [self._owed(row, lease) for row in rows]

    async def expire(self, now: datetime) -> int:
        return await self._db.run(_EXPIRE, now=now)

    async def end(self, ends: Sequence[Ended], now: datetime) -> None:
        finished = [
            {
                "row_id": end.owed.id,
                "my_lease": end.owed.lease,
                "state": OutboxState(end.how.value).value,
                "reason": end.reason,
                "now": now,
            }
            for end in ends
            if end.how is not HowEnded.LATER
        ]
        later = [
            {
                "row_id": end.owed.id,
                "my_lease": end.owed.lease,
                "until": end.until or now,
                "maybe": end.perhaps_sent,
            }
            for end in ends
            if end.how is HowEnded.LATER
        ]
        await self._db.run_many(_FINISH, finished)
        await self._db.run_many(_POSTPONE, later)

    async def take_back_claims(self, keep: Iterable[int] = ()) -> int:
        kept = list(keep)
        if kept:
            return await self._db.run(_TAKE_BACK_OTHERS, kept=kept)
        return await self._db.run(_TAKE_BACK)

    async def bring_forward(self, now: datetime) -> int:
        return await self._db.run(_BRING_FORWARD, now=now)

    async def waiting(self) -> int:
        return int(await self._db.value(_WAITING))

    async def oldest(self, kinds: Iterable[PlaceKind]) -> datetime | None:
        since: datetime | None = await self._db.value(_OLDEST, kinds=[kind.value for kind in kinds])
        return since

    async def unsent(self, since: datetime, until: datetime) -> list[Unsent]:
        rows = await self._db.rows(_UNSENT, since=since, until=until)
        return [Unsent(row.kind, row.mission, row.state == OutboxState.EXPIRED.value) for row in rows]

    async def never_sent(self, mission: MissionId, kind: str, since: datetime) -> set[Place]:
        of = {"of_mission": mission, "of_kind": kind}
        rows = [*await self._db.rows(_WAITING_OF, **of), *await self._db.rows(_EXPIRED_OF, since=since, **of)]
        return {Place.read(row.place) for row in rows}

    async def gone_since(self, since: datetime) -> list[Gone]:
        rows = [*await self._db.rows(_GONE, since=since), *await self._db.rows(_GOING)]
        return [Gone(Place.read(row.place), row.mission, row.finished_at) for row in rows]

    async def newest_gone(self, place: Place, mission: MissionId, card: str, since: datetime) -> str | None:
        kind: str | None = await self._db.value(
            _NEWEST_GONE, of_lane=lane_of(place, mission), of_card=card, since=since
        )
        return kind

    async def next_due(self) -> datetime | None:
        due: datetime | None = await self._db.value(_NEXT_DUE)
        return due

    async def _waiting_cards(self, notices: Sequence[Notice]) -> dict[tuple[str, str], _Card]:
        """For each card redrawn by `notices`, its newest row that has not begun to be sent."""
        lanes = sorted({lane_of(n.to, n.mission) for n in notices if n.card and not n.fresh})
        found: dict[tuple[str, str], _Card] = {}
        for start in range(0, len(lanes), LANES_AT_ONCE):
            for row in await self._db.rows(_WAITING_CARDS, lanes=lanes[start : start + LANES_AT_ONCE]):
                found[row.lane, row.card] = _Card(
                    row.id,
                    {
                        "fresh": row.fresh,
                        "only_if_there": row.only_if_there,
                        "priority": row.priority,
                        "valid_until": row.valid_until,
                        "when_unknown": row.when_unknown,
                    },
                )
        return found

    def _columns(self, notice: Notice, now: datetime) -> dict[str, Any]:
        lane = lane_of(notice.to, notice.mission)
        return {
            "lane": lane,
            "place": str(notice.to),
            "place_kind": notice.to.kind.value,
            "mission": notice.mission,
            "kind": notice.kind,
            "card": notice.card,
            "fresh": notice.fresh,
            "only_if_there": notice.only_if_there,
            "priority": int(notice.priority),
            "epoch": notice.epoch,
            "valid_until": notice.valid_until,
            "when_unknown": notice.when_unknown.value,
            "body": self._db.vault.seal(codec.FACTS.to_bytes(notice.facts), sealed_for(lane)),
            "state": OutboxState.OWED.value,
            "created_at": now,
            "due_at": now,
            "attempts": 0,
            "perhaps_sent": False,
        }

    def _owed(self, row: Record, lease: str) -> Owed:
        facts = codec.FACTS.read(self._db.vault.open(row.body, sealed_for(row.lane)))
        notice = Notice(
            kind=row.kind,
            to=Place.read(row.place),
            mission=None if row.mission is None else MissionId(row.mission),
            facts=facts,
            priority=Priority(row.priority),
            card=row.card,
            fresh=row.fresh,
            only_if_there=row.only_if_there,
            epoch=row.epoch,
            valid_until=row.valid_until,
            when_unknown=WhenUnknown(row.when_unknown),
        )
        return Owed(row.id, notice, row.attempts, lease, row.created_at, row.perhaps_sent)


def claimable() -> Select[Any]:
    """The query behind `claim`, for those who read its plan."""
    return _CLAIMABLE


def sealed_for(lane: str) -> str:
    """A body belongs to its lane: it opens for no other recipient and no other mission."""
    return row_of("outbox", "body", lane)


def _redraw(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    """Put the later drawing in the earlier one's place, without losing what the earlier one owed."""
    untils = earlier["valid_until"], later["valid_until"]
    again = WhenUnknown.AGAIN.value in (earlier["when_unknown"], later["when_unknown"])
    earlier.update(
        kind=later["kind"],
        epoch=later["epoch"],
        body=later["body"],
        fresh=earlier["fresh"] or later["fresh"],
        only_if_there=earlier["only_if_there"] and later["only_if_there"],
        priority=min(earlier["priority"], later["priority"]),
        valid_until=None if None in untils else max(untils),
        when_unknown=(WhenUnknown.AGAIN if again else WhenUnknown.DROP).value,
    )
