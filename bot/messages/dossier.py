"""The buttons of a mission's sheet, and the region's links."""

from bot.buttons import Verb
from bot.domain.mission import MissionState
from bot.domain.people import GROUP_ROLES
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: Longest words of a button beside another, and by itself.
BESIDE, ALONE = 18, 40


def sheet(keys: Keys) -> Rows:
    """A note for the next professional, the notes, one more usual professional, the links."""
    patient, reader = keys.sheet.patient, keys.sheet.reader
    if patient is None or not patient.last_name:
        return ()
    if keys.mission.state is MissionState.CLOSED:
        return resources(keys)
    group = reader is not None and reader.role in GROUP_ROLES
    return (
        *rows(
            (
                keys.tap(Verb.LIAISON, "liaison_note"),
                keys.tap(Verb.LIAISON, "liaison_all", "all") if patient.liaison else None,
            ),
            (keys.tap(Verb.REGULAR, "regular_add") if group else None,),
        ),
        *resources(keys),
    )


def resources(keys: Keys) -> Rows:
    """One link each."""
    links = [Button(_short(r.label), url=r.url) for r in keys.sheet.region.resources]
    width = 2 if all(len(link.label) <= BESIDE for link in links) else 1
    return in_rows_of(width, links)


def patient(keys: Keys) -> Rows:
    """From who the patient is to the whole sheet."""
    return rows((keys.tap(Verb.SHEET, "sheet"),))


def _short(label: str) -> str:
    return label if len(label) <= ALONE else f"{label[: ALONE - 1]}…"
