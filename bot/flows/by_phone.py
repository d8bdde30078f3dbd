"""A nurse whom only the telephone reaches: OSNP note that she has heard what they owed her."""

from bot.domain import by_phone
from bot.domain.outcome import Answer
from bot.domain.people import MissionId, Person, PersonId
from bot.flows.record import actor_of, record
from bot.ports import Given

GONE = Answer("search.gone")


async def told(given: Given, by: Person, mission_id: MissionId, nurse: PersonId, number: int) -> Answer:
    """«C'est dit»: one tap settles every call that was on the screen, up to that number."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = by_phone.told(mission, nurse, number, by.short_name, given.now())
        return await record(given, tx, outcome, actor_of(by))
