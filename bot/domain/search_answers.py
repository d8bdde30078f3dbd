"""What nurses answer to an offer: yes, no, «je peux, finalement», too late.

Pure decisions. Knows no words, no storage and no clock: the caller gives the moment.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain import visit
from bot.domain.mission import (
    CallReason,
    EndReason,
    IdelOffer,
    IdelOfferState,
    LateAcceptance,
    Mission,
    MissionState,
    Search,
    SearchState,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Notice,
    Outcome,
    Priority,
    Withdrawal,
    nothing,
    to_group,
    to_person,
)
from bot.domain.people import Party, Person, PersonId
from bot.domain.search import (
    STOP_SEARCH,
    is_refused_by_all,
    owe_call,
)
from bot.domain.search_notices import (
    all_refused,
    redraw_offer,
    redraw_to_phone,
    told_no,
    usual_settled,
)


def accept(
    mission: Mission,
    offer: IdelOffer | None,
    person: Person,
    *,
    elsewhere: int | None,
    estimate: int | None,
    now: datetime,
) -> Outcome:
    """An IDEL taps ACCEPTER. The first wins; everybody else is told the truth at once.

    `elsewhere` is the spoken number of another open mission she holds, `estimate` in minutes
    (None: «+ tard», the hour comes next).
    """
    search = mission.search
    if (settled := no_longer_open(mission, person.id, now)) is not None:
        return settled
    if person.id in search.excluded:
        return nothing(mission, "search.gave_it_back", number=mission.number)
    if offer is None or offer.epoch != search.epoch:
        return nothing(mission, "search.not_asked", number=mission.number)
    if not person.active:
        return nothing(mission, "people.inactive")
    if elsewhere is not None and not person.several_missions:
        return nothing(mission, "search.engaged", number=mission.number, other=elsewhere)
    if search.state is SearchState.UNANSWERED:
        return _lay_before_regulateur(mission, offer, person, estimate, now)
    return win(mission, offer, person, estimate, now)


def no_longer_open(mission: Mission, person: PersonId, now: datetime) -> Outcome | None:
    """The answer to an ACCEPTER that the mission alone decides: it is hers already, or too late."""
    if mission.search.state is SearchState.TAKEN and mission.search.taken_by == person:
        return nothing(mission, "search.already_yours", number=mission.number)
    return _too_late(mission, now)


def _too_late(mission: Mission, now: datetime) -> Outcome | None:
    """The answer when the mission cannot be had any more."""
    search = mission.search
    if mission.end is not None and mission.end.reason is not EndReason.DONE:
        return nothing(
            mission,
            "search.ended",
            number=mission.number,
            reason=mission.end.reason.value,
            at=mission.end.at.isoformat(),
        )
    if search.state is SearchState.TAKEN and search.taken_at is not None:
        return nothing(
            mission,
            "search.too_late",
            number=mission.number,
            at=search.taken_at.isoformat(),
            seconds=max(0, round((now - search.taken_at).total_seconds())),
        )
    if search.state is SearchState.ENDED or mission.state is not MissionState.OPEN:
        return nothing(mission, "search.ended", number=mission.number, reason="over", at=now.isoformat())
    return None


def win(mission: Mission, offer: IdelOffer, person: Person, estimate: int | None, now: datetime) -> Outcome:
    """The mission is hers: receipt, identity, everybody else's card shut."""
    search = replace(
        mission.search,
        state=SearchState.TAKEN,
        taken_by=person.id,
        taken_at=now,
        late=(),
        next_wave_at=None,
        assigned_by=None,
    )
    taken = replace(mission, search=search, patient_calls=owe_call(mission, CallReason.ACCEPTED))
    planned = visit.plan(taken, person.id, estimate, now)
    way = replace(planned.mission.visit, by_phone=not person.on_telegram)
    losers = tuple(late.person for late in mission.search.late if late.person != person.id)
    return Outcome(
        replace(planned.mission, visit=way),
        Answer("search.yours", {"number": mission.number, "at": now.isoformat()}),
        events=(
            Event(
                "search.accepted",
                {
                    "person": person.id,
                    "epoch": search.epoch,
                    "estimate": estimate,
                    "distance_km": offer.distance_km,
                },
            ),
            *planned.events,
        ),
        notices=(
            Notice(
                "visit.card",
                to_person(person.id),
                mission.id,
                priority=Priority.RECEIPT,
                card="mission",
                fresh=True,
            ),
            Notice("visit.identity", to_person(person.id), mission.id, priority=Priority.RECEIPT),
            *planned.notices,
            Notice("search.taken", to_group(mission.id), mission.id, card="call", fresh=True),
            Notice("search.nobody", to_group(mission.id), mission.id, card="orientation", only_if_there=True),
            *usual_settled(mission),
            *(told_no(mission, loser) for loser in losers),
        ),
        withdrawn=(
            Withdrawal(mission.id, "search.offer"),
            Withdrawal(mission.id, "search.nobody"),
            Withdrawal(mission.id, "search.late"),
            Withdrawal(mission.id, "search.to_phone", to_group(mission.id)),
        ),
        timers=(*STOP_SEARCH, *planned.timers),
        offers=(
            replace(offer, state=IdelOfferState.ACCEPTED, answered_at=now, estimate=estimate, reason=None),
        ),
        engaged=person.id,
        won=("search", search.epoch, Party.person(person.id)),
        shut_offers=True,
    )


def _lay_before_regulateur(
    mission: Mission, offer: IdelOffer, person: Person, estimate: int | None, now: datetime
) -> Outcome:
    if any(late.person == person.id for late in mission.search.late):
        return nothing(mission, "search.late", number=mission.number, by=mission.search.answer_by.isoformat())
    late = (*mission.search.late, LateAcceptance(person.id, now, estimate))
    changed = replace(mission, search=replace(_answered(mission.search, offer), late=late))
    return Outcome(
        changed,
        Answer(
            "search.late",
            {"number": mission.number, "by": mission.search.answer_by.isoformat()},
            alert=True,
        ),
        events=(Event("search.accepted_late", {"person": person.id, "estimate": estimate}),),
        notices=(
            Notice(
                "search.late",
                to_group(mission.id),
                mission.id,
                facts={"person": person.id, "estimate": estimate},
                priority=Priority.RECEIPT,
                card=f"late:{person.id}",
                epoch=mission.search.epoch,
            ),
            redraw_offer(changed, person.id),
        ),
        offers=(replace(offer, state=IdelOfferState.LATE, answered_at=now, estimate=estimate),),
    )


def refuse(mission: Mission, offer: IdelOffer | None, person: Person, now: datetime) -> Outcome:
    """An IDEL taps REFUSER; she may change her mind while nobody has it."""
    if mission.search.taken_by == person.id and mission.search.state is SearchState.TAKEN:
        return nothing(mission, "search.already_yours", number=mission.number)
    if (refusal := _too_late(mission, now)) is not None:
        return refusal
    if offer is None or offer.epoch != mission.search.epoch:
        return nothing(mission, "search.not_asked", number=mission.number)
    if offer.state in (IdelOfferState.REFUSED, IdelOfferState.LATE):
        return nothing(mission, "search.refused", number=mission.number)
    search = _answered(mission.search, offer)
    search = replace(search, refused=search.refused + 1)
    changed = replace(mission, search=search)
    notices = [redraw_offer(changed, person.id)]
    if offer.state is IdelOfferState.UNREACHABLE:
        notices.append(redraw_to_phone(changed))
    if is_refused_by_all(search) and search.next_wave_at is None:
        notices.append(all_refused(changed))
    return Outcome(
        changed,
        Answer("search.refused", {"number": mission.number}),
        events=(Event("search.refused", {"person": person.id, "epoch": search.epoch}),),
        notices=tuple(notices),
        offers=(replace(offer, state=IdelOfferState.REFUSED, answered_at=now),),
    )


def _answered(search: Search, offer: IdelOffer) -> Search:
    """Whoever answers was reached, whatever was known of her before."""
    if offer.state is not IdelOfferState.UNREACHABLE:
        return search
    return replace(search, unreachable=max(0, search.unreachable - 1))


def give_reason(mission: Mission, offer: IdelOffer | None, reason: str) -> Outcome:
    """Why she refused: optional, one tap."""
    if offer is None or offer.state is not IdelOfferState.REFUSED:
        return nothing(mission, "search.stale", number=mission.number)
    if offer.reason == reason:
        return nothing(mission, "search.reason_noted")
    return Outcome(
        mission,
        Answer("search.reason_noted"),
        events=(Event("search.refusal_reason", {"person": offer.person, "reason": reason}),),
        notices=(redraw_offer(mission, offer.person),),
        offers=(replace(offer, reason=reason),),
    )


def reconsider(mission: Mission, offer: IdelOffer | None, person: Person, now: datetime) -> Outcome:
    """«Je peux, finalement»: the choice is laid before her again, if nobody has it."""
    if mission.search.taken_by == person.id and mission.search.state is SearchState.TAKEN:
        return nothing(mission, "search.already_yours", number=mission.number)
    if (refusal := _too_late(mission, now)) is not None:
        return refusal
    if offer is None or offer.epoch != mission.search.epoch:
        return nothing(mission, "search.not_asked", number=mission.number)
    if offer.state is not IdelOfferState.REFUSED:
        return nothing(mission, "search.choose_estimate", number=mission.number)
    changed = replace(mission, search=replace(mission.search, refused=max(0, mission.search.refused - 1)))
    return Outcome(
        changed,
        Answer("search.choose_estimate", {"number": mission.number}),
        events=(Event("search.reconsidered", {"person": person.id}),),
        notices=(redraw_offer(changed, person.id),),
        offers=(replace(offer, state=IdelOfferState.ASKED, answered_at=None, reason=None),),
    )


def answer_late(
    mission: Mission,
    offer: IdelOffer | None,
    person: Person,
    *,
    yes: bool,
    elsewhere: int | None,
    decided_by: str,
    now: datetime,
) -> Outcome:
    """The régulateur says yes or no to an ACCEPTER that came after the limit."""
    late = next((entry for entry in mission.search.late if entry.person == person.id), None)
    if (
        late is None
        or offer is None
        or mission.search.state
        not in (
            SearchState.UNANSWERED,
            SearchState.OFFERED,
        )
    ):
        return nothing(mission, "search.stale", number=mission.number)
    if yes and elsewhere is not None and not person.several_missions:
        return nothing(mission, "search.late_engaged", number=mission.number, other=elsewhere)
    gone = yes and not person.active  # she has left since: a mission of hers would be nobody's
    yes = yes and not gone
    redraw = Notice(
        "search.late",
        to_group(mission.id),
        mission.id,
        facts={"person": person.id, "estimate": late.estimate, "answer": yes, "by": decided_by},
        card=f"late:{person.id}",
        only_if_there=True,
    )
    if yes:
        outcome = win(mission, offer, person, late.estimate, now)
        return replace(
            outcome,
            answer=Answer("search.late_accepted", {"number": mission.number}),
            events=(
                Event("search.late_decided", {"person": person.id, "yes": True, "by": decided_by}),
                *outcome.events,
            ),
            notices=(*outcome.notices, redraw),
        )
    left = tuple(entry for entry in mission.search.late if entry.person != person.id)
    changed = replace(
        mission,
        search=replace(mission.search, late=left, refused=mission.search.refused + 1),
    )
    return Outcome(
        changed,
        Answer(
            "search.late_gone" if gone else "search.late_declined", {"number": mission.number}, alert=gone
        ),
        events=(Event("search.late_decided", {"person": person.id, "yes": False, "by": decided_by}),),
        notices=(told_no(mission, person.id), redraw, redraw_offer(changed, person.id)),
        offers=(replace(offer, state=IdelOfferState.REFUSED, reason="too_late"),),
    )
