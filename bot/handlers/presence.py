"""Who comes, goes, blocks the bot or lets it in again."""

from typing import Any

from telegram import ChatMember

from bot.buttons import Press
from bot.context import Context
from bot.domain.people import Person
from bot.flows import presence
from bot.handlers.where import Where, where

#: The states of a member who sees what is written.
PRESENT = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER, ChatMember.RESTRICTED})


async def on_own_state(update: Any, context: Context) -> None:
    """The bot was blocked, or let in again, in a private chat."""
    change = update.my_chat_member
    if await where(context) is Where.PRIVATE:
        blocked = change.new_chat_member.status not in PRESENT
        await presence.blocked(context.given, change.from_user.id, blocked=blocked)
    await context.nothing_to_do()


async def on_member(update: Any, context: Context) -> None:
    """Somebody came into the group, or left it."""
    change = update.chat_member
    if await where(context) is Where.GROUP:
        user = change.new_chat_member.user
        if not user.is_bot:
            present = change.new_chat_member.status in PRESENT
            await presence.in_group(context.given, user.id, user.full_name, present=present)
    await context.nothing_to_do()


async def on_arrivals(update: Any, context: Context) -> None:
    """The line «… a rejoint le groupe»: seen even where the bot is told of no member."""
    if await where(context) is Where.GROUP:
        for user in update.effective_message.new_chat_members:
            if not user.is_bot:
                await presence.in_group(context.given, user.id, user.full_name, present=True)
    await context.nothing_to_do()


async def on_departure(update: Any, context: Context) -> None:
    """The line «… a quitté le groupe»."""
    if await where(context) is Where.GROUP:
        user = update.effective_message.left_chat_member
        if not user.is_bot:
            await presence.in_group(context.given, user.id, user.full_name, present=False)
    await context.nothing_to_do()


async def on_accept_stranger(context: Context, person: Person, press: Press) -> None:
    """«Peut rester»."""
    await context.say(await presence.accept(context.given, person, int(press.arg)))
