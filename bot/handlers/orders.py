"""Taps and texts of the doctor's conclusion and of nursing acts."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.people import Person
from bot.flows import orders
from bot.handlers.thread import waited_for
from bot.ports import Draft


async def on_conclusion(context: Context, person: Person, press: Press) -> None:
    """«Conclusion», one of its lines, «Écrire…», «Recommencer»."""
    given, mission = context.given, press.mission
    if press.arg == "":
        await context.say(await orders.open_conclusion(given, person, mission))
    elif press.arg == "type":
        await context.say(await orders.write_conclusion(given, person, mission))
    elif press.arg == "again":
        await context.say(await orders.start_again(given, person, mission))
    else:
        await context.say(await orders.conclude(given, person, mission, press.arg))


async def on_read(context: Context, person: Person, press: Press) -> None:
    """«Lu»."""
    await context.say(await orders.read_conclusion(context.given, person, press.mission, press.arg))


async def on_order(context: Context, person: Person, press: Press) -> None:
    """«Acte infirmier», or its delay."""
    if press.arg == "":
        await context.say(await orders.open_acts(context.given, person, press.mission))
    else:
        await context.say(await orders.order_acts(context.given, person, press.mission, press.arg))


async def on_answer(context: Context, person: Person, press: Press) -> None:
    """«Je le fais», «IDEL habituelle», «Ordonnance de matériel»."""
    await context.say(await orders.answer_acts(context.given, person, press.mission, press.arg))


async def typed_conclusion(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """A line of the conclusion, in the doctor's words."""
    found = await waited_for(context, draft)
    if found is None:
        return False
    answer = await orders.conclusion_written(context.given, person, *found)
    if answer is not None:
        await context.say(answer)
    return True


async def typed_acts(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """Which act was ordered."""
    found = await waited_for(context, draft)
    if found is None:
        return False
    answer = await orders.acts_written(context.given, person, *found)
    if answer is not None:
        await context.say(answer)
    return True
