"""Telegram's rate limits: sliding windows on the clock. Knows chats by their number only."""

import math
from collections import deque
from dataclasses import dataclass, field

from bot.clock import Clock

ALL_CHATS = (30, 1.0)  # messages, in any so many seconds
ONE_GROUP = (20, 60.0)
CHAT_EVERY = 1.0  # seconds between messages of one chat…
CHAT_BURST = 3  # …after so many at once


@dataclass
class Window:
    """At most `most` in any `seconds`."""

    most: int
    seconds: float
    sent: deque[float] = field(default_factory=deque)

    def wait(self, now: float, weight: int) -> float:
        """Seconds until `weight` more fit."""
        while self.sent and self.sent[0] <= now - self.seconds:
            self.sent.popleft()
        over = len(self.sent) + weight - self.most
        if over <= 0 or not self.sent:
            return 0.0
        leaves = self.sent[min(over, len(self.sent)) - 1]
        return leaves + self.seconds - now

    def spend(self, now: float, weight: int) -> None:
        """Count `weight` messages sent now."""
        self.sent.extend([now] * weight)


class Limits:
    """Says when a bot writes too fast. Sends, edits and new topics count alike."""

    def __init__(self, clock: Clock, *, on: bool = True) -> None:
        self.on = on
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        """Nothing was sent yet: what was, was sent in another time than the one that is now."""
        self._all = Window(*ALL_CHATS)
        self._groups: dict[int, Window] = {}
        self._free_at: dict[int, float] = {}

    def wait(self, chat: int, *, group: bool, weight: int = 1) -> int:
        """Whole seconds before this may be sent; 0 when it may be sent now."""
        if not self.on:
            return 0
        now = self._clock.now().timestamp()
        waits = [
            self._all.wait(now, weight),
            self._free_at.get(chat, now) - now - (CHAT_BURST - 1) * CHAT_EVERY,
        ]
        if group:
            waits.append(self._group(chat).wait(now, weight))
        worst = max(waits)
        return math.ceil(worst) if worst > 0 else 0

    def spend(self, chat: int, *, group: bool, weight: int = 1) -> None:
        """Count what was just sent."""
        now = self._clock.now().timestamp()
        self._all.spend(now, weight)
        self._free_at[chat] = max(self._free_at.get(chat, now), now) + weight * CHAT_EVERY
        if group:
            self._group(chat).spend(now, weight)

    def _group(self, chat: int) -> Window:
        return self._groups.setdefault(chat, Window(*ONE_GROUP))
