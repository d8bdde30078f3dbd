"""What an operator decides by hand: who has the mission, what was said on the phone, who holds it.

Pure decisions. What is taken back is not a picture of the past put back: it is a new decision, worked out
from the present, and refused when something has moved since.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import cascade, cascade_answers, cascade_control, search, visit
from bot.domain.mission import (
    CallReason,
    Closing,
    Decision,
    DoctorOffer,
    DoctorOfferState,
    EndReason,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
    Search,
    SearchState,
    Step,
    Undoable,
    Visit,
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
    StopTimer,
    TimerKind,
    Withdrawal,
    nothing,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import CascadeStep, Party, Person, PersonId
from bot.domain.rosters import Rosters
from bot.domain.waves import Candidate, Wave

#: How long an operator may take a decision back.
UNDO_WITHIN = timedelta(minutes=10)

#: Searches in which a nurse may be given the mission, or her answer noted.
SEARCHING = (SearchState.USUAL, SearchState.OFFERED, SearchState.UNANSWERED)

#: Why OSNP search again while a nurse has the mission, in the order of the buttons.
RELAUNCH_REASONS = ("phone", "unreachable", "late", "other")

#: Why a nurse's offer that was taken back is shut.
BY_MISTAKE = "mistake_osnp"

#: How long a request to act may be put off, in minutes.
POSTPONE = (10, 20, 30)


# The nurse


def assign(
    mission: Mission,
    offer: IdelOffer | None,
    nurse: Candidate,
    *,
    elsewhere: int | None,
    estimate: int | None,
    by: str,
    now: datetime,
) -> Outcome:
    """A nurse agreed on the phone: the mission is hers exactly as if she had tapped ACCEPTER.

    `estimate` in minutes; None: she says her hour later.
    """
    person = nurse.person
    if (refused := _not_for_her(mission, person)) is not None:
        return refused
    if elsewhere is not None and not person.several_missions:
        return nothing(
            mission, "control.engaged", number=mission.number, name=person.short_name, other=elsewhere
        )
    counted, own = _asked(mission, offer, nurse, now)
    if own.state is IdelOfferState.REFUSED:
        counted = _with_search(counted, refused=max(0, counted.search.refused - 1))
    excluded = tuple(gone for gone in counted.search.excluded if gone != person.id)
    won = search.win(_with_search(counted, excluded=excluded), own, person, estimate, now)
    taken = won.mission
    taken = replace(taken, search=replace(taken.search, assigned_by=by))
    facts: dict[str, Fact] = {"person": person.id, "estimate": estimate, "by": by}
    return replace(
        won,
        mission=taken,
        answer=Answer("control.assigned", {"number": mission.number, "name": person.short_name}),
        events=(Event("control.assigned", facts), *won.events),
    )


def _not_for_her(mission: Mission, person: Person) -> Outcome | None:
    """Why nothing can be noted for that nurse."""
    current = mission.search
    if mission.state is not MissionState.OPEN or current.state is SearchState.ENDED:
        return nothing(mission, "control.over", number=mission.number)
    if current.state is SearchState.TAKEN and current.taken_by == person.id:
        return nothing(mission, "control.hers_already", number=mission.number, name=person.short_name)
    if current.state is SearchState.TAKEN:
        return nothing(mission, "control.taken", number=mission.number)
    if not person.active or (mission.exercise and person.id not in mission.rings):
        return nothing(mission, "control.not_her", number=mission.number, name=person.short_name)
    return None


def _asked(
    mission: Mission, offer: IdelOffer | None, nurse: Candidate, now: datetime
) -> tuple[Mission, IdelOffer]:
    """Her offer of this search; whoever was not asked by the bot is asked now, by telephone."""
    epoch = mission.search.epoch
    if offer is not None and offer.epoch == epoch:
        return mission, offer
    own = IdelOffer(
        mission.id, nurse.person.id, epoch, IdelOfferState.UNREACHABLE, now, distance_km=nurse.distance_km
    )
    return _with_search(
        mission, asked=mission.search.asked + 1, unreachable=mission.search.unreachable + 1
    ), own


def _with_search(mission: Mission, **changes: object) -> Mission:
    return replace(mission, search=replace(mission.search, **changes))  # type: ignore[arg-type]


def note_refusal(
    mission: Mission, offer: IdelOffer | None, nurse: Candidate, by: str, now: datetime
) -> Outcome:
    """She said no on the phone."""
    person = nurse.person
    if (refused := _not_for_her(mission, person)) is not None:
        return refused
    counted, own = _asked(mission, offer, nurse, now)
    if own.state is IdelOfferState.REFUSED:
        return nothing(mission, "control.noted_already", number=mission.number, name=person.short_name)
    if own.state is IdelOfferState.UNREACHABLE:
        counted = _with_search(counted, unreachable=max(0, counted.search.unreachable - 1))
    late = tuple(entry for entry in counted.search.late if entry.person != person.id)
    counted = _with_search(counted, late=late)
    noted = search.refuse(counted, replace(own, state=IdelOfferState.ASKED), person, now)
    if not noted.events:
        return replace(noted, mission=mission)
    facts: dict[str, Fact] = {"person": person.id, "was": own.state.value, "by": by}
    return replace(
        noted,
        answer=Answer("control.refusal_noted", {"number": mission.number, "name": person.short_name}),
        events=(Event("control.nurse_refused", facts), *noted.events),
        offers=tuple(replace(changed, reason="phone") for changed in noted.offers),
    )


def note_silence(
    mission: Mission, offer: IdelOffer | None, nurse: Candidate, by: str, now: datetime
) -> Outcome:
    """Nobody answered her phone: what the bot sent her stays acceptable."""
    person = nurse.person
    if (refused := _not_for_her(mission, person)) is not None:
        return refused
    counted, own = _asked(mission, offer, nurse, now)
    if own.reason == "no_answer" or own.state not in (IdelOfferState.ASKED, IdelOfferState.UNREACHABLE):
        return nothing(mission, "control.noted_already", number=mission.number, name=person.short_name)
    return Outcome(
        counted,
        Answer("control.silence_noted", {"number": mission.number, "name": person.short_name}),
        events=(Event("control.nurse_silent", {"person": person.id, "by": by}),),
        offers=(replace(own, reason="no_answer"),),
    )


def relaunched(outcome: Outcome, by: str) -> Outcome:
    """What `search.give_back` decided, decided by OSNP: nobody says that she gave it back herself."""
    if not outcome.events:
        return outcome
    notices = []
    for notice in outcome.notices:
        if notice.kind == "visit.given_back":
            told = Notice("control.taken_back", notice.to, notice.mission, facts=notice.facts, card="mission")
            notices.append(replace(told, fresh=True))
        elif notice.kind == "search.given_back":
            notices.append(replace(notice, facts={**notice.facts, "by": by}))
        else:
            notices.append(notice)
    number = outcome.mission.number
    return replace(
        outcome,
        mission=_with_search(outcome.mission, assigned_by=None),
        answer=Answer("control.relaunched", {"number": number}),
        events=(Event("control.relaunched", {"by": by}), *outcome.events),
        notices=tuple(notices),
    )


def unassigned(outcome: Outcome, nurse: PersonId, by: str) -> Outcome:
    """The same for a mission that was given to the wrong nurse: she gave nothing back."""
    if not outcome.events:
        return outcome
    decided = relaunched(outcome, by)
    excluded = tuple(gone for gone in decided.mission.search.excluded if gone != nurse)
    return replace(
        decided,
        mission=_with_search(decided.mission, excluded=excluded),
        events=(
            Event("control.unassigned", {"person": nurse, "by": by}),
            *(e for e in outcome.events if e.kind != "search.given_back"),
        ),
        notices=tuple(
            replace(n, facts={**n.facts, "reason": BY_MISTAKE}) if n.kind == "search.given_back" else n
            for n in decided.notices
        ),
        offers=tuple(replace(o, reason=BY_MISTAKE) if o.person == nurse else o for o in decided.offers),
    )


# The doctor


def assign_doctor(
    mission: Mission,
    party: Party,
    step: CascadeStep | None,
    *,
    by_phone: bool,
    hour: datetime,
    by: str,
    now: datetime,
) -> Outcome:
    """A doctor agreed on the phone, whatever the step and whether or not the bot had asked."""
    current = mission.cascade
    if mission.state is not MissionState.OPEN or current.state not in cascade.ACCEPTABLE or not current.steps:
        return nothing(mission, "control.no_doctor_wanted", number=mission.number)
    with_offer = mission
    if cascade.find(mission, party) is None:
        index = _step_for(current.steps, step, current.current or 0)
        asked = current.steps[index]
        state = DoctorOfferState.TO_PHONE if by_phone else DoctorOfferState.ASKED
        offers = (*asked.offers, DoctorOffer(party, state, now, by_phone=by_phone))
        steps = (*current.steps[:index], replace(asked, offers=offers), *current.steps[index + 1 :])
        with_offer = replace(mission, cascade=replace(current, steps=steps))
    outcome = cascade_answers.accept(with_offer, party, hour, now, recorded_by=by)
    return outcome if outcome.events else replace(outcome, mission=mission, notices=())


def _step_for(steps: tuple[Step, ...], wanted: CascadeStep | None, current: int) -> int:
    """The doctor's own step where the mission has it, else the one being asked."""
    return next((i for i, step in enumerate(steps) if step.step is wanted), min(current, len(steps) - 1))


# Who holds it


def hand_over(mission: Mission, former: PersonId, to: Person, by: Person, now: datetime) -> Outcome:
    """Another operator holds the mission: taken (`to` is `by`) or given. Everybody sees it."""
    if mission.state is MissionState.CLOSED and not mission.patient_calls:
        return nothing(mission, "control.over", number=mission.number)
    if mission.operator == to.id:
        return nothing(mission, "control.held_already", number=mission.number, name=to.first_name)
    facts: dict[str, Fact] = {"person": to.id, "former": former, "by": by.first_name, "at": now.isoformat()}
    notices = [Notice("control.holder", to_group(mission.id), mission.id, facts=facts, card="holder")]
    if to.id != by.id:
        notices.append(
            Notice("control.yours", to_person(to.id), mission.id, facts=facts, card="holder", fresh=True)
        )
    if former != by.id:
        notices.append(
            Notice("control.not_yours", to_person(former), mission.id, facts=facts, card="holder", fresh=True)
        )
    return Outcome(
        replace(mission, operator=to.id),
        Answer("control.handed_over", {"number": mission.number, "name": to.first_name}),
        events=(Event("control.handed_over", {"person": to.id, "former": former}),),
        notices=tuple(notices),
    )


def note(mission: Mission, by: str, now: datetime) -> Outcome:
    """A note was written; its words stand in the dossier."""
    return Outcome(
        replace(mission, notes=mission.notes + 1),
        Answer("control.noted", {"number": mission.number}),
        events=(Event("control.noted", {"by": by, "count": mission.notes + 1}),),
    )


# It goes on after all


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
        undoable=None,
        patient_calls=_calls_after(mission),
        visit=_visit_again(mission.visit) if keeps else Visit(),
    )
    searched = _search_again(open_again, mission, wave, keeps=keeps, now=now)
    told = _told_of_reopening(searched.mission, by, now, lost=None if keeps or nurse is None else nurse.id)
    facts: dict[str, Fact] = {"by": by, "reason": end.reason.value, "nurse_kept": keeps}
    is_lost = offer is not None and not keeps and offer.state is IdelOfferState.ACCEPTED
    lost = (replace(offer, state=IdelOfferState.GAVE_BACK, reason=BY_MISTAKE),) if is_lost and offer else ()
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
    return search.search_again(mission, wave, now)


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


# What is taken back


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
        mission.search.state not in SEARCHING
        or offer is None
        or offer.epoch != wanted.epoch
        or offer.state is not IdelOfferState.REFUSED
        or offer.epoch != mission.search.epoch
    ):
        return moved_since(mission)
    was = IdelOfferState(wanted.was or IdelOfferState.ASKED.value)
    changed = _with_search(
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


# A nurse whom only the telephone reaches


#: What would have rung on her phone, and why OSNP phone her instead.
TOLD_BY_VOICE = {
    "visit.card": "assigned",
    "visit.doctor_found": "doctor",
    "visit.doctor_withdrew": "doctor_gone",
    "visit.video_hour": "video",
    "cascade.nobody": "nobody",
    "cascade.idel_stays": "stays",
    "cascade.idel_leaves": "leaves",
    "visio.trouble": "trouble",
    "closing.ended": "ended",
    "closing.call_15": "call_15",
    "closing.night_told": "night",
    "control.taken_back": "taken_back",
    "control.goes_on": "goes_on",
    "control.false_alarm": "false_alarm",
}

#: What goes along with those, or is asked of the group anyway.
UNSAID_BY_VOICE = frozenset(
    {
        "visit.identity",
        "visit.doctor_contact",
        "visit.hour_set",
        "visit.late",
        "visit.given_back",
        "closing.call_15_address",
        "search.offer",
        "watch.care",
    }
)


def by_voice(outcome: Outcome, before: Visit | None = None) -> Outcome:
    """What would go to a nurse without Telegram goes to the group: OSNP phone her, and answer for her."""
    mission = outcome.mission
    gone = before.idel if before is not None and before.by_phone else None
    nurse = mission.visit.idel if mission.visit.by_phone else gone
    if nurse is None or not outcome.notices:
        return outcome
    kept: list[Notice] = []
    for notice in outcome.notices:
        if notice.to != to_person(nurse):
            kept.append(notice)
        elif (told := _in_her_place(mission, nurse, notice)) is not None:
            kept.append(told)
    return replace(outcome, notices=tuple(kept))


def _in_her_place(mission: Mission, nurse: PersonId, notice: Notice) -> Notice | None:
    group = to_group(mission.id)
    if notice.kind == "closing.idel":
        return replace(notice, to=group)
    if notice.only_if_there or notice.kind in UNSAID_BY_VOICE:
        return None
    if notice.kind == "visit.ask_hour":
        return Notice("visit.no_hour", group, mission.id, card="group_hour", fresh=True)
    facts: dict[str, Fact] = {"person": nurse}
    if notice.kind == "visit.hour_proposed":
        facts |= {"hour": notice.facts["hour"]}
        return Notice("control.hour_for_her", group, mission.id, facts=facts, card="her_hour", fresh=True)
    if notice.kind in TOLD_BY_VOICE:
        facts["why"] = TOLD_BY_VOICE[notice.kind]
        return Notice("control.tell_idel", group, mission.id, facts=facts)
    return notice
