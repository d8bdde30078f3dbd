"""A mission that was ended by mistake goes on after all, from what is still true.

Pure decisions.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain import control, search_again, visit
from bot.domain.mission import (
    CallReason,
    Closing,
    Decision,
    EndReason,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
    Search,
    SearchState,
    Visit,
    VisitState,
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
    to_party,
    to_person,
)
from bot.domain.people import Person, PersonId
from bot.domain.waves import Wave


def reopen(
    mission: Mission,
    wave: Wave,
    nurse: Person | None,
    offer: IdelOffer | None,
    *,
    elsewhere: int | None,
    by: str,
    now: datetime,
) -> Outcome:
    """A mission that was ended by mistake goes on, from what is still true. `offer` is its nurse's.

    The nurse keeps it unless she has another one by now; without her it is offered again, or the régulateur
    is asked again. The doctor is kept; the flow lets the cascade follow.
    """
    end = mission.end
    if mission.state is MissionState.OPEN or end is None:
        return nothing(mission, "control.not_over", number=mission.number)
    if now >= mission.limit and mission.visit.arrived_at is None:
        return nothing(
            mission, "control.limit_passed", number=mission.number, limit=mission.limit.isoformat()
        )
    keeps = nurse is not None and nurse.active and (elsewhere is None or nurse.several_missions)
    open_again = replace(
        mission,
        state=MissionState.OPEN,
        end=None,
        closing=Closing(),
        worsened_at=None,
        night_owner_asked=False,
        decisions=tuple(d for d in mission.decisions if d.kind is not Decision.ENDED),
        patient_calls=_calls_after(mission),
        visit=_visit_again(mission.visit) if keeps else Visit(),
    )
    searched = _search_again(open_again, mission, wave, keeps=keeps, now=now)
    told = _told_of_reopening(searched.mission, by, now, lost=None if keeps or nurse is None else nurse.id)
    facts: dict[str, Fact] = {"by": by, "reason": end.reason.value, "nurse_kept": keeps}
    is_lost = offer is not None and not keeps and offer.state is IdelOfferState.ACCEPTED
    lost = (
        (replace(offer, state=IdelOfferState.GAVE_BACK, reason=control.BY_MISTAKE),)
        if is_lost and offer
        else ()
    )
    return Outcome(
        searched.mission,
        Answer("control.reopened", {"number": mission.number}),
        events=(Event("mission.reopened", facts), *searched.events),
        notices=(*told, *searched.notices),
        withdrawn=(
            *(
                Withdrawal(mission.id, f"closing.{name}")
                for name in ("idel", "doctor", "ended", "unanswered")
            ),
            *searched.withdrawn,
        ),
        timers=(
            StopTimer(TimerKind.FORGET),
            StopTimer(TimerKind.CLOSING_REMINDER),
            *_night_timers(mission, now),
            *searched.timers,
        ),
        offers=(*lost, *searched.offers),
        engaged=nurse.id if keeps and nurse is not None else None,
    )


def _calls_after(mission: Mission) -> tuple[CallReason, ...]:
    """Who was told that nobody comes is told that somebody does; who was not told hears nothing."""
    over = (CallReason.CANCELLED, CallReason.ORIENTED)
    if any(reason in mission.patient_calls for reason in over):
        return tuple(reason for reason in mission.patient_calls if reason not in over)
    reason = mission.end.reason if mission.end is not None else EndReason.DONE
    return (
        mission.patient_calls if reason is EndReason.DONE else (*mission.patient_calls, CallReason.REOPENED)
    )


def _visit_again(before: Visit) -> Visit:
    """On site if she had arrived, else on her way as she was."""
    if before.arrived_at is None:
        return before
    return replace(before, state=VisitState.ON_SITE, finished_at=None)


def _search_again(open_again: Mission, before: Mission, wave: Wave, *, keeps: bool, now: datetime) -> Outcome:
    """The nurse's way goes on; or the régulateur decides again; or everybody is asked anew."""
    mission = open_again
    if keeps:
        return Outcome(mission, Answer("control.reopened"), timers=_visit_timers(mission, now))
    if before.end is not None and before.end.reason is EndReason.REORIENTED:
        undecided = _undecided(mission.search)
        return Outcome(
            replace(mission, search=undecided),
            Answer("control.reopened"),
            notices=(
                Notice("search.nobody", to_group(mission.id), mission.id, card="orientation", fresh=True),
            ),
            timers=tuple(
                SetTimer(TimerKind.ORIENTATION_REMINDER, now + after, undecided.epoch, key=str(n))
                for n, after in enumerate(mission.rules.reminders, start=1)
            ),
        )
    return search_again.search_again(mission, wave, now)


def _undecided(decided: Search) -> Search:
    return replace(
        decided,
        state=SearchState.UNANSWERED,
        orientation=None,
        orientation_text=None,
        oriented_by=None,
        oriented_at=None,
    )


def _visit_timers(mission: Mission, now: datetime) -> tuple[SetTimer | StopTimer, ...]:
    if mission.visit.state is VisitState.ON_SITE:
        return ()
    if mission.visit.expected_at is None:
        return (SetTimer(TimerKind.VISIT_HOUR, now + mission.rules.visit_hour),)
    return visit.arrival_timers(mission)


def _night_timers(mission: Mission, now: datetime) -> tuple[SetTimer, ...]:
    closes_at = mission.closes_at
    if closes_at is None or mission.limit <= closes_at or mission.night_owner is not None:
        return ()
    due = closes_at - mission.rules.night_owner
    return (SetTimer(TimerKind.NIGHT_OWNER, due),) if due > now else ()


def _told_of_reopening(
    mission: Mission, by: str, now: datetime, *, lost: PersonId | None
) -> tuple[Notice, ...]:
    facts: dict[str, Fact] = {"by": by, "at": now.isoformat(), "person": lost}
    notices = [
        Notice("control.reopened", to_group(mission.id), mission.id, facts=facts, card="call", fresh=True)
    ]
    if mission.visit.idel is not None:
        idel = to_person(mission.visit.idel)
        notices += [
            Notice("control.goes_on", idel, mission.id, card="ended", fresh=True),
            Notice("visit.card", idel, mission.id, card="mission", fresh=True),
            Notice("visit.identity", idel, mission.id),
            Notice("closing.idel", idel, mission.id, card="closing", only_if_there=True),
        ]
    doctor = mission.cascade.doctor
    if doctor is not None and not doctor.by_phone:
        party = to_party(doctor.party)
        notices += [
            Notice("control.goes_on", party, mission.id, card="ended", fresh=True),
            Notice("doctor.card", party, mission.id, card="doctor", fresh=True),
            Notice("closing.doctor", party, mission.id, card="closing", only_if_there=True),
        ]
    return tuple(notices)
