"""What an operator decided may be taken back for some minutes.

Pure decisions. What is taken back is not a picture of the past put back: it is a new decision, worked out
from the present, told to whoever was told, and refused when something has moved since.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import cascade, cascade_control, control, visit
from bot.domain.mission import (
    CascadeState,
    Decision,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
    Orientation,
    SearchState,
    Undoable,
    VisitState,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Priority,
    SetTimer,
    TimerKind,
    Withdrawal,
    nothing,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import Party, Person, PersonId
from bot.domain.rosters import Rosters
from bot.domain.search import STOP_SEARCH

#: How long an operator may take a decision back.
UNDO_WITHIN = timedelta(minutes=10)


#: The events that an operator may take back.
UNDOABLE_EVENTS = frozenset(
    {
        "mission.ended",
        "control.assigned",
        "control.nurse_refused",
        "cascade.accepted",
        "cascade.refused",
        "visit.hour_set",
        "cascade.advanced",
        "mission.worsened",
        "search.oriented",
        "cascade.paused",
        "cascade.returned",
        "control.handed_over",
        "control.noted",
        "watch.postponed",
    }
)


def may_be_undone(outcome: Outcome) -> bool:
    """Whether somebody's decision is in it that may be taken back; taking back is none."""
    kinds = {event.kind for event in outcome.events}
    return bool(kinds & UNDOABLE_EVENTS) and "control.undone" not in kinds


def remember(outcome: Outcome, before: Mission, by: PersonId, now: datetime) -> Outcome:
    """The same outcome, with what its operator may take back; `before` is the mission as it was."""
    mission = outcome.mission
    for event in outcome.events:
        found = _undoable(event, mission, before, by, now)
        if found is not None:
            standing = all_that_may(mission, now)
            number = 1 + max((decision.number for decision in standing), default=0)
            found = replace(found, upon=before.cascade.epoch, number=number)
            return replace(outcome, mission=replace(mission, decisions=(*standing, found)))
    return outcome


def _undoable(
    event: Event, mission: Mission, before: Mission, by: PersonId, now: datetime
) -> Undoable | None:
    facts = event.facts
    person = PersonId(int(str(facts["person"]))) if isinstance(facts.get("person"), int) else None
    epoch = mission.search.epoch
    match event.kind:
        case "mission.ended":
            return Undoable(Decision.ENDED, now, by)
        case "mission.worsened":
            return Undoable(Decision.WORSENED, now, by)
        case "control.assigned":
            return Undoable(Decision.ASSIGNED, now, by, person=person, epoch=epoch)
        case "control.nurse_refused":
            return Undoable(
                Decision.NURSE_REFUSED, now, by, person=person, epoch=epoch, was=str(facts["was"])
            )
        case "control.handed_over":
            return Undoable(Decision.HANDED_OVER, now, by, person=person, was=str(facts["former"]))
        case "control.noted":
            return Undoable(Decision.NOTED, now, by, index=int(str(facts["number"])))
        case "watch.postponed":
            return Undoable(Decision.POSTPONED, now, by, hour=datetime.fromisoformat(str(facts["until"])))
        case "visit.hour_set" if facts.get("former") is not None:
            former = datetime.fromisoformat(str(facts["former"]))
            return Undoable(Decision.HOUR, now, by, hour=former, was=str(facts["hour"]))
        case "search.oriented" if facts["orientation"] == Orientation.PROLONG.value:
            was, former = mission.search.answer_by.isoformat(), before.search.answer_by
            return Undoable(Decision.PROLONGED, now, by, hour=former, epoch=epoch, was=was)
    return _about_the_doctor(event, mission, before, by, now)


def _about_the_doctor(
    event: Event, mission: Mission, before: Mission, by: PersonId, now: datetime
) -> Undoable | None:
    facts, current = event.facts, mission.cascade
    recorded = facts.get("recorded_by") is not None
    match event.kind:
        case "cascade.accepted" if recorded:
            return Undoable(Decision.DOCTOR_ACCEPTED, now, by, party=Party.read(str(facts["party"])))
        case "cascade.refused" if recorded:
            return Undoable(Decision.DOCTOR_REFUSED, now, by, party=Party.read(str(facts["party"])))
        case "cascade.advanced" if facts.get("cause") == "osnp":
            index = next((i for i, s in enumerate(current.steps) if s.step.value == facts["step"]), None)
            return Undoable(Decision.SKIPPED, now, by, epoch=current.epoch, index=index)
        case "cascade.returned":
            return Undoable(Decision.RETURNED, now, by, epoch=current.epoch, index=before.cascade.current)
        case "cascade.paused":
            return Undoable(Decision.PAUSED, now, by, epoch=current.epoch, hour=current.paused_until)
    return None


def all_that_may(mission: Mission, now: datetime) -> tuple[Undoable, ...]:
    """What may still be taken back, the newest last: each for a few minutes."""
    return tuple(decision for decision in mission.decisions if now <= decision.at + UNDO_WITHIN)


def stamp_of(decision: Undoable) -> int:
    """What a button carries of a decision, so that another one is not taken back in its place."""
    return int(decision.at.timestamp()) * 100 + decision.number % 100


def find(mission: Mission, stamp: int, now: datetime) -> Undoable | None:
    """The decision of that button, while it may be taken back."""
    return next((d for d in all_that_may(mission, now) if stamp_of(d) == stamp), None)


@dataclass(frozen=True, slots=True)
class Undoing:
    """What `undo` looks at beside the mission."""

    by: str
    rosters: Rosters
    offer: IdelOffer | None = None  # of the nurse whom the decision was about
    operator: Person | None = None  # who takes it back
    former: Person | None = None  # who held the mission before
    readers: tuple[PersonId, ...] = ()  # who has read the note


def undo(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    """A decision is taken back, where nothing has moved since. Ends and assignments go other ways."""
    undone = {
        Decision.NURSE_REFUSED: _unrefuse_nurse,
        Decision.DOCTOR_ACCEPTED: _unaccept_doctor,
        Decision.DOCTOR_REFUSED: _unrefuse_doctor,
        Decision.HOUR: _hour_as_before,
        Decision.SKIPPED: _unskip,
        Decision.RETURNED: _unreturn,
        Decision.PAUSED: _unpause,
        Decision.WORSENED: _false_alarm,
        Decision.PROLONGED: _unprolong,
        Decision.HANDED_OVER: _hand_back,
        Decision.NOTED: _unnote,
        Decision.POSTPONED: _unpostpone,
    }[wanted.kind](mission, wanted, given, now)
    if not undone.events:
        return moved_since(mission)
    return undone_by(undone, wanted, given.by)


def moved_since(mission: Mission) -> Outcome:
    """It cannot be taken back any more."""
    return nothing(mission, "control.moved_since", number=mission.number)


def undone_by(outcome: Outcome, wanted: Undoable, by: str) -> Outcome:
    """What every decision that takes one back has in common."""
    if not outcome.events:
        return outcome
    mission = replace(outcome.mission, decisions=_without(outcome.mission, wanted))
    facts: dict[str, Fact] = {"what": wanted.kind.value, "by": by, "decided_by": wanted.by}
    said = Notice(
        "control.undone",
        to_group(mission.id),
        mission.id,
        facts={"what": wanted.kind.value, "by": by, "person": wanted.person},
    )
    return replace(
        outcome,
        mission=mission,
        answer=Answer("control.undone", {"number": mission.number}),
        events=(Event("control.undone", facts), *outcome.events),
        notices=(*outcome.notices, said),
    )


#: What compares itself with the epoch of the cascade.
_OF_THE_CASCADE = (Decision.SKIPPED, Decision.RETURNED)


def _without(mission: Mission, undone: Undoable) -> tuple[Undoable, ...]:
    """The decisions that still stand; the one just before finds the cascade as it had left it."""
    return tuple(
        replace(decision, epoch=mission.cascade.epoch)
        if decision.kind in _OF_THE_CASCADE and decision.epoch == undone.upon
        else decision
        for decision in mission.decisions
        if decision != undone
    )


def is_still_hers(mission: Mission, wanted: Undoable) -> bool:
    """The mission stands with the nurse it was given to by mistake, who has not set out."""
    return (
        mission.state is MissionState.OPEN
        and mission.visit.idel == wanted.person
        and mission.search.epoch == wanted.epoch
        and mission.visit.state is VisitState.PLANNED
    )


def _unrefuse_nurse(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    offer = given.offer
    if (
        mission.search.state not in control.SEARCHING
        or offer is None
        or offer.epoch != wanted.epoch
        or offer.state is not IdelOfferState.REFUSED
        or offer.epoch != mission.search.epoch
    ):
        return moved_since(mission)
    was = IdelOfferState(wanted.was or IdelOfferState.ASKED.value)
    changed = control.with_search(
        mission,
        refused=max(0, mission.search.refused - 1),
        unreachable=mission.search.unreachable + (was is IdelOfferState.UNREACHABLE),
    )
    redraw = Notice(
        "search.offer",
        to_person(offer.person),
        mission.id,
        priority=Priority.REPLY,
        card="offer",
        only_if_there=True,
        epoch=mission.search.epoch,
    )
    return Outcome(
        changed,
        Answer("control.undone"),
        events=(Event("search.reconsidered", {"person": offer.person}),),
        notices=(redraw,),
        offers=(replace(offer, state=was, answered_at=None, reason=None),),
    )


def _unaccept_doctor(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    doctor = mission.cascade.doctor
    if (
        mission.state is not MissionState.OPEN
        or doctor is None
        or doctor.party != wanted.party
        or mission.visio is not None
    ):
        return moved_since(mission)
    return cascade_control.unaccept(mission, doctor.party, given.rosters, now)


def _unrefuse_doctor(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    if mission.state is not MissionState.OPEN or mission.cascade.state not in cascade.ACCEPTABLE:
        return moved_since(mission)
    return (
        cascade_control.unrefuse(mission, wanted.party) if wanted.party is not None else moved_since(mission)
    )


def _hour_as_before(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    expected = mission.visit.expected_at
    if wanted.hour is None or expected is None or expected.isoformat() != wanted.was or wanted.hour <= now:
        return moved_since(mission)
    return visit.set_hour(mission, wanted.hour, given.by, now, by_osnp=True)


def _unskip(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    if (
        mission.state is not MissionState.OPEN
        or mission.cascade.epoch != wanted.epoch
        or wanted.index is None
        or mission.cascade.suspended
        or mission.cascade.state not in cascade.ACCEPTABLE
    ):
        return moved_since(mission)
    return cascade_control.ask_again(mission, wanted.index, given.rosters, now)


def _unreturn(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    current = mission.cascade
    if (
        mission.state is not MissionState.OPEN
        or current.epoch != wanted.epoch
        or current.suspended
        or current.state not in (CascadeState.RUNNING, CascadeState.PAUSED)
        or wanted.index is None
    ):
        return moved_since(mission)
    return cascade_control.go_forward(mission, wanted.index, given.rosters, now)


def _unpause(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    if mission.cascade.paused_until is None or mission.cascade.paused_until != wanted.hour:
        return moved_since(mission)
    return cascade_control.resume(mission, now)


def _unprolong(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    current = mission.search
    if (
        mission.state is not MissionState.OPEN
        or current.state is not SearchState.OFFERED
        or current.epoch != wanted.epoch
        or current.answer_by.isoformat() != wanted.was
        or wanted.hour is None
    ):
        return moved_since(mission)
    asked = replace(
        current,
        state=SearchState.UNANSWERED,
        answer_by=wanted.hour,
        prolonged=max(0, current.prolonged - 1),
        oriented_by=None,
        oriented_at=None,
        next_wave_at=None,
    )
    return Outcome(
        replace(mission, search=asked),
        Answer("control.undone"),
        events=(Event("search.unprolonged", {"answer_by": wanted.hour.isoformat()}),),
        notices=(Notice("search.nobody", to_group(mission.id), mission.id, card="orientation", fresh=True),),
        withdrawn=(Withdrawal(mission.id, "search.offer"),),
        timers=(
            *STOP_SEARCH,
            *(
                SetTimer(TimerKind.ORIENTATION_REMINDER, now + after, current.epoch, key=str(n))
                for n, after in enumerate(mission.rules.reminders, start=1)
            ),
        ),
        shut_offers=True,
    )


def _hand_back(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    former, by = given.former, given.operator
    if mission.operator != wanted.person or former is None or by is None:
        return moved_since(mission)
    return control.hand_over(mission, mission.operator, former, by, now)


def _unnote(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    facts: dict[str, Fact] = {"by": given.by, "at": wanted.at.isoformat()}
    told = [
        notice
        for reader in given.readers
        for notice in (
            Notice(
                "mission.patient",
                to_person(reader),
                mission.id,
                priority=Priority.REPLY,
                card="patient",
                only_if_there=True,
            ),
            Notice("control.note_withdrawn", to_person(reader), mission.id, facts=facts),
        )
    ]
    return Outcome(
        replace(mission, notes=max(0, mission.notes - 1)),
        Answer("control.undone"),
        events=(Event("control.note_withdrawn", {"number": wanted.index, "by": given.by}),),
        notices=tuple(told),
    )


def _unpostpone(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    put_off = [asked for asked in mission.requests if asked.quiet_until is not None]
    if not any(asked.quiet_until == wanted.hour for asked in put_off):
        return moved_since(mission)
    # Whoever decides on a mission has seen it: `watch.settle` begins what is asked anew.
    facts: dict[str, Fact] = {"until": wanted.hour.isoformat() if wanted.hour else None}
    return Outcome(mission, Answer("control.undone"), events=(Event("control.asked_again", facts),))


def _false_alarm(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    if mission.state is not MissionState.OPEN or mission.worsened_at != wanted.at:
        return moved_since(mission)
    facts: dict[str, Fact] = {"by": given.by, "at": now.isoformat(), "by_idel": False}
    notices = [
        Notice("closing.worsened", to_group(mission.id), mission.id, facts=facts, card="worsened"),
        Notice("control.false_alarm", to_group(mission.id), mission.id, facts=facts, card="calm", fresh=True),
    ]
    idel, doctor = mission.visit.idel, mission.cascade.doctor
    if idel is not None:
        notices += [
            Notice("closing.call_15", to_person(idel), mission.id, card="call_15", only_if_there=True),
            Notice("control.false_alarm", to_person(idel), mission.id, facts=facts, card="calm", fresh=True),
        ]
    if doctor is not None and not doctor.by_phone:
        party = to_party(doctor.party)
        notices += [
            Notice(
                "closing.worsened_doctor",
                party,
                mission.id,
                facts=facts,
                card="worsened",
                only_if_there=True,
            ),
            Notice("control.false_alarm", party, mission.id, facts=facts, card="calm", fresh=True),
        ]
    return Outcome(
        replace(mission, worsened_at=None),
        Answer("control.undone"),
        events=(Event("mission.false_alarm", {"by": given.by}),),
        notices=tuple(notices),
        withdrawn=tuple(
            Withdrawal(mission.id, f"closing.{kind}")
            for kind in ("call_15", "call_15_address", "worsened", "worsened_doctor")
        ),
    )
