"""What somebody is given who could not be reached and can be again: how their missions stand now.

What was owed to them meanwhile was given up, and OSNP were told to phone. Whatever they had before stays
as it is, or is redrawn in its place; what never came, and is still of use, comes now.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import cascade_notices, closing, orders, search, video_hour
from bot.domain.mission import ChosenDoctor, IdelOfferState, Mission, MissionState
from bot.domain.outcome import (
    Fact,
    Notice,
    Place,
    Priority,
    SetTimer,
    TimerKind,
    WhenUnknown,
    Withdrawal,
    to_group,
    to_party,
)
from bot.domain.people import Person, PersonId
from bot.domain.search import OPEN_SEARCHES
from bot.domain.thread import Voice
from bot.domain.visio import card_of
from bot.flows import questionnaire, thread, visio
from bot.ports import Given, SentMessage, Transaction

#: Cards of missions triggered since then may still be looked at by whoever comes back.
STILL_READ = timedelta(hours=24)

#: A relay that is repeated is receipted again: only one that never came, or was changed since, is.
RELAY_CHANGES = frozenset({"thread.edited", "thread.labelled"})


async def catch_up(given: Given, tx: Transaction, person: Person, told: Sequence[Notice] = ()) -> None:
    """Owe them what is true now, and what others are `told` of it.

    In one go: whoever holds the board's row and then waits for a mission's is in every decision's way.
    """
    now = given.now()
    me = to_party(person.party)
    to_phone = await ask_after_all(given, tx, person.id)
    missions = await tx.missions.triggered_between(now - STILL_READ, now)
    there = await tx.sent.cards(
        (me, mission.id, card) for mission in missions for card in ("offer", "found", "questionnaire")
    )
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
            notices += _questions("closing.idel", me, mission, "idel")
            found = there.get((me, mission.id, "found"))
            receipts += [(mission, missed) for missed in await _nurse_missed(tx, me, mission, found)]
            if (me, mission.id, "questionnaire") not in there:
                notices += await questionnaire.asked(given, tx, mission)
            notices += await _missed_between(given, tx, me, mission, person, Voice.IDEL)
        if person.party in asked:
            again = None if sees_offer else cascade_notices.offer_again_to(mission, person.party)
            notices.append(again or _card("cascade.offer", me, mission, "offer", party=str(person.party)))
        doctor = mission.cascade.doctor
        if doctor is not None and doctor.party == person.party and not doctor.by_phone:
            notices.append(_own_card("doctor.card", me, mission, "doctor"))
            notices += _questions("closing.doctor", me, mission, "doctor")
            receipts += [(mission, missed) for missed in await _doctor_missed(tx, me, mission, doctor)]
            notices += await _missed_between(given, tx, me, mission, person, Voice.DOCTOR)
    # One that waits still must not come twice.
    await tx.outbox.withdraw([Withdrawal(mission.id, missed.kind, me) for mission, missed in receipts], now)
    await tx.outbox.owe([*told, *to_phone, *notices, *(missed for _, missed in receipts)], now)


async def ask_after_all(given: Given, tx: Transaction, person: PersonId) -> list[Notice]:
    """The offers that OSNP were to give by telephone are given as soon as each mission can be held.

    Whoever is told of it here: where they stand among those to phone, they do not any more.
    """
    now = given.now()
    told: list[Notice] = []
    for mission in await tx.missions.unfinished():
        offer = await tx.offers.get(mission.id, person) if mission.search.state in OPEN_SEARCHES else None
        if offer is None or offer.state not in (IdelOfferState.UNREACHABLE, IdelOfferState.ASKED):
            continue
        # Asked may be lost already, in a transaction that waits: what rings looks again.
        back = SetTimer(TimerKind.REACH_BACK, now, mission.search.epoch, key=str(person))
        await tx.timers.apply(mission.id, [back], now)
        told.append(
            Notice("search.to_phone", to_group(mission.id), mission.id, card="to_phone", only_if_there=True)
        )
    return told


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


async def _missed_between(
    given: Given, tx: Transaction, me: Place, mission: Mission, person: Person, voice: Voice
) -> list[Notice]:
    """What the other side has sent, the hour it proposes, the link to the video."""
    if mission.state is not MissionState.OPEN:
        return []
    sent = [n for n in await thread.catch_up(given, tx, mission, voice) if n.to == me]
    if voice is Voice.IDEL and mission.visit.acts_ordered is not None:
        sent += orders.acts_card(mission)
    proposed = video_hour.proposed_to(mission, person.party, given.now())
    video = card_of(mission.visio)
    cards = [video, *(n.card for n in (*sent, proposed) if n is not None and n.card is not None)]
    there = await tx.sent.cards((me, mission.id, card) for card in cards)
    shown = {card: there[me, mission.id, card] for card in cards if (me, mission.id, card) in there}
    lines = await tx.journal.of_mission(mission.id)
    changed = {line.facts.get("document") for line in lines if line.kind in RELAY_CHANGES}
    missed: list[Notice] = []
    for notice in sent:
        if notice.card not in shown:
            missed.append(notice)
        elif not notice.kind.startswith("thread.") or notice.facts.get("document") in changed:
            missed.append(_in_place(notice))
    if proposed is not None and proposed.card is not None:
        asked_at = max((line.at for line in lines if line.kind == "cascade.hour_proposed"), default=None)
        before = shown.get(proposed.card)
        if before is None or (asked_at is not None and before.sent_at < asked_at):
            missed.append(proposed)
    link = await visio.link_for(given, tx, mission, person.party) if video not in shown else None
    return missed if link is None else [*missed, link]


def _in_place(notice: Notice) -> Notice:
    return replace(
        notice, priority=Priority.CARD, fresh=False, only_if_there=True, when_unknown=WhenUnknown.DROP
    )


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


def _questions(kind: str, place: Place, mission: Mission, side: str) -> list[Notice]:
    """What is asked after the care: it comes where it is still waited for, and else shows that it is not."""
    if mission.state is MissionState.OPEN:
        return []
    if side in closing.waits_for(mission):
        return [Notice(kind, place, mission.id, card="closing")]
    return [_card(kind, place, mission, "closing")]


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
