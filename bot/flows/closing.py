"""After the care: the closing questions, every exit, the owner of the night, and forgetting."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain import closing, ending, money, night, worsening
from bot.domain.calendar import local
from bot.domain.mission import (
    EndReason,
    Mission,
    MissionState,
    NightOwner,
    PatientOutcome,
    Prescription,
)
from bot.domain.outcome import (
    Answer,
    Facts,
    Notice,
    Outcome,
    Place,
    Priority,
    SetTimer,
    Timer,
    TimerKind,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import GROUP_ROLES, MissionId, Party, PartyKind, Person, PersonId
from bot.domain.phone import find_phones
from bot.flows import forget as forgetting
from bot.flows.record import actor_of, record, redraws, rung
from bot.flows.written import Written, named_mission
from bot.ports import DocumentKind, Draft, Given, Transaction

GONE = Answer("search.gone")

#: The kind of an operator's draft that waits for the name of the owner of the night, before its colon.
NIGHT = "night"

#: And that of one that waits for the reason of a cancellation.
CANCEL = "cancel"

#: How long its words may be.
REASON_LENGTH = 120

#: While the patient is still owed a call, the dossier is kept for another hour, a few times.
CALL_FIRST = timedelta(hours=1)


# The nurse's three questions


async def answer_acts(given: Given, person: Person, mission_id: MissionId, value: str) -> Answer:
    """«Aucun → TLD», «Oui → TLS + acte»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = closing.answer_acts(mission, _nurse(mission, person), value, given.now())
        return await _answered(given, tx, person, outcome)


async def answer_outcome(
    given: Given, person: Person, mission_id: MissionId, value: PatientOutcome
) -> Answer:
    """Where the patient is now."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = closing.answer_outcome(mission, _nurse(mission, person), value, given.now())
        return await _answered(given, tx, person, outcome)


async def answer_prescription(
    given: Given, person: Person, mission_id: MissionId, value: Prescription
) -> Answer:
    """What became of the ordonnance."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = closing.answer_prescription(mission, _nurse(mission, person), value, given.now())
        return await _answered(given, tx, person, outcome)


def _nurse(mission: Mission, by: Person) -> PersonId:
    """Who answers: herself; OSNP in the place of a nurse whom only they reach."""
    idel = mission.visit.idel
    instead = by.role in GROUP_ROLES and mission.visit.by_phone and idel is not None
    return idel if instead and idel is not None else by.id


async def _answered(given: Given, tx: Transaction, person: Person, outcome: Outcome) -> Answer:
    if any(event.kind == "closing.idel_done" for event in outcome.events):
        outcome = await _with_regulateur(tx, outcome, "closing.outcome")
    return await record(given, tx, outcome, actor_of(person))


async def _with_regulateur(tx: Transaction, outcome: Outcome, kind: str) -> Outcome:
    """The régulateur hears it in private too, where the bot reaches them."""
    mission = outcome.mission
    regulateur = await tx.people.get(mission.regulateur) if mission.regulateur is not None else None
    if regulateur is None or not (regulateur.on_telegram and regulateur.reachable):
        return outcome
    # In the words of the group's notice, where it is the same.
    facts: Facts = next((told.facts for told in outcome.notices if told.kind == kind), {})
    notice = Notice(kind, to_person(regulateur.id), mission.id, facts=facts, card="outcome", fresh=True)
    return replace(outcome, notices=(*outcome.notices, notice))


async def back(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Revenir», or «Corriger» once all is answered."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = closing.back(mission, _nurse(mission, person), given.now())
        return await record(given, tx, outcome, actor_of(person))


# The doctor's one


async def doctor_done(given: Given, party: Party, mission_id: MissionId) -> Answer:
    """«Tout est fait»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = closing.doctor_done(mission, party, given.now())
        snp = await snp_this_week(given, tx, party)
        answer = await record(given, tx, outcome, str(party))
        if outcome.events and snp + 1 > given.region.snp_per_week:
            told = {"snp": snp + 1, "most": given.region.snp_per_week}
            return Answer("closing.snp_limit", {**answer.facts, **told})
        return answer


async def snp_this_week(given: Given, tx: Transaction, party: Party) -> int:
    """How many SNP that doctor has confirmed since Monday."""
    now = given.now()
    monday = local(given.region, now).replace(hour=0, minute=0, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday())
    lines = await tx.journal.between(monday.astimezone(now.tzinfo), now, "billing.doctor")
    return sum(
        line.facts.get("party") == str(party) and money.SNP in str(line.facts.get("codes")).split("+")
        for line in lines
    )


async def doctor_later(given: Given, party: Party, mission_id: MissionId) -> Answer:
    """«Plus tard»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        return await record(given, tx, closing.doctor_later(mission, party, given.now()), str(party))


async def doctor_detail(given: Given, party: Party, mission_id: MissionId) -> Answer:
    """«Détail»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        return await record(given, tx, closing.doctor_detail(mission, party), str(party))


# Reminders, and OSNP closing what nobody answers


async def reminder(given: Given, timer: Timer) -> None:
    """An hour, and somebody has not answered."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await record(given, tx, closing.remind(mission, timer.key, given.now()), "timer")


async def close_without_answers(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Clore sans réponse»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = closing.close_without_answers(mission, by.short_name, given.now())
        return await record(given, tx, outcome, actor_of(by))


# The exits


def may_end(mission: Mission, person: Person, reason: EndReason) -> bool:
    """OSNP all of them, the nurse and the doctor who hold the mission a few."""
    if person.role in GROUP_ROLES:
        return True
    if mission.visit.idel == person.id:
        return reason in ending.IDEL_MAY_END
    chosen = mission.cascade.doctor
    return chosen is not None and chosen.party == person.party and reason is EndReason.TECHNICAL


def _where(mission_id: MissionId, person: Person) -> Place:
    """Where that person acts: the group, the house, or the private chat."""
    return to_group(mission_id) if person.role in GROUP_ROLES else to_party(person.party)


async def ask_end(
    given: Given, person: Person, mission_id: MissionId, reason: EndReason, *, text: str | None = None
) -> Answer:
    """An exit was tapped: one confirmation, with the reason where one is wanted.

    `text`: the reason, typed with the command; it waits for the confirmation.
    """
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if not may_end(mission, person, reason):
            return Answer("visit.not_yours")
        if mission.state is not MissionState.OPEN:
            return Answer("closing.over_already", {"number": mission.number})
        if reason is EndReason.ABSENT and mission.visit.idel is None:
            return Answer("closing.nobody_went", {"number": mission.number})
        notice = Notice(
            "closing.confirm",
            _where(mission_id, person),
            mission_id,
            facts={"reason": reason.value, "text": text, "person": person.id},
            priority=Priority.REPLY,
            card="end",
            fresh=True,
        )
        if text is not None:
            await tx.drafts.drop(person.id, f"{CANCEL}:{mission_id}")
            await tx.drafts.save(Draft(person.id, _typed(mission_id), text, given.now()))
        await tx.outbox.owe([notice], given.now())
        return Answer("closing.confirm")


#: So long words are waited for: after that they are about something else.
_WORDS_WAIT = timedelta(minutes=10)


async def asked_in_topic(given: Given, person: Person, written: Written) -> MissionId | None:
    """The mission whose cancellation waits for this person's reason, and in whose topic this is written."""
    if written.kind is not DocumentKind.TEXT or written.topic is None:
        return None
    async with given.storage.transaction() as tx:
        mission = await named_mission(tx, written)
        if mission is None or not await _answers_the_question(tx, written):
            return None
        waiting = [d for d in await tx.drafts.of_owner(person.id) if d.kind == f"{CANCEL}:{mission}"]
        in_time = any(given.now() - draft.updated_at <= _WORDS_WAIT for draft in waiting)
        return mission if in_time else None


async def reason_in_topic(given: Given, person: Person, mission_id: MissionId, text: str) -> Answer:
    """The reason that was asked for in private, typed in the topic: asked once more, then it is that.

    In the topic operators also talk to each other: there words alone end nothing.
    """
    words = " ".join(text.split())[:REASON_LENGTH]
    return await ask_end(given, person, mission_id, EndReason.CANCELLED, text=words)


async def _answers_the_question(tx: Transaction, written: Written) -> bool:
    if written.reply_to is None:
        return True
    answered = await tx.sent.at(written.chat_id, written.reply_to)
    return answered is not None and answered.kind == "closing.confirm"


#: Before the person who typed the reason that a button confirms.
TYPED = "typed-"


def _typed(mission_id: MissionId) -> str:
    return f"typed_reason:{mission_id}"


async def cancel_as_typed(given: Given, by: Person, mission_id: MissionId, author: PersonId) -> Answer:
    """«Oui, annuler»: for the reason that was typed with the command."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        if not may_end(mission, by, EndReason.CANCELLED):
            return Answer("visit.not_yours")
        typed = await tx.drafts.lock(author, _typed(mission_id))
        if typed is None:
            return Answer("closing.ask_again", {"number": mission.number})
        await tx.drafts.drop(author, _typed(mission_id))
        return await _end(given, tx, mission, by, EndReason.CANCELLED, "other", typed.body)


async def keep(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Non»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        place = _where(mission_id, person)
        await tx.drafts.drop(person.id, _typed(mission_id))
        await tx.outbox.owe([_shut_confirmation(mission, place)], given.now())
        return Answer("closing.kept", {"number": mission.number})


def _shut_confirmation(mission: Mission, place: Place) -> Notice:
    return Notice(
        "closing.confirm",
        place,
        mission.id,
        facts={"reason": None},
        priority=Priority.REPLY,
        card="end",
        only_if_there=True,
    )


async def end(
    given: Given,
    by: Person,
    mission_id: MissionId,
    reason: EndReason,
    detail: str | None = None,
    *,
    text: str | None = None,
) -> Answer:
    """The exit is confirmed; `text`: its reason in the operator's own words."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        if not may_end(mission, by, reason):
            return Answer("visit.not_yours")
        await tx.drafts.drop(by.id, f"{CANCEL}:{mission_id}")
        return await _end(given, tx, mission, by, reason, detail, text)


async def _end(
    given: Given,
    tx: Transaction,
    mission: Mission,
    by: Person,
    reason: EndReason,
    detail: str | None,
    text: str | None,
) -> Answer:
    if detail is not None and detail not in ending.DETAILS.get(reason, ()):
        detail = None
    if reason is EndReason.CANCELLED and text and (typed := ending.typed_detail(text)) is not None:
        detail, text = typed, None
    outcome = ending.end(mission, reason, by.short_name, detail, given.now(), text=text)
    if outcome.events:
        confirmation = _shut_confirmation(mission, _where(mission.id, by))
        outcome = replace(outcome, notices=(confirmation, *outcome.notices))
        if by.id != mission.regulateur:
            outcome = await _with_regulateur(tx, outcome, "closing.ended_regulateur")
    return await record(given, tx, outcome, actor_of(by))


async def worsen(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Aggravation»: the 15 now; everybody is told at once."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        if not may_end(mission, by, EndReason.WORSENED):
            return Answer("visit.not_yours")
        by_idel = mission.visit.idel == by.id
        outcome = worsening.worsen(mission, by.short_name, by_idel=by_idel, now=given.now())
        if outcome.events and by.id != mission.regulateur:
            outcome = await _with_regulateur(tx, outcome, "closing.worsened")
        return await record(given, tx, outcome, actor_of(by))


# The owner of the night


async def night_owner_due(given: Given, timer: Timer) -> None:
    """The service closes soon, and the mission runs past it."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is not None:
            await record(given, tx, night.owner_due(mission, timer.key, given.now()), "timer")


async def ask_night_owner(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Nom et numéro»: the operator types them in private."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if mission.state is not MissionState.OPEN:
            return Answer("closing.over_already", {"number": mission.number})
        await tx.drafts.save(Draft(by.id, f"{NIGHT}:{mission_id}", "{}", given.now()))
        notice = Notice(
            "closing.ask_night_owner", to_person(by.id), mission_id, priority=Priority.REPLY, fresh=True
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("closing.type_night_owner")


async def night_owner_is(given: Given, by: Person, mission_id: MissionId, owner: PersonId) -> Answer:
    """Somebody the bot knows, by one tap."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        person = await tx.people.get(owner)
        if mission is None or person is None or person.phone is None:
            return GONE
        named = NightOwner(person.formal_name, person.phone)
        outcome = night.name_owner(mission, named, by.short_name)
        await tx.drafts.drop(by.id, f"{NIGHT}:{mission_id}")
        return await record(given, tx, outcome, actor_of(by))


async def type_night_owner(given: Given, by: Person, mission_id: MissionId, text: str) -> Answer:
    """«Dr Roth 06 39 98 00 31»."""
    found = find_phones(text, fiction=given.fiction_numbers)
    name = text
    for phone in reversed(found):
        name = name[: phone.start] + " " + name[phone.end :]
    name = " ".join(name.replace(",", " ").replace(":", " ").split()).strip(" -–.")
    if len(found) != 1 or not name or len(name) > 60:
        return Answer("closing.night_owner_unread")
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        await tx.drafts.drop(by.id, f"{NIGHT}:{mission_id}")
        if mission is None:
            return GONE
        named = NightOwner(name, found[0].phone.e164)
        outcome = night.name_owner(mission, named, by.short_name)
        return await record(given, tx, outcome, actor_of(by))


# Forgetting


async def forget_time(given: Given, timer: Timer) -> None:
    """The mission has been over for hours: who the patient was is forgotten."""
    async with given.storage.transaction() as tx:
        mission = await rung(given, tx, timer)
        if mission is None or mission.state is MissionState.OPEN:
            return
        now = given.now()
        over_at = mission.end.at if mission.end is not None else mission.limit
        if mission.patient_calls and now + CALL_FIRST < over_at + given.region.delays.purge_at_most:
            await tx.timers.apply(mission.id, [SetTimer(TimerKind.FORGET, now + CALL_FIRST)], now)
            return
        await forgetting.forget(tx, mission, now)
        # The group's card has the initials.
        card = next(card for card in redraws(mission) if card.to == to_group(mission.id))
        await tx.outbox.owe([replace(card, only_if_there=True)], now)


# What the words need beside the mission


async def amounts(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """Amounts valid on the day, the prescriber's number, and when the messages go."""
    if mission is None:
        return {}
    chosen = mission.cascade.doctor
    acts, over = mission.closing.acts, mission.end
    at = mission.visit.finished_at or (over.at if over else given.now())
    prescriber = None
    if chosen is not None and chosen.party.kind is PartyKind.PERSON:
        prescriber = await tx.people.get(PersonId(chosen.party.id))
    billed = acts is not None and chosen is not None and not mission.closing.no_video
    return {
        "indemnity": money.indemnity_of(given.region, mission),
        "billing": money.idel_billing(given.region, at, acts=bool(acts)) if billed else None,
        "doctor_billing": money.doctor_billing(given.region, chosen.step, at) if chosen else None,
        "shares": money.patient_shares(
            given.region, money.doctor_billing(given.region, chosen.step, at).total
        )
        if chosen
        else (),
        "rpps": prescriber.rpps if prescriber is not None else None,
        "question": closing.next_question(mission),
        "left": closing.questions_left(mission),
        "waits_for": closing.waits_for(mission),
        "position": closing.position(mission),
        "erased_at": over.at + mission.rules.purge_after_visit if over else None,
    }
