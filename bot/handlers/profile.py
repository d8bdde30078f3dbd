"""`/profil`, `/personne`, and what is tapped and typed on a person's card."""

from typing import Any

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer, to_person
from bot.domain.people import ANYBODY, GROUP_ROLES, Person, PersonId
from bot.flows import profile
from bot.flows import thread as thread_flow
from bot.handlers import joining, thread
from bot.handlers.where import Where, place_in_group, where
from bot.ports import Draft


async def on_profile(update: Any, context: Context) -> None:
    """`/profil`: one's own card, in the private chat; a stranger may ask to join."""
    place, person = await where(context), context.person
    if place is Where.PRIVATE and person is None:
        await joining.on_start(update, context)
    elif place is Where.PRIVATE and person is not None:
        await _done(context, await profile.show(context.given, person, person.id))
    elif place is Where.GROUP and person is not None and person.id != ANYBODY:
        await context.say(await profile.show_there(context.given, person, person.id))
    else:
        await context.nothing_to_do()


async def on_person(update: Any, context: Context) -> None:
    """`/personne NOM`: anybody's card, for those who act in the group."""
    place, person = await where(context), context.person
    text = " ".join(context.args or ())
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif person is None and place is Where.PRIVATE:
        await context.say(Answer("press.stranger"))
    elif person is not None and person.role in GROUP_ROLES and place in (Where.PRIVATE, Where.GROUP):
        to = to_person(person.id) if place is Where.PRIVATE else await place_in_group(context)
        await profile.search(context.given, person, text, to)
    elif person is not None and place is Where.PRIVATE:
        await context.say(Answer("profile.own_only"))
    else:
        await context.nothing_to_do()


async def on_see(context: Context, person: Person, press: Press) -> None:
    """One of a list."""
    await context.say(await profile.show_there(context.given, person, PersonId(press.epoch)))


async def on_press(context: Context, person: Person, press: Press) -> None:
    """A button of a card."""
    await context.say(await profile.pressed(context.given, person, PersonId(press.epoch), press.arg))


async def on_press_after_leaving(context: Context, user_id: int, press: Press) -> None:
    """A button of the card of somebody who has left."""
    answer = await profile.pressed_after_leaving(context.given, user_id, PersonId(press.epoch), press.arg)
    await context.say(answer)


async def on_typed(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """A text while a card asks for something, unless it answers a message of a mission."""
    message = context.incoming.effective_message
    told = thread.written_of(message) if message is not None else None
    if told is not None and await thread_flow.named(context.runtime.given, told) is not None:
        return False
    return await profile.typed(context.given, person, draft, text)


async def on_contact(update: Any, context: Context) -> None:
    """A contact in the private chat: one's own number, for a card or for whoever asks to join."""
    person = context.person
    if person is None:
        await joining.on_contact(update, context)
        return
    contact = update.effective_message.contact
    await _done(
        context,
        await profile.shared(context.given, person, contact.user_id, contact.phone_number or ""),
    )


async def _done(context: Context, answer: Answer | None) -> None:
    if answer is not None:
        await context.say(answer)
