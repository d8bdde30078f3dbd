"""The names of Telegram's failures, so that each is met in its own way. Knows no chat and no database.

The table of what is done about each stands in `bot.delivery`.
"""

import re

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)


class Failure(Exception):  # noqa: N818 - an answer of Telegram, with a name
    """A call that did not succeed."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said)
        self.said = said  # Telegram's own words


class Refused(Failure):
    """Telegram will not do this, today or later, and nothing was done."""


class NotModified(Refused):
    """The edit would change nothing: as good as done."""


class MessageGone(Refused):
    """The message to edit or delete does not exist any more."""


class CannotEdit(Refused):
    """That message cannot be edited (any more)."""


class CannotDelete(Refused):
    """That message cannot be deleted: too old, or a service message."""


class ThreadGone(Refused):
    """Somebody deleted the topic."""


class TopicClosed(Refused):
    """The topic is shut and the bot may not write there."""


class NotAllowed(Refused):
    """The bot lacks a right in that chat, or the chat is no forum."""


class QueryTooOld(Refused):
    """The press can no longer be answered; its words are owed as a message."""


class BadWords(Refused):
    """The text is not HTML that Telegram understands, which is a defect of ours."""


class ReplyGone(Refused):
    """The message to reply to does not exist, or stands in another topic."""


class WrongFileType(Refused):
    """A file's id may be sent as its own kind only: a voice note is no document."""


class MethodMissing(Refused):
    """The server does not know this method."""


class Unreachable(Refused):
    """Nothing can be written there: blocked, deactivated, never started, or kicked."""


class Moved(Refused):
    """The group has become a supergroup with another number."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__(f"the group is now {new_chat_id}")
        self.new_chat_id = new_chat_id


class TooFast(Failure):
    """429: nothing was done; try again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"retry after {seconds:g} s")
        self.seconds = seconds


class Unauthorized(Failure):
    """The token is not valid: no retry helps, somebody must act."""


class OtherReader(Failure):
    """409: somebody else reads the updates of this bot, or a webhook is set."""


class NotSent(Failure):
    """No connection could be made: certainly nothing was done."""


class UnknownOutcome(Failure):
    """The line broke or the server stumbled: nobody knows whether it was done."""


class NotConnected(NetworkError):  # noqa: N818 - named like PTB's TimedOut beside it
    """What `bot.request` raises when the server could not even be reached."""


_BAD_REQUESTS: tuple[tuple[re.Pattern[str], type[Refused]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), failure)
    for pattern, failure in (
        (r"message is not modified|topic_not_modified", NotModified),
        (r"message to be replied not found|replied message not found", ReplyGone),
        (r"can.?t use file of type", WrongFileType),
        (
            r"message to (edit|delete) not found|message_id_invalid|message identifier is not specified",
            MessageGone,
        ),
        (r"message can.?t be edited|there is no (text|caption) in the message", CannotEdit),
        (r"message can.?t be deleted", CannotDelete),
        (r"message thread not found|topic_deleted|topic_id_invalid|topic not found", ThreadGone),
        (r"topic_closed", TopicClosed),
        (r"query is too old|query id is invalid|query_id_invalid", QueryTooOld),
        (r"can.?t parse entities|unsupported start tag|can.?t find end of the entity", BadWords),
        (
            r"chat not found|user not found|peer_id_invalid|user is deactivated|bot was (kicked|blocked)",
            Unreachable,
        ),
        (
            r"have no rights to send|chat_write_forbidden|group chat was deactivated",
            Unreachable,
        ),
        (
            r"not enough rights|chat_admin_required|the chat is not a (forum|supergroup)|not a forum",
            NotAllowed,
        ),
        (
            r"method is available (for|only)|topics? (are|is) (disabled|not enabled)",
            NotAllowed,
        ),
    )
)


def name_of(error: TelegramError) -> Failure:
    """Which failure PTB's exception stands for.

    PTB makes BadRequest a NetworkError and every 404 an InvalidToken, whatever the method.
    """
    said = str(error)
    named: Failure
    if isinstance(error, BadRequest):
        named = next((kind(said) for pattern, kind in _BAD_REQUESTS if pattern.search(said)), Refused(said))
    elif isinstance(error, Forbidden):
        named = NotAllowed(said) if "not enough rights" in said.lower() else Unreachable(said)
    elif isinstance(error, ChatMigrated):
        named = Moved(error.new_chat_id)
    elif isinstance(error, RetryAfter):
        # The public attribute warns of its coming change of type; the field behind it does not.
        named = TooFast(error._retry_after.total_seconds())
    elif isinstance(error, EndPointNotFound):
        named = MethodMissing(said)
    elif isinstance(error, InvalidToken):
        named = MethodMissing(said) if "not found" in said.lower() else Unauthorized(said)
    elif isinstance(error, Conflict):
        named = OtherReader(said)
    elif isinstance(error, NotConnected):
        named = NotSent(said)
    elif "(413)" in said or "too large" in said.lower():
        named = Refused(said)
    else:
        named = UnknownOutcome(said)
    return named
