"""Taps on requests to act that nobody had touched."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.people import Person
from bot.flows import watch


async def on_mine(context: Context, person: Person, press: Press) -> None:
    """«Je m'en occupe»."""
    await context.say(await watch.take(context.given, person, press.mission, press.arg, press.epoch))
