"""The search for a nurse: offered wave after wave (`waves`), given to the first who says yes.

What nurses answer is in `search_answers`, what follows when nobody does in `search_unanswered`, the search
after a nurse has given the mission back in `search_again`. Pure decisions. Knows no words, no storage and no
clock: the caller gives the moment.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from bot.domain import availability
from bot.domain.mission import (
    CallReason,
    IdelOffer,
    IdelOfferState,
    Mission,
    Search,
    SearchState,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    SetTimer,
    StopTimer,
    TimerKind,
    nothing,
    to_group,
)
from bot.domain.outlook import Outlook
from bot.domain.people import PersonId, WeeklyHours
from bot.domain.search_notices import all_refused, offer_notice, redraw_to_phone, usual_settled
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
    asked = broadcast(mission, wave, now)
    return replace(asked, events=(_triggered(mission), *asked.events))


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
        notices=(call if by_phone else offer_notice(changed, usual.person.id),),
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
    asked = broadcast(replace(mission, search=current), others, now)
    search, notices = asked.mission.search, asked.notices
    if not others.asked and search.refused and is_refused_by_all(search) and search.next_wave_at is None:
        notices += (all_refused(asked.mission),)
    return replace(
        asked,
        events=(Event("search.widened", {"cause": cause}), *asked.events),
        notices=(*notices, *usual_settled(mission)),
        timers=(*asked.timers, StopTimer(TimerKind.USUAL_SILENT)),
        offers=(*cannot, *asked.offers),
    )


def ask_more(mission: Mission, wave: Wave, cause: str, now: datetime) -> Outcome:
    """The next wave is asked; every offer made before stays open."""
    search = mission.search
    if search.state is not SearchState.OFFERED or now >= search.answer_by or wave.number <= search.wave:
        return nothing(mission, "search.stale")
    asked = _ask(mission, wave, now)
    changed = asked.mission.search
    notices = asked.notices
    if search.next_wave_at is not None and is_refused_by_all(changed) and changed.next_wave_at is None:
        notices += (all_refused(asked.mission),)
    return replace(
        asked,
        answer=Answer(
            "search.more_asked",
            {
                "number": mission.number,
                "asked": changed.reached - search.reached,
                "unreached": changed.unreachable - search.unreachable,
                "left": wave.left,
            },
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
    """Whether nobody whom the offer reached can still say yes; the others are for OSNP to phone."""
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


def broadcast(mission: Mission, wave: Wave, now: datetime) -> Outcome:
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
    notices = [offer_notice(changed, c.person.id) for c in reached]
    if unreached or not search.asked:
        notices.append(
            Notice("search.to_phone", to_group(mission.id), mission.id, card="to_phone", fresh=True)
        )
    offers = [_offer(changed, c, now) for c in reached]
    offers += [replace(_offer(changed, c, now), state=IdelOfferState.UNREACHABLE) for c in unreached]
    return Outcome(
        changed,
        Answer(
            "search.started",
            {"asked": search.reached, "unreached": search.unreachable, "left": wave.left},
        ),
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
    return facts | _until_when(wave)


#: Before what somebody had said when a wave passed them over, in the keys of its account.
UNTIL, HOURS = "until_", "hours_"


def _week(hours: Iterable[WeeklyHours]) -> str:
    return " ".join(f"{h.weekday}.{h.begins:%H%M}-{h.ends:%H%M}" for h in hours)


def _until_when(wave: Wave) -> dict[str, Fact]:
    """Whoever paused, or was outside their hours, by what they had said then: they may change it since."""
    said: dict[str, list[str]] = {}
    for person, reason in wave.passed:
        if not person.on_telegram:
            continue
        if reason == availability.PAUSED and person.paused_until is not None:
            key = UNTIL + person.paused_until.astimezone(UTC).isoformat()
        elif reason == availability.HOURS:
            key = HOURS + _week(person.weekly)
        else:
            continue
        said.setdefault(key, []).append(str(person.id))
    return {key: " ".join(ids) for key, ids in said.items()}


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


def offer_again_to(mission: Mission, offer: IdelOffer, now: datetime) -> Notice | None:
    """The offer for a nurse whom it did not reach and who can be reached now; None: too late for it."""
    search = mission.search
    waits = (
        search.state in OPEN_SEARCHES and offer.state is IdelOfferState.ASKED and offer.epoch == search.epoch
    )
    return (
        replace(offer_notice(mission, offer.person), fresh=False)
        if waits and now < search.answer_by
        else None
    )


def not_reached(mission: Mission, offers: Iterable[IdelOffer]) -> Outcome:
    """Offers came back, or who has one has blocked the bot since: these nurses are for OSNP to phone."""
    search = mission.search
    lost = [o for o in offers if o.state is IdelOfferState.ASKED and o.epoch == search.epoch]
    if search.state not in OPEN_SEARCHES or not lost:
        return nothing(mission, "search.stale")
    changed = replace(mission, search=replace(search, unreachable=search.unreachable + len(lost)))
    notices = [Notice("search.to_phone", to_group(mission.id), mission.id, card="to_phone")]
    if search.refused and is_refused_by_all(changed.search) and search.next_wave_at is None:
        notices.append(all_refused(changed))
    return Outcome(
        changed,
        Answer("search.stale"),
        events=(Event("search.unreached", {"epoch": search.epoch, "count": len(lost)}),),
        notices=tuple(notices),
        offers=tuple(replace(offer, state=IdelOfferState.UNREACHABLE) for offer in lost),
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
    return Outcome(
        changed,
        Answer("search.stale"),
        events=(Event("search.reached", {"person": offer.person, "epoch": search.epoch}),),
        notices=(replace(offer_notice(changed, offer.person), fresh=False), redraw_to_phone(changed)),
        offers=(replace(offer, state=IdelOfferState.ASKED, reason=None),),
    )


def owe_call(mission: Mission, reason: CallReason) -> tuple[CallReason, ...]:
    """The calls owed to the patient, with this one."""
    return (*(r for r in mission.patient_calls if r is not reason), reason)


def said_no(mission: Mission, person: PersonId, now: datetime) -> IdelOffer:
    """The usual IDEL cannot, as she told OSNP on the telephone: no later wave asks her."""
    offer = IdelOffer(mission.id, person, mission.search.epoch, IdelOfferState.REFUSED, now)
    return replace(offer, answered_at=now, reason=BY_PHONE)
