"""The buttons about who can be reached."""

from datetime import UTC, datetime

from bot.buttons import Verb
from bot.domain import control
from bot.domain.people import GROUP_ROLES, Role
from bot.flows.control_pages import TO_PHONE
from bot.messages.rows import Keys, Rows, rows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test(keys: Keys) -> Rows:
    """«Je l'ai vu», with the moment it was asked at; for an operator also whom the bot does not reach."""
    f = keys.sheet.f
    asked = round((datetime.fromisoformat(f["asked"]) - EPOCH).total_seconds() * 1000)
    seen = keys.tap(Verb.REACH_SEEN, "reach_seen", asked) if f["seen"] is None else None
    is_staff = Role(f["role"]) in GROUP_ROLES
    return rows((seen,), (keys.tap(Verb.REACH_ALL, "reach_list") if is_staff else None,))


def everybody(keys: Keys) -> Rows:
    """«Voir tous» where not all are named."""
    return _rest(keys, len(keys.sheet.extra["there"]))


def to_phone(keys: Keys) -> Rows:
    """What a nurse has answered, one tap from her page; «Voir tous» where not all are named."""
    mission, there = keys.mission, keys.sheet.extra["to_phone"]
    if not control.is_searching(mission):
        return ()
    page = f"nurses.0:{TO_PHONE}" if there else "nurses.0"
    if len(there) == 1:
        page = f"nurse.{there[0][0].id}"
    return (*_rest(keys, len(there)), *rows((keys.tap(Verb.MENU, "note_answer", page),)))


def _rest(keys: Keys, count: int) -> Rows:
    if count <= keys.sheet.extra["named"]:
        return ()
    return rows((keys.tap(Verb.REACH_ALL, "reach_all", count=count),))
