"""The buttons of the video."""

from bot.buttons import Verb
from bot.domain import visio
from bot.messages.rows import Keys, Rows, rows
from bot.ports import Button


def row(keys: Keys) -> Rows:
    """For the nurse's card: «Créer la visio» once a doctor has it, until there is a room."""
    mission = keys.mission
    if visio.refusal(mission) is not None or visio.is_live(mission) or mission.cascade.suspended:
        return ()
    return rows((keys.tap(Verb.VISIO_CREATE, "visio_create"),))


def card(keys: Keys) -> Rows:
    """Enter, or say that it does not work. Nothing once the link is dead."""
    mission, url = keys.mission, keys.sheet.f.get("url")
    present = mission.visio is not None and keys.sheet.notice.epoch == mission.visio.number
    if not visio.is_live(mission) or not present or not url:
        return ()
    return rows(
        (Button(keys.words.label("visio_enter"), url=str(url)),),
        (keys.tap(Verb.VISIO_TROUBLE, "visio_trouble"),),
    )


def trouble(keys: Keys) -> Rows:
    """A new room, a later hour, or giving up."""
    if not visio.is_live(keys.mission):
        return ()
    return rows(
        (keys.tap(Verb.VISIO_NEW, "visio_new"), keys.tap(Verb.VISIO_LATER, "visio_later")),
        (keys.tap(Verb.VISIO_ABANDON, "visio_abandon"),),
    )
