"""The nurse's way to the patient, and the calls owed to the patient."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

from bot.domain import ending, visit
from bot.domain.calendar import shown_at
from bot.domain.mission import Mission, VisitState
from bot.domain.outcome import Answer, Event, Notice, Outcome, Place, Priority, Timer, to_group, to_person
from bot.domain.people import GROUP_ROLES, MissionId, Person
from bot.flows import cascade, questionnaire
from bot.flows.record import actor_of, record, rung
from bot.ports import Given, Transaction

GONE = Answer("search.gone")


async def _held(given: Given, tx: Transaction, person: Person, mission_id: MissionId) -> Mission | None:
    """The mission, locked, if this nurse holds it; OSNP note what she tells them on the phone."""
    mission = await tx.missions.lock(mission_id)
    return mission if mission is not None and _may_say(mission, person) else None


async def set_out(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«En route»."""
    async with given.storage.transaction() as tx:
        mission = await _held(given, tx, person, mission_id)
        if mission is None:
            return Answer("visit.not_yours")
        outcome = _with_menu(visit.set_out(mission, given.now()), person)
        return await record(given, tx, outcome, actor_of(person))


def _with_menu(outcome: Outcome, by: Person) -> Outcome:
    """The page on which OSNP noted a step of the nurse shows the next one."""
    if by.role not in GROUP_ROLES or not outcome.events:
        return outcome
    page = Notice(
        "control.page",
        to_group(outcome.mission.id),
        outcome.mission.id,
        facts={"page": "idel", "arg": ""},
        priority=Priority.REPLY,
        card="menu",
        only_if_there=True,
    )
    return replace(outcome, notices=(*outcome.notices, page))


async def arrive(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Sur place»."""
    async with given.storage.transaction() as tx:
        mission = await _held(given, tx, person, mission_id)
        if mission is None:
            return Answer("visit.not_yours")
        outcome = _with_menu(visit.arrive(mission, given.now()), person)
        outcome = await cascade.follow(given, tx, mission, outcome)
        outcome = await questionnaire.follow(given, tx, outcome)
        return await record(given, tx, outcome, actor_of(person))


async def finish(given: Given, person: Person, mission_id: MissionId, *, sure: bool) -> Answer:
    """«Visite terminée»: the closing questions follow; before any video it is asked once more."""
    async with given.storage.transaction() as tx:
        mission = await _held(given, tx, person, mission_id)
        if mission is None:
            return Answer("visit.not_yours")
        if not sure and visit.ends_too_early(mission):
            notice = Notice(
                "visit.finish_sure",
                to_group(mission_id) if person.role in GROUP_ROLES else to_person(person.id),
                mission_id,
                priority=Priority.REPLY,
                card="finish",
                fresh=True,
            )
            await tx.outbox.owe([notice], given.now())
            return Answer("visit.confirm_below")
        outcome = _with_menu(visit.finish(mission, given.now()), person)
        if outcome.events:
            outcome = outcome.then(ending.done(outcome.mission, person.short_name, given.now()))
        return await record(given, tx, outcome, actor_of(person))


async def choose_hour(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Changer l'heure»: the choice is laid before the one who tapped."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None or not _may_say(mission, person):
            return Answer("visit.not_yours")
        group = person.role in GROUP_ROLES
        notice = Notice(
            "visit.no_hour" if group else "visit.ask_hour",
            to_group(mission_id) if group else to_person(person.id),
            mission_id,
            priority=Priority.REPLY,
            card="group_hour" if group else "hour",
            fresh=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("visit.choose_hour")


def _may_say(mission: Mission, person: Person) -> bool:
    return person.role in GROUP_ROLES or mission.visit.idel == person.id


#: «8h» at half past nine means this morning, not tomorrow.
_JUST_PASSED = timedelta(hours=6)


async def set_hour(given: Given, person: Person, mission_id: MissionId, arg: str) -> Answer:
    """An arrival hour, tapped as minutes from now or written as a local «@HHMM»."""
    now = given.now()
    hour = now + timedelta(minutes=int(arg)) if arg.isdigit() else local_hour(given, arg.lstrip("@"), now)
    if hour is None:
        return Answer("visit.hour_unread")
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None or not _may_say(mission, person):
            return Answer("visit.not_yours")
        has_passed = hour > mission.limit and now - _JUST_PASSED < hour - timedelta(days=1)
        if has_passed:
            return Answer("visit.in_the_past", {"number": mission.number})
        by_osnp = person.id != mission.visit.idel
        outcome = visit.set_hour(mission, to_minute(hour), person.short_name, now, by_osnp=by_osnp)
        outcome = await cascade.follow(given, tx, mission, outcome)
        return await record(given, tx, outcome, actor_of(person))


def to_minute(at: datetime) -> datetime:
    """The full minute."""
    return at.replace(second=0, microsecond=0)


def local_hour(given: Given, text: str, now: datetime) -> datetime | None:
    """«1430», «14:30» or «14h30» as the next such local moment, in UTC; None when it is no hour."""
    digits = text.lower().replace("h", ":").replace(" ", "")
    hours, _, minutes = digits.partition(":") if ":" in digits else (digits[:-2], "", digits[-2:])
    try:
        said = time(int(hours), int(minutes or 0))
    except ValueError:
        return None
    hour = timedelta(hours=1)
    moments = [at for at in shown_at(given.region, said, now) if at >= now - hour]
    twice = [at for at in moments if at <= moments[0] + hour]  # where the clocks show it twice
    return min(twice, key=lambda at: abs(at - now))


async def awaits_hour(given: Given, person: Person) -> MissionId | None:
    """The one mission whose arrival this nurse may still announce; one without an hour comes first."""
    async with given.storage.transaction() as tx:
        held = [m for m in await tx.missions.of_idel(person.id) if m.visit.idel == person.id]
    coming = [m for m in held if m.visit.state in (VisitState.PLANNED, VisitState.EN_ROUTE)]
    unknown = [m for m in coming if m.visit.expected_at is None]
    wanted = unknown or coming
    return wanted[0].id if len(wanted) == 1 else None


async def hour_asked_at(given: Given, chat_id: int, message_id: int) -> MissionId | None:
    """The mission whose message in the group asks for its nurse's hour."""
    async with given.storage.transaction() as tx:
        asked = await tx.sent.at(chat_id, message_id)
    return asked.mission if asked is not None and asked.kind == "visit.no_hour" else None


async def leave_hour_to_osnp(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«À voir avec l'OSNP»."""
    async with given.storage.transaction() as tx:
        mission = await _held(given, tx, person, mission_id)
        if mission is None:
            return Answer("visit.not_yours")
        return await record(given, tx, visit.leave_hour_to_osnp(mission), actor_of(person))


async def ask_give_back(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Je ne peux plus y aller»: a reason, or keep it."""
    async with given.storage.transaction() as tx:
        mission = await _held(given, tx, person, mission_id)
        if mission is None or mission.visit.finished_at is not None:
            return Answer("visit.not_yours")
        notice = Notice(
            "visit.give_back",
            to_person(person.id),
            mission_id,
            priority=Priority.REPLY,
            card="give_back",
            fresh=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("visit.choose_reason")


async def keep(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Non, je la garde»."""
    async with given.storage.transaction() as tx:
        mission = await _held(given, tx, person, mission_id)
        if mission is None:
            return Answer("visit.not_yours")
        notice = Notice(
            "visit.kept",
            to_person(person.id),
            mission_id,
            priority=Priority.REPLY,
            card="give_back",
            only_if_there=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("visit.kept")


async def patient_told(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """OSNP have called the patient."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = visit.patient_told(mission, by.short_name, given.now())
        return await record(given, tx, outcome, actor_of(by))


async def see_patient(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Voir le patient»: identity in the operator's private chat, journalled."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if await tx.missions.dossier(mission_id) is None:
            return Answer("mission.forgotten")
        await tx.journal.write(
            mission_id, [Event("disclosure.seen", {"what": "patient"})], actor_of(by), given.now()
        )
        notice = Notice(
            "mission.patient",
            to_person(by.id),
            mission_id,
            priority=Priority.REPLY,
            card="patient",
            fresh=True,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("mission.patient_sent")


async def menu(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Autre…»: every way a mission can go wrong, by buttons."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        group = by.role in GROUP_ROLES
        if not group and mission.visit.idel != by.id:
            return Answer("visit.not_yours")
        place = to_group(mission_id) if group else to_person(by.id)
        await clear_menu(tx, place, mission_id, given.now())
        notice = Notice("mission.menu", place, mission_id, priority=Priority.REPLY, card="menu", fresh=True)
        await tx.outbox.owe([notice], given.now())
        return Answer("mission.menu_shown")


#: A message older than this cannot be deleted any more.
DELETABLE = timedelta(hours=40)


async def clear_menu(tx: Transaction, place: Place, mission_id: MissionId, now: datetime) -> None:
    """The menu that stands further up is deleted: only the newest one is to be tapped."""
    old = await tx.sent.card(place, mission_id, "menu")
    if old is not None and old.sent_at > now - DELETABLE:
        await tx.sent.save(replace(old, has_patient_facts=True, delete_at=now))


async def no_hour_yet(given: Given, timer: Timer) -> None:
    """A quarter of an hour since the acceptance, and no arrival hour."""
    await _on_timer(given, timer, visit.ask_osnp_for_hour)


async def late_arrival(given: Given, timer: Timer) -> None:
    """The announced hour has passed and she is not on site."""
    await _on_timer(given, timer, lambda mission: visit.chase_arrival(mission, given.now()))


async def _on_timer(given: Given, timer: Timer, decide: Callable[[Mission], Outcome]) -> None:
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await record(given, tx, decide(mission), "timer")
