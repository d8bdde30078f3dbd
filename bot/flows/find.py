"""`/chercher`: a mission by number, telephone or name; each finds only what is theirs."""

import re
from typing import Any

from bot.domain import places
from bot.domain.disclosure import Audience, Patient, patient_for
from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Answer, Event, Fact, Notice, Place, Priority, to_person
from bot.domain.people import GROUP_ROLES, MissionId, Party, Person, PersonId, Role
from bot.domain.phone import read_phone
from bot.flows.record import actor_of
from bot.ports import Given, Transaction

#: How many missions one answer lists.
SHOWN = 8

_NUMBER = re.compile(r"(?:smt\s*)?(?:n°\s*)?(\d{1,5})(?:\s*/\s*(\d{4}))?", re.IGNORECASE)


async def search(given: Given, person: Person, text: str, place: Place) -> None:
    """The list, where it was asked for."""
    async with given.storage.transaction() as tx:
        found = [m for m in await _found(given, tx, text) if _theirs(m, person)]
        kinds: dict[str, Fact] = {"how": _kind(given, text), "count": len(found)}
        missions = ",".join(str(m.id) for m in found[:SHOWN])
        notice = Notice(
            "find.results",
            place,
            facts={**kinds, "missions": missions, "reader": person.id},
            priority=Priority.REPLY,
        )
        await tx.journal.write(None, [Event("find.searched", kinds)], actor_of(person), given.now())
        await tx.outbox.owe([notice], given.now())


def _kind(given: Given, text: str) -> str:
    if not text.strip():
        return "empty"
    if read_phone(text, fiction=given.fiction_numbers):
        return "phone"
    if _NUMBER.fullmatch(text.strip()):
        return "number"
    return "name" if re.search(r"[^\W\d_]{2}", text) else "nonsense"


async def _found(given: Given, tx: Transaction, text: str) -> list[Mission]:
    text = text.strip()
    match _kind(given, text):
        case "phone":
            phone = read_phone(text, fiction=given.fiction_numbers)
            return await tx.missions.with_phone(phone.e164, unfinished_only=False) if phone else []
        case "number":
            number = _NUMBER.fullmatch(text)
            assert number is not None  # noqa: S101 - `_kind` has just seen it
            year = int(number[2]) if number[2] else None
            mission = await tx.missions.by_number(int(number[1]), year)
            return [mission] if mission else []
        case "name":
            return await _named(tx, text)
    return []


async def _named(tx: Transaction, text: str) -> list[Mission]:
    """The whole as one last name, else each word; a first name among the words narrows."""
    found = await tx.missions.with_name(text, unfinished_only=False)
    words = places.plain(text).split()
    if found or len(words) < 2:
        return found
    every = {m.id: m for word in words for m in await tx.missions.with_name(word, unfinished_only=False)}
    narrowed = []
    for mission in every.values():
        dossier = await tx.missions.dossier(mission.id)
        if dossier and set(places.plain(dossier.first_name).split()) & set(words):
            narrowed.append(mission)
    return sorted(narrowed or every.values(), key=lambda m: m.triggered_at, reverse=True)


def _theirs(mission: Mission, person: Person) -> bool:
    if person.role in GROUP_ROLES:
        return True
    if person.role is Role.IDEL:
        return person.id in (mission.visit.idel, mission.search.taken_by)
    doctor = mission.cascade.doctor
    return doctor is not None and doctor.party == Party.person(person.id)


async def show(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """One mission of a list, in the private chat of whoever tapped."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None or not _theirs(mission, person):
            return Answer("find.gone")
        await tx.outbox.owe(_shown(mission, person), given.now())
        return Answer("find.sent", {"number": mission.number})


def _shown(mission: Mission, person: Person) -> list[Notice]:
    to, reply = to_person(person.id), Priority.REPLY
    if person.role in GROUP_ROLES:
        return [Notice("find.mission", to, mission.id, priority=reply)]
    kinds = {Role.IDEL: ("visit", "mission"), Role.DOCTOR: ("doctor", "doctor")}
    column, card = kinds[person.role]
    notices = [Notice(f"{column}.card", to, mission.id, priority=reply, card=card, fresh=True)]
    if mission.state is MissionState.OPEN:
        notices.append(Notice(f"{column}.identity", to, mission.id, priority=reply))
    return notices


async def results(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """The missions of a list, each with what its reader may know of the patient."""
    reader = await tx.people.get(PersonId(int(str(notice.facts["reader"]))))
    group = reader is not None and reader.role in GROUP_ROLES
    ids = [MissionId(int(i)) for i in str(notice.facts["missions"]).split(",") if i]
    found = [m for i in ids if (m := await tx.missions.get(i)) is not None]
    audience = Audience.GROUP if group else Audience.IDEL_ASKED
    return {"found": [(m, await _patient(given, tx, m, audience)) for m in found]}


async def _patient(given: Given, tx: Transaction, mission: Mission, audience: Audience) -> Patient:
    commune = given.region.commune(mission.commune)
    motif = given.region.motif(mission.motif)
    age = places.shown_age(given.region, mission.commune, mission.age)
    return patient_for(
        audience,
        mission,
        await tx.missions.dossier(mission.id),
        commune_name=commune.name if commune else mission.commune,
        motif_label=motif.label if motif else mission.motif,
        decade=age if isinstance(age, tuple) else None,
    )
