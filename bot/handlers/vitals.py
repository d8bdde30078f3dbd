"""Taps and texts of the constantes."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer
from bot.domain.people import Person
from bot.flows import vitals
from bot.handlers.thread import meant_for, written_of
from bot.ports import Draft


async def on_guided(context: Context, person: Person, press: Press) -> None:
    """«Constantes», «Nouvelle série»."""
    await context.say(await vitals.guide(context.given, person, press.mission))


async def on_choice(context: Context, person: Person, press: Press) -> None:
    """A value among those offered."""
    field, _, choice = press.arg.partition("=")
    await context.say(await vitals.choose(context.given, person, press.mission, press.epoch, field, choice))


async def on_other(context: Context, person: Person, press: Press) -> None:
    """«Autre valeur»."""
    await context.say(await vitals.write_value(context.given, person, press.mission, press.epoch))


async def on_skip(context: Context, person: Person, press: Press) -> None:
    """«Passer»."""
    await context.say(await vitals.skip(context.given, person, press.mission, press.epoch, press.arg))


async def on_send(context: Context, person: Person, press: Press) -> None:
    """«Envoyer»."""
    await context.say(await vitals.send_now(context.given, person, press.mission, press.epoch))


async def on_cancel(context: Context, person: Person, press: Press) -> None:
    """«Annuler»."""
    await context.say(await vitals.cancel(context.given, person, press.mission))


async def on_confirm(context: Context, person: Person, press: Press) -> None:
    """«Oui, 39 %»."""
    await context.say(await vitals.confirm(context.given, person, press.mission, press.epoch, press.arg))


async def on_correct(context: Context, person: Person, press: Press) -> None:
    """«Corriger»."""
    await context.say(await vitals.correct(context.given, person, press.mission, press.epoch, press.arg))


async def on_alert(context: Context, person: Person, press: Press) -> None:
    """«Prévenir le régulateur»."""
    await context.say(await vitals.alert(context.given, person, press.mission))


async def on_explain(context: Context, person: Person, press: Press) -> None:
    """«Comment écrire»."""
    await context.say(Answer("vitals.how", alert=True))


async def typed_value(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """A value that the entry waits for."""
    if not vitals.waits_for_value(draft, text, person):
        return False
    message = context.incoming.effective_message
    written = written_of(message) if message is not None else None
    mission = await meant_for(context, draft)
    if mission is None or written is None:
        return False
    answer = await vitals.typed_value(context.given, person, mission, written)
    if answer is not None:
        await context.say(answer)
    return True
