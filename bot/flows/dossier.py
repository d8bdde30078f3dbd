"""The sheet of a mission, one more usual professional on it, and the region's links."""

import re
from dataclasses import replace

from bot.domain import dossier, thread
from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Answer, Event, Notice, Place, PlaceKind, Priority, to_party, to_person
from bot.domain.people import MissionId, Person
from bot.domain.recognition_regulars import read_regular
from bot.domain.thread import Voice
from bot.flows.record import actor_of
from bot.flows.thread import held_by
from bot.flows.written import Written, keep_original
from bot.ports import Draft, Given, Transaction

GONE = Answer("find.gone")

#: The kind of the draft that waits for a usual professional, before the mission's id.
KIND = "regular"

_NUMBER = re.compile(r"(?:smt\s*)?(?:n°\s*)?(\d{1,5})(?:\s*/\s*(\d{4}))?", re.IGNORECASE)


async def show(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Fiche»: in the private chat of whoever takes part, or in the chat of the house; journalled."""
    async with given.storage.transaction() as tx:
        return await _show(given, tx, person, await tx.missions.get(mission_id))


async def show_numbered(given: Given, person: Person, text: str, place: Place) -> Answer:
    """`/fiche 412`; without a number, that of the topic or the only one they hold."""
    number = _NUMBER.fullmatch(text.strip())
    async with given.storage.transaction() as tx:
        if number is not None:
            year = int(number[2]) if number[2] else None
            mission = await tx.missions.by_number(int(number[1]), year)
        elif text.strip():
            return Answer("dossier.how")
        elif place.kind is PlaceKind.MISSION:
            mission = await tx.missions.get(MissionId(place.id))
        else:
            held = await held_by(tx, person)
            if len(held) != 1:
                return Answer("dossier.how")
            mission = held[0]
        return await _show(given, tx, person, mission)


async def _show(given: Given, tx: Transaction, person: Person, mission: Mission | None) -> Answer:
    voice = thread.voice_of(mission, person) if mission is not None else None
    if mission is None or voice is None:
        return GONE
    if voice is not Voice.OSNP and mission.state is MissionState.CLOSED:
        return Answer("dossier.closed", {"number": mission.number})
    if await tx.missions.dossier(mission.id) is None:
        return Answer("mission.forgotten")
    doctor = mission.cascade.doctor
    place = to_person(person.id)
    if doctor is not None and voice is Voice.DOCTOR:
        place = to_party(doctor.party)
    seen = Event("disclosure.seen", {"what": "sheet"})
    await tx.journal.write(mission.id, [seen], actor_of(person), given.now())
    await tx.outbox.owe([dossier.sheet(mission, place)], given.now())
    if voice is Voice.OSNP:
        return Answer("mission.patient_sent")
    return Answer("dossier.below", {"number": mission.number})


async def ask_regular(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Ajouter un professionnel habituel»: the next text says who."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        stored = await tx.missions.dossier(mission_id)
        if mission is None or stored is None:
            return Answer("mission.forgotten")
        if mission.state is MissionState.CLOSED:
            return Answer("thread.closed", {"number": mission.number})
        if len(stored.regulars) >= dossier.MOST_REGULARS:
            return Answer("dossier.full", {"most": dossier.MOST_REGULARS})
        await tx.drafts.save(Draft(by.id, f"{KIND}:{mission_id}", "{}", given.now()))
        return Answer("dossier.write_regular")


async def regular_typed(given: Given, by: Person, mission_id: MissionId, written: Written) -> Answer | None:
    """Who it is; None when the sheet says it."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        stored = await tx.missions.dossier(mission_id)
        if mission is None or stored is None:
            await tx.drafts.drop(by.id, f"{KIND}:{mission_id}")
            return Answer("mission.forgotten")
        await keep_original(given, tx, written, mission_id, by.party)
        if mission.state is MissionState.CLOSED:
            return Answer("thread.closed", {"number": mission.number})
        told = read_regular(written.text, fiction=given.fiction_numbers)
        if told is None:
            return Answer("dossier.regular_unread")
        await tx.drafts.drop(by.id, f"{KIND}:{mission_id}")
        regulars = dossier.with_regular(stored.regulars, told)
        if len(regulars) > dossier.MOST_REGULARS:
            return Answer("dossier.full", {"most": dossier.MOST_REGULARS})
        await tx.missions.save_dossier(mission_id, replace(stored, regulars=regulars))
        event = Event("dossier.regular_added", {"regulars": len(regulars)})
        await tx.journal.write(mission_id, [event], actor_of(by), given.now())
        mine = dossier.sheet(mission, to_person(by.id))
        others = (redraw for redraw in dossier.redraws(mission) if redraw.to != mine.to)
        await tx.outbox.owe([mine, *others], given.now())
        return None


async def resources(given: Given, place: Place) -> None:
    """`/ressources`: the links of the region file."""
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([Notice("dossier.resources", place, priority=Priority.REPLY)], given.now())
