"""The video: links made and sent, trouble told to the other side, another hour."""

from dataclasses import replace
from typing import Any

from bot.domain import orders, visio
from bot.domain.mission import Mission
from bot.domain.outcome import Answer, Notice, Outcome, to_party
from bot.domain.people import MissionId, OrganisationId, Party, PartyKind, Person, PersonId
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
        if (refused := _refused(given, mission, by.party)) is not None:
            return refused.answer
        if visio.is_live(mission) and (not anew or visio.is_new(mission, given.now())):
            return await _shown_again(given, tx, mission)
        if given.video is None:
            return Answer("visio.no_engine", {"number": mission.number})
        links = await _links(given, tx, mission, given.video.new_room())
        outcome = visio.create(mission, links, given.now())
        return await record(given, tx, _with_conclusion(outcome), actor_of(by))


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
    """The room is there already: the nurse's card comes to the bottom of her chat."""
    notice = await _redraw(given, tx, mission)
    if notice is not None:
        await tx.outbox.owe([replace(notice, fresh=True, only_if_there=False)], given.now())
    return Answer("visio.created", {"number": mission.number})


async def _links(given: Given, tx: Transaction, mission: Mission, room: str) -> visio.Links:
    """A link for each side, remembered by its hash; and the mobile that gets the doctor's."""
    parties = visio.participants(mission)
    urls = await _urls(given, tx, mission, room, parties)
    return visio.Links(room, urls, await _mobile(given, tx, mission))


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
    """The number of the doctor that takes a text message; a house's only once it has named its doctor."""
    chosen = mission.cascade.doctor
    if chosen is None:
        return None
    number = chosen.phone
    if number is None and chosen.party.kind is PartyKind.PERSON:
        person = await tx.people.get(PersonId(chosen.party.id))
        number = person.phone if person is not None else None
    phone = read_phone(number, fiction=given.fiction_numbers) if number else None
    return phone.e164 if phone is not None and phone.takes_sms else None


async def trouble(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Ça ne marche pas»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        return await record(given, tx, visio.trouble(mission, by.party, given.now()), actor_of(by))


async def later(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Décaler 15 min»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        if (refused := _refused(given, mission, by.party)) is not None or mission.visio is None:
            return refused.answer if refused else Answer("visio.none", {"number": mission.number})
        links = await _links(given, tx, mission, mission.visio.room)
        return await record(given, tx, visio.later(mission, by.party, links, given.now()), actor_of(by))


async def link_arrived(given: Given, tx: Transaction, notice: Notice) -> None:
    """The doctor's link was delivered (chat or text message): the nurse sees it on her card.

    Called by the delivery in the transaction that writes the delivery down.
    """
    if notice.mission is None:
        return
    mission = await tx.missions.get(notice.mission)
    redraw = await _redraw(given, tx, mission) if mission is not None else None
    if redraw is not None:
        await tx.outbox.owe([redraw], given.now())


async def _redraw(given: Given, tx: Transaction, mission: Mission) -> Notice | None:
    """The nurse's card needs an address again: hers is not kept, so another one is made."""
    side = visio.nurse(mission)
    if side is None or mission.visio is None or not visio.is_live(mission):
        return None
    urls = await _urls(given, tx, mission, mission.visio.room, (side,))
    return visio.redraw(mission, urls[side]) if side in urls else None


async def link_for(given: Given, tx: Transaction, mission: Mission, party: Party) -> Notice | None:
    """The card with an address of their own, for somebody of the two who has not got it."""
    if mission.visio is None or not visio.is_live(mission) or party not in visio.participants(mission):
        return None
    urls = await _urls(given, tx, mission, mission.visio.room, (party,))
    return visio.shown_to(mission, party, urls[party]) if party in urls else None


async def received(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What is known of the doctor's link: when the chat had it, when the text message left."""
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
    return {
        "telegram_at": card.sent_at if card is not None and card.sent_at >= made_at else None,
        "sms_at": texts[-1] if texts else None,
        "by_phone": chosen is not None and chosen.by_phone,
        "moved": any(line.kind == "visio.moved" for line in lines),
    }


async def number_to_text(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Where the text message goes."""
    return {"phone": notice.facts.get("phone")}
