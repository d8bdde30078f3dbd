"""The buttons about who can be reached."""

from datetime import UTC, datetime

from bot.buttons import Verb
from bot.domain.people import GROUP_ROLES, Role
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
    """The same of a mission's nurses."""
    return _rest(keys, len(keys.sheet.extra["to_phone"]))


def _rest(keys: Keys, count: int) -> Rows:
    if count <= keys.sheet.extra["named"]:
        return ()
    return rows((keys.tap(Verb.REACH_ALL, "reach_all", count=count),))
