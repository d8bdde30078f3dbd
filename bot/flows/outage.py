"""Nobody was there, or Telegram was not: what came of it is told to OSNP once."""

from datetime import datetime, timedelta
from typing import Any

from bot.domain import outage
from bot.domain.mission import Mission
from bot.domain.outcome import BOARD, Answer, Event, Fact, Notice, Priority, SetTimer, Timer, TimerKind
from bot.domain.people import MissionId, Person
from bot.flows.record import actor_of
from bot.ports import Given, Transaction

#: A shorter absence is a restart: nobody missed anything that five minutes of patience do not mend.
ABSENCE = timedelta(minutes=2)

#: The late timers ring first; the account waits for them, but not for ever.
WAIT = timedelta(seconds=5)
WAITS = 24

BOT, TELEGRAM = "bot", "telegram"


async def somebody_is_back(given: Given, tx: Transaction, worker: str) -> None:
    """The first worker after an absence sees to its account; before its own first sign of life."""
    now, last = given.now(), await tx.workers.last_seen()
    if last is None or now - last <= ABSENCE:
        return
    # Two may start at once; whoever comes second waits here and is refused.
    if await tx.leases.take("outage", worker, 60.0):
        await _set_account(tx, BOT, last, now)


async def telegram_lost(given: Given, since: datetime) -> None:
    """Telegram has not answered for a while."""
    async with given.storage.transaction() as tx:
        await tx.journal.write(
            None, [Event("outage.telegram_lost", {"since": since.isoformat()})], None, given.now()
        )


async def telegram_is_back(given: Given, since: datetime, until: datetime) -> None:
    """It answers again: one account, although several workers may have missed it."""
    async with given.storage.transaction() as tx:
        told = await tx.journal.between(since, given.now() + timedelta(seconds=1), "outage.account_due")
        if not any(line.facts.get("why") == TELEGRAM for line in told):
            await _set_account(tx, TELEGRAM, since, until)


async def _set_account(tx: Transaction, why: str, since: datetime, until: datetime) -> None:
    since, until = _as_on_button(since), _as_on_button(until)
    facts: dict[str, Fact] = {"why": why, "since": since.isoformat(), "until": until.isoformat()}
    await tx.journal.write(None, [Event("outage.account_due", facts)], None, until)
    await tx.timers.apply(None, [SetTimer(TimerKind.ACCOUNT, until, key=why, facts=facts)], until)


async def account_due(given: Given, timer: Timer) -> None:
    """What was late has rung by now: told, when there is anything to tell."""
    since, until = _between(timer.facts)
    waited = int(timer.facts.get("waited") or 0)
    async with given.storage.transaction() as tx:
        if not await tx.timers.rung(timer, given.now()):
            return
        now, first = given.now(), await tx.timers.next_due()
        if first is not None and first < until and waited < WAITS:
            facts = {**timer.facts, "waited": waited + 1}
            again = SetTimer(TimerKind.ACCOUNT, now + WAIT, key=timer.key, facts=facts)
            await tx.timers.apply(None, [again], now)
            return
        await tx.outbox.expire(now)
        told = await _account(tx, since, until, now)
        facts = {**timer.facts, "late": len(told.late), "expired": len(told.expired), "lost": told.lost}
        await tx.journal.write(None, [Event("outage.told", {**facts, "said": not told.is_empty})], None, now)
        if not told.is_empty:
            await tx.outbox.owe([_notice(timer.facts, now)], now)


def _as_on_button(moment: datetime) -> datetime:
    """Milliseconds: so «Vu» finds the account by its hours."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _between(facts: Any) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(str(facts["since"])), datetime.fromisoformat(str(facts["until"]))


def _notice(facts: Any, now: datetime, **more: Fact) -> Notice:
    return Notice(
        "outage.account",
        BOARD,
        facts={
            "why": facts["why"],
            "since": facts["since"],
            "until": facts["until"],
            "said": now.isoformat(),
            **more,
        },
        priority=Priority.RECEIPT,
        card=f"outage:{facts['why']}:{facts['until']}",
    )


async def _account(tx: Transaction, since: datetime, until: datetime, now: datetime) -> outage.Account:
    late = await tx.timers.late(since, until)
    unsent = await tx.outbox.unsent(since, now + timedelta(seconds=1))
    missions = {mission.id: mission for mission in await tx.missions.unfinished()}
    ids = {timer.mission for timer in late} | {u.mission for u in unsent}
    others = await tx.missions.many(MissionId(i) for i in ids if i is not None and i not in missions)
    every = sorted((missions | others).values(), key=lambda mission: mission.id)
    return outage.account(every, late, unsent, await tx.inbox.set_aside_since(since), until, now)


async def account_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """The account as it was when it was told."""
    since, until = _between(notice.facts)
    said = datetime.fromisoformat(str(notice.facts["said"]))
    return {"account": await _account(tx, since, until, said)}


async def seen(
    given: Given, by: Person, why: str, since: datetime, until: datetime, said: datetime
) -> Answer:
    """«Vu»."""
    facts = {"why": why, "since": since.isoformat(), "until": until.isoformat()}
    async with given.storage.transaction() as tx:
        now = given.now()
        await tx.journal.write(None, [Event("outage.seen", facts)], actor_of(by), now)
        notice = _notice(facts, said, by=by.first_name, at=now.isoformat())
        await tx.outbox.owe([notice], now)
    return Answer("outage.seen")
