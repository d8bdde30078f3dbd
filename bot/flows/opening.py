"""The opening, in the operator's private chat: one draft, one living card, then the déclenchement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import msgspec

from bot.domain import calendar, opening, questionnaire, search, search_answers, waves
from bot.domain.mission import Mission, MissionState
from bot.domain.money import INDEMNITY
from bot.domain.opening import OpeningDraft, Question, Refusal, UsualAnswer
from bot.domain.outcome import (
    BOARD,
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Place,
    Priority,
    SetTimer,
    StopTimer,
    Timer,
    TimerKind,
    to_person,
)
from bot.domain.people import CascadeStep, MissionId, Person, PersonId, Role
from bot.domain.places import distance_between, plain
from bot.domain.recognition import recognise
from bot.domain.region import Question as AskedInRegion
from bot.domain.region import ServiceHours
from bot.domain.waves import Candidate
from bot.flows import cascade
from bot.flows import search as search_flow
from bot.flows.record import actor_of, record
from bot.ports import AlreadyEngaged, Draft, Given, SentMessage, Transaction

KIND = "opening"

#: The kind under which an operator's own messages are written down, to be purged.
TYPED = "opening.typed"

#: A message this long is one part of a paste that Telegram has cut (at 4,096).
PART = 4000

#: How long the next part of a paste is waited for.
NEXT_PART = timedelta(seconds=2)

#: How many people an exercice may choose among: one screen of buttons.
RING_CHOICES = 24

#: The answers of the usual IDEL after which nobody else is asked for now.
ASKED_ALONE = (UsualAnswer.ACCEPTS, UsualAnswer.BY_BOT, UsualAnswer.BY_PHONE)

STALE = Answer("opening.stale")
NOTED = Answer("opening.noted")


@dataclass(frozen=True, slots=True)
class Written:
    """The message somebody typed: it names a patient, so it is purged too."""

    chat_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a draft stands at this moment."""

    question: Question | None
    refusal: Refusal | None
    duplicates: tuple[Mission, ...]
    hours: ServiceHours
    day: date


# the draft


async def _read(tx: Transaction, owner: PersonId) -> OpeningDraft | None:
    """The operator's draft, held until the transaction ends."""
    return _opened(await tx.drafts.lock(owner, KIND))


def _opened(stored: Draft | None) -> OpeningDraft | None:
    try:
        return msgspec.json.decode(stored.body, type=OpeningDraft) if stored else None
    except msgspec.ValidationError:
        return None  # written by an earlier version: begun again


async def _keep(given: Given, tx: Transaction, owner: PersonId, draft: OpeningDraft) -> None:
    body = msgspec.json.encode(draft).decode()
    await tx.drafts.save(Draft(owner, KIND, body, given.now()))


async def _drop(given: Given, tx: Transaction, owner: PersonId) -> None:
    await tx.drafts.drop(owner, KIND)
    await tx.timers.apply(None, [StopTimer(TimerKind.PASTE, key=str(owner))], given.now())


def _card(owner: PersonId, kind: str = "opening.card", *, fresh: bool, **facts: Fact) -> Notice:
    return Notice(kind, to_person(owner), facts=facts, priority=Priority.REPLY, card="draft", fresh=fresh)


def _new(given: Given, person: Person, *, exercise: bool) -> OpeningDraft:
    draft = OpeningDraft(epoch=int(given.now().timestamp()))
    if person.role is Role.REGULATEUR:  # who opens it has decided it
        draft = replace(draft, decider=person.formal_name, regulateur=person.id)
    return opening.invented(draft, given.region) if exercise else draft


async def standing(given: Given, tx: Transaction, draft: OpeningDraft) -> Standing:
    """What is asked next, or why it cannot start."""
    hours = calendar.service_hours(given.region, given.now())
    day = calendar.local(given.region, given.now()).date()
    duplicates = await _duplicates(given, tx, draft, day)
    return Standing(
        question=opening.missing(draft, duplicates={m.id for m in duplicates}),
        refusal=opening.refusal(draft, hours, day, given.region.minimum_age),
        duplicates=tuple(m for m in duplicates if m.id not in draft.duplicates_seen),
        hours=hours,
        day=day,
    )


async def _duplicates(given: Given, tx: Transaction, draft: OpeningDraft, day: date) -> list[Mission]:
    """Missions of the same patient or number that are open, or were today."""
    if draft.exercise:
        return []
    found: dict[MissionId, Mission] = {}
    for phone in (draft.patient_phone, draft.caller.phone if draft.caller else None):
        if phone:
            found |= {m.id: m for m in await tx.missions.with_phone(phone, unfinished_only=False)}
    if draft.last_name:
        for mission in await tx.missions.with_name(draft.last_name, unfinished_only=False):
            dossier = await tx.missions.dossier(mission.id)
            if dossier is not None and opening.same_patient(draft, dossier):
                found[mission.id] = mission
    return [
        mission
        for mission in found.values()
        if not mission.exercise
        and (
            mission.state is not MissionState.CLOSED
            or calendar.local(given.region, mission.triggered_at).date() == day
        )
    ]


# from the group, from a command


async def door(given: Given, place: Place, bot: str) -> None:
    """`/mission` in the group: a button into the private chat, where the dialogue takes place."""
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([_door(place, bot)], given.now())


def _door(place: Place, bot: str, pasted_by: str | None = None) -> Notice:
    return Notice(
        "opening.door",
        place,
        MissionId(place.id) if place != BOARD else None,
        facts={"bot": bot, "by": pasted_by},
        priority=Priority.REPLY,
        card="door",
        fresh=True,
    )


async def begin(given: Given, person: Person, *, exercise: bool = False) -> None:
    """`/mission` in the private chat: a new draft, or the one that is waiting."""
    async with given.storage.transaction() as tx:
        draft = await _read(tx, person.id)
        if draft is None or (exercise and not draft.exercise):
            await _begin(given, tx, person, exercise=exercise)
        else:
            await tx.outbox.owe([_card(person.id, fresh=True)], given.now())


async def _begin(given: Given, tx: Transaction, person: Person, *, exercise: bool) -> OpeningDraft | None:
    """A fresh draft and its card; None when the service is closed."""
    hours = calendar.service_hours(given.region, given.now())
    if not hours.is_open and not exercise:
        facts = _closed(hours)
        await tx.journal.write(None, [Event("opening.refused", facts)], actor_of(person), given.now())
        await tx.outbox.owe([_card(person.id, "opening.closed", fresh=True, **facts)], given.now())
        return None
    draft = _new(given, person, exercise=exercise)
    await _keep(given, tx, person.id, draft)
    await tx.outbox.owe([_card(person.id, fresh=True)], given.now())
    return draft


def _closed(hours: ServiceHours) -> dict[str, Fact]:
    next_opening = hours.next_opening.isoformat() if hours.next_opening else None
    return {"cause": "closed", "reason": hours.reason, "next_opening": next_opening}


# typed


async def typed(given: Given, person: Person, text: str, written: Written) -> bool:
    """A text in the operator's private chat, for the draft that is open; False when there is none."""
    async with given.storage.transaction() as tx:
        draft = await _read(tx, person.id)
        if draft is None:
            return False
        await _hear(given, tx, person, draft, text, written)
        return True


async def typed_first(given: Given, person: Person, text: str, written: Written) -> bool:
    """A text without a draft: a paste that names a patient opens one; False when it is none."""
    draft = _new(given, person, exercise=False)
    day = calendar.local(given.region, given.now()).date()
    read = opening.paste(draft, text, given.region, day, fiction=given.fiction_numbers)
    if len(text) < PART and (read is None or read.guided):
        return False
    async with given.storage.transaction() as tx:
        if not calendar.service_hours(given.region, given.now()).is_open:
            await _begin(given, tx, person, exercise=False)
        else:
            await _hear(given, tx, person, await _read(tx, person.id) or draft, text, written)
    return True


def is_request(given: Given, text: str) -> bool:
    """Whether a text describes a patient, as a pasted request does: it is no note and no reason."""
    day = calendar.local(given.region, given.now()).date()
    return recognise(text, given.region, day, fiction=given.fiction_numbers).is_request


async def pasted_in_general(given: Given, person: Person, text: str, written: Written, bot: str) -> None:
    """A request pasted where the whole group reads: it goes on in private, and is deleted there."""
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([_door(BOARD, bot, pasted_by=person.first_name)], given.now())
        draft = await _read(tx, person.id)
        if draft is None and not calendar.service_hours(given.region, given.now()).is_open:
            await tx.sent.save(_typed(given, person, written))
            await _begin(given, tx, person, exercise=False)
        else:
            await _hear(given, tx, person, draft or _new(given, person, exercise=False), text, written)


async def typed_here(given: Given, person: Person, written: Written) -> bool:
    """Whether that message was typed into the draft that is open (and not into an earlier one)."""
    async with given.storage.transaction() as tx:
        draft = await _read(tx, person.id)
        message = await tx.sent.at(written.chat_id, written.message_id)
        if draft is None or message is None or message.kind != TYPED:
            return False
        return message.sent_at.timestamp() >= draft.epoch


async def edited(given: Given, person: Person, text: str) -> None:
    """A text of the draft was corrected where it stands: read again, over what is known."""
    async with given.storage.transaction() as tx:
        draft = await _read(tx, person.id)
        if draft is not None:
            await _understand(given, tx, person, draft, text)


async def _hear(
    given: Given, tx: Transaction, person: Person, draft: OpeningDraft, text: str, written: Written
) -> None:
    now = given.now()
    await tx.sent.save(_typed(given, person, written))
    parts = (*draft.parts, text)
    if len(text) >= PART:
        # Telegram has cut a long paste: the rest comes at once, or the timer works what is there.
        await _keep(given, tx, person.id, replace(draft, parts=parts))
        await tx.timers.apply(None, [SetTimer(TimerKind.PASTE, now + NEXT_PART, key=str(person.id))], now)
        return
    await tx.timers.apply(None, [StopTimer(TimerKind.PASTE, key=str(person.id))], now)
    await _understand(given, tx, person, replace(draft, parts=()), joined(parts))


def _typed(given: Given, person: Person, written: Written) -> SentMessage:
    """What an operator wrote of a patient is deleted as the bot's own words are; in the group at once."""
    now, in_group = given.now(), written.chat_id < 0
    place = BOARD if in_group else to_person(person.id)
    delete_at = now if in_group else now + given.region.delays.purge_after_visit
    message = SentMessage(written.chat_id, written.message_id, place, TYPED, now)
    return replace(message, has_patient_facts=True, delete_at=delete_at)


def joined(parts: Sequence[str]) -> str:
    """The paste as it was: Telegram cuts at 4,096, or at a blank that it then drops."""
    text = ""
    for part in parts:
        cut_in_a_word = len(text) > 0 and len(text) % 4096 == 0
        text = f"{text}{'' if cut_in_a_word or not text else chr(10)}{part}"
    return text


async def paste_complete(given: Given, timer: Timer) -> None:
    """No further part of a long paste has come."""
    async with given.storage.transaction() as tx:
        person = await tx.people.get(PersonId(int(timer.key)))
        if not await tx.timers.rung(timer, given.now()) or person is None:
            return
        draft = await _read(tx, person.id)
        if draft is not None and draft.parts:
            await _understand(given, tx, person, replace(draft, parts=()), joined(draft.parts))


async def _understand(given: Given, tx: Transaction, person: Person, draft: OpeningDraft, text: str) -> None:
    """The text against what is asked, and what else it says."""
    now = await standing(given, tx, draft)
    question = now.question if now.refusal is None or draft.asking else None
    heard = opening.hear(draft, question, text, given.region, now.day, fiction=given.fiction_numbers)
    await _changed(given, tx, person, now, heard, fresh=True)


async def _changed(
    given: Given, tx: Transaction, person: Person, before: Standing, draft: OpeningDraft, *, fresh: bool
) -> None:
    """Keep the draft, show its card; a refusal that is new is counted."""
    await _keep(given, tx, person.id, draft)
    after = await standing(given, tx, draft)
    if after.refusal is not None and after.refusal != before.refusal:
        facts = {"cause": after.refusal.cause.value, "line": after.refusal.line}
        await tx.journal.write(None, [Event("opening.refused", facts)], actor_of(person), given.now())
    await tx.outbox.owe([_card(person.id, fresh=fresh)], given.now())


# tapped


async def pressed(given: Given, person: Person, epoch: int, arg: str) -> Answer:
    """A button of the draft's card."""
    name, _, value = arg.partition("=")
    if name == "new":
        await begin(given, person, exercise=value == "exercise")
        return NOTED
    try:
        async with given.storage.transaction() as tx:
            draft = await _read(tx, person.id)
            if draft is None or draft.epoch != epoch:
                return STALE
            return await _pressed(given, tx, person, draft, name, value)
    except AlreadyEngaged:
        # The usual IDEL has taken another mission in between: the question is asked again.
        return await _ask_usual_again(given, person)


async def _pressed(
    given: Given, tx: Transaction, person: Person, draft: OpeningDraft, name: str, value: str
) -> Answer:
    if (name, value) == ("leave", "yes"):
        await _drop(given, tx, person.id)
        await tx.journal.write(None, [Event("opening.left")], actor_of(person), given.now())
        await tx.outbox.owe([_card(person.id, "opening.left", fresh=False)], given.now())
        return Answer("opening.left")
    if (name, value) == ("leave", "again"):
        await _drop(given, tx, person.id)
        await _begin(given, tx, person, exercise=draft.exercise)
        return NOTED
    now = await standing(given, tx, draft)
    if name == "go":
        return await _go(given, tx, person, draft, now)
    if name == "decider":
        changed = await _decided_by(tx, draft, value)
    elif name == "duplicate":
        seen = (*draft.duplicates_seen, *(m.id for m in now.duplicates))
        changed = replace(draft, duplicates_seen=seen)
    else:
        changed = opening.press(draft, name, value, given.region)
    if changed is None:
        return STALE
    await _changed(given, tx, person, now, replace(changed, unread=""), fresh=False)
    return NOTED


async def _decided_by(tx: Transaction, draft: OpeningDraft, value: str) -> OpeningDraft | None:
    regulateur = await tx.people.get(PersonId(int(value))) if value.isdigit() else None
    if regulateur is None or regulateur.role is not Role.REGULATEUR:
        return None
    return replace(draft, decider=regulateur.formal_name, regulateur=regulateur.id, asking=None, fixing=False)


async def _ask_usual_again(given: Given, person: Person) -> Answer:
    async with given.storage.transaction() as tx:
        draft = await _read(tx, person.id)
        if draft is not None:
            await _keep(given, tx, person.id, replace(draft, usual=None, estimate=None))
            await tx.outbox.owe([_card(person.id, fresh=False)], given.now())
    return Answer("opening.usual_engaged", alert=True)


# déclenchement


async def _go(given: Given, tx: Transaction, person: Person, draft: OpeningDraft, now: Standing) -> Answer:
    if now.refusal is not None or now.question is not None:
        await tx.outbox.owe([_card(person.id, fresh=False)], given.now())
        return Answer("opening.not_yet", alert=True)
    mission, asked = await _trigger(given, tx, person, draft, now.hours)
    await _drop(given, tx, person.id)
    facts: dict[str, Fact] = {
        "number": mission.number,
        "mission": mission.id,
        "at": mission.triggered_at.isoformat(),
        "answer_by": mission.search.answer_by.isoformat(),
        "state": mission.search.state.value,
        "asked": mission.search.reached,
        "unreached": mission.search.unreachable,
        "to_phone": mission.search.usual_by_phone,
        "exercise": mission.exercise,
    }
    await tx.outbox.owe([_card(person.id, "opening.triggered", fresh=False, **facts)], given.now())
    return replace(asked, facts={**asked.facts, "number": mission.number})


async def trigger_mission(given: Given, operator: Person, draft: OpeningDraft) -> Mission:
    """Start the mission of a complete draft, without its dialogue."""
    async with given.storage.transaction() as tx:
        hours = calendar.service_hours(given.region, given.now())
        mission, _ = await _trigger(given, tx, operator, draft, hours)
        return mission


async def _trigger(
    given: Given, tx: Transaction, operator: Person, draft: OpeningDraft, hours: ServiceHours
) -> tuple[Mission, Answer]:
    """The mission and its dossier are stored, both clocks start. Raises AlreadyEngaged."""
    now, region = given.now(), given.region
    regulateur = await _regulateur(tx, draft)
    start = opening.Start(
        number=await tx.missions.next_number(calendar.local(region, now).year),
        operator=operator.id,
        regulateur=regulateur.id if regulateur else None,
        hours=hours,
        now=now,
    )
    mission = opening.mission_of(draft, start, region)
    mission = mission.with_(id=await tx.missions.add(mission, opening.dossier_of(draft, region)))
    mission = mission.with_(medecin_traitant=await _medecin_traitant(tx, draft, mission.id))
    usual = await _usual(tx, draft)
    outcome = await search_flow.warned(given, tx, await _start(given, tx, mission, draft, usual))
    opened = Event(
        "opening.triggered",
        {
            "operator": operator.id,
            "regulateur": mission.regulateur,
            "requested_by": mission.requested_by,
            "usual": draft.usual.value if draft.usual else None,
            "usual_idel": usual.id if usual else None,
            "medecin_traitant": mission.medecin_traitant,
            "transport": draft.transport,
            "guided": draft.guided,
            "past_closing": hours.closes_at is not None and hours.closes_at < mission.limit,
        },
    )
    outcome = replace(outcome, events=(opened, *outcome.events))
    answer = await record(given, tx, outcome, actor_of(operator))
    return outcome.mission, answer


async def _start(
    given: Given, tx: Transaction, mission: Mission, draft: OpeningDraft, usual: Person | None
) -> Outcome:
    """Who is asked first: the usual IDEL as she answered, else everybody."""
    now = given.now()
    if usual is not None and draft.usual in ASKED_ALONE:
        usual = (await tx.people.lock([usual.id]))[usual.id]
        alone = Candidate(usual, distance_between(given.region, usual.commune, mission.commune))
        by_phone = draft.usual is UsualAnswer.BY_PHONE
        asked = search.start_with_usual(mission, alone, now, by_phone=by_phone)
        if draft.usual is not UsualAnswer.ACCEPTS:
            return asked
        held = (await tx.people.engaged([usual.id])).get(usual.id)
        if held is not None and not usual.several_missions:
            raise AlreadyEngaged
        won = search_answers.win(asked.mission, asked.offers[0], usual, draft.estimate, now)
        # She has said yes on the phone: the offer itself is not sent to her.
        outcome = replace(asked, notices=()).then(won)
        outcome = replace(outcome, answer=Answer("opening.usual_has_it"))
        return await cascade.follow(given, tx, mission, outcome)
    said_no = usual.id if usual is not None and draft.usual is UsualAnswer.UNAVAILABLE else None
    return await search_flow.start(given, tx, mission, said_no=said_no)


async def _regulateur(tx: Transaction, draft: OpeningDraft) -> Person | None:
    """Who answers for the decision: the decider when registered, else the first régulateur."""
    known = await tx.people.all(Role.REGULATEUR)
    decided = plain(draft.decider or "").split()
    by_name = [p for p in known if set(plain(p.last_name).split()) <= set(decided)]
    chosen = [p for p in known if p.id == draft.regulateur] or by_name or known
    return chosen[0] if chosen else None


async def _medecin_traitant(tx: Transaction, draft: OpeningDraft, mission: MissionId) -> PersonId | None:
    """The registered doctor, or one entered for this mission only."""
    contact = draft.medecin_traitant
    if contact is None:
        return None
    found = await _registered(tx, Role.DOCTOR, contact.name, contact.phone)
    if found is not None:
        return found.id
    last, first = opening.split_name(contact.name)
    guest = Person(
        PersonId(0),
        Role.DOCTOR,
        last,
        first,
        phone=contact.phone,
        cascade_step=CascadeStep.MEDECIN_TRAITANT,
        guest_of=mission,
    )
    return await tx.people.add(guest)


async def _usual(tx: Transaction, draft: OpeningDraft) -> Person | None:
    """The usual IDEL, when registered."""
    contact = draft.usual_idel
    return await _registered(tx, Role.IDEL, contact.name, contact.phone) if contact else None


async def _registered(tx: Transaction, role: Role, name: str, phone: str | None) -> Person | None:
    """Who that is: by the number, else by a name that only one has."""
    if phone is not None:
        found = await tx.people.by_phone(phone)
        if found is not None and found.role is role and found.active:
            return found
    words = set(plain(name).split())
    named = [p for p in await tx.people.all(role) if set(plain(p.last_name).split()) <= words]
    if len(named) > 1:
        named = [p for p in named if set(plain(p.first_name).split()) & words]
    return named[0] if len(named) == 1 else None


# what the card shows


async def card(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """Everything the living card of the draft needs; no draft, nothing to say."""
    owner = PersonId(notice.to.id)
    draft = _opened(next((d for d in await tx.drafts.of_owner(owner) if d.kind == KIND), None))
    if draft is None:
        return {"draft": None}
    now = await standing(given, tx, draft)
    usual = await _usual(tx, draft)
    held = (await tx.people.engaged([usual.id])).get(usual.id) if usual else None
    elsewhere = await tx.missions.get(held) if held and usual and not usual.several_missions else None
    asks = now.question
    limit = given.now() + given.region.delays.limit
    return {
        "draft": draft,
        "delete_at": given.now() + given.region.delays.purge_after_visit,
        "standing": now,
        "line": opening.next_line(draft, asks) if asks in draft.line_by_line and asks else None,
        "missing": opening.count_missing(draft),
        "optional": _optional(given, draft, now),
        "age": draft.age_on(now.day),
        "usual": usual,
        "usual_elsewhere": elsewhere.number if elsewhere else None,
        "regulateurs": await tx.people.all(Role.REGULATEUR) if asks is Question.DECIDER else [],
        "rings": await _ring_choices(given, tx, draft) if asks is Question.RINGS or draft.exercise else [],
        "past_closing": now.hours.closes_at is not None and now.hours.closes_at < limit,
        "funded": given.region.tariff(INDEMNITY, now.day) is not None,
    }


def _optional(given: Given, draft: OpeningDraft, now: Standing) -> AskedInRegion | None:
    """The next question of the region file, once the mission may start: DÉCLENCHER passes it over."""
    if now.question is not None or now.refusal is not None or draft.leaving or draft.fixing:
        return None
    return questionnaire.next_question(given.region, questionnaire.OSNP, draft.answers)


async def _ring_choices(given: Given, tx: Transaction, draft: OpeningDraft) -> list[Person]:
    """Whom an exercice may ring: nearest IDELs first, then doctors."""
    idels = [
        Candidate(p, distance_between(given.region, p.commune, draft.commune))
        for p in await tx.people.all(Role.IDEL)
        if p.on_telegram
    ]
    near = [c.person for c in waves.rank(idels)]
    doctors = [p for p in await tx.people.all(Role.DOCTOR) if p.on_telegram]
    return [*near, *doctors][:RING_CHOICES]
