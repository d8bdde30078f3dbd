"""Nobody in time: OSNP are warned, the régulateur decides where to from here, or prolongs.

Pure decisions. Knows no words, no storage and no clock: the caller gives the moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.mission import (
    CallReason,
    End,
    EndReason,
    IdelOffer,
    IdelOfferState,
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
    SetTimer,
    StopTimer,
    TimerKind,
    Withdrawal,
    nothing,
    to_group,
)
from bot.domain.search import (
    OPEN_SEARCHES,
    STOP_SEARCH,
    UNSENT,
    owe_call,
)
from bot.domain.search_notices import offer_notice, told_no


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
    if orientation is Orientation.PROLONG and search.late:
        # Somebody would go: to ask the others once more, past her, would make the patient wait for nothing.
        return nothing(mission, "search.late_first", number=mission.number)
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
        patient_calls=owe_call(mission, CallReason.ORIENTED),
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
            *(told_no(mission, late.person) for late in search.late),
        ),
        withdrawn=(
            Withdrawal(mission.id, "search.offer"),
            Withdrawal(mission.id, "search.nobody"),
            Withdrawal(mission.id, "search.late"),
            Withdrawal(mission.id, "search.to_phone", to_group(mission.id)),
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
        notices=tuple(offer_notice(mission, offer.person) for offer in (*silent, *unsent)),
        offers=tuple(replace(offer, state=IdelOfferState.ASKED, reason=None) for offer in unsent),
    )
