"""The check of outgoing calls finds what Telegram would not understand."""

import json
from typing import Any

import pytest

from tests.sandbox import bot_api_schema
from tests.sandbox.bot_api_schema import validate

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("getMe", {}),
    ("sendMessage", {"chat_id": 1001, "text": "SMT 412"}),
    ("sendMessage", {"chat_id": "-1001", "text": "x" * 4096, "disable_notification": "true"}),
    ("sendMessage", {"chat_id": 1, "text": "<b>" + "x" * 4096 + "</b>", "parse_mode": "HTML"}),
    (
        "sendMessage",
        {
            "chat_id": 1,
            "text": "x",
            "reply_markup": json.dumps({"inline_keyboard": [[{"text": "Voir", "callback_data": "v"}]]}),
            "reply_parameters": json.dumps({"message_id": 3}),
            "link_preview_options": {"is_disabled": True},
        },
    ),
    ("setMessageReaction", {"chat_id": 1, "message_id": 2, "reaction": [{"type": "emoji", "emoji": "👍"}]}),
    ("sendMediaGroup", {"chat_id": 1, "media": [{"type": "photo", "media": "attach://a", "caption": "x"}]}),
]
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("sendTelepathy", {}, "sendTelepathy: no such method"),
    ("sendMessage", {"text": "x"}, "sendMessage: missing chat_id"),
    ("sendMessage", {"chat_id": 1, "text": "x", "colour": "blue"}, "sendMessage: unknown parameter colour"),
    ("sendMessage", {"chat_id": 1, "text": "x" * 4097}, "sendMessage.text: 4097 characters, at most 4096"),
    ("sendMessage", {"chat_id": 1, "text": 412}, "sendMessage.text: expected String, got int"),
    (
        "sendMessage",
        {"chat_id": 1, "text": "x", "protect_content": 1},
        "sendMessage.protect_content: expected Boolean, got int",
    ),
    (
        "sendMessage",
        {"chat_id": 1, "text": "x", "message_thread_id": True},
        "sendMessage.message_thread_id: expected Integer, got bool",
    ),
    (
        "sendMessage",
        {"chat_id": 1, "text": "x", "reply_parameters": {"message": 3, "message_id": 3}},
        "sendMessage.reply_parameters: ReplyParameters has no field message",
    ),
    (
        "sendPhoto",
        {"chat_id": 1, "photo": "AgAC", "caption": "x" * 1025},
        "sendPhoto.caption: 1025 characters, at most 1024",
    ),
    (
        "answerCallbackQuery",
        {"callback_query_id": "1", "text": "x" * 201},
        "answerCallbackQuery.text: 201 characters, at most 200",
    ),
    (
        "createForumTopic",
        {"chat_id": 1, "name": "x" * 129},
        "createForumTopic.name: 129 characters, at most 128",
    ),
]


@pytest.mark.parametrize(("method", "params"), GOOD)
def test_good_calls_pass(method: str, params: dict[str, Any]) -> None:
    assert validate(method, params) == []


@pytest.mark.parametrize(("method", "params", "problem"), BAD)
def test_bad_calls_are_named(method: str, params: dict[str, Any], problem: str) -> None:
    assert validate(method, params) == ([] if bot_api_schema.missing() else [problem])


@pytest.mark.parametrize(
    ("button", "problem"),
    [
        ({"text": "Voir", "callback_data": "é" * 33}, "66 bytes, at most 64"),
        ({"text": "Voir", "callback": "v"}, "has no field callback"),
        ({"callback_data": "v"}, "lacks text"),
    ],
)
def test_buttons_are_looked_into(button: dict[str, Any], problem: str) -> None:
    markup = {"inline_keyboard": [[button]]}
    problems = validate("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": markup})
    assert bot_api_schema.missing() or problem in "".join(problems)


def test_without_the_description_nothing_is_checked_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(bot_api_schema, "DESCRIPTION", tmp_path / "absent.json")
    assert bot_api_schema.missing()
    assert validate("sendTelepathy", {}) == []
