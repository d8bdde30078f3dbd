"""What the coordinateur changes while the bot runs: delays and exceptional days.

Each change is checked as the region file is, journalled with its author, told in the group in one line, and
followed by every process within seconds. Missions under way keep the delays they were started with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.domain import calendar, change
from bot.domain.change import CLOSED, FARTHEST, OPEN, READ_AT_EACH_USE, Change
from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import BOARD, GROUP_KINDS, Answer, Event, Fact, Notice, Place, Priority
from bot.domain.people import GROUP_ROLES, Person, Role
from bot.domain.region import Region
from bot.domain.region_checks import Fault, Why
from bot.flows.record import actor_of, record
from bot.ports import Draft, Given, Transaction

#: What waits for a typed value once a delay was chosen; the key of the delay is its body.
DELAY_DRAFT = "delay"

#: How long it waits: what is typed later is about something else.
TYPED_WITHIN = timedelta(minutes=10)

NOT_YOURS = Answer("coordinator.not_yours")


def is_coordinateur(person: Person) -> bool:
    """Whether they may change the region."""
    return person.active and person.role is Role.COORDINATEUR


# What is shown


async def delays(given: Given, by: Person, place: Place, text: str) -> Answer:
    """`/delais`, `/delais réponse`, `/delais réponse 25 min`."""
    if not text:
        return await show_delays(given, by, place)
    key, value = change.read_delay(given.region, text)
    if key is None:
        return Answer("coordinator.which_delay")
    if not value:
        return await choose_delay(given, by, place, key, fresh=True)
    return await set_delay(given, by, key, value)


async def show_delays(given: Given, by: Person, place: Place, *, fresh: bool = True) -> Answer:
    """Every delay with its present value."""
    if by.role not in GROUP_ROLES:
        return NOT_YOURS
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([_delays(by, place, fresh=fresh)], given.now())
    return Answer("coordinator.shown")


def _delays(by: Person, place: Place, *, fresh: bool = False) -> Notice:
    facts = {"may": _may_touch(by, place)}
    return Notice(
        "coordinator.delays", place, facts=facts, priority=Priority.REPLY, card="delays", fresh=fresh
    )


def _may_touch(by: Person, place: Place) -> bool:
    """In the group a coordinateur may be among those who read: the tap is checked."""
    return place.kind in GROUP_KINDS or is_coordinateur(by)


async def choose_delay(given: Given, by: Person, place: Place, key: str, *, fresh: bool = False) -> Answer:
    """One delay of the list: its value is chosen by a button, or typed in private."""
    if not is_coordinateur(by):
        return NOT_YOURS
    if key not in change.delay_keys(given.region):
        return Answer("coordinator.which_delay")
    async with given.storage.transaction() as tx:
        await tx.drafts.save(Draft(by.id, DELAY_DRAFT, key, given.now()))
        notice = Notice(
            "coordinator.delay",
            place,
            facts={"key": key},
            priority=Priority.REPLY,
            card="delays",
            fresh=fresh,
        )
        await tx.outbox.owe([notice], given.now())
    return Answer("coordinator.shown")


async def show_days(
    given: Given, by: Person, place: Place, what: str, day: date | None = None, *, fresh: bool = True
) -> Answer:
    """`/fermer`, `/ouvrir`: which day; of a day to open, which hours."""
    if by.role not in GROUP_ROLES:
        return NOT_YOURS
    facts: dict[str, Fact] = {
        "what": what,
        "may": _may_touch(by, place),
        "day": day.isoformat() if day else None,
    }
    notice = Notice("coordinator.days", place, facts=facts, priority=Priority.REPLY, card=what, fresh=fresh)
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([notice], given.now())
    return Answer("coordinator.shown")


async def show_changes(given: Given, by: Person, place: Place) -> Answer:
    """`/changements`: what stands, each with «Annuler»."""
    if by.role not in GROUP_ROLES:
        return NOT_YOURS
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([_changes(by, place, fresh=True)], given.now())
    return Answer("coordinator.shown")


def _changes(by: Person, place: Place, *, fresh: bool = False) -> Notice:
    facts = {"may": _may_touch(by, place)}
    return Notice(
        "coordinator.changes",
        place,
        facts=facts,
        priority=Priority.REPLY,
        card="changes",
        fresh=fresh,
        only_if_there=not fresh,
    )


async def facts(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What stands now, also where another process has changed it."""
    reading, file = await given.present.read(tx), given.present.file
    today = calendar.local(reading.region, given.now()).date()
    authors = await tx.people.many([one.author for one in reading.standing])
    return {
        "today": today,
        "delay_of": {k: change.value_of(reading.region, k) for k in change.delay_keys(reading.region)},
        "delay_in_file": {k: change.value_of(file, k) for k in change.delay_keys(file)},
        "now": reading.region,
        "file": file,
        "standing": [one for one in reading.standing if one.day is None or one.day >= today],
        "unfit": [one.id for one in reading.unfit],
        "authors": authors,
        "imported": reading.imported,
    }


# What is changed


async def set_delay(given: Given, by: Person, key: str, typed: str, place: Place | None = None) -> Answer:
    """A delay has another value from now on; `place` is where its card is drawn again."""
    if not is_coordinateur(by):
        return NOT_YOURS
    if key not in change.delay_keys(given.region):
        return Answer("coordinator.which_delay")
    value = change.tidy_value(key, typed)
    async with given.storage.transaction() as tx:
        before = change.value_of((await given.present.read(tx)).region, key)
        if before == value:
            return Answer("coordinator.same", {"changed": f"{key} {value}"})
        refused = await _stand(given, tx, by, key, value, {"before": before})
        if refused is not None:
            return replace(refused, facts={**refused.facts, "typed": typed})
        await tx.drafts.drop(by.id, DELAY_DRAFT)
        if place is not None:
            await tx.outbox.owe([_delays(by, place)], given.now())
        reading = await given.present.read(tx)
    given.present.take(reading)
    told: dict[str, Fact] = {"changed": f"{key} {value}", "before": before, "kept": _is_kept(key)}
    return Answer("coordinator.set", told)


def _is_kept(key: str) -> bool:
    """Whether missions under way keep what they were started with."""
    return key not in READ_AT_EACH_USE


async def typed_delay(given: Given, by: Person, draft: Draft, text: str) -> Answer | None:
    """«25 min», after a delay was chosen; None when the text is about something else, or comes too late."""
    lengths = [change.read_length(part) for part in change.parts_of(text)]
    is_value = None not in lengths or (draft.body in change.SIZES and change.read_size(text) is not None)
    if given.now() - draft.updated_at > TYPED_WITHIN or not (is_value or change.is_meant_as_length(text)):
        return None
    return await set_delay(given, by, draft.body, text)


async def close_day(given: Given, by: Person, text: str, place: Place | None = None) -> Answer:
    """`/fermer 24/12`: the service is closed on that day."""
    today = calendar.local(given.region, given.now()).date()
    day = change.read_day(text, today)
    if day is None and is_coordinateur(by) and change.read_opening(text, today)[1]:
        return Answer("coordinator.part_of_day")
    return await _set_day(given, by, CLOSED, day, "", today, place)


async def open_day(given: Given, by: Person, text: str, place: Place, *, fresh: bool = True) -> Answer:
    """`/ouvrir 26/12 8h-12h`: that day has these hours; without hours they are asked."""
    today = calendar.local(given.region, given.now()).date()
    day, hours = change.read_opening(text, today)
    if day is not None and not hours and is_coordinateur(by):
        return await show_days(given, by, place, "open", day, fresh=fresh)
    return await _set_day(given, by, OPEN, day, hours, today, place)


async def _set_day(
    given: Given, by: Person, key: str, day: date | None, hours: str, today: date, place: Place | None
) -> Answer:
    if not is_coordinateur(by):
        return NOT_YOURS
    if day is None:
        return Answer("coordinator.day_unread", {"day_of": key})
    if day < today:
        return Answer("coordinator.day_past", {"past_day": day.isoformat(), "day_of": key})
    if day - today > FARTHEST:
        return Answer("coordinator.day_far", {"far_day": day.isoformat()})
    value = f"{day.isoformat()} {hours}".strip()
    async with given.storage.transaction() as tx:
        missions = await _under_way(tx) if day == today else []
        region = (await given.present.read(tx)).region
        is_shut = key == CLOSED and not calendar.openings(region, day)
        if is_shut or _same_day(region, key, value):
            return Answer("coordinator.same", {"changed": f"{key} {value}"})
        touched = await _touched(tx, region, day)
        refused = await _stand(given, tx, by, key, value, {"touched": touched})
        if refused is not None:
            return refused
        if place is not None:
            what = "close" if key == CLOSED else "open"
            shown: dict[str, Fact] = {"what": what, "may": _may_touch(by, place), "day": None}
            redraw = Notice(
                "coordinator.days", place, facts=shown, priority=Priority.REPLY, card=what, only_if_there=True
            )
            await tx.outbox.owe([redraw], given.now())
        reading = await given.present.read(tx)
        await _follow(given, tx, reading.region, missions, by)
    given.present.take(reading)
    shut = day == today and key == OPEN and not _opens_again(reading.region, day, given.now())
    return Answer("coordinator.set", {"changed": f"{key} {value}", "touched": touched, "shut": shut})


def _opens_again(region: Region, day: date, now: datetime) -> bool:
    """Whether the service is still open on that day, or will be."""
    return any(closes > now for _, closes in calendar.openings(region, day))


async def _under_way(tx: Transaction) -> list[Mission]:
    """Every open mission, held until the transaction ends."""
    numbers = sorted(m.id for m in await tx.missions.unfinished() if m.state is MissionState.OPEN)
    held = [await tx.missions.lock(number) for number in numbers]
    return [mission for mission in held if mission is not None]


async def _follow(
    given: Given, tx: Transaction, region: Region, missions: Sequence[Mission], by: Person
) -> None:
    """The missions under way know when the service closes now."""
    for mission in missions:
        outcome = change.follow_hours(region, mission, given.now())
        if outcome is not None:
            await record(given, tx, outcome, actor_of(by))


def _same_day(region: Region, key: str, value: str) -> bool:
    changed = change.laid_over(region, key, value)
    return not isinstance(changed, Fault) and changed == region


async def _touched(tx: Transaction, region: Region, day: date) -> str:
    """The numbers of the open missions whose time runs into that day: «412, 413»."""
    begins, ends = (calendar.moment(region, d, time(0)) for d in (day, day + timedelta(days=1)))
    return ", ".join(
        str(m.number)
        for m in await tx.missions.unfinished()
        if m.state is MissionState.OPEN and m.triggered_at < ends and m.limit > begins
    )


async def _stand(
    given: Given, tx: Transaction, by: Person, key: str, value: str, told: Mapping[str, Fact]
) -> Answer | None:
    """Write one change down and tell the group, unless it cannot stand: then why.

    It takes the place of what stood of the same delay or day; a value that is the file's again stands by
    itself.
    """
    now, file = given.now(), given.present.file
    wanted = Change(0, now, by.id, key, value)
    standing, sectors = await tx.changes.standing(), await tx.changes.sectors()
    others = [one for one in standing if one.target != wanted.target]
    region, unfit = change.present(file, [*others, wanted], sectors)
    if wanted in unfit:
        fault = change.laid_over(region, key, value)
        why = fault.why if isinstance(fault, Fault) else Why.NO_SUCH_KEY
        return Answer("coordinator.refused", {"why": why.value, "typed": value})
    if (needed := _needing(unfit, change.present(file, standing, sectors)[1])) is not None:
        return needed
    for old in standing:
        if old.target == wanted.target:
            await tx.changes.revoke(old.id, by.id, now)
            await tx.outbox.owe([_told(old, by, "replaced")], now)
    if region != change.present(file, others, sectors)[0]:
        wanted = await tx.changes.add(wanted)
    event = Event("coordinator.changed", {"change": wanted.id, "key": key, "value": value, **told})
    await tx.journal.write(None, [event], actor_of(by), now)
    today = wanted.day == calendar.local(file, now).date()
    await tx.outbox.owe([_told(wanted, by, "standing", told, today=today)], now)
    return None


def _told(
    one: Change, by: Person, state: str, told: Mapping[str, Fact] | None = None, *, today: bool = False
) -> Notice:
    """The line in the group: what is changed, by whom; edited once it stands no more. It rings for today."""
    return Notice(
        "coordinator.today" if today else "coordinator.changed",
        BOARD,
        facts={
            "change": one.id,
            "changed": f"{one.key} {one.value}",
            "person": by.id,
            "state": state,
            "kept": _is_kept(one.key),
            **(told or {}),
        },
        card=f"change:{one.id}" if one.id else None,
        only_if_there=state == "replaced",
    )


def _needing(unfit: Sequence[Change], known: Sequence[Change]) -> Answer | None:
    """Another change stands only with this one: it must be taken back first."""
    broken = next((one for one in unfit if one not in known), None)
    return Answer("coordinator.needed", {"changed": f"{broken.key} {broken.value}"}) if broken else None


async def revoke(given: Given, by: Person, number: int, place: Place) -> Answer:
    """«Annuler»: what the file says counts again."""
    if not is_coordinateur(by):
        return NOT_YOURS
    today = calendar.local(given.region, given.now()).date()
    async with given.storage.transaction() as tx:
        now = given.now()
        missions = await _under_way(tx)
        standing = await tx.changes.standing()
        one = next((one for one in standing if one.id == number), None)
        if one is None:
            return Answer("coordinator.settled")
        file, sectors = given.present.file, await tx.changes.sectors()
        others = [other for other in standing if other.id != number]
        unfit, known = (change.present(file, some, sectors)[1] for some in (others, standing))
        if (needed := _needing(unfit, known)) is not None:
            return needed
        if not await tx.changes.revoke(number, by.id, now):
            return Answer("coordinator.settled")
        event = Event("coordinator.revoked", {"change": one.id, "key": one.key, "value": one.value})
        await tx.journal.write(None, [event], actor_of(by), now)
        await tx.outbox.owe([_told(one, by, "revoked"), _changes(by, place)], now)
        reading = await given.present.read(tx)
        if one.day == today:
            await _follow(given, tx, reading.region, missions, by)
    given.present.take(reading)
    return Answer("coordinator.revoked", {"changed": f"{one.key} {one.value}"})
