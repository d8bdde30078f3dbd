"""Each of Telegram's failures has its name."""

from datetime import timedelta

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot import failures
from bot.failures import name_of


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (BadRequest("Bad Request: message is not modified: specified new"), failures.NotModified),
        (BadRequest("Bad Request: message to edit not found"), failures.MessageGone),
        (BadRequest("Bad Request: message to delete not found"), failures.MessageGone),
        (BadRequest("Bad Request: MESSAGE_ID_INVALID"), failures.MessageGone),
        (BadRequest("Bad Request: message can't be edited"), failures.CannotEdit),
        (BadRequest("Bad Request: there is no text in the message to edit"), failures.CannotEdit),
        (BadRequest("Bad Request: message can't be deleted for everyone"), failures.CannotDelete),
        (BadRequest("Bad Request: message thread not found"), failures.ThreadGone),
        (BadRequest("Bad Request: TOPIC_ID_INVALID"), failures.ThreadGone),
        (BadRequest("Bad Request: TOPIC_CLOSED"), failures.TopicClosed),
        (BadRequest("Bad Request: message to be replied not found"), failures.ReplyGone),
        (BadRequest("Bad Request: chat not found"), failures.Unreachable),
        (BadRequest("Bad Request: not enough rights to create a topic"), failures.NotAllowed),
        (BadRequest("Bad Request: the chat is not a forum"), failures.NotAllowed),
        (
            BadRequest("Bad Request: query is too old and response timeout expired or query ID is invalid"),
            failures.QueryTooOld,
        ),
        (BadRequest("Bad Request: can't parse entities: Unclosed start tag"), failures.BadWords),
        (BadRequest("Bad Request: BUTTON_DATA_INVALID"), failures.Refused),
        (Forbidden("Forbidden: bot was blocked by the user"), failures.Unreachable),
        (Forbidden("Forbidden: bot can't initiate conversation with a user"), failures.Unreachable),
        (Forbidden("Forbidden: user is deactivated"), failures.Unreachable),
        (ChatMigrated(-1001), failures.Moved),
        (RetryAfter(timedelta(seconds=7)), failures.TooFast),
        (InvalidToken("Unauthorized"), failures.Unauthorized),
        (InvalidToken("Not Found"), failures.MethodMissing),
        (Conflict("Conflict: terminated by other getUpdates request"), failures.OtherReader),
        (failures.NotConnected("no"), failures.NotSent),
        (TimedOut(), failures.UnknownOutcome),
        (NetworkError("Bad Gateway"), failures.UnknownOutcome),
        (NetworkError("Request Entity Too Large (413)"), failures.Refused),
        (TelegramError("Invalid server response"), failures.UnknownOutcome),
    ],
)
def test_the_name_of_a_failure(error: TelegramError, name: type[failures.Failure]) -> None:
    assert type(name_of(error)) is name


def test_a_429_says_how_long_and_a_move_where_to() -> None:
    fast, moved = name_of(RetryAfter(timedelta(seconds=7))), name_of(ChatMigrated(-1001))

    assert isinstance(fast, failures.TooFast)
    assert isinstance(moved, failures.Moved)
    assert (fast.seconds, moved.new_chat_id) == (7.0, -1001)
