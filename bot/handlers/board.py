"""`/tableau`: a personal link to the board's page."""

from typing import Any

from bot.context import Context
from bot.domain.outcome import Answer
from bot.flows import board
from bot.handlers.where import Where, where


async def on_board(update: Any, context: Context) -> None:
    """The link goes to the private chat; in the group a sentence says so."""
    place, person = await where(context), context.person
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif place is Where.ELSEWHERE or (person is None and place is Where.GROUP):
        await context.nothing_to_do()
    elif person is None:
        await context.say(Answer("press.stranger"))
    else:
        answer = await board.link(context.given, person)
        if answer.kind != "board.sent" or place is Where.GROUP:
            await context.say(answer)
