"""How the bot learns what people do: at least once, in order, and only what Telegram tells bots."""

import asyncio
from collections.abc import Mapping

import pytest
from telegram import Bot, Update
from telegram.error import Conflict

from bot.sandbox.chats import BotRights, Chat, User
from bot.sandbox.telegram import Telegram
from tests.sandbox.conftest import StillClock


async def button(telegram: Telegram, user: User) -> int:
    keyboard = {"inline_keyboard": [[{"text": "ACCEPTER", "callback_data": "accept"}]]}
    params = {"chat_id": user.id, "text": "SMT 412", "reply_markup": keyboard}
    number: int = (await telegram.call("sendMessage", params)).body["result"]["message_id"]
    return number


def texts(updates: tuple[Update, ...]) -> list[str]:
    return [update.message.text or "" for update in updates if update.message]


async def test_updates_come_again_until_they_are_confirmed(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.send_text(amina, amina, "un")
    telegram.send_text(amina, amina, "deux")

    first = await bot.get_updates()
    assert texts(first) == ["un", "deux"]
    assert texts(await bot.get_updates()) == ["un", "deux"]
    assert texts(await bot.get_updates(limit=1)) == ["un"]
    assert texts(await bot.get_updates(offset=first[0].update_id + 1)) == ["deux"]
    assert await bot.get_updates(offset=first[1].update_id + 1) == ()
    assert telegram.updates.pending() == 0


async def test_a_long_poll_ends_when_something_comes(telegram: Telegram, bot: Bot, amina: User) -> None:
    polling = asyncio.gather(bot.get_updates(timeout=30))
    await asyncio.sleep(0)
    telegram.send_text(amina, amina, "Bonjour")
    assert texts((await polling)[0]) == ["Bonjour"]


async def test_of_two_pollers_the_older_is_sent_away(telegram: Telegram, bot: Bot, amina: User) -> None:
    older = asyncio.gather(bot.get_updates(timeout=30), return_exceptions=True)
    for _ in range(10):
        await asyncio.sleep(0)
    newer = asyncio.gather(bot.get_updates(timeout=30))
    (refused,) = await older
    assert isinstance(refused, Conflict)
    assert "terminated by other getUpdates request" in refused.message
    telegram.send_text(amina, amina, "Bonjour")
    assert texts((await newer)[0]) == ["Bonjour"]


async def test_an_undelivered_tap_dies_after_150_seconds_and_a_message_after_a_day(
    telegram: Telegram, bot: Bot, amina: User, clock: StillClock
) -> None:
    number = await button(telegram, amina)
    telegram.send_text(amina, amina, "Bonjour")
    telegram.tap(amina, amina, number, 0, 0)
    assert telegram.updates.pending() == 2
    clock.forward(seconds=149)
    assert telegram.updates.pending() == 2
    clock.forward(seconds=1)
    assert texts(await bot.get_updates()) == ["Bonjour"]
    assert telegram.updates.pending() == 1
    clock.forward(hours=24)
    assert await bot.get_updates() == ()


async def test_the_bot_gets_the_kinds_it_asks_for(
    telegram: Telegram, bot: Bot, amina: User, lea: User, group: Chat
) -> None:
    telegram.join(amina, group)
    (joined,) = await bot.get_updates(allowed_updates=["chat_member", "message"])
    assert joined.message is not None
    assert [user.id for user in joined.message.new_chat_members] == [amina.id]

    telegram.leave(amina, group)
    telegram.block(lea)

    left, line = await bot.get_updates(offset=joined.update_id + 1)
    assert left.chat_member is not None
    assert left.chat_member.difference()["status"] == ("member", "left")
    assert line.message is not None
    assert line.message.left_chat_member is not None


async def test_blocking_and_coming_back_is_told(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.block(amina)
    telegram.start(amina, "again")

    blocked, back, started = await bot.get_updates()

    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.difference()["status"] == ("member", "kicked")
    assert back.my_chat_member is not None
    assert back.my_chat_member.difference()["status"] == ("kicked", "member")
    assert started.message is not None
    assert started.message.text == "/start again"


async def test_what_happens_to_the_bot_in_a_group_is_told(telegram: Telegram, bot: Bot, lea: User) -> None:
    group = telegram.add_group("OSNP", [lea], with_bot=False)
    telegram.add_bot_to_group(group, lea, BotRights())
    telegram.kick_bot(group, lea)

    added, line, kicked = await bot.get_updates()

    assert added.my_chat_member is not None
    assert added.my_chat_member.new_chat_member.status == "administrator"
    assert line.message is not None
    assert line.message.new_chat_members[0].id == bot.id
    assert kicked.my_chat_member is not None
    assert kicked.my_chat_member.new_chat_member.status == "kicked"


async def test_privacy_mode_hides_what_is_not_meant_for_the_bot(
    telegram: Telegram, bot: Bot, lea: User
) -> None:
    group = telegram.add_group("SOS médecin 68", [lea], bot_rights=BotRights(administrator=False))
    sent = await bot.send_message(group.id, "SMT 412 ?")
    telegram.send_text(lea, group, "On en parle entre nous")
    telegram.send_text(lea, group, "/mission@autre_bot")
    telegram.send_text(lea, group, "/mission@smt68_bot")
    telegram.send_text(lea, group, "Oui", reply_to=sent.message_id)

    updates = await bot.get_updates()
    assert texts(updates) == ["/mission@smt68_bot", "Oui"]

    telegram.set_bot_rights(group, lea, BotRights())
    telegram.send_text(lea, group, "On en parle entre nous")
    assert texts(await bot.get_updates(offset=updates[-1].update_id + 1)) == ["On en parle entre nous"]


async def test_an_unanswered_tap_can_come_again_under_a_new_number(
    telegram: Telegram, bot: Bot, amina: User
) -> None:
    tap = telegram.tap(amina, amina, await button(telegram, amina), 0, 0)
    telegram.tap_again(tap)

    first, second = await bot.get_updates()

    assert first.update_id != second.update_id
    assert first.callback_query is not None
    assert second.callback_query is not None
    assert first.callback_query.id == second.callback_query.id == tap


async def test_a_tap_on_an_old_or_deleted_message_comes_without_it(
    telegram: Telegram, bot: Bot, amina: User, clock: StillClock
) -> None:
    number = await button(telegram, amina)
    telegram.switches.inaccessible_after = clock.now() - clock.now()
    clock.forward(seconds=1)
    telegram.tap(amina, amina, number, 0, 0)
    await bot.delete_message(amina.id, number)
    telegram.tap_data(amina, amina, number, "accept")

    for update in await bot.get_updates():
        assert update.callback_query is not None
        assert update.callback_query.message is not None
        assert not update.callback_query.message.is_accessible
        assert update.callback_query.message.message_id == number


class Hook:
    """A webhook's other end: refuses so many times, then takes."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.got: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.enough = asyncio.Event()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.got.append((url, body, headers))
        if len(self.got) <= self.refusals:
            if len(self.got) == 1:
                raise ConnectionRefusedError
            return 500
        self.enough.set()
        return 200


async def test_a_webhook_gets_each_update_until_it_takes_it(clock: StillClock) -> None:
    hook = Hook(refusals=2)
    telegram = Telegram(clock, post=hook.post)
    amina = telegram.add_user(2001, "Amina", "Benali")
    url = "https://smt.example/telegram"
    set_up = await telegram.call("setWebhook", {"url": url, "secret_token": "s3cret"})
    assert set_up.body["result"] is True

    telegram.start(amina)
    await hook.enough.wait()

    assert [got[1] for got in hook.got] == [hook.got[0][1]] * 3
    assert hook.got[0][0] == url
    assert hook.got[0][2]["X-Telegram-Bot-Api-Secret-Token"] == "s3cret"
    about = (await telegram.call("getWebhookInfo")).body["result"]
    assert about["url"] == url
    assert about["last_error_message"] == "Wrong response from the webhook: 500"
    polled = await telegram.call("getUpdates")
    assert polled.status == 409
    assert "webhook is active" in polled.body["description"]
    await telegram.call("deleteWebhook", {"drop_pending_updates": True})
    assert (await telegram.call("getUpdates")).body["result"] == []
    await telegram.updates.stop()


async def test_a_webhook_needs_https(telegram: Telegram) -> None:
    answer = await telegram.call("setWebhook", {"url": "http://smt.example/telegram"})
    assert answer.body["description"] == "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"


@pytest.mark.parametrize("asked", [None, []])
async def test_by_default_members_who_come_and_go_are_not_told_twice(
    telegram: Telegram, amina: User, group: Chat, asked: list[str] | None
) -> None:
    await telegram.call("getUpdates", {"allowed_updates": asked})
    telegram.join(amina, group)
    kinds = [set(update) - {"update_id"} for update in telegram.take_updates()]
    assert kinds == [{"message"}]
