"""Missions offered to IDELs, and the one winner of each search and cascade."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, func, literal_column, not_, or_, select

from bot.domain.mission import IdelOffer, IdelOfferState, SearchState
from bot.domain.people import MissionId, Party, PersonId
from bot.ports import AlreadyWon
from storage.connected import Connected, Upsert
from storage.prepared import Record
from storage.tables import missions, offers, people, quoted, winners

#: How many of the newest offers say how many say yes.
MOST_OFFERS = 2000

_READ = select(offers)
_GET = _READ.where(offers.c.mission == bindparam("mission_id"), offers.c.person == bindparam("person_id"))
_OF_PEOPLE = _READ.where(
    offers.c.mission == bindparam("mission_id"), offers.c.person.in_(bindparam("ids", expanding=True))
)
_SAVE = Upsert(
    offers, changes=["epoch", "state", "at", "distance_km", "answered_at", "estimate", "reason", "wave"]
)
_OF_MISSION = _READ.where(offers.c.mission == bindparam("mission_id")).order_by(offers.c.person)
_OF_MISSION_IN_STATE = _OF_MISSION.where(offers.c.state == bindparam("state"))
_TO_PHONE = (
    select(offers)
    .select_from(offers.join(people, people.c.id == offers.c.person))
    .where(
        offers.c.mission == bindparam("mission_id"),
        or_(
            offers.c.state == IdelOfferState.UNREACHABLE.value,
            and_(
                offers.c.state == IdelOfferState.ASKED.value,
                not_(and_(people.c.on_telegram, people.c.reachable)),
            ),
        ),
    )
    .order_by(offers.c.distance_km.is_(None), offers.c.distance_km, offers.c.person)
)
# From the few missions still offered to the person's offer, never through all the person ever got.
_OPEN_OF_PERSON = (
    select(offers)
    .select_from(missions.join(offers, offers.c.mission == missions.c.id))
    .where(
        missions.c.search_state == quoted(SearchState.OFFERED),
        offers.c.person == bindparam("person_id"),
        offers.c.state == IdelOfferState.ASKED.value,
    )
    .order_by(offers.c.at, offers.c.mission)
)
_FIRST_ASKED = (
    select(offers.c.person, func.count().label("times"))
    .where(offers.c.wave > literal_column("0"), offers.c.at >= bindparam("since"), offers.c.wave == 1)
    .group_by(offers.c.person)
)
# Whoever had no time to answer, because somebody else was quicker, says nothing of how many say yes.
_LATELY = (
    select(offers.c.mission, offers.c.epoch, offers.c.state)
    .where(offers.c.wave > literal_column("0"), offers.c.at >= bindparam("since"))
    .order_by(offers.c.at.desc())
    .limit(MOST_OFFERS)
    .subquery("lately")
)
_YES = (IdelOfferState.ACCEPTED.value, IdelOfferState.LATE.value, IdelOfferState.GAVE_BACK.value)
_SILENT = and_(_LATELY.c.state == IdelOfferState.ASKED.value, winners.c.mission.is_(None))
_RATE = (
    select(
        func.count().label("asked"),
        func.count(case((_LATELY.c.state.in_(_YES), 1))).label("accepted"),
    )
    .select_from(
        _LATELY.outerjoin(
            winners,
            and_(
                winners.c.mission == _LATELY.c.mission,
                winners.c.machine == "search",
                winners.c.epoch == _LATELY.c.epoch,
            ),
        )
    )
    .where(or_(_LATELY.c.state.in_((*_YES, IdelOfferState.REFUSED.value)), _SILENT))
)
_WIN = Upsert(winners)


class SqlOffers:
    """`bot.ports.Offers`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def get(self, mission: MissionId, person: PersonId) -> IdelOffer | None:
        row = await self._db.row(_GET, mission_id=mission, person_id=person)
        return None if row is None else _offer(row)

    async def of_people(self, mission: MissionId, people: Iterable[PersonId]) -> dict[PersonId, IdelOffer]:
        ids = sorted(set(people))
        rows = await self._db.rows(_OF_PEOPLE, mission_id=mission, ids=ids) if ids else []
        return {PersonId(row.person): _offer(row) for row in rows}

    async def save(self, offers: Sequence[IdelOffer]) -> None:
        await self._db.later(_SAVE.of[self._db.dialect], [_columns(one) for one in offers])

    async def of_mission(self, mission: MissionId, state: IdelOfferState | None = None) -> list[IdelOffer]:
        if state is None:
            rows = await self._db.rows(_OF_MISSION, mission_id=mission)
        else:
            rows = await self._db.rows(_OF_MISSION_IN_STATE, mission_id=mission, state=state.value)
        return [_offer(row) for row in rows]

    async def to_phone(self, mission: MissionId) -> list[IdelOffer]:
        return [_offer(row) for row in await self._db.rows(_TO_PHONE, mission_id=mission)]

    async def open_of_person(self, person: PersonId) -> list[IdelOffer]:
        return [_offer(row) for row in await self._db.rows(_OPEN_OF_PERSON, person_id=person)]

    async def first_asked_since(self, since: datetime) -> dict[PersonId, int]:
        return {PersonId(row.person): row.times for row in await self._db.rows(_FIRST_ASKED, since=since)}

    async def rate_since(self, since: datetime) -> tuple[int, int]:
        row = await self._db.row(_RATE, since=since)
        return (row.asked, row.accepted) if row is not None else (0, 0)

    async def win(self, mission: MissionId, machine: str, epoch: int, winner: Party, now: datetime) -> None:
        written = await self._db.upsert(
            _WIN, mission=mission, machine=machine, epoch=epoch, winner=str(winner), at=now
        )
        if not written:
            raise AlreadyWon


def _columns(of: IdelOffer) -> dict[str, Any]:
    return {
        "mission": of.mission,
        "person": of.person,
        "epoch": of.epoch,
        "state": of.state.value,
        "at": of.at,
        "distance_km": of.distance_km,
        "answered_at": of.answered_at,
        "estimate": of.estimate,
        "reason": of.reason,
        "wave": of.wave,
    }


def _offer(row: Record) -> IdelOffer:
    return IdelOffer(
        mission=MissionId(row.mission),
        person=PersonId(row.person),
        epoch=row.epoch,
        state=IdelOfferState(row.state),
        at=row.at,
        distance_km=row.distance_km,
        answered_at=row.answered_at,
        estimate=row.estimate,
        reason=row.reason,
        wave=row.wave,
    )
