"""What OSNP take back: a mission that was over is opened again, a decision of the last minutes undone."""

from dataclasses import replace
from datetime import datetime

from bot.domain import by_phone, cascade_control, control, reopening, undo
from bot.domain.mission import Decision, Mission, Undoable
from bot.domain.outcome import Answer, Notice, Outcome, Place, nothing, to_person
from bot.domain.people import MissionId, Party, PartyKind, Person, PersonId
from bot.flows import cascade as cascade_flow
from bot.flows import control as control_flow
from bot.flows.control import GONE
from bot.flows.record import actor_of, record
from bot.ports import AlreadyEngaged, Given, Transaction


async def reopen(given: Given, by: Person, mission_id: MissionId, place: Place) -> Answer:
    """«Rouvrir»: a mission that was ended by mistake goes on, as long as its dossier is there."""
    try:
        async with given.storage.transaction() as tx:
            mission = await tx.missions.lock(mission_id)
            if mission is None:
                return GONE
            outcome = await _reopened(given, tx, mission, by)
            return await record(
                given, tx, control_flow.done(outcome, place, "reopened", by, given.now()), actor_of(by)
            )
    except AlreadyEngaged:
        return Answer("search.again", {"number": await control_flow.number_of(given, mission_id)})


async def _reopened(given: Given, tx: Transaction, mission: Mission, by: Person) -> Outcome:
    if await tx.missions.dossier(mission.id) is None:
        return Outcome(mission, Answer("mission.forgotten"))
    idel = mission.visit.idel
    nurse = (await tx.people.lock([idel])).get(idel) if idel is not None else None
    outcome = reopening.reopen(
        mission,
        await control_flow.wave_again(given, tx, mission),
        nurse,
        await tx.offers.get(mission.id, nurse.id) if nurse is not None else None,
        elsewhere=await control_flow.elsewhere(tx, nurse.id, mission.id) if nurse is not None else None,
        by=by.short_name,
        now=given.now(),
    )
    if not outcome.events:
        return outcome
    rosters = await cascade_flow.rosters_of(given, tx, outcome.mission)
    outcome = outcome.then(cascade_control.reopen(outcome.mission, rosters, given.now()))
    outcome = await cascade_flow.follow(given, tx, outcome.mission, outcome)
    return await _regulateur_told(tx, outcome, by, given.now())


async def _regulateur_told(tx: Transaction, outcome: Outcome, by: Person, now: datetime) -> Outcome:
    """The régulateur has read that the mission was over."""
    mission = outcome.mission
    regulateur = await tx.people.get(mission.regulateur) if mission.regulateur is not None else None
    if regulateur is None or regulateur.id == by.id or not (regulateur.on_telegram and regulateur.reachable):
        return outcome
    told = Notice(
        "control.reopened_regulateur",
        to_person(regulateur.id),
        mission.id,
        facts={"by": by.short_name, "at": now.isoformat()},
        card="outcome",
        fresh=True,
    )
    return replace(outcome, notices=(*outcome.notices, told))


async def take_back(given: Given, by: Person, mission_id: MissionId, place: Place, stamp: int) -> Answer:
    """«Oui, défaire»: a decision of the last minutes is taken back; `stamp` is of the one that was shown."""
    try:
        async with given.storage.transaction() as tx:
            mission = await tx.missions.lock(mission_id)
            if mission is None:
                return GONE
            now = given.now()
            wanted = undo.find(mission, stamp, now)
            if wanted is not None:
                outcome = await _undone(given, tx, mission, wanted, by)
            elif undo.all_that_may(mission, now):
                outcome = undo.moved_since(mission)
            else:
                outcome = nothing(mission, "control.nothing_to_undo", number=mission.number)
            outcome = control_flow.done(outcome, place, "undone", by, now)
            return await record(given, tx, outcome, actor_of(by))
    except AlreadyEngaged:
        return Answer("control.moved_since", {"number": await control_flow.number_of(given, mission_id)})


async def _undone(given: Given, tx: Transaction, mission: Mission, wanted: Undoable, by: Person) -> Outcome:
    if wanted.kind is Decision.ENDED:
        outcome = await _reopened(given, tx, mission, by)
        return undo.undone_by(outcome, wanted, by.short_name)
    if wanted.kind is Decision.ASSIGNED:
        return await _unassigned(given, tx, mission, wanted, by)
    undoing = undo.Undoing(by.short_name, await cascade_flow.rosters_of(given, tx, mission), operator=by)
    if wanted.kind is Decision.NURSE_REFUSED and wanted.person is not None:
        undoing = replace(undoing, offer=await tx.offers.get(mission.id, wanted.person))
    elif wanted.kind is Decision.HANDED_OVER and wanted.was is not None:
        former = await tx.people.get(PersonId(int(wanted.was)))
        holds = former is not None and former.active and former.role in control_flow.HOLDERS
        undoing = replace(undoing, former=former if holds else None)
    elif wanted.kind is Decision.NOTED:
        if not await _withdraw_note(tx, mission, wanted):
            return undo.moved_since(mission)
        undoing = replace(undoing, readers=await _readers(tx, mission, wanted))
    outcome = undo.undo(mission, wanted, undoing, given.now())
    return await cascade_flow.follow(given, tx, mission, outcome)


async def _withdraw_note(tx: Transaction, mission: Mission, wanted: Undoable) -> bool:
    """The note stays where it is written, struck through; False when it was forgotten with the rest."""
    dossier = await tx.missions.dossier(mission.id)
    if dossier is None or all(note.number != wanted.index for note in dossier.operator_notes):
        return False
    notes = tuple(
        replace(note, pinned=False) if note.number == wanted.index else note
        for note in dossier.operator_notes
    )
    await tx.missions.save_dossier(mission.id, replace(dossier, operator_notes=notes))
    return True


async def _readers(tx: Transaction, mission: Mission, wanted: Undoable) -> tuple[PersonId, ...]:
    """Who has opened the patient's page since the note was written."""
    seen = [
        Party.read(line.actor)
        for line in await tx.journal.of_mission(mission.id)
        if line.kind == "disclosure.seen"
        and line.facts.get("what") == "patient"
        and line.at >= wanted.at
        and line.actor is not None
    ]
    return tuple(dict.fromkeys(PersonId(party.id) for party in seen if party.kind is PartyKind.PERSON))


async def _unassigned(
    given: Given, tx: Transaction, mission: Mission, wanted: Undoable, by: Person
) -> Outcome:
    nurse = wanted.person
    if nurse is None or not undo.is_still_hers(mission, wanted):
        return undo.moved_since(mission)
    outcome = await control_flow.given_back(given, tx, mission, control.BY_MISTAKE)
    if outcome is None or not outcome.events:
        return undo.moved_since(mission)
    outcome = control.unassigned(outcome, nurse, by.short_name)
    outcome = by_phone.instead(await cascade_flow.follow(given, tx, mission, outcome), mission.visit)
    return undo.undone_by(outcome, wanted, by.short_name)
