"""Fills databases: everybody who is asked, and missions that exist already. Uses the storage's own ports."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, create_engine, func, insert, literal, null, select, text, true, update

from benchmarks.processes import SECRET, TelegramProcess
from benchmarks.telegram import FIRST_IDEL
from bot.clock import SystemClock
from bot.domain import calendar, opening, search
from bot.domain.mission import Contact, Dossier, Mission, MissionState, Search, SearchState, Sex
from bot.domain.people import MissionId, Person, Role
from bot.domain.places import distance_between
from bot.domain.region import Region
from bot.domain.waves import Candidate, at_once, rank
from bot.flows import people as people_flow
from bot.flows.record import record
from bot.ports import Given, Transaction
from bot.present import PresentRegion
from bot.region import load_region
from bot.sandbox.cast import LISTING
from bot.settings import DEFAULT_REGION
from storage.address import sync_address
from storage.database import open_storage
from storage.tables import (
    OutboxState,
    accounts,
    dossiers,
    journal,
    missions,
    offers,
    outbox,
    people,
    timers,
)
from storage.tables import winners as won
from storage.vault import Vault

#: Numbers that belong to fiction, four digits short.
FICTION = ("+3363998", "+3319900", "+3326191", "+3346571", "+3353649")
PER_RANGE = 9_000  # the first thousand of a range are the cast's

LAST_YEAR = 2025

#: What is written over the columns of a mission that ended long ago.
CLOSED: dict[str, dict[str, Any]] = {
    "mission": {"state": "closed", "search_state": "ended"},
    "dossier": {"body": null()},
    "timer": {"state": "stopped", "ended_at": timers.c.due},
}

#: Where the patients of a benchmark live.
MULHOUSE = "68224"

PATIENT = Dossier(
    last_name="KELLER",
    first_name="Odile",
    birth_date="1932-02-03",
    address="12 rue des Tanneurs",
    postal_code="68200",
    commune_name="Mulhouse",
    patient_phone="+33353010012",
    caller=Contact("Anne Keller", "+33639980099", "fille"),
    motif_text="chute hier, ne marche plus",
)


class FixedClock:
    """One moment, at which a population is written."""

    def __init__(self, offset: float) -> None:
        self._now = SystemClock().now() + timedelta(seconds=offset)

    def now(self) -> datetime:
        """That moment."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Nobody waits here."""


def region() -> Region:
    """The region shipped."""
    return load_region(DEFAULT_REGION)


def phone_of(number: int) -> str:
    """The invented telephone of nurse `number`."""
    return f"{FICTION[number // PER_RANGE]}{1000 + number % PER_RANGE:04d}"


def listing(idels: int) -> str:
    """The cast of the sandbox and so many nurses beside it, as `people import` reads them."""
    communes = region().communes
    lines = [LISTING.read_text(encoding="utf-8").strip()]
    for number in range(idels):
        # Spread over the whole department, always the same way.
        commune = communes[number * 37 % len(communes)].insee
        lines.append(f"idel,INFIRMIERE{number},Idel{number},{phone_of(number)},,,{commune},,,,")
    return "\n".join(lines) + "\n"


def given(url: str, clock: FixedClock) -> Given:
    """What flows ask for, on that database."""
    return Given(
        open_storage(url, Vault.from_secret(SECRET)), clock, PresentRegion(region()), fiction_numbers=True
    )


async def settle_in(url: str, telegram: TelegramProcess, idels: int) -> int:
    """Everybody is in the list and has started the bot; the number of the OSNP group."""
    on_telegram = await telegram("idels", count=idels)
    everything = given(url, FixedClock(telegram.offset))
    try:
        read = people_flow.read_listing(listing(idels), everything.region, fiction_numbers=True)
        await people_flow.import_listing(everything, read)
    finally:
        await everything.storage.close()
    users = on_telegram["accounts"] | {phone_of(n): FIRST_IDEL + n for n in range(idels)}
    engine = create_engine(sync_address(url))
    with engine.begin() as connection:
        rows = connection.execute(select(people.c.id, people.c.phone)).all()
        linked = [
            {"person": row.id, "user_id": users[row.phone], "chat_id": users[row.phone]}
            for row in rows
            if row.phone in users
        ]
        connection.execute(insert(accounts), linked)
        reached = people.c.id.in_(select(accounts.c.person))
        connection.execute(update(people).where(reached).values(on_telegram=True, reachable=True))
    engine.dispose()
    return int(on_telegram["group"])


async def nearest(url: str, telegram: TelegramProcess) -> list[int]:
    """The accounts of all nurses on Telegram, the nearest to Mulhouse first."""
    everything = given(url, FixedClock(telegram.offset))
    try:
        async with everything.storage.transaction() as tx:
            nurses = await tx.people.all(Role.IDEL)
            ranked = rank(
                Candidate(nurse, distance_between(everything.region, nurse.commune, MULHOUSE))
                for nurse in nurses
                if nurse.on_telegram
            )
            reached = [await tx.people.account(one.person.id) for one in ranked]
    finally:
        await everything.storage.close()
    return [account.user_id for account in reached if account is not None]


async def offered_missions(
    url: str, telegram: TelegramProcess, count: int, *, ago: timedelta
) -> list[MissionId]:
    """So many missions, triggered `ago`, the n-th offered to the n-th nurse alone; nothing is owed."""
    everything = given(url, FixedClock(telegram.offset))
    at = everything.now() - ago
    opened = []
    try:
        async with everything.storage.transaction() as tx:
            operator = (await tx.people.all(Role.OSNP))[0]
            regulateur = (await tx.people.all(Role.REGULATEUR))[0]
            nurses = [p for p in await tx.people.all(Role.IDEL) if p.last_name.startswith("INFIRMIERE")]
        for first in range(0, count, 500):
            async with everything.storage.transaction() as tx:
                for number in range(first, min(first + 500, count)):
                    mission = await _open(everything, tx, operator, regulateur, at)
                    candidate = Candidate(nurses[number % len(nurses)], 3.0)
                    await record(everything, tx, search.start(mission, at_once([candidate]), at), "p1")
                    opened.append(mission.id)
    finally:
        await everything.storage.close()
    forget_what_is_owed(url)
    return opened


async def owed_offers(url: str, telegram: TelegramProcess, owed: int) -> None:
    """Missions triggered just now and offered to everybody, until so many offers are owed."""
    everything = given(url, FixedClock(telegram.offset))
    at = everything.now()
    try:
        async with everything.storage.transaction() as tx:
            operator = (await tx.people.all(Role.OSNP))[0]
            regulateur = (await tx.people.all(Role.REGULATEUR))[0]
            everybody = [
                Candidate(nurse, 3.0) for nurse in await tx.people.all(Role.IDEL) if nurse.on_telegram
            ]
            for _ in range(-(-owed // len(everybody))):
                mission = await _open(everything, tx, operator, regulateur, at)
                await record(everything, tx, search.start(mission, at_once(everybody), at), "p1")
    finally:
        await everything.storage.close()


async def opened_at(everything: Given) -> MissionId:
    """One mission in Mulhouse, triggered at the moment it is there, offered to nobody yet."""
    async with everything.storage.transaction() as tx:
        operator = (await tx.people.all(Role.OSNP))[0]
        regulateur = (await tx.people.all(Role.REGULATEUR))[0]
        return (await _open(everything, tx, operator, regulateur, everything.now())).id


async def _open(
    everything: Given, tx: Transaction, operator: Person, regulateur: Person, at: datetime
) -> Mission:
    delays = everything.region.delays
    mission = Mission(
        id=MissionId(0),
        number=await tx.missions.next_number(at.year),
        year=at.year,
        state=MissionState.OPEN,
        operator=operator.id,
        requested_by="SAMURL68, médecin généraliste",
        triggered_at=at,
        limit=at + delays.limit,
        closes_at=calendar.service_hours(everything.region, at).closes_at,
        age=94,
        sex=Sex.FEMALE,
        commune=MULHOUSE,
        motif=everything.region.motifs[0].key,
        rules=opening.rules_of(everything.region),
        search=Search(SearchState.OFFERED, 1, at, at + delays.answer),
        regulateur=regulateur.id,
    )
    return replace(mission, id=await tx.missions.add(mission, PATIENT))


def clone(url: str, template: MissionId, count: int, *, closed: bool) -> None:
    """So many more like that mission, last year's: its row, dossier, offer, journal and timers, by SQL."""
    engine = create_engine(sync_address(url))
    with engine.begin() as connection:
        first = connection.execute(select(func.max(missions.c.id))).scalar_one()
        numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
        numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count))
        new = numbers.c.n + first
        for table in (missions, dossiers, offers, journal, timers):
            mission = table.c.id if table is missions else table.c.mission
            values: dict[str, Any] = {c.name: c for c in table.c if c.name != "id"}
            values |= {"id": new, "number": new, "year": LAST_YEAR} if table is missions else {"mission": new}
            if table is timers:
                values["owner"] = new
            if closed:
                values |= CLOSED.get(table.name, {})
            chosen = select(*(_expression(value).label(name) for name, value in values.items()))
            rows = chosen.select_from(table.join(numbers, true())).where(mission == template)
            connection.execute(insert(table).from_select(list(values), rows))
        if connection.dialect.name == "postgresql":
            last = select(func.max(missions.c.id)).scalar_subquery()
            connection.execute(select(func.setval(func.pg_get_serial_sequence("mission", "id"), last)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _expression(value: Any) -> ColumnElement[Any]:
    return value if isinstance(value, ColumnElement) else literal(value)


def forget_what_is_owed(url: str) -> None:
    """As if everything owed had been delivered long ago."""
    engine = create_engine(sync_address(url))
    with engine.begin() as connection:
        connection.execute(
            update(outbox)
            .where(outbox.c.finished_at.is_(None))
            .values(state=OutboxState.DELIVERED.value, finished_at=outbox.c.created_at, body=None)
        )
    engine.dispose()


def winners(url: str) -> int:
    """How many nurses have won a search."""
    engine = create_engine(sync_address(url))
    with engine.begin() as connection:
        query = select(func.count()).select_from(won).where(won.c.machine == "search")
        count: int = connection.execute(query).scalar_one()
    engine.dispose()
    return count


def accept_taps(offered: Sequence[MissionId]) -> list[dict[str, object]]:
    """The n-th nurse taps ACCEPTER on the n-th mission."""
    return [
        {"user": FIRST_IDEL + number, "message": 1, "data": f"sa:{mission}:1:20"}
        for number, mission in enumerate(offered)
    ]
