"""Taps of the video."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.mission import EndReason
from bot.domain.people import Person
from bot.flows import closing, visio


async def on_create(context: Context, person: Person, press: Press) -> None:
    """«Créer la visio»."""
    await context.say(await visio.create(context.given, person, press.mission))


async def on_new_link(context: Context, person: Person, press: Press) -> None:
    """«Nouveau lien»."""
    await context.say(await visio.create(context.given, person, press.mission, anew=True))


async def on_dictate(context: Context, person: Person, press: Press) -> None:
    """«Lien à dicter»."""
    await context.say(
        await visio.dictate(context.given, person, press.mission, doctors=press.arg == "doctor")
    )


async def on_trouble(context: Context, person: Person, press: Press) -> None:
    """«Ça ne marche pas»."""
    await context.say(await visio.trouble(context.given, person, press.mission))


async def on_later(context: Context, person: Person, press: Press) -> None:
    """«Décaler 15 min»."""
    await context.say(await visio.later(context.given, person, press.mission))


async def on_abandon(context: Context, person: Person, press: Press) -> None:
    """«Abandonner (technique)»: asked why first."""
    await context.say(await closing.ask_end(context.given, person, press.mission, EndReason.TECHNICAL))
