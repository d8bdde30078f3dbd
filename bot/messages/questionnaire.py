"""The buttons of the region's questionnaire at the patient's: the choices of one question at a time."""

from bot.buttons import Verb
from bot.domain import questionnaire
from bot.domain.questionnaire import IDEL
from bot.messages.rows import Keys, Rows, in_rows_of, rows

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
        return tuple(
            (keys.tap(Verb.QUESTION, "question_fix", f"{q.key}.", name=_short(q.text)),)
            for q in questionnaire.questions_of(sheet.region, IDEL)
        )
    choices = [
        keys.tap(
            Verb.QUESTION,
            "chosen" if said.get(asked.key) == choice else "named",
            f"{asked.key}.{choice}",
            name=words,
        )
        for choice, words in asked.choices
    ]
    width = 2 if all(len(button.label) <= BESIDE for button in choices) else 1
    skip = keys.tap(Verb.QUESTION, "question_skip") if asked.key not in said else None
    return (*in_rows_of(width, choices), *rows((skip,)))


def _short(text: str) -> str:
    bare = text.rstrip(" ?:\u00a0\u202f")
    return bare if len(bare) <= ALONE else f"{bare[: ALONE - 1]}…"
