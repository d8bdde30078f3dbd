"""Checks calls to the Bot API against its published description. Knows nothing of the emulator.

The description lies beside the project. Where it is absent the check is off, and `missing()` says so.
"""

import functools
import json
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any

DESCRIPTION = Path(__file__).parents[3] / "shared" / "data" / "telegram-bot-api.json"

#: Longer values are refused by Telegram: method or object, field, most characters.
MOST_CHARACTERS = {
    ("sendMessage", "text"): 4096,
    ("editMessageText", "text"): 4096,
    ("answerCallbackQuery", "text"): 200,
    ("createForumTopic", "name"): 128,
    ("editForumTopic", "name"): 128,
    ("BotCommand", "command"): 32,
    ("BotCommand", "description"): 256,
    ("CopyTextButton", "text"): 256,
    ("ReplyParameters", "quote"): 1024,
    ("setMyDescription", "description"): 512,
    ("setMyShortDescription", "short_description"): 120,
    ("setWebhook", "secret_token"): 256,
}
MOST_CAPTION = 1024
MOST_CALLBACK_BYTES = 64

SIMPLE: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "Float": (int, float),
    "String": (str,),
    "Boolean": (bool,),
    "True": (bool,),
    "InputFile": (str,),
}


def missing() -> bool:
    """Whether there is no description to check against."""
    return not DESCRIPTION.is_file()


def validate(method: str, params: Mapping[str, Any], files: Mapping[str, Any] | None = None) -> list[str]:
    """What is wrong with a call; values may be typed or JSON text, as they travel."""
    if missing():
        return []
    described = _description()["methods"].get(method)
    if described is None:
        return [f"{method}: no such method"]
    fields = {field["name"]: field for field in described.get("fields", [])}
    given = {name: value for name, value in params.items() if value is not None}
    problems = [f"{method}: unknown parameter {name}" for name in given if name not in fields]
    present = set(given) | set(files or {})
    problems += [
        f"{method}: missing {name}"
        for name, field in fields.items()
        if field["required"] and name not in present
    ]
    parsed = str(given.get("parse_mode", "")).lower() == "html"
    for name, value in given.items():
        if name in fields:
            typed = _decoded(value, fields[name]["types"])
            problems += _check(f"{method}.{name}", typed, fields[name]["types"])
            problems += _check_length(method, name, value, html=parsed)
    return problems


@functools.cache
def _description() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return loaded


def _decoded(value: Any, types: list[str]) -> Any:
    """The value behind the text that a form carries."""
    if not isinstance(value, str) or "String" in types or "InputFile" in types:
        return _number(value) if types == ["Integer", "String"] else value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else value


def _check(where: str, value: Any, types: list[str]) -> list[str]:
    """Nothing when the value fits one of the types, else what is wrong with the likeliest."""
    complaints = [_check_one(where, value, one) for one in types]
    return min(complaints, key=len, default=[])


def _check_one(where: str, value: Any, expected: str) -> list[str]:
    if expected.startswith("Array of "):
        if not isinstance(value, list | tuple):
            return [f"{where}: expected a list, got {type(value).__name__}"]
        inner = expected.removeprefix("Array of ")
        return [
            problem for at, one in enumerate(value) for problem in _check_one(f"{where}[{at}]", one, inner)
        ]
    if expected in SIMPLE:
        wrong_kind = isinstance(value, bool) and bool not in SIMPLE[expected]
        if wrong_kind or not isinstance(value, SIMPLE[expected]):
            return [f"{where}: expected {expected}, got {type(value).__name__}"]
        return []
    return _check_object(where, value, expected)


def _check_object(where: str, value: Any, expected: str) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{where}: expected {expected}, got {type(value).__name__}"]
    described = _description()["types"].get(expected)
    if described is None:
        return [f"{where}: the description knows no {expected}"]
    if subtypes := described.get("subtypes"):
        return _check(where, value, _likely(subtypes, value))
    fields = {field["name"]: field for field in described.get("fields", [])}
    problems = [f"{where}: {expected} has no field {name}" for name in value if name not in fields]
    problems += [
        f"{where}: {expected} lacks {name}"
        for name, field in fields.items()
        if field["required"] and name not in value
    ]
    html = str(value.get("parse_mode", "")).lower() == "html"
    for name, inner in value.items():
        if name in fields and inner is not None:
            problems += _check(f"{where}.{name}", inner, fields[name]["types"])
            problems += _check_length(expected, name, inner, html=html)
    return problems


def _likely(subtypes: list[str], value: Mapping[str, Any]) -> list[str]:
    """The subtype that the object's own `type` names, or all of them."""
    kind = str(value.get("type", "")).replace("_", "").lower()
    named = [one for one in subtypes if kind and one.lower().endswith(kind)]
    return named or subtypes


def _check_length(owner: str, name: str, value: Any, *, html: bool) -> list[str]:
    if not isinstance(value, str):
        return []
    if name == "callback_data":
        size = len(value.encode())
        fits = 1 <= size <= MOST_CALLBACK_BYTES
        return [] if fits else [f"{owner}.callback_data: {size} bytes, at most {MOST_CALLBACK_BYTES}"]
    most = MOST_CAPTION if name == "caption" else MOST_CHARACTERS.get((owner, name))
    shown = unescape(re.sub(r"<[^<>]*>", "", value)) if html else value
    if most is None or len(shown) <= most:
        return []
    return [f"{owner}.{name}: {len(shown)} characters, at most {most}"]
