"""A bot and people talk: what each side gets, parsed by the bot's real library."""

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.constants import MessageEntityType
from telegram.error import BadRequest

from bot.sandbox.chats import Chat, User
from bot.sandbox.telegram import Telegram
from tests.sandbox.conftest import StillClock


async def test_a_person_starts_the_bot_by_a_personal_link(telegram: Telegram, bot: Bot) -> None:
    amina = telegram.add_user(2001, "Amina", "Benali")

    telegram.start(amina, "Ab3_token")

    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "/start Ab3_token"
    assert update.message.entities[0].type == MessageEntityType.BOT_COMMAND
    assert update.message.chat.id == update.message.from_user.id == amina.id  # type: ignore[union-attr]


async def test_a_tap_is_told_to_the_bot_and_its_answer_to_the_person(
    telegram: Telegram, bot: Bot, amina: User
) -> None:
    buttons = InlineKeyboardMarkup(
        [[InlineKeyboardButton("ACCEPTER · 20 min", callback_data="accept:412:20")]]
    )
    sent = await bot.send_message(
        amina.id, "<b>SMT 412</b> · visite", parse_mode="HTML", reply_markup=buttons
    )
    (seen,) = [view for view in telegram.visible(amina, amina) if view.from_bot]
    assert seen.text == "SMT 412 · visite"
    assert seen.html == "<b>SMT 412</b> · visite"
    assert seen.button("ACCEPTER") == (0, 0)

    tap = telegram.tap(amina, amina, sent.message_id, 0, 0)
    (update,) = await bot.get_updates(allowed_updates=Update.ALL_TYPES)
    assert update.callback_query is not None
    assert update.callback_query.data == "accept:412:20"
    assert update.callback_query.message == sent
    await update.callback_query.answer("SMT 412 est à vous", show_alert=True)

    assert telegram.answers[tap].text == "SMT 412 est à vous"
    assert telegram.answers[tap].alert
    assert (await telegram.answer_to(tap)).text == "SMT 412 est à vous"


async def test_an_edit_shows_in_place_and_takes_the_buttons_away(
    telegram: Telegram, bot: Bot, amina: User, clock: StillClock
) -> None:
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("REFUSER", callback_data="refuse")]])
    sent = await bot.send_message(amina.id, "SMT 412", reply_markup=buttons)
    clock.forward(minutes=2)

    edited = await bot.edit_message_text("SMT 412 · refusée", amina.id, sent.message_id)

    assert not isinstance(edited, bool)
    assert edited.edit_date == clock.now()
    (seen,) = [view for view in telegram.visible(amina, amina) if view.from_bot]
    assert (seen.text, seen.buttons) == ("SMT 412 · refusée", [])
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("SMT 412 · refusée", amina.id, sent.message_id)


async def test_a_mission_has_its_topic_in_the_group(
    telegram: Telegram, bot: Bot, lea: User, group: Chat
) -> None:
    topic = await bot.create_forum_topic(group.id, "SMT 412 · Mulhouse")
    card = await bot.send_message(group.id, "Recherche", message_thread_id=topic.message_thread_id)
    assert card.is_topic_message

    telegram.send_text(lea, group, "J'appelle la patiente", thread=topic.message_thread_id)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.message_thread_id == topic.message_thread_id
    assert update.message.is_topic_message
    # As Telegram tells it: a message of a topic replies to the line that opened the topic.
    assert update.message.reply_to_message is not None
    assert update.message.reply_to_message.forum_topic_created is not None

    await bot.edit_forum_topic(group.id, topic.message_thread_id, name="SMT 412 · sur place")
    await bot.close_forum_topic(group.id, topic.message_thread_id)
    services = [view.service for view in telegram.visible(lea, group) if view.service]
    assert services == [
        "SMT 68 a créé le sujet « SMT 412 · Mulhouse »",
        "SMT 68 a renommé le sujet en « SMT 412 · sur place »",
        "SMT 68 a fermé le sujet",
    ]


async def test_a_long_paste_arrives_as_three_messages(telegram: Telegram, bot: Bot, lea: User) -> None:
    telegram.send_text(lea, lea, "x" * 10_000)

    updates = await bot.get_updates()

    assert [len(update.message.text or "") for update in updates if update.message] == [4096, 4096, 1808]
