"""What the doctor settles before leaving: a short conclusion, nursing acts; and the nurse's answers.

Pure decisions; the words of a conclusion or of an act are never here.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Answer, Event, Notice, Outcome, Priority, nothing, to_party
from bot.domain.people import GROUP_ROLES, Party, Person
from bot.domain.thread import Voice, closed, group_card, reader

#: Conclusions that are tapped; the words stand in the templates.
READY = ("home", "referring", "emergency")

#: The doctor's delays for nursing acts.
DELAYS = ("today", "24h", "48h")

#: The nurse's answers: she does it, the usual IDEL does, the patient lacks the material.
ANSWERS = ("me", "usual", "material")


def _to_nurse(
    mission: Mission, kind: str, card: str, *, rings: bool, must_stand: bool = False
) -> tuple[Notice, ...]:
    """The nurse's card: anew when she has something to do, else redrawn where it stands (or must stand)."""
    # A nurse without Telegram is told by OSNP: `by_phone` makes a call of it.
    nurse = None if mission.visit.idel is None else Party.person(mission.visit.idel)
    if nurse is None:
        return ()
    return (
        Notice(
            kind,
            to_party(nurse),
            mission.id,
            priority=Priority.RELAY,
            card=card,
            fresh=rings,
            only_if_there=not rings and not must_stand,
        ),
    )


def doctor_card(mission: Mission, doctor: Party, kind: str, *, anew: bool = False) -> Notice:
    """The doctor's own card of the conclusion or of the acts."""
    return Notice(
        kind,
        to_party(doctor),
        mission.id,
        priority=Priority.REPLY,
        card="conclude" if kind == "orders.conclude" else "acts",
        fresh=anew,
    )


def _doctor_cards(mission: Mission, kind: str, *, rings: bool = False) -> tuple[Notice, ...]:
    doctor = reader(mission, Voice.DOCTOR)
    return () if doctor is None else (doctor_card(mission, doctor, kind, anew=rings),)


def conclude(mission: Mission, *, empty: bool, waits: bool = False) -> Outcome:
    """The conclusion, or a change of it, goes to the nurse, who acknowledges it.

    `empty`: it is taken back. `waits`: an earlier wording stands unread before her, and is replaced.
    """
    if mission.state is MissionState.CLOSED:
        return closed(mission)
    changed = replace(mission, closing=replace(mission.closing, conclusion_read_at=None))
    to_nurse = _to_nurse(
        changed, "orders.conclusion", "conclusion", rings=not empty and not waits, must_stand=not empty
    )
    return Outcome(
        changed,
        Answer("orders.concluded" if to_nurse else "orders.conclusion_kept", {"number": mission.number}),
        events=(Event("orders.conclusion_taken_back" if empty else "orders.concluded"),),
        notices=(*to_nurse, *_doctor_cards(changed, "orders.conclude"), group_card(changed)),
    )


def conclusion_card(mission: Mission) -> tuple[Notice, ...]:
    """The conclusion as the nurse reads it, anew."""
    return _to_nurse(mission, "orders.conclusion", "conclusion", rings=True)


def may_answer(mission: Mission, by: Person) -> bool:
    """The nurse herself; OSNP in the place of a nurse whom only they reach."""
    idel = mission.visit.idel
    return idel is not None and (idel == by.id or (by.role in GROUP_ROLES and mission.visit.by_phone))


def read_conclusion(mission: Mission, now: datetime, noted_by: str | None = None) -> Outcome:
    """«Lu»; `noted_by`: the operator who has read it out on the telephone."""
    if mission.closing.conclusion_read_at is not None:
        return nothing(mission, "orders.read", number=mission.number)
    changed = replace(mission, closing=replace(mission.closing, conclusion_read_at=now))
    return Outcome(
        changed,
        Answer("orders.read", {"number": mission.number}),
        events=(Event("orders.conclusion_read", {"noted_by": noted_by} if noted_by else {}),),
        notices=(
            *_to_nurse(changed, "orders.conclusion", "conclusion", rings=False),
            *_doctor_cards(changed, "orders.conclude"),
            group_card(changed),
        ),
    )


def order_acts(mission: Mission, delay: str | None) -> Outcome:
    """Nursing acts are ordered within a delay, or the order is taken back (None)."""
    if mission.state is MissionState.CLOSED:
        return closed(mission)
    if mission.visit.acts_ordered == delay:
        return nothing(mission, "orders.ordered_already", number=mission.number)
    visit = replace(mission.visit, acts_ordered=delay, acts_by=None)
    changed = replace(mission, visit=visit)
    return Outcome(
        changed,
        Answer("orders.ordered" if delay else "orders.taken_back", {"number": mission.number}),
        events=(Event("orders.acts_ordered" if delay else "orders.acts_taken_back", {"delay": delay}),),
        notices=(
            *_to_nurse(
                changed,
                "orders.acts_ordered",
                "acts",
                rings=delay is not None,
                must_stand=mission.visit.by_phone,  # on the telephone nothing is redrawn: she must hear it
            ),
            *_doctor_cards(changed, "orders.acts"),
            group_card(changed),
        ),
    )


def acts_card(mission: Mission) -> tuple[Notice, ...]:
    """The acts as the nurse reads them, anew."""
    return _to_nurse(mission, "orders.acts_ordered", "acts", rings=True)


def describe_acts(mission: Mission) -> Outcome:
    """The doctor has written which act: the nurse's card says it."""
    if mission.visit.acts_ordered is None:
        return nothing(mission, "orders.no_acts", number=mission.number)
    return Outcome(
        mission,
        Answer("orders.ordered", {"number": mission.number}),
        events=(Event("orders.acts_described"),),
        notices=(
            *_to_nurse(
                mission,
                "orders.acts_ordered",
                "acts",
                rings=mission.visit.acts_by is not None,
                must_stand=True,
            ),
            *_doctor_cards(mission, "orders.acts"),
        ),
    )


def answer_acts(mission: Mission, how: str, noted_by: str | None = None) -> Outcome:
    """Usual IDEL able? Material there? The doctor rings only where an ordonnance is asked for.

    `noted_by`: the operator whom she has answered on the telephone.
    """
    said = "orders.acts_noted" if noted_by else f"orders.acts_{how}"
    if mission.state is MissionState.CLOSED:
        return closed(mission)
    if mission.visit.acts_ordered is None:
        return nothing(mission, "orders.no_acts", number=mission.number)
    if mission.visit.acts_by == how:
        return nothing(mission, said, number=mission.number)
    changed = replace(mission, visit=replace(mission.visit, acts_by=how))
    return Outcome(
        changed,
        Answer(said, {"number": mission.number}),
        events=(Event("orders.acts_answered", {"how": how} | ({"noted_by": noted_by} if noted_by else {})),),
        notices=(
            *_to_nurse(changed, "orders.acts_ordered", "acts", rings=False),
            *_doctor_cards(
                changed, "orders.material" if how == "material" else "orders.acts", rings=how == "material"
            ),
            group_card(changed),
        ),
    )
