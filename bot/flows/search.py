"""The search for a nurse: each event is one transaction that locks the mission, then the person."""

from bot.domain import closing, search
from bot.domain.mission import IdelOffer, Mission, Orientation, SearchState
from bot.domain.outcome import Answer, Fact, Notice, Outcome, Priority, Timer, to_group, to_person
from bot.domain.people import MissionId, Person, PersonId, Role
from bot.domain.places import distance_between
from bot.domain.search import Candidate
from bot.flows import cascade
from bot.flows.record import actor_of, record, rung
from bot.ports import AlreadyEngaged, AlreadyWon, Draft, Given, Transaction

GONE = Answer("search.gone")


async def candidates(given: Given, tx: Transaction, mission: Mission) -> list[Candidate]:
    """The IDELs who may be asked now, with their distance to the patient's commune."""
    engaged = await tx.people.engaged()
    found = [
        Candidate(person, distance_between(given.region, person.commune, mission.commune))
        for person in await tx.people.all(Role.IDEL)
        if search.may_be_asked(person, given.now(), engaged)
        and (not mission.exercise or person.id in mission.rings)
    ]
    radius = given.region.search_radius_km
    if radius is None:
        return found
    return [c for c in found if c.distance_km is None or c.distance_km <= radius]


async def accept(
    given: Given, person: Person, mission_id: MissionId, epoch: int, estimate: int | None
) -> Answer:
    """An IDEL taps ACCEPTER."""
    try:
        async with given.storage.transaction() as tx:
            # Of a thousand who tap, all but one are answered here: they wait for nobody who holds the row.
            seen = await tx.missions.get(mission_id)
            if seen is None:
                return GONE
            if (settled := search.no_longer_open(seen, person.id, given.now())) is not None:
                return settled.answer
            mission = await tx.missions.lock(mission_id)
            if mission is None:
                return GONE
            if (settled := search.no_longer_open(mission, person.id, given.now())) is not None:
                return settled.answer  # taken in between
            locked, offer, elsewhere = await tx.together(
                tx.people.lock([person.id]),
                tx.offers.get(mission_id, person.id),
                _elsewhere(tx, person.id, mission_id),
            )
            person = locked[person.id]
            if offer is not None and offer.epoch != epoch and mission.search.taken_by != person.id:
                offer = None
            outcome = search.accept(
                mission,
                offer,
                person,
                elsewhere=elsewhere,
                estimate=estimate,
                now=given.now(),
            )
            outcome = await cascade.follow(given, tx, mission, outcome)
            return await record(given, tx, outcome, actor_of(person))
    except (AlreadyWon, AlreadyEngaged):
        # The constraint behind the lock spoke: what the present says is the truth now.
        return await _present(given, person, mission_id)


async def _present(given: Given, person: Person, mission_id: MissionId) -> Answer:
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        offer = await tx.offers.get(mission_id, person.id)
        elsewhere = await _elsewhere(tx, person.id, mission_id)
        outcome = search.accept(mission, offer, person, elsewhere=elsewhere, estimate=None, now=given.now())
        if outcome.won is not None:
            # Nothing was recorded: she must not believe that it is hers.
            return Answer("search.again", {"number": mission.number})
        return outcome.answer


async def _elsewhere(tx: Transaction, person: PersonId, mission_id: MissionId) -> int | None:
    """The spoken number of another open mission that person holds."""
    held = (await tx.people.engaged([person])).get(person)
    if held is None or held == mission_id:
        return None
    other = await tx.missions.get(held)
    return other.number if other else None


async def refuse(given: Given, person: Person, mission_id: MissionId, epoch: int) -> Answer:
    """An IDEL taps REFUSER."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        offer = await _offer(tx, mission_id, person, epoch)
        outcome = search.refuse(mission, offer, person, given.now())
        if outcome.events and mission.search.usual == person.id:
            outcome = outcome.then(
                search.widen(outcome.mission, await candidates(given, tx, mission), "refused", given.now())
            )
        return await record(given, tx, outcome, actor_of(person))


async def refusal_reason(
    given: Given, person: Person, mission_id: MissionId, epoch: int, reason: str
) -> Answer:
    """Why she refused."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        offer = await _offer(tx, mission_id, person, epoch)
        return await record(given, tx, search.give_reason(mission, offer, reason), actor_of(person))


async def reconsider(given: Given, person: Person, mission_id: MissionId, epoch: int) -> Answer:
    """«Je peux, finalement»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        offer = await _offer(tx, mission_id, person, epoch)
        outcome = search.reconsider(mission, offer, person, given.now())
        return await record(given, tx, outcome, actor_of(person))


async def _offer(tx: Transaction, mission_id: MissionId, person: Person, epoch: int) -> IdelOffer | None:
    offer = await tx.offers.get(mission_id, person.id)
    return offer if offer is not None and offer.epoch == epoch else None


async def usual_declined(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """OSNP note that the usual IDEL cannot: everybody is asked now."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = search.widen(mission, await candidates(given, tx, mission), "osnp", given.now())
        return await record(given, tx, outcome, actor_of(by))


async def orient(
    given: Given,
    by: Person,
    mission_id: MissionId,
    orientation: Orientation,
    *,
    decider: PersonId | None = None,
    text: str | None = None,
) -> Answer:
    """The new orientation; `decider` is whose spoken decision an operator writes down."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        await tx.drafts.drop(by.id, _draft(mission_id))
        spoken = decider is not None or by.role is not Role.REGULATEUR
        named = await tx.people.get(decider or mission.regulateur or by.id)
        outcome = search.orient(
            mission,
            orientation,
            decided_by=(named if spoken and named is not None else by).short_name,
            noted_by=by.short_name if spoken else None,
            text=text,
            now=given.now(),
        )
        if outcome.events and orientation is Orientation.PROLONG:
            outcome = await _prolonged(given, tx, outcome)
        elif outcome.events:
            outcome = closing.reoriented(outcome)
        return await record(given, tx, outcome, actor_of(by))


def _draft(mission_id: MissionId) -> str:
    return f"orient:{mission_id}"


async def ask_orientation_words(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Autre…»: the decision in a few words, typed in the private chat."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if mission.search.state is not SearchState.UNANSWERED:
            return Answer("search.no_orientation_needed", {"number": mission.number})
        await tx.drafts.save(Draft(by.id, _draft(mission_id), "", given.now()))
        notice = Notice("search.ask_words", to_person(by.id), mission_id, priority=Priority.REPLY)
        await tx.outbox.owe([notice], given.now())
        return Answer("search.write_privately")


async def ask_who_decided(given: Given, by: Person, mission_id: MissionId, decider: int | None) -> Answer:
    """«Décidé par tél.»: by which régulateur, then what."""
    answer = Answer("search.choose_decision" if decider else "search.choose_decider")
    return await _redraw_question(given, mission_id, {"by_phone": True, "person": decider}, answer)


async def ask_regulateur_again(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Retour»: the question stands as it was."""
    return await _redraw_question(given, mission_id, {}, Answer("search.choose_decision"))


async def _redraw_question(
    given: Given, mission_id: MissionId, facts: dict[str, Fact], answer: Answer
) -> Answer:
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if mission.search.state is not SearchState.UNANSWERED:
            return Answer("search.no_orientation_needed", {"number": mission.number})
        notice = Notice(
            "search.nobody",
            to_group(mission_id),
            mission_id,
            facts=facts,
            priority=Priority.REPLY,
            card="orientation",
            only_if_there=True,
        )
        await tx.outbox.owe([notice], given.now())
        return answer


async def _prolonged(given: Given, tx: Transaction, outcome: Outcome) -> Outcome:
    """Whoever is silent hears it again, and whoever became free is asked too."""
    mission = outcome.mission
    offers = await tx.offers.of_mission(mission.id)
    return outcome.then(search.offer_again(mission, offers))


async def answer_late(
    given: Given, by: Person, mission_id: MissionId, person_id: PersonId, *, yes: bool
) -> Answer:
    """The régulateur (or OSNP for them) answers a late ACCEPTER."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        person = (await tx.people.lock([person_id])).get(person_id)
        if mission is None or person is None:
            return GONE
        offer = await tx.offers.get(mission_id, person_id)
        outcome = search.answer_late(
            mission,
            offer,
            person,
            yes=yes,
            elsewhere=await _elsewhere(tx, person_id, mission_id),
            decided_by=by.short_name,
            now=given.now(),
        )
        outcome = await cascade.follow(given, tx, mission, outcome)
        return await record(given, tx, outcome, actor_of(by))


async def give_back(given: Given, person: Person, mission_id: MissionId, reason: str) -> Answer:
    """«Je ne peux plus y aller»: searched again without that nurse."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        offer = await tx.offers.get(mission_id, person.id)
        outcome = search.give_back(
            mission, person, offer, await candidates(given, tx, mission), reason, given.now()
        )
        outcome = await cascade.follow(given, tx, mission, outcome)
        return await record(given, tx, outcome, actor_of(person))


async def usual_silent(given: Given, timer: Timer) -> None:
    """The usual IDEL has not answered the exclusive offer."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            outcome = search.widen(mission, await candidates(given, tx, mission), "silent", given.now())
            await record(given, tx, outcome, "timer")


async def warning(given: Given, timer: Timer) -> None:
    """Twenty minutes went by and nobody tapped ACCEPTER."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await record(given, tx, search.warn(mission, timer.epoch), "timer")


async def no_idel_in_time(given: Given, timer: Timer) -> None:
    """Thirty minutes went by and nobody tapped ACCEPTER."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await tx.outbox.expire(given.now())  # past their hour, not taken back: the account tells them
            unsent = await _unsent(tx, mission)
            await record(given, tx, search.time_is_up(mission, timer.epoch, given.now(), unsent), "timer")


async def _unsent(tx: Transaction, mission: Mission) -> list[IdelOffer]:
    """Offers that wait still or are past their hour: whoever was to get them knows nothing of it."""
    places = await tx.outbox.never_sent(mission.id, "search.offer", mission.search.started_at)
    cards = await tx.sent.cards((place, mission.id, "offer") for place in places)
    persons = [PersonId(place.id) for place in places if (place, mission.id, "offer") not in cards]
    return list((await tx.offers.of_people(mission.id, persons)).values())


async def orientation_reminder(given: Given, timer: Timer) -> None:
    """The régulateur has not decided."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await record(given, tx, search.remind_orientation(mission, timer.epoch, given.now()), "timer")
