"""Hands for the cast: taps what stands on the screen, types, and waits until a line is seen.

A line may be seen twice after a crash, never zero times. Time passes while one waits, as it does for
people: the clock runs on a little.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.clock import FileClock, real_monotonic
from bot.sandbox.acts import View
from bot.sandbox.cast import Cast
from bot.sandbox.chats import Chat
from bot.sandbox.files import UploadedFile
from bot.sandbox.telegram import Telegram

LOOK_SECONDS = 0.03
PATIENCE = 90.0  # real seconds before a line counts as never seen
HURRY_AFTER = 0.4  # real seconds of waiting before the clock runs on
HURRY_STEP = 4.0  # seconds of the clock at a time
HURRY_ONLY_IF_SEEN = 1.0  # real seconds since the bot was last seen to fetch


Found = TypeVar("Found")


class NotSeen(Exception):  # noqa: N818 - what the player says at the end
    """A line or a button that should have come."""


def plain(text: str) -> str:
    """Without the narrow and non-breaking spaces of French typography."""
    return re.sub(r"[\u00a0\u202f]", " ", text)


class Player:
    """Plays everybody of the cast."""

    def __init__(
        self,
        telegram: Telegram,
        clock: FileClock,
        cast: Cast,
        forward: Callable[[float], Awaitable[None]],
        quiet: Callable[[], Awaitable[None]],
        patience: float = PATIENCE,
    ) -> None:
        self.telegram = telegram
        self.clock = clock
        self.cast = cast
        self.forward = forward
        self.quiet = quiet
        self.taps_of: Counter[str] = Counter()
        self.typed_by: Counter[str] = Counter()
        self.patience = patience
        self.at: Callable[[str], Awaitable[None]] | None = None  # told of each labelled moment

    async def moment(self, label: str) -> None:
        """A labelled moment of the play: whoever wants to kill the bot does it here."""
        if self.at is not None:
            await self.at(label)

    def chats_of(self, name: str) -> list[int]:
        """Every chat this person sees."""
        user = self.cast.user(name)
        groups: list[Chat] = [*self.cast.houses.values()]
        if self.cast.group is not None:
            groups.append(self.cast.group)
        return [user.id, *(group.id for group in groups if user.id in group.members)]

    def messages(self, name: str) -> list[View]:
        """What stands in them, newest first."""
        user = self.cast.user(name)
        views = [view for chat in self.chats_of(name) for view in self.telegram.visible(user, chat)]
        return sorted(views, key=lambda view: (view.date, view.id), reverse=True)

    async def sees(self, name: str, *words: str) -> View:
        """Wait until one message has all of these words. Raises NotSeen."""
        return await self._wait(
            lambda: next(
                (v for v in self.messages(name) if all(word in plain(v.text) for word in words)), None
            ),
            f"{name} : «{' … '.join(words)}»",
        )

    async def taps(self, name: str, label: str) -> None:
        """Wait for a button with these words and tap it. Raises NotSeen."""
        await self._wait(lambda: self._button(name, label), f"{name} : bouton «{label}»")
        found = self._button(name, label)
        if found is None:
            raise NotSeen(f"{name} : bouton «{label}»")
        view, (row, column) = found
        self.taps_of[name] += 1
        self.telegram.tap(self.cast.user(name), view.chat, view.id, row, column)
        await self.quiet()

    async def finds(self, name: str, *labels: str) -> int:
        """Wait until one of these buttons is there; which. Raises NotSeen."""
        return await self._wait(
            lambda: next((at for at, label in enumerate(labels) if self._button(name, label)), None),
            f"{name} : bouton «{'» ou «'.join(labels)}»",
        )

    async def types(self, name: str, text: str, *, chat: int | None = None) -> None:
        """Write a text in the private chat, or in another chat."""
        user = self.cast.user(name)
        self.typed_by[name] += len(text)
        self.telegram.send_text(user, chat or user.id, text)
        await self.quiet()

    async def sends(self, name: str, kind: str, file: str, content: bytes, caption: str = "") -> None:
        """Send a file in the private chat."""
        user = self.cast.user(name)
        self.telegram.send_files(user, user.id, kind, [UploadedFile(file, content)], caption=caption)
        self.taps_of[name] += 1
        await self.quiet()

    async def later(self, minutes: float) -> None:
        """Time passes."""
        await self.forward(minutes)

    def _button(self, name: str, label: str) -> tuple[View, tuple[int, int]] | None:
        for view in self.messages(name):
            for row, buttons in enumerate(view.buttons):
                for column, words in enumerate(buttons):
                    if plain(words).startswith(label):
                        return view, (row, column)
        return None

    async def _wait(self, look: Callable[[], Found | None], what: str) -> Found:
        started = real_monotonic()
        while True:
            found = look()
            if found is not None:
                return found
            waited = real_monotonic() - started
            if waited > self.patience:
                raise NotSeen(what)
            # A press that Telegram holds for a dead bot is lost after 150 s: time waits for its return.
            if waited > HURRY_AFTER and self.telegram.updates.alive(HURRY_ONLY_IF_SEEN):
                self.clock.forward(HURRY_STEP)
            await asyncio.sleep(LOOK_SECONDS if waited < HURRY_AFTER else LOOK_SECONDS * 4)
