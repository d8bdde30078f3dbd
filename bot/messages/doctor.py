"""The buttons of the chosen doctor."""

from bot.buttons import Verb
from bot.domain import video_hour
from bot.domain.mission import MissionState
from bot.domain.outcome import to_party
from bot.messages.cascade import minutes
from bot.messages.rows import Keys, Rows, in_rows_of, rows


def card(keys: Keys) -> Rows:
    """The doctor's own card."""
    mission = keys.mission
    if mission.state is not MissionState.OPEN or mission.cascade.doctor is None:
        return ()
    video = not mission.cascade.suspended
    return rows(
        (keys.tap(Verb.CONCLUSION, "conclusion"), keys.tap(Verb.ACTS_ORDER, "acts_order")) if video else (),
        (keys.tap(Verb.SHEET, "sheet"), keys.tap(Verb.LIAISON, "liaison_note")),
        (
            keys.tap(Verb.DOCTOR_CHANGE_HOUR, "change_hour") if video else None,
            keys.tap(Verb.DOCTOR_WITHDRAW, "withdraw"),
        ),
    )


def withdraw(keys: Keys) -> Rows:
    """Sure?"""
    if keys.mission.state is not MissionState.OPEN:
        return ()
    return rows(
        (
            keys.tap(Verb.DOCTOR_WITHDRAW, "withdraw_yes", "yes"),
            keys.tap(Verb.DOCTOR_WITHDRAW, "withdraw_no", "no"),
        )
    )


def suspended(keys: Keys) -> Rows:
    """The nurse is gone; the doctor may go too."""
    found = keys.mission.cascade
    if not found.suspended or found.doctor is None or to_party(found.doctor.party) != keys.sheet.notice.to:
        return ()
    return rows((keys.tap(Verb.DOCTOR_WITHDRAW, "withdraw", "yes"),))


def hours(keys: Keys) -> Rows:
    """Hours the doctor may propose."""
    mission = keys.mission
    if mission.state is not MissionState.OPEN or mission.cascade.suspended:
        return ()
    choices = [
        keys.tap(Verb.DOCTOR_PROPOSE, "at_hour", minutes(h), hour=keys.words.hour(h))
        for h in video_hour.hours(mission, keys.sheet.now, many=True)
        if h != mission.cascade.video_at
    ]
    return in_rows_of(3, choices)


def hour_proposed(keys: Keys) -> Rows:
    """The nurse is late: the new hour, another one, or out."""
    proposal = keys.mission.cascade.proposal
    if proposal is None or keys.mission.state is not MissionState.OPEN:
        return ()
    return rows(
        (
            keys.tap(Verb.HOUR_OK, "hour_ok", minutes(proposal.hour), hour=keys.words.hour(proposal.hour)),
            keys.tap(Verb.DOCTOR_CHANGE_HOUR, "other_hour"),
        ),
        (keys.tap(Verb.DOCTOR_WITHDRAW, "withdraw"),),
    )
