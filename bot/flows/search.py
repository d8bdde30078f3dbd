"""The search for a nurse: each event is one transaction that locks the mission, then the person."""

from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import (
    availability,
    ending,
    outlook,
    search,
    search_again,
    search_answers,
    search_notices,
    search_unanswered,
    waves,
)
from bot.domain.mission import IdelOffer, Mission, MissionState, Orientation, SearchState
from bot.domain.outcome import Answer, Fact, Notice, Outcome, Priority, Timer, nothing, to_group, to_person
from bot.domain.people import MissionId, Person, PersonId, Role
from bot.domain.waves import Eligible, Wave
from bot.flows import cascade, reach
from bot.flows.record import actor_of, record, rung
from bot.ports import AlreadyEngaged, AlreadyWon, Draft, Given, Transaction

GONE = Answer("search.gone")


async def candidates(
    given: Given, tx: Transaction, mission: Mission, *, anew: bool = False, without: PersonId | None = None
) -> Eligible:
    """The IDELs who may be asked now and were not in this search yet, and why others may not.

    `anew`: a search begins again, whoever was asked before counts as not asked; `without`: nor is she asked.
    """
    policy, now = given.region.search, given.now()
    reads: list[Coroutine[Any, Any, Any]] = [tx.people.askable(Role.IDEL), tx.people.engaged()]
    if policy.radii_km:
        reads.append(tx.offers.first_asked_since(now - policy.rotation))
        reads.append(tx.journal.between(now - policy.rotation, now, waves.TURNS))
    people, engaged, *turns = await tx.together(*reads)
    asked = set() if without is None else {without}
    if not anew and (mission.search.wave or mission.search.asked):
        epoch = mission.search.epoch
        asked |= {o.person for o in await tx.offers.of_mission(mission.id) if o.epoch == epoch}
    return waves.eligible(
        given.region,
        mission,
        people,
        now,
        busy=engaged,
        asked=asked,
        turns=waves.all_turns(turns[0], (line.facts for line in turns[1])) if turns else None,
    )


async def to_phone_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Whom OSNP phone: those the bot does not reach; while the service is closed, whom it leaves in peace."""
    facts = await reach.to_phone(given, tx, notice, mission)
    now = given.now()
    if mission is None or mission.search.asked or availability.rings(given.region, now, mission.open_until):
        return facts | {"closed": False}
    # As if it were open: who would be asked then.
    found = await candidates(given, tx, mission.with_(open_until=now + timedelta(minutes=1)))
    near = waves.rank(found.candidates, given.region.search.alike_km)[: reach.NAMED]
    people = await tx.people.many([one.person.id for one in near])
    quiet = [(people[one.person.id], one.distance_km) for one in near if one.person.id in people]
    return facts | {"closed": True, "quiet": quiet}


async def first_wave(given: Given, tx: Transaction, found: Eligible, *, answer_by: datetime) -> Wave:
    """Who is asked at once, of those who may be."""
    return await _wave(given, tx, found, 1, waves.middle(given.now(), answer_by))


async def _wave(given: Given, tx: Transaction, found: Eligible, number: int, everybody_by: datetime) -> Wave:
    policy, now = given.region.search, given.now()
    most = policy.smallest
    if number <= len(policy.radii_km) and now < everybody_by:
        most = waves.size(policy, *await tx.offers.rate_since(now - policy.history))
    return waves.plan(policy, found, now, number=number, most=most, everybody_by=everybody_by)


async def _next_wave(given: Given, tx: Transaction, mission: Mission) -> Wave:
    """Whoever comes next; where everybody was asked, whoever became free since."""
    now, current = given.now(), mission.search
    by = current.everybody_by if current.next_wave_at is not None else None
    return await _wave(
        given, tx, await candidates(given, tx, mission), current.wave + 1, by if by is not None else now
    )


async def _others(given: Given, tx: Transaction, mission: Mission) -> Wave:
    """The first wave, after the usual IDEL."""
    found = await candidates(given, tx, mission)
    return await first_wave(given, tx, found, answer_by=mission.search.answer_by)


async def start(
    given: Given, tx: Transaction, mission: Mission, *, said_no: PersonId | None = None
) -> Outcome:
    """The first wave of a new mission. `said_no`: the usual IDEL, who cannot; she has told OSNP."""
    found = await candidates(given, tx, mission, without=said_no)
    wave = await first_wave(given, tx, found, answer_by=mission.search.answer_by)
    outcome = search.start(mission, wave, given.now())
    if said_no is not None:
        outcome = replace(
            outcome, offers=(*outcome.offers, search.said_no(outcome.mission, said_no, given.now()))
        )
    return await _regulateur_rung(tx, outcome)


async def _regulateur_rung(tx: Transaction, outcome: Outcome) -> Outcome:
    """Nobody is there to ask: the régulateur learns it at once, where the bot reaches them."""
    mission = outcome.mission
    if mission.search.asked or mission.regulateur is None or mission.regulateur == mission.operator:
        return outcome
    person = await tx.people.get(mission.regulateur)
    if person is None or not (person.on_telegram and person.reachable):
        return outcome
    if mission.exercise and person.id not in mission.rings:
        return outcome
    told = search_notices.nobody_to_ask(mission, person.id)
    return replace(outcome, notices=(*outcome.notices, told))


async def warned(given: Given, tx: Transaction, outcome: Outcome) -> Outcome:
    """The same, and OSNP warned where the past says that an answer in time is unlikely."""
    mission, now, policy = outcome.mission, given.now(), given.region.search
    if mission.exercise or mission.search.state is SearchState.TAKEN or not policy.unlikely_under:
        return outcome
    since = now - policy.history
    triggered = await tx.journal.between(since, now, "mission.triggered")
    past = [
        outlook.Past(line.mission, line.at, str(line.facts["commune"]))
        for line in triggered
        if line.mission is not None and line.mission != mission.id and not line.facts.get("exercise")
    ]
    like = outlook.alike(given.region, mission.commune, now, past)
    if len(like) < policy.unlikely_from:
        return outcome
    accepted, nobody = await tx.together(
        tx.journal.between(since, now, "search.accepted"), tx.journal.between(since, now, "search.nobody")
    )
    found = outlook.unlikely(
        given.region, like, {line.mission for line in accepted}, {line.mission for line in nobody}
    )
    return outcome if found is None else outcome.then(search.warn_unlikely(mission, found))


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
            if (settled := search_answers.no_longer_open(seen, person.id, given.now())) is not None:
                return settled.answer
            mission = await tx.missions.lock(mission_id)
            if mission is None:
                return GONE
            if (settled := search_answers.no_longer_open(mission, person.id, given.now())) is not None:
                return settled.answer  # taken in between
            locked, offer, elsewhere = await tx.together(
                tx.people.lock([person.id]),
                tx.offers.get(mission_id, person.id),
                _elsewhere(tx, person.id, mission_id),
            )
            person = locked[person.id]
            if offer is not None and offer.epoch != epoch and mission.search.taken_by != person.id:
                offer = None
            outcome = search_answers.accept(
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
        outcome = search_answers.accept(
            mission, offer, person, elsewhere=elsewhere, estimate=None, now=given.now()
        )
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
        outcome = search_answers.refuse(mission, offer, person, given.now())
        outcome = await after_refusal(given, tx, mission, outcome)
        return await record(given, tx, outcome, actor_of(person))


async def after_refusal(given: Given, tx: Transaction, before: Mission, outcome: Outcome) -> Outcome:
    """A refusal, and whoever is asked because nobody is left who could still say yes."""
    mission, now = outcome.mission, given.now()
    if not outcome.events:
        return outcome
    if before.search.state is SearchState.USUAL:
        return outcome.then(search.widen(mission, await _others(given, tx, mission), "refused", now))
    if search.is_stuck(mission):
        return outcome.then(search.ask_more(mission, await _next_wave(given, tx, mission), "refused", now))
    return outcome


async def refusal_reason(
    given: Given, person: Person, mission_id: MissionId, epoch: int, reason: str
) -> Answer:
    """Why she refused."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        offer = await _offer(tx, mission_id, person, epoch)
        return await record(given, tx, search_answers.give_reason(mission, offer, reason), actor_of(person))


async def reconsider(given: Given, person: Person, mission_id: MissionId, epoch: int) -> Answer:
    """«Je peux, finalement»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        offer = await _offer(tx, mission_id, person, epoch)
        outcome = search_answers.reconsider(mission, offer, person, given.now())
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
        outcome = search.widen(mission, await _others(given, tx, mission), "osnp", given.now())
        return await record(given, tx, outcome, actor_of(by))


async def usual_accepted(given: Given, by: Person, mission_id: MissionId, estimate: int) -> Answer:
    """The usual IDEL says yes on the telephone, to the operator who phoned her."""
    try:
        async with given.storage.transaction() as tx:
            mission = await tx.missions.lock(mission_id)
            if mission is None:
                return GONE
            usual = mission.search.usual
            if (
                usual is None
                or not mission.search.usual_by_phone
                or mission.search.state not in search.OPEN_SEARCHES
            ):
                return Answer("search.stale")
            person = (await tx.people.lock([usual]))[usual]
            elsewhere = await _elsewhere(tx, usual, mission_id)
            offer = await tx.offers.get(mission_id, usual)
            outcome = search_answers.accept(
                mission, offer, person, elsewhere=elsewhere, estimate=estimate, now=given.now()
            )
            if outcome.won is None:
                engaged = Answer("search.late_engaged", {"other": elsewhere})
                return Answer("search.stale") if elsewhere is None else engaged
            outcome = replace(outcome, answer=Answer("search.usual_accepted", {"number": mission.number}))
            outcome = await cascade.follow(given, tx, mission, outcome)
            return await record(given, tx, outcome, actor_of(by))
    except (AlreadyWon, AlreadyEngaged):
        return Answer("search.stale")


async def widen_now(given: Given, by: Person, mission_id: MissionId, wave: int | None = None) -> Answer:
    """OSNP do not wait for the next wave. `wave`: the last one when the button was drawn, else stale."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        now = given.now()
        if mission.state is not MissionState.OPEN:
            outcome = nothing(mission, "control.over", number=mission.number)
        elif mission.search.state is SearchState.TAKEN:
            outcome = nothing(mission, "control.taken", number=mission.number)
        elif mission.search.state is SearchState.USUAL:
            outcome = search.widen(mission, await _others(given, tx, mission), "osnp", now)
        elif mission.search.next_wave_at is None:
            outcome = nothing(mission, "search.nobody_left", number=mission.number)
        elif wave is not None and wave != mission.search.wave:
            outcome = nothing(mission, "search.stale")
        else:
            outcome = search.ask_more(mission, await _next_wave(given, tx, mission), "osnp", now)
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
        outcome = search_unanswered.orient(
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
            outcome = ending.reoriented(outcome)
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
    """Whoever is silent hears it again instead of before, and whoever became free is asked too."""
    mission = outcome.mission
    offers = await tx.offers.of_mission(mission.id)
    again = outcome.then(search_unanswered.offer_again(mission, offers))
    asked = [(n.to, n.mission, "offer") for n in again.notices if n.kind == "search.offer" and n.fresh]
    for former in (await tx.sent.cards(asked)).values():
        # It names the hour that has passed: the new one comes in its place.
        await tx.sent.save(replace(former, card=None, has_patient_facts=True, delete_at=given.now()))
    more = await _next_wave(given, tx, again.mission)
    return again.then(search.ask_more(again.mission, more, "prolonged", given.now())) if more.asked else again


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
        outcome = search_answers.answer_late(
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
        found = await candidates(given, tx, mission, anew=True, without=person.id)
        wave = await first_wave(
            given, tx, found, answer_by=search_again.answer_again_by(mission, given.now())
        )
        outcome = search_again.give_back(mission, person, offer, wave, reason, given.now())
        outcome = await cascade.follow(given, tx, mission, outcome)
        return await record(given, tx, outcome, actor_of(person))


async def usual_silent(given: Given, timer: Timer) -> None:
    """The usual IDEL has not answered the exclusive offer."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            outcome = search.widen(mission, await _others(given, tx, mission), "silent", given.now())
            await record(given, tx, outcome, "timer")


async def next_wave_due(given: Given, timer: Timer) -> None:
    """The hour of the next wave has come."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None and search.next_is_due(mission, timer.epoch, given.now()):
            wave = await _next_wave(given, tx, mission)
            await record(given, tx, search.ask_more(mission, wave, "time", given.now()), "timer")


async def warning(given: Given, timer: Timer) -> None:
    """Twenty minutes went by and nobody tapped ACCEPTER."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await record(given, tx, search_unanswered.warn(mission, timer.epoch), "timer")


async def no_idel_in_time(given: Given, timer: Timer) -> None:
    """Thirty minutes went by and nobody tapped ACCEPTER."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await tx.outbox.expire(given.now())  # past their hour, not taken back: the account tells them
            unsent = await _unsent(tx, mission)
            await record(
                given, tx, search_unanswered.time_is_up(mission, timer.epoch, given.now(), unsent), "timer"
            )


async def not_reached(given: Given, timer: Timer) -> None:
    """Nurses who have an offer, or were to get it, cannot be written to: counted so, and others asked."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            outcome = search.not_reached(mission, await tx.offers.to_phone(mission.id))
            if outcome.events and search.is_stuck(outcome.mission):
                more = await _next_wave(given, tx, outcome.mission)
                outcome = outcome.then(search.ask_more(outcome.mission, more, "unreached", given.now()))
            await record(given, tx, outcome, "timer")


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
            await record(
                given, tx, search_unanswered.remind_orientation(mission, timer.epoch, given.now()), "timer"
            )
