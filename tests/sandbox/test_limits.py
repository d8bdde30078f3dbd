"""Who writes too fast is told how long to wait, and nobody else is slowed down."""

from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import RetryAfter

from bot.sandbox.chats import Chat, User
from bot.sandbox.files import UploadedFile
from bot.sandbox.telegram import Telegram
from tests.sandbox.conftest import StillClock


@pytest.fixture
def telegram(clock: StillClock) -> Telegram:
    return Telegram(clock, limits=True)


async def write(telegram: Telegram, chat: int, times: int = 1) -> list[int]:
    """Statuses of so many messages sent at once."""
    return [
        (await telegram.call("sendMessage", {"chat_id": chat, "text": f"SMT {number}"})).status
        for number in range(times)
    ]


async def test_one_chat_takes_three_at_once_then_one_a_second(
    telegram: Telegram, amina: User, lea: User, clock: StillClock
) -> None:
    assert await write(telegram, amina.id, 4) == [200, 200, 200, 429]
    assert await write(telegram, lea.id) == [200]

    clock.forward(seconds=1)

    assert await write(telegram, amina.id, 2) == [200, 429]


async def test_a_group_takes_twenty_a_minute_sends_edits_and_topics_together(
    telegram: Telegram, group: Chat, clock: StillClock
) -> None:
    async def pass_a_second() -> None:
        clock.forward(seconds=1)

    for number in range(8):
        assert await write(telegram, group.id) == [200]
        await pass_a_second()
        created = await telegram.call("createForumTopic", {"chat_id": group.id, "name": f"SMT {number}"})
        assert created.status == 200
        await pass_a_second()
    for number in range(4):
        edit = {"chat_id": group.id, "message_id": 2, "text": f"Version {number}"}
        assert (await telegram.call("editMessageText", edit)).status == 200
        await pass_a_second()

    answer = await telegram.call("sendMessage", {"chat_id": group.id, "text": "Une de trop"})
    assert answer.status == 429
    # The first of the twenty left 20 s ago.
    assert answer.body["parameters"] == {"retry_after": 40}
    assert answer.body["description"] == "Too Many Requests: retry after 40"
    clock.forward(seconds=40)
    assert await write(telegram, group.id) == [200]


async def test_all_chats_together_take_thirty_a_second(telegram: Telegram, clock: StillClock) -> None:
    people = [telegram.add_user(5000 + number, f"Idel {number}") for number in range(31)]
    for person in people:
        telegram.start(person)

    statuses = [(await write(telegram, person.id))[0] for person in people]

    assert statuses == [200] * 30 + [429]
    clock.forward(seconds=1)
    assert await write(telegram, people[30].id) == [200]


async def test_an_album_counts_each_of_its_files(telegram: Telegram, amina: User) -> None:
    media = telegram.world.files.keep("document", UploadedFile("cr.pdf", b"%PDF", "application/pdf"))
    album = [{"type": "document", "media": media.file.id}] * 3

    assert (await telegram.call("sendMediaGroup", {"chat_id": amina.id, "media": album})).status == 200
    assert await write(telegram, amina.id) == [429]


async def test_answers_to_taps_and_refused_calls_cost_nothing(telegram: Telegram, amina: User) -> None:
    for _ in range(10):
        await telegram.call("sendMessage", {"chat_id": amina.id, "text": ""})
        await telegram.call("sendChatAction", {"chat_id": amina.id, "action": "typing"})

    assert await write(telegram, amina.id, 3) == [200, 200, 200]


async def test_the_library_understands_how_long_to_wait(telegram: Telegram, bot: Bot, amina: User) -> None:
    await write(telegram, amina.id, 3)
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(amina.id, "Une de trop")
    assert refused.value.retry_after == timedelta(seconds=1)


async def test_limits_can_be_switched_off(telegram: Telegram, amina: User) -> None:
    telegram.limits.on = False
    assert await write(telegram, amina.id, 40) == [200] * 40
