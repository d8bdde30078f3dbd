"""What doctors, the nurse and OSNP are told of the search for a doctor.

Facts only: knows no words, no storage, no clock.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain.mission import CascadeState, ChosenDoctor, DoctorOfferState, Mission, Step
from bot.domain.outcome import (
    Fact,
    Notice,
    Place,
    PlaceKind,
    Priority,
    Withdrawal,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import CascadeStep, Party, PartyKind

#: The card that tells a doctor that the nurse cannot come any more.
SUSPENDED = "suspended"


def asking(mission: Mission, step: Step) -> tuple[Notice, ...]:
    """The offers of a step, and the calls for OSNP."""
    notices = [
        replace(offer_notice(mission, offer.party, fresh=True), valid_until=step.until)
        for offer in step.offers
        if offer.state is DoctorOfferState.ASKED
    ]
    if step.to_phone:
        notices.append(call_notice(mission, step.step))
    return tuple(notices)


def texts(mission: Mission, step: Step, now: datetime) -> tuple[Notice, ...]:
    """A text message to whoever is reached so: number and hours, nothing of the patient."""
    until = now + step.delay
    return tuple(
        replace(
            _text("cascade.sms", mission, offer.party, {"phone": offer.text_to, "until": until.isoformat()}),
            priority=Priority.OFFER,
            valid_until=until,
        )
        for offer in step.to_phone
        if offer.text_to is not None
    )


def texts_over(mission: Mission) -> tuple[Notice, ...]:
    """The question is over for whoever was asked by a text message and has not answered.

    Sent where the last text that has gone there, or perhaps has, was the question.
    """
    waiting = {
        offer.party: offer.text_to
        for step in mission.cascade.steps
        for offer in step.offers
        if offer.text_to is not None
        and (offer.state is DoctorOfferState.TO_PHONE or offer.reason == "no_answer")
    }
    doctor = mission.cascade.doctor
    return tuple(
        replace(_text("cascade.sms_over", mission, party, {"phone": phone}), priority=Priority.RELAY)
        for party, phone in sorted(waiting.items())
        if doctor is None or party != doctor.party
    )


def text_card(party: str) -> str:
    """What the text messages to one doctor about the question are found by."""
    return f"asked:{party}"


def _text(kind: str, mission: Mission, party: Party, facts: dict[str, Fact]) -> Notice:
    return Notice(
        kind,
        Place(PlaceKind.SMS, party.id if party.kind is PartyKind.PERSON else 0),
        mission.id,
        facts={"party": str(party), **facts},
        card=text_card(str(party)),
        fresh=True,
        epoch=mission.cascade.epoch,
    )


def offer_notice(
    mission: Mission, party: Party, *, fresh: bool, priority: Priority = Priority.OFFER
) -> Notice:
    """The card of the offer: sent anew, or drawn again where it stands."""
    return Notice(
        "cascade.offer",
        to_party(party),
        mission.id,
        facts={"party": str(party)},
        priority=priority,
        card="offer",
        fresh=fresh,
        only_if_there=not fresh,
        epoch=mission.cascade.epoch,
    )


def call_notice(mission: Mission, step: CascadeStep, *, again: bool = False) -> Notice:
    """Whom OSNP must phone at that step."""
    return Notice(
        "cascade.call",
        to_group(mission.id),
        mission.id,
        facts={"step": step.value, "again": again},
        card=f"call:{step.value}",
        fresh=True,
        epoch=mission.cascade.epoch,
    )


def redraw_call(mission: Mission, step: CascadeStep) -> Notice:
    """Whom OSNP phone at that step, as things stand: nobody is phoned with an hour that holds no more."""
    return replace(call_notice(mission, step), fresh=False, only_if_there=True, priority=Priority.CARD)


def calls_redrawn(mission: Mission) -> tuple[Notice, ...]:
    """The same for each step at which somebody is still to be phoned."""
    return tuple(redraw_call(mission, step.step) for step in mission.cascade.steps if step.to_phone)


def offer_again_to(mission: Mission, party: Party) -> Notice | None:
    """The offer for a doctor whom it did not reach and who can be reached now; None: too late for it."""
    step = mission.cascade.step
    if step is None or mission.cascade.state is not CascadeState.RUNNING or mission.cascade.suspended:
        return None
    if not any(o.party == party and o.state is DoctorOfferState.ASKED for o in step.offers):
        return None
    offer = offer_notice(mission, party, fresh=False)
    return replace(offer, only_if_there=False, valid_until=step.until)


def both_told(mission: Mission, doctor: ChosenDoctor) -> tuple[Notice, ...]:
    """Doctor and nurse learn of each other; OSNP, that both know or whom to tell."""
    if doctor.by_phone:
        notices = [
            Notice("cascade.tell_doctor", to_group(mission.id), mission.id),
            Notice("doctor.sms", Place(PlaceKind.SMS, doctor.party.id), mission.id),
        ]
    else:
        party = to_party(doctor.party)
        notices = [
            Notice("doctor.card", party, mission.id, card="doctor", fresh=True),
            Notice("doctor.identity", party, mission.id),
            Notice("doctor.billing", party, mission.id),
        ]
    if doctor.by_phone and doctor.party.kind is PartyKind.ORGANISATION:
        notices.pop()
    if mission.visit.idel is not None:
        idel = to_person(mission.visit.idel)
        notices += [
            Notice("visit.doctor_found", idel, mission.id, card="found", fresh=True),
            Notice("visit.doctor_contact", idel, mission.id),
        ]
    if not doctor.by_phone:
        notices.append(Notice("cascade.found", to_group(mission.id), mission.id))
    return tuple(notices)


def shut(mission: Mission) -> tuple[Notice, ...]:
    """Everybody else who was asked sees it closed."""
    parties = {
        offer.party
        for step in mission.cascade.steps
        for offer in step.offers
        if not offer.by_phone and offer.state is not DoctorOfferState.WITHDREW
    }
    shut = [offer_notice(mission, p, fresh=False, priority=Priority.CARD) for p in sorted(parties)]
    calls = [
        redraw_call(mission, step.step)
        for step in mission.cascade.steps
        if any(o.by_phone for o in step.offers)
    ]
    if mission.cascade.state is CascadeState.EXHAUSTED:
        calls.append(redraw_exhausted(mission))
    return (*shut, *calls, *texts_over(mission))


def doctor_told(kind: str, mission: Mission, doctor: ChosenDoctor) -> Notice:
    """The doctor's own message, or a call for OSNP when only the telephone reaches them."""
    if doctor.by_phone:
        return Notice("cascade.call_doctor", to_group(mission.id), mission.id, facts={"why": kind})
    return Notice(kind, to_party(doctor.party), mission.id, card=SUSPENDED, fresh=True)


def no_longer_suspended(mission: Mission, doctor: ChosenDoctor | None) -> tuple[Notice, ...]:
    """«⏸ l'IDEL ne peut plus venir» is over: nothing is left to tap there."""
    if doctor is None or doctor.by_phone or not mission.cascade.suspended:
        return ()
    return (
        Notice("doctor.suspended", to_party(doctor.party), mission.id, card=SUSPENDED, only_if_there=True),
    )


def redraw_exhausted(mission: Mission) -> Notice:
    """«Aucun médecin» is over: nothing is left to tap there."""
    return Notice(
        "cascade.exhausted",
        to_group(mission.id),
        mission.id,
        card="exhausted",
        only_if_there=True,
        priority=Priority.CARD,
    )


def unasked(mission: Mission) -> tuple[Withdrawal, ...]:
    """Nobody is to be asked any more who was not yet."""
    return tuple(Withdrawal(mission.id, kind) for kind in ("cascade.offer", "cascade.call", "cascade.sms"))
