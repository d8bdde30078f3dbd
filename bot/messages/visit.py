"""The buttons of the visit."""

from datetime import timedelta

from bot.buttons import Verb
from bot.domain.mission import MissionState, VisitState
from bot.domain.visit import ends_too_early
from bot.messages import visio
from bot.messages.rows import Keys, Rows, in_rows_of, rows

#: Why a nurse gives a mission back.
GIVE_BACK_REASONS = ("vehicle", "urgent_care", "mistake", "other")

#: Minutes from now that an operator or a nurse may choose for an arrival.
ARRIVALS = (20, 40, 60, 90, 120, 180, 240)


def card(keys: Keys) -> Rows:
    """The nurse's own card: the next field word first, giving back last and alone."""
    mission = keys.mission
    state = mission.visit.state
    if mission.state is not MissionState.OPEN or mission.visit.idel != getattr(keys.sheet.reader, "id", None):
        return ()
    set_out = keys.tap(Verb.SET_OUT, "set_out") if state is VisitState.PLANNED else None
    arrive = keys.tap(Verb.ARRIVE, "arrive") if state in (VisitState.PLANNED, VisitState.EN_ROUTE) else None
    on_site = state is VisitState.ON_SITE
    return rows(
        (set_out, arrive),
        *visio.row(keys),
        (keys.tap(Verb.VITALS_GUIDED, "vitals"),) if on_site else (),
        (keys.tap(Verb.FINISH, "finish"),) if on_site else (),
        (keys.tap(Verb.CHANGE_HOUR, "change_hour"),) if arrive else (),
        (keys.tap(Verb.SHEET, "sheet"), keys.tap(Verb.LIAISON, "liaison_note")),
        (keys.tap(Verb.MENU, "trouble"),),
        (keys.tap(Verb.GIVE_BACK, "give_back"),) if arrive else (),
    )


def finish_sure(keys: Keys) -> Rows:
    """Before any video: sure?"""
    if not ends_too_early(keys.mission):
        return ()
    return rows((keys.tap(Verb.FINISH, "finish_yes", "yes"),))


def hours(keys: Keys) -> Rows:
    """When will she be there: minutes from now that stay inside the limit."""
    mission, now = keys.mission, keys.sheet.now
    if mission.visit.state not in (VisitState.PLANNED, VisitState.EN_ROUTE):
        return ()
    wanted: tuple[int, ...] = ARRIVALS
    if keys.sheet.notice.kind == "visit.ask_hour" and mission.visit.expected_at is None:
        wanted = keys.sheet.region.later_estimates
    inside = [m for m in wanted if now + timedelta(minutes=m) <= mission.limit]
    buttons = [
        keys.tap(Verb.HOUR, "in_hours" if m % 60 == 0 else "in_minutes", m, minutes=m, hours=m // 60)
        for m in inside
    ]
    osnp = keys.sheet.notice.kind == "visit.ask_hour"
    return (
        *in_rows_of(3, buttons),
        *(((keys.tap(Verb.HOUR_OSNP, "hour_osnp"),),) if osnp else ()),
    )


def patient_call(keys: Keys) -> Rows:
    """OSNP owe the patient a call."""
    if not keys.mission.patient_calls:
        return rows((keys.tap(Verb.SEE_PATIENT, "see_patient"),))
    return rows(
        (keys.tap(Verb.PATIENT_TOLD, "patient_told"), keys.tap(Verb.SEE_PATIENT, "see_patient")),
    )


def give_back(keys: Keys) -> Rows:
    """Why she cannot go any more, or keep it."""
    if keys.mission.visit.finished_at is not None:
        return ()
    reasons = [keys.tap(Verb.GIVE_BACK_REASON, f"give_back_{reason}", reason) for reason in GIVE_BACK_REASONS]
    return (*in_rows_of(2, reasons), (keys.tap(Verb.GIVE_BACK_REASON, "keep", "keep"),))


def late(keys: Keys) -> Rows:
    """She is expected and not there: on site, or another hour."""
    if keys.mission.visit.state not in (VisitState.PLANNED, VisitState.EN_ROUTE):
        return ()
    return (*rows((keys.tap(Verb.ARRIVE, "arrive"),)), *hours(keys))
