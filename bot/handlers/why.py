"""`/pourquoi`."""

from typing import Any

from bot.context import Context
from bot.domain.outcome import Answer, to_person
from bot.domain.people import GROUP_ROLES
from bot.flows import why
from bot.handlers.where import Where, place_in_group, where


async def on_why(update: Any, context: Context) -> None:
    """`/pourquoi`, `/pourquoi 412`; for OSNP `/pourquoi 412`, `/pourquoi 412 Benali`."""
    place, person = await where(context), context.person
    text = " ".join(context.args or ())
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif place is Where.ELSEWHERE or (person is None and place is Where.GROUP):
        await context.nothing_to_do()
    elif person is None:
        await context.say(Answer("press.stranger"))
    elif place is Where.GROUP and person.role not in GROUP_ROLES:
        await context.nothing_to_do()
    else:
        here = to_person(person.id) if place is Where.PRIVATE else await place_in_group(context)
        if (answer := await why.ask(context.given, person, text, here)) is not None:
            await context.say(answer)
