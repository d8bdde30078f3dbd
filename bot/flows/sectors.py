"""Duty sectors: the table as a file, sent back by the coordinateur, taken back by a tap.

Whole or not at all, journalled with its author, told in the group, followed by every process within seconds.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain import sectors
from bot.domain.mission import Mission
from bot.domain.outcome import BOARD, Answer, Event, Fact, Notice, Priority, to_person
from bot.domain.people import GROUP_ROLES, Person, PersonId, Role
from bot.domain.region import Region, Sector, sectors_of
from bot.domain.sectors import Difference, Listed, Refusal, Why
from bot.flows.record import actor_of
from bot.ports import Draft, Given, Reading, Transaction

#: The kinds of the drafts that keep a table until it is confirmed, and the one before until it is replaced.
KIND, BEFORE = "sectors", "sectors_before"

#: How far turns of duty are looked at for sectors that exist no more.
ROSTER_AHEAD = timedelta(days=90)

#: Refused lines that one message shows.
SHOWN_REFUSALS = 12

#: Of what changes so much is shown: groups of communes, and names in each.
SHOWN_MOVES, SHOWN_NAMES = 12, 6

NOT_YOURS = Answer("coordinator.not_yours")


def _may_change(person: Person) -> bool:
    return person.active and person.role is Role.COORDINATEUR


# The table as a file


async def show(given: Given, by: Person) -> Answer:
    """`/secteurs`: the table in force, into the private chat of whoever asks."""
    if by.role not in GROUP_ROLES:
        return NOT_YOURS
    if not by.on_telegram:
        return Answer("reports.start_first")
    notice = Notice(
        "sectors.table", to_person(by.id), facts={"may": _may_change(by)}, priority=Priority.REPLY
    )
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([notice], given.now())
    return Answer("sectors.sent")


async def table_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """As they are in force, also where another process has changed them."""
    return {"now": (await given.present.read(tx)).region}


# A table sent back


@dataclass(frozen=True, slots=True)
class Named:
    """Who still names a sector that does not exist."""

    people: tuple[Person, ...]
    duties: tuple[str, ...]  # sectors of turns of duty


async def _who_names_others(given: Given, tx: Transaction, known: set[str]) -> Named:
    now = given.now()
    people = tuple(person for person in await tx.people.all() if set(person.sectors) - known)
    turns = await tx.duties.between(now, now + ROSTER_AHEAD)
    named = {turn.sector for turn in turns if turn.sector is not None}
    return Named(people, tuple(sorted(named - known)))


def _divided(region: Region, listed: Listed) -> tuple[Sector, ...]:
    return sectors_of(region.communes, listed)


async def bring(given: Given, by: Person, name: str, content: bytes) -> None:
    """The coordinateur sends a table: what it would change is laid before them, or what is wrong with it."""
    region = given.region
    found = sectors.read(content, region.communes)
    async with given.storage.transaction() as tx:
        now = given.now()
        if found.refusals:
            await tx.outbox.owe([_refused(by, name, found.refusals)], now)
            return
        reading = await given.present.read(tx)
        after = _divided(region, found.listed)
        changes = sectors.difference(region.communes, reading.region.sectors, after)
        named = await _who_names_others(given, tx, {sector.name for sector in after})
        sign = sectors.sign_of(found.listed)
        await tx.drafts.lock(by.id, KIND)
        if changes.is_nothing:
            await tx.drafts.drop(by.id, KIND)
        else:
            body = json.dumps([_sign_of_present(reading), sectors.written(found.listed)])
            await tx.drafts.save(Draft(by.id, KIND, body, now))
        facts: dict[str, Fact] = {
            "source": name,
            "changes": _told(changes),
            "unlisted": len(region.communes) - len(found.listed),
            "doctors": ", ".join(person.formal_name for person in named.people[:5]),
            "doctors_more": max(0, len(named.people) - 5),
            "duties": ", ".join(named.duties[:5]),
        }
        card = Notice(
            "sectors.check",
            to_person(by.id),
            facts=facts,
            priority=Priority.REPLY,
            card=KIND,
            fresh=True,
            epoch=sign,
        )
        await tx.outbox.owe([card], now)


def _sign_of_present(reading: Reading) -> int:
    """Which division a preview was made against."""
    division = {
        insee: (sector.name, sector.mmg) for sector in reading.region.sectors for insee in sector.communes
    }
    return sectors.sign_of(division)


def _refused(by: Person, name: str, refusals: Sequence[Refusal]) -> Notice:
    shown = [[r.line, r.why.value, r.value, r.other] for r in refusals[:SHOWN_REFUSALS]]
    facts: dict[str, Fact] = {
        "source": name,
        "refused": len({refusal.line for refusal in refusals}),
        "reasons": json.dumps(shown),
        "more": len(refusals) - len(shown),
    }
    return Notice("sectors.refused", to_person(by.id), facts=facts, priority=Priority.REPLY)


async def refusal_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Lines and reasons."""
    told = json.loads(str(notice.facts["reasons"]))
    return {"reasons": [(line, Why(why).value, value, other) for line, why, value, other in told]}


def _told(changes: Difference) -> str:
    """What changes, as a notice carries it."""
    moves = [
        [move.before, move.after, move.communes[:SHOWN_NAMES], len(move.communes)]
        for move in changes.moves[:SHOWN_MOVES]
    ]
    return json.dumps(
        {
            "moved": changes.moved,
            "moves": moves,
            "more": sum(len(move.communes) for move in changes.moves[SHOWN_MOVES:]),
            "mmg": changes.mmg,
            "new": changes.new,
            "gone": changes.gone,
        }
    )


async def change_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """What changes, or was changed."""
    return {"changes": json.loads(str(notice.facts["changes"]))}


async def confirm(given: Given, by: Person, sign: int, *, yes: bool) -> Answer:
    """«Confirmer» or «Annuler» under the card of a table."""
    if not _may_change(by):
        return NOT_YOURS
    async with given.storage.transaction() as tx:
        draft = await tx.drafts.lock(by.id, KIND)
        against, body = json.loads(draft.body) if draft is not None else (0, "[]")
        listed = sectors.kept(body)
        if draft is None or sectors.sign_of(listed) != sign:
            return Answer("sectors.gone")
        await tx.drafts.drop(by.id, KIND)
        if not yes:
            await tx.outbox.owe([_closed(by.id, "sectors.left", {})], given.now())
            return Answer("sectors.not_done")
        if _sign_of_present(await given.present.read(tx)) != against:
            await tx.outbox.owe([_closed(by.id, "sectors.left", {"outdated": True})], given.now())
            return Answer("sectors.outdated")
        await tx.drafts.lock(by.id, BEFORE)
        before = await tx.changes.sectors()
        told = await _replace(given, tx, listed, actor_of(by), by.id)
        await tx.drafts.save(
            Draft(by.id, BEFORE, json.dumps([sign, sectors.written(before), told]), given.now())
        )
        facts: dict[str, Fact] = {"changes": told, "author": by.id, "state": "standing"}
        await tx.outbox.owe([_closed(by.id, "sectors.imported", facts, sign)], given.now())
        reading = await given.present.read(tx)
    given.present.take(reading)
    return Answer("sectors.done")


def _closed(author: PersonId, kind: str, facts: dict[str, Fact], sign: int = 0) -> Notice:
    """What became of the file, on its own card."""
    return Notice(kind, to_person(author), facts=facts, priority=Priority.REPLY, card=KIND, epoch=sign)


async def _replace(given: Given, tx: Transaction, listed: Listed, actor: str, author: PersonId | None) -> str:
    """These are the duty sectors from now on; what that changes."""
    now, region = given.now(), (await given.present.read(tx)).region
    await tx.changes.replace_sectors(listed, actor, now)
    after = (await given.present.read(tx)).region.sectors
    told = _told(sectors.difference(region.communes, region.sectors, after))
    counted: dict[str, Fact] = {"communes": len(listed), "sectors": len(after)}
    event = Event("coordinator.sectors", {**counted, "changes": told})
    await tx.journal.write(None, [event], actor, now)
    await tx.outbox.owe([_in_group(author, sectors.sign_of(listed), told, "standing", author)], now)
    return told


def _in_group(author: PersonId | None, sign: int, told: str, state: str, by: PersonId | None) -> Notice:
    """The line in the group; edited once it is taken back."""
    facts: dict[str, Fact] = {"changes": told, "author": author, "state": state, "person": by}
    return Notice("sectors.changed", BOARD, facts=facts, card=f"sectors:{author}:{sign}", epoch=sign)


async def undo(given: Given, by: Person, author: int, sign: int) -> Answer:
    """«Annuler» under what was changed: the division before counts again."""
    if not _may_change(by):
        return NOT_YOURS
    owner = PersonId(author)
    async with given.storage.transaction() as tx:
        now = given.now()
        draft = await tx.drafts.lock(owner, BEFORE)
        known, body, told = json.loads(draft.body) if draft is not None else (0, "[]", "")
        if draft is None or known != sign or sectors.sign_of(await tx.changes.sectors()) != sign:
            return Answer("sectors.settled")
        await tx.drafts.drop(owner, BEFORE)
        await tx.changes.replace_sectors(sectors.kept(body), actor_of(by), now)
        event = Event("coordinator.sectors_undone", {"author": owner, "changes": told})
        await tx.journal.write(None, [event], actor_of(by), now)
        facts: dict[str, Fact] = {"changes": told, "author": owner, "state": "undone"}
        shut = [
            _in_group(owner, sign, told, "undone", by.id),
            _closed(owner, "sectors.imported", facts, sign),
        ]
        await tx.outbox.owe(shut, now)
        reading = await given.present.read(tx)
    given.present.take(reading)
    return Answer("sectors.undone")


# By the command line


@dataclass(frozen=True, slots=True)
class Imported:
    """The duty sectors after an import, and who still names one that exists no more."""

    sectors: int
    named: Named


async def import_table(given: Given, listed: Listed, by: str) -> Imported:
    """These are the duty sectors from now on."""
    async with given.storage.transaction() as tx:
        await _replace(given, tx, listed, by, None)
        reading = await given.present.read(tx)
        known = {sector.name for sector in reading.region.sectors}
        named = await _who_names_others(given, tx, known)
    given.present.take(reading)
    return Imported(len(known), named)
