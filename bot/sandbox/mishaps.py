"""What befalls chats when the dice of `faults` say so, just before a call: and how it is put right again."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.acts import Acts
from bot.sandbox.chats import BotRights, Chat
from bot.sandbox.parameters import Parameters


class Mishaps:
    """Blocks, kicks, lost topics and migrations, done to the chat that a call names."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts
        self._blocked: set[int] = set()
        self._kicked: dict[int, BotRights] = {}

    def befall(self, kind: str, params: Mapping[str, Any]) -> bool:
        """Whether this could befall the chat of the call, and did."""
        p = Parameters(params, {})
        chat = self._acts.world.chats.get(p.integer("chat_id") or 0)
        if chat is None or chat.migrated_to is not None or not chat.bot_is_in:
            return False
        if kind == "blocked":
            return self._block(chat)
        if not chat.is_group or not chat.members:
            return False
        if kind == "topic_deleted":
            thread = p.integer("message_thread_id")
            if thread not in chat.topics:
                return False
            self._acts.delete_topic(chat, thread)
        elif kind == "kicked":
            self._kicked[chat.id] = chat.rights
            self._acts.kick_bot(chat, chat.members[0])
        else:
            self._acts.migrate(chat)
        return True

    def undo(self) -> None:
        """People let the bot in again. What is deleted stays so, and a group keeps its new number."""
        for person in self._blocked:
            self._acts.unblock(person)
        self._blocked.clear()
        for number, rights in self._kicked.items():
            chat = self._acts.world.chats[number]
            self._acts.add_bot_to_group(chat, chat.members[0], rights)
        self._kicked.clear()

    def _block(self, chat: Chat) -> bool:
        if chat.person is None or chat.person.blocked or not chat.person.started:
            return False
        self._blocked.add(chat.person.id)
        self._acts.block(chat.person)
        return True
