"""The video between nurse and doctor: one room a mission, one link a person, trouble and its ways out.

Pure decisions. Knows no address: links are made by the flow and travel in the notices that show them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.mission import CascadeState, Mission, MissionState, Visio
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Place,
    PlaceKind,
    Priority,
    Withdrawal,
    nothing,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import GROUP_ROLES, Party, PartyKind, Person, PersonId

#: «Décaler 15 min».
DELAY = timedelta(minutes=15)

#: How long after the limit, or after a late hour, a link still opens; no hour is put off further.
GRACE = timedelta(hours=2)

#: The cards in an operator's private chat with the link of the nurse, and of the doctor.
DICTATED, DOCTORS_DICTATED = "visio_dictated", "visio_doctors_dictated"

#: The card with which OSNP phone a doctor whom the link does not reach.
CALL = "visio_call"

#: The same button tapped again so soon, by either side, means the same thing.
SAME_TAP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Links:
    """What was made for one room: who enters by which address, and the mobiles that get one by text."""

    room: str
    urls: Mapping[Party, str]
    sms_to: str | None = None  # E.164 mobile of the doctor
    by_voice: bool = False  # the bot does not reach the nurse's chat
    nurse_sms_to: str | None = None  # her mobile, in that case


def nurse(mission: Mission) -> Party | None:
    """The nurse's side."""
    return None if mission.visit.idel is None else Party.person(mission.visit.idel)


def participants(mission: Mission) -> tuple[Party, ...]:
    """Who needs a link: the nurse and the doctor."""
    doctor = mission.cascade.doctor
    sides = (nurse(mission), doctor.party if doctor is not None else None)
    return tuple(side for side in sides if side is not None)


def expires(mission: Mission) -> datetime:
    """When the links stop opening, whatever happens to the mission."""
    hour = mission.cascade.video_at
    return max(mission.limit, hour or mission.limit) + GRACE


def refusal(mission: Mission, party: Party | None = None) -> Outcome | None:
    """Why there can be no video now. `party` is who asks, when only the two sides may."""
    if mission.state is not MissionState.OPEN:
        return nothing(mission, "visio.over", number=mission.number)
    if mission.visit.idel is None or mission.cascade.state is not CascadeState.FOUND:
        return nothing(mission, "visio.no_doctor", number=mission.number)
    if party is not None and party not in participants(mission):
        return nothing(mission, "visio.not_yours", number=mission.number)
    return None


def reached_by_voice(mission: Mission, idel: Person | None) -> bool:
    """Whether only a telephone reaches the nurse: she has no Telegram, or the bot does not get through."""
    return mission.visit.by_phone or (idel is not None and not (idel.on_telegram and idel.reachable))


def is_by_voice(mission: Mission) -> bool:
    """Whether OSNP act for the nurse in the room there is."""
    return mission.visit.by_phone or (mission.visio is not None and mission.visio.by_voice)


def speaks_as(mission: Mission, by: Person) -> Party:
    """For whom a tap counts: OSNP tap for a nurse whom only they reach."""
    idel = nurse(mission)
    instead = by.role in GROUP_ROLES and is_by_voice(mission)
    return idel if instead and idel is not None else by.party


def is_live(mission: Mission) -> bool:
    """Whether there is a room that may be entered."""
    return mission.visio is not None and not mission.visio.ended


def is_new(mission: Mission, now: datetime) -> bool:
    """Whether the room was made just now: nobody has had the time to try it."""
    room = mission.visio
    return room is not None and not room.ended and now - room.created_at < SAME_TAP


def create(mission: Mission, links: Links, now: datetime) -> Outcome:
    """«Créer la visio» or «Nouveau lien»: a room, and a link for each."""
    if (refused := refusal(mission)) is not None:
        return refused
    doctor = mission.cascade.doctor
    if is_new(mission, now):
        return nothing(mission, "visio.created", number=mission.number)
    number = mission.visio.number + 1 if mission.visio is not None else 1
    visio = Visio(
        links.room, now, number=number, doctor=doctor.party if doctor else None, by_voice=links.by_voice
    )
    changed = replace(mission, visio=visio)
    return Outcome(
        changed,
        Answer("visio.created", {"number": mission.number}),
        events=(
            Event(
                "visio.created",
                {
                    "number": number,
                    "telegram": not _by_phone(changed),
                    "sms": links.sms_to is not None,
                    "by_voice": links.by_voice,
                    "idel_sms": links.nurse_sms_to is not None,
                },
            ),
        ),
        notices=(*_left(mission), *sent_links(changed, links)),
        withdrawn=(
            Withdrawal(mission.id, "visio.idel"),
            Withdrawal(mission.id, "visio.doctor"),
            Withdrawal(mission.id, "visio.sms"),
            Withdrawal(mission.id, "visio.sms_idel"),
            Withdrawal(mission.id, "visio.no_way"),
        ),
    )


def card_of(visio: Visio | None) -> str:
    """The key of the cards of one room: those of a room that was left stay apart."""
    return f"visio:{visio.number if visio else 0}"


def _left(mission: Mission) -> tuple[Notice, ...]:
    """The cards of a room that is left lose their buttons."""
    visio = mission.visio
    if visio is None or visio.ended:
        return ()
    cards = [("visio.group", to_group(mission.id), card_of(visio))] if visio.by_voice else []
    if _by_phone(mission):
        cards.append(("visio.no_way", to_group(mission.id), CALL))
    cards += [
        ("visio.dictated", to_person(person), card)
        for person in visio.dictated_by
        for card in (DICTATED, DOCTORS_DICTATED)
    ]
    sides = [("visio.idel", to_person(mission.visit.idel))] if mission.visit.idel is not None else []
    if visio.doctor is not None:
        sides.append(("visio.doctor", to_party(visio.doctor)))
    for own, place in sides:
        cards += [(own, place, card_of(visio)), ("visio.trouble", place, "visio_trouble")]
    return tuple(
        Notice(
            kind,
            place,
            mission.id,
            facts={"own": False, "side": None},
            priority=Priority.CARD,
            card=card,
            only_if_there=True,
            epoch=visio.number,
        )
        for kind, place, card in cards
    )


def _by_phone(mission: Mission) -> bool:
    """Only a telephone reaches the doctor."""
    doctor = mission.cascade.doctor
    return doctor is not None and doctor.by_phone


def sent_links(mission: Mission, links: Links) -> tuple[Notice, ...]:
    """Both sides get their own link; the doctor by text message too, as a nurse out of the bot's reach."""
    notices: list[Notice] = []
    for party, url in links.urls.items():
        if party == nurse(mission):
            if not mission.visit.by_phone:
                notices.append(_card(mission, "visio.idel", party, {"url": url}, Priority.REPLY))
            if links.by_voice:
                notices += _by_voice(mission, links, url)
        elif not _by_phone(mission):
            notices.append(_card(mission, "visio.doctor", party, {"url": url}, Priority.RECEIPT))
    doctor = mission.cascade.doctor
    if doctor is None:
        return tuple(notices)
    if links.sms_to is not None:
        to = doctor.party.id if doctor.party.kind is PartyKind.PERSON else 0
        notices.append(
            Notice(
                "visio.sms",
                Place(PlaceKind.SMS, to),
                mission.id,
                facts={"url": links.urls[doctor.party], "phone": links.sms_to},
                valid_until=expires(mission),
            )
        )
    elif _by_phone(mission):
        notices.append(_call(mission))
    return tuple(notices)


def _call(mission: Mission) -> Notice:
    """The doctor's link is dictated by OSNP."""
    number = mission.visio.number if mission.visio else 0
    return Notice("visio.no_way", to_group(mission.id), mission.id, card=CALL, fresh=True, epoch=number)


def _by_voice(mission: Mission, links: Links, url: str) -> list[Notice]:
    """The nurse's link by text message where she has a mobile, and the card with which OSNP act for her."""
    notices = [group_card(mission, fresh=True)]
    if links.nurse_sms_to is not None and mission.visit.idel is not None:
        notices.append(
            Notice(
                "visio.sms_idel",
                Place(PlaceKind.SMS, mission.visit.idel),
                mission.id,
                facts={"url": url, "phone": links.nurse_sms_to},
                valid_until=expires(mission),
            )
        )
    return notices


def group_card(mission: Mission, *, fresh: bool = False) -> Notice:
    """How the nurse's link stands, for OSNP: never the link."""
    return Notice(
        "visio.group",
        to_group(mission.id),
        mission.id,
        priority=Priority.REPLY if fresh else Priority.CARD,
        card=card_of(mission.visio),
        fresh=fresh,
        only_if_there=not fresh,
        epoch=mission.visio.number if mission.visio else 0,
    )


def _card(mission: Mission, kind: str, party: Party, facts: Mapping[str, Fact], priority: Priority) -> Notice:
    return Notice(
        kind,
        to_party(party),
        mission.id,
        facts=facts,
        priority=priority,
        card=card_of(mission.visio),
        fresh=True,
        epoch=mission.visio.number if mission.visio else 0,
    )


def shown_to(mission: Mission, party: Party, url: str) -> Notice:
    """The card of one side."""
    kind = "visio.idel" if party == nurse(mission) else "visio.doctor"
    return _card(mission, kind, party, {"url": url}, Priority.RECEIPT)


def redraw(mission: Mission, url: str) -> Notice | None:
    """The nurse's card again, with what is known of the doctor's link now."""
    if not is_live(mission) or mission.visit.idel is None or mission.visit.by_phone:
        return None
    card = _card(mission, "visio.idel", Party.person(mission.visit.idel), {"url": url}, Priority.CARD)
    return replace(card, fresh=False, only_if_there=True)


def is_dictated(mission: Mission, side: Party) -> bool:
    """Whether OSNP may give that side its link: only a telephone reaches it."""
    if side == nurse(mission):
        return is_by_voice(mission)
    return side in participants(mission) and _by_phone(mission)


def dictate(mission: Mission, by: PersonId, side: Party, url: str) -> Outcome:
    """«Lien à dicter»: one side's own link in an operator's private chat, where no text message takes it."""
    room = mission.visio
    if (refused := refusal(mission)) is not None:
        return refused
    if room is None or room.ended:
        return nothing(mission, "visio.none", number=mission.number)
    if not is_dictated(mission, side):
        return nothing(mission, "visio.hers", number=mission.number)
    doctors = side != nurse(mission)
    seen_by = tuple(dict.fromkeys((*room.dictated_by, by)))
    return Outcome(
        replace(mission, visio=replace(room, dictated_by=seen_by)),
        Answer("visio.dictated", {"number": mission.number}),
        events=(Event("disclosure.seen", {"what": "visio", "number": room.number, "side": str(side)}),),
        notices=(
            Notice(
                "visio.dictated",
                to_person(by),
                mission.id,
                facts={"url": url, "doctors": doctors},
                priority=Priority.REPLY,
                card=DOCTORS_DICTATED if doctors else DICTATED,
                fresh=True,
                epoch=room.number,
            ),
        ),
    )


def trouble(mission: Mission, by: Party, now: datetime) -> Outcome:
    """«Ça ne marche pas»: the other side is told at once, both have both numbers."""
    if (refused := refusal(mission, by)) is not None:
        return refused
    room = mission.visio
    if room is None or room.ended:
        return nothing(mission, "visio.none", number=mission.number)
    if room.trouble_at is not None and now - room.trouble_at < SAME_TAP:
        return nothing(mission, "visio.trouble_told", number=mission.number, by_phone=_to_phone(mission, by))
    side = "idel" if by == nurse(mission) else "doctor"
    facts: dict[str, Fact] = {"side": side}
    notices = [
        Notice(
            "visio.trouble",
            to_party(party),
            mission.id,
            facts={**facts, "own": party == by},
            priority=Priority.REPLY if party == by else Priority.RECEIPT,
            card="visio_trouble",
            fresh=True,
            epoch=mission.visio.number if mission.visio else 0,
        )
        for party in participants(mission)
        if not (mission.visit.by_phone and party == by)  # she has said it on the telephone
        and (party == nurse(mission) or not _by_phone(mission))
    ]
    told: dict[str, Fact] = {**facts, "told": not _to_phone(mission, by)}
    notices.append(Notice("visio.group_trouble", to_group(mission.id), mission.id, facts=told))
    return Outcome(
        replace(mission, visio=replace(room, trouble_at=now)),
        Answer("visio.trouble_told", {"number": mission.number, "by_phone": _to_phone(mission, by)}),
        events=(Event("visio.trouble", {"side": side}),),
        notices=tuple(notices),
    )


def _to_phone(mission: Mission, by: Party) -> bool:
    """Whether the other side hears of it on the telephone only."""
    return _by_phone(mission) if by == nurse(mission) else mission.visit.by_phone


def later(mission: Mission, by: Party, links: Links, now: datetime) -> Outcome:
    """«Décaler 15 min»: both are told the new hour, in the same room."""
    if (refused := refusal(mission, by)) is not None:
        return refused
    visio = mission.visio
    if visio is None or visio.ended:
        return nothing(mission, "visio.none", number=mission.number)
    planned = mission.cascade.video_at or now
    if visio.moved_at is not None and now - visio.moved_at < SAME_TAP:
        return nothing(mission, "visio.moved", number=mission.number, hour=planned.isoformat())
    hour = (max(planned, now) + DELAY).replace(second=0, microsecond=0)
    if hour > mission.limit + GRACE:
        return nothing(mission, "visio.too_late", number=mission.number)
    changed = replace(
        mission,
        cascade=replace(mission.cascade, video_at=hour, proposal=None),
        visio=replace(visio, moved_at=now, by_voice=links.by_voice),
    )
    return Outcome(
        changed,
        Answer("visio.moved", {"number": mission.number, "hour": hour.isoformat()}),
        events=(Event("visio.moved", {"hour": hour.isoformat(), "by": str(by)}),),
        notices=sent_links(changed, links),
    )


def end(mission: Mission) -> Outcome:
    """The links die: the doctor has changed, or the mission is over."""
    visio = mission.visio
    if visio is None or visio.ended:
        return nothing(mission, "visio.none", number=mission.number)
    return Outcome(
        replace(mission, visio=replace(visio, ended=True)),
        Answer("visio.ended"),
        events=(Event("visio.ended", {"number": visio.number}),),
        notices=_left(mission),
        withdrawn=tuple(
            Withdrawal(mission.id, kind)
            for kind in (
                "visio.idel",
                "visio.doctor",
                "visio.sms",
                "visio.sms_idel",
                "visio.group",
                "visio.dictated",
                "visio.no_way",
                "visio.trouble",
            )
        ),
    )
