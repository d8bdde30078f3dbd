"""The buttons of the cahier de liaison."""

from bot.buttons import Verb
from bot.domain import liaison
from bot.domain.mission import MissionState
from bot.domain.people import GROUP_ROLES, somebody_of
from bot.messages.rows import Keys, Rows, in_rows_of, rows


def notes(keys: Keys) -> Rows:
    """What this reader may do with each note; one more; back to the sheet."""
    sheet = keys.sheet
    patient = sheet.patient
    if patient is None or not patient.last_name or keys.mission.state is MissionState.CLOSED:
        return ()
    me = somebody_of(sheet.house) if sheet.house is not None else sheet.reader
    group = me is not None and me.role in GROUP_ROLES
    own = [
        keys.tap(Verb.LIAISON, f"liaison_{how}", f"{how}.{note.number}", number=note.number)
        for note in patient.liaison
        for how in (("off",) if note.pinned else ("on", "erase") if group else ())
        if liaison.may_change(note, how, me)
    ]
    return (
        *in_rows_of(2, own),
        *rows((keys.tap(Verb.LIAISON, "liaison_note"), keys.tap(Verb.SHEET, "liaison_back"))),
    )
