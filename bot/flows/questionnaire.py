"""The nurse answers the region's questionnaire, corrects it, or passes it over. Each is one transaction."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.domain import questionnaire
from bot.domain.mission import Mission
from bot.domain.outcome import Answer, Notice, Outcome
from bot.domain.people import MissionId, Party, Person, PersonId
from bot.domain.questionnaire import IDEL, Answers
from bot.flows.record import actor_of, record
from bot.ports import Given, Transaction

GONE = Answer("search.gone")

#: The argument of the button «Questionnaire»: no question has such a key.
ALL = "*"


async def follow(given: Given, tx: Transaction, outcome: Outcome) -> Outcome:
    """«Sur place» was tapped: the questions come with what follows from it."""
    if not outcome.events or not questionnaire.questions_of(given.region, IDEL):
        return outcome
    return replace(outcome, notices=(*outcome.notices, *await asked(given, tx, outcome.mission)))


async def asked(given: Given, tx: Transaction, mission: Mission) -> tuple[Notice, ...]:
    """What is asked of a nurse who is there and has not been asked, or never got it."""
    if not questionnaire.is_open(mission):
        return ()
    dossier = await tx.missions.dossier(mission.id)
    return () if dossier is None else questionnaire.ask(mission, given.region, dossier.answers)


async def begin(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Questionnaire», for a nurse on the telephone: her questions in the topic."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        if not questionnaire.may_answer(mission, by):
            return Answer("visit.not_yours")
        if not questionnaire.is_open(mission) or await tx.missions.dossier(mission_id) is None:
            return Answer("questionnaire.over", {"number": mission.number})
        if not questionnaire.questions_of(given.region, IDEL):
            return Answer("questionnaire.not_asked")
        await tx.outbox.owe([questionnaire.card(mission, fresh=True)], given.now())
        return Answer("questionnaire.choose")


async def answer(given: Given, person: Person, mission_id: MissionId, key: str, choice: str) -> Answer:
    """One choice of one question, over an earlier one."""
    return await _change(
        given, person, mission_id, lambda said: questionnaire.answer(given.region, IDEL, said, key, choice)
    )


async def pass_over(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Sans réponse»: all that is left."""
    return await _change(
        given, person, mission_id, lambda said: questionnaire.pass_over(given.region, IDEL, said)
    )


async def show(given: Given, person: Person, mission_id: MissionId, key: str) -> Answer:
    """An answered question again, to correct it."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        if not questionnaire.may_answer(mission, person):
            return Answer("visit.not_yours")
        if not questionnaire.is_open(mission):
            return Answer("questionnaire.over", {"number": mission.number})
        if key not in {question.key for question in questionnaire.questions_of(given.region, IDEL)}:
            return Answer("questionnaire.not_asked")
        await tx.outbox.owe([questionnaire.card(mission, key)], given.now())
        return Answer("questionnaire.choose")


async def _change(
    given: Given, person: Person, mission_id: MissionId, change: Callable[[Answers], Answers | None]
) -> Answer:
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        if not questionnaire.may_answer(mission, person):
            return Answer("visit.not_yours")
        dossier = await tx.missions.dossier(mission_id)
        after = change(dossier.answers) if dossier is not None else None
        if dossier is None or not questionnaire.is_open(mission):
            return Answer("questionnaire.over", {"number": mission.number})
        if after is None:
            return Answer("questionnaire.not_asked")
        outcome = questionnaire.answered(mission, dossier.answers, after, person)
        if outcome.events:
            await tx.missions.save_dossier(mission_id, replace(dossier, answers=after))
        idel = mission.visit.idel
        instead = "" if idel in (None, person.id) else f" for {Party.person(PersonId(idel or 0))}"
        return await record(given, tx, outcome, actor_of(person) + instead)


async def by_phone(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """The question on screen in the topic, and how many are answered: never an answer."""
    dossier = await tx.missions.dossier(mission.id) if mission is not None else None
    if mission is None or dossier is None:
        return {"asked": None, "is_new": False, "answered": 0, "noted_by": None}
    said, again = dict(dossier.answers), notice.facts.get("question")
    asked = questionnaire.on_screen(mission, given.region, dossier.answers, again)
    own = [said.get(question.key) for question in questionnaire.questions_of(given.region, IDEL)]
    lines = [n for n in await tx.journal.of_mission(mission.id) if n.kind == "questionnaire.answered"]
    return {
        "asked": asked,
        "is_new": asked is not None and asked.key not in said,
        "answered": sum(1 for choice in own if choice),
        "noted_by": lines[-1].facts.get("noted_by") if lines else None,
    }
