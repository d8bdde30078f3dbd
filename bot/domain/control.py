"""What an operator decides by hand: who has the mission, what was said on the phone, who holds it.

Pure decisions.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain import cascade, cascade_answers, search_answers
from bot.domain.mission import (
    DoctorOffer,
    DoctorOfferState,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
    SearchState,
    Step,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    nothing,
    to_group,
    to_person,
)
from bot.domain.people import CascadeStep, Party, Person, PersonId
from bot.domain.search_notices import redraw_to_phone
from bot.domain.waves import Candidate

#: Searches in which a nurse may be given the mission, or her answer noted.
SEARCHING = (SearchState.USUAL, SearchState.OFFERED, SearchState.UNANSWERED)

#: Why OSNP search again while a nurse has the mission, in the order of the buttons.
RELAUNCH_REASONS = ("phone", "unreachable", "late", "other")

#: Why a nurse's offer that was taken back is shut.
BY_MISTAKE = "mistake_osnp"

#: How long a request to act may be put off, in minutes.
POSTPONE = (10, 20, 30)


def is_searching(mission: Mission) -> bool:
    """Whether a nurse may be given the mission, or her answer noted."""
    return mission.state is MissionState.OPEN and mission.search.state in SEARCHING


def page_now(mission: Mission, page: str) -> str:
    """That page, or where nobody can be chosen from it any more the one that says what there is to do."""
    name = page.partition(".")[0]
    open_ = mission.state is MissionState.OPEN
    if name in ("nurses", "nurse"):
        return page if is_searching(mission) else "idel"
    if name == "relaunch":
        return page if open_ and mission.visit.idel is not None else "idel"
    if name in ("doctors", "party"):
        wanted = mission.cascade.state in cascade.ACCEPTABLE and not mission.cascade.suspended
        return page if open_ and wanted else "doctor"
    if name == "gone":
        return page if open_ and mission.cascade.doctor is not None else "doctor"
    return page


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
        counted = with_search(counted, refused=max(0, counted.search.refused - 1))
    excluded = tuple(gone for gone in counted.search.excluded if gone != person.id)
    won = search_answers.win(with_search(counted, excluded=excluded), own, person, estimate, now)
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
    return with_search(
        mission, asked=mission.search.asked + 1, unreachable=mission.search.unreachable + 1
    ), own


def with_search(mission: Mission, **changes: object) -> Mission:
    """The same mission with some fields of its search replaced."""
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
        counted = with_search(counted, unreachable=max(0, counted.search.unreachable - 1))
    late = tuple(entry for entry in counted.search.late if entry.person != person.id)
    counted = with_search(counted, late=late)
    noted = search_answers.refuse(counted, replace(own, state=IdelOfferState.ASKED), person, now)
    if not noted.events:
        return replace(noted, mission=mission)
    facts: dict[str, Fact] = {"person": person.id, "was": own.state.value, "by": by}
    return replace(
        noted,
        notices=(*noted.notices, redraw_to_phone(noted.mission)),
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
        notices=(redraw_to_phone(counted),),
        offers=(replace(own, reason="no_answer"),),
    )


def relaunched(outcome: Outcome, by: str) -> Outcome:
    """What `search_again.give_back` decided, decided by OSNP: nobody says that she gave it back herself."""
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
        mission=with_search(outcome.mission, assigned_by=None),
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
        mission=with_search(decided.mission, excluded=excluded),
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
    if mission.state is MissionState.OPEN and current.doctor is not None:
        return nothing(mission, "control.doctor_there", number=mission.number)
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
    if mission.state is MissionState.CLOSED and not mission.owes_calls:
        return nothing(mission, "control.over", number=mission.number)
    if mission.operator == to.id:
        return nothing(mission, "control.held_already", number=mission.number, name=to.first_name)
    facts: dict[str, Fact] = {"person": to.id, "former": former, "by": by.first_name, "at": now.isoformat()}
    notices = [Notice("control.holder", to_group(mission.id), mission.id, facts=facts)]
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


def note(mission: Mission, by: str, number: int) -> Outcome:
    """A note was written; its words stand in the dossier, under that number."""
    return Outcome(
        replace(mission, notes=mission.notes + 1),
        Answer("control.noted", {"number": mission.number}),
        events=(Event("control.noted", {"by": by, "number": number}),),
    )
