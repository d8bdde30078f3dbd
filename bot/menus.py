"""Which commands Telegram offers while somebody types «/»: in groups, in private, to those of the OSNP group.

A comfort: whatever fails is logged, tried again later, and changes nothing. Knows no rule of a mission.
"""

import logging
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import templates
from bot.domain.people import GROUP_ROLES
from bot.ports import Given
from bot.telegram_api import TelegramApi

log = logging.getLogger(__name__)

#: So long whoever comes to the group's work, or leaves it, has the list of before; by the clock given.
LOOK_SECONDS = 5.0

#: A chat that refuses its list is asked again so late.
AGAIN = timedelta(hours=1)


def command_lists() -> Mapping[str, Mapping[str, str]]:
    """The commands and their words, by where they are offered."""
    path = Path(templates.__file__).parent / "commands.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


class Menus:
    """Keeps what is offered in step with who works in the group; only the process that sends does it."""

    def __init__(self, given: Given, api: TelegramApi, may: Callable[[], bool]) -> None:
        self._given = given
        self._api = api
        self._may = may
        self._lists = command_lists()
        self._offered: set[int] = set()  # private chats that have the group's commands
        self._not_before: dict[int, datetime] = {}
        self._begun = False

    async def begin(self) -> None:
        """What is offered to everybody, in private chats and in groups."""
        await self._offer(self._lists["private"], {"type": "all_private_chats"})
        await self._offer(self._lists["group"], {"type": "all_group_chats"})

    async def follow(self) -> None:
        """Look every few seconds, for ever."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("who is offered which commands could not be read")
            await self._given.clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Whoever came to the group's work is offered its commands in private; whoever left, no more."""
        if not self._may():
            self._offered, self._begun = set(), False  # another process sends, and follows
            return
        wanted, left = await self._chats()
        if not self._begun:
            self._offered, self._begun = left - wanted, True  # who left while nobody looked
        now = self._given.now()
        own = {name: words for name, words in self._lists["group"].items() if name != "id"}
        for chat in sorted(wanted ^ self._offered):
            if self._not_before.get(chat, now) > now:
                continue
            scope = {"type": "chat", "chat_id": chat}
            if chat in wanted:
                done = await self._offer({**own, **self._lists["operator"]}, scope)
            else:
                done = await self._api.comfort("deleteMyCommands", scope=scope) is not None
            if done:
                self._offered ^= {chat}
                self._not_before.pop(chat, None)
            else:
                self._not_before[chat] = now + AGAIN

    async def _chats(self) -> tuple[set[int], set[int]]:
        """The private chats of those who work in the group, and of those who did."""
        async with self._given.storage.transaction() as tx:
            people = [
                person for role in GROUP_ROLES for person in await tx.people.all(role, active_only=False)
            ]
            accounts = await tx.people.accounts(person.id for person in people)
        chats = {person.id: accounts[person.id].chat_id for person in people if person.id in accounts}
        wanted = {chats[person.id] for person in people if person.active and person.id in chats}
        return wanted, set(chats.values()) - wanted

    async def _offer(self, commands: Mapping[str, str], scope: Mapping[str, object]) -> bool:
        listed = [{"command": name, "description": words} for name, words in commands.items()]
        return await self._api.comfort("setMyCommands", commands=listed, scope=scope) is not None
