"""The button about somebody in the group who is not registered."""

from bot.buttons import Verb
from bot.messages.rows import Keys, Rows, rows


def stranger(keys: Keys) -> Rows:
    """An operator answers for them."""
    if keys.sheet.f["state"] != "watched":
        return ()
    return rows((keys.tap(Verb.STRANGER_STAYS, "stranger_stays", keys.sheet.f["user"]),))
