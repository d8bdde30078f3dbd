"""`/mission`, and what an operator taps and types to open one."""

from typing import Any

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer
from bot.domain.people import GROUP_ROLES, Person
from bot.flows import opening
from bot.flows import thread as thread_flow
from bot.flows.opening import Written
from bot.handlers import thread
from bot.handlers.where import Where, place_in_group, where
from bot.ports import Draft

#: The word after `/mission` that makes it an exercice.
EXERCISE = "exercice"


async def on_mission(update: Any, context: Context) -> None:
    """`/mission`, `/mission exercice`: in the group a door, in the private chat the dialogue."""
    place, person = await where(context), context.person
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif person is None or person.role not in GROUP_ROLES:
        await refuse(context, place)
    elif place is Where.PRIVATE:
        words = context.args or [""]
        exercise = words[0].casefold() == EXERCISE
        await opening.begin(context.given, person, exercise=exercise)
    elif place is Where.GROUP:
        await opening.door(context.given, await place_in_group(context), context.bot.username)
    else:
        await context.nothing_to_do()


async def refuse(context: Context, place: Where) -> None:
    """Whoever may not: one sentence in a private chat, nothing anywhere else."""
    if place is not Where.PRIVATE:
        await context.nothing_to_do()
    elif context.person is None:
        await context.say(Answer("press.stranger"))
    else:
        await context.say(Answer("opening.not_for_you"))


async def on_opening(context: Context, person: Person, press: Press) -> None:
    """A button of the draft's card."""
    await context.say(await opening.pressed(context.given, person, press.epoch, press.arg))


async def on_typed(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """A text while an opening is under way, unless it answers a message of a mission."""
    message = context.incoming.effective_message
    told = thread.written_of(message) if message is not None else None
    answers = told is not None and told.reply_to is not None
    if told is not None and answers and await thread_flow.named(context.runtime.given, told) is not None:
        return False
    return await opening.typed(context.given, person, text, _written(context))


async def on_first_text(context: Context, person: Person, text: str) -> bool:
    """A text of an operator for whom nothing waits: a pasted request opens a mission."""
    return await opening.typed_first(context.given, person, text, _written(context))


def _written(context: Context) -> Written:
    message = context.incoming.effective_message
    assert message is not None  # noqa: S101 - only texts come here
    return Written(message.chat_id, message.message_id)
