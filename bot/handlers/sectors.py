"""`/secteurs`, and the taps under a table of duty sectors that was sent back."""

from typing import Any

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer
from bot.domain.people import Person
from bot.flows import sectors
from bot.handlers.where import Where, where


async def on_sectors(update: Any, context: Context) -> None:
    """The file goes to the private chat; in the group a sentence says so."""
    place, person = await where(context), context.person
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif place is Where.ELSEWHERE or (person is None and place is Where.GROUP):
        await context.nothing_to_do()
    elif person is None:
        await context.say(Answer("press.stranger"))
    else:
        answer = await sectors.show(context.given, person)
        if answer.kind != "sectors.sent" or place is Where.GROUP:
            await context.say(answer)


async def on_confirm(context: Context, person: Person, press: Press) -> None:
    """«Confirmer», «Annuler»; the epoch is of the table."""
    await context.say(await sectors.confirm(context.given, person, press.epoch, yes=press.arg == "yes"))


async def on_undo(context: Context, person: Person, press: Press) -> None:
    """«Annuler», under what was changed."""
    author = int(press.arg) if press.arg.isdigit() else 0
    await context.say(await sectors.undo(context.given, person, author, press.epoch))
