"""The buttons of a duty roster that waits to be confirmed."""

from bot.buttons import Verb
from bot.messages.rows import Keys, Rows, rows


def check(keys: Keys) -> Rows:
    """Nothing is replaced before this tap."""
    sign = keys.sheet.notice.epoch
    return rows(
        (
            keys.tap(Verb.DUTY_CONFIRM, "duty_import", "yes", epoch=sign),
            keys.tap(Verb.DUTY_CONFIRM, "duty_leave", "no", epoch=sign),
        )
    )
