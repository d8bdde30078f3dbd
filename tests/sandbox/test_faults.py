"""Telegram in trouble, as the bot meets it."""

import pytest
from telegram import Bot
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot.failures import NotConnected
from bot.sandbox.chats import User
from bot.sandbox.telegram import Telegram
from tests.sandbox.request import BASE_URL, EmulatorRequest


def received(telegram: Telegram, user: User) -> list[str]:
    return [view.text for view in telegram.visible(user, user) if view.from_bot]


async def test_nobody_answers_while_telegram_is_down(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.faults.down = True
    with pytest.raises(NotConnected):
        await bot.send_message(amina.id, "SMT 412")
    telegram.faults.down = False
    assert received(telegram, amina) == []
    await bot.send_message(amina.id, "SMT 412")
    assert received(telegram, amina) == ["SMT 412"]


async def test_a_line_cut_after_the_call_leaves_the_caller_in_the_dark(
    telegram: Telegram, bot: Bot, amina: User
) -> None:
    telegram.faults.cut("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(amina.id, "SMT 412")
    assert received(telegram, amina) == ["SMT 412"]


async def test_a_call_that_hangs_is_not_applied(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.faults.hang("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(amina.id, "SMT 412")
    assert received(telegram, amina) == []


async def test_the_next_calls_that_match_are_refused_then_all_is_well(
    telegram: Telegram, bot: Bot, amina: User, lea: User
) -> None:
    telegram.faults.refuse(lambda method, params: int(params["chat_id"]) == amina.id, times=2)
    for _ in range(2):
        with pytest.raises(NetworkError, match="Internal Server Error"):
            await bot.send_message(amina.id, "SMT 412")
        await bot.send_message(lea.id, "SMT 412")
    await bot.send_message(amina.id, "SMT 412")
    telegram.faults.flood("*", retry_after=7)
    with pytest.raises(RetryAfter, match="7"):
        await bot.send_message(lea.id, "SMT 413")


async def test_a_server_that_knows_few_methods(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.faults.only(["sendMessage", "getMe"])
    await bot.send_message(amina.id, "SMT 412")
    with pytest.raises(InvalidToken, match="Not Found"):  # PTB's name for every 404
        await bot.send_chat_action(amina.id, "typing")
    assert telegram.unknown_methods == {"sendChatAction"}
    telegram.faults.clear()
    await bot.send_chat_action(amina.id, "typing")


async def test_every_call_is_recorded(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.calls.clear()
    await bot.send_message(amina.id, "SMT 412")
    with pytest.raises(BadRequest):
        await bot.send_message(42, "SMT 412")
    assert [(call.method, call.status) for call in telegram.calls] == [
        ("sendMessage", 200),
        ("sendMessage", 400),
    ]
    assert telegram.calls[0].params["text"] == "SMT 412"
    assert telegram.calls[0].answer["result"]["text"] == "SMT 412"


@pytest.mark.parametrize(
    ("token", "words"),
    [("7000000001:AAwrongwrongwrongwrongwrongwrong", "Unauthorized"), ("malformed", "Not Found")],
)
async def test_a_wrong_token(telegram: Telegram, token: str, words: str) -> None:
    bot = Bot(token, base_url=BASE_URL, request=EmulatorRequest(telegram))
    with pytest.raises(InvalidToken, match=words):
        await bot.get_me()


async def test_a_call_off_the_schema_is_noted(telegram: Telegram, amina: User) -> None:
    request = EmulatorRequest(telegram)
    bot = Bot(telegram.token, base_url=BASE_URL, request=request)
    await bot.send_message(amina.id, "SMT 412", api_kwargs={"colour": "blue"})
    assert request.problems == ["sendMessage: unknown parameter colour"]
    with pytest.raises(AssertionError, match="unknown parameter colour"):
        request.has_no_problems()
