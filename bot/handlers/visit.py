"""Taps of the visit, and of the group's card."""

import re

from bot.buttons import Press
from bot.context import Context
from bot.domain.people import Person
from bot.flows import search, visit
from bot.flows.written import Written

#: «14h30», «14:30», «9 h», «14H».
HOUR = re.compile(r"\d{1,2}\s?[hH:]\s?(\d{2})?")


async def on_set_out(context: Context, person: Person, press: Press) -> None:
    """«En route»."""
    await context.say(await visit.set_out(context.given, person, press.mission))


async def on_arrive(context: Context, person: Person, press: Press) -> None:
    """«Sur place»."""
    await context.say(await visit.arrive(context.given, person, press.mission))


async def on_finish(context: Context, person: Person, press: Press) -> None:
    """«Visite terminée»."""
    await context.say(await visit.finish(context.given, person, press.mission, sure=press.arg == "yes"))


async def on_change_hour(context: Context, person: Person, press: Press) -> None:
    """«Changer l'heure»."""
    await context.say(await visit.choose_hour(context.given, person, press.mission))


async def on_hour(context: Context, person: Person, press: Press) -> None:
    """An hour among those offered."""
    await context.say(await visit.set_hour(context.given, person, press.mission, press.arg))


async def on_hour_osnp(context: Context, person: Person, press: Press) -> None:
    """«À voir avec l'OSNP»."""
    await context.say(await visit.leave_hour_to_osnp(context.given, person, press.mission))


async def on_give_back(context: Context, person: Person, press: Press) -> None:
    """«Je ne peux plus y aller»."""
    await context.say(await visit.ask_give_back(context.given, person, press.mission))


async def on_give_back_reason(context: Context, person: Person, press: Press) -> None:
    """Why, or «Non, je la garde»."""
    if press.arg == "keep":
        await context.say(await visit.keep(context.given, person, press.mission))
    else:
        await context.say(await search.give_back(context.given, person, press.mission, press.arg))


async def on_patient_told(context: Context, person: Person, press: Press) -> None:
    """«Patient prévenu»."""
    await context.say(await visit.patient_told(context.given, person, press.mission))


async def on_see_patient(context: Context, person: Person, press: Press) -> None:
    """«Voir le patient»."""
    await context.say(await visit.see_patient(context.given, person, press.mission))


async def on_group_hour(context: Context, person: Person, written: Written) -> bool:
    """An operator answers «heure d'arrivée ?» with «14h30»."""
    if written.reply_to is None or HOUR.fullmatch(written.text.strip()) is None:
        return False
    mission = await visit.hour_asked_at(context.runtime.given, written.chat_id, written.reply_to)
    if mission is None:
        return False
    await context.say(await visit.set_hour(context.given, person, mission, f"@{written.text.strip()}"))
    return True


async def on_typed_hour(context: Context, person: Person, text: str) -> bool:
    """A nurse writes «14h30» and nothing else: her arrival, while she is not there yet."""
    if HOUR.fullmatch(text.strip()) is None:
        return False
    mission = await visit.awaits_hour(context.runtime.given, person)
    if mission is None:
        return False
    await context.say(await visit.set_hour(context.given, person, mission, f"@{text.strip()}"))
    return True
