"""The search for a doctor: follows the nurse's hour by itself; every answer is one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.domain import (
    calendar,
    cascade,
    cascade_answers,
    cascade_control,
    ending,
    rosters,
    video_hour,
    visio,
)
from bot.domain.cascade_notices import text_card
from bot.domain.mission import CascadeState, DoctorOfferState, EndReason, Mission, MissionState
from bot.domain.outcome import Answer, Event, Notice, Outcome, Priority, Timer, to_group, to_party, to_person
from bot.domain.people import (
    ANYBODY,
    GROUP_ROLES,
    CascadeStep,
    MissionId,
    OrganisationId,
    Party,
    PartyKind,
    Person,
    PersonId,
    Role,
)
from bot.domain.phone import find_phones
from bot.domain.rosters import Rosters
from bot.domain.thread import Voice
from bot.flows import thread
from bot.flows.record import actor_of, record, rung
from bot.ports import AlreadyWon, Draft, Given, Transaction

GONE = Answer("search.gone")


async def follow(given: Given, tx: Transaction, before: Mission, outcome: Outcome) -> Outcome:
    """What follows because a nurse came, and because her hour came, moved or went."""
    followed = await _follow(given, tx, before, outcome)
    idel = followed.mission.visit.idel
    if not followed.events or idel is None or idel == before.visit.idel:
        return followed
    caught_up = await thread.catch_up(given, tx, followed.mission, Voice.IDEL)
    return followed.then(Outcome(followed.mission, followed.answer, notices=tuple(caught_up)))


async def _follow(given: Given, tx: Transaction, before: Mission, outcome: Outcome) -> Outcome:
    """What the cascade does because the nurse's hour came, moved or went."""
    mission, now = outcome.mission, given.now()
    if not outcome.events or mission.state is not MissionState.OPEN:
        return outcome
    if mission.visit.idel is None:
        return outcome.then(cascade.suspend(mission)) if before.visit.idel is not None else outcome
    if mission.visit.expected_at is None:
        return outcome
    if mission.cascade.state is CascadeState.WAITING:
        steps = cascade.steps_of(given.region.on(calendar.local(given.region, now).date()))
        return outcome.then(cascade.start(mission, steps, await rosters_of(given, tx, mission), now))
    if mission.cascade.suspended:
        return outcome.then(cascade.take_up(mission, await rosters_of(given, tx, mission), now))
    came_or_moved = (
        mission.visit.expected_at != before.visit.expected_at or mission.visit.state is not before.visit.state
    )
    return outcome.then(cascade.moved(mission, now)) if came_or_moved else outcome


async def rosters_of(given: Given, tx: Transaction, mission: Mission) -> Rosters:
    """Who can be asked at each step today, or why the step is skipped."""
    now, until = given.now(), mission.limit + rosters.LOOK_AHEAD
    doctors, houses, turns, known_until = await tx.together(
        tx.people.all(Role.DOCTOR),
        tx.people.organisations(),
        tx.duties.between(now, max(until, now + rosters.LOOK_AHEAD)),
        tx.duties.known_until(now),
    )
    traitant = await tx.people.get(mission.medecin_traitant) if mission.medecin_traitant else None
    known = rosters.Known(
        doctors=doctors,
        houses=houses,
        turns=turns,
        in_use=frozenset(known_until),
        medecin_traitant=traitant,
        fiction=given.fiction_numbers,
    )
    return rosters.today(given.region, mission, known, now)


# Answers of doctors and houses


async def accept(
    given: Given,
    party: Party,
    mission_id: MissionId,
    hour: datetime,
    *,
    recorded_by: Person | None = None,
    by: Person | None = None,
) -> Answer:
    """A doctor taps an hour; or OSNP note it from the phone (`recorded_by`)."""
    try:
        async with given.storage.transaction() as tx:
            mission = await tx.missions.lock(mission_id)
            if mission is None:
                return GONE
            if party.kind is PartyKind.PERSON:
                await tx.people.lock([PersonId(party.id)])
            doctor = mission.cascade.doctor
            if recorded_by is not None and doctor is not None and doctor.party == party:
                fixed = video_hour.fix_hour(mission, hour, actor_of(recorded_by), given.now())
                return await record(given, tx, fixed, _actor(party, recorded_by))
            outcome = cascade_answers.accept(
                mission,
                party,
                hour,
                given.now(),
                recorded_by=recorded_by.short_name if recorded_by else None,
            )
            if outcome.won is not None:
                caught_up = await thread.catch_up(given, tx, outcome.mission)
                outcome = outcome.then(Outcome(outcome.mission, outcome.answer, notices=tuple(caught_up)))
            return await record(given, tx, outcome, _actor(party, recorded_by or by))
    except AlreadyWon:
        async with given.storage.transaction() as tx:
            mission = await tx.missions.get(mission_id)
            if mission is None:
                return GONE
            present = cascade_answers.accept(mission, party, hour, given.now())
            # Nothing was recorded: nobody must believe that it is theirs.
            taken = present.won is None
            return present.answer if taken else Answer("search.again", {"number": mission.number})


def _actor(party: Party, by: Person | None) -> str:
    return str(party) if by is None else f"{actor_of(by)} for {party}"


async def show_hours(given: Given, party: Party, mission_id: MissionId, *, many: bool) -> Answer:
    """«Autre heure»: more hours on the same card."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if cascade.find(mission, party) is None:
            return Answer("cascade.not_asked", {"number": mission.number})
        notice = Notice(
            "cascade.offer",
            to_party(party),
            mission_id,
            facts={"party": str(party), "many": many},
            priority=Priority.REPLY,
            card="offer",
            only_if_there=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("cascade.choose_hour")


async def refuse(
    given: Given,
    party: Party,
    mission_id: MissionId,
    *,
    reason: str | None = None,
    recorded_by: Person | None = None,
) -> Answer:
    """REFUSER, or OSNP note a refusal or a silence on the phone."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = cascade_answers.refuse(
            mission,
            party,
            await rosters_of(given, tx, mission),
            given.now(),
            reason=reason,
            recorded_by=recorded_by.short_name if recorded_by else None,
        )
        return await record(given, tx, outcome, _actor(party, recorded_by))


async def no_answer(given: Given, by: Person, mission_id: MissionId, party: Party, line: int) -> Answer:
    """OSNP let it ring in vain: the house's next line, or on with the step."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        lines = 1
        if party.kind is PartyKind.ORGANISATION:
            house = await tx.people.organisation(OrganisationId(party.id))
            lines = len(house.all_lines) if house else 1
        outcome = cascade_answers.unanswered(
            mission,
            party,
            line,
            lines,
            await rosters_of(given, tx, mission),
            given.now(),
            recorded_by=by.short_name,
        )
        return await record(given, tx, outcome, _actor(party, by))


async def see(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """The médecin traitant opens the name: journalled, protected, never in a first line."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        party = Party.person(person.id)
        found = cascade.find(mission, party)
        step = mission.cascade.steps[found[0]].step if found else None
        if step is not CascadeStep.MEDECIN_TRAITANT or mission.state is not MissionState.OPEN:
            return Answer("cascade.over", {"number": mission.number})
        await tx.journal.write(
            mission_id, [Event("disclosure.seen", {"what": "name"})], str(party), given.now()
        )
        await tx.outbox.owe(
            [Notice("doctor.seen", to_party(party), mission_id, priority=Priority.REPLY)], given.now()
        )
        return Answer("cascade.seen")


async def withdraw(given: Given, party: Party, mission_id: MissionId, by: Person | None = None) -> Answer:
    """«Me retirer»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = cascade_answers.withdraw(mission, party, await rosters_of(given, tx, mission), given.now())
        if outcome.events:
            outcome = outcome.then(visio.end(outcome.mission))
        return await record(given, tx, outcome, _actor(party, by))


async def ask_withdraw(given: Given, party: Party, mission_id: MissionId) -> Answer:
    """«Me retirer»: one more tap, because a patient waits."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        doctor = mission.cascade.doctor if mission else None
        if mission is None or doctor is None or doctor.party != party:
            return Answer("cascade.not_yours")
        notice = Notice(
            "doctor.withdraw",
            to_party(party),
            mission_id,
            priority=Priority.REPLY,
            card="withdraw",
            fresh=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("cascade.sure")


async def stay(given: Given, party: Party, mission_id: MissionId) -> Answer:
    """«Non, je reste»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        notice = Notice(
            "doctor.stays",
            to_party(party),
            mission_id,
            priority=Priority.REPLY,
            card="withdraw",
            only_if_there=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("cascade.stays", {"number": mission.number})


async def visit_instead(given: Given, party: Party, mission_id: MissionId, by: Person) -> Answer:
    """SOS médecin: «Visite à la place»: the mission ends with that visit."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        found = cascade.find(mission, party)
        if found is None or mission.cascade.state not in cascade.ACCEPTABLE:
            return Answer("cascade.over", {"number": mission.number})
        house = await tx.people.organisation(OrganisationId(party.id))
        outcome = ending.end(
            mission, EndReason.VISIT_SOS, house.name if house else by.short_name, None, given.now()
        )
        return await record(given, tx, outcome, _actor(party, by))


# Hours after the acceptance


async def propose_hours(given: Given, party: Party, mission_id: MissionId, by: Person) -> Answer:
    """«Changer l'heure»: the hours are laid before the doctor, who may also type one."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        doctor = mission.cascade.doctor if mission else None
        if mission is None or doctor is None or doctor.party != party:
            return Answer("cascade.not_yours")
        notice = Notice(
            "doctor.hours", to_party(party), mission_id, priority=Priority.REPLY, card="hour", fresh=True
        )
        await tx.outbox.owe([notice], given.now())
        if by.id != ANYBODY:
            await tx.drafts.save(Draft(by.id, _hour_draft(mission_id), "", given.now()))
        return Answer("cascade.choose_hour")


def _hour_draft(mission_id: MissionId) -> str:
    return f"video_hour:{mission_id}"


async def propose(given: Given, party: Party, mission_id: MissionId, hour: datetime, by: Person) -> Answer:
    """The doctor proposes another hour to the nurse."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        await tx.drafts.drop(by.id, _hour_draft(mission_id))
        doctor = mission.cascade.doctor if mission else None
        if mission is None or doctor is None or doctor.party != party:
            return Answer("cascade.not_yours")
        return await record(given, tx, video_hour.propose(mission, party, hour, given.now()), str(party))


async def answer_hour(
    given: Given, by: Party, mission_id: MissionId, hour: datetime | None, person: Person | None = None
) -> Answer:
    """The other side says yes (with the hour) or no (None). OSNP may answer for a doctor they phoned."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        side = _side(mission, by, person)
        if side is None:
            return Answer("cascade.not_yours")
        if hour is not None:
            outcome = video_hour.agree(mission, side, hour, given.now())
        else:
            outcome = video_hour.decline_hour(mission, side)
        return await record(given, tx, outcome, _actor(side, person) if side != by else str(by))


def _side(mission: Mission, by: Party, person: Person | None) -> Party | None:
    """For whom somebody answers about the hour."""
    doctor, proposal = mission.cascade.doctor, mission.cascade.proposal
    if doctor is None:
        return None
    if person is not None and person.role in GROUP_ROLES and mission.visit.by_phone:
        # OSNP have phoned the side that was asked: the doctor's own proposal is the nurse's to answer.
        of_doctor = proposal is not None and proposal.by == doctor.party
        return Party.person(mission.visit.idel or PersonId(0)) if of_doctor else doctor.party
    if by == doctor.party or by == Party.person(mission.visit.idel or PersonId(0)):
        return by
    if person is not None and person.role in GROUP_ROLES:
        return doctor.party
    return None


# Decisions of OSNP


async def show_answers(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Réponse par tél.»: everybody who may still answer, with yes and no."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if mission.cascade.state not in cascade.ACCEPTABLE:
            return Answer("cascade.over", {"number": mission.number})
        notice = Notice(
            "cascade.phone_answer",
            to_group(mission_id),
            mission_id,
            priority=Priority.REPLY,
            card="phone_answer",
            fresh=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("cascade.choose_party")


async def show_phone_hours(given: Given, by: Person, mission_id: MissionId, party: Party) -> Answer:
    """A doctor said yes on the phone: at what hour?"""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        found = cascade.find(mission, party)
        if found is None or mission.cascade.state not in cascade.ACCEPTABLE:
            return Answer("cascade.over", {"number": mission.number})
        notice = Notice(
            "cascade.phone_hours",
            to_group(mission_id),
            mission_id,
            facts={"party": str(party)},
            priority=Priority.REPLY,
            card="phone_answer",
            fresh=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("cascade.choose_hour")


async def _decided(
    given: Given, by: Person, mission_id: MissionId, decide: Callable[[Mission, Rosters], Outcome]
) -> Answer:
    """What an operator decides about the list of doctors."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = decide(mission, await rosters_of(given, tx, mission))
        return await record(given, tx, outcome, actor_of(by))


async def skip(given: Given, by: Person, mission_id: MissionId, epoch: int) -> Answer:
    """«Étape suivante»."""
    return await _decided(given, by, mission_id, lambda m, r: cascade_control.skip(m, r, given.now(), epoch))


async def go_back(given: Given, by: Person, mission_id: MissionId, epoch: int) -> Answer:
    """«Revenir»."""
    return await _decided(
        given, by, mission_id, lambda m, r: cascade_control.go_back(m, r, given.now(), epoch)
    )


async def restart(given: Given, by: Person, mission_id: MissionId, epoch: int) -> Answer:
    """«Reprendre la cascade»."""
    return await _decided(
        given, by, mission_id, lambda m, r: cascade_control.restart(m, r, given.now(), epoch)
    )


async def pause(given: Given, by: Person, mission_id: MissionId, length: timedelta | None = None) -> Answer:
    """«Pause 10 min»."""
    return await _decided(given, by, mission_id, lambda m, _: cascade_control.pause(m, given.now(), length))


async def resume(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Reprendre»."""
    return await _decided(given, by, mission_id, lambda m, _: cascade_control.resume(m, given.now()))


async def tell_idel(given: Given, by: Person, mission_id: MissionId, *, stay: bool) -> Answer:
    """No doctor: the régulateur has the nurse stay or leave."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None or mission.visit.idel is None or mission.state is not MissionState.OPEN:
            return GONE
        outcome = Outcome(
            mission,
            Answer("cascade.idel_told", {"number": mission.number}),
            events=(Event("cascade.idel_told", {"stay": stay}),),
            notices=(
                Notice(
                    "cascade.idel_stays" if stay else "cascade.idel_leaves",
                    to_person(mission.visit.idel),
                    mission_id,
                    card="nobody",
                    fresh=True,
                ),
            ),
        )
        return await record(given, tx, outcome, actor_of(by))


async def name_doctor(
    given: Given, party: Party, mission_id: MissionId, name: str, phone: str | None
) -> Answer:
    """The house says who does the video."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        return await record(given, tx, cascade_answers.name_doctor(mission, party, name, phone), str(party))


async def read_doctor(given: Given, party: Party, mission_id: MissionId, text: str) -> Answer:
    """«Dr Paul Haas 06 39 98 00 41», as a house writes it."""
    numbers = find_phones(text, fiction=given.fiction_numbers)
    name = text
    for found in numbers:
        name = name.replace(text[found.start : found.end], " ")
    name = " ".join(name.split()).strip(" ,;:-")
    if not any(letter.isalpha() for letter in name):
        return Answer("cascade.name_unread")
    phone = numbers[0].phone.e164 if numbers else None
    return await name_doctor(given, party, mission_id, name[:60], phone)


async def unnamed(given: Given, house: OrganisationId) -> list[Mission]:
    """Missions this house has accepted and whose doctor it has not named."""
    async with given.storage.transaction() as tx:
        held = await tx.missions.of_doctor(Party.organisation(house))
    return [m for m in held if m.cascade.doctor is not None and m.cascade.doctor.name is None]


# Text messages


async def question_by_text(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Where the question goes; nowhere once it is over for that doctor."""
    party = notice.facts.get("party")
    if mission is not None and party is not None:
        found = cascade.offer_at(mission, Party.read(str(party)))
        is_asked = found is not None and found[1].state is DoctorOfferState.TO_PHONE
        is_open = mission.state is MissionState.OPEN and mission.cascade.state in cascade.ACCEPTABLE
        if not (is_asked and is_open) or mission.cascade.suspended:
            return {"phone": None}
    return {"phone": notice.facts.get("phone")}


async def over_by_text(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Where «rien d'autre à faire» goes: only to whom the question has gone, or perhaps has, and once."""
    if mission is None:
        return {"phone": None}
    card = text_card(str(notice.facts.get("party")))
    newest = await tx.outbox.newest_gone(notice.to, mission.id, card, mission.triggered_at)
    return {"phone": notice.facts.get("phone") if newest == "cascade.sms" else None}


# Timers


async def doctor_silent(given: Given, timer: Timer) -> None:
    """The delay of a step has passed."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            asked_next = await rosters_of(given, tx, mission)
            unsent = await _unsent(tx, mission)
            outcome = cascade.silent(mission, timer.epoch, asked_next, given.now(), unsent)
            await record(given, tx, outcome, "timer")


async def _unsent(tx: Transaction, mission: Mission) -> set[Party]:
    """Doctors and houses whose offer of this step waits still or is past its hour."""
    step = mission.cascade.step
    if step is None or step.started_at is None:
        return set()
    places = await tx.outbox.never_sent(mission.id, "cascade.offer", step.started_at)
    cards = await tx.sent.cards((place, mission.id, "offer") for place in places)
    asked = {to_party(offer.party): offer.party for offer in step.offers}
    return {asked[p] for p in places if p in asked and (p, mission.id, "offer") not in cards}


async def pause_over(given: Given, timer: Timer) -> None:
    """The pause has ended by itself."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await record(given, tx, cascade_control.resume(mission, given.now(), timer.epoch), "timer")


async def call_not_recorded(given: Given, timer: Timer) -> None:
    """OSNP must phone and have not recorded an answer."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await record(given, tx, cascade.remind_call(mission, timer.epoch, given.now()), "timer")
