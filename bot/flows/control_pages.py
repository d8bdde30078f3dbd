"""Who can be chosen on the pages of the group's menu, and whom typed words mean."""

from typing import Any

from bot.domain import places, undo
from bot.domain.mission import Mission
from bot.domain.outcome import Notice
from bot.domain.people import MissionId, Organisation, Party, PartyKind, Person, Role
from bot.domain.waves import rank
from bot.flows import control
from bot.ports import Given, Transaction

#: How many nurses or doctors one page shows.
NURSES, DOCTORS = 6, 8

#: Behind the colon of «nurses.0:»: only those whom OSNP phone because the bot does not reach them.
TO_PHONE = "tel"


async def page_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Who can be chosen on a page of the menu."""
    page, arg = str(notice.facts.get("page") or ""), str(notice.facts.get("arg") or "")
    if mission is None:
        return {}
    if page in ("nurses", "nurse"):
        return await _nurses(given, tx, mission, page, arg)
    if page in ("doctors", "party"):
        return await _doctors(tx, mission, page, arg)
    if page == "undo":
        return {"undoable": next(reversed(undo.all_that_may(mission, given.now())), None)}
    if page == "operators":
        return {"operators": await _operators(tx, mission)}
    return {}


async def _operators(tx: Transaction, mission: Mission) -> list[Person]:
    people = [p for role in control.HOLDERS for p in await tx.people.all(role)]
    return [p for p in people if p.id != mission.operator]


async def _nurses(given: Given, tx: Transaction, mission: Mission, page: str, arg: str) -> dict[str, Any]:
    people = [p for p in await tx.people.all(Role.IDEL) if not mission.exercise or p.id in mission.rings]
    at, _, only = arg.partition(":")
    if page == "nurse":
        people = [p for p in people if str(p.id) == arg]
    elif only == TO_PHONE:
        waiting = {offer.person for offer in await tx.offers.to_phone(mission.id)}
        people = [p for p in people if p.id in waiting]
    elif only:
        people = [p for p in people if str(p.id) in only.split(",")]
    ranked = rank([control.candidate(given, mission, p) for p in people])
    keys = [str(c.person.id) for c in ranked]
    whole = only == TO_PHONE
    turning = _turning(keys, at if page == "nurses" else "", NURSES, only=bool(only) and not whole)
    if whole:
        beside = {side: f"{turning[side]}:{only}" for side in ("before", "after") if turning[side]}
        turning |= beside
    start = int(turning["offset"])
    shown = ranked[start : start + NURSES]
    ids = [c.person.id for c in shown]
    offers, engaged = await tx.offers.of_people(mission.id, ids), await tx.people.engaged(ids)
    return {
        "nurses": [
            (
                c.person,
                c.distance_km,
                offers.get(c.person.id),
                engaged.get(c.person.id) not in (None, mission.id) and not c.person.several_missions,
            )
            for c in shown
        ],
        **turning,
    }


def _turning(keys: list[str], at: str, step: int, *, only: bool) -> dict[str, Any]:
    """Where a page begins, and the two beside it. `at` is «6.41»: the seventh then, who was number 41.

    Whoever stood first is looked for again: the list may have changed since the button was drawn. Of names
    that were typed there is one page, and more of them ask for more words.
    """
    place, _, first = at.partition(".")
    start = keys.index(first) if first in keys else int(place) if place.isdigit() else 0
    start = min(start, max(0, len(keys) - 1))
    before, after = max(0, start - step), start + step
    return {
        "offset": start,
        "before": f"{before}.{keys[before]}" if start and not only else None,
        "after": f"{after}.{keys[after]}" if len(keys) > after and not only else None,
        "too_many": only and len(keys) > step,
    }


async def _every_doctor(tx: Transaction, mission: Mission) -> list[tuple[Party, Person | Organisation]]:
    """Whoever can be asked for a video, the patient's own doctor first."""
    known: list[tuple[Party, Person | Organisation]] = [
        (Party.person(p.id), p)
        for p in await tx.people.all(Role.DOCTOR)
        if not mission.exercise or p.id in mission.rings
    ]
    if not mission.exercise:
        known += [(Party.organisation(h.id), h) for h in await tx.people.organisations()]
    if mission.medecin_traitant is not None:
        traitant = await tx.people.get(mission.medecin_traitant)
        party = Party.person(mission.medecin_traitant)
        if traitant is not None and party not in [of for of, _ in known]:
            known.insert(0, (party, traitant))
    return known


async def _doctors(tx: Transaction, mission: Mission, page: str, arg: str) -> dict[str, Any]:
    known = await _every_doctor(tx, mission)
    at, _, only = arg.partition(":")
    if page == "party":
        known = [(of, who) for of, who in known if str(of) == arg]
    elif only:
        known = [(of, who) for of, who in known if str(of) in only.split(",")]
    keys = [str(of) for of, _ in known]
    turning = _turning(keys, at if page == "doctors" else "", DOCTORS, only=bool(only))
    start = int(turning["offset"])
    return {"doctors": known[start : start + DOCTORS], **turning}


async def named(given: Given, mission_id: MissionId, words: str, *, holders: bool = False) -> list[str]:
    """Whom typed words mean, as the arguments of buttons: «12» a nurse or an operator, «p21», «o3»."""
    wanted = places.plain(words).split()
    if not wanted:
        return []
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return []

        def fits(*names: str) -> bool:
            parts = places.plain(" ".join(names)).split()
            return all(any(part.startswith(word) for part in parts) for word in wanted)

        if holders:
            people = await _operators(tx, mission)
            return [str(p.id) for p in people if fits(p.first_name, p.last_name)]
        nurses = await tx.people.all(Role.IDEL)
        found = [str(p.id) for p in nurses if fits(p.first_name, p.last_name)]
        doctors = await _every_doctor(tx, mission)
        every = [(Party.person(p.id), p.full_name) for p in await tx.people.all(Role.DOCTOR)]
        every += [(of, getattr(who, "name", "")) for of, who in doctors if of.kind is not PartyKind.PERSON]
        return found + [str(of) for of, name in every if fits(name, "dr")]
