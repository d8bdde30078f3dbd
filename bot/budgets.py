"""Our own rates, kept under Telegram's limits so that no 429 is ever earned.

Sends, edits and new topics count alike: 30 in any second overall, in one chat one a second after a burst
of three, in one group 20 in any minute. Knows chats by their number only, and the time it is told.
"""

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

OVERALL = 30
GROUP = 20
BURST = 3

SECOND = timedelta(seconds=1)
MINUTE = timedelta(seconds=60)

#: Requests do not all travel equally long: windows are kept this much wider than Telegram's.
OVERALL_SLACK = timedelta(milliseconds=30)
CHAT_SLACK = timedelta(milliseconds=100)
GROUP_SLACK = timedelta(milliseconds=250)

#: Two chats refused within this time: the whole bot is meant, not one chat.
SAME_BREATH = timedelta(seconds=1)


@dataclass(slots=True)
class Window:
    """At most `most` moments in any `span`."""

    most: int
    span: timedelta
    spent: deque[datetime] = field(default_factory=deque)

    def room(self, now: datetime) -> int:
        """How many more fit now."""
        while self.spent and self.spent[0] <= now - self.span:
            self.spent.popleft()
        return self.most - len(self.spent)

    def earliest(self, now: datetime) -> datetime | None:
        """When one more fits; None: now."""
        return None if self.room(now) > 0 else self.spent[len(self.spent) - self.most] + self.span


@dataclass(slots=True)
class Pace:
    """One chat: a burst, then one message a second."""

    free_at: datetime  # when the whole burst may be sent again
    run: int = 0  # messages since the chat was last quiet

    def earliest(self, now: datetime) -> datetime | None:
        """When one more may go; None: now."""
        if self.run < BURST or self.free_at + CHAT_SLACK <= now:
            return None
        return _future(self.free_at - (BURST - 1) * SECOND + CHAT_SLACK, now)

    def spend(self, now: datetime) -> None:
        """One message goes now."""
        if self.free_at + CHAT_SLACK <= now:
            self.free_at, self.run = now, 0
        self.free_at = max(self.free_at, now) + SECOND
        self.run += 1


class Budgets:
    """What may still be sent, to whom, and from when."""

    def __init__(self, *, overall: int = OVERALL, group: int = GROUP) -> None:
        self._overall = Window(overall, SECOND + OVERALL_SLACK)
        self._group_size = group
        self._groups: dict[int, Window] = {}
        self._paces: dict[int, Pace] = {}
        self._paused: dict[int, datetime] = {}
        self._all_paused_until: datetime | None = None
        self._last_refusal: tuple[int, datetime] | None = None

    def may_send(self, chat: int, *, is_group: bool, now: datetime) -> datetime | None:
        """None when one message may go now, else the earliest moment for it."""
        return _latest(self.may_send_at_all(now), self.chat_free(chat, is_group=is_group, now=now))

    def may_send_at_all(self, now: datetime) -> datetime | None:
        """As `may_send`, by the overall limit alone."""
        return _latest(_future(self._all_paused_until, now), self._overall.earliest(now))

    def room(self, now: datetime) -> int:
        """How many messages fit now by the overall limit."""
        return 0 if _future(self._all_paused_until, now) else max(0, self._overall.room(now))

    def chat_free(self, chat: int, *, is_group: bool, now: datetime) -> datetime | None:
        """As `may_send`, by the limits of the chat alone."""
        by_rate = self._paces[chat].earliest(now) if chat in self._paces else None
        by_group = self._groups[chat].earliest(now) if is_group and chat in self._groups else None
        return _latest(_future(self._paused.get(chat), now), by_rate, by_group)

    def spend(self, chat: int, *, is_group: bool, now: datetime) -> None:
        """One message goes now."""
        self._overall.spent.append(now)
        self._paces.setdefault(chat, Pace(now)).spend(now)
        if is_group:
            window = self._groups.setdefault(chat, Window(self._group_size, MINUTE + GROUP_SLACK))
            window.room(now)
            window.spent.append(now)
        if len(self._paces) > 2 * OVERALL * 60:
            self._forget(now)

    def reserve(self, chat: int, *, is_group: bool, now: datetime) -> datetime | None:
        """Spend one message if it may go now (None), else say from when."""
        earliest = self.may_send(chat, is_group=is_group, now=now)
        if earliest is None:
            self.spend(chat, is_group=is_group, now=now)
        return earliest

    def group_lag(self, chat: int, now: datetime) -> timedelta:
        """How long the group's next message must wait."""
        earliest = self.chat_free(chat, is_group=True, now=now)
        return timedelta() if earliest is None else earliest - now

    def pause(self, chat: int, seconds: float, now: datetime) -> datetime:
        """Telegram answered 429: nothing to what it names until then, and a little longer."""
        jitter = random.uniform(0.05, 0.25)  # noqa: S311 - spreads retries, guards nothing
        until = now + timedelta(seconds=seconds + jitter)
        self._paused[chat] = max(until, self._paused.get(chat, until))
        if (
            self._last_refusal
            and self._last_refusal[0] != chat
            and now - self._last_refusal[1] <= SAME_BREATH
        ):
            self._all_paused_until = max(until, self._all_paused_until or until)
        self._last_refusal = (chat, now)
        return until

    def _forget(self, now: datetime) -> None:
        self._paces = {chat: pace for chat, pace in self._paces.items() if pace.free_at + CHAT_SLACK > now}
        self._paused = {chat: at for chat, at in self._paused.items() if at > now}


def _future(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
