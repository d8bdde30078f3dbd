"""In which kind of chat something was written. Knows no rule."""

from enum import Enum, auto

from telegram.constants import ChatType

from bot.context import Context
from bot.domain.outcome import Place
from bot.flows import group


class Where(Enum):
    """The chats the bot is in."""

    PRIVATE = auto()
    GROUP = auto()  # of the OSNP
    ELSEWHERE = auto()  # a house's group, or one that is not ours
    ANONYMOUS = auto()  # our group, by an administrator who writes as the group itself


async def where(context: Context) -> Where:
    """Where the update comes from."""
    chat, message = context.incoming.effective_chat, context.incoming.effective_message
    if chat is None:
        return Where.ELSEWHERE
    if chat.type == ChatType.PRIVATE:
        return Where.PRIVATE
    runtime = context.runtime
    if not await group.is_group(runtime.given, runtime.group_id, chat.id):
        return Where.ELSEWHERE
    as_the_chat = message is not None and message.sender_chat is not None
    return Where.ANONYMOUS if as_the_chat else Where.GROUP


async def place_in_group(context: Context) -> Place:
    """The mission's topic something was written in, else General."""
    message = context.incoming.effective_message
    assert message is not None  # noqa: S101 - only messages come here
    thread = message.message_thread_id if message.is_topic_message else None
    return await group.place_of(context.runtime.given, message.chat_id, thread)
