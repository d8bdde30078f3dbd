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


def row_for_her(keys: Keys) -> Rows:
    """The same for OSNP, in the place of a nurse whom only they reach; then the way back to its card."""
    mission = keys.mission
    if not visio.reached_by_voice(mission, keys.sheet.person(mission.visit.idel)):
        return ()
    if visio.refusal(mission) is None and visio.is_live(mission):
        return rows((keys.tap(Verb.VISIO_CREATE, "visio_shown"),))
    return row(keys)


def group(keys: Keys) -> Rows:
    """What OSNP tap for her: she says on the telephone whether it works."""
    mission = keys.mission
    if not _is_of_present_room(keys) or not visio.is_by_voice(mission):
        return ()
    return rows(
        (keys.tap(Verb.VISIO_TROUBLE, "visio_trouble"), keys.tap(Verb.VISIO_NEW, "visio_new")),
        (keys.tap(Verb.VISIO_LATER, "visio_later"), keys.tap(Verb.VISIO_DICTATE, "visio_dictate")),
        (keys.tap(Verb.VISIO_ABANDON, "visio_abandon"),),
    )


def to_doctor(keys: Keys) -> Rows:
    """The doctor's link, for OSNP who phone."""
    if not _is_of_present_room(keys):
        return ()
    return rows((keys.tap(Verb.VISIO_DICTATE, "visio_dictate", "doctor"),))


def card(keys: Keys) -> Rows:
    """Enter, or say that it does not work. Nothing once the link is dead."""
    url = keys.sheet.f.get("url")
    if not _is_of_present_room(keys) or not url:
        return ()
    return rows(
        (Button(keys.words.label("visio_enter"), url=str(url)),),
        (keys.tap(Verb.VISIO_TROUBLE, "visio_trouble"),),
    )


def _is_of_present_room(keys: Keys) -> bool:
    video = keys.mission.visio
    return video is not None and not video.ended and keys.sheet.notice.epoch == video.number


def trouble(keys: Keys) -> Rows:
    """A new room, a later hour, or giving up."""
    if not _is_of_present_room(keys):
        return ()
    return rows(
        (keys.tap(Verb.VISIO_NEW, "visio_new"), keys.tap(Verb.VISIO_LATER, "visio_later")),
        (keys.tap(Verb.VISIO_ABANDON, "visio_abandon"),),
    )
