"""Who is speaking, who can be reached, and who is in the OSNP group without being registered."""

from datetime import datetime, timedelta

from bot.domain import cascade, search
from bot.domain.mission import ChosenDoctor, Mission, MissionState
from bot.domain.outcome import (
    BOARD,
    Answer,
    Event,
    Fact,
    Notice,
    Place,
    Priority,
    WhenUnknown,
    Withdrawal,
    to_party,
)
from bot.domain.people import GROUP_ROLES, Person, somebody_of
from bot.flows.record import actor_of, redraws
from bot.ports import Given, SentMessage, Transaction

#: Cards of missions triggered since then may still be looked at by whoever comes back.
STILL_READ = timedelta(hours=24)


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
            await _catch_up(given, tx, person)
        return person


async def blocked(given: Given, user_id: int, *, blocked: bool) -> None:
    """Somebody blocked the bot in their app, or let it in again: OSNP learn it before the mission."""
    async with given.storage.transaction() as tx:
        person = await tx.people.by_user(user_id)
        if person is None:
            return
        now = given.now()
        if await tx.people.set_reachable(person.id, reachable=not blocked, now=now):
            kind = "presence.blocked" if blocked else "presence.back"
            await tx.journal.write(None, [Event(kind, {"person": person.id})], actor_of(person), now)
            notice = Notice(
                kind, BOARD, facts={"person": person.id}, card=f"reach:{person.id}", fresh=blocked
            )
            await tx.outbox.owe([notice], now)
            if not blocked:
                await _catch_up(given, tx, person)


async def in_group(given: Given, user_id: int, name: str, *, present: bool) -> None:
    """Somebody is, or is no longer, in the OSNP group."""
    async with given.storage.transaction() as tx:
        now = given.now()
        person = await tx.people.by_user(user_id)
        if present and (person is None or person.role not in GROUP_ROLES or not person.active):
            if await tx.strangers.note(user_id, name, now):
                await tx.journal.write(None, [Event("presence.stranger", {"user": user_id})], None, now)
                await tx.outbox.owe([_announce(user_id, name)], now)
                await _redraw(given, tx)
        elif await tx.strangers.forget(user_id):
            await tx.outbox.owe([_announce(user_id, name, "gone")], now)
            await _redraw(given, tx)


async def accept(given: Given, by: Person, user_id: int) -> Answer:
    """An operator answers for somebody in the group who is not registered."""
    async with given.storage.transaction() as tx:
        now = given.now()
        if not await tx.strangers.accept(user_id, now):
            return Answer("presence.settled")
        await tx.journal.write(None, [Event("presence.accepted", {"user": user_id})], actor_of(by), now)
        await tx.outbox.owe([_announce(user_id, by.short_name, "accepted")], now)
        await _redraw(given, tx)
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


async def _catch_up(given: Given, tx: Transaction, person: Person) -> None:
    """While the bot was not let in, what this person was owed was given up: they get what is true now."""
    now = given.now()
    me = to_party(person.party)
    missions = await tx.missions.triggered_between(now - STILL_READ, now)
    there = await tx.sent.cards((me, mission.id, card) for mission in missions for card in ("offer", "found"))
    notices: list[Notice] = []
    receipts: list[tuple[Mission, Notice]] = []
    for mission in missions:
        sees_offer = (me, mission.id, "offer") in there
        asked = [offer.party for step in mission.cascade.steps for offer in step.offers]
        offer = await tx.offers.get(mission.id, person.id)
        if offer is not None:
            again = None if sees_offer else search.offer_again_to(mission, offer, now)
            notices.append(again or _card("search.offer", me, mission, "offer"))
        if mission.visit.idel == person.id:
            notices.append(_own_card("visit.card", me, mission, "mission"))
            found = there.get((me, mission.id, "found"))
            receipts += [(mission, missed) for missed in await _nurse_missed(tx, me, mission, found)]
        if person.party in asked:
            again = None if sees_offer else cascade.offer_again_to(mission, person.party)
            notices.append(again or _card("cascade.offer", me, mission, "offer", party=str(person.party)))
        doctor = mission.cascade.doctor
        if doctor is not None and doctor.party == person.party and not doctor.by_phone:
            notices.append(_own_card("doctor.card", me, mission, "doctor"))
            receipts += [(mission, missed) for missed in await _doctor_missed(tx, me, mission, doctor)]
    for mission, missed in receipts:  # one that waits still must not come twice
        await tx.outbox.withdraw([Withdrawal(mission.id, missed.kind, me)], now)
    await tx.outbox.owe([*notices, *(missed for _, missed in receipts)], now)


async def _nurse_missed(
    tx: Transaction, me: Place, mission: Mission, found: SentMessage | None
) -> list[Notice]:
    """What the nurse of a mission has never got: who the patient is, and which doctor."""
    if mission.state is not MissionState.OPEN:
        return []
    missed: list[Notice] = []
    if not await _was_shown(tx, me, mission, "visit.identity", mission.search.taken_at):
        missed.append(Notice("visit.identity", me, mission.id))
    doctor = mission.cascade.doctor
    if doctor is not None and (found is None or found.sent_at < doctor.accepted_at):
        missed.append(Notice("visit.doctor_found", me, mission.id, card="found", fresh=True))
        missed.append(Notice("visit.doctor_contact", me, mission.id))
    return missed


async def _doctor_missed(tx: Transaction, me: Place, mission: Mission, doctor: ChosenDoctor) -> list[Notice]:
    """What the doctor of a mission has never got."""
    if mission.state is not MissionState.OPEN:
        return []
    receipts = (Notice("doctor.identity", me, mission.id), Notice("doctor.billing", me, mission.id))
    return [n for n in receipts if not await _was_shown(tx, me, mission, n.kind, doctor.accepted_at)]


async def _was_shown(tx: Transaction, me: Place, mission: Mission, kind: str, since: datetime | None) -> bool:
    """Whether facts of the patient have come to them with these words since then."""
    shown = {"kind": kind, "to": str(me)}
    return any(
        line.kind == "disclosure.shown" and line.facts == shown and (since is None or line.at >= since)
        for line in await tx.journal.of_mission(mission.id)
    )


def _own_card(kind: str, place: Place, mission: Mission, card: str) -> Notice:
    """The card of whoever has the mission: while there is something to do, it comes even if it never did."""
    if mission.state is not MissionState.OPEN:
        return _card(kind, place, mission, card)
    return Notice(kind, place, mission.id, card=card)


def _card(kind: str, place: Place, mission: Mission, card: str, **facts: Fact) -> Notice:
    return Notice(
        kind,
        place,
        mission.id,
        facts=facts,
        priority=Priority.CARD,
        card=card,
        only_if_there=True,
        when_unknown=WhenUnknown.DROP,
    )


async def _redraw(given: Given, tx: Transaction) -> None:
    """The cards of the group show more, or less, from now on."""
    for mission in await tx.missions.unfinished():
        await tx.outbox.owe(redraws(mission), given.now())
