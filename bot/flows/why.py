"""`/pourquoi`: why a nurse was asked for the last missions, or was not, and the rule itself."""

import re
from datetime import timedelta
from typing import Any

from bot.domain import why
from bot.domain.mission import IdelOffer, Mission
from bot.domain.outcome import Answer, Fact, Notice, Place, Priority, to_person
from bot.domain.people import GROUP_ROLES, MissionId, Person, PersonId, Role
from bot.domain.places import plain
from bot.domain.why import Account, Because
from bot.ports import Given, Transaction

#: Of which missions a nurse is told, newest first.
LATELY = timedelta(days=3)
SHOWN = 8

_ASKED = re.compile(r"(?:smt\s*)?(?P<number>\d{1,5})?\s*(?P<name>.*)", re.IGNORECASE)


async def ask(given: Given, by: Person, text: str, place: Place) -> Answer | None:
    """Owe the answer; or say at once why there is none."""
    asked = _ASKED.fullmatch(" ".join(text.split()))
    number = int(asked["number"]) if asked and asked["number"] else None
    name = asked["name"] if asked else ""
    if by.role not in (Role.IDEL, *GROUP_ROLES):
        return Answer("why.not_yours")
    if by.role is not Role.IDEL and number is None:
        return Answer("why.which")
    async with given.storage.transaction() as tx:
        mission = await tx.missions.by_number(number) if number is not None else None
        if number is not None and (mission is None or mission.exercise):
            return Answer("why.no_mission", {"number": number})
        facts: dict[str, Fact] = {"mission": mission.id if mission is not None else None}
        if by.role is Role.IDEL:
            notice = Notice("why.own", to_person(by.id), facts=facts, priority=Priority.REPLY)
        else:
            nurse = await _named(tx, name) if name else None
            if name and nurse is None:
                return Answer("why.nobody_so_called")
            facts["person"] = nurse.id if nurse is not None else None
            notice = Notice("why.mission", place, facts=facts, priority=Priority.REPLY)
        await tx.outbox.owe([notice], given.now())
    return None


async def _named(tx: Transaction, name: str) -> Person | None:
    """The nurse with that name, when only one has it."""
    words = set(plain(name).split())
    found = [p for p in await tx.people.askable(Role.IDEL) if words <= set(plain(p.full_name).split())]
    return found[0] if len(found) == 1 else None


async def own_facts(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """Why that nurse was asked, or was not, for each mission lately, or for the one she has named."""
    now, policy = given.now(), given.region.search
    person = await tx.people.get(PersonId(notice.to.id))
    wanted = notice.facts["mission"]
    if wanted is not None:
        named = await tx.missions.get(MissionId(int(str(wanted))))
        missions = [named] if named is not None else []
    else:
        until = now + timedelta(minutes=1)  # the one of this moment is among them
        missions = [m for m in await tx.missions.triggered_between(now - LATELY, until) if not m.exercise]
        missions = missions[::-1]
    lines = [await _because(given, tx, person, m) for m in missions[:SHOWN]] if person is not None else []
    turns = await tx.offers.first_asked_since(now - policy.rotation)
    return {
        "lines": lines,
        "more": max(0, len(missions) - SHOWN),
        "turns": turns.get(PersonId(notice.to.id), 0),
        "policy": policy,
    }


async def mission_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """For OSNP: the waves of one mission, why others were not asked; or why one nurse was not."""
    found = await tx.missions.get(MissionId(int(str(notice.facts["mission"]))))
    if found is None:
        return {"found": None, "waves": [], "because": None, "nurse": None}
    asked_of = notice.facts.get("person")
    nurse = await tx.people.get(PersonId(int(str(asked_of)))) if asked_of is not None else None
    waves = [w for w in await _accounts(tx, found.id) if w.epoch == found.search.epoch]
    because = await _because(given, tx, nurse, found) if nurse is not None else None
    return {"found": found, "waves": waves, "because": because, "nurse": nurse}


async def _because(given: Given, tx: Transaction, person: Person, mission: Mission) -> Because:
    offer: IdelOffer | None = await tx.offers.get(mission.id, person.id)
    return why.because(given.region, person, mission, offer, await _accounts(tx, mission.id))


async def _accounts(tx: Transaction, mission: MissionId) -> list[Account]:
    """The waves of a mission that were written down with their reasons."""
    lines = await tx.journal.of_mission(mission)
    return [why.account(line.at, line.facts) for line in lines if line.kind == "search.offered"]
