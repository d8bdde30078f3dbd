"""The board: what it shows of every open mission, and the personal links to its page.

It shows what the whole group may see, and of the patient no more than the commune.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain import board, places
from bot.domain.board import Moment, Standing
from bot.domain.disclosure import Audience, patient_for
from bot.domain.mission import Mission
from bot.domain.outcome import (
    Answer,
    Event,
    Notice,
    PlaceKind,
    Priority,
    SetTimer,
    StopTimer,
    Timer,
    TimerKind,
    to_person,
)
from bot.domain.owner import Owner, owner
from bot.domain.people import GROUP_ROLES, OrganisationId, PartyKind, Person, PersonId
from bot.domain.region import Commune
from bot.flows.record import actor_of, board_card
from bot.ports import Given, Link, Transaction

#: What a link is for, in the table of links.
PURPOSE = "board"
VALID = timedelta(hours=12)
CHANCE = 32  # bytes

#: Where the page is, under the bot's public address.
PATH = "/tableau"


@dataclass(frozen=True, slots=True)
class Line:
    """One mission on the board."""

    mission: Mission
    owner: Owner
    standing: Standing
    moments: tuple[Moment, ...]
    operator: str  # who holds it: «Léa»
    who: str | None = None  # who must act, where it is one by name: «Amina B.»
    idel: str | None = None  # who goes there
    taker: str | None = None  # «Je m'en occupe»
    minutes_under: int | None = None  # 20, 10, 5, when less is left
    is_overdue: bool = False
    is_urgent: bool = False
    commune: str | None = None  # None: not to be shown
    place: Commune | None = None
    comes_from: Commune | None = None  # while the nurse is not there yet


@dataclass(frozen=True, slots=True)
class Board:
    """The missions that are not closed, the most pressing first."""

    now: datetime
    lines: tuple[Line, ...]  # as many as were asked for
    count: int  # how many there are
    alarms: int  # of these, how many stand still until OSNP or the régulateur act
    is_watched: bool  # somebody in the group is not registered: numbers only


#: On the page; the pinned card has fewer.
MOST = 200
MOST_PINNED = 30

#: What waits for the group's share of the rate.
_IN_GROUP = (PlaceKind.MISSION, PlaceKind.BOARD)


async def read(given: Given, tx: Transaction, most: int = MOST) -> Board:
    """The board of this moment."""
    now = given.now()
    every = [(mission, owner(mission, now)) for mission in await tx.missions.unfinished()]
    every.sort(key=lambda pair: board.pressing(*pair))
    owned = every[:most]
    is_watched = await tx.strangers.watched() > 0
    people = await tx.people.many({person for pair in owned for person in _named(*pair)})
    houses = {house.id: house.name for house in await tx.people.organisations()} if owned else {}
    return Board(
        now,
        tuple(_line(given, mission, owns, now, people, houses, is_watched) for mission, owns in owned),
        count=len(every),
        alarms=sum(board.standing(*pair) is Standing.ALARM for pair in every),
        is_watched=is_watched,
    )


def _named(mission: Mission, owns: Owner) -> set[PersonId]:
    party = owns.party
    people = {mission.operator, mission.visit.idel, _taker(mission, owns)}
    if party is not None and party.kind is PartyKind.PERSON:
        people.add(PersonId(party.id))
    return {person for person in people if person is not None}


def _taker(mission: Mission, owns: Owner) -> PersonId | None:
    """Who sees to what must be done."""
    asked = (r for r in mission.requests if r.deed == owns.deed and r.taken_by is not None)
    return next((r.taken_by for r in asked), None)


def _line(
    given: Given,
    mission: Mission,
    owns: Owner,
    now: datetime,
    people: Mapping[PersonId, Person],
    houses: Mapping[OrganisationId, str],
    is_watched: bool,
) -> Line:
    place = places.commune_of(given.region, mission.commune)
    patient = patient_for(
        Audience.GROUP_WATCHED if is_watched else Audience.GROUP,
        mission,
        None,
        commune_name=place.name if place else mission.commune,
        motif_label="",
        decade=None,
    )
    stands = board.standing(mission, owns)
    nurse = people.get(mission.visit.idel) if mission.visit.idel is not None else None
    shows_way = stands is not Standing.AFTER and mission.visit.arrived_at is None
    home = places.commune_of(given.region, nurse.commune) if nurse is not None and shows_way else None
    sees_to_it = _taker(mission, owns)
    taker = people.get(sees_to_it) if sees_to_it is not None else None
    return Line(
        mission=mission,
        owner=owns,
        standing=stands,
        moments=board.moments(mission),
        operator=people[mission.operator].first_name if mission.operator in people else "OSNP",
        who=_who(owns, people, houses),
        idel=nurse.short_name if nurse is not None else None,
        taker=taker.first_name if taker is not None else None,
        minutes_under=board.minutes_under(owns.before, now),
        is_overdue=board.is_overdue(owns, now),
        is_urgent=board.is_urgent(owns, now),
        commune=patient.commune,
        place=place if patient.commune is not None else None,
        comes_from=home if patient.commune is not None else None,
    )


def _who(owns: Owner, people: Mapping[PersonId, Person], houses: Mapping[OrganisationId, str]) -> str | None:
    if owns.party is None:
        return None
    if owns.party.kind is PartyKind.ORGANISATION:
        return houses.get(OrganisationId(owns.party.id))
    person = people.get(PersonId(owns.party.id))
    return person.short_name if person is not None else None


async def facts(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What the pinned card says: the most pressing, and by how much the group is behind."""
    since = await tx.outbox.oldest(_IN_GROUP)
    behind = given.now() - since if since is not None else timedelta()
    return {"board": await read(given, tx, MOST_PINNED), "minutes_behind": int(behind.total_seconds() // 60)}


# The pinned card is drawn again when the hour alone changes what it says


async def drawn(tx: Transaction, notice: Notice, now: datetime) -> None:
    """The pinned card is as of now: when must it be drawn again, if nobody does anything?"""
    every = [(mission, owner(mission, now)) for mission in await tx.missions.unfinished()]
    moments = [board.changes_at(mission, owns, now) for mission, owns in every]
    since = await tx.outbox.oldest(_IN_GROUP)  # this card too, until its end is written down
    if since is not None and now - since >= board.SOONEST:
        moments.append(now)  # it says that the group is behind
    due = min((moment for moment in moments if moment is not None), default=None)
    timer: SetTimer | StopTimer = StopTimer(TimerKind.BOARD_HOURS, "")
    if due is not None:
        timer = SetTimer(TimerKind.BOARD_HOURS, max(due, now + board.SOONEST))
    await tx.timers.apply(None, [timer], now)


async def hours_changed(given: Given, timer: Timer) -> None:
    """20, 10 or 5 minutes are left for somebody, or none."""
    async with given.storage.transaction() as tx:
        now = given.now()
        if await tx.timers.rung(timer, now):
            await tx.outbox.owe([board_card()], now)


# The links to the page


async def link(given: Given, person: Person) -> Answer:
    """`/tableau`: a link of their own to the page, in their private chat; the one before is dead."""
    if person.role not in GROUP_ROLES:
        return Answer("board.not_yours")
    if given.public_url is None:
        return Answer("board.no_address")
    token = secrets.token_urlsafe(CHANCE)
    async with given.storage.transaction() as tx:
        now = given.now()
        until = now + VALID
        await tx.links.end(PURPOSE, person.id, now)
        await tx.links.add(token, Link(PURPOSE, until, person.id))
        await tx.journal.write(None, [Event("board.link", {"person": person.id})], actor_of(person), now)
        notice = Notice(
            "board.link",
            to_person(person.id),
            facts={"url": f"{given.public_url}{PATH}/{token}", "until": until.isoformat()},
            priority=Priority.REPLY,
            valid_until=until,
        )
        await tx.outbox.owe([notice], now)
    return Answer("board.sent")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the page, and until when the link opens it."""

    person: Person
    until: datetime


async def readers(given: Given, tx: Transaction, tokens: Collection[str]) -> dict[str, Reader]:
    """Whose links open the page now, by token."""
    now = given.now()
    links = {
        token: link
        for token, link in (await tx.links.many(tokens)).items()
        if link.purpose == PURPOSE and link.used_at is None and link.expires_at and link.expires_at > now
    }
    people = await tx.people.many({link.person for link in links.values() if link.person is not None})
    return {
        token: Reader(people[link.person], link.expires_at)
        for token, link in links.items()
        if link.person in people and link.expires_at is not None and _may_read(people[link.person])
    }


def _may_read(person: Person) -> bool:
    return person.active and person.left_at is None and person.role in GROUP_ROLES


async def opened(given: Given, token: str) -> tuple[Reader, Board] | None:
    """Somebody opens the page, which is journalled; None: this link does not open it."""
    async with given.storage.transaction() as tx:
        reader = (await readers(given, tx, [token])).get(token)
        if reader is None:
            return None
        shown = await read(given, tx)
        seen = {"person": reader.person.id, "missions": shown.count}
        await tx.journal.write(None, [Event("board.opened", seen)], actor_of(reader.person), shown.now)
        return reader, shown
