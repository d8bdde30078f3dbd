"""`/chercher`, and a tap on what it found."""

from typing import Any

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer, to_person
from bot.domain.people import GROUP_ROLES, MissionId, Person
from bot.flows import find
from bot.handlers.where import Where, place_in_group, where


async def on_find(update: Any, context: Context) -> None:
    """`/chercher 412`, `/chercher 03 53 01 00 12`, `/chercher Keller`."""
    place, person = await where(context), context.person
    text = " ".join(context.args or ())
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif person is None and place is Where.PRIVATE:
        await context.say(Answer("press.stranger"))
    elif person is not None and place is Where.PRIVATE:
        await find.search(context.given, person, text, to_person(person.id))
    elif person is not None and place is Where.GROUP and person.role in GROUP_ROLES:
        await find.search(context.given, person, text, await place_in_group(context))
    else:
        await context.nothing_to_do()


async def on_found(context: Context, person: Person, press: Press) -> None:
    """«Voir SMT 412»."""
    mission = MissionId(int(press.arg)) if press.arg.isdigit() else MissionId(0)
    await context.say(await find.show(context.given, person, mission))
