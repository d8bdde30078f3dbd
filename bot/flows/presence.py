"""Who is speaking, who can be reached, and who is in the OSNP group without being registered."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.mission import MissionState
from bot.domain.outcome import (
    BOARD,
    Answer,
    Event,
    Fact,
    Notice,
    Priority,
    SetTimer,
    TimerKind,
)
from bot.domain.people import GROUP_ROLES, Person, PersonId, somebody_of
from bot.flows import missed
from bot.flows.record import actor_of, redraws
from bot.ports import Given, Transaction


async def who(
    given: Given, user_id: int | None, group_chat: int | None, *, speaks: bool = True
) -> Person | None:
    """The person behind a Telegram user; in a house's chat, the house itself. None for a stranger.

    Somebody the bot could not reach and who speaks again is reached again.
    """
    async with given.storage.transaction() as tx:
        if group_chat is not None:
            house = await tx.people.organisation_by_chat(group_chat)
            if house is not None and house.active:
                return somebody_of(house)
        person = await tx.people.by_user(user_id) if user_id is not None else None
        if person is None or not person.active:
            return None
        if not person.reachable and group_chat is None and speaks:
            await tx.people.set_reachable(person.id, reachable=True, now=given.now())
            # Where OSNP were told that they must phone, they see that they need not any more.
            await missed.catch_up(given, tx, person, [_back(person, only_if_there=True)])
        return person


async def blocked(given: Given, user_id: int, *, blocked: bool) -> None:
    """Somebody blocked the bot in their app, or let it in again: OSNP learn it before the mission."""
    async with given.storage.transaction() as tx:
        person = await tx.people.by_user(user_id)
        if person is None or not person.active:
            return
        now = given.now()
        if await tx.people.set_reachable(person.id, reachable=not blocked, now=now):
            kind = "presence.blocked" if blocked else "presence.back"
            await tx.journal.write(None, [Event(kind, {"person": person.id})], actor_of(person), now)
            if blocked:
                await lost(tx, person.id, now)
                held = [*await tx.missions.of_idel(person.id), *await tx.missions.of_doctor(person.party)]
                numbers = sorted(mission.number for mission in held if mission.state is MissionState.OPEN)
                await tx.outbox.owe([announce_blocked(person.id, numbers)], now)
            else:
                await missed.catch_up(given, tx, person, [_back(person)])


async def lost(tx: Transaction, person: PersonId, now: datetime) -> None:
    """Somebody cannot be written to any more: the offers they have not answered are for OSNP to give.

    As soon as each mission can be held: whoever says so here holds the person.
    """
    for offer in await tx.offers.open_of_person(person):
        await tx.timers.apply(offer.mission, [SetTimer(TimerKind.REACH_LOST, now, offer.epoch)], now)


def announce_blocked(person: PersonId, held: Sequence[int] = ()) -> Notice:
    """OSNP are told to phone them from now on; `held`: the missions of which they hear nothing any more."""
    facts: dict[str, Fact] = {"person": person, "held": ", ".join(map(str, held))}
    return Notice("presence.blocked", BOARD, facts=facts, card=f"reach:{person}", fresh=True)


def _back(person: Person, *, only_if_there: bool = False) -> Notice:
    facts = {"person": person.id}
    return Notice("presence.back", BOARD, facts=facts, card=f"reach:{person.id}", only_if_there=only_if_there)


async def in_group(given: Given, user_id: int, name: str, *, present: bool) -> None:
    """Somebody is, or is no longer, in the OSNP group."""
    async with given.storage.transaction() as tx:
        now = given.now()
        person = await tx.people.by_user(user_id)
        if present and (person is None or person.role not in GROUP_ROLES or not person.active):
            if await tx.strangers.note(user_id, name, now):
                await tx.journal.write(None, [Event("presence.stranger", {"user": user_id})], None, now)
                await _tell(given, tx, _announce(user_id, name))
        elif await tx.strangers.forget(user_id):
            await _tell(given, tx, _announce(user_id, name, "gone"))


async def accept(given: Given, by: Person, user_id: int) -> Answer:
    """An operator answers for somebody in the group who is not registered."""
    async with given.storage.transaction() as tx:
        now = given.now()
        if not await tx.strangers.accept(user_id, now):
            return Answer("presence.settled")
        await tx.journal.write(None, [Event("presence.accepted", {"user": user_id})], actor_of(by), now)
        await _tell(given, tx, _announce(user_id, by.short_name, "accepted"))
        return Answer("presence.accepted")


def _announce(user_id: int, name: str, state: str = "watched") -> Notice:
    return Notice(
        "presence.stranger",
        BOARD,
        facts={"user": user_id, "name": name, "state": state},
        priority=Priority.RECEIPT,
        card=f"stranger:{user_id}",
        only_if_there=state != "watched",
    )


async def _tell(given: Given, tx: Transaction, told: Notice) -> None:
    """OSNP are told, and the cards of the group show more, or less, from now on: in one go."""
    cards = [card for mission in await tx.missions.unfinished() for card in redraws(mission)]
    await tx.outbox.owe([told, *cards], given.now())
