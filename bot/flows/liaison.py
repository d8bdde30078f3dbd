"""The cahier de liaison: a note is written, taken off, shown. Each is one transaction."""

from dataclasses import replace

from bot.domain import liaison, thread
from bot.domain.mission import Dossier, Mission, MissionState
from bot.domain.outcome import Answer, Notice, Place, to_party, to_person
from bot.domain.people import ANYBODY, MissionId, Person
from bot.domain.thread import Voice
from bot.flows.record import actor_of, record
from bot.flows.written import Written, keep_original
from bot.ports import Draft, Given, Transaction

GONE = Answer("search.gone")

#: The kind of the draft that waits for the words of a note, before the mission's id.
KIND = "liaison"


async def _open(tx: Transaction, person: Person, mission_id: MissionId) -> tuple[Mission, Dossier] | Answer:
    """The mission, locked, and its dossier, for somebody who takes part in it."""
    mission = await tx.missions.lock(mission_id)
    if mission is None:
        return GONE
    if thread.voice_of(mission, person) is None:
        return Answer("thread.not_yours", {"number": mission.number})
    if mission.state is MissionState.CLOSED:
        return Answer("thread.closed", {"number": mission.number})
    dossier = await tx.missions.dossier(mission_id)
    return Answer("mission.forgotten") if dossier is None else (mission, dossier)


def _own_chat(mission: Mission, person: Person) -> Place:
    """Where this person reads of the mission: a doctor of a house, in the chat of the house."""
    doctor = mission.cascade.doctor
    if doctor is not None and thread.voice_of(mission, person) is Voice.DOCTOR:
        return to_party(doctor.party)
    return to_person(person.id)


async def begin(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Note de liaison»: the next text is the note."""
    async with given.storage.transaction() as tx:
        found = await _open(tx, person, mission_id)
        if isinstance(found, Answer):
            return found
        if person.id == ANYBODY:
            return Answer("liaison.reply")
        if len(liaison.standing(found[1].liaison)) >= liaison.MOST_NOTES:
            return Answer("liaison.full", {"most": liaison.MOST_NOTES}, alert=True)
        await tx.drafts.save(Draft(person.id, f"{KIND}:{mission_id}", "{}", given.now()))
        return Answer("liaison.write_it")


async def typed(given: Given, person: Person, mission_id: MissionId, written: Written) -> Answer | None:
    """The words that were waited for; None when the cahier says it all."""
    async with given.storage.transaction() as tx:
        await tx.drafts.drop(person.id, f"{KIND}:{mission_id}")
        return await write(given, tx, mission_id, person, written)


async def write(
    given: Given, tx: Transaction, mission_id: MissionId, person: Person, written: Written
) -> Answer | None:
    """A note, with or without «liaison :» before it."""
    found = await _open(tx, person, mission_id)
    if isinstance(found, Answer):
        return found
    mission, dossier = found
    marked = liaison.marked(written.text)
    text = " ".join((written.text if marked is None else marked).split())
    if not text:
        return Answer("liaison.empty")
    if len(text) > liaison.MOST_LETTERS:
        return Answer("liaison.too_long", {"most": liaison.MOST_LETTERS})
    if len(liaison.standing(dossier.liaison)) >= liaison.MOST_NOTES:
        return Answer("liaison.full", {"most": liaison.MOST_NOTES})
    notes = liaison.add(dossier.liaison, text, person, given.now())
    await tx.missions.save_dossier(mission_id, replace(dossier, liaison=notes))
    await keep_original(given, tx, written, mission_id, person.party)
    await record(given, tx, liaison.written(mission, notes, _own_chat(mission, person)), actor_of(person))
    return None


async def change(given: Given, person: Person, mission_id: MissionId, number: int, how: str) -> Answer:
    """«Retirer n° 2», «Remettre n° 2», «Effacer n° 2»."""
    async with given.storage.transaction() as tx:
        found = await _open(tx, person, mission_id)
        if isinstance(found, Answer):
            return found
        mission, dossier = found
        notes = liaison.change(dossier.liaison, number, how, person)
        if notes is None:
            return Answer("liaison.not_there")
        await tx.missions.save_dossier(mission_id, replace(dossier, liaison=notes))
        outcome = liaison.changed(mission, number, how, _own_chat(mission, person))
        return await record(given, tx, outcome, actor_of(person))


async def show(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Cahier de liaison»: every note, with what may be done with it."""
    async with given.storage.transaction() as tx:
        found = await _open(tx, person, mission_id)
        if isinstance(found, Answer):
            return found
        mission, dossier = found
        if not liaison.standing(dossier.liaison):
            return Answer("liaison.none", {"number": mission.number})
        await tx.outbox.owe([liaison.shown(mission, _own_chat(mission, person))], given.now())
        return Answer("liaison.below")


async def catch_up(tx: Transaction, mission: Mission, to: Voice) -> list[Notice]:
    """The notes, for a nurse or a doctor who comes later."""
    dossier = await tx.missions.dossier(mission.id)
    return [] if dossier is None else list(liaison.for_next(mission, dossier.liaison, to))
