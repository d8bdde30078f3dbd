"""`/joignable`, and the taps on what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.buttons import NO_MISSION, Press
from bot.context import Context
from bot.domain.outcome import Answer
from bot.domain.people import ANYBODY, GROUP_ROLES, Person
from bot.flows import reach
from bot.handlers.where import Where, place_in_group, where

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def on_reach(update: Any, context: Context) -> None:
    """In private or in a house's chat: does the bot reach me? In the group: whom does it not reach?"""
    place, person = await where(context), context.person
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif place is Where.GROUP and person is not None and person.role in GROUP_ROLES:
        await reach.show_list(context.given, person, await place_in_group(context))
    elif place is Where.PRIVATE and person is None:
        await context.say(Answer("press.stranger"))
    elif person is not None and (place is Where.PRIVATE or person.id == ANYBODY):
        await reach.test(context.given, person)
    else:
        await context.nothing_to_do()


async def on_seen(context: Context, person: Person, press: Press) -> None:
    """«Je l'ai vu»."""
    if not press.arg.isdigit():
        await context.say(Answer("press.unknown"))
        return
    asked_at = EPOCH + timedelta(milliseconds=int(press.arg))
    await context.say(await reach.seen(context.given, person, asked_at))


async def on_all(context: Context, person: Person, press: Press) -> None:
    """«Voir tous»: whom to phone for a mission, or whom the bot does not reach at all."""
    if press.mission == NO_MISSION:
        await context.say(await reach.show_whole_list(context.given, person))
    else:
        await context.say(await reach.show_to_phone(context.given, person, press.mission))
