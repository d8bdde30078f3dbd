"""The buttons of the mission's card in the group, and of its menu."""

from bot.buttons import Verb
from bot.domain.mission import CascadeState, EndReason, MissionState, SearchState, VisitState
from bot.domain.people import GROUP_ROLES
from bot.messages import control
from bot.messages.rows import Keys, Rows, in_rows_of, rows

#: Ways out offered to the group and to the nurse, in this order.
GROUP_ENDS = (
    EndReason.WORSENED,
    EndReason.ABSENT,
    EndReason.OTHER_EFFECTOR,
    EndReason.TECHNICAL,
    EndReason.CANCELLED,
)
IDEL_ENDS = (EndReason.ABSENT, EndReason.TECHNICAL)


def card(keys: Keys) -> Rows:
    """The live card: what an operator may want next."""
    mission = keys.mission
    see, sheet = keys.tap(Verb.SEE_PATIENT, "see_patient"), keys.tap(Verb.SHEET, "sheet")
    if mission.state is MissionState.CLOSED:
        told = keys.tap(Verb.PATIENT_TOLD, "patient_told") if mission.patient_calls else None
        more = keys.tap(Verb.MENU, "more")
        return rows((told or sheet, see), (sheet if told else None, more))
    cascade = mission.cascade
    searching = cascade.state in (CascadeState.RUNNING, CascadeState.PAUSED)
    paused = cascade.state is CascadeState.PAUSED
    return rows(
        (keys.tap(Verb.PATIENT_TOLD, "patient_told"), see) if mission.patient_calls else (see, sheet),
        (keys.tap(Verb.USUAL_DECLINED, "usual_declined"),)
        if mission.search.state is SearchState.USUAL
        else (),
        (
            keys.tap(Verb.PHONE_ANSWER, "phone_answer"),
            keys.tap(Verb.NEXT_STEP, "next_step", epoch=cascade.epoch),
        )
        if searching
        else (),
        (
            keys.tap(Verb.PREVIOUS_STEP, "previous_step", epoch=cascade.epoch),
            keys.tap(Verb.RESUME, "resume") if paused else keys.tap(Verb.PAUSE, "pause"),
        )
        if searching
        else (),
        (
            keys.tap(Verb.CHANGE_HOUR, "change_hour")
            if mission.visit.state in (VisitState.PLANNED, VisitState.EN_ROUTE)
            else None,
            sheet if mission.patient_calls else None,
            keys.tap(Verb.MENU, "more"),
        ),
    )


def yours(keys: Keys) -> Rows:
    """In the private chat of whoever holds it now: what stays true. All that changes stands in the topic."""
    return rows((keys.tap(Verb.SEE_PATIENT, "see_patient"), keys.tap(Verb.SHEET, "sheet")))


def menu(keys: Keys) -> Rows:
    """Every way out, for the group or for the nurse."""
    mission, reader = keys.mission, keys.sheet.reader
    is_open = mission.state is MissionState.OPEN
    if reader is None or reader.role in GROUP_ROLES:
        reasons = GROUP_ENDS if is_open else ()
        ends = [keys.tap(Verb.END, f"end_{reason.value}", reason.value) for reason in reasons]
        return (*in_rows_of(2, ends), *control.doors(keys))
    if not is_open:
        return ()
    return rows(
        (keys.tap(Verb.WORSENED, "end_worsened"),),
        tuple(keys.tap(Verb.END, f"end_{reason.value}", reason.value) for reason in IDEL_ENDS),
    )
