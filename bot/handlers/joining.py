"""Somebody unknown in the private chat asks to join; OSNP decide in the group."""

from typing import Any

from telegram import Message
from telegram.constants import ChatType

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer
from bot.domain.people import Person
from bot.flows import joining


async def on_start(update: Any, context: Context) -> None:
    """`/start` without a link, by somebody unknown."""
    user, chat = update.effective_user, update.effective_chat
    answer = await joining.begin(context.given, user.id, chat.id)
    if answer is not None:
        await context.say(answer)


async def on_text(update: Any, context: Context) -> None:
    """A text of somebody unknown: for their form, when they have one."""
    if not await joining.typed(context.given, update.effective_user.id, update.effective_message.text or ""):
        await _turn_away(context, update.effective_user.id)


async def on_edited(message: Message, context: Context) -> bool:
    """They corrected what they wrote: read again, as an answer to what is asked now; False without a form."""
    user = message.from_user
    if user is None or message.text is None or message.chat.type != ChatType.PRIVATE:
        return False
    return await joining.typed(context.given, user.id, message.text)


async def on_contact(update: Any, context: Context) -> None:
    """A contact: their own number, or somebody else's."""
    contact = update.effective_message.contact
    user = update.effective_user
    if not await joining.shared(context.given, user.id, contact.user_id, contact.phone_number or ""):
        await _turn_away(context, user.id)


async def on_file(context: Context) -> None:
    """A photo, a voice message of somebody unknown."""
    user = context.incoming.effective_user
    if user is None:
        await context.say(Answer("press.stranger"))
    elif not await joining.sent_file(context.given, user.id):
        await _turn_away(context, user.id)


async def _turn_away(context: Context, user_id: int) -> None:
    await context.say(await joining.turned_away(context.given, user_id))


async def on_stranger_press(update: Any, context: Context, press: Press) -> None:
    """A button of the form."""
    user = update.effective_user
    await context.say(await joining.pressed(context.given, user.id, press.epoch, press.arg))


async def on_press(context: Context, person: Person, press: Press) -> None:
    """A button of the form, tapped by somebody who is registered by now."""
    await context.say(Answer("joining.registered"))


async def on_decide(context: Context, person: Person, press: Press) -> None:
    """«Valider», «Refuser»."""
    await context.say(await joining.decide(context.given, person, press.epoch, press.arg))
