"""A person's own card, changed by themselves or by OSNP; leaving the service, and being forgotten."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec

from bot.domain import joining, profile
from bot.domain.joining import Application, ApplicationState, Trouble
from bot.domain.mission import Mission
from bot.domain.outcome import (
    BOARD,
    Answer,
    Event,
    Fact,
    Notice,
    Place,
    Priority,
    to_applicant,
    to_person,
)
from bot.domain.people import GROUP_ROLES, Person, PersonId, Role
from bot.domain.phone import read_phone
from bot.domain.places import plain
from bot.domain.profile import Editing, Field
from bot.flows.record import actor_of
from bot.ports import Draft, Given, Transaction

#: Drafts of changes: «profile:12» is a change of person 12's card.
KIND = "profile"

#: Words typed later than that are not for the card any more.
WAITS = timedelta(minutes=15)

#: How many people one answer lists.
SHOWN = 8

STALE = Answer("profile.stale")
NOTED = Answer("profile.noted")
ASKED = Answer("profile.asked")

#: Words that end a change, typed.
CANCEL = frozenset({"annuler", "/annuler"})


# the card


async def show(given: Given, by: Person, of: PersonId) -> Answer | None:
    """The card in the private chat of whoever asked; None: it says all."""
    async with given.storage.transaction() as tx:
        person = await tx.people.get(of)
        if person is None or person.guest_of is not None:
            return Answer("profile.gone")
        if not profile.may_change(by, person):
            return Answer("press.not_yours")
        await _forget_changes(tx, by)
        if by.id != of:
            seen = Event("profile.seen", {"person": of})
            await tx.journal.write(None, [seen], actor_of(by), given.now())
        await tx.outbox.owe([_card(by, of, fresh=True)], given.now())
        return None


async def show_there(given: Given, by: Person, of: PersonId) -> Answer:
    """The same, tapped in a list."""
    return await show(given, by, of) or Answer("profile.in_private")


def _card(by: Person, of: PersonId, *, fresh: bool) -> Notice:
    return Notice(
        "profile.card",
        to_person(by.id),
        facts={"person": of},
        priority=Priority.REPLY,
        card="profile",
        fresh=fresh,
    )


async def _editing(tx: Transaction, by: Person, of: PersonId) -> Editing:
    return _opened(await tx.drafts.lock(by.id, f"{KIND}:{of}"))


def _opened(stored: Draft | None) -> Editing:
    try:
        return msgspec.json.decode(stored.body, type=Editing) if stored else Editing()
    except msgspec.ValidationError:
        return Editing()  # written by an earlier version


async def _keep(
    given: Given, tx: Transaction, by: Person, of: PersonId, editing: Editing, *, fresh: bool
) -> None:
    """What is being changed, and the card that shows it."""
    kind = f"{KIND}:{of}"
    if editing == Editing():
        await tx.drafts.drop(by.id, kind)
    else:
        body = msgspec.json.encode(editing).decode()
        await tx.drafts.save(Draft(by.id, kind, body, given.now()))
    await tx.outbox.owe([_card(by, of, fresh=fresh)], given.now())


async def _forget_changes(tx: Transaction, by: Person) -> None:
    """Whoever opens a card begins anew: words go to one card only."""
    for draft in await tx.drafts.of_owner(by.id):
        if draft.kind.partition(":")[0] == KIND:
            await tx.drafts.drop(by.id, draft.kind)


# tapped


async def pressed(given: Given, by: Person, of: PersonId, arg: str) -> Answer:
    """A button of a card."""
    name, _, value = arg.partition("=")
    async with given.storage.transaction() as tx:
        person = (await tx.people.lock([of])).get(of)
        if person is None or person.guest_of is not None:
            return Answer("profile.gone")
        if not profile.may_change(by, person):
            return Answer("press.not_yours")
        if name in ("leave", "forget") and value == "yes":
            busy = await _busy(tx, person)
            if busy is not None:
                await _keep(given, tx, by, of, Editing(), fresh=False)
                return Answer("profile.busy", {"number": busy.number}, alert=True)
        editing = await _editing(tx, by, of)
        match name:
            case "ask" if value in profile.fields(person, by, given.region):
                await _keep(given, tx, by, of, Editing(asking=Field(value)), fresh=False)
                return ASKED
            case "back":
                await _keep(given, tx, by, of, Editing(), fresh=False)
                return Answer("profile.closed")
            case "leave" | "forget" if value == "ask":
                await _keep(given, tx, by, of, Editing(confirming=name), fresh=False)
                return ASKED
            case "leave" if value == "yes" and editing.confirming == "leave":
                return await _leave(given, tx, by, person)
            case "forget" if value == "yes" and editing.confirming == "forget":
                return await _forget(given, tx, by, person)
            case "return" if by.role in GROUP_ROLES and not person.active and person.phone is not None:
                return await _return(given, tx, by, person)
        return await _choose(given, tx, by, person, name, value)


async def pressed_after_leaving(given: Given, user_id: int, of: PersonId, arg: str) -> Answer:
    """Whoever has left the service has one button still: to be forgotten."""
    async with given.storage.transaction() as tx:
        person = await tx.people.by_user(user_id)
    if person is None or person.id != of or person.left_at is None:
        return Answer("press.stranger", alert=True)
    if arg.partition("=")[0] not in ("forget", "back"):
        return STALE
    return await pressed(given, person, of, arg)


async def _choose(given: Given, tx: Transaction, by: Person, person: Person, name: str, value: str) -> Answer:
    field = profile.FIELD_OF.get(name)
    changed = profile.choose(person, name, value, given.region)
    if field is None or changed is None or field not in profile.fields(person, by, given.region):
        return STALE
    await _save(given, tx, by, person, changed, field)
    toggles = field in (Field.SECTORS, Field.ABILITIES)  # several may be touched, one after the other
    after = Editing(asking=field) if toggles else Editing(changed=field)
    await _keep(given, tx, by, person.id, after, fresh=False)
    return NOTED


async def _save(
    given: Given, tx: Transaction, by: Person, before: Person, after: Person, field: Field
) -> None:
    """The change, who made it, and word of it to whom it is about."""
    if after == before:
        return
    await tx.people.save(after)
    facts: dict[str, Fact] = {"person": before.id, "field": field.value}
    if field in profile.TOLD:
        facts["value"] = profile.shown_value(field, after)
    await tx.journal.write(None, [Event("profile.changed", facts)], actor_of(by), given.now())
    if by.id != before.id and after.active and after.on_telegram:
        told = Notice(
            "profile.changed",
            to_person(before.id),
            facts={"person": before.id, "field": field.value},
            card="profile_changed",
            fresh=True,
        )
        await tx.outbox.owe([told], given.now())


# typed


async def typed(given: Given, by: Person, draft: Draft, text: str) -> bool:
    """A text while a card asks for something; False when it is for somebody else."""
    of = PersonId(int(draft.kind.partition(":")[2]))
    if given.now() - draft.updated_at > WAITS:
        return False
    async with given.storage.transaction() as tx:
        person = (await tx.people.lock([of])).get(of)
        editing = await _editing(tx, by, of)
        field = editing.asking
        if person is None or field not in profile.TYPED or not profile.may_change(by, person):
            return False
        if text.strip().casefold() in CANCEL:
            await _keep(given, tx, by, of, Editing(), fresh=True)
            return True
        heard = profile.read(field, person, text, given.region, fiction=given.fiction_numbers)
        is_long = "\n" in text.strip() or heard is Trouble.TOO_LONG
        if isinstance(heard, Trouble) and (is_long or await _busy(tx, by) is not None):
            # Words for a mission, or a pasted request: the card does not swallow them.
            await tx.drafts.drop(by.id, draft.kind)
            return False
        await _heard(given, tx, by, person, editing, heard)
        return True


async def shared(given: Given, by: Person, contact_of: int | None, number: str) -> Answer | None:
    """A contact was sent: one's own, while one's card asks for the telephone. None: it was taken."""
    async with given.storage.transaction() as tx:
        person = (await tx.people.lock([by.id])).get(by.id)
        editing = await _editing(tx, by, by.id)
        account = await tx.people.account(by.id)
        if person is None or editing.asking is not Field.PHONE:
            return Answer("profile.contact_unasked")
        phone = read_phone(
            number if number.startswith(("+", "0")) else f"+{number}", fiction=given.fiction_numbers
        )
        heard: Person | Trouble
        if account is None or contact_of != account.user_id:
            heard = Trouble.SOMEBODY_ELSES
        else:
            heard = replace(person, phone=phone.e164) if phone else Trouble.PHONE
        await _heard(given, tx, by, person, editing, heard)
        return None


async def _heard(
    given: Given,
    tx: Transaction,
    by: Person,
    person: Person,
    editing: Editing,
    heard: Person | Trouble | tuple[str, ...],
) -> None:
    field = editing.asking
    if isinstance(heard, Person) and field is not None:
        taken = await _taken(tx, heard, field)
        if not taken:
            await _save(given, tx, by, person, heard, field)
            await _keep(given, tx, by, person.id, Editing(changed=field), fresh=True)
            return
        after = replace(editing, trouble=taken, communes=())
    elif isinstance(heard, tuple):
        after = replace(editing, trouble=None, communes=heard)
    else:
        after = replace(editing, trouble=str(heard), communes=())
    await _keep(given, tx, by, person.id, after, fresh=True)


async def _taken(tx: Transaction, person: Person, field: Field) -> str | None:
    """Whether the number is somebody else's."""
    other = None
    if field is Field.PHONE and person.phone:
        other = await tx.people.by_phone(person.phone)
    elif field is Field.RPPS and person.rpps:
        other = await tx.people.by_rpps(person.rpps)
    return f"{field.value}_taken" if other is not None and other.id != person.id else None


# leaving


async def _busy(tx: Transaction, person: Person) -> Mission | None:
    """A mission that somebody must see to before they can go."""
    held = await tx.people.engaged([person.id])
    if person.id in held:
        return await tx.missions.get(held[person.id])
    theirs = [*await tx.missions.of_idel(person.id), *await tx.missions.of_doctor(person.party)]
    if person.role in GROUP_ROLES:
        theirs += [mission for mission in await tx.missions.unfinished() if mission.operator == person.id]
    return theirs[0] if theirs else None


async def _leave(given: Given, tx: Transaction, by: Person, person: Person) -> Answer:
    now = given.now()
    if person.left_at is not None:
        return STALE
    await tx.people.save(profile.left(person, now))
    await tx.drafts.drop(by.id, f"{KIND}:{person.id}")
    await tx.journal.write(None, [Event("profile.left", {"person": person.id})], actor_of(by), now)
    is_last = person.role is Role.COORDINATEUR and not await tx.people.all(Role.COORDINATEUR)
    owed = [_card(by, person.id, fresh=False), _to_osnp("profile.left", by, person, last=is_last)]
    if person.on_telegram:
        owed.append(Notice("profile.goodbye", to_person(person.id), facts={"person": person.id}))
    await tx.outbox.owe(owed, now)
    return Answer("profile.left")


def _to_osnp(kind: str, by: Person, person: Person, **facts: Fact) -> Notice:
    facts |= {"person": person.id, "by": by.short_name if by.id != person.id else None}
    return Notice(kind, BOARD, facts=facts, priority=Priority.REPORT)


async def _return(given: Given, tx: Transaction, by: Person, person: Person) -> Answer:
    await tx.people.save(profile.back(person))
    await tx.journal.write(
        None, [Event("profile.returned", {"person": person.id})], actor_of(by), given.now()
    )
    owed = [_card(by, person.id, fresh=False)]
    if person.on_telegram:
        owed.append(Notice("joining.accepted", to_person(person.id), facts={"person": person.id}))
    await tx.outbox.owe(owed, given.now())
    return Answer("profile.returned")


async def _forget(given: Given, tx: Transaction, by: Person, person: Person) -> Answer:
    """At their own wish, or noted by an operator."""
    await tx.drafts.drop(by.id, f"{KIND}:{person.id}")
    await _erase(given, tx, person, actor_of(by), None if by.id == person.id else by.short_name)
    if by.id != person.id:
        await tx.outbox.owe([_card(by, person.id, fresh=False)], given.now())
    return Answer("profile.erased")


async def _erase(given: Given, tx: Transaction, person: Person, actor: str, noted_by: str | None) -> bool:
    """Their facts go, but for what a payment needs; the account is nobody's. Whether a rest stays."""
    now = given.now()
    missions = [
        *await tx.missions.of_idel(person.id, unfinished_only=False),
        *await tx.missions.of_doctor(person.party, unfinished_only=False),
    ]
    account = await tx.people.account(person.id)
    facts: dict[str, Fact] = {"person": person.id, "kept": bool(missions)}
    told: dict[str, Fact] = {**facts, "by": noted_by}
    owed = [Notice("profile.forgotten", BOARD, facts=told, priority=Priority.REPORT)]
    if account is not None:
        # They are nobody from now on: what they are still told goes to the chat itself.
        place = await _place_of_nobody(given, tx, account.user_id, account.chat_id)
        owed.append(Notice("profile.erased", place, facts={"kept": bool(missions)}))
    for draft in await tx.drafts.of_owner(person.id):
        await tx.drafts.drop(person.id, draft.kind)
    await tx.people.unlink_account(person.id)
    await tx.people.save(profile.forgotten(person, now, paid=bool(missions)))
    await tx.journal.write(None, [Event("profile.forgotten", facts)], actor, now)
    await tx.outbox.owe(owed, now)
    return bool(missions)


async def _place_of_nobody(given: Given, tx: Transaction, user_id: int, chat_id: int) -> Place:
    """The chat of somebody who is nobody: as the place of an application that says nothing."""
    former = await tx.applications.of_user(user_id)
    if former is not None:
        await tx.applications.save(
            replace(
                joining.emptied(former),
                state=former.state if not former.is_open else ApplicationState.WITHDRAWN,
                chat_id=chat_id,
                person=None,
            )
        )
        return to_applicant(former.id)
    empty = Application(0, user_id, chat_id, ApplicationState.WITHDRAWN, asked_at=given.now())
    return to_applicant((await tx.applications.save(empty)).id)


# By the command line


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of it."""

    busy: int | None = None  # the number of an open mission: nothing was erased
    kept: bool = False  # name and RPPS stay, for missions to be paid
    gone: bool = False  # there was nobody to erase any more


async def meant(given: Given, text: str) -> list[Person]:
    """Whom somebody means by a name, a telephone or an RPPS number."""
    async with given.storage.transaction() as tx:
        return await _found(given, tx, " ".join(text.split()))


async def erase(given: Given, of: PersonId) -> Erased:
    """Their facts go, as by «Effacer mes données»; not while a mission needs them."""
    async with given.storage.transaction() as tx:
        person = (await tx.people.lock([of])).get(of)
        if person is None or person.last_name == profile.NOBODY:
            return Erased(gone=True)
        if (busy := await _busy(tx, person)) is not None:
            return Erased(busy=busy.number)
        return Erased(kept=await _erase(given, tx, person, "cli", "l'administrateur"))


# `/personne`


async def search(given: Given, by: Person, text: str, place: Place) -> None:
    """Whom an operator means, by name, telephone or RPPS."""
    text = " ".join(text.split())
    async with given.storage.transaction() as tx:
        found = await _found(given, tx, text)
        if len(found) == 1 and place == to_person(by.id):
            await _forget_changes(tx, by)
            seen = Event("profile.seen", {"person": found[0].id})
            await tx.journal.write(None, [seen], actor_of(by), given.now())
            await tx.outbox.owe([_card(by, found[0].id, fresh=True)], given.now())
            return
        facts: dict[str, Fact] = {
            "asked": bool(text),
            "count": len(found),
            "people": ",".join(str(person.id) for person in found[:SHOWN]),
        }
        notice = Notice("profile.found", place, facts=facts, priority=Priority.REPLY)
        await tx.outbox.owe([notice], given.now())


async def _found(given: Given, tx: Transaction, text: str) -> list[Person]:
    phone = read_phone(text, fiction=given.fiction_numbers)
    digits = re.sub(r"\D", "", text)
    if phone is not None:
        person = await tx.people.by_phone(phone.e164)
        return [person] if person else []
    if len(digits) == 11:
        person = await tx.people.by_rpps(digits)
        return [person] if person else []
    wanted = plain(text).split()
    if not wanted:
        return []
    found = [
        person
        for person in await tx.people.all(active_only=False)
        if person.last_name != profile.NOBODY and _means(wanted, person)
    ]
    found.sort(key=lambda person: (not person.active, plain(person.last_name), plain(person.first_name)))
    return found


def _means(wanted: Sequence[str], person: Person) -> bool:
    """Whether each word begins one of the person's names."""
    names = plain(f"{person.first_name} {person.last_name}").split()
    return all(any(name.startswith(word) for name in names) for word in wanted)


# what the words need


async def card_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """A person's card, as whoever looks at it may change it."""
    of = PersonId(int(str(notice.facts["person"])))
    person, by = await tx.people.get(of), await tx.people.get(PersonId(notice.to.id))
    if person is None or by is None:
        return {"person": None}
    drafts = [d for d in await tx.drafts.of_owner(by.id) if d.kind == f"{KIND}:{of}"]
    labels = {ability.key: ability.label for ability in given.region.abilities}
    return {
        "person": person,
        "own": by.id == person.id,
        "editing": _opened(drafts[0] if drafts else None),
        "fields": profile.fields(person, by, given.region) if profile.may_change(by, person) else (),
        "commune": given.region.commune(person.commune or ""),
        "abilities": [labels.get(key, key) for key in person.capabilities],
        "step": next((r.label for r in given.region.steps if r.step is person.cascade_step), None),
        "steps": profile.steps(given.region),
        "staff": by.role in GROUP_ROLES,
    }


async def found_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """The people of a list."""
    ids = [PersonId(int(i)) for i in str(notice.facts["people"]).split(",") if i]
    people = await tx.people.many(ids)
    return {"found": [people[i] for i in ids if i in people]}
