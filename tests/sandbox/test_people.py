"""What people do in their app, as the bot's library reads it."""

import pytest
from telegram import Bot, Update

from bot.sandbox.acts import CannotDo
from bot.sandbox.chats import Chat, User
from bot.sandbox.files import UploadedFile
from bot.sandbox.telegram import Telegram
from tests.sandbox.conftest import StillClock


async def only_update(bot: Bot) -> Update:
    (update,) = await bot.get_updates(allowed_updates=Update.ALL_TYPES)
    return update


async def test_a_shared_contact_proves_its_own_number_only(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.share_contact(amina, amina)
    telegram.share_other_contact(amina, amina, "+33639980099", "Bruno")

    own, other = [update.message for update in await bot.get_updates()]

    assert own is not None
    assert own.contact is not None
    assert (own.contact.phone_number, own.contact.user_id) == ("+33639980011", amina.id)
    assert other is not None
    assert other.contact is not None
    assert other.contact.user_id is None


async def test_a_correction_comes_as_an_edited_message(
    telegram: Telegram, bot: Bot, amina: User, clock: StillClock
) -> None:
    (message,) = telegram.send_text(amina, amina, "FC 96")
    telegram.take_updates()
    clock.forward(minutes=1)

    telegram.edit_text(amina, amina, message.id, "FC 69")

    update = await only_update(bot)
    assert update.edited_message is not None
    assert update.edited_message.text == "FC 69"
    assert update.edited_message.edit_date == clock.now()
    with pytest.raises(CannotDo):
        telegram.edit_text(amina, amina, 999, "FC 70")


async def test_an_anonymous_administrator_is_the_group(
    telegram: Telegram, bot: Bot, lea: User, group: Chat
) -> None:
    telegram.set_anonymous(lea, group)
    telegram.send_text(lea, group, "/mission")

    update = await only_update(bot)

    assert update.message is not None
    assert update.message.sender_chat is not None
    assert update.message.sender_chat.id == group.id
    assert update.message.from_user is not None
    assert update.message.from_user.id == 1087968824
    assert telegram.visible(lea, group)[-1].sender == "OSNP SMT 68"
    members = await bot.get_chat_administrators(group.id)
    assert [(member.user.id, member.status) for member in members] == [
        (lea.id, "creator"),
        (bot.id, "administrator"),
    ]


async def test_a_press_of_an_anonymous_administrator(
    telegram: Telegram, bot: Bot, lea: User, group: Chat
) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Vu", "callback_data": "seen"}]]}
    params = {"chat_id": group.id, "text": "SMT 412", "reply_markup": keyboard}
    number = (await telegram.call("sendMessage", params)).body["result"]["message_id"]

    telegram.tap(lea, group, number, 0, 0, as_group=True)

    update = await only_update(bot)
    assert update.callback_query is not None
    assert update.callback_query.from_user.username == "GroupAnonymousBot"


async def test_an_album_is_several_updates_with_one_number(telegram: Telegram, bot: Bot, amina: User) -> None:
    photos = [UploadedFile(f"{n}.jpg", b"\xff\xd8photo", "image/jpeg") for n in range(3)]
    telegram.send_files(amina, amina, "photo", photos, caption="Plaie tibia")

    messages = [update.message for update in await bot.get_updates()]

    assert len({message.media_group_id for message in messages if message}) == 1
    assert [message.caption for message in messages if message] == ["Plaie tibia", None, None]
    assert all(len(message.photo) == 3 for message in messages if message)


async def test_a_voice_note_and_a_document(telegram: Telegram, bot: Bot, amina: User) -> None:
    telegram.send_files(amina, amina, "voice", [UploadedFile("v.ogg", b"Ogg", "audio/ogg")], duration=12)
    telegram.send_files(amina, amina, "document", [UploadedFile("cr.pdf", b"%PDF", "application/pdf")])

    voice, document = [update.message for update in await bot.get_updates()]

    assert voice is not None
    assert voice.voice is not None
    assert voice.voice.to_dict()["duration"] == 12
    assert document is not None
    assert document.document is not None
    assert (document.document.file_name, document.document.file_size) == ("cr.pdf", 4)


async def test_a_reply_carries_the_message_replied_to(telegram: Telegram, bot: Bot, amina: User) -> None:
    card = await bot.send_message(amina.id, "SMT 412 · qui ouvre ?")
    telegram.send_text(amina, amina, "La fille", reply_to=card.message_id)

    update = await only_update(bot)

    assert update.message is not None
    assert update.message.reply_to_message == card


async def test_a_group_that_moves_tells_both_sides(telegram: Telegram, bot: Bot, lea: User) -> None:
    old = telegram.add_group("OSNP", [lea], forum=False, type="group")
    new = telegram.migrate(old)

    left, came = [update.message for update in await bot.get_updates()]

    assert left is not None
    assert (left.chat.id, left.migrate_to_chat_id) == (old.id, new.id)
    assert came is not None
    assert (came.chat.id, came.migrate_from_chat_id) == (new.id, old.id)
    assert new.type == "supergroup"


async def test_deletions_by_people_are_told_to_nobody(telegram: Telegram, amina: User) -> None:
    (message,) = telegram.send_text(amina, amina, "Oups")
    telegram.take_updates()
    telegram.delete_messages(amina, amina, [message.id])
    assert telegram.take_updates() == []
    assert "Oups" not in [view.text for view in telegram.visible(amina, amina)]


async def test_an_app_lets_nobody_do_what_is_impossible(
    telegram: Telegram, bot: Bot, amina: User, lea: User, group: Chat
) -> None:
    card = await bot.send_message(amina.id, "SMT 412")
    weber = telegram.add_user(3001, "Luc", "Weber", on_telegram=False)
    topic = telegram.open_topic(lea, group, "SMT 412")
    telegram.close_topic(lea, group, topic.id)

    with pytest.raises(CannotDo, match="Ce bouton n'existe plus"):
        telegram.tap(amina, amina, card.message_id, 0, 0)
    with pytest.raises(CannotDo, match="n'est pas dans cette conversation"):
        telegram.send_text(amina, group, "Bonjour")
    with pytest.raises(CannotDo, match="Conversation inconnue"):
        telegram.start(weber)
    with pytest.raises(CannotDo, match="Ce sujet est fermé"):
        telegram.send_text(lea, group, "Bonjour", thread=topic.id)
    with pytest.raises(CannotDo, match="Le message est vide"):
        telegram.send_text(amina, amina, "  ")
    assert telegram.visible(amina, group) == []


async def test_links_and_copies_concern_the_app_alone(telegram: Telegram, amina: User) -> None:
    row = [
        {"text": "ENTRER EN VISIO", "url": "https://smt.example/v/abc"},
        {"text": "Copier", "copy_text": {"text": "12 rue des Tanneurs"}},
    ]
    params = {"chat_id": amina.id, "text": "SMT 412", "reply_markup": {"inline_keyboard": [row]}}
    number = (await telegram.call("sendMessage", params)).body["result"]["message_id"]

    link, copy = [telegram.tap(amina, amina, number, 0, column) for column in range(2)]

    assert telegram.answers[link].url == "https://smt.example/v/abc"
    assert telegram.answers[copy].text == "12 rue des Tanneurs"
    assert telegram.take_updates() == []


async def test_supergroups_number_their_messages_each_for_itself(
    telegram: Telegram, bot: Bot, amina: User, group: Chat
) -> None:
    other = telegram.add_group("SELAS")
    numbers = [(await bot.send_message(chat, "SMT 412")).message_id for chat in (group.id, other.id)]
    assert numbers == [2, 2]
    private = [(await bot.send_message(amina.id, "SMT 412")).message_id for _ in range(2)]
    assert private[1] == private[0] + 1


async def test_the_page_is_told_what_happens(telegram: Telegram, bot: Bot, amina: User) -> None:
    events = telegram.subscribe()
    await bot.send_message(amina.id, "<b>SMT 412</b>", parse_mode="HTML", disable_notification=True)
    event = await anext(events)
    assert event["kind"] == "message"
    assert event["message"]["html"] == "<b>SMT 412</b>"
    assert event["message"]["silent"]
    assert event["seq"] == telegram.state()["seq"]
    await events.aclose()


async def test_a_page_that_was_away_too_long_reloads(telegram: Telegram) -> None:
    for _ in range(5001):
        telegram.world.events.publish("clock", now="2026-10-06T07:23:00Z")
    assert [event["kind"] for event in telegram.world.events.since(0)] == ["reset"]
    assert len(telegram.world.events.since(telegram.world.events.seq - 3)) == 3
