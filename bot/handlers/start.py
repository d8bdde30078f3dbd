"""`/start`, with the payload of a link or without, and `/aide`."""

from typing import Any

from bot.context import Context
from bot.domain.outcome import Answer, to_person
from bot.domain.people import GROUP_ROLES
from bot.flows import register, start
from bot.handlers import joining
from bot.handlers.opening import on_mission
from bot.handlers.where import Where, place_in_group, where

#: The payload of the door that `/mission` shows in the group.
MISSION = "mission"


async def on_start(update: Any, context: Context) -> None:
    """Somebody opens the chat: by a personal link, by the door of `/mission`, or by themselves."""
    place, person = await where(context), context.person
    payload = context.args[0] if context.args else ""
    chat, user = update.effective_chat, update.effective_user
    if place is Where.ELSEWHERE and payload:
        await context.say(await register.bind_organisation(context.given, chat.id, payload))
    elif place is not Where.PRIVATE:
        await context.nothing_to_do()
    elif payload == MISSION:
        await on_mission(update, context)
    elif payload:
        await context.say(await register.start(context.given, user.id, chat.id, payload))
    elif person is None:
        await joining.on_start(update, context)
    else:
        await start.hello(context.given, person)


async def on_id(update: Any, context: Context) -> None:
    """`/id` in a group: its number, for SMT_GROUP_ID. In our own group only for those who act there."""
    place, person = await where(context), context.person
    not_theirs = place is Where.GROUP and (person is None or person.role not in GROUP_ROLES)
    if place is Where.PRIVATE:
        await on_help(update, context)
    elif not_theirs:
        await context.nothing_to_do()
    else:
        await context.tell_here(Answer("start.id", {"id": update.effective_chat.id}))


async def on_help(update: Any, context: Context) -> None:
    """`/aide`."""
    place, person = await where(context), context.person
    if place is Where.PRIVATE and person is None:
        await context.say(Answer("press.stranger"))
    elif place is Where.PRIVATE and person is not None:
        await start.aid(context.given, person, to_person(person.id))
    elif place is Where.GROUP and person is not None and person.role in GROUP_ROLES:
        await start.aid(context.given, person, await place_in_group(context))
    else:
        await context.nothing_to_do()
