"""What the bot says of itself and asks about its chats, read by its own library."""

import pytest
from telegram import Bot, BotCommand, BotCommandScopeChat, MenuButtonCommands, ReactionTypeEmoji
from telegram.error import BadRequest

from bot.sandbox.chats import BotRights, Chat, User
from bot.sandbox.telegram import Telegram


async def test_the_bot_introduces_itself(telegram: Telegram, bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.username, me.is_bot) == (7000000001, "smt68_bot", True)
    assert me.can_read_all_group_messages is False
    await bot.set_my_name("SMT 68 essai")
    await bot.set_my_description("Service mobile de télémédecine")
    await bot.set_my_short_description("SMT")
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    assert (await bot.get_me()).first_name == "SMT 68 essai"
    assert telegram.world.profile.description == "Service mobile de télémédecine"


async def test_commands_differ_by_scope(bot: Bot, group: Chat) -> None:
    scope = BotCommandScopeChat(group.id)
    await bot.set_my_commands([BotCommand("mission", "Ouvrir une mission")], scope=scope)
    assert await bot.get_my_commands() == ()
    assert (await bot.get_my_commands(scope=scope))[0].command == "mission"
    await bot.delete_my_commands(scope=scope)
    assert await bot.get_my_commands(scope=scope) == ()


async def test_a_group_and_its_members(
    telegram: Telegram, bot: Bot, lea: User, amina: User, group: Chat
) -> None:
    telegram.join(amina, group)
    about = await bot.get_chat(group.id)
    assert (about.title, about.is_forum, about.type) == ("OSNP SMT 68", True, "supergroup")
    assert await bot.get_chat_member_count(group.id) == 3
    statuses = [(await bot.get_chat_member(group.id, user)).status for user in (lea.id, amina.id, bot.id)]
    assert statuses == ["creator", "member", "administrator"]
    telegram.set_bot_rights(group, lea, BotRights(manage_topics=False))
    own = await bot.get_chat_member(group.id, bot.id)
    assert own.to_dict()["can_manage_topics"] is False
    with pytest.raises(BadRequest, match="Member not found"):
        await bot.get_chat_member(group.id, 42)

    await bot.ban_chat_member(group.id, amina.id)
    assert (await bot.get_chat_member(group.id, amina.id)).status == "left"
    with pytest.raises(BadRequest, match="User is an administrator"):
        await bot.ban_chat_member(group.id, lea.id)
    await bot.leave_chat(group.id)
    assert group.bot_status == "left"


async def test_a_private_chat(bot: Bot, amina: User) -> None:
    about = await bot.get_chat(amina.id)
    assert (about.first_name, about.type) == ("Amina", "private")


async def test_a_reaction_shows(telegram: Telegram, bot: Bot, amina: User) -> None:
    (message,) = telegram.send_text(amina, amina, "Sur place")
    await bot.set_message_reaction(amina.id, message.id, ReactionTypeEmoji("👍"))
    assert telegram.visible(amina, amina)[-1].reactions == ["👍"]
    await bot.set_message_reaction(amina.id, message.id)
    assert telegram.visible(amina, amina)[-1].reactions == []


async def test_the_webhook_can_be_looked_at(bot: Bot) -> None:
    assert (await bot.get_webhook_info()).url == ""
    await bot.set_webhook("https://smt.example/telegram", allowed_updates=["message"])
    about = await bot.get_webhook_info()
    assert (about.url, about.allowed_updates) == ("https://smt.example/telegram", ("message",))
    await bot.delete_webhook()


async def test_a_reply_keyboard_comes_and_goes(telegram: Telegram, amina: User) -> None:
    asking = {"keyboard": [[{"text": "Mon numéro", "request_contact": True}], ["Plus tard"]]}
    await telegram.call(
        "sendMessage", {"chat_id": amina.id, "text": "Votre numéro ?", "reply_markup": asking}
    )
    await telegram.call(
        "sendMessage", {"chat_id": amina.id, "text": "Merci", "reply_markup": {"remove_keyboard": True}}
    )
    shown = [message["keyboard"] for message in telegram.state()["messages"]][-2:]
    assert shown == [[[{"text": "Mon numéro", "request_contact": True}], ["Plus tard"]], []]
