"""The buttons after the care, of the exits, and of the owner of the night."""

from bot.buttons import Verb
from bot.domain import closing, ending
from bot.domain.closing import Question
from bot.domain.mission import EndReason, MissionState, PatientOutcome, Prescription
from bot.flows.closing import TYPED
from bot.messages import control
from bot.messages.rows import Keys, Rows, in_rows_of, rows


def idel(keys: Keys) -> Rows:
    """One question at a time, on the same card; afterwards «Corriger» for a few hours."""
    mission = keys.mission
    done_at = mission.closing.idel_done_at
    reader = keys.sheet.reader
    answers = mission.visit.by_phone if reader is None else mission.visit.idel == reader.id
    if mission.state is MissionState.OPEN or not answers:
        return ()
    if done_at is not None:
        late = keys.sheet.now > done_at + mission.rules.purge_after_visit
        return () if late else rows((keys.tap(Verb.CLOSE_BACK, "close_correct"),))
    question = closing.next_question(mission)
    first = question is None or closing.questions(mission)[0] is question
    back = () if first else (keys.tap(Verb.CLOSE_BACK, "close_back"),)
    return (*_choices(keys, question), *rows(back))


def _choices(keys: Keys, question: Question | None) -> Rows:
    if question is Question.ACTS:
        end = keys.mission.end
        odd = end is not None and end.reason is not EndReason.DONE
        return rows(
            (keys.tap(Verb.CLOSE_ACTS, "acts_none", 0), keys.tap(Verb.CLOSE_ACTS, "acts_done", 1)),
            (keys.tap(Verb.CLOSE_ACTS, "no_video", "n"),) if odd else (),
        )
    if question is Question.OUTCOME:
        outcomes = [keys.tap(Verb.CLOSE_OUTCOME, f"outcome_{o.value}", o.value) for o in PatientOutcome]
        return ((outcomes[0],), tuple(outcomes[1:]))
    if question is Question.PRESCRIPTION:
        kinds = [keys.tap(Verb.CLOSE_PRESCRIPTION, f"prescription_{p.value}", p.value) for p in Prescription]
        return in_rows_of(3, kinds)
    return ()


def doctor(keys: Keys) -> Rows:
    """«Tout est fait», or later."""
    if keys.mission.closing.doctor_done_at is not None or not keys.mission.closing.doctor_asked:
        return ()
    return rows(
        (keys.tap(Verb.DOCTOR_DONE, "doctor_done"), keys.tap(Verb.DOCTOR_LATER, "doctor_later")),
        () if keys.sheet.f.get("detail") else (keys.tap(Verb.DOCTOR_DETAIL, "doctor_detail"),),
    )


def unanswered(keys: Keys) -> Rows:
    """OSNP may close it as it is."""
    if keys.mission.state is not MissionState.CLOSING:
        return ()
    return rows((keys.tap(Verb.CLOSE_FORCE, "close_force"),))


def confirm(keys: Keys) -> Rows:
    """«Oui, …» with the reason where one is wanted, and «Non»."""
    wanted = keys.sheet.f.get("reason")
    if wanted is None or keys.mission.state is not MissionState.OPEN:
        return ()
    reason = EndReason(wanted)
    details = ending.DETAILS.get(reason, ())
    words: Rows = ()
    if reason is EndReason.CANCELLED and keys.sheet.f.get("text"):
        typed = f"{reason.value}.{TYPED}{keys.sheet.f['person']}"
        return rows((keys.tap(Verb.END_CONFIRM, "end_yes_typed", typed), keys.tap(Verb.END_KEEP, "end_no")))
    if reason is EndReason.CANCELLED:
        words, details = control.other_reason(keys), tuple(d for d in details if d != "other")
    if details:
        yes = [
            keys.tap(Verb.END_CONFIRM, f"end_{reason.value}_{detail}", f"{reason.value}.{detail}")
            for detail in details
        ]
    else:
        yes = [keys.tap(Verb.END_CONFIRM, f"end_yes_{reason.value}", reason.value)]
    return (*in_rows_of(2, yes), *words, (keys.tap(Verb.END_KEEP, "end_no"),))


def worsened(keys: Keys) -> Rows:
    """Once the 15 has taken over, somebody says so."""
    mission, reader = keys.mission, keys.sheet.reader
    if mission.state is not MissionState.OPEN or mission.worsened_at is None:
        return ()
    see = None if reader is not None else keys.tap(Verb.SEE_PATIENT, "see_patient")
    return rows(
        (keys.tap(Verb.END_CONFIRM, "end_yes_worsened", EndReason.WORSENED.value),),
        (see,),
    )


def night_owner(keys: Keys) -> Rows:
    """The régulateur by one tap, anybody else by name and number."""
    mission = keys.mission
    if mission.state is not MissionState.OPEN:
        return ()
    regulateur = keys.sheet.person(mission.regulateur)
    known = (
        keys.tap(Verb.NIGHT_OWNER, "night_owner_is", regulateur.id, name=regulateur.short_name)
        if regulateur is not None and regulateur.phone and mission.night_owner is None
        else None
    )
    label = "night_owner" if mission.night_owner is None else "night_owner_other"
    return rows((known,), (keys.tap(Verb.NIGHT_OWNER, label),))
