"""Telegram in trouble, as the bot meets it."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from bot.failures import NotConnected
from bot.sandbox.chats import Chat, User
from bot.sandbox.refusals import Cut, Hung
from bot.sandbox.telegram import Telegram
from tests.sandbox.conftest import OPENING, StillClock
from tests.sandbox.request import BASE_URL, EmulatorRequest
from tests.waiting import until


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


async def test_a_line_cut_before_the_call_leaves_it_undone(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.faults.cut("sendMessage", applied=False)
    with pytest.raises(TimedOut):
        await bot.send_message(amina.id, "SMT 412")
    assert received(telegram, amina) == []


async def test_a_slow_answer_comes_in_the_end(telegram: Telegram, bot: Bot, amina: User) -> None:
    slow = telegram.faults.slow("sendMessage", seconds=(0.0, 0.01), times=None)
    for _ in range(2):
        await bot.send_message(amina.id, "SMT 412")
    assert received(telegram, amina) == ["SMT 412"] * 2
    assert telegram.faults.met == {slow.kind: 2}


async def test_an_outage_begins_and_ends_on_the_clock(
    telegram: Telegram, bot: Bot, amina: User, clock: StillClock
) -> None:
    telegram.faults.outage(OPENING + timedelta(minutes=1), OPENING + timedelta(minutes=3))
    await bot.send_message(amina.id, "before")
    clock.forward(minutes=1)
    with pytest.raises(NotConnected):
        await bot.send_message(amina.id, "during")
    clock.forward(minutes=2)
    await bot.send_message(amina.id, "after")
    assert received(telegram, amina) == ["before", "after"]


async def test_an_outage_lasts_so_many_real_seconds(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.faults.outage_for(600)
    with pytest.raises(NotConnected):
        await bot.send_message(amina.id, "during")
    telegram.faults.outage_for(0)
    await bot.send_message(amina.id, "after")


async def test_what_was_asked_before_an_outage_is_done_and_its_answer_lost(
    telegram: Telegram, bot: Bot, amina: User
) -> None:
    telegram.latency = (0.01, 0.01)
    polling = asyncio.gather(bot.get_updates(timeout=20), return_exceptions=True)
    await until(lambda: telegram.updates.polling)
    telegram.faults.down = True
    telegram.send_text(amina, amina.id, "J'arrive")
    assert isinstance((await polling)[0], TimedOut)
    telegram.faults.down = False
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "J'arrive"


async def throws(seed: int, telegram: Telegram, chats: list[int]) -> dict[int, list[str]]:
    """What befell ten messages to each chat, in this order of chats."""
    telegram.faults.at_random(seed, {"refuse": 0.2, "flood": 0.2, "hang": 0.1, "cut": 0.2, "cut_before": 0.1})
    befell: dict[int, list[str]] = {chat: [] for chat in chats}
    for _ in range(10):
        for chat in chats:
            before = telegram.faults.met.copy()
            with contextlib.suppress(Cut, Hung):
                await telegram.call("sendMessage", {"chat_id": chat, "text": "SMT 412"})
            befell[chat] += list(telegram.faults.met - before) or ["well"]
    return befell


async def test_dice_throw_alike_for_one_chat_whatever_the_others_do(
    telegram: Telegram, amina: User, lea: User
) -> None:
    alone = await throws(412, telegram, [amina.id])
    together = await throws(412, telegram, [lea.id, amina.id])
    assert together[amina.id] == alone[amina.id]
    assert together[lea.id] != together[amina.id]
    assert {kind for kinds in together.values() for kind in kinds} >= {"well", "refuse", "cut"}
    telegram.faults.at_random(None)
    assert telegram.faults.dice is None


async def test_dice_spare_polling_unless_they_are_told(telegram: Telegram, bot: Bot) -> None:
    telegram.faults.at_random(1, {"refuse": 1.0})
    await bot.get_updates()
    telegram.faults.at_random(1, {"refuse": 1.0}, matching="getUpdates")
    with pytest.raises(NetworkError):
        await bot.get_updates()
    with pytest.raises(ValueError, match="rain"):
        telegram.faults.at_random(1, {"rain": 0.1})


async def test_dice_block_and_kick_and_people_let_the_bot_in_again(
    telegram: Telegram, bot: Bot, amina: User, group: Chat
) -> None:
    telegram.faults.at_random(1, {"blocked": 1.0}, matching=lambda method, params: "text" in params)
    with pytest.raises(Forbidden, match="blocked"):
        await bot.send_message(amina.id, "SMT 412")
    telegram.faults.at_random(1, {"kicked": 1.0})
    with pytest.raises(Forbidden, match="kicked"):
        await bot.send_message(group.id, "SMT 412")
    assert telegram.faults.met == {"blocked": 1, "kicked": 1}
    telegram.faults.clear()
    telegram.mishaps.undo()
    await bot.send_message(amina.id, "SMT 412")
    await bot.create_forum_topic(group.id, "SMT 412")


async def test_dice_delete_topics_and_move_groups(telegram: Telegram, bot: Bot, group: Chat) -> None:
    topic = await bot.create_forum_topic(group.id, "SMT 412")
    telegram.faults.at_random(1, {"topic_deleted": 1.0})
    await bot.send_message(group.id, "General has no topic to delete")
    with pytest.raises(BadRequest, match="thread not found"):
        await bot.send_message(group.id, "SMT 412", message_thread_id=topic.message_thread_id)
    telegram.faults.at_random(1, {"migrated": 1.0})
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "SMT 412")
    telegram.faults.clear()
    await bot.send_message(moved.value.new_chat_id, "SMT 412")
