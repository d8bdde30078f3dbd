"""Our own rates, kept under Telegram's limits so that no 429 is ever earned.

Sends, edits and new topics count alike: 30 in any second overall, in one chat one a second after a burst
of three, in one group 20 in any minute. Knows chats by their number only, and the time it is told.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile

OVERALL = 30
GROUP = 20
BURST = 3

NONE = timedelta()
SECOND = timedelta(seconds=1)
MINUTE = timedelta(seconds=60)

#: Requests do not all travel equally long, by 50 ms where it was measured: windows are kept this much wider
#: than Telegram's. Of many that leave together the quick ones arrive first, those of the next second as well:
#: there the difference is a few milliseconds.
ALONE_SLACK = timedelta(milliseconds=58)
CROWD_SLACK = timedelta(milliseconds=42)
CROWD, TOGETHER = 8, timedelta(milliseconds=25)
CHAT_SLACK = timedelta(milliseconds=100)
GROUP_SLACK = timedelta(milliseconds=250)

#: Chats remembered before those at rest are forgotten.
MOST_PACES = 4096

#: A moment earlier than the last by more than this was not kept while something was waited for: the clock
#: was set back.
SET_BACK = timedelta(seconds=5)

#: Two chats refused within this time: the whole bot is meant, not one chat.
SAME_BREATH = timedelta(seconds=1)


@dataclass(slots=True)
class Spent:
    """One message, and when it no longer counts."""

    at: datetime
    until: datetime


@dataclass(slots=True)
class Window:
    """At most `most` moments in any `span`, which is kept longer by `alone`, in a crowd by `crowd`."""

    most: int
    span: timedelta
    alone: timedelta
    crowd: timedelta
    spent: deque[Spent] = field(default_factory=deque)  # by `at` and by `until`

    def spend(self, at: datetime) -> None:
        """One message goes at that moment."""
        before = self.spent[-1].until if self.spent else at
        self.spent.append(Spent(at, max(before, at + self.span + self.alone)))
        if len(self.spent) >= CROWD and at - self.spent[-CROWD].at <= TOGETHER:
            for number in range(-CROWD, 0):
                one = self.spent[number]
                before = self.spent[number - 1].until if len(self.spent) + number else one.at
                one.until = max(before, one.at + self.span + self.crowd)

    def take_out(self, at: datetime) -> None:
        """One of that moment did not go after all, unless it has left the window meanwhile."""
        for one in self.spent:
            if one.at == at:
                self.spent.remove(one)
                return

    def add(self, moments: Sequence[datetime], now: datetime) -> None:
        """So many went at these moments: those of them that are not known yet count too."""
        counting = [one for at in moments if (one := Spent(at, at + self.span + self.alone)).until > now]
        missing = len(counting) - (self.most - self.room(now))
        if missing > 0:
            self.spent = deque(sorted([*self.spent, *counting[-missing:]], key=lambda one: one.until))

    def room(self, now: datetime, ahead: timedelta = NONE) -> int:
        """How many more fit now, or will so long from now."""
        while self.spent and self.spent[0].until <= now:
            self.spent.popleft()
        leaving = takewhile(lambda one: one.until <= now + ahead, self.spent)
        return self.most - len(self.spent) + sum(1 for _ in leaving)

    def earliest(self, now: datetime, weight: int = 1) -> datetime | None:
        """When `weight` more fit; None: now."""
        weight = min(weight, self.most)
        if self.room(now) >= weight:
            return None
        return self.spent[len(self.spent) - self.most + weight - 1].until

    def set_back(self, by: timedelta) -> None:
        """The clock was."""
        self.spent = deque(Spent(one.at - by, one.until - by) for one in self.spent)


@dataclass(slots=True)
class Pace:
    """One chat: a burst, then one message a second."""

    free_at: datetime  # when the whole burst may be sent again
    run: int = 0  # messages since the chat was last quiet

    def earliest(self, now: datetime, weight: int = 1) -> datetime | None:
        """When `weight` more may go; None: now. More than a burst is let go as a burst."""
        weight = min(weight, BURST)
        if self.run + weight <= BURST or self.free_at + CHAT_SLACK <= now:
            return None
        return _future(self.free_at - (BURST - weight) * SECOND + CHAT_SLACK, now)

    def room(self, now: datetime) -> int:
        """How many of a burst are left now, one at least where one may go."""
        return BURST if self.free_at + CHAT_SLACK <= now else max(1, BURST - self.run)

    def spend(self, now: datetime) -> None:
        """One message goes now."""
        if self.free_at + CHAT_SLACK <= now:
            self.free_at, self.run = now, 0
        self.free_at = max(self.free_at, now) + SECOND
        self.run += 1

    def release(self) -> None:
        """One message did not go after all."""
        self.free_at -= SECOND
        self.run = max(0, self.run - 1)


@dataclass(frozen=True, slots=True)
class Slot:
    """Room kept for so many messages, counted as sent at `at`."""

    chat: int
    is_group: bool
    at: datetime
    weight: int = 1


class Budgets:
    """What may still be sent, to whom, and from when."""

    def __init__(self, *, overall: int = OVERALL, group: int = GROUP) -> None:
        self._overall = Window(overall, SECOND, ALONE_SLACK, CROWD_SLACK)
        self._group_size = group
        self._groups: dict[int, Window] = {}
        self._paces: dict[int, Pace] = {}
        self._paused: dict[int, datetime] = {}
        self._all_paused_until: datetime | None = None
        self._last_refusal: tuple[int, datetime] | None = None
        self._seen: datetime | None = None  # the last moment we were told

    def may_send(self, chat: int, *, is_group: bool, now: datetime, weight: int = 1) -> datetime | None:
        """None when `weight` messages may go now, else the earliest moment for them."""
        self._look_at(now)
        pace = self._paces.get(chat)
        window = self._groups.get(chat) if is_group else None
        return _latest(
            _future(self._all_paused_until, now),
            self._overall.earliest(now, weight),
            _future(self._paused.get(chat), now),
            pace.earliest(now, weight) if pace else None,
            window.earliest(now, weight) if window else None,
        )

    def may_send_at_all(self, now: datetime, weight: int = 1) -> datetime | None:
        """As `may_send`, by the overall limit alone."""
        self._look_at(now)
        return _latest(_future(self._all_paused_until, now), self._overall.earliest(now, weight))

    def room(self, now: datetime, ahead: timedelta = NONE) -> int:
        """How many messages fit by the overall limit now, or will so long from now."""
        self._look_at(now)
        return 0 if _future(self._all_paused_until, now) else max(0, self._overall.room(now, ahead))

    def reserve(self, chat: int, *, is_group: bool, now: datetime, weight: int = 1) -> Slot | datetime:
        """Room for `weight` messages to be sent now, or the earliest moment for them."""
        earliest = self.may_send(chat, is_group=is_group, now=now, weight=weight)
        if earliest is not None:
            return earliest
        if len(self._paces) > MOST_PACES:
            self._forget(now)
        return self._spend(Slot(chat, is_group, now, weight))

    def begin(self, slot: Slot, now: datetime) -> Slot:
        """What was kept is sent now: Telegram counts it from this moment on, and so do we."""
        self.release(slot)
        return self._spend(replace(slot, at=now))

    def release(self, slot: Slot) -> None:
        """What was kept was not needed."""
        for _ in range(slot.weight):
            self._overall.take_out(slot.at)
            if slot.is_group:
                self._group(slot.chat).take_out(slot.at)
            if slot.chat in self._paces:
                self._paces[slot.chat].release()

    def remember(self, slots: Sequence[Slot], now: datetime) -> None:
        """What somebody else has sent, the oldest first, counts for whoever goes on sending."""
        self._look_at(now)
        self._overall.add([slot.at for slot in slots], now)
        strange = {slot.chat for slot in slots} - self._paces.keys()
        for slot in slots:
            if slot.chat in strange:
                self._paces.setdefault(slot.chat, Pace(slot.at)).spend(slot.at)
        for group in {slot.chat for slot in slots if slot.is_group}:
            self._group(group).add([slot.at for slot in slots if slot.chat == group], now)

    def group_room(self, chat: int, now: datetime) -> int:
        """How many messages are left of the group's minute."""
        self._look_at(now)
        return self._group(chat).room(now)

    def group_room_at_once(self, chat: int, now: datetime) -> int:
        """How many messages the group takes at this very moment."""
        if self.may_send(chat, is_group=True, now=now) is not None:
            return 0
        pace = self._paces.get(chat)
        return min(self._group(chat).room(now), BURST if pace is None else pace.room(now))

    def group_lag(self, chat: int, now: datetime) -> timedelta:
        """How long the group's next message must wait."""
        earliest = self.may_send(chat, is_group=True, now=now)
        return timedelta() if earliest is None else earliest - now

    def pause(self, chat: int, seconds: float, now: datetime) -> datetime:
        """Telegram answered 429: nothing to what it names until then, and a little longer."""
        self._look_at(now)
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

    def _spend(self, slot: Slot) -> Slot:
        for _ in range(slot.weight):
            self._overall.spend(slot.at)
            self._paces.setdefault(slot.chat, Pace(slot.at)).spend(slot.at)
            if slot.is_group:
                self._group(slot.chat).spend(slot.at)
        return slot

    def _look_at(self, now: datetime) -> None:
        """A clock set back takes what was spent with it: nothing would go for as long otherwise."""
        if self._seen is not None and now < self._seen - SET_BACK:
            self._set_back(self._seen - now)
            self._seen = now
        self._seen = max(now, self._seen or now)

    def _set_back(self, by: timedelta) -> None:
        for window in (self._overall, *self._groups.values()):
            window.set_back(by)
        for pace in self._paces.values():
            pace.free_at -= by
        self._paused = {chat: until - by for chat, until in self._paused.items()}
        if self._all_paused_until is not None:
            self._all_paused_until -= by
        if self._last_refusal is not None:
            self._last_refusal = (self._last_refusal[0], self._last_refusal[1] - by)

    def _group(self, chat: int) -> Window:
        return self._groups.setdefault(chat, Window(self._group_size, MINUTE, GROUP_SLACK, GROUP_SLACK))

    def _forget(self, now: datetime) -> None:
        self._paces = {chat: pace for chat, pace in self._paces.items() if pace.free_at + CHAT_SLACK > now}
        self._paused = {chat: at for chat, at in self._paused.items() if at > now}


def _future(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
