"""The buttons of the search for a nurse."""

from bot.buttons import Verb
from bot.domain.mission import IdelOfferState, Orientation, SearchState
from bot.domain.people import CascadeStep
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: Why a nurse refuses; optional.
REFUSAL_REASONS = ("far", "busy", "care", "end_of_day")


def offer(keys: Keys) -> Rows:
    """ACCEPTER with an estimate, REFUSER; or what is left of it."""
    mission, own = keys.mission, keys.sheet.offer
    if own is None or own.epoch != mission.search.epoch:
        return ()
    if mission.search.state not in (SearchState.OFFERED, SearchState.USUAL, SearchState.UNANSWERED):
        return ()
    epoch = mission.search.epoch
    if own.state is IdelOfferState.REFUSED:
        if own.reason == "too_late":
            return ()
        reasons = [
            keys.tap(Verb.REFUSAL_REASON, f"refusal_{reason}", reason, epoch=epoch)
            for reason in REFUSAL_REASONS
        ]
        back = keys.tap(Verb.RECONSIDER, "reconsider", epoch=epoch)
        return rows((back,), *(() if own.reason else in_rows_of(2, reasons)))
    if own.state is not IdelOfferState.ASKED:
        return ()
    choices: list[Button] = [
        keys.tap(
            Verb.ACCEPT, "accept_hour" if minutes == 60 else "accept", minutes, epoch=epoch, minutes=minutes
        )
        for minutes in keys.sheet.region.estimates
    ]
    choices.append(keys.tap(Verb.ACCEPT, "accept_later", "l", epoch=epoch))
    return (*in_rows_of(2, choices), (keys.tap(Verb.REFUSE, "refuse", epoch=epoch),))


def phone_usual(keys: Keys) -> Rows:
    """What the usual IDEL answered on the telephone."""
    search = keys.mission.search
    if search.state not in (SearchState.USUAL, SearchState.OFFERED):
        return ()
    choices = [
        keys.tap(
            Verb.USUAL_ACCEPTED, "usual_yes_hour" if minutes == 60 else "usual_yes", minutes, minutes=minutes
        )
        for minutes in keys.sheet.region.estimates
    ]
    if search.state is SearchState.USUAL:
        choices.append(keys.tap(Verb.USUAL_DECLINED, "usual_says_no"))
    return in_rows_of(2, choices)


def late(keys: Keys) -> Rows:
    """The régulateur says yes or no to a late acceptance."""
    if keys.sheet.f.get("answer") is not None or keys.mission.search.state is SearchState.TAKEN:
        return ()
    person = keys.sheet.f["person"]
    return rows(
        (keys.tap(Verb.LATE_YES, "late_yes", person), keys.tap(Verb.LATE_NO, "late_no", person)),
    )


def orientation(keys: Keys) -> Rows:
    """The régulateur's choices when nobody comes; or whose spoken decision is being noted."""
    if keys.mission.search.state is not SearchState.UNANSWERED:
        return ()
    noted = keys.sheet.f.get("by_phone")
    decider = keys.sheet.f.get("person")
    back = (keys.tap(Verb.ORIENT_BY_PHONE, "opening_back", "back"),)
    if noted and decider is None:
        names = [
            keys.tap(Verb.ORIENT_BY_PHONE, "named", person.id, name=person.short_name)
            for person in keys.sheet.extra["regulateurs"]
        ]
        return (*in_rows_of(2, names), back)
    minutes = int(keys.mission.rules.prolongation.total_seconds() // 60)
    mark = f".{decider}" if decider is not None else ""
    return rows(
        (_orient(keys, Orientation.SMUR, mark), _orient(keys, Orientation.AMBULANCE, mark)),
        (
            _orient(keys, Orientation.VISIT_SOS, mark) if _has_sos(keys) else None,
            keys.tap(Verb.ORIENT, "orient_prolong", f"{Orientation.PROLONG.value}{mark}", minutes=minutes),
        ),
        (
            _orient(keys, Orientation.OTHER, mark),
            None if noted else keys.tap(Verb.ORIENT_BY_PHONE, "orient_by_phone"),
        ),
        back if noted else (),
    )


def _has_sos(keys: Keys) -> bool:
    """Whether there is a SOS médecin where this service works."""
    return any(rule.step is CascadeStep.SOS_MEDECIN for rule in keys.sheet.region.steps)


def _orient(keys: Keys, choice: Orientation, mark: str) -> Button:
    return keys.tap(Verb.ORIENT, f"orient_{choice.value}", f"{choice.value}{mark}")
