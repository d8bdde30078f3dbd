"""Deletes the messages whose time has come. Knows no mission; what cannot be deleted is reported once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.budgets import Budgets
from bot.domain.outcome import BOARD, Notice, Priority, to_group
from bot.failures import Failure, MessageGone, Moved, Refused, TooFast, Unauthorized
from bot.ports import Given, SentMessage
from bot.telegram_api import TelegramApi

log = logging.getLogger(__name__)

BATCH = 30
TRY_AGAIN = timedelta(seconds=30)


class Purge:
    """Keeps patients' facts from lying about."""

    def __init__(
        self,
        given: Given,
        api: TelegramApi,
        budgets: Budgets,
        *,
        may_purge: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._may_purge = may_purge  # of several processes one deletes: the sender
        self._given = given
        self._api = api
        self._budgets = budgets
        self._not_before: datetime | None = None

    async def purge_due(self) -> int:
        """Delete what is to be deleted by now; how many are gone."""
        gone = 0
        if not await self._is_ours():
            return gone
        while (now := self._given.now()) >= (self._not_before or now):
            async with self._given.storage.transaction() as tx:
                due = await tx.sent.purgeable(now, BATCH)
            if not due:
                break
            ends = await asyncio.gather(*(self._delete(message) for message in due))
            gone += await self._record(list(zip(due, ends, strict=True)), now)
            if None in ends:
                self._not_before = now + TRY_AGAIN
                break
        return gone

    async def next_moment(self) -> datetime | None:
        """When the next message must go; None also where another process sees to it."""
        if not await self._is_ours():
            return None
        async with self._given.storage.transaction() as tx:
            due = await tx.sent.next_purge()
        return due if due is None or self._not_before is None else max(due, self._not_before)

    async def _is_ours(self) -> bool:
        return self._may_purge is None or await self._may_purge()

    async def _delete(self, message: SentMessage) -> str | None:
        """«» when it is gone, the reason when it cannot be deleted, None when it is to be tried again."""
        try:
            await self._api.call("deleteMessage", chat_id=message.chat_id, message_id=message.message_id)
        except (MessageGone, Moved):
            return ""
        except Refused as failure:
            return failure.said or type(failure).__name__
        except (TooFast, Unauthorized, Failure) as failure:
            log.warning("a message to purge stays for now: %s", type(failure).__name__)
            return None
        return ""

    async def _record(self, ends: list[tuple[SentMessage, str | None]], now: datetime) -> int:
        failed: dict[int | None, list[tuple[SentMessage, str]]] = {}
        async with self._given.storage.transaction() as tx:
            for message, end in ends:
                if end is not None:
                    await tx.sent.deleted(message, now, failed=end or None)
                if end:
                    failed.setdefault(message.mission, []).append((message, end))
            await tx.outbox.owe([_report(messages) for messages in failed.values()], now)
        for messages in failed.values():
            log.error("%d messages could not be deleted: %s", len(messages), messages[0][1])
        return sum(end == "" for _, end in ends)


def _report(messages: list[tuple[SentMessage, str]]) -> Notice:
    mission = messages[0][0].mission
    return Notice(
        kind="delivery.purge_failed",
        to=BOARD if mission is None else to_group(mission),
        mission=mission,
        facts={"count": len(messages), "place": str(messages[0][0].place), "reason": messages[0][1]},
        priority=Priority.RECEIPT,
    )
