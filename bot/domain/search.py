"""The search for a nurse: offered to many, given to the first who accepts, exactly once.

Pure decisions. Knows no words, no storage and no clock: the caller gives the moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain import visit
from bot.domain.mission import (
    CallReason,
    End,
    EndReason,
    IdelOffer,
    IdelOfferState,
    LateAcceptance,
    Mission,
    MissionState,
    Orientation,
    Search,
    SearchState,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Priority,
    SetTimer,
    StopTimer,
    TimerKind,
    Withdrawal,
    nothing,
    to_group,
    to_person,
)
from bot.domain.people import Party, Person, PersonId

#: Why an IDEL whom the bot reaches was not: the offer never left.
UNSENT = "unsent"

#: The searches in which an ACCEPTER still wins.
OPEN_SEARCHES = (SearchState.OFFERED, SearchState.USUAL)

STOP_SEARCH = (
    StopTimer(TimerKind.USUAL_SILENT),
    StopTimer(TimerKind.SEARCH_WARNING),
    StopTimer(TimerKind.SEARCH_TIME_UP),
    StopTimer(TimerKind.ORIENTATION_REMINDER),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An IDEL who may be asked, and how far she is from the patient's commune."""

    person: Person
    distance_km: float | None


def rank(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Nearest first; those of unknown place last, then by id so that the order is the same everywhere."""
    return sorted(candidates, key=lambda c: (c.distance_km is None, c.distance_km or 0.0, c.person.id))


def may_be_asked(person: Person, now: datetime, engaged: Iterable[PersonId]) -> bool:
    """Active, not paused, and free (or willing to hold several missions)."""
    return (
        person.active
        and (person.paused_until is None or person.paused_until <= now)
        and (person.several_missions or person.id not in set(engaged))
    )


def start(mission: Mission, candidates: Sequence[Candidate], now: datetime) -> Outcome:
    """Both clocks start: the mission is offered to every candidate, nearest first."""
    broadcast = _broadcast(mission, candidates, now)
    return replace(
        broadcast,
        answer=Answer("search.started", {"asked": broadcast.mission.search.asked}),
        events=(
            _triggered(mission),
            *broadcast.events,
        ),
    )


def _triggered(mission: Mission) -> Event:
    return Event(
        "mission.triggered",
        {
            "commune": mission.commune,
            "motif": mission.motif,
            "requested_by": mission.requested_by,
            "exercise": mission.exercise,
            "funded": mission.funded,
            "limit": mission.limit.isoformat(),
        },
    )


def start_with_usual(mission: Mission, usual: Candidate, now: datetime) -> Outcome:
    """Both clocks start, and the usual IDEL alone is asked for a few minutes."""
    search = replace(mission.search, state=SearchState.USUAL, usual=usual.person.id, asked=1)
    changed = replace(mission, search=search)
    return Outcome(
        changed,
        Answer("search.usual_asked"),
        events=(
            _triggered(mission),
            Event("search.usual_asked", {"person": usual.person.id}),
        ),
        notices=(_offer_notice(changed, usual.person.id),),
        timers=(
            SetTimer(TimerKind.USUAL_SILENT, now + mission.rules.usual_idel, search.epoch),
            *_search_timers(changed),
        ),
        offers=(_offer(changed, usual, now),),
    )


def widen(mission: Mission, candidates: Sequence[Candidate], cause: str, now: datetime) -> Outcome:
    """The usual IDEL cannot, or did not answer: everybody is asked, her offer stays open."""
    if mission.search.state is not SearchState.USUAL:
        return nothing(mission, "search.stale")
    known = mission.search.usual
    broadcast = _broadcast(mission, [c for c in candidates if c.person.id != known], now)
    return replace(
        broadcast,
        events=(Event("search.widened", {"cause": cause}), *broadcast.events),
        timers=(*broadcast.timers, StopTimer(TimerKind.USUAL_SILENT)),
    )


def _broadcast(mission: Mission, candidates: Sequence[Candidate], now: datetime) -> Outcome:
    ranked = rank(candidates)
    reached = [c for c in ranked if c.person.on_telegram and c.person.reachable]
    unreached = [c for c in ranked if not (c.person.on_telegram and c.person.reachable)]
    search = replace(
        mission.search,
        state=SearchState.OFFERED,
        asked=mission.search.asked + len(ranked),
        unreachable=mission.search.unreachable + len(unreached),
    )
    changed = replace(mission, search=search)
    notices = [_offer_notice(changed, c.person.id) for c in reached]
    if unreached or not ranked:
        notices.append(Notice("search.to_phone", to_group(mission.id), mission.id, priority=Priority.RECEIPT))
    offers = [_offer(changed, c, now) for c in reached]
    offers += [replace(_offer(changed, c, now), state=IdelOfferState.UNREACHABLE) for c in unreached]
    return Outcome(
        changed,
        Answer("search.started", {"asked": search.asked}),
        events=(
            Event(
                "search.offered",
                {"epoch": search.epoch, "asked": len(ranked), "unreachable": len(unreached)},
            ),
        ),
        notices=tuple(notices),
        timers=_search_timers(changed),
        offers=tuple(offers),
    )


def _search_timers(mission: Mission) -> tuple[SetTimer | StopTimer, ...]:
    search, rules = mission.search, mission.rules
    warning = search.answer_by - (rules.answer - rules.warning)
    timers: list[SetTimer | StopTimer] = [
        SetTimer(TimerKind.SEARCH_TIME_UP, search.answer_by, search.epoch),
        StopTimer(TimerKind.ORIENTATION_REMINDER),
    ]
    if warning > search.started_at:
        timers.append(SetTimer(TimerKind.SEARCH_WARNING, warning, search.epoch))
    if mission.closes_at is not None and mission.limit > mission.closes_at and not mission.night_owner:
        timers.append(SetTimer(TimerKind.NIGHT_OWNER, mission.closes_at - mission.rules.night_owner))
    return tuple(timers)


def _offer(mission: Mission, candidate: Candidate, now: datetime) -> IdelOffer:
    return IdelOffer(
        mission.id,
        candidate.person.id,
        mission.search.epoch,
        IdelOfferState.ASKED,
        now,
        distance_km=candidate.distance_km,
    )


def _offer_notice(mission: Mission, person: PersonId) -> Notice:
    return Notice(
        "search.offer",
        to_person(person),
        mission.id,
        priority=Priority.OFFER,
        card="offer",
        fresh=True,
        epoch=mission.search.epoch,
        valid_until=mission.search.answer_by,
    )


def _redraw_offer(mission: Mission, person: PersonId, priority: Priority = Priority.REPLY) -> Notice:
    return Notice(
        "search.offer",
        to_person(person),
        mission.id,
        priority=priority,
        card="offer",
        only_if_there=True,
        epoch=mission.search.epoch,
    )


def offer_again_to(mission: Mission, offer: IdelOffer, now: datetime) -> Notice | None:
    """The offer for a nurse whom it did not reach and who can be reached now; None: too late for it."""
    search = mission.search
    waits = (
        search.state in OPEN_SEARCHES and offer.state is IdelOfferState.ASKED and offer.epoch == search.epoch
    )
    return (
        replace(_offer_notice(mission, offer.person), fresh=False)
        if waits and now < search.answer_by
        else None
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
    search = replace(mission.search, state=SearchState.TAKEN, taken_by=person.id, taken_at=now, late=())
    taken = replace(mission, search=search, patient_calls=_owe_call(mission, CallReason.ACCEPTED))
    planned = visit.plan(taken, person.id, estimate, now)
    losers = tuple(late.person for late in mission.search.late if late.person != person.id)
    return Outcome(
        planned.mission,
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
            *(_told_no(mission, loser) for loser in losers),
        ),
        withdrawn=(
            Withdrawal(mission.id, "search.offer"),
            Withdrawal(mission.id, "search.nobody"),
            Withdrawal(mission.id, "search.late"),
        ),
        timers=(*STOP_SEARCH, *planned.timers),
        offers=(
            replace(offer, state=IdelOfferState.ACCEPTED, answered_at=now, estimate=estimate, reason=None),
        ),
        engaged=person.id,
        won=("search", search.epoch, Party.person(person.id)),
        shut_offers=True,
    )


def _owe_call(mission: Mission, reason: CallReason) -> tuple[CallReason, ...]:
    return (*(r for r in mission.patient_calls if r is not reason), reason)


def _lay_before_regulateur(
    mission: Mission, offer: IdelOffer, person: Person, estimate: int | None, now: datetime
) -> Outcome:
    if any(late.person == person.id for late in mission.search.late):
        return nothing(mission, "search.late", number=mission.number, by=mission.search.answer_by.isoformat())
    late = (*mission.search.late, LateAcceptance(person.id, now, estimate))
    changed = replace(mission, search=replace(mission.search, late=late))
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
            _redraw_offer(changed, person.id),
        ),
        offers=(replace(offer, state=IdelOfferState.LATE, answered_at=now, estimate=estimate),),
    )


def _told_no(mission: Mission, person: PersonId) -> Notice:
    return Notice("search.late_refused", to_person(person), mission.id, priority=Priority.REPLY)


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
    search = replace(mission.search, refused=mission.search.refused + 1)
    changed = replace(mission, search=search)
    notices = [_redraw_offer(changed, person.id)]
    if (
        search.state is SearchState.OFFERED
        and search.refused + search.unreachable >= search.asked
        and not search.late
    ):
        notices.append(
            Notice("search.all_refused", to_group(mission.id), mission.id, valid_until=search.answer_by)
        )
    return Outcome(
        changed,
        Answer("search.refused", {"number": mission.number}),
        events=(Event("search.refused", {"person": person.id, "epoch": search.epoch}),),
        notices=tuple(notices),
        offers=(replace(offer, state=IdelOfferState.REFUSED, answered_at=now),),
    )


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
        notices=(_redraw_offer(mission, offer.person),),
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
        notices=(_redraw_offer(changed, person.id),),
        offers=(replace(offer, state=IdelOfferState.ASKED, answered_at=None, reason=None),),
    )


def warn(mission: Mission, epoch: int) -> Outcome:
    """Twenty minutes without an IDEL: OSNP prepare what follows."""
    if mission.search.state not in OPEN_SEARCHES or mission.search.epoch != epoch:
        return nothing(mission, "search.stale")
    return Outcome(
        mission,
        Answer("search.warned"),
        events=(Event("search.warned"),),
        notices=(
            Notice(
                "search.warning",
                to_group(mission.id),
                mission.id,
                valid_until=mission.search.answer_by,
            ),
        ),
    )


def time_is_up(mission: Mission, epoch: int, now: datetime, unsent: Sequence[IdelOffer] = ()) -> Outcome:
    """Thirty minutes and nobody: the régulateur, named, decides.

    `unsent`: offers that never left. Whoever was to get one was not silent: she was not reached.
    """
    search = mission.search
    if search.state not in OPEN_SEARCHES or search.epoch != epoch or now < search.answer_by:
        return nothing(mission, "search.stale")
    never = [offer for offer in unsent if offer.state is IdelOfferState.ASKED and offer.epoch == epoch]
    search = replace(search, unreachable=search.unreachable + len(never))
    changed = replace(mission, search=replace(search, state=SearchState.UNANSWERED))
    return Outcome(
        changed,
        Answer("search.nobody"),
        events=(
            Event("search.nobody", {"asked": search.asked, "refused": search.refused, "unsent": len(never)}),
        ),
        notices=(Notice("search.nobody", to_group(mission.id), mission.id, card="orientation", fresh=True),),
        withdrawn=(Withdrawal(mission.id, "search.offer"),),
        timers=(
            StopTimer(TimerKind.SEARCH_WARNING),
            StopTimer(TimerKind.USUAL_SILENT),
            *(
                SetTimer(TimerKind.ORIENTATION_REMINDER, now + after, search.epoch, key=str(n))
                for n, after in enumerate(mission.rules.reminders, start=1)
            ),
        ),
        offers=tuple(replace(offer, state=IdelOfferState.UNREACHABLE, reason=UNSENT) for offer in never),
    )


def remind_orientation(mission: Mission, epoch: int, now: datetime) -> Outcome:
    """The régulateur has not decided yet: said again."""
    if mission.search.state is not SearchState.UNANSWERED or mission.search.epoch != epoch:
        return nothing(mission, "search.stale")
    return Outcome(
        mission,
        Answer("search.reminded"),
        events=(Event("search.orientation_reminded"),),
        notices=(
            Notice(
                "search.nobody",
                to_group(mission.id),
                mission.id,
                facts={"again": True},
                card="orientation",
                fresh=True,
                valid_until=now + mission.rules.act_request,  # by then it is said again
            ),
        ),
    )


def orient(
    mission: Mission,
    orientation: Orientation,
    *,
    decided_by: str,
    noted_by: str | None,
    text: str | None,
    now: datetime,
) -> Outcome:
    """The new orientation. `noted_by` is the operator who wrote down a spoken decision."""
    search = mission.search
    if search.state is not SearchState.UNANSWERED:
        return nothing(mission, "search.no_orientation_needed", number=mission.number)
    facts: dict[str, Fact] = {
        "orientation": orientation.value,
        "decided_by": decided_by,
        "noted_by": noted_by,
    }
    decided = replace(
        search, orientation=orientation, orientation_text=text, oriented_by=decided_by, oriented_at=now
    )
    if orientation is Orientation.PROLONG:
        return _prolong(mission, decided, now, Event("search.oriented", facts))
    ended = replace(
        mission,
        state=MissionState.CLOSED,
        search=replace(decided, state=SearchState.ENDED, late=()),
        end=End(EndReason.REORIENTED, now, decided_by, orientation.value),
        patient_calls=_owe_call(mission, CallReason.ORIENTED),
    )
    return Outcome(
        ended,
        Answer("search.oriented", {"number": mission.number}),
        events=(Event("search.oriented", facts), Event("mission.ended", {"reason": "reoriented"})),
        notices=(
            Notice(
                "search.oriented",
                to_group(mission.id),
                mission.id,
                facts={"noted_by": noted_by},
                card="call",
                fresh=True,
            ),
            Notice(
                "search.decided", to_group(mission.id), mission.id, card="orientation", only_if_there=True
            ),
            *(_told_no(mission, late.person) for late in search.late),
        ),
        withdrawn=(
            Withdrawal(mission.id, "search.offer"),
            Withdrawal(mission.id, "search.nobody"),
            Withdrawal(mission.id, "search.late"),
        ),
        timers=(*STOP_SEARCH, StopTimer(TimerKind.NIGHT_OWNER)),
        shut_offers=True,
    )


def _prolong(mission: Mission, decided: Search, now: datetime, event: Event) -> Outcome:
    answer_by = now + mission.rules.prolongation
    if now < mission.limit:
        answer_by = min(answer_by, mission.limit)
    search = replace(
        decided,
        state=SearchState.OFFERED,
        answer_by=answer_by,
        prolonged=decided.prolonged + 1,
        orientation=None,
    )
    changed = replace(mission, search=search)
    return Outcome(
        changed,
        Answer("search.prolonged", {"number": mission.number, "by": answer_by.isoformat()}),
        events=(event,),
        notices=(
            Notice(
                "search.prolonged", to_group(mission.id), mission.id, card="orientation", epoch=search.epoch
            ),
        ),
        timers=(
            StopTimer(TimerKind.ORIENTATION_REMINDER),
            SetTimer(TimerKind.SEARCH_TIME_UP, answer_by, search.epoch),
        ),
    )


def offer_again(mission: Mission, offers: Iterable[IdelOffer]) -> Outcome:
    """After a prolongation: those who have not answered hear it once more, with the new hour."""
    now_asked = [offer for offer in offers if offer.epoch == mission.search.epoch]
    unsent = [o for o in now_asked if o.state is IdelOfferState.UNREACHABLE and o.reason == UNSENT]
    silent = [o for o in now_asked if o.state is IdelOfferState.ASKED]
    search = replace(mission.search, unreachable=max(0, mission.search.unreachable - len(unsent)))
    return Outcome(
        replace(mission, search=search),
        Answer("search.prolonged"),
        notices=tuple(_offer_notice(mission, offer.person) for offer in (*silent, *unsent)),
        offers=tuple(replace(offer, state=IdelOfferState.ASKED, reason=None) for offer in unsent),
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
        Answer("search.late_declined", {"number": mission.number}),
        events=(Event("search.late_decided", {"person": person.id, "yes": False, "by": decided_by}),),
        notices=(_told_no(mission, person.id), redraw, _redraw_offer(changed, person.id)),
        offers=(replace(offer, state=IdelOfferState.REFUSED, reason="too_late"),),
    )


def give_back(
    mission: Mission,
    person: Person,
    offer: IdelOffer | None,
    candidates: Sequence[Candidate],
    reason: str,
    now: datetime,
) -> Outcome:
    """«Je ne peux plus y aller»: searched again at once without that nurse, time and doctor kept."""
    search = mission.search
    if (
        search.state is not SearchState.TAKEN
        or search.taken_by != person.id
        or (mission.state is not MissionState.OPEN)
    ):
        return nothing(mission, "visit.not_yours", number=mission.number)
    if mission.visit.finished_at is not None:
        return nothing(mission, "visit.already_finished", number=mission.number)
    reopened = replace(
        mission,
        search=replace(
            search,
            state=SearchState.OFFERED,
            epoch=search.epoch + 1,
            started_at=now,
            answer_by=min(now + mission.rules.answer, mission.limit),
            asked=0,
            refused=0,
            unreachable=0,
            taken_by=None,
            taken_at=None,
            excluded=(*search.excluded, person.id),
            late=(),
        ),
        patient_calls=_owe_call(mission, CallReason.GIVEN_BACK),
    )
    left = visit.leave(reopened)
    allowed = [c for c in candidates if c.person.id not in reopened.search.excluded]
    broadcast = _broadcast(left.mission, allowed, now)
    gave_back = (
        replace(offer, state=IdelOfferState.GAVE_BACK, answered_at=now, reason=reason) if offer else None
    )
    return Outcome(
        broadcast.mission,
        Answer("search.given_back", {"number": mission.number, "at": now.isoformat()}),
        events=(
            Event(
                "search.given_back",
                {
                    "person": person.id,
                    "reason": reason,
                    "epoch": search.epoch,
                    "arrived": mission.visit.arrived_at is not None,
                },
            ),
            *broadcast.events,
        ),
        notices=(
            Notice(
                "visit.given_back",
                to_person(person.id),
                mission.id,
                facts={"at": now.isoformat()},
                card="mission",
                priority=Priority.REPLY,
            ),
            Notice(
                "search.given_back",
                to_group(mission.id),
                mission.id,
                facts={"person": person.id, "reason": reason},
                card="call",
                fresh=True,
            ),
            *left.notices,
            *broadcast.notices,
        ),
        withdrawn=left.withdrawn,
        timers=(*left.timers, *broadcast.timers),
        offers=((gave_back,) if gave_back else ()) + broadcast.offers,
        released=person.id,
    )
