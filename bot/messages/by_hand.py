"""The open missions on paper: the words of `by_hand.jinja`, without Telegram's markup."""

from collections.abc import Sequence
from datetime import datetime

from bot.flows.by_hand import OpenMission
from bot.messages.words import Words

RULE = "─" * 72


def on_paper(missions: Sequence[OpenMission], now: datetime, words: Words) -> str:
    """The whole list, for a terminal or a printer."""
    head = words.plain("by_hand.head", {"now": now, "count": len(missions)})
    return f"\n{RULE}\n".join([head, *(words.plain("by_hand.mission", one) for one in missions)]) + "\n"
