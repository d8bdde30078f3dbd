"""Rows that are finished and old, deleted in small batches. The journal and the missions stay for ever."""

from datetime import datetime

from sqlalchemy import BindParameter, bindparam, delete, func, select, tuple_

from bot.domain.joining import ApplicationState
from bot.domain.mission import MissionState
from storage.connected import Connected
from storage.tables import (
    InboxState,
    applications,
    inbox,
    missions,
    outbox,
    quoted,
    sent,
    timers,
)

_MOST: BindParameter[int] = bindparam("most")
_BEFORE: BindParameter[datetime] = bindparam("before")

# Numbers of updates grow with time: the lowest are the oldest.
_lowest = select(inbox.c.update_id).order_by(inbox.c.update_id).limit(_MOST).scalar_subquery()
_UPDATES = delete(inbox).where(
    inbox.c.update_id.in_(_lowest),
    inbox.c.state.in_([quoted(InboxState.DONE), quoted(InboxState.SET_ASIDE)]),
    inbox.c.received_at < _BEFORE,
)

_NOTICES = delete(outbox).where(
    outbox.c.id.in_(
        select(outbox.c.id)
        .where(outbox.c.finished_at.is_not(None), outbox.c.finished_at < _BEFORE)
        .order_by(outbox.c.finished_at)
        .limit(_MOST)
        .scalar_subquery()
    )
)
_TIMERS = delete(timers).where(
    timers.c.id.in_(
        select(timers.c.id)
        .where(timers.c.ended_at.is_not(None), timers.c.ended_at < _BEFORE)
        .order_by(timers.c.ended_at)
        .limit(_MOST)
        .scalar_subquery()
    )
)
_MESSAGE = tuple_(sent.c.chat_id, sent.c.message_id)
_DELETED_MESSAGES = delete(sent).where(
    _MESSAGE.in_(
        select(sent.c.chat_id, sent.c.message_id)
        .where(sent.c.deleted_at.is_not(None), sent.c.deleted_at < _BEFORE)
        .order_by(sent.c.deleted_at)
        .limit(_MOST)
    )
)
# Messages of no mission, but for the cards: the board may be an old message that is edited for ever.
_MESSAGES_OF_NO_MISSION = delete(sent).where(
    _MESSAGE.in_(
        select(sent.c.chat_id, sent.c.message_id)
        .where(
            sent.c.mission.is_(None),
            sent.c.card.is_(None),
            sent.c.deleted_at.is_(None),
            sent.c.sent_at < _BEFORE,
        )
        .order_by(sent.c.sent_at)
        .limit(_MOST)
    )
)
# Missions are numbered in the order of time, and those whose messages are gone are not in the index.
_OLDEST_MISSIONS = (
    select(sent.c.mission)
    .where(sent.c.deleted_at.is_(None), sent.c.mission.is_not(None))
    .group_by(sent.c.mission)
    .order_by(sent.c.mission)
    .limit(_MOST)
    .subquery("oldest_missions")
)
_CLOSED_MISSIONS = select(missions.c.id).where(
    missions.c.id.in_(select(_OLDEST_MISSIONS.c.mission)),
    missions.c.state == MissionState.CLOSED.value,
    missions.c.triggered_at < _BEFORE,
)
_MESSAGES_OF_MISSIONS = delete(sent).where(
    sent.c.mission.in_(bindparam("of_missions", expanding=True)), sent.c.deleted_at.is_(None)
)

# Whoever asked to join and is settled: what they said was emptied then, their account's number goes now.
_first_asked = select(func.min(applications.c.id)).scalar_subquery()
_OPEN = (ApplicationState.FILLING, ApplicationState.WAITING)
_APPLICATIONS = delete(applications).where(
    applications.c.id < _first_asked + _MOST,
    applications.c.state.in_([quoted(state) for state in ApplicationState if state not in _OPEN]),
    applications.c.asked_at < _BEFORE,
)

#: Missions whose messages go at once: some have a hundred.
MISSIONS_AT_ONCE = 5


class SqlFinished:
    """`bot.ports.Finished`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def prune(self, rows_before: datetime, messages_before: datetime, most: int) -> int:
        count = 0
        for statement in (_UPDATES, _NOTICES, _TIMERS):
            count += await self._db.run(statement, before=rows_before, most=most)
        for statement in (_DELETED_MESSAGES, _MESSAGES_OF_NO_MISSION, _APPLICATIONS):
            count += await self._db.run(statement, before=messages_before, most=most)
        closed = await self._db.rows(_CLOSED_MISSIONS, before=messages_before, most=MISSIONS_AT_ONCE)
        if closed:
            count += await self._db.run(_MESSAGES_OF_MISSIONS, of_missions=[row.id for row in closed])
        return count
