"""Requests to act, rung again; and the round that finds missions for which nothing is to come."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import watch
from bot.domain.mission import Mission
from bot.domain.outcome import Answer, Notice, Priority, Timer, TimerKind, WhenUnknown
from bot.domain.people import MissionId, Person, PersonId, Role
from bot.flows.record import actor_of, record, rung
from bot.ports import Given, Transaction

GONE = Answer("search.gone")

#: These only ask a question beside the mission, or forget it: they do not carry it on.
ASIDE = frozenset({TimerKind.NIGHT_OWNER.value, TimerKind.FORGET.value})

#: How many forgotten missions one round mends, and how far back it looks for calls owed by closed ones.
AT_ONCE = 100
CLOSED_SINCE = timedelta(days=3)


async def untouched(given: Given, timer: Timer) -> None:
    """Whoever must act has not."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            others = await _others(given, tx, mission)
            outcome = watch.ring(mission, timer.key, timer.epoch, others, given.now())
            await record(given, tx, outcome, "timer")


async def _others(given: Given, tx: Transaction, mission: Mission) -> watch.Others:
    """Who may be asked instead, the next one after the operator first. An exercice rings nobody else."""
    fallback = given.region.fallback
    if mission.exercise:
        return watch.Others()

    async def of_role(role: Role) -> tuple[PersonId, ...]:
        found = [p.id for p in await tx.people.all(role) if p.on_telegram and p.reachable]
        found.sort(key=lambda person: (person <= mission.operator, person))
        return tuple(person for person in found if person != mission.operator)

    return watch.Others(
        operators=await of_role(Role.OSNP) if fallback.operator else (),
        coordinateurs=await of_role(Role.COORDINATEUR) if fallback.coordinateur else (),
        sms=fallback.sms,
    )


async def take(given: Given, by: Person, mission_id: MissionId, key: str, epoch: int) -> Answer:
    """«Je m'en occupe»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = watch.take(mission, key, epoch, by.id, given.now())
        return await record(given, tx, outcome, actor_of(by))


async def said_again(tx: Transaction, notice: Notice, now: datetime) -> None:
    """A request has come anew: the message that asked before says so, and asks nothing any more."""
    if not notice.fresh or notice.mission is None or notice.card is None:
        return
    before = await tx.sent.card(notice.to, notice.mission, notice.card)
    if before is None:
        return
    card = f"before:{before.message_id}"
    await tx.sent.save(replace(before, card=card))
    shut = Notice(
        "watch.before",
        notice.to,
        notice.mission,
        facts={"hour": now.isoformat()},
        priority=Priority.CARD,
        card=card,
        only_if_there=True,
        when_unknown=WhenUnknown.DROP,
    )
    await tx.outbox.owe([shut], now)


async def look_for_forgotten(given: Given) -> int:
    """Every mission that waits for somebody has a timer to come: where none is, mended and told. How many."""
    now = given.now()
    async with given.storage.transaction() as tx:
        found = await tx.timers.missions_without(TimerKind.UNTOUCHED, now - CLOSED_SINCE, AT_ONCE)
    return sum([await _mend(given, mission) for mission in found])


async def _mend(given: Given, mission_id: MissionId) -> bool:
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return False
        kinds = {timer.kind for timer in await tx.timers.of_mission(mission_id)}
        if TimerKind.UNTOUCHED in kinds:
            return False
        # A mission of before there was a watch goes on by itself: no need to frighten anybody.
        outcome = watch.repair(mission, given.now(), told=not kinds - ASIDE)
        await record(given, tx, outcome, "timer")
        return bool(outcome.events)


async def asked_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Whether it is still asked, who said to see to it, who is asked instead."""
    if mission is None:
        return {}
    asked = watch.request(mission, str(notice.facts["key"]), notice.epoch)
    others = [PersonId(int(n)) for n in str(notice.facts.get("others") or "").split(",") if n]
    taker = asked.taken_by if asked is not None else None
    people = await tx.people.many([*others, *([taker] if taker is not None else [])])
    return {
        "asked": asked,
        "taker": people.get(taker) if taker is not None else None,
        "others": [people[person] for person in others if person in people],
    }
