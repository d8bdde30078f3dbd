"""The doctor's conclusion and nursing acts; the nurse's answers. Each is one transaction."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import by_phone, orders, thread
from bot.domain.by_phone import Why
from bot.domain.mission import Dossier, Mission, MissionState
from bot.domain.outcome import Answer, Event, Notice, Outcome, Priority, nothing, to_person
from bot.domain.people import ANYBODY, DocumentId, MissionId, Party, Person
from bot.domain.thread import Voice
from bot.flows.record import actor_of, record
from bot.flows.written import Written, keep_original
from bot.ports import Document, DocumentKind, Draft, Given, Transaction

GONE = Answer("search.gone")

#: A conclusion is a few lines: the CR stays in the doctor's software.
MOST_CONCLUSION = 800

#: Longer ago, what is written is no answer to what was asked.
WAITS = timedelta(minutes=15)

#: A ready-made conclusion is stored as its key after this mark: its words stand in the templates.
MARK = "#"

#: What marks, among the texts of a mission, those that say which act was ordered.
ACTS = "acts"


async def _as_doctor(tx: Transaction, person: Person, mission_id: MissionId) -> Mission | Answer:
    mission = await tx.missions.lock(mission_id)
    if mission is None:
        return GONE
    if not thread.is_doctor_of(mission, person):
        return Answer("thread.not_yours", {"number": mission.number})
    if mission.state is MissionState.CLOSED:
        return Answer("thread.closed", {"number": mission.number})
    return mission


async def open_conclusion(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Conclusion»: the choices are laid before the doctor."""
    return await _open(given, person, mission_id, "orders.conclude")


async def open_acts(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Acte infirmier»: within which delay?"""
    return await _open(given, person, mission_id, "orders.acts")


async def _open(given: Given, person: Person, mission_id: MissionId, kind: str) -> Answer:
    async with given.storage.transaction() as tx:
        mission = await _as_doctor(tx, person, mission_id)
        if isinstance(mission, Answer):
            return mission
        card = orders.doctor_card(mission, person.party, kind, anew=True)
        await tx.outbox.owe([card], given.now())
        return Answer("orders.choose")


async def conclude(given: Given, person: Person, mission_id: MissionId, key: str) -> Answer:
    """A ready-made line is tapped: added, or taken away again."""

    def toggled(lines: tuple[str, ...]) -> tuple[str, ...]:
        line = MARK + key
        return tuple(x for x in lines if x != line) if line in lines else (*lines, line)

    return await _conclude(given, person, mission_id, toggled)


async def start_again(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Recommencer»."""
    return await _conclude(given, person, mission_id, lambda lines: ())


async def write_conclusion(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Écrire…»: the next text is a line of the conclusion."""
    async with given.storage.transaction() as tx:
        mission = await _as_doctor(tx, person, mission_id)
        if isinstance(mission, Answer):
            return mission
        if person.id == ANYBODY:
            return Answer("orders.write_reply")
        await tx.drafts.save(Draft(person.id, f"conclusion:{mission_id}", "{}", given.now()))
        return Answer("orders.write_it")


async def conclusion_written(
    given: Given, person: Person, mission_id: MissionId, written: Written
) -> Answer | None:
    """The doctor's own words."""
    text = written.text.strip().lstrip(MARK)
    if len(text) > MOST_CONCLUSION:
        return Answer("orders.too_long", {"most": MOST_CONCLUSION})
    answer = await _conclude(given, person, mission_id, lambda lines: (*lines, text), written)
    return None if answer.kind == "orders.concluded" else answer


async def _conclude(
    given: Given,
    person: Person,
    mission_id: MissionId,
    change: Callable[[tuple[str, ...]], tuple[str, ...]],
    written: Written | None = None,
) -> Answer:
    async with given.storage.transaction() as tx:
        mission = await _as_doctor(tx, person, mission_id)
        if isinstance(mission, Answer):
            return mission
        dossier = await tx.missions.dossier(mission_id)
        if dossier is None:
            return Answer("mission.forgotten")
        before = conclusion_lines(dossier)
        lines = change(before)
        await tx.missions.save_dossier(
            mission_id, replace(dossier, conclusion="\n".join(lines) if lines else None)
        )
        if written is not None:
            await keep_original(given, tx, written, mission_id, person.party)
            await tx.drafts.drop(person.id, f"conclusion:{mission_id}")
        waits = bool(before) and mission.closing.conclusion_read_at is None
        outcome = orders.conclude(mission, empty=not lines, waits=waits)
        return await record(given, tx, outcome, actor_of(person))


def conclusion_lines(dossier: Dossier | None) -> tuple[str, ...]:
    """The lines of a conclusion: keys of ready-made ones, or written words."""
    return tuple(dossier.conclusion.split("\n")) if dossier and dossier.conclusion else ()


async def read_conclusion(given: Given, person: Person, mission_id: MissionId, number: str = "") -> Answer:
    """«Lu»; by OSNP once they have read it out to a nurse whom only the telephone reaches.

    `number`: of the call that was on their screen; what the doctor has written since is another one.
    """

    def decide(mission: Mission, noted_by: str | None) -> Outcome:
        owed = by_phone.call_about(mission, Why.CONCLUSION)
        if noted_by is not None and owed is not None and str(owed.number) != number:
            return nothing(mission, "orders.changed_since", number=mission.number)
        return orders.read_conclusion(mission, given.now(), noted_by)

    return await _as_nurse(given, person, mission_id, Why.CONCLUSION, decide)


async def order_acts(given: Given, person: Person, mission_id: MissionId, delay: str) -> Answer:
    """A delay is tapped: ordered at once; which act may be written after. «none» takes it back."""
    async with given.storage.transaction() as tx:
        mission = await _as_doctor(tx, person, mission_id)
        if isinstance(mission, Answer):
            return mission
        wanted = delay if delay in orders.DELAYS else None
        if person.id != ANYBODY:
            if wanted is None:
                await tx.drafts.drop(person.id, f"acts:{mission_id}")
            else:
                await tx.drafts.save(Draft(person.id, f"acts:{mission_id}", "{}", given.now()))
        return await record(given, tx, orders.order_acts(mission, wanted), actor_of(person))


async def acts_written(
    given: Given, person: Person, mission_id: MissionId, written: Written
) -> Answer | None:
    """Which act, in the doctor's words."""
    async with given.storage.transaction() as tx:
        mission = await _as_doctor(tx, person, mission_id)
        if isinstance(mission, Answer):
            return mission
        await tx.drafts.drop(person.id, f"acts:{mission_id}")
        outcome = orders.describe_acts(mission)
        if outcome.events:
            document = Document(
                id=DocumentId(0),
                mission=mission_id,
                author=person.party,
                author_name=person.formal_name,
                kind=DocumentKind.TEXT,
                at=given.now(),
                text=written.text.strip(),
                file_name=ACTS,
                chat_id=written.chat_id,
                message_id=written.message_id,
            )
            stored = await tx.documents.add(document)
            await keep_original(given, tx, written, mission_id, person.party, stored)
        answer = await record(given, tx, outcome, actor_of(person))
        return None if outcome.events else answer


async def answer_acts(given: Given, person: Person, mission_id: MissionId, how: str) -> Answer:
    """«Je le fais», «IDEL habituelle», «Ordonnance de matériel»."""
    if how not in orders.ANSWERS:
        return GONE
    return await _as_nurse(
        given,
        person,
        mission_id,
        Why.ACTS,
        lambda mission, noted_by: orders.answer_acts(mission, how, noted_by),
    )


async def _as_nurse(
    given: Given,
    person: Person,
    mission_id: MissionId,
    why: Why,
    decide: Callable[[Mission, str | None], Outcome],
) -> Answer:
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        idel = mission.visit.idel
        if idel is None or not orders.may_answer(mission, person):
            return Answer("thread.not_yours", {"number": mission.number})
        if idel == person.id:
            return await record(given, tx, decide(mission, None), actor_of(person))
        outcome = by_phone.answered(decide(mission, person.short_name), why, person.short_name, given.now())
        answer = await record(given, tx, outcome, f"{actor_of(person)} for {Party.person(idel)}")
        if why is Why.CONCLUSION:
            await tx.outbox.owe([_aloud(mission_id, person, redraw=True)], given.now())
        return answer


async def read_aloud(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Lire la conclusion»: what a nurse on the telephone must hear, in the operator's private chat."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if not conclusion_lines(await tx.missions.dossier(mission_id)):
            return Answer("thread.nothing_to_see")
        seen = Event("disclosure.seen", {"what": "conclusion"})
        await tx.journal.write(mission_id, [seen], actor_of(by), given.now())
        await tx.outbox.owe([_aloud(mission_id, by)], given.now())
        return Answer("mission.patient_sent")


def _aloud(mission_id: MissionId, by: Person, *, redraw: bool = False) -> Notice:
    return Notice(
        "orders.aloud",
        to_person(by.id),
        mission_id,
        priority=Priority.REPLY,
        card="aloud",
        fresh=not redraw,
        only_if_there=redraw,
    )


async def catch_up(tx: Transaction, mission: Mission, to: Voice) -> list[Notice]:
    """The conclusion, for a nurse who comes after the doctor has written it."""
    if to is not Voice.IDEL:
        return []
    lines = conclusion_lines(await tx.missions.dossier(mission.id))
    return list(orders.conclusion_card(mission)) if lines else []


def still_waits(draft: Draft, now: datetime) -> bool:
    """Whether what is written now answers what was asked."""
    return now - draft.updated_at <= WAITS


async def conclusion_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """The lines of the conclusion, for the doctor who makes it and the nurse who reads it."""
    if mission is None:
        return {"lines": (), "noted_by": None}
    lines = conclusion_lines(await tx.missions.dossier(mission.id))
    return {"lines": lines, "noted_by": await _noted_by(tx, mission, "orders.conclusion_read")}


async def _noted_by(tx: Transaction, mission: Mission, kind: str) -> str | None:
    """The operator who noted the nurse's answer, given on the telephone."""
    if not mission.visit.by_phone:
        return None
    said = [
        line.facts.get("noted_by") for line in await tx.journal.of_mission(mission.id) if line.kind == kind
    ]
    return str(said[-1]) if said and said[-1] else None


async def acts_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Which act was written."""
    if mission is None or mission.visit.acts_ordered is None:
        return {"acts": None, "noted_by": None}
    texts = [
        d.text
        for d in await tx.documents.of_mission(mission.id)
        if d.kind is DocumentKind.TEXT and d.file_name == ACTS and d.text
    ]
    noted_by = await _noted_by(tx, mission, "orders.acts_answered") if mission.visit.acts_by else None
    return {"acts": texts[-1] if texts else None, "noted_by": noted_by}
