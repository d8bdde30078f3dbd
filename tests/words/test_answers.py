"""Every answer to a tap, with the longest facts: at most 200 characters, complete, in the words wanted."""

import itertools
import re
from collections.abc import Iterator

import pytest

from bot.domain.mission import EndReason, Prescription
from bot.domain.outcome import Answer, Fact
from bot.domain.people import Role
from bot.domain.region_checks import Why
from bot.messages.words import FOLDER, Words
from bot.ports import DocumentLabel
from bot.region import load_region
from bot.settings import DEFAULT_REGION
from tests.project.test_words_and_tables import MACRO
from tests.words.test_notices import FORBIDDEN

MOST = 200  # Bot API limit of answerCallbackQuery
HOUR = "2026-10-06T13:23:45+00:00"
NAME = "Dr Marie-Christine SCHMITT-OBERHAUSER"

#: The values each fact may have in an answer, the longest among them.
FACTS: dict[str, tuple[Fact, ...]] = {
    **dict.fromkeys(("at", "by", "hour", "limit", "until", "taken_at"), (HOUR,)),
    "asked": (1, 1000),
    "left": (0, 30),
    "unreached": (0, 12),
    "by_idel": (True, False),
    "words": ("chloé",),
    "by_phone": (True, False),
    "count": (1, 99),
    "before": ("1 h 30",),
    "changed": (
        "delays.night_owner_before_close 1 h 30",
        "steps.medecin_traitant.delay 12 min",
        "closed_days 2026-12-24",
        "open_days 2026-12-26 08:00-12:00 14:00-18:00",
    ),
    "day_of": ("closed_days", "open_days"),
    "ended": ("accepted", "refused", "withdrawn"),
    "id": (-1001234567890,),
    "kept": (True, False),
    "past_day": ("2026-09-30",),
    "far_day": ("2066-12-24",),
    "near": ("", "Saint-Louis Agglomération, Sud Alsace Largue, Pays de Rouffach, Vignobles et Châ"),
    "shut": (True, False),
    "touched": ("", "12343, 12344, 12345"),
    "typed": ("trente minutes et un peu plus",),
    "why": tuple(why.value for why in Why),
    "how": tuple(p.value for p in Prescription if p is not Prescription.NONE),
    "label": tuple(label.value for label in DocumentLabel),
    "most": (300,),
    "obstacle": ("two", "staff"),
    "name": (NAME,),
    "number": (12345,),
    "other": (12344,),
    "range": ("50–300 / 20–200 mmHg", ""),
    "reason": tuple(reason.value for reason in EndReason),
    "role": (*(role.value for role in Role), "organisation"),
    "seconds": (1, 86_400),
    "snp": (21,),
    "text": ("TA 1300/8000 mmHg tension",),
}

words = Words(load_region(DEFAULT_REGION))


def answers() -> list[tuple[str, str]]:
    """Every macro of an answer: «search.too_late» and its source."""
    found = []
    for file in sorted((FOLDER / "messages").glob("*.jinja")):
        source = file.read_text(encoding="utf-8")
        for body in source.split("{% macro ")[1:]:
            name = body.partition("(")[0]
            if name.startswith("answer_"):
                found.append(
                    (f"{file.stem}.{name.removeprefix('answer_')}", body.partition("{% endmacro")[0])
                )
    return found


def rendered(kind: str, source: str) -> Iterator[str]:
    """The answer with every combination of the facts it reads."""
    names = sorted(
        set(re.findall(r"\bf\.([a-z_]+)", source)) - {"get"} | set(re.findall(r'f\.get\("(\w+)"', source))
    )
    unknown = [name for name in names if name not in FACTS]
    assert unknown == [], f"{kind} reads {unknown}: give them values in FACTS"
    for values in itertools.product(*(FACTS[name] for name in names)):
        yield words.answer(Answer(kind, dict(zip(names, values, strict=True))))


def test_there_are_answers() -> None:
    assert len(answers()) > 100
    assert MACRO.findall("{% macro answer_x(f) %}") == [("answer_x", "f")]


@pytest.mark.parametrize(("kind", "source"), answers(), ids=[kind for kind, _ in answers()])
def test_an_answer_fits_and_is_in_the_words_wanted(kind: str, source: str) -> None:
    for text in rendered(kind, source):
        assert 0 < len(text) <= MOST, text
        assert "<" not in text, "an alert shows markup as it is written"
        assert [why for pattern, why in FORBIDDEN if re.search(pattern, text)] == [], text
