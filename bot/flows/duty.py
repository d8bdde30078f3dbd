"""Duty rosters: brought in whole or not at all, by the command line or in private; and who is on duty now."""

import asyncio
import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.domain import duty, places
from bot.domain.calendar import moment
from bot.domain.duty import Duty
from bot.domain.mission import Mission
from bot.domain.outcome import Answer, Event, Fact, Notice, Place, Priority, to_person
from bot.domain.people import (
    GROUP_ROLES,
    CascadeStep,
    Organisation,
    OrganisationId,
    Party,
    PartyKind,
    Person,
    PersonId,
    Role,
)
from bot.domain.region import Region
from bot.flows import duty_file
from bot.flows.duty_file import Directory, Refusal, Wanted, Why
from bot.flows.record import actor_of
from bot.ports import Draft, Given, Transaction

#: The kind of the draft that keeps a roster until it is confirmed.
KIND = "duty"

#: How far `/gardes` looks for who comes next.
SHOWN_AHEAD = timedelta(days=7)

#: Refused lines that one message shows.
SHOWN_REFUSALS = 12


@dataclass(frozen=True, slots=True)
class Checked:
    """A file whose every turn names somebody, or why it cannot be taken."""

    source: str
    turns: tuple[Duty, ...]
    refusals: tuple[Refusal, ...]
    read: int  # turns that could be read, named or not


@dataclass(frozen=True, slots=True)
class Known:
    """One turn with whom it is of."""

    turn: Duty
    who: Person | Organisation | None


async def check(
    given: Given, name: str, content: bytes, wanted: Wanted, source: str | None = None
) -> Checked:
    """Read a whole file; nothing is stored."""
    # A year of turns takes a second to read: others go on meanwhile.
    found = await asyncio.to_thread(duty_file.read, name, content, given.region, wanted, given.now())
    async with given.storage.transaction() as tx:
        people, houses = await tx.people.all(), await tx.people.organisations()
    directory = Directory(people, houses, fiction=given.fiction_numbers)
    source = source or name
    turns, unnamed = duty_file.resolved(found.turns, directory, source)
    refusals = sorted((*found.refusals, *unnamed), key=lambda refusal: refusal.line)
    return Checked(source, tuple(turns), tuple(refusals), len(found.turns))


async def replace(given: Given, checked: Checked, actor: str | None) -> int:
    """Write a checked file in one commit; how many turns of the same source it replaces."""
    async with given.storage.transaction() as tx:
        return await _replace(given, tx, checked.source, checked.turns, actor)


async def _replace(
    given: Given, tx: Transaction, source: str, turns: Sequence[Duty], actor: str | None
) -> int:
    dropped = await tx.duties.replace(source, turns)
    facts: dict[str, Fact] = {"source": source, "turns": len(turns), "replaced": dropped}
    await tx.journal.write(None, [Event("duty.imported", facts)], actor, given.now())
    return dropped


async def listed(given: Given, day: date | None) -> list[Known]:
    """The turns of a local day; without a day those of the next seven."""
    now = given.now()
    begins, ends = now, now + SHOWN_AHEAD
    if day is not None:
        begins, ends = (moment(given.region, day + timedelta(days=n), time(0)) for n in (0, 1))
    async with given.storage.transaction() as tx:
        turns = await tx.duties.between(begins, ends)
        who = await _who(tx, turns)
    return [Known(turn, who.get(turn.party)) for turn in turns]


async def _who(tx: Transaction, turns: Sequence[Duty]) -> dict[Party, Person | Organisation]:
    """Who the turns are of."""
    parties = {turn.party for turn in turns}
    ids = [PersonId(party.id) for party in parties if party.kind is PartyKind.PERSON]
    found: dict[Party, Person | Organisation] = {
        Party.person(person.id): person for person in (await tx.people.many(ids)).values() if person.active
    }
    houses = [party for party in parties if party.kind is PartyKind.ORGANISATION]
    for party in houses:
        house = await tx.people.organisation(OrganisationId(party.id))
        if house is not None and house.active:
            found[party] = house
    return found


# A file sent in private


def wanted_in(region: Region, caption: str) -> tuple[Wanted, str]:
    """What a caption says for turns that do not: a step, a sector or one of its communes; and the rest."""
    step, sector = None, None
    unread = []
    whole = sector_of(region, caption)  # a sector's name may have a comma in it
    for part in (caption,) if whole is not None else caption.split(","):
        as_step = duty_file.step_called(region, part)
        as_sector = None if as_step is not None else sector_of(region, part)
        step, sector = step or as_step, sector or as_sector
        if part.strip() and as_step is None and as_sector is None:
            unread.append(part.strip())
    return Wanted(step or CascadeStep.GARDE, sector), ", ".join(unread)


async def bring(given: Given, by: Person, name: str, content: bytes, caption: str) -> None:
    """The coordinateur sends a roster: laid before them whole, or what is wrong with it."""
    wanted, unread = wanted_in(given.region, caption)
    checked = await check(given, name, content, wanted)
    async with given.storage.transaction() as tx:
        if checked.refusals:
            await tx.outbox.owe([_refused(by, checked)], given.now())
            return
        body = _stored(checked)
        sign = _sign(body)
        await tx.drafts.lock(by.id, KIND)
        await tx.drafts.save(Draft(by.id, KIND, body, given.now()))
        sources = await tx.duties.sources(given.now())
        facts: dict[str, Fact] = {
            "source": checked.source,
            "turns": len(checked.turns),
            "replaced": await tx.duties.of_source(checked.source),
            "begins": min(turn.begins for turn in checked.turns).isoformat(),
            "ends": max(turn.ends for turn in checked.turns).isoformat(),
            "by_sector": json.dumps(_by_sector(checked.turns)),
            "besides": json.dumps([[s, n] for s, n in sources.items() if s != checked.source][:5]),
            "past": sum(turn.ends <= given.now() for turn in checked.turns),
            "unread": unread[:60],
        }
        notice = Notice(
            "duty.check",
            to_person(by.id),
            facts=facts,
            priority=Priority.REPLY,
            card=KIND,
            fresh=True,
            epoch=sign,
        )
        await tx.outbox.owe([notice], given.now())


def _refused(by: Person, checked: Checked) -> Notice:
    shown = [[r.line, r.why.value, r.value] for r in checked.refusals[:SHOWN_REFUSALS]]
    lines = {refusal.line for refusal in checked.refusals}
    facts: dict[str, Fact] = {
        "source": checked.source,
        "turns": len(checked.turns),
        "refused": len(lines),
        "reasons": json.dumps(shown),
        "more": len(checked.refusals) - len(shown),
    }
    return Notice("duty.refused", to_person(by.id), facts=facts, priority=Priority.REPLY)


def _by_sector(turns: Sequence[Duty]) -> list[list[object]]:
    counts = Counter((turn.step.value, turn.sector) for turn in turns)
    return [[step, sector, n] for (step, sector), n in sorted(counts.items(), key=lambda c: str(c[0]))]


def _stored(checked: Checked) -> str:
    """The draft's own form: the source, then each turn."""
    turns = [
        [t.step.value, t.sector, str(t.party), int(t.begins.timestamp()), int(t.ends.timestamp())]
        for t in checked.turns
    ]
    return json.dumps({"source": checked.source, "turns": turns})


def _kept(body: str) -> tuple[str, list[Duty]]:
    """The inverse of `_stored`."""
    told = json.loads(body)
    source = str(told["source"])
    turns = [
        Duty(
            0,
            CascadeStep(step),
            sector,
            Party.read(party),
            datetime.fromtimestamp(begins, UTC),
            datetime.fromtimestamp(ends, UTC),
            source,
        )
        for step, sector, party, begins, ends in told["turns"]
    ]
    return source, turns


def _sign(body: str) -> int:
    """Which file a button speaks of."""
    return zlib.crc32(body.encode()) & 0x7FFFFFFF


async def confirm(given: Given, by: Person, sign: int, *, yes: bool) -> Answer:
    """«Importer» or «Annuler» under the card of a roster."""
    if by.role is not Role.COORDINATEUR:
        return Answer("duty.not_yours")
    async with given.storage.transaction() as tx:
        draft = await tx.drafts.lock(by.id, KIND)
        if draft is None or _sign(draft.body) != sign:
            return Answer("duty.gone")
        source, turns = _kept(draft.body)
        await tx.drafts.drop(by.id, KIND)
        facts: dict[str, Fact] = {"source": source, "turns": len(turns)}
        if yes:
            facts["replaced"] = await _replace(given, tx, source, turns, actor_of(by))
        kind = "duty.imported" if yes else "duty.left"
        card = Notice(kind, to_person(by.id), facts=facts, priority=Priority.REPLY, card=KIND)
        await tx.outbox.owe([card], given.now())
        return Answer("duty.done", {"count": len(turns)}) if yes else Answer("duty.not_done")


# Who is on duty


async def show(given: Given, by: Person, place: Place, text: str) -> Answer | None:
    """`/gardes`, `/gardes Altkirch`: now and next, sector by sector, where it was asked for."""
    if by.role not in GROUP_ROLES:
        return Answer("duty.not_yours")
    sector = sector_of(given.region, text) if text.strip() else ""
    if sector is None:
        communes = places.similar_communes(given.region, text)
        alike = {s.name for c in communes if (s := given.region.sector_of(c.insee)) is not None}
        near = ", ".join(sorted(sectors_near(given.region, text) or alike)[:3])
        return Answer("duty.no_sector", {"text": text.strip()[:40], "near": near[:80]})
    notice = Notice("duty.roster", place, facts={"sector": sector}, priority=Priority.REPLY)
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([notice], given.now())
    return None


def sector_of(region: Region, text: str) -> str | None:
    """The sector somebody means: by its name, or by one of its communes; None when several may be meant."""
    if not text.strip():
        return None
    if (name := duty_file.sector_called(region, text)) is not None:
        return name
    named = sectors_near(region, text)
    return named.pop() if len(named) == 1 else None


def sectors_near(region: Region, text: str) -> set[str]:
    """The sectors of the communes that may be meant, else those with that word in their name."""
    communes = places.exact_communes(region, text) or places.find_communes(region, text)
    found = {sector.name for c in communes if (sector := region.sector_of(c.insee)) is not None}
    return found or {s.name for s in region.sectors if places.plain(text) in places.plain(s.name)}


async def roster_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Each step with a roster, sector by sector; the garde also where none was imported."""
    now, region = given.now(), given.region
    turns = await tx.duties.between(now, now + SHOWN_AHEAD)
    only = str(notice.facts.get("sector") or "")
    who = await _who(tx, turns)
    turns = [t for t in turns if t.party in who and (not only or t.covers(only))]
    steps, known_until = [], await tx.duties.known_until(now)
    for rule in region.steps:
        until = known_until.get(rule.step)
        if until is None and not rule.by_duty and rule.step is not CascadeStep.GARDE:
            continue
        # The same turn may stand in two files: «octobre.csv», «octobre (1).csv»
        alike = {(t.sector, t.party, t.begins, t.ends): t for t in turns if t.step is rule.step}
        own = list(alike.values())
        covered = {turn.sector for turn in own}
        sectors = [s for s in region.sectors if not only or s.name == only]
        gaps = [s.name for s in sectors if s.name not in covered and not (s.mmg and rule.skipped_in_mmg)]
        steps.append(
            {
                "label": rule.label,
                "until": until,
                "sectors": duty.by_sector(own, now),
                "gaps": gaps if until is not None and None not in covered else [],
                "mmg": [s.name for s in sectors if s.mmg and rule.skipped_in_mmg],
                "listed": await _listed_doctors(tx, only) if until is None and not rule.by_duty else [],
            }
        )
    return {"steps": steps, "who": who}


async def _listed_doctors(tx: Transaction, only: str) -> list[Person]:
    """Doctors of the garde by the list of people: asked where no roster was imported."""
    return [
        person
        for person in await tx.people.all(Role.DOCTOR)
        if person.cascade_step is CascadeStep.GARDE
        and (not only or not person.sectors or only in person.sectors)
    ]


async def check_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """What the file holds, step by step and sector by sector, and which others are in force."""
    counts = json.loads(str(notice.facts["by_sector"]))
    labels = {rule.step.value: rule.label for rule in given.region.steps}
    return {
        "by_sector": [(labels.get(step, step), sector, n) for step, sector, n in counts],
        "besides": json.loads(str(notice.facts["besides"])),
    }


async def refusal_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Lines and reasons, and what may stand in their place."""
    reasons = [(line, Why(why).value, value) for line, why, value in json.loads(str(notice.facts["reasons"]))]
    steps = [
        rule.label for rule in given.region.steps if rule.step in duty_file.steps_with_duty(given.region)
    ]
    return {"reasons": reasons, "steps": steps}


async def forget(given: Given, source: str) -> int:
    """Drop the turns of a file; how many there were."""
    async with given.storage.transaction() as tx:
        return await _replace(given, tx, source, [], None)
