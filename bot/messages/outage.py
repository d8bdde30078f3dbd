"""The button of the account of an absence."""

from datetime import datetime

from bot.buttons import Verb
from bot.messages.rows import Keys, Rows, rows


def account(keys: Keys) -> Rows:
    """«Vu»: somebody has read it."""
    facts = keys.sheet.f
    if facts.get("by"):
        return ()
    moments = ".".join(
        str(round(datetime.fromisoformat(str(facts[name])).timestamp() * 1000))
        for name in ("since", "until", "said")
    )
    return rows((keys.tap(Verb.OUTAGE_SEEN, "seen", f"{facts['why']}.{moments}"),))
