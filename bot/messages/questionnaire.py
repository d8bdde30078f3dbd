"""The buttons of the region's questionnaire at the patient's: the choices of one question at a time."""

from bot.buttons import Verb
from bot.domain import questionnaire
from bot.domain.questionnaire import IDEL
from bot.domain.region import Question
from bot.flows.questionnaire import ALL
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: Longest words of a button beside another, and by itself.
BESIDE, ALONE = 18, 38


def card(keys: Keys) -> Rows:
    """The choices; once all is said, each question to correct it."""
    sheet = keys.sheet
    if sheet.patient is None or not sheet.patient.last_name or not questionnaire.is_open(keys.mission):
        return ()
    said = dict(sheet.patient.answers)
    asked = questionnaire.on_screen(
        keys.mission, sheet.region, sheet.patient.answers, sheet.f.get("question")
    )
    if asked is None:
        return _fix(keys)
    choices = [
        keys.tap(
            Verb.QUESTION,
            "chosen" if said.get(asked.key) == choice else "named",
            f"{asked.key}.{choice}",
            name=words,
        )
        for choice, words in asked.choices
    ]
    return _choices(keys, choices, is_new=asked.key not in said)


def _choices(keys: Keys, choices: list[Button], *, is_new: bool) -> Rows:
    width = 2 if all(len(button.label) <= BESIDE for button in choices) else 1
    skip = keys.tap(Verb.QUESTION, "question_skip") if is_new else None
    return (*in_rows_of(width, choices), *rows((skip,)))


def _fix(keys: Keys) -> Rows:
    return tuple(
        (keys.tap(Verb.QUESTION, "question_fix", f"{q.key}.", name=_short(q.text)),)
        for q in questionnaire.questions_of(keys.sheet.region, IDEL)
    )


def by_phone(keys: Keys) -> Rows:
    """The same for OSNP in the topic: which choice was tapped is not to be seen there."""
    if not questionnaire.is_open(keys.mission):
        return ()
    asked: Question | None = keys.sheet.extra["asked"]
    if asked is None:
        return _fix(keys)
    choices = [
        keys.tap(Verb.QUESTION, "named", f"{asked.key}.{choice}", name=words)
        for choice, words in asked.choices
    ]
    return _choices(keys, choices, is_new=keys.sheet.extra["is_new"])


def door(keys: Keys) -> Rows:
    """From the page of a nurse on the telephone to her questions."""
    mission = keys.mission
    there = questionnaire.questions_of(keys.sheet.region, IDEL)
    if not there or not mission.visit.by_phone or not questionnaire.is_open(mission):
        return ()
    return rows((keys.tap(Verb.QUESTION, "questions", ALL),))


def _short(text: str) -> str:
    bare = text.rstrip(" ?:\u00a0\u202f")
    return bare if len(bare) <= ALONE else f"{bare[: ALONE - 1]}…"
