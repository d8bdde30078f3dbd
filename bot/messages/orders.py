"""The buttons of the doctor's conclusion and of nursing acts."""

from bot.buttons import Verb
from bot.domain.by_phone import Why, call_about
from bot.domain.mission import MissionState
from bot.domain.orders import ANSWERS, DELAYS, READY
from bot.domain.outcome import PlaceKind
from bot.messages.rows import Keys, Rows, in_rows_of, rows


def conclude(keys: Keys) -> Rows:
    """Ready-made lines, own words, start again."""
    if keys.mission.state is MissionState.CLOSED:
        return ()
    lines = keys.sheet.extra["lines"]
    ready = [
        keys.tap(
            Verb.CONCLUSION,
            f"conclusion_{key}",
            key,
            mark="✓ " if f"#{key}" in lines else "",
        )
        for key in READY
    ]
    in_house = keys.sheet.notice.to.kind is PlaceKind.ORGANISATION
    return (
        *in_rows_of(1, ready),
        *rows(
            (
                None if in_house else keys.tap(Verb.CONCLUSION, "conclusion_type", "type"),
                keys.tap(Verb.CONCLUSION, "conclusion_again", "again") if lines else None,
            )
        ),
    )


def aloud(keys: Keys) -> Rows:
    """OSNP have read it out to her."""
    owed = call_about(keys.mission, Why.CONCLUSION)
    if owed is None or not keys.mission.visit.by_phone or not keys.sheet.extra["lines"]:
        return ()
    return rows((keys.tap(Verb.CONCLUSION_READ, "conclusion_read_out", owed.number),))


def acts_for_her(keys: Keys, nurse: int | None = None) -> Rows:
    """OSNP note what a nurse on the telephone answers about the acts that the doctor wants."""
    mission = keys.mission
    visit = mission.visit
    if mission.state is MissionState.CLOSED or not visit.by_phone or visit.acts_ordered is None:
        return ()
    if nurse is not None and (nurse != visit.idel or visit.acts_by is not None):
        return ()
    answers = [keys.tap(Verb.ACTS_ANSWER, f"acts_hers_{how}", how) for how in ANSWERS if how != visit.acts_by]
    return in_rows_of(1, answers)


def conclusion(keys: Keys) -> Rows:
    """The nurse acknowledges."""
    if keys.mission.closing.conclusion_read_at is not None or not keys.sheet.extra["lines"]:
        return ()
    return rows((keys.tap(Verb.CONCLUSION_READ, "conclusion_read"),))


def acts(keys: Keys) -> Rows:
    """The doctor's delay for nursing acts, or the order taken back."""
    mission = keys.mission
    if mission.state is MissionState.CLOSED:
        return ()
    delays = [
        keys.tap(Verb.ACTS_ORDER, f"acts_{delay}", delay)
        for delay in DELAYS
        if delay != mission.visit.acts_ordered
    ]
    back = keys.tap(Verb.ACTS_ORDER, "acts_back", "none") if mission.visit.acts_ordered else None
    return rows(tuple(delays), (back,))


def acts_ordered(keys: Keys) -> Rows:
    """Usual IDEL able? Material there?"""
    mission = keys.mission
    if mission.state is MissionState.CLOSED or mission.visit.acts_ordered is None:
        return ()
    answers = [
        keys.tap(Verb.ACTS_ANSWER, f"acts_by_{how}", how) for how in ANSWERS if how != mission.visit.acts_by
    ]
    return in_rows_of(1, answers)
