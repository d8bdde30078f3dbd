"""The buttons of a request to act said again: the deed's own first, then «Je m'en occupe»."""

from collections.abc import Callable

from bot.buttons import Verb
from bot.domain import watch
from bot.domain.mission import CascadeState, Mission, SearchState, VisitState
from bot.domain.owner import Deed
from bot.messages import cascade, closing, control, search, visit
from bot.messages.rows import Keys, Rows, rows


def again(keys: Keys) -> Rows:
    """What is to be done by one tap where it can be, and who sees to it."""
    key = str(keys.sheet.f["key"])
    asked = watch.request(keys.mission, key, keys.sheet.notice.epoch)
    if asked is None:
        return ()
    build = _OF_DEED.get(Deed(asked.deed))
    mine = keys.tap(Verb.MINE, "mine", key, epoch=asked.epoch)
    return (*(build(keys) if build else ()), *rows((mine if asked.taken_by is None else None,)))


def care(keys: Keys) -> Rows:
    """The nurse says that she has finished."""
    if keys.mission.visit.state is not VisitState.ON_SITE:
        return ()
    return rows((keys.tap(Verb.FINISH, "finish"),))


def _decide(keys: Keys) -> Rows:
    mission = keys.mission
    if mission.worsened_at is not None:
        return closing.worsened(keys)
    if mission.search.state is SearchState.UNANSWERED:
        return search.orientation(keys)
    return cascade.exhausted(keys) if mission.cascade.state is CascadeState.EXHAUSTED else _more(keys)


def _answer_late(keys: Keys) -> Rows:
    if not keys.mission.search.late:
        return ()
    person = keys.mission.search.late[0].person
    return rows((keys.tap(Verb.LATE_YES, "late_yes", person), keys.tap(Verb.LATE_NO, "late_no", person)))


def _agree(keys: Keys) -> Rows:
    return cascade.hour_to_agree(keys) if _has_proposal(keys.mission) else cascade.hour_declined(keys)


def _has_proposal(mission: Mission) -> bool:
    return mission.cascade.proposal is not None


def _more(keys: Keys) -> Rows:
    return rows((keys.tap(Verb.MENU, "more"),))


def _resume(keys: Keys) -> Rows:
    return rows((keys.tap(Verb.RESUME, "resume"),))


_OF_DEED: dict[Deed, Callable[[Keys], Rows]] = {
    Deed.DECIDE: _decide,
    Deed.ANSWER_LATE: _answer_late,
    Deed.SAY_HOUR: visit.hours,
    Deed.ARRIVE: visit.hours,
    Deed.PHONE_IDEL: visit.hours,
    Deed.AGREE_HOUR: _agree,
    Deed.PHONE_DOCTOR: cascade.phone_answer,
    Deed.RESUME: _resume,
    Deed.CALL_PATIENT: visit.patient_call,
    Deed.TELL_IDEL: control.calls_owed,
    Deed.CARE: _more,
    Deed.PHONE_IDELS: _more,
}
