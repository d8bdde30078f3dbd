"""What was sent just before this process began to send: for Telegram it counts, whoever sent it."""

from datetime import datetime, timedelta

from bot.budgets import MINUTE, SECOND, Budgets, Slot
from bot.domain.outcome import PRIVATE_KINDS, Place, PlaceKind
from bot.domain.people import MissionId
from bot.ports import Transaction
from bot.threads import Threads

#: Longer ago nothing counts: in a group, in a private chat.
IN_GROUPS = MINUTE + SECOND
IN_PRIVATE = timedelta(seconds=5)


async def remember(tx: Transaction, threads: Threads, budgets: Budgets, now: datetime) -> None:
    """Fill the budgets with it: messages, edits, topics made; what is being sent has perhaps just gone."""
    gone = [
        (one.place, one.mission, one.at or now)
        for one in await tx.outbox.gone_since(now - IN_GROUPS)
        if one.place.kind is not PlaceKind.SMS and (one.at is None or _since(one.place, now) <= one.at <= now)
    ]
    chats = await threads.chats(tx, {place for place, _, _ in gone})
    topics = await _topics_made(tx, [(place, mission) for place, mission, _ in gone], now)
    slots = [
        Slot(chat, _is_group(place), at)
        for place, at in (*((place, at) for place, _, at in gone), *topics)
        if (chat := chats[place]) is not None
    ]
    budgets.remember(sorted(slots, key=lambda slot: slot.at), now)


async def _topics_made(
    tx: Transaction, gone: list[tuple[Place, MissionId | None]], now: datetime
) -> list[tuple[Place, datetime]]:
    """When: with the first message of a mission in its topic."""
    lanes = {
        (place, mission) for place, mission in gone if place.kind is PlaceKind.MISSION and mission is not None
    }
    firsts = await tx.sent.firsts(lanes)
    return [
        (place, first.sent_at)
        for (place, _), first in firsts.items()
        if first.thread_id is not None and now - IN_GROUPS <= first.sent_at <= now
    ]


def _is_group(place: Place) -> bool:
    return place.kind not in PRIVATE_KINDS


def _since(place: Place, now: datetime) -> datetime:
    return now - (IN_GROUPS if _is_group(place) else IN_PRIVATE)
