"""The buttons of a list of missions."""

from bot.buttons import Verb
from bot.messages.rows import Keys, Rows, in_rows_of, rows


def results(keys: Keys) -> Rows:
    """One button for each."""
    found = [mission for mission, _ in keys.sheet.extra["found"]]
    return in_rows_of(2, [keys.tap(Verb.FOUND, "see_mission", m.id, number=m.number) for m in found])


def mission(keys: Keys) -> Rows:
    """Who the patient is, or the whole sheet, on a second tap."""
    return rows((keys.tap(Verb.SEE_PATIENT, "see_patient"), keys.tap(Verb.SHEET, "sheet")))
