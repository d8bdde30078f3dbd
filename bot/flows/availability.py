"""What somebody says of their availability, or an operator for them; and the card that shows it.

Knows no words. Nothing rings when a pause ends: whoever asks for nurses looks at that moment.
"""

from datetime import timedelta
from typing import Any

from bot.domain import availability, availability_typed, places
from bot.domain.availability import ASKED, Said, Say, Wish
from bot.domain.mission import Mission
from bot.domain.outcome import Answer, Fact, Notice, Priority, to_person
from bot.domain.people import GROUP_ROLES, Person, PersonId, Role
from bot.flows.record import actor_of
from bot.ports import Draft, Given, Transaction

#: The faces of the card.
MAIN, LEAVE, WEEK = "main", "leave", "week"

#: What a tap's argument is after the person: a face of the card, or a wish.
VIEW, WISH = "v", "w"

#: Days chosen when the hours of the week are opened: Monday to Friday.
WORKING_DAYS = 0b11111

#: A day or hours are typed right after the card asked for them; later it is something else.
TYPED_WITHIN = timedelta(minutes=15)

#: Whoever types more than this means something else.
LONGEST_TYPED = 40

#: Names among which an operator chooses, and of whom a list tells.
MOST_NAMES = 8
MOST_AWAY = 30

NOT_YOURS, GONE = Answer("availability.not_yours"), Answer("availability.gone")


async def show(given: Given, by: Person) -> None:
    """`/dispo` of a nurse or a doctor: their card, anew."""
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([_card(by, by.id, fresh=True)], given.now())


async def show_other(given: Given, by: Person, name: str) -> Answer:
    """`/dispo NOM` of an operator: that person's card in the operator's chat, or a choice of names."""
    async with given.storage.transaction() as tx:
        wanted = places.plain(name).split()
        found = [p for p in await tx.people.all() if p.role in ASKED and _is_called(p, wanted)]
        if not found:
            return Answer("availability.nobody", {"name": name[:40]})
        if len(found) > MOST_NAMES:
            return Answer("availability.too_many", {"count": len(found)})
        if len(found) == 1:
            notice = _card(by, found[0].id, fresh=True)
        else:
            ids = ",".join(str(p.id) for p in sorted(found, key=lambda p: (p.last_name, p.first_name, p.id)))
            notice = Notice(
                "availability.which", to_person(by.id), facts={"among": ids}, priority=Priority.REPLY
            )
        await tx.outbox.owe([notice], given.now())
        return Answer("availability.sent")


def _is_called(person: Person, wanted: list[str]) -> bool:
    names = places.plain(f"{person.first_name} {person.last_name}").split()
    return bool(wanted) and all(any(name.startswith(word) for name in names) for word in wanted)


async def show_away(given: Given, by: Person) -> Answer:
    """`/dispo` of an operator: who is paused now."""
    async with given.storage.transaction() as tx:
        notice = Notice(
            "availability.away", to_person(by.id), priority=Priority.REPLY, card="away", fresh=True
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("availability.sent")


async def set_for(
    given: Given, by: Person, person_id: PersonId, wish: Wish, *, fresh: bool = False
) -> Answer:
    """What somebody says of themselves, or an operator says for them; their card is drawn again.

    `fresh`: it was typed, so the card comes anew below what was typed.
    """
    async with given.storage.transaction() as tx:
        person = (await tx.people.lock([person_id])).get(person_id)
        if person is None or person.role not in ASKED:
            return GONE
        if not _may_say(by, person):
            return NOT_YOURS
        try:
            said = availability.follow(given.region, person, wish, given.now())
        except ValueError:
            return Answer("press.unknown")
        await _record(given, tx, by, said)
        is_week = wish.say is Say.WEEK
        days = wish.value.partition(".")[0] if is_week else ""
        if is_week:  # the card still asks for the hours of other days
            await tx.drafts.save(_waiting(given, by, person.id, WEEK, days))
        else:
            await tx.drafts.drop(by.id, draft_kind(person.id))
        notices = [_card(by, person.id, view=WEEK if is_week else MAIN, days=days, fresh=fresh)]
        if by.id != person.id and said.event is not None and person.on_telegram and person.reachable:
            # Not a card that is edited somewhere above: they did not ask, and must see it.
            notices.append(_card(person, person.id, fresh=True, by=by.first_name))
        await tx.outbox.owe(notices, given.now())
        return said.answer


async def _record(given: Given, tx: Transaction, by: Person, said: Said) -> None:
    await tx.people.save(said.person)
    if said.event is not None:
        await tx.journal.write(None, [said.event], actor_of(by), given.now())


async def turn(given: Given, by: Person, person_id: PersonId, view: str, days: str = "") -> Answer:
    """Another face of the card; where a day or hours may be typed, they are waited for."""
    async with given.storage.transaction() as tx:
        person = await tx.people.get(person_id)
        if person is None or person.role not in ASKED:
            return GONE
        if not _may_say(by, person):
            return NOT_YOURS
        if view in (LEAVE, WEEK):
            await tx.drafts.save(_waiting(given, by, person.id, view, days))
        else:
            await tx.drafts.drop(by.id, draft_kind(person.id))
        await tx.outbox.owe([_card(by, person.id, view=view, days=days)], given.now())
        return Answer("availability.turned")


def _waiting(given: Given, by: Person, person: PersonId, view: str, days: str) -> Draft:
    return Draft(by.id, draft_kind(person), f"{view}.{days or WORKING_DAYS}", given.now())


def draft_kind(person: PersonId) -> str:
    """The dialogue in which a day or hours are typed."""
    return f"availability:{person}"


async def typed(given: Given, by: Person, draft: Draft, text: str) -> tuple[PersonId, Wish] | Answer | None:
    """What a text means to the card that waits for a day or hours; None: it is for somebody else.

    Only looks. Whoever has a mission under way and types what is neither, types for the mission.
    """
    if given.now() - draft.updated_at > TYPED_WITHIN:
        return None
    person = PersonId(int(draft.kind.partition(":")[2]))
    view, _, days = draft.body.partition(".")
    if view == LEAVE:
        day = availability_typed.read_day(given.region, text, given.now())
        wish = Wish(Say.LEAVE, day.isoformat()) if day else None
    else:
        spans = availability_typed.read_hours(text)
        wish = Wish(Say.WEEK, f"{days}.{availability.written(spans)}") if spans else None
    if wish is not None:
        return person, wish
    is_other = len(text) > LONGEST_TYPED or "\n" in text
    if is_other or availability_typed.read_wish(given.region, text, given.now()) is not None:
        return None
    if by.role in ASKED and not await _is_free(given, by):
        return None
    return Answer("availability.bad_date" if view == LEAVE else "availability.bad_hours")


async def meant(given: Given, person: Person, text: str) -> Wish | Answer | None:
    """What a message says of somebody's availability, when that is all of it. Only looks.

    Whoever has a mission writes for the mission, but of leave: its «24/12» would be a blood pressure.
    """
    if person.role not in ASKED or len(text) > LONGEST_TYPED:
        return None
    wish = availability_typed.read_wish(given.region, text, given.now())
    is_leave = availability_typed.speaks_of_leave(text)
    if not is_leave:
        if wish is None and not availability_typed.speaks_of_absence(text):
            return None
        if not await _is_free(given, person):
            return None
    return wish or Answer("availability.not_noted")


async def _is_free(given: Given, person: Person) -> bool:
    async with given.storage.transaction() as tx:
        if person.role is Role.IDEL:
            return not await tx.people.engaged([person.id])
        doctors = [m.cascade.doctor for m in await tx.missions.unfinished()]
        return all(doctor is None or doctor.party != person.party for doctor in doctors)


def _may_say(by: Person, person: Person) -> bool:
    return by.id == person.id or by.role in GROUP_ROLES


def _card(
    reader: Person,
    person: PersonId,
    *,
    view: str = MAIN,
    days: str = "",
    fresh: bool = False,
    by: str | None = None,
) -> Notice:
    facts: dict[str, Fact] = {"person": person, "view": view, "days": int(days or WORKING_DAYS), "by": by}
    return Notice(
        "availability.card",
        to_person(reader.id),
        facts=facts,
        priority=Priority.REPLY,
        card=f"availability:{person}",
        fresh=fresh,
    )


# ---- what the words need ---------------------------------------------------------------------------------


async def card_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """How somebody stands now."""
    person = await tx.people.get(PersonId(int(str(notice.facts["person"]))))
    if person is None:
        return {}
    held = (await tx.people.engaged([person.id])).get(person.id)
    of = await tx.missions.get(held) if held is not None else None
    return {
        "why": availability.why_not(given.region, person, given.now()),
        "again": availability.asked_from(given.region, person, given.now()),
        "held": of.number if of is not None else None,
        "offers": len(await tx.offers.open_of_person(person.id)),
        "week": availability.week_of(person) if person.weekly else (),
        "morning": availability.MORNING,
    }


async def away_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Who is paused now, the first to come back first."""
    now = given.now()
    paused = [p for p in await tx.people.all() if p.role in ASKED and availability.is_paused(p, now)]
    paused.sort(key=lambda p: (p.paused_until or now, p.last_name, p.id))
    return {"away": paused[:MOST_AWAY], "more": max(0, len(paused) - MOST_AWAY)}


async def names_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Those among whom an operator chooses."""
    ids = [PersonId(int(i)) for i in str(notice.facts["among"]).split(",")]
    people = await tx.people.many(ids)
    return {"names": [people[i] for i in ids if i in people]}
