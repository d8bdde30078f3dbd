"""What an operator decided may be taken back for some minutes.

Pure decisions. What is taken back is not a picture of the past put back: it is a new decision, worked out
from the present, told to whoever was told, and refused when something has moved since.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import cascade, cascade_control, control, visit
from bot.domain.mission import (
    Decision,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
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
    Withdrawal,
    nothing,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import Party, PersonId
from bot.domain.rosters import Rosters

#: How long an operator may take a decision back.
UNDO_WITHIN = timedelta(minutes=10)


def remember(outcome: Outcome, by: PersonId, now: datetime) -> Outcome:
    """The same outcome, with what its operator may take back for some minutes."""
    mission = outcome.mission
    for event in outcome.events:
        found = _undoable(event, mission, by, now)
        if found is not None:
            return replace(outcome, mission=replace(mission, undoable=found))
    return outcome


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
    }
)


def may_be_undone(outcome: Outcome) -> bool:
    """Whether somebody's decision is in it that may be taken back; taking back is none."""
    kinds = {event.kind for event in outcome.events}
    return bool(kinds & UNDOABLE_EVENTS) and "control.undone" not in kinds


def _undoable(event: Event, mission: Mission, by: PersonId, now: datetime) -> Undoable | None:
    facts = event.facts
    person = PersonId(int(str(facts["person"]))) if isinstance(facts.get("person"), int) else None
    recorded = facts.get("recorded_by") is not None
    match event.kind:
        case "mission.ended":
            return Undoable(Decision.ENDED, now, by)
        case "control.assigned":
            return Undoable(Decision.ASSIGNED, now, by, person=person, epoch=mission.search.epoch)
        case "control.nurse_refused":
            was = str(facts["was"])
            return Undoable(
                Decision.NURSE_REFUSED, now, by, person=person, epoch=mission.search.epoch, was=was
            )
        case "cascade.accepted" if recorded:
            return Undoable(Decision.DOCTOR_ACCEPTED, now, by, party=Party.read(str(facts["party"])))
        case "cascade.refused" if recorded:
            return Undoable(Decision.DOCTOR_REFUSED, now, by, party=Party.read(str(facts["party"])))
        case "visit.hour_set" if facts.get("former") is not None:
            former = datetime.fromisoformat(str(facts["former"]))
            return Undoable(Decision.HOUR, now, by, hour=former, was=str(facts["hour"]))
        case "cascade.advanced" if facts.get("cause") == "osnp":
            index = next(
                (i for i, s in enumerate(mission.cascade.steps) if s.step.value == facts["step"]), None
            )
            return Undoable(Decision.SKIPPED, now, by, epoch=mission.cascade.epoch, index=index)
        case "mission.worsened":
            return Undoable(Decision.WORSENED, now, by)
    return None


def may_undo(mission: Mission, now: datetime) -> Undoable | None:
    """What may still be taken back: a few minutes long."""
    last = mission.undoable
    return last if last is not None and now <= last.at + UNDO_WITHIN else None


def stamp_of(decision: Undoable) -> int:
    """What a button carries of a decision, so that another one is not taken back in its place."""
    return int(decision.at.timestamp())


@dataclass(frozen=True, slots=True)
class Undoing:
    """What `undo` looks at beside the mission."""

    by: str
    rosters: Rosters
    offer: IdelOffer | None = None  # of the nurse whom the decision was about


def undo(mission: Mission, wanted: Undoable, given: Undoing, now: datetime) -> Outcome:
    """A decision is taken back, where nothing has moved since. Ends and assignments go other ways."""
    undone = {
        Decision.NURSE_REFUSED: _unrefuse_nurse,
        Decision.DOCTOR_ACCEPTED: _unaccept_doctor,
        Decision.DOCTOR_REFUSED: _unrefuse_doctor,
        Decision.HOUR: _hour_as_before,
        Decision.SKIPPED: _unskip,
        Decision.WORSENED: _false_alarm,
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
    mission = replace(outcome.mission, undoable=None)
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
    return visit.set_hour(mission, wanted.hour, given.by, now)


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
