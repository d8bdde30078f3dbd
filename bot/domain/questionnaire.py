"""The region's questionnaire: short questions answered by a button, at the opening or at the patient's.

Pure decisions on keys; the words of questions and choices stand in the region file. Answers are facts of
the patient: they stay in the dossier, and the journal says only that there are some.
"""

from dataclasses import replace

from bot.domain import dossier
from bot.domain.mission import Mission, MissionState, VisitState
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Priority,
    WhenUnknown,
    nothing,
    to_group,
    to_person,
)
from bot.domain.people import GROUP_ROLES, Person
from bot.domain.region import Question, Region

#: Who answers: at the opening, at the patient's. The values stand in the region file.
OSNP = "osnp"
IDEL = "idel"

#: Stored as the choice of a question that was passed over.
PASSED = ""

Answers = tuple[tuple[str, str], ...]


def questions_of(region: Region, by: str) -> tuple[Question, ...]:
    """The questions one side answers, in the order of the region file."""
    return tuple(question for question in region.questions if question.by == by)


def next_question(region: Region, by: str, answers: Answers) -> Question | None:
    """The first that was neither answered nor passed over."""
    said = dict(answers)
    return next((question for question in questions_of(region, by) if question.key not in said), None)


def answer(region: Region, by: str, answers: Answers, key: str, choice: str) -> Answers | None:
    """With that answer, over an earlier one; None when the region file asks no such thing any more."""
    asked = next((question for question in questions_of(region, by) if question.key == key), None)
    if asked is None or choice not in dict(asked.choices):
        return None
    return tuple((dict(answers) | {key: choice}).items())


def pass_over(region: Region, by: str, answers: Answers) -> Answers:
    """Whatever is still open is not answered; what was answered stays."""
    left = {question.key: PASSED for question in questions_of(region, by)}
    return tuple((left | dict(answers)).items())


def told(region: Region, answers: Answers) -> tuple[tuple[str, str], ...]:
    """What was answered, in the words of the region file: («Vit seul(e)», «Oui»)."""
    said = dict(answers)
    return tuple(
        (question.text.rstrip(" ?:\u00a0\u202f"), dict(question.choices)[said[question.key]])
        for question in region.questions
        if said.get(question.key) in dict(question.choices)
    )


def is_open(mission: Mission) -> bool:
    """Whether the nurse may answer, or correct: at the patient's, until the video has ended."""
    return (
        mission.state is MissionState.OPEN
        and mission.visit.state is VisitState.ON_SITE
        and (mission.visio is None or not mission.visio.ended)
    )


def on_screen(mission: Mission, region: Region, answers: Answers, again: object = None) -> Question | None:
    """The question the nurse reads now: the one she corrects, else the first without an answer."""
    if not is_open(mission):
        return None
    known = {question.key: question for question in questions_of(region, IDEL)}
    return known.get(str(again)) or next_question(region, IDEL, answers)


def card(mission: Mission, key: str | None = None, *, fresh: bool = False) -> Notice:
    """The one message of it; `key` shows a question that was answered before.

    In the nurse's chat; for a nurse whom only the telephone reaches in the topic, without any answer.
    """
    if mission.visit.idel is None:
        raise ValueError("only a nurse at the patient's has the questionnaire")
    by_phone = mission.visit.by_phone
    return Notice(
        "questionnaire.by_phone" if by_phone else "questionnaire.card",
        to_group(mission.id) if by_phone else to_person(mission.visit.idel),
        mission.id,
        facts={} if key is None else {"question": key},
        priority=Priority.REPLY,
        card="questionnaire",
        fresh=fresh,
    )


def ask(mission: Mission, region: Region, answers: Answers) -> tuple[Notice, ...]:
    """The nurse is at the patient's: what nobody has answered is asked, in one message."""
    if mission.visit.by_phone or not is_open(mission) or next_question(region, IDEL, answers) is None:
        return ()
    return (card(mission, fresh=True),)


#: After these the questions have buttons no more, or have them again.
_OPENS_OR_SHUTS = frozenset(
    {"mission.ended", "mission.reopened", "visio.ended", "visio.created", "search.given_back"}
)


def follow(outcome: Outcome, region: Region) -> tuple[Notice, ...]:
    """However a mission ends, goes on, or is taken from its nurse: the questions on a screen follow."""
    mission = outcome.mission
    happened = {event.kind for event in outcome.events} | (
        {"search.given_back"} if outcome.released else set()
    )
    idel = mission.visit.idel or outcome.released
    if idel is None or not happened & _OPENS_OR_SHUTS or not questions_of(region, IDEL):
        return ()
    own = Notice("questionnaire.card", to_person(idel), mission.id, card="questionnaire")
    in_topic = Notice("questionnaire.by_phone", to_group(mission.id), mission.id, card="questionnaire")
    return tuple(
        replace(card, priority=Priority.CARD, only_if_there=True, when_unknown=WhenUnknown.DROP)
        for card in (own, in_topic)
    )


def may_answer(mission: Mission, by: Person) -> bool:
    """The nurse herself; OSNP in the place of a nurse whom only they reach."""
    return mission.visit.idel == by.id or (by.role in GROUP_ROLES and mission.visit.by_phone)


def answered(mission: Mission, before: Answers, after: Answers, by: Person) -> Outcome:
    """The nurse has answered, corrected or passed over: her message and the doctor's card follow."""
    if not is_open(mission):
        return nothing(mission, "questionnaire.over", number=mission.number)
    if dict(before) == dict(after):
        return nothing(mission, "questionnaire.noted", number=mission.number)
    given = sum(choice != PASSED for _, choice in after)
    facts: dict[str, Fact] = {"by": IDEL, "answers": given}
    if by.id != mission.visit.idel:
        facts |= {"noted_by": by.short_name, "how": "phone"}
    return Outcome(
        mission,
        Answer("questionnaire.noted", {"number": mission.number}),
        events=(Event("questionnaire.answered", facts),),
        notices=(card(mission), *dossier.redraws(mission)),
    )
