"""Notice → words, buttons and manner. Knows the templates; decides nothing and sends nothing."""

from bot.messages.composer import composer
from bot.messages.keyboards import LINES
from bot.messages.words import Words

__all__ = ["LINES", "Words", "composer"]
