"""Missions and their dossiers."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from bot.domain.mission import Dossier, Mission, MissionState
from bot.domain.people import MissionId, Party, PersonId
from storage import codec
from storage.connected import Connected, Upsert
from storage.prepared import Record
from storage.tables import dossier_keys, dossiers, mission_numbers, missions, quoted
from storage.vault import Vault, row_of

_NEXT_NUMBER = Upsert(
    mission_numbers, changes={"last": mission_numbers.c.last + 1}, returning=[mission_numbers.c.last]
)
_ADD = insert(missions).returning(missions.c.id)
_READ = select(missions.c.id, missions.c.aggregate)
_GET = _READ.where(missions.c.id == bindparam("mission_id"))
_MANY = _READ.where(missions.c.id.in_(bindparam("ids", expanding=True)))
# NO KEY: rows that merely refer to the mission (a journal line, an offer) need not wait for the decision.
_LOCK = _GET.with_for_update(key_share=True)
_SAVE = (
    update(missions)
    .where(missions.c.id == bindparam("mission_id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "number",
                "year",
                "state",
                "search_state",
                "operator",
                "idel",
                "doctor",
                "triggered_at",
                "limit_at",
                "aggregate",
            )
        }
    )
)
_UNFINISHED = missions.c.state != quoted(MissionState.CLOSED)
_ALL_UNFINISHED = _READ.where(_UNFINISHED).order_by(missions.c.triggered_at, missions.c.id)
_BY_NUMBER = _READ.where(missions.c.number == bindparam("number")).order_by(missions.c.year.desc()).limit(1)
_BY_NUMBER_AND_YEAR = _READ.where(
    missions.c.number == bindparam("number"), missions.c.year == bindparam("year")
)
_TRIGGERED = _READ.where(
    missions.c.triggered_at >= bindparam("start"), missions.c.triggered_at < bindparam("end")
).order_by(missions.c.triggered_at, missions.c.id)

_DOSSIER = select(dossiers.c.body).where(dossiers.c.mission == bindparam("mission_id"))
_DOSSIERS = select(dossiers.c.mission, dossiers.c.body).where(
    dossiers.c.mission.in_(bindparam("ids", expanding=True)), dossiers.c.body.is_not(None)
)
_SAVE_DOSSIER = Upsert(dossiers, changes=["body"])
_ADD_KEY = insert(dossier_keys)
_DROP_KEYS = delete(dossier_keys).where(dossier_keys.c.mission == bindparam("mission_id"))


class SqlMissions:
    """`bot.ports.Missions`."""

    def __init__(self, db: Connected) -> None:
        self._db = db
        self._locked: dict[MissionId, Mission] = {}  # as it stands in the table

    async def next_number(self, year: int) -> int:
        number: int = await self._db.upsert_value(_NEXT_NUMBER, year=year, last=1)
        return number

    async def add(self, mission: Mission, dossier: Dossier) -> MissionId:
        stored = MissionId(await self._db.value(_ADD, **_columns(mission)))
        await self.save_dossier(stored, dossier)
        return stored

    async def get(self, mission: MissionId) -> Mission | None:
        return _read(await self._db.row(_GET, mission_id=mission))

    async def many(self, missions: Iterable[MissionId]) -> dict[MissionId, Mission]:
        ids = sorted(set(missions))
        rows = await self._db.rows(_MANY, ids=ids) if ids else []
        return {mission.id: mission for mission in _read_all(rows)}

    async def lock(self, mission: MissionId) -> Mission | None:
        found = _read(await self._db.row(_LOCK, mission_id=mission))
        if found is not None:
            self._locked[mission] = found
        return found

    async def save(self, mission: Mission) -> None:
        if self._locked.get(mission.id) is mission:
            return  # a decision that changes nothing gives back what it was given
        self._locked.pop(mission.id, None)

        def check(touched: int) -> None:
            if not touched:
                raise LookupError(f"mission {mission.id} is not stored")

        await self._db.later(_SAVE, {"mission_id": mission.id} | _columns(mission), check)

    async def dossier(self, mission: MissionId) -> Dossier | None:
        body = await self._db.value(_DOSSIER, mission_id=mission)
        if body is None:
            return None
        return opened(self._db.vault, mission, body)

    async def dossiers(self, missions: Iterable[MissionId]) -> dict[MissionId, Dossier]:
        ids = sorted(set(missions))
        rows = await self._db.rows(_DOSSIERS, ids=ids) if ids else []
        return {MissionId(row.mission): opened(self._db.vault, row.mission, row.body) for row in rows}

    async def save_dossier(self, mission: MissionId, dossier: Dossier) -> None:
        vault = self._db.vault
        body = vault.seal(codec.DOSSIER.to_bytes(dossier), sealed_for(mission))
        await self._db.upsert(_SAVE_DOSSIER, mission=mission, body=body)
        await self._db.run(_DROP_KEYS, mission_id=mission)
        await self._db.run_many(
            _ADD_KEY, [{"mission": mission, "blind": blind} for blind in blind_keys(vault, dossier)]
        )

    async def empty_dossier(self, mission: MissionId) -> None:
        await self._db.upsert(_SAVE_DOSSIER, mission=mission, body=None)
        await self._db.run(_DROP_KEYS, mission_id=mission)

    async def unfinished(self) -> list[Mission]:
        return _read_all(await self._db.rows(_ALL_UNFINISHED))

    async def by_number(self, number: int, year: int | None = None) -> Mission | None:
        if year is None:
            return _read(await self._db.row(_BY_NUMBER, number=number))
        return _read(await self._db.row(_BY_NUMBER_AND_YEAR, number=number, year=year))

    async def with_phone(self, phone: str, *, unfinished_only: bool) -> list[Mission]:
        return await self._found(self._db.vault.indexes(_dialled(phone), "phone"), unfinished_only)

    async def with_name(self, name: str, *, unfinished_only: bool) -> list[Mission]:
        return await self._found(self._db.vault.indexes(_plain(name), "name"), unfinished_only)

    async def of_idel(self, person: PersonId, *, unfinished_only: bool = True) -> list[Mission]:
        return await self._held_by(missions.c.idel == person, unfinished_only)

    async def of_doctor(self, party: Party, *, unfinished_only: bool = True) -> list[Mission]:
        return await self._held_by(missions.c.doctor == str(party), unfinished_only)

    async def triggered_between(self, start: datetime, end: datetime) -> list[Mission]:
        return _read_all(await self._db.rows(_TRIGGERED, start=start, end=end))

    async def _found(self, blinds: list[str], unfinished_only: bool) -> list[Mission]:
        keys = select(dossier_keys.c.mission).where(dossier_keys.c.blind.in_(blinds))
        query = _READ.where(missions.c.id.in_(keys))
        if unfinished_only:
            query = query.where(_UNFINISHED)
        return _read_all(
            await self._db.rows(query.order_by(missions.c.triggered_at.desc(), missions.c.id.desc()))
        )

    async def _held_by(self, holder: ColumnElement[bool], unfinished_only: bool) -> list[Mission]:
        query = _READ.where(holder)
        if unfinished_only:
            # Named, not «<> closed»: only then does the index on (holder, state) serve.
            query = query.where(missions.c.state.in_(("open", "closing")))
        return _read_all(await self._db.rows(query.order_by(missions.c.triggered_at, missions.c.id)))


def blind_keys(vault: Vault, identity: Dossier) -> list[str]:
    """What a dossier is found by: the patient's last name, the patient's and the caller's numbers."""
    phones = {identity.patient_phone, identity.caller.phone if identity.caller else None}
    blinds = {vault.index(_dialled(phone), "phone") for phone in phones if phone}
    if name := _plain(identity.last_name):
        blinds.add(vault.index(name, "name"))
    return sorted(blinds)


def sealed_for(mission: int) -> str:
    """What binds a dossier to its mission."""
    return row_of("dossier", "body", mission)


def opened(vault: Vault, mission: int, body: bytes) -> Dossier:
    """The identity in a sealed body."""
    return codec.DOSSIER.read(vault.open(body, sealed_for(mission)))


def _plain(name: str) -> str:
    """Without case, accents, hyphens or spaces."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())


def _dialled(phone: str) -> str:
    return "".join(sign for sign in phone if sign.isdigit() or sign == "+")


def _columns(of: Mission) -> dict[str, Any]:
    doctor = of.cascade.doctor
    return {
        "number": of.number,
        "year": of.year,
        "state": of.state.value,
        "search_state": of.search.state.value,
        "operator": of.operator,
        "idel": of.search.taken_by or of.visit.idel,
        "doctor": str(doctor.party) if doctor else None,
        "triggered_at": of.triggered_at,
        "limit_at": of.limit,
        "aggregate": codec.MISSION.to_text(of),
    }


def _read(row: Record | None) -> Mission | None:
    if row is None:
        return None
    stored = codec.MISSION.read(row.aggregate)
    # The id was not known yet when a new mission was written.
    return stored if stored.id == row.id else stored.with_(id=MissionId(row.id))


def _read_all(rows: Iterable[Record]) -> list[Mission]:
    return [found for row in rows if (found := _read(row)) is not None]
