"""`/delais`, `/fermer`, `/ouvrir`, `/changements`, and the taps on what they show."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import BOARD, GROUP_KINDS, Answer, Place, to_person
from bot.domain.people import Person
from bot.flows import coordinator
from bot.handlers.where import Where, place_in_group, where
from bot.ports import Draft

#: What the group reads as a line of its own, or sees as a card: no second message says it.
SAID_IN_GROUP = frozenset({"coordinator.set", "coordinator.shown"})


async def on_delays(update: Any, context: Context) -> None:
    """`/delais`, `/delais réponse 25 min`."""

    async def asked(person: Person, place: Place, text: str) -> Answer:
        return await coordinator.delays(context.given, person, place, text)

    await _asked(context, asked)


async def on_close(update: Any, context: Context) -> None:
    """`/fermer`, `/fermer 24/12`."""

    async def asked(person: Person, place: Place, text: str) -> Answer:
        if not text:
            return await coordinator.show_days(context.given, person, place, "close")
        return await coordinator.close_day(context.given, person, text)

    await _asked(context, asked)


async def on_open(update: Any, context: Context) -> None:
    """`/ouvrir`, `/ouvrir 26/12 8h-12h`."""

    async def asked(person: Person, place: Place, text: str) -> Answer:
        if not text:
            return await coordinator.show_days(context.given, person, place, "open")
        return await coordinator.open_day(context.given, person, text, place)

    await _asked(context, asked)


async def on_changes(update: Any, context: Context) -> None:
    """`/changements`."""

    async def asked(person: Person, place: Place, text: str) -> Answer:
        return await coordinator.show_changes(context.given, person, place)

    await _asked(context, asked)


async def _asked(context: Context, asked: Callable[[Person, Place, str], Awaitable[Answer]]) -> None:
    """A command, in the group or in private; a stranger in the group gets no word."""
    there, person = await where(context), context.person
    if there is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif there is Where.ELSEWHERE or (person is None and there is Where.GROUP):
        await context.nothing_to_do()
    elif person is None:
        await context.say(Answer("press.stranger"))
    else:
        place = to_person(person.id) if there is Where.PRIVATE else await place_in_group(context)
        answer = await asked(person, place, " ".join(context.args or ()))
        if answer.kind == "coordinator.shown" or (place.kind in GROUP_KINDS and answer.kind in SAID_IN_GROUP):
            return
        await context.say(answer)


async def on_list(context: Context, person: Person, press: Press) -> None:
    """«◀ Tous les délais»."""
    place = await _place(context, person)
    await context.say(await coordinator.show_delays(context.given, person, place, fresh=False))


async def on_delay(context: Context, person: Person, press: Press) -> None:
    """One delay of the list."""
    place = await _place(context, person)
    await context.say(await coordinator.choose_delay(context.given, person, place, press.arg))


async def on_delay_set(context: Context, person: Person, press: Press) -> None:
    """A length."""
    key, _, minutes = press.arg.partition("=")
    place = await _place(context, person)
    await context.say(await coordinator.set_delay(context.given, person, key, minutes, place))


async def on_close_day(context: Context, person: Person, press: Press) -> None:
    """A day to close."""
    place = await _place(context, person)
    await context.say(await coordinator.close_day(context.given, person, press.arg, place))


async def on_open_day(context: Context, person: Person, press: Press) -> None:
    """A day to open: its hours are asked."""
    place = await _place(context, person)
    await context.say(await coordinator.open_day(context.given, person, press.arg, place, fresh=False))


async def on_open_hours(context: Context, person: Person, press: Press) -> None:
    """The hours of the day to open: «2026-12-26 0800-1200»."""
    day, _, span = press.arg.partition(" ")
    hours = f"{span[:2]}:{span[2:4]}-{span[5:7]}:{span[7:9]}"
    place = await _place(context, person)
    await context.say(await coordinator.open_day(context.given, person, f"{day} {hours}", place))


async def on_revoke(context: Context, person: Person, press: Press) -> None:
    """«Annuler»."""
    place = await _place(context, person)
    number = int(press.arg) if press.arg.isdigit() else 0
    await context.say(await coordinator.revoke(context.given, person, number, place))


async def typed_delay(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """«25 min», after a delay was chosen."""
    answer = await coordinator.typed_delay(context.given, person, draft, text)
    if answer is not None:
        await context.say(answer)
    return answer is not None


async def _place(context: Context, person: Person) -> Place:
    """Where the card is that was tapped."""
    if await where(context) is Where.PRIVATE:
        return to_person(person.id)
    message = context.incoming.effective_message
    return BOARD if message is None else await place_in_group(context)
