"""The button that opens the board's page."""

from bot.messages.rows import Keys, Rows, rows
from bot.ports import Button


def link(keys: Keys) -> Rows:
    """An address of one person only."""
    return rows((Button(keys.words.label("board_open"), url=str(keys.sheet.f["url"])),))
