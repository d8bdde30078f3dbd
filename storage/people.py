"""Persons, organisations, where they are reached, and which mission holds them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    bindparam,
    case,
    delete,
    exists,
    insert,
    not_,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import NullType

from bot.domain.people import (
    CascadeStep,
    MissionId,
    Organisation,
    OrganisationId,
    Person,
    PersonId,
    Role,
)
from bot.ports import Account, AlreadyEngaged
from storage import codec
from storage.connected import Connected
from storage.prepared import Record
from storage.tables import accounts, engagements, organisations, people

_PERSON_COLUMNS = tuple(column.name for column in people.c if column.name != "id")
_READ = select(people)
_GET = _READ.where(people.c.id == bindparam("person_id"))
_MANY = _READ.where(people.c.id.in_(bindparam("ids", expanding=True))).order_by(people.c.id)
# NO KEY: rows that merely refer to the person (an offer, a draft) need not wait for the decision.
_LOCK = _MANY.with_for_update(key_share=True)
_OWN = _READ.where(people.c.guest_of.is_(None)).order_by(people.c.id)
_OF_ROLE = _OWN.where(people.c.role == bindparam("of_role"))
#: By whether a role is asked for, and whether only whoever is active.
_ALL = {
    (False, False): _OWN,
    (False, True): _OWN.where(people.c.active),
    (True, False): _OF_ROLE,
    (True, True): _OF_ROLE.where(people.c.active),
}
# Read five thousand times while a decision waits: as the driver gives them.
_AS_GIVEN = (
    "paused_until",
    "available_until",
    "several_missions",
    "on_telegram",
    "reachable",
    "out_of_hours",
)
_ASKABLE = (
    select(
        people.c.id,
        people.c.last_name,
        people.c.first_name,
        people.c.commune,
        people.c.sectors,
        people.c.capabilities,
        people.c.weekly,
        *(type_coerce(people.c[name], NullType()).label(name) for name in _AS_GIVEN),
    )
    .where(people.c.guest_of.is_(None), people.c.role == bindparam("of_role"), people.c.active)
    .order_by(people.c.id)
)
_ADD = insert(people).returning(people.c.id)
_SAVE = (
    update(people)
    .where(people.c.id == bindparam("person_id"))
    .values({name: bindparam(name) for name in _PERSON_COLUMNS})
)
_BY_USER = _READ.join(accounts, accounts.c.person == people.c.id).where(
    accounts.c.user_id == bindparam("user_id")
)
_BY_USERS = (
    select(people, accounts.c.user_id)
    .join(accounts, accounts.c.person == people.c.id)
    .where(accounts.c.user_id.in_(bindparam("user_ids", expanding=True)))
)
_BY_PHONE = (
    _READ.where(people.c.phone == bindparam("phone"), people.c.guest_of.is_(None))
    .order_by(people.c.active.desc(), people.c.id)
    .limit(1)
)
_BY_RPPS = (
    _READ.where(people.c.rpps == bindparam("rpps"), people.c.guest_of.is_(None))
    .order_by(people.c.active.desc(), people.c.id)
    .limit(1)
)
_REACHABLE = (
    update(people)
    .where(people.c.id == bindparam("person_id"), people.c.reachable != bindparam("reachable"))
    .values(reachable=bindparam("reachable"))
)
_TO_CHECK = (
    _READ.where(
        people.c.guest_of.is_(None),
        people.c.active,
        people.c.on_telegram,
        people.c.reachable,
        or_(people.c.checked_at.is_(None), people.c.checked_at < bindparam("before")),
    )
    .order_by(people.c.checked_at.is_not(None), people.c.checked_at, people.c.id)
    .limit(bindparam("most"))
)
_CHECKED = update(people).where(people.c.id == bindparam("person_id")).values(checked_at=bindparam("now"))

_ACCOUNT = select(accounts).where(accounts.c.person == bindparam("person_id"))
_ACCOUNTS = select(accounts).where(accounts.c.person.in_(bindparam("ids", expanding=True)))
_ACCOUNT_HOLDER = select(accounts.c.person).where(accounts.c.user_id == bindparam("user_id"))
_DROP_ACCOUNTS = delete(accounts).where(
    or_(accounts.c.person == bindparam("person_id"), accounts.c.user_id == bindparam("user_id"))
)
_DROP_ACCOUNT = delete(accounts).where(accounts.c.person == bindparam("person_id"))
_ADD_ACCOUNT = insert(accounts)
_ON_TELEGRAM = (
    update(people)
    .where(people.c.id == bindparam("person_id"))
    .values(on_telegram=bindparam("on_telegram"), reachable=True)
)

_HOUSE_COLUMNS = ("name", "cascade_step", "phone", "active", "on_telegram", "lines")
_HOUSES = select(organisations).order_by(organisations.c.id)
_HOUSE = select(organisations).where(organisations.c.id == bindparam("organisation_id"))
_HOUSE_BY_CHAT = select(organisations).where(organisations.c.chat_id == bindparam("chat_id"))
_HOUSE_CHAT = select(organisations.c.chat_id).where(organisations.c.id == bindparam("organisation_id"))
_ADD_HOUSE = insert(organisations).returning(organisations.c.id)
_SAVE_HOUSE = (
    update(organisations)
    .where(organisations.c.id == bindparam("organisation_id"))
    .values({name: bindparam(name) for name in _HOUSE_COLUMNS})
)
_UNLINK_CHAT = (
    update(organisations)
    .where(organisations.c.chat_id == bindparam("at_chat"))
    .values(chat_id=None, on_telegram=False)
)
_LINK_HOUSE = (
    update(organisations)
    .where(organisations.c.id == bindparam("organisation_id"))
    .values(chat_id=bindparam("chat"), on_telegram=True)
)

_OPEN = engagements.c.ended_at.is_(None)
_ENGAGED = select(engagements.c.person, engagements.c.mission).where(_OPEN).order_by(engagements.c.id)
_ENGAGED_OF = _ENGAGED.where(engagements.c.person.in_(bindparam("ids", expanding=True)))
_ELSEWHERE = exists().where(
    _OPEN,
    engagements.c.person == people.c.id,
    engagements.c.mission != bindparam("to_mission", type_=engagements.c.mission.type),
)


def _engage(insert: type[sqlite.Insert] | type[postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    """One open mission, unless the person allows several; the constraint speaks where two come at once."""
    free = select(
        people.c.id,
        bindparam("to_mission", type_=engagements.c.mission.type),
        bindparam("now", type_=engagements.c.since.type),
        case((people.c.several_missions, 0), else_=1),
    ).where(people.c.id == bindparam("of_person"), or_(people.c.several_missions, not_(_ELSEWHERE)))
    return (
        insert(engagements)
        .from_select(["person", "mission", "since", "exclusive"], free)
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )


_ENGAGE = {"sqlite": _engage(sqlite.Insert), "postgresql": _engage(postgresql.Insert)}
_RELEASE = (
    update(engagements)
    .where(
        _OPEN,
        engagements.c.person == bindparam("person_id"),
        engagements.c.mission == bindparam("mission_id"),
    )
    .values(ended_at=bindparam("now"))
)


class SqlPeople:
    """`bot.ports.People`."""

    def __init__(self, db: Connected) -> None:
        self._db = db
        self._locked: dict[PersonId, Person] = {}  # nobody else changes them meanwhile

    async def get(self, person: PersonId) -> Person | None:
        if person in self._locked:
            return self._locked[person]
        return _maybe(await self._db.row(_GET, person_id=person))

    async def lock(self, people: Iterable[PersonId]) -> dict[PersonId, Person]:
        locked = _by_id(await self._db.rows(_LOCK, ids=sorted(set(people))))
        self._locked |= locked
        return locked

    async def many(self, people: Iterable[PersonId]) -> dict[PersonId, Person]:
        return _by_id(await self._db.rows(_MANY, ids=sorted(set(people))))

    async def add(self, person: Person) -> PersonId:
        return PersonId(await self._db.value(_ADD, **_columns(person)))

    async def save(self, person: Person) -> None:
        self._locked.pop(person.id, None)
        if not await self._db.run(_SAVE, person_id=person.id, **_columns(person)):
            raise LookupError(f"person {person.id} is not stored")

    async def all(self, role: Role | None = None, *, active_only: bool = True) -> list[Person]:
        of_role = {} if role is None else {"of_role": role.value}
        rows = await self._db.rows(_ALL[bool(of_role), active_only], **of_role)
        return [_person(row) for row in rows]

    async def askable(self, role: Role) -> list[Person]:
        rows: Sequence[Any] = await self._db.rows(_ASKABLE, of_role=role.value)
        return [_askable(row, role.value) for row in rows]

    async def by_user(self, user_id: int) -> Person | None:
        return _maybe(await self._db.row(_BY_USER, user_id=user_id))

    async def by_users(self, user_ids: Iterable[int]) -> dict[int, Person]:
        rows = await self._db.rows(_BY_USERS, user_ids=sorted(set(user_ids)))
        return {row.user_id: _person(row) for row in rows}

    async def by_phone(self, phone: str) -> Person | None:
        return _maybe(await self._db.row(_BY_PHONE, phone=phone))

    async def by_rpps(self, rpps: str) -> Person | None:
        return _maybe(await self._db.row(_BY_RPPS, rpps=rpps))

    async def account(self, person: PersonId) -> Account | None:
        row = await self._db.row(_ACCOUNT, person_id=person)
        return None if row is None else _account(row)

    async def accounts(self, people: Iterable[PersonId]) -> dict[PersonId, Account]:
        ids = sorted(set(people))
        rows = await self._db.rows(_ACCOUNTS, ids=ids) if ids else []
        return {PersonId(row.person): _account(row) for row in rows}

    async def link_account(self, person: PersonId, user_id: int, chat_id: int) -> None:
        self._locked.clear()
        former = await self._db.value(_ACCOUNT_HOLDER, user_id=user_id)
        if former is not None and former != person:
            await self._db.run(_ON_TELEGRAM, person_id=former, on_telegram=False)
        await self._db.run(_DROP_ACCOUNTS, person_id=person, user_id=user_id)
        await self._db.run(_ADD_ACCOUNT, person=person, user_id=user_id, chat_id=chat_id)
        await self._db.run(_ON_TELEGRAM, person_id=person, on_telegram=True)

    async def unlink_account(self, person: PersonId) -> None:
        self._locked.pop(person, None)
        await self._db.run(_DROP_ACCOUNT, person_id=person)
        await self._db.run(_ON_TELEGRAM, person_id=person, on_telegram=False)

    async def set_reachable(self, person: PersonId, *, reachable: bool, now: datetime) -> bool:
        self._locked.pop(person, None)
        return await self._db.run(_REACHABLE, person_id=person, reachable=reachable) > 0

    async def to_check(self, before: datetime, limit: int) -> list[Person]:
        return [_person(row) for row in await self._db.rows(_TO_CHECK, before=before, most=limit)]

    async def checked(self, people: Iterable[PersonId], now: datetime) -> None:
        for person in sorted(set(people)):
            self._locked.pop(person, None)
            await self._db.run(_CHECKED, person_id=person, now=now)

    async def organisation(self, organisation: OrganisationId) -> Organisation | None:
        row = await self._db.row(_HOUSE, organisation_id=organisation)
        return None if row is None else _house(row)

    async def organisations(self, step: Any = None) -> list[Organisation]:
        houses = [_house(row) for row in await self._db.rows(_HOUSES)]
        return houses if step is None else [house for house in houses if house.cascade_step == step]

    async def add_organisation(self, organisation: Organisation) -> OrganisationId:
        return OrganisationId(await self._db.value(_ADD_HOUSE, **_house_columns(organisation)))

    async def save_organisation(self, organisation: Organisation) -> None:
        if not await self._db.run(
            _SAVE_HOUSE, organisation_id=organisation.id, **_house_columns(organisation)
        ):
            raise LookupError(f"organisation {organisation.id} is not stored")

    async def organisation_by_chat(self, chat_id: int) -> Organisation | None:
        row = await self._db.row(_HOUSE_BY_CHAT, chat_id=chat_id)
        return None if row is None else _house(row)

    async def organisation_chat(self, organisation: OrganisationId) -> int | None:
        chat: int | None = await self._db.value(_HOUSE_CHAT, organisation_id=organisation)
        return chat

    async def link_organisation(self, organisation: OrganisationId, chat_id: int) -> None:
        await self._db.run(_UNLINK_CHAT, at_chat=chat_id)
        await self._db.run(_LINK_HOUSE, organisation_id=organisation, chat=chat_id)

    async def engaged(self, people: Iterable[PersonId] | None = None) -> dict[PersonId, MissionId]:
        if people is None:
            rows = await self._db.rows(_ENGAGED)
        else:
            ids = sorted(set(people))
            rows = await self._db.rows(_ENGAGED_OF, ids=ids) if ids else []
        return {PersonId(row.person): MissionId(row.mission) for row in rows}

    async def engage(self, person: PersonId, mission: MissionId, now: datetime) -> None:
        engage = _ENGAGE[self._db.dialect]
        if await self._db.run(engage, of_person=person, to_mission=mission, now=now):
            return
        if all(row.mission != mission for row in await self._db.rows(_ENGAGED_OF, ids=[person])):
            raise AlreadyEngaged

    async def release(self, person: PersonId, mission: MissionId, now: datetime) -> None:
        await self._db.later(_RELEASE, {"person_id": person, "mission_id": mission, "now": now})


@lru_cache(maxsize=20_000)
def _askable(row: Record, role: str) -> Person:
    """What a row says, made once: from one search to the next most rows say the same."""
    return Person(
        row.id,
        Role(role),
        row.last_name,
        row.first_name,
        commune=row.commune,
        sectors=codec.WORDS.read(row.sectors),
        capabilities=codec.WORDS.read(row.capabilities),
        paused_until=row.paused_until and _instant(row.paused_until),
        several_missions=bool(row.several_missions),
        on_telegram=bool(row.on_telegram),
        reachable=bool(row.reachable),
        weekly=codec.WEEKLY.read(row.weekly),
        out_of_hours=bool(row.out_of_hours),
        available_until=row.available_until and _instant(row.available_until),
    )


def _instant(given: datetime | str) -> datetime:
    """A moment as the driver gives it: SQLite's text, in UTC; PostgreSQL's own."""
    if isinstance(given, str):
        return datetime.fromisoformat(given).replace(tzinfo=UTC)
    return given.astimezone(UTC)


def _columns(of: Person) -> dict[str, Any]:
    return {
        "role": of.role.value,
        "last_name": of.last_name,
        "first_name": of.first_name,
        "phone": of.phone,
        "email": of.email,
        "rpps": of.rpps,
        "commune": of.commune,
        "sectors": codec.WORDS.to_text(of.sectors),
        "cascade_step": of.cascade_step.value if of.cascade_step else None,
        "capabilities": codec.WORDS.to_text(of.capabilities),
        "organisation": of.organisation,
        "active": of.active,
        "paused_until": of.paused_until,
        "several_missions": of.several_missions,
        "guest_of": of.guest_of,
        "on_telegram": of.on_telegram,
        "reachable": of.reachable,
        "weekly": codec.WEEKLY.to_text(of.weekly),
        "out_of_hours": of.out_of_hours,
        "available_until": of.available_until,
        "checked_at": of.checked_at,
        "left_at": of.left_at,
    }


def _person(row: Record) -> Person:
    return Person(
        id=PersonId(row.id),
        role=Role(row.role),
        last_name=row.last_name,
        first_name=row.first_name,
        phone=row.phone,
        email=row.email,
        rpps=row.rpps,
        commune=row.commune,
        sectors=codec.WORDS.read(row.sectors),
        cascade_step=CascadeStep(row.cascade_step) if row.cascade_step else None,
        capabilities=codec.WORDS.read(row.capabilities),
        organisation=row.organisation,
        active=row.active,
        paused_until=row.paused_until,
        several_missions=row.several_missions,
        guest_of=row.guest_of,
        on_telegram=row.on_telegram,
        reachable=row.reachable,
        weekly=codec.WEEKLY.read(row.weekly) if row.weekly != "[]" else (),
        out_of_hours=row.out_of_hours,
        available_until=row.available_until,
        checked_at=row.checked_at,
        left_at=row.left_at,
    )


def _account(row: Record) -> Account:
    return Account(row.user_id, row.chat_id, PersonId(row.person))


def _maybe(row: Record | None) -> Person | None:
    return None if row is None else _person(row)


def _by_id(rows: Iterable[Record]) -> dict[PersonId, Person]:
    return {PersonId(row.id): _person(row) for row in rows}


def _house_columns(of: Organisation) -> dict[str, Any]:
    return {
        "name": of.name,
        "cascade_step": of.cascade_step.value,
        "phone": of.phone,
        "active": of.active,
        "on_telegram": of.on_telegram,
        "lines": codec.LINES.to_text(of.lines),
    }


def _house(row: Record) -> Organisation:
    return Organisation(
        id=OrganisationId(row.id),
        name=row.name,
        cascade_step=CascadeStep(row.cascade_step),
        phone=row.phone,
        active=row.active,
        on_telegram=row.on_telegram,
        lines=codec.LINES.read(row.lines) if row.lines != "[]" else (),
    )
