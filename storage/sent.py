"""Messages the bot has sent, the missions' threads, and what a chat's id is now."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from bot.domain.outcome import Place
from bot.domain.people import DocumentId, MissionId
from bot.ports import SentMessage, Thread, ThreadState
from storage.connected import Connected, Upsert, lane_of
from storage.prepared import Record
from storage.tables import accounts, chat_migrations, organisations, sent, threads

_SAVE = Upsert(
    sent,
    changes=[
        "lane",
        "place",
        "kind",
        "sent_at",
        "thread_id",
        "mission",
        "card",
        "body_hash",
        "has_patient_facts",
        "delete_at",
        "document",
    ],
)
_THERE = sent.c.deleted_at.is_(None)
_THIS = [sent.c.chat_id == bindparam("chat"), sent.c.message_id == bindparam("message")]
_CARD = (
    select(sent)
    .where(sent.c.lane == bindparam("lane"), sent.c.card == bindparam("card"), _THERE)
    .where(sent.c.card.is_not(None))
    .order_by(sent.c.sent_at.desc(), sent.c.message_id.desc())
    .limit(1)
)
_FIRST = (
    select(sent)
    .where(sent.c.lane == bindparam("lane"), _THERE)
    .order_by(sent.c.sent_at, sent.c.message_id)
    .limit(1)
)
_CARDS = (
    select(sent)
    .where(sent.c.lane.in_(bindparam("lanes", expanding=True)), sent.c.card.is_not(None), _THERE)
    .where(sent.c.card.in_(bindparam("names", expanding=True)))
    .order_by(sent.c.sent_at, sent.c.message_id)
)
_oldest = (
    select(
        *sent.c,
        func.row_number()
        .over(partition_by=sent.c.lane, order_by=(sent.c.sent_at, sent.c.message_id))
        .label("number"),
    )
    .where(sent.c.lane.in_(bindparam("lanes", expanding=True)), _THERE)
    .subquery("of_these_lanes")
)
_FIRSTS = select(_oldest).where(_oldest.c.number == 1)
_AT = select(sent).where(*_THIS)
_OF_DOCUMENT = (
    select(sent)
    .where(sent.c.document == bindparam("document"), sent.c.document.is_not(None), _THERE)
    .order_by(sent.c.sent_at, sent.c.chat_id, sent.c.message_id)
)
_FORGET_CARD = update(sent).where(*_THIS).values(card=None)

_TO_PURGE = [sent.c.delete_at.is_not(None), _THERE, sent.c.delete_failed.is_(None)]
_PURGEABLE = (
    select(sent)
    .where(*_TO_PURGE, sent.c.delete_at <= bindparam("now"))
    .order_by(sent.c.delete_at)
    .limit(bindparam("most"))
)
_NEXT_PURGE = select(func.min(sent.c.delete_at)).where(*_TO_PURGE)
_DELETED = update(sent).where(*_THIS).values(deleted_at=bindparam("now"))
_DELETE_FAILED = update(sent).where(*_THIS).values(delete_failed=bindparam("failed"))
_BRING_FORWARD = (
    update(sent)
    .where(
        _THERE,
        sent.c.mission == bindparam("of_mission"),
        sent.c.has_patient_facts,
        sent.c.delete_failed.is_(None),
        or_(sent.c.delete_at.is_(None), sent.c.delete_at > bindparam("moment")),
    )
    .values(delete_at=bindparam("moment"))
)
_BRING_FORWARD_THERE = _BRING_FORWARD.where(sent.c.lane == bindparam("of_lane"))
_TO_KEEP = (
    select(sent)
    .where(sent.c.lane == bindparam("lane"), _THERE, sent.c.has_patient_facts)
    .where(sent.c.delete_failed.is_(None), sent.c.delete_at > bindparam("now"))
    .order_by(sent.c.chat_id, sent.c.message_id)
)
_KEEP = update(sent).where(*_THIS).values(delete_at=bindparam("moment"))

_THREAD = select(threads).where(
    threads.c.place == bindparam("place"), threads.c.mission == bindparam("mission")
)
_THREADS = select(threads).where(
    threads.c.place.in_(bindparam("places", expanding=True)),
    threads.c.mission.in_(bindparam("missions", expanding=True)),
)
_THREAD_AT = select(threads).where(
    threads.c.chat_id == bindparam("chat"), threads.c.thread_id == bindparam("thread")
)
_SAVE_THREAD = Upsert(threads, changes=["chat_id", "thread_id", "state", "name"])

_NEW_CHAT = select(chat_migrations.c.new).where(chat_migrations.c.old == bindparam("chat"))
_MIGRATE = Upsert(chat_migrations, changes=["new", "at"])
_MIGRATE_EARLIER = (
    update(chat_migrations)
    .where(chat_migrations.c.new == bindparam("from_chat"))
    .values(new=bindparam("to_chat"))
)
# Back to an id it had before: without this the two would point at each other.
_MIGRATED_BACK = delete(chat_migrations).where(chat_migrations.c.old == bindparam("chat"))
_MOVE_ACCOUNTS = (
    update(accounts).where(accounts.c.chat_id == bindparam("from_chat")).values(chat_id=bindparam("to_chat"))
)
_MOVE_ORGANISATIONS = (
    update(organisations)
    .where(organisations.c.chat_id == bindparam("from_chat"))
    .values(chat_id=bindparam("to_chat"))
)
_FORGET_CARDS_OF_CHAT = (
    update(sent).where(sent.c.chat_id == bindparam("chat"), sent.c.card.is_not(None)).values(card=None)
)
_FORGET_THREADS_OF_CHAT = delete(threads).where(threads.c.chat_id == bindparam("chat"))


class SqlSent:
    """`bot.ports.Sent`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def card(self, place: Place, mission: MissionId | None, card: str) -> SentMessage | None:
        return _maybe(await self._db.row(_CARD, lane=lane_of(place, mission), card=card))

    async def first(self, place: Place, mission: MissionId) -> SentMessage | None:
        return _maybe(await self._db.row(_FIRST, lane=lane_of(place, mission)))

    async def cards(
        self, wanted: Iterable[tuple[Place, MissionId | None, str]]
    ) -> dict[tuple[Place, MissionId | None, str], SentMessage]:
        keys = list(wanted)
        if not keys:
            return {}
        lanes = {lane_of(place, mission) for place, mission, _ in keys}
        rows = await self._db.rows(_CARDS, lanes=sorted(lanes), names=sorted({card for *_, card in keys}))
        newest = {(row.lane, row.card): row for row in rows}  # the newest comes last
        return {
            (place, mission, card): _message(row)
            for place, mission, card in keys
            if (row := newest.get((lane_of(place, mission), card))) is not None
        }

    async def firsts(
        self, wanted: Iterable[tuple[Place, MissionId]]
    ) -> dict[tuple[Place, MissionId], SentMessage]:
        lanes = {lane_of(place, mission): (place, mission) for place, mission in wanted}
        rows = await self._db.rows(_FIRSTS, lanes=sorted(lanes)) if lanes else []
        return {lanes[row.lane]: _message(row) for row in rows}

    async def threads(
        self, wanted: Iterable[tuple[Place, MissionId]]
    ) -> dict[tuple[Place, MissionId], Thread]:
        keys = set(wanted)
        if not keys:
            return {}
        places = sorted({str(place) for place, _ in keys})
        rows = await self._db.rows(_THREADS, places=places, missions=sorted({mission for _, mission in keys}))
        found = ((thread.place, thread.mission, thread) for thread in map(_thread, rows))
        return {(place, mission): thread for place, mission, thread in found if (place, mission) in keys}

    async def save(self, message: SentMessage) -> None:
        await self._db.upsert(_SAVE, **_columns(message))

    async def save_all(self, messages: Sequence[SentMessage]) -> None:
        await self._db.upsert_many(_SAVE, [_columns(message) for message in messages])

    async def at(self, chat_id: int, message_id: int) -> SentMessage | None:
        return _maybe(await self._db.row(_AT, chat=chat_id, message=message_id))

    async def of_document(self, document: DocumentId) -> list[SentMessage]:
        return [_message(row) for row in await self._db.rows(_OF_DOCUMENT, document=document)]

    async def forget_card(self, message: SentMessage) -> None:
        await self._db.run(_FORGET_CARD, chat=message.chat_id, message=message.message_id)

    async def purgeable(self, now: datetime, limit: int) -> list[SentMessage]:
        return [_message(row) for row in await self._db.rows(_PURGEABLE, now=now, most=limit)]

    async def next_purge(self) -> datetime | None:
        due: datetime | None = await self._db.value(_NEXT_PURGE)
        return due

    async def deleted(self, message: SentMessage, now: datetime, *, failed: str | None = None) -> None:
        here = {"chat": message.chat_id, "message": message.message_id}
        if failed is None:
            await self._db.run(_DELETED, **here, now=now)
        else:
            await self._db.run(_DELETE_FAILED, **here, failed=failed)

    async def purge_mission_at(self, mission: MissionId, at: datetime) -> None:
        await self._db.run(_BRING_FORWARD, of_mission=mission, moment=at)

    async def purge_place_at(self, place: Place, mission: MissionId, at: datetime) -> None:
        lane = lane_of(place, mission)
        await self._db.run(_BRING_FORWARD_THERE, of_mission=mission, of_lane=lane, moment=at)

    async def keep_place(self, place: Place, mission: MissionId, now: datetime, at_most: timedelta) -> None:
        for row in await self._db.rows(_TO_KEEP, lane=lane_of(place, mission), now=now):
            if row.delete_at < (latest := row.sent_at + at_most):
                await self._db.run(_KEEP, chat=row.chat_id, message=row.message_id, moment=latest)

    async def thread(self, place: Place, mission: MissionId) -> Thread | None:
        row = await self._db.row(_THREAD, place=str(place), mission=mission)
        return None if row is None else _thread(row)

    async def thread_at(self, chat_id: int, thread_id: int) -> Thread | None:
        row = await self._db.row(_THREAD_AT, chat=chat_id, thread=thread_id)
        return None if row is None else _thread(row)

    async def save_thread(self, thread: Thread) -> None:
        await self._db.upsert(
            _SAVE_THREAD,
            place=str(thread.place),
            mission=thread.mission,
            chat_id=thread.chat_id,
            thread_id=thread.thread_id,
            state=thread.state.value,
            name=thread.name,
        )

    async def current_chat(self, chat_id: int) -> int:
        new: int | None = await self._db.value(_NEW_CHAT, chat=chat_id)
        return chat_id if new is None else new

    async def migrate_chat(self, old: int, new: int, now: datetime) -> None:
        if old == new:
            return
        moved = {"from_chat": old, "to_chat": new}
        await self._db.run(_MIGRATED_BACK, chat=new)
        await self._db.run(_MIGRATE_EARLIER, **moved)
        await self._db.upsert(_MIGRATE, old=old, new=new, at=now)
        await self._db.run(_MOVE_ACCOUNTS, **moved)
        await self._db.run(_MOVE_ORGANISATIONS, **moved)
        await self._db.run(_FORGET_CARDS_OF_CHAT, chat=old)
        await self._db.run(_FORGET_THREADS_OF_CHAT, chat=old)


def _columns(message: SentMessage) -> dict[str, Any]:
    return {
        "chat_id": message.chat_id,
        "message_id": message.message_id,
        "lane": lane_of(message.place, message.mission),
        "place": str(message.place),
        "kind": message.kind,
        "sent_at": message.sent_at,
        "thread_id": message.thread_id,
        "mission": message.mission,
        "card": message.card,
        "body_hash": message.body_hash,
        "has_patient_facts": message.has_patient_facts,
        "delete_at": message.delete_at,
        "document": message.document,
    }


def _message(row: Record) -> SentMessage:
    return SentMessage(
        chat_id=row.chat_id,
        message_id=row.message_id,
        place=Place.read(row.place),
        kind=row.kind,
        sent_at=row.sent_at,
        thread_id=row.thread_id,
        mission=row.mission,
        card=row.card,
        body_hash=row.body_hash,
        has_patient_facts=row.has_patient_facts,
        delete_at=row.delete_at,
        document=row.document,
    )


def _maybe(row: Record | None) -> SentMessage | None:
    return None if row is None else _message(row)


def _thread(row: Record) -> Thread:
    return Thread(
        place=Place.read(row.place),
        mission=MissionId(row.mission),
        chat_id=row.chat_id,
        thread_id=row.thread_id,
        state=ThreadState(row.state),
        name=row.name,
    )
