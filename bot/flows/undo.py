"""What OSNP take back: a mission that was over is opened again, a decision of the last minutes undone."""

from bot.domain import cascade_control, control, reopening, undo
from bot.domain.mission import Decision, Mission, Undoable
from bot.domain.outcome import Answer, Outcome, Place
from bot.domain.people import MissionId, Person
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
    return await cascade_flow.follow(given, tx, outcome.mission, outcome)


async def take_back(given: Given, by: Person, mission_id: MissionId, place: Place, stamp: int) -> Answer:
    """«Oui, annuler»: the last decision is taken back; `stamp` is the one that was shown."""
    try:
        async with given.storage.transaction() as tx:
            mission = await tx.missions.lock(mission_id)
            if mission is None:
                return GONE
            wanted = undo.may_undo(mission, given.now())
            if wanted is None:
                return Answer("control.nothing_to_undo", {"number": mission.number})
            if stamp != undo.stamp_of(wanted):
                return Answer("control.moved_since", {"number": mission.number})
            outcome = await _undone(given, tx, mission, wanted, by)
            return await record(
                given, tx, control_flow.done(outcome, place, "undone", by, given.now()), actor_of(by)
            )
    except AlreadyEngaged:
        return Answer("control.moved_since", {"number": await control_flow.number_of(given, mission_id)})


async def _undone(given: Given, tx: Transaction, mission: Mission, wanted: Undoable, by: Person) -> Outcome:
    if wanted.kind is Decision.ENDED:
        outcome = await _reopened(given, tx, mission, by)
        return undo.undone_by(outcome, wanted, by.short_name)
    if wanted.kind is Decision.ASSIGNED:
        return await _unassigned(given, tx, mission, wanted, by)
    nurse = wanted.person
    undoing = undo.Undoing(
        by.short_name,
        await cascade_flow.rosters_of(given, tx, mission),
        await tx.offers.get(mission.id, nurse) if nurse is not None else None,
    )
    outcome = undo.undo(mission, wanted, undoing, given.now())
    return await cascade_flow.follow(given, tx, mission, outcome)


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
    outcome = control.by_voice(await cascade_flow.follow(given, tx, mission, outcome), mission.visit)
    return undo.undone_by(outcome, wanted, by.short_name)
