"""Topics: one per mission in the group, and in private chats where the bot has that mode."""

import pytest
from telegram import Bot
from telegram.error import BadRequest

from bot.sandbox.chats import Chat, User
from bot.sandbox.telegram import Telegram


async def test_private_chats_have_topics_when_the_bot_has_the_mode(
    telegram: Telegram, bot: Bot, amina: User
) -> None:
    assert (await bot.get_me()).has_topics_enabled is False
    with pytest.raises(BadRequest, match="not a forum"):
        await bot.create_forum_topic(amina.id, "SMT 412")

    telegram.switches.topics_in_private = True
    assert (await bot.get_me()).has_topics_enabled is True
    topic = await bot.create_forum_topic(amina.id, "SMT 412 · Mulhouse")
    thread = topic.message_thread_id
    sent = await bot.send_message(amina.id, "SMT 412 est à vous", message_thread_id=thread)
    assert (sent.message_thread_id, sent.is_topic_message) == (thread, True)

    telegram.send_text(amina, amina, "TA 13/8 FC 72", thread=thread)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert (update.message.message_thread_id, update.message.is_topic_message) == (thread, True)


async def test_a_private_topic_is_renamed_and_deleted_but_never_closed(
    telegram: Telegram, bot: Bot, amina: User
) -> None:
    telegram.switches.topics_in_private = True
    thread = (await bot.create_forum_topic(amina.id, "SMT 412")).message_thread_id
    await bot.send_message(amina.id, "Mme Odile KELLER", message_thread_id=thread)

    await bot.edit_forum_topic(amina.id, thread, name="SMT 412 · close")
    with pytest.raises(BadRequest, match="not a forum"):
        await bot.close_forum_topic(amina.id, thread)
    with pytest.raises(BadRequest, match="not a forum"):
        await bot.reopen_forum_topic(amina.id, thread)
    await bot.delete_forum_topic(amina.id, thread)

    assert telegram.visible(amina, amina, thread) == []
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(amina.id, "SMT 412", message_thread_id=thread)


async def test_a_reply_goes_to_the_topic_of_its_message(bot: Bot, group: Chat) -> None:
    thread = (await bot.create_forum_topic(group.id, "SMT 412")).message_thread_id
    other = (await bot.create_forum_topic(group.id, "SMT 413")).message_thread_id
    card = await bot.send_message(group.id, "Carte", message_thread_id=thread)

    answer = await bot.send_message(group.id, "Suite", reply_to_message_id=card.message_id)

    assert answer.message_thread_id == thread
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(
            group.id, "Suite", message_thread_id=other, reply_to_message_id=card.message_id
        )


async def test_closing_twice_changes_nothing(bot: Bot, group: Chat) -> None:
    thread = (await bot.create_forum_topic(group.id, "SMT 412")).message_thread_id
    await bot.close_forum_topic(group.id, thread)
    with pytest.raises(BadRequest, match="Topic_not_modified"):
        await bot.close_forum_topic(group.id, thread)
    await bot.reopen_forum_topic(group.id, thread)
    with pytest.raises(BadRequest, match="Topic_not_modified"):
        await bot.edit_forum_topic(group.id, thread, name="SMT 412")


async def test_a_person_opens_a_topic_and_closes_it(
    telegram: Telegram, bot: Bot, lea: User, group: Chat
) -> None:
    topic = telegram.open_topic(lea, group, "Divers")
    telegram.close_topic(lea, group, topic.id)

    opened, closed = [update.message for update in await bot.get_updates()]

    assert opened is not None
    assert opened.forum_topic_created is not None
    assert opened.message_id == opened.message_thread_id == topic.id
    assert closed is not None
    assert closed.forum_topic_closed is not None


async def test_the_icons_of_topics_can_be_listed_and_used(bot: Bot, group: Chat) -> None:
    icons = await bot.get_forum_topic_icon_stickers()
    number = icons[0].custom_emoji_id
    topic = await bot.create_forum_topic(group.id, "SMT 412", icon_custom_emoji_id=number)
    assert topic.icon_custom_emoji_id == number


async def test_the_pins_of_a_topic_are_taken_down_together(telegram: Telegram, bot: Bot, group: Chat) -> None:
    thread = (await bot.create_forum_topic(group.id, "SMT 412")).message_thread_id
    card = await bot.send_message(group.id, "Carte", message_thread_id=thread)
    board = await bot.send_message(group.id, "Tableau")
    await bot.pin_chat_message(group.id, card.message_id)
    await bot.pin_chat_message(group.id, board.message_id)

    await bot.unpin_all_forum_topic_messages(group.id, thread)

    assert group.pinned == [board.message_id]
    assert (await bot.get_chat(group.id)).pinned_message is not None
    await bot.unpin_chat_message(group.id)
    assert group.pinned == []
    assert telegram.unknown_methods == set()
