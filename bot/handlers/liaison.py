"""Taps and texts of the cahier de liaison."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer
from bot.domain.people import Person
from bot.flows import liaison
from bot.handlers.thread import waited_for
from bot.ports import Draft


async def on_liaison(context: Context, person: Person, press: Press) -> None:
    """«Note de liaison», «Cahier de liaison», «Retirer n° 2»."""
    given, mission = context.given, press.mission
    how, _, number = press.arg.partition(".")
    if how == "":
        await context.say(await liaison.begin(given, person, mission))
    elif how == "all":
        await context.say(await liaison.show(given, person, mission))
    elif how in ("off", "on", "erase") and number.isdigit():
        await context.say(await liaison.change(given, person, mission, int(number), how))
    else:
        await context.say(Answer("press.unknown"))


async def typed_note(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """The words of a note."""
    found = await waited_for(context, draft)
    if found is None:
        return False
    answer = await liaison.typed(context.given, person, *found)
    if answer is not None:
        await context.say(answer)
    return True
