"""Where a bot is killed, and how often a mission passes there."""

from enum import StrEnum


class Point(StrEnum):
    """A place in the work of the bot."""

    BEFORE_COMMIT = "before_commit"  # a decision is made and not committed
    AFTER_COMMIT = "after_commit"  # it is committed, and nothing of it was said
    BEFORE_SENDING = "before_sending"  # a notice is claimed, and nothing has left
    AFTER_SENDING = "after_sending"  # Telegram has it, and nobody has written that down
    IN_BROADCAST = "in_broadcast"  # an offer among many others has left
    IN_TIMERS = "in_timers"  # several timers are due: before and after the commit of one of them
    AFTER_INBOX = "after_inbox"  # updates are kept, and nobody has worked them


#: The n-th passage, chosen at random up to these: every round passes so often.
MOST = {
    Point.BEFORE_COMMIT: 10,
    Point.AFTER_COMMIT: 10,
    Point.BEFORE_SENDING: 30,
    Point.AFTER_SENDING: 30,
    Point.IN_BROADCAST: 20,
    Point.IN_TIMERS: 14,
    Point.AFTER_INBOX: 8,
}
