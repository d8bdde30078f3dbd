"""The search for a nurse: offered wave after wave (`waves`), given to the first who accepts, exactly once.

Pure decisions. Knows no words, no storage and no clock: the caller gives the moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
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
from bot.domain.outlook import Outlook
from bot.domain.people import Party, Person, PersonId
from bot.domain.waves import Candidate, Wave

#: Why an IDEL whom the bot reaches was not: the offer never left.
UNSENT = "unsent"

#: Why an offer is refused that nobody was sent: she said so to OSNP.
BY_PHONE = "phone"

#: The searches in which an ACCEPTER still wins.
OPEN_SEARCHES = (SearchState.OFFERED, SearchState.USUAL)

STOP_SEARCH = (
    StopTimer(TimerKind.USUAL_SILENT),
    StopTimer(TimerKind.SEARCH_WIDEN),
    StopTimer(TimerKind.SEARCH_WARNING),
    StopTimer(TimerKind.SEARCH_TIME_UP),
    StopTimer(TimerKind.ORIENTATION_REMINDER),
)


def start(mission: Mission, wave: Wave, now: datetime) -> Outcome:
    """Both clocks start: the mission is offered to the first wave, nearest first."""
    broadcast = _broadcast(mission, wave, now)
    return replace(broadcast, events=(_triggered(mission), *broadcast.events))


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


def start_with_usual(mission: Mission, usual: Candidate, now: datetime, *, by_phone: bool = False) -> Outcome:
    """Both clocks start; for a few minutes the usual IDEL alone is asked, by the bot or by OSNP."""
    search = replace(
        mission.search,
        state=SearchState.USUAL,
        usual=usual.person.id,
        asked=1,
        unreachable=int(by_phone),
        usual_by_phone=by_phone,
    )
    changed = replace(mission, search=search)
    call = Notice(
        "search.phone_usual",
        to_group(mission.id),
        mission.id,
        facts={"until": (now + mission.rules.usual_idel).isoformat()},
        card="usual",
        fresh=True,
        valid_until=search.answer_by,
    )
    offer = _offer(changed, usual, now)
    return Outcome(
        changed,
        Answer("search.usual_to_phone" if by_phone else "search.usual_asked"),
        events=(
            _triggered(mission),
            Event("search.usual_asked", {"person": usual.person.id, "by_phone": by_phone}),
        ),
        notices=(call if by_phone else _offer_notice(changed, usual.person.id),),
        timers=(
            SetTimer(TimerKind.USUAL_SILENT, now + mission.rules.usual_idel, search.epoch),
            *_search_timers(changed),
        ),
        offers=(replace(offer, state=IdelOfferState.UNREACHABLE) if by_phone else offer,),
    )


def widen(mission: Mission, wave: Wave, cause: str, now: datetime) -> Outcome:
    """The usual IDEL cannot, or did not answer: the others are asked, her offer stays open."""
    if mission.search.state is not SearchState.USUAL:
        return nothing(mission, "search.stale")
    current, known = mission.search, mission.search.usual
    cannot: tuple[IdelOffer, ...] = ()
    if known is not None and current.usual_by_phone and cause == "osnp":
        current = replace(current, refused=current.refused + 1, unreachable=current.unreachable - 1)
        cannot = (said_no(mission, known, now),)
    others = replace(wave, asked=tuple(c for c in wave.asked if c.person.id != known))
    broadcast = _broadcast(replace(mission, search=current), others, now)
    search, notices = broadcast.mission.search, broadcast.notices
    if not others.asked and search.refused and is_refused_by_all(search) and search.next_wave_at is None:
        notices += (_all_refused(broadcast.mission),)
    return replace(
        broadcast,
        events=(Event("search.widened", {"cause": cause}), *broadcast.events),
        notices=(*notices, *_usual_settled(mission)),
        timers=(*broadcast.timers, StopTimer(TimerKind.USUAL_SILENT)),
        offers=(*cannot, *broadcast.offers),
    )


def _usual_settled(mission: Mission) -> tuple[Notice, ...]:
    """The card that asked OSNP to phone the usual IDEL, where there is one, says what has become of it."""
    if not mission.search.usual_by_phone:
        return ()
    return (Notice("search.phone_usual", to_group(mission.id), mission.id, card="usual", only_if_there=True),)


def ask_more(mission: Mission, wave: Wave, cause: str, now: datetime) -> Outcome:
    """The next wave is asked; every offer made before stays open."""
    search = mission.search
    if search.state is not SearchState.OFFERED or now >= search.answer_by or wave.number <= search.wave:
        return nothing(mission, "search.stale")
    asked = _ask(mission, wave, now)
    changed = asked.mission.search
    notices = asked.notices
    if search.next_wave_at is not None and is_refused_by_all(changed) and changed.next_wave_at is None:
        notices += (_all_refused(asked.mission),)
    return replace(
        asked,
        answer=Answer(
            "search.more_asked",
            {"number": mission.number, "asked": len(wave.asked), "left": wave.left},
        ),
        events=(Event("search.widened", {"cause": cause}), *asked.events),
        notices=notices,
    )


def next_is_due(mission: Mission, epoch: int, now: datetime) -> bool:
    """Whether the hour of the next wave has come."""
    search = mission.search
    return (
        search.state is SearchState.OFFERED
        and search.epoch == epoch
        and search.next_wave_at is not None
        and search.next_wave_at <= now < search.answer_by
    )


def is_refused_by_all(search: Search) -> bool:
    """Whether nobody who was asked can still say yes."""
    return (
        search.state is SearchState.OFFERED
        and search.refused + search.unreachable >= search.asked
        and not search.late
    )


def is_stuck(mission: Mission) -> bool:
    """Whether nobody of the waves so far can still say yes, and others wait for theirs."""
    return is_refused_by_all(mission.search) and mission.search.next_wave_at is not None


def warn_unlikely(mission: Mission, outlook: Outlook) -> Outcome:
    """At the déclenchement: at this hour and in this sector, few searches were answered in time."""
    facts: dict[str, Fact] = {"answered": outlook.answered, "of": outlook.of}
    return Outcome(
        mission,
        Answer("search.warned"),
        events=(Event("search.unlikely", facts),),
        notices=(
            Notice(
                "search.unlikely",
                to_group(mission.id),
                mission.id,
                facts=facts,
                valid_until=mission.search.answer_by,
            ),
        ),
    )


def _broadcast(mission: Mission, wave: Wave, now: datetime) -> Outcome:
    """The first wave of an epoch: the clocks of the search start with it."""
    asked = _ask(mission, wave, now)
    return replace(asked, timers=(*_search_timers(asked.mission), *asked.timers))


def _ask(mission: Mission, wave: Wave, now: datetime) -> Outcome:
    reached = [c for c in wave.asked if c.reached]
    unreached = [c for c in wave.asked if not c.reached]
    search = replace(
        mission.search,
        state=SearchState.OFFERED,
        asked=mission.search.asked + len(wave.asked),
        unreachable=mission.search.unreachable + len(unreached),
        wave=wave.number,
        next_wave_at=wave.next_at,
        everybody_by=wave.everybody_by,
    )
    changed = replace(mission, search=search)
    notices = [_offer_notice(changed, c.person.id) for c in reached]
    if unreached or not search.asked:
        notices.append(
            Notice("search.to_phone", to_group(mission.id), mission.id, card="to_phone", fresh=True)
        )
    offers = [_offer(changed, c, now) for c in reached]
    offers += [replace(_offer(changed, c, now), state=IdelOfferState.UNREACHABLE) for c in unreached]
    return Outcome(
        changed,
        Answer("search.started", {"asked": search.asked, "left": wave.left}),
        events=(Event("search.offered", _account(search, wave, len(unreached))),),
        notices=tuple(notices),
        timers=_next_timer(mission.search, wave),
        offers=tuple(offers),
    )


def _next_timer(before: Search, wave: Wave) -> tuple[SetTimer | StopTimer, ...]:
    if wave.next_at is not None:
        return (SetTimer(TimerKind.SEARCH_WIDEN, wave.next_at, before.epoch),)
    return (StopTimer(TimerKind.SEARCH_WIDEN),) if before.next_wave_at is not None else ()


def _account(search: Search, wave: Wave, unreachable: int) -> dict[str, Fact]:
    """What the journal keeps of a wave: whoever asks why gets the reasons that decided.

    Of those who were passed over the reason is kept by name only where they use the bot: they may ask it.
    """
    facts: dict[str, Fact] = {
        "epoch": search.epoch,
        "wave": wave.number,
        "asked": len(wave.asked),
        "unreachable": unreachable,
        "left": wave.left,
        "newest": wave.newest,
    }
    for reason in sorted({reason for _, reason in wave.passed}):
        those = [person for person, why in wave.passed if why == reason]
        facts[f"not_{reason}"] = len(those)
        facts[f"who_{reason}"] = " ".join(str(person.id) for person in those if person.on_telegram)
    return facts


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
        wave=mission.search.wave,
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


def reached_after_all(mission: Mission, offer: IdelOffer, now: datetime) -> Outcome:
    """A nurse whom OSNP were to phone can be written to while the search is open: she gets the offer."""
    search = mission.search
    is_open = search.state in OPEN_SEARCHES and now < search.answer_by
    by_phone = search.usual_by_phone and search.usual == offer.person
    if not is_open or by_phone or offer.epoch != search.epoch:
        return nothing(mission, "search.stale")
    if offer.state is not IdelOfferState.UNREACHABLE:
        return nothing(mission, "search.stale")
    changed = replace(mission, search=replace(search, unreachable=max(0, search.unreachable - 1)))
    card = Notice("search.to_phone", to_group(mission.id), mission.id, card="to_phone", only_if_there=True)
    return Outcome(
        changed,
        Answer("search.stale"),
        events=(Event("search.reached", {"person": offer.person, "epoch": search.epoch}),),
        notices=(replace(_offer_notice(changed, offer.person), fresh=False), card),
        offers=(replace(offer, state=IdelOfferState.ASKED, reason=None),),
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
    taken = replace(mission, search=search, patient_calls=_owe_call(mission, CallReason.ACCEPTED))
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
            *_usual_settled(mission),
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
    if is_refused_by_all(search) and search.next_wave_at is None:
        notices.append(_all_refused(changed))
    return Outcome(
        changed,
        Answer("search.refused", {"number": mission.number}),
        events=(Event("search.refused", {"person": person.id, "epoch": search.epoch}),),
        notices=tuple(notices),
        offers=(replace(offer, state=IdelOfferState.REFUSED, answered_at=now),),
    )


def said_no(mission: Mission, person: PersonId, now: datetime) -> IdelOffer:
    """The usual IDEL cannot, as she told OSNP on the telephone: no later wave asks her."""
    offer = IdelOffer(mission.id, person, mission.search.epoch, IdelOfferState.REFUSED, now)
    return replace(offer, answered_at=now, reason=BY_PHONE)


def _all_refused(mission: Mission) -> Notice:
    return Notice(
        "search.all_refused", to_group(mission.id), mission.id, valid_until=mission.search.answer_by
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
    changed = replace(mission, search=replace(search, state=SearchState.UNANSWERED, next_wave_at=None))
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
            StopTimer(TimerKind.SEARCH_WIDEN),
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


def answer_again_by(mission: Mission, now: datetime) -> datetime:
    """Until when there is time to answer a search that begins anew."""
    return min(now + mission.rules.answer, mission.limit)


def give_back(
    mission: Mission,
    person: Person,
    offer: IdelOffer | None,
    wave: Wave,
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
            answer_by=answer_again_by(mission, now),
            asked=0,
            refused=0,
            unreachable=0,
            taken_by=None,
            taken_at=None,
            excluded=(*search.excluded, person.id),
            late=(),
            usual_by_phone=False,
        ),
        patient_calls=_owe_call(mission, CallReason.GIVEN_BACK),
    )
    left = visit.leave(reopened)
    allowed = tuple(c for c in wave.asked if c.person.id not in reopened.search.excluded)
    broadcast = _broadcast(left.mission, replace(wave, asked=allowed), now)
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


def search_again(mission: Mission, wave: Wave, now: datetime) -> Outcome:
    """Nobody has it any more: offered anew, with a whole delay, but to whoever gave it back."""
    search = replace(
        mission.search,
        state=SearchState.OFFERED,
        epoch=mission.search.epoch + 1,
        started_at=now,
        answer_by=answer_again_by(mission, now),
        asked=0,
        refused=0,
        unreachable=0,
        usual=None,
        taken_by=None,
        taken_at=None,
        assigned_by=None,
        late=(),
    )
    allowed = tuple(c for c in wave.asked if c.person.id not in search.excluded)
    return _broadcast(replace(mission, search=search), replace(wave, asked=allowed), now)
