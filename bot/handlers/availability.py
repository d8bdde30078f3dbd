"""`/dispo`, taps on its card, and what is typed of it."""

from typing import Any

from bot.buttons import Press
from bot.context import Context
from bot.domain.availability import ASKED, Wish
from bot.domain.outcome import Answer
from bot.domain.people import GROUP_ROLES, Person, PersonId
from bot.flows import availability
from bot.flows.availability import WISH
from bot.handlers.where import Where, where
from bot.ports import Draft


async def on_availability(update: Any, context: Context) -> None:
    """`/dispo`, and of an operator `/dispo NOM`."""
    place, person = await where(context), context.person
    name = " ".join(context.args or ())
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif person is None and place is Where.PRIVATE:
        await context.say(Answer("press.stranger"))
    elif person is not None and person.role in GROUP_ROLES and place in (Where.PRIVATE, Where.GROUP):
        if not person.on_telegram:
            await context.say(Answer("availability.start_first"))
            return
        if name:
            answer = await availability.show_other(context.given, person, name)
        else:
            answer = await availability.show_away(context.given, person)
        if place is Where.GROUP or answer.kind != "availability.sent":
            await context.say(answer)
    elif person is not None and person.role in ASKED and place is Where.PRIVATE:
        await availability.show(context.given, person)
    else:
        await context.nothing_to_do()


async def on_tap(context: Context, person: Person, press: Press) -> None:
    """Any button of the card."""
    who, _, rest = press.arg.partition(".")
    kind, _, value = rest.partition(".")
    try:
        about, wish = PersonId(int(who)), Wish.read(value) if kind == WISH else None
    except ValueError:
        await context.say(Answer("press.unknown"))
        return
    if wish is not None:
        await context.say(await availability.set_for(context.given, person, about, wish))
    else:
        view, _, days = value.partition(".")
        days = days if days.isdigit() else ""
        await context.say(await availability.turn(context.given, person, about, view, days))


async def typed(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """A day or hours that the card asked for."""
    found = await availability.typed(context.runtime.given, person, draft, text)
    if found is None:
        return False
    if isinstance(found, Answer):
        await context.say(found)
        return True
    await _say(context, person, *found)
    return True


async def on_words(context: Context, person: Person, text: str) -> bool:
    """«pause 2h» without a mission, «congés jusqu'au 24/12» even with one; True when that was all."""
    message = context.incoming.effective_message
    if message is None or message.reply_to_message is not None or message.is_topic_message:
        return False
    found = await availability.meant(context.runtime.given, person, text)
    if isinstance(found, Answer):
        await context.say(found)
    elif found is not None:
        await _say(context, person, person.id, found)
    return found is not None


async def _say(context: Context, by: Person, about: PersonId, wish: Wish) -> None:
    """Set it; the card that comes says how it stands, so only a refusal needs words."""
    answer = await availability.set_for(context.given, by, about, wish, fresh=True)
    if answer.kind in ("availability.bad_date", "availability.not_yours", "availability.gone"):
        await context.say(answer)
