"""The video: links made and sent, trouble told to the other side, another hour."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain import cascade, orders, visio
from bot.domain.mission import Mission
from bot.domain.outcome import Answer, Event, Fact, Facts, Notice, Outcome, to_party
from bot.domain.people import (
    GROUP_ROLES,
    MissionId,
    OrganisationId,
    Party,
    PartyKind,
    Person,
    PersonId,
)
from bot.domain.phone import read_phone
from bot.flows.record import actor_of, record
from bot.ports import Given, Link, Transaction

GONE = Answer("search.gone")

#: What a link is for, in the table of links.
PURPOSE = "visio"


async def create(given: Given, by: Person, mission_id: MissionId, *, anew: bool = False) -> Answer:
    """«Créer la visio»; `anew` is «Nouveau lien», with which the former room is left."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        idel = await _nurse(tx, mission)
        by_voice = visio.reached_by_voice(mission, idel)
        if by.role in GROUP_ROLES and not by_voice:
            return Answer("visio.hers", {"number": mission.number})
        side = idel.party if by.role in GROUP_ROLES and idel is not None else by.party
        if (refused := _refused(given, mission, side)) is not None:
            return refused.answer
        if visio.is_live(mission) and (not anew or visio.is_new(mission, given.now())):
            return await _shown_again(given, tx, mission)
        if given.video is None:
            return Answer("visio.no_engine", {"number": mission.number})
        links = await _links(given, tx, mission, given.video.new_room())
        outcome = visio.create(mission, links, given.now())
        return await record(given, tx, _with_conclusion(outcome), _actor(by, side))


async def _nurse(tx: Transaction, mission: Mission) -> Person | None:
    return await tx.people.get(mission.visit.idel) if mission.visit.idel is not None else None


def _actor(by: Person, side: Party) -> str:
    return actor_of(by) if side == by.party else f"{actor_of(by)} for {side}"


def _with_conclusion(outcome: Outcome) -> Outcome:
    """The doctor has the short conclusion at hand while on the video: one tap less."""
    doctor = outcome.mission.cascade.doctor
    if not outcome.events or doctor is None or doctor.by_phone:
        return outcome
    card = orders.doctor_card(outcome.mission, doctor.party, "orders.conclude", anew=True)
    at_hand = replace(card, fresh=False)
    return outcome.then(Outcome(outcome.mission, outcome.answer, notices=(at_hand,)))


def _refused(given: Given, mission: Mission, party: Party) -> Outcome | None:
    if given.video is None:
        return Outcome(mission, Answer("visio.no_engine", {"number": mission.number}))
    return visio.refusal(mission, party)


async def _shown_again(given: Given, tx: Transaction, mission: Mission) -> Answer:
    """The room is there already: the nurse's card, or the one of OSNP, comes to the bottom of its chat."""
    cards = await _redraws(given, tx, mission)
    again = [replace(card, fresh=True, only_if_there=False) for card in cards]
    await tx.outbox.owe(again, given.now())
    return Answer("visio.created", {"number": mission.number})


async def _links(given: Given, tx: Transaction, mission: Mission, room: str) -> visio.Links:
    """A link for each side, remembered by its hash; and the mobiles that get one by text message."""
    parties = visio.participants(mission)
    urls = await _urls(given, tx, mission, room, parties)
    idel = await _nurse(tx, mission)
    by_voice = visio.reached_by_voice(mission, idel)
    return visio.Links(
        room,
        urls,
        await _mobile(given, tx, mission),
        by_voice=by_voice,
        nurse_sms_to=_takes_texts(given, idel.phone) if by_voice and idel is not None else None,
    )


async def _urls(
    given: Given, tx: Transaction, mission: Mission, room: str, parties: tuple[Party, ...]
) -> dict[Party, str]:
    if given.video is None:
        return {}
    expires = visio.expires(mission)
    made = given.video.room(room, parties, given.now(), expires)
    for party, link in made.items():
        person = PersonId(party.id) if party.kind is PartyKind.PERSON else None
        house = OrganisationId(party.id) if party.kind is PartyKind.ORGANISATION else None
        await tx.links.add(link.token, Link(PURPOSE, expires, person, house, mission.id))
    return {party: link.url for party, link in made.items()}


async def _mobile(given: Given, tx: Transaction, mission: Mission) -> str | None:
    """The number of the doctor that takes a text message; a house's only once it has named its doctor.

    None where the channels of the doctor's step have no text messages.
    """
    chosen = mission.cascade.doctor
    if chosen is None or not cascade.may_be_texted(mission):
        return None
    number = chosen.phone
    if number is None and chosen.party.kind is PartyKind.PERSON:
        person = await tx.people.get(PersonId(chosen.party.id))
        number = person.phone if person is not None else None
    return _takes_texts(given, number)


def _takes_texts(given: Given, number: str | None) -> str | None:
    """The number where a text message can go; None where none leaves, too."""
    phone = read_phone(number, fiction=given.fiction_numbers) if number and given.texts else None
    return phone.e164 if phone is not None and phone.takes_sms else None


async def dictate(given: Given, by: Person, mission_id: MissionId, *, doctors: bool = False) -> Answer:
    """«Lien à dicter»: in private to the operator who is on the telephone with the nurse, or the doctor."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        chosen = mission.cascade.doctor
        side = (chosen.party if chosen else None) if doctors else visio.nurse(mission)
        if side is None or mission.visio is None or not visio.is_dictated(mission, side):
            return Answer("visio.hers", {"number": mission.number})
        urls = await _urls(given, tx, mission, mission.visio.room, (side,))
        if side not in urls:
            return Answer("visio.no_engine", {"number": mission.number})
        outcome = visio.dictate(mission, by.id, side, urls[side])
        return await record(given, tx, outcome, _actor(by, side))


async def trouble(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Ça ne marche pas»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        side = visio.speaks_as(mission, by)
        return await record(given, tx, visio.trouble(mission, side, given.now()), _actor(by, side))


async def later(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Décaler 15 min»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        side = visio.speaks_as(mission, by)
        if (refused := _refused(given, mission, side)) is not None or mission.visio is None:
            return refused.answer if refused else Answer("visio.none", {"number": mission.number})
        links = await _links(given, tx, mission, mission.visio.room)
        return await record(given, tx, visio.later(mission, side, links, given.now()), _actor(by, side))


async def link_arrived(given: Given, tx: Transaction, notice: Notice) -> None:
    """A link was delivered (chat or text message): the nurse, or OSNP in her place, sees it on a card.

    Called by the delivery in the transaction that writes the delivery down.
    """
    if notice.mission is None:
        return
    mission = await tx.missions.get(notice.mission)
    if mission is not None:
        await tx.outbox.owe(await _redraws(given, tx, mission), given.now())


async def not_texted(tx: Transaction, notice: Notice, reason: str, now: datetime) -> None:
    """The nurse's link could not go by text message: the card of OSNP says so, and offers to dictate it."""
    mission = await tx.missions.get(notice.mission) if notice.mission is not None else None
    if mission is None or not visio.is_live(mission):
        return
    facts: dict[str, Fact] = {"number": mission.visio.number if mission.visio else 0, "reason": reason}
    await tx.journal.write(mission.id, [Event("visio.not_texted", facts)], None, now)
    await tx.outbox.owe([visio.group_card(mission)], now)


async def _redraws(given: Given, tx: Transaction, mission: Mission) -> list[Notice]:
    """The nurse's card needs an address again: hers is not kept, so another one is made."""
    side = visio.nurse(mission)
    if side is None or mission.visio is None or not visio.is_live(mission):
        return []
    cards = [visio.group_card(mission)] if mission.visio.by_voice else []
    if not mission.visit.by_phone:
        urls = await _urls(given, tx, mission, mission.visio.room, (side,))
        own = visio.redraw(mission, urls[side]) if side in urls else None
        cards += [own] if own is not None else []
    return cards


async def link_for(given: Given, tx: Transaction, mission: Mission, party: Party) -> Notice | None:
    """The card with an address of their own, for somebody of the two who has not got it."""
    if mission.visio is None or not visio.is_live(mission) or party not in visio.participants(mission):
        return None
    urls = await _urls(given, tx, mission, mission.visio.room, (party,))
    return visio.shown_to(mission, party, urls[party]) if party in urls else None


async def received(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What is known of both links: when the chat had the doctor's, when the text messages left."""
    if mission is None or mission.visio is None:
        return {"telegram_at": None, "sms_at": None, "by_phone": False, "moved": False}
    chosen, made_at = mission.cascade.doctor, mission.visio.created_at
    lines = [line for line in await tx.journal.of_mission(mission.id) if line.at >= made_at]
    card = (
        await tx.sent.card(to_party(chosen.party), mission.id, visio.card_of(mission.visio))
        if chosen is not None
        else None
    )
    texts = [
        line.at for line in lines if line.kind == "sms.accepted" and line.facts.get("kind") == "visio.sms"
    ]
    idel = await _nurse(tx, mission)
    own = [line for line in lines if line.kind in _OWN_TEXT and _is_own_text(line.kind, line.facts)]
    return {
        "idel_texted_at": own[-1].at if own and own[-1].kind == "sms.accepted" else None,
        "idel_failed": bool(own) and own[-1].kind == "visio.not_texted",
        "idel_takes_sms": idel is not None and _takes_texts(given, idel.phone) is not None,
        "telegram_at": card.sent_at if card is not None and card.sent_at >= made_at else None,
        "sms_at": texts[-1] if texts else None,
        "by_phone": chosen is not None and chosen.by_phone,
        "takes_sms": await _mobile(given, tx, mission) is not None,
        "moved": any(line.kind == "visio.moved" for line in lines),
    }


#: How the text message with the nurse's link fared.
_OWN_TEXT = frozenset({"sms.accepted", "visio.not_texted"})


def _is_own_text(kind: str, facts: Facts) -> bool:
    return kind != "sms.accepted" or facts.get("kind") == "visio.sms_idel"


async def hour_by_text(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Where the hour goes by text message: nowhere for a doctor whom only a voice reaches."""
    return {"phone": await _mobile(given, tx, mission) if mission is not None else None}


async def number_to_text(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Where the text message goes."""
    return {"phone": notice.facts.get("phone")}
