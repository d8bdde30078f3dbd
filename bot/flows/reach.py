"""Whether people can be reached: tried once a month without a sound, by themselves with `/joignable`.

OSNP are told whom they must phone, with the number. Knows no words.
"""

from datetime import datetime, timedelta
from typing import Any

from bot.domain import by_phone, search
from bot.domain.availability import ASKED, why_not
from bot.domain.calendar import service_hours
from bot.domain.mission import IdelOffer, IdelOfferState, Mission
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Place,
    PlaceKind,
    Priority,
    SetTimer,
    Timer,
    TimerKind,
    WhenUnknown,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import MissionId, Organisation, Person, PersonId, Role
from bot.domain.region import Region
from bot.flows import presence
from bot.flows.record import actor_of, record, rung
from bot.ports import Given, Transaction

#: Everybody is tried so often.
EVERY_PERSON = timedelta(days=30)

#: A try of which nothing came back counts for so long.
TRIED = timedelta(days=1)

#: A few at a time, while the service is open: five thousand people take three weeks.
PAUSE = timedelta(minutes=10)
AT_ONCE = 5

#: Of a list so many are named in the group; the rest is told to whoever asks, in private.
NAMED = 10

#: Timers of no mission are kept under this number.
NO_MISSION = MissionId(0)


# ---- once a month ----------------------------------------------------------------------------------------


async def keep_checking(given: Given) -> bool:
    """See to it that people will be tried; whether nobody had."""
    async with given.storage.transaction() as tx:
        if any(timer.kind == TimerKind.REACH_CHECK for timer in await tx.timers.of_mission(NO_MISSION)):
            return False
        await _check_at(tx, given, _next_open(given.region, given.now() + PAUSE))
        return True


async def check_due(given: Given, timer: Timer) -> None:
    """Try the next few, unless somebody waits for something or the service is closed."""
    async with given.storage.transaction() as tx:
        now = given.now()
        if not await tx.timers.rung(timer, now):
            return
        hours = service_hours(given.region, now)
        is_busy = await tx.outbox.oldest((PlaceKind.PERSON,)) is not None
        people: list[Person] = []
        if hours.closes_at is not None and not is_busy:
            people = await tx.people.to_check(now - EVERY_PERSON, AT_ONCE)
            await tx.people.checked([person.id for person in people], now - EVERY_PERSON + TRIED)
            await tx.outbox.owe([_check(person.id) for person in people], now)
        is_done = hours.closes_at is not None and not is_busy and len(people) < AT_ONCE
        await _check_at(tx, given, _next_open(given.region, hours.closes_at if is_done else now + PAUSE))


async def tried(tx: Transaction, notice: Notice, now: datetime) -> None:
    """The silent try has come to where they would read it."""
    await tx.people.checked([PersonId(notice.to.id)], now)


def _check(person: PersonId) -> Notice:
    return Notice("reach.check", to_person(person), priority=Priority.REPORT, when_unknown=WhenUnknown.DROP)


async def _check_at(tx: Transaction, given: Given, at: datetime) -> None:
    await tx.timers.apply(None, [SetTimer(TimerKind.REACH_CHECK, at)], given.now())


def _next_open(region: Region, at: datetime | None) -> datetime:
    assert at is not None  # noqa: S101 - closing hours are asked for while it is open
    hours = service_hours(region, at)
    return at if hours.is_open else hours.next_opening or at + EVERY_PERSON


async def found_unreachable(tx: Transaction, notice: Notice, reason: str, now: datetime) -> None:
    """The silent try came back refused: OSNP learn it before a mission needs them."""
    person = PersonId(notice.to.id)
    await tx.journal.write(None, [Event("presence.blocked", {"person": person})], "timer", now)
    await tx.outbox.owe([presence.announce_blocked(person)], now)


# ---- at a broadcast --------------------------------------------------------------------------------------


async def offer_unreachable(tx: Transaction, notice: Notice, reason: str, now: datetime) -> None:
    """An offer came back refused: its nurse joins those to phone, in one message for the mission."""
    if notice.mission is not None:
        lost_offer = SetTimer(TimerKind.REACH_LOST, now, notice.epoch)
        await tx.timers.apply(MissionId(notice.mission), [lost_offer], now)


async def nurse_unreachable(tx: Transaction, notice: Notice, reason: str, now: datetime) -> None:
    """What should have rung on a nurse's phone came back refused: OSNP phone her, and know what to say."""
    person = await tx.people.get(PersonId(notice.to.id))
    if notice.mission is None or person is None:
        return
    if person.role is not Role.IDEL or notice.only_if_there:
        facts: dict[str, Fact] = {"kind": notice.kind, "reason": reason, "person": person.id}
        group = to_group(notice.mission)
        card = f"unreachable:{person.id}"
        told = Notice("delivery.unreachable", group, notice.mission, facts=facts, card=card)
        await tx.outbox.owe([told], now)
        return
    # The mission is locked before persons: the call is owed by a timer's own transaction.
    key = f"{person.id}.{by_phone.TOLD[notice.kind].value}"
    await tx.timers.apply(notice.mission, [SetTimer(TimerKind.NURSE_UNHEARD, now, key=key)], now)


async def nurse_unheard(given: Given, timer: Timer) -> None:
    """OSNP owe her the call that her own telephone did not make."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            person, _, why = timer.key.partition(".")
            outcome = by_phone.unheard(mission, PersonId(int(person)), by_phone.Why(why))
            await record(given, tx, outcome, "timer")


async def to_phone(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """The nurses whom the bot cannot reach and who have not answered, nearest first."""
    if mission is None:
        return {}
    offers = [offer for offer in await tx.offers.to_phone(mission.id) if _is_open(mission, offer)]
    people = await tx.people.many([offer.person for offer in offers])
    there = [(people[offer.person], offer) for offer in offers if offer.person in people]
    return {"to_phone": there, "named": len(there) if notice.facts.get("all") else NAMED}


def _is_open(mission: Mission, offer: IdelOffer) -> bool:
    """Whether it is still of this search: one that came and was of the search before is over."""
    return offer.state is IdelOfferState.UNREACHABLE or offer.epoch == mission.search.epoch


async def offer_after_all(given: Given, timer: Timer) -> None:
    """Somebody to phone can be written to again: the offer comes to them, if they may be asked now."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        person_id = PersonId(int(timer.key))
        person = (await tx.people.lock([person_id])).get(person_id)
        if mission is None or person is None or not (person.on_telegram and person.reachable):
            return
        is_away = why_not(given.region, person, given.now()) is not None and not mission.exercise
        is_busy = not person.several_missions and bool(await tx.people.engaged([person_id]))
        offer = await tx.offers.get(mission.id, person_id)
        if offer is not None and not is_away and not is_busy:
            await record(given, tx, search.reached_after_all(mission, offer, given.now()), "timer")


async def show_to_phone(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Voir tous», under those to phone: everybody, in the private chat of whoever asks."""
    if not by.on_telegram:
        return Answer("reach.start_first")
    async with given.storage.transaction() as tx:
        if await tx.missions.get(mission_id) is None:
            return Answer("search.gone")
        notice = Notice(
            "search.to_phone", to_person(by.id), mission_id, facts={"all": True}, priority=Priority.REPLY
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("reach.sent")


# ---- `/joignable` ----------------------------------------------------------------------------------------


async def test(given: Given, person: Person) -> None:
    """Somebody tries the channel: what comes back rings, and asks to be touched."""
    async with given.storage.transaction() as tx:
        now = given.now()
        await tx.journal.write(None, [Event("reach.tested", _of(person))], actor_of(person), now)
        await tx.outbox.owe([_test_card(person, now, fresh=True)], now)


async def seen(given: Given, person: Person, asked_at: datetime) -> Answer:
    """«Je l'ai vu»: there and back."""
    async with given.storage.transaction() as tx:
        now = given.now()
        if person.party.id:
            await tx.people.checked([person.id], now)
        facts = {**_of(person), "seconds": round((now - asked_at).total_seconds())}
        await tx.journal.write(None, [Event("reach.seen", facts)], actor_of(person), now)
        await tx.outbox.owe([_test_card(person, asked_at, seen=now)], now)
        return Answer("reach.seen", {"at": now.isoformat()})


def _of(person: Person) -> dict[str, int]:
    return {person.party.kind.value: person.party.id}


def _test_card(
    person: Person, asked_at: datetime, *, seen: datetime | None = None, fresh: bool = False
) -> Notice:
    return Notice(
        "reach.test",
        to_party(person.party),
        facts={
            "asked": asked_at.isoformat(),
            "seen": seen.isoformat() if seen else None,
            "phone": person.phone,
            "role": person.role.value,
        },
        priority=Priority.REPLY,
        card="reach_test",
        fresh=fresh,
    )


async def show_list(given: Given, by: Person, place: Place) -> None:
    """`/joignable` in the group: whom the bot cannot reach."""
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([Notice("reach.list", place, priority=Priority.REPLY)], given.now())


async def show_whole_list(given: Given, by: Person) -> Answer:
    """«Voir tous»: in the private chat of whoever asks."""
    if not by.on_telegram:
        return Answer("reach.start_first")
    async with given.storage.transaction() as tx:
        notice = Notice("reach.list", to_person(by.id), facts={"all": True}, priority=Priority.REPLY)
        await tx.outbox.owe([notice], given.now())
        return Answer("reach.sent")


async def list_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Nurses, doctors and houses the bot cannot reach: first those it could until they blocked it."""
    people = [p for p in await tx.people.all() if p.role in ASKED and not (p.on_telegram and p.reachable)]
    people.sort(key=lambda p: (not p.on_telegram, p.role.value, p.last_name, p.first_name, p.id))
    houses = [house for house in await tx.people.organisations() if house.active and not house.on_telegram]
    there: list[Person | Organisation] = [*houses, *people]
    return {"there": there, "named": len(there) if notice.facts.get("all") else NAMED}
