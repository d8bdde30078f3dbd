"""What Telegram refuses, in Telegram's own words."""

from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.chats import BotRights, Chat, User
from bot.sandbox.files import UploadedFile
from bot.sandbox.telegram import Telegram
from tests.sandbox.conftest import StillClock


async def refusal(telegram: Telegram, method: str, **params: Any) -> str:
    """The words of a refusal; fails when the call is carried out."""
    answer = await telegram.call(method, params)
    assert not answer.body["ok"], answer.body
    assert answer.body["error_code"] == answer.status
    description: str = answer.body["description"]
    return description


async def sent(telegram: Telegram, chat: int, text: str = "SMT 412", **params: Any) -> int:
    answer = await telegram.call("sendMessage", {"chat_id": chat, "text": text, **params})
    assert answer.status == 200, answer.body
    number: int = answer.body["result"]["message_id"]
    return number


def button(**kind: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Voir", **kind}]]}


async def test_an_unknown_method_is_not_found_and_noted(telegram: Telegram) -> None:
    assert await refusal(telegram, "sendTelepathy") == "Not Found"
    assert telegram.unknown_methods == {"sendTelepathy"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Bad Request: message text is empty"),
        (" \n ", "Bad Request: message text is empty"),
        ("x" * 4097, "Bad Request: message is too long"),
    ],
)
async def test_a_text_has_one_to_4096_characters(
    telegram: Telegram, amina: User, text: str, words: str
) -> None:
    assert await refusal(telegram, "sendMessage", chat_id=amina.id, text=text) == words
    await sent(telegram, amina.id, "x" * 4096)


async def test_characters_are_counted_after_the_formatting_is_read(telegram: Telegram, amina: User) -> None:
    await sent(telegram, amina.id, "<b>" + "x" * 4096 + "</b>", parse_mode="HTML")


async def test_a_caption_has_1024_characters(telegram: Telegram, amina: User) -> None:
    media = telegram.world.files.media(await photo_of(telegram, amina))
    assert media is not None
    params = {"chat_id": amina.id, "photo": media.file.id}
    assert await refusal(telegram, "sendPhoto", **params, caption="x" * 1025) == (
        "Bad Request: message caption is too long"
    )


async def photo_of(telegram: Telegram, user: User) -> str:
    (message,) = telegram.send_files(user, user, "photo", [UploadedFile("p.jpg", b"bytes", "image/jpeg")])
    assert message.media is not None
    return message.media.file.id


async def test_a_chat_nobody_knows_is_not_found(telegram: Telegram) -> None:
    assert await refusal(telegram, "sendMessage", chat_id=42, text="Bonjour") == "Bad Request: chat not found"
    assert await refusal(telegram, "sendMessage", text="Bonjour") == "Bad Request: chat_id is empty"


async def test_somebody_who_never_started_the_bot_cannot_be_written_to(
    telegram: Telegram, group: Chat
) -> None:
    stranger = telegram.add_user(3001, "Paul", "Durand")
    assert (
        await refusal(telegram, "sendMessage", chat_id=3001, text="Bonjour") == "Bad Request: chat not found"
    )

    telegram.join(stranger, group)
    assert await refusal(telegram, "sendMessage", chat_id=3001, text="Bonjour") == (
        "Forbidden: bot can't initiate conversation with a user"
    )


async def test_who_blocked_the_bot_or_left_telegram_gets_nothing(telegram: Telegram, amina: User) -> None:
    telegram.block(amina)
    assert await refusal(telegram, "sendMessage", chat_id=amina.id, text="Bonjour") == (
        "Forbidden: bot was blocked by the user"
    )
    telegram.deactivate(amina)
    assert await refusal(telegram, "sendMessage", chat_id=amina.id, text="Bonjour") == (
        "Forbidden: user is deactivated"
    )


async def test_a_group_the_bot_was_kicked_from_or_never_in(
    telegram: Telegram, lea: User, group: Chat
) -> None:
    telegram.kick_bot(group, lea)
    assert await refusal(telegram, "sendMessage", chat_id=group.id, text="Bonjour") == (
        "Forbidden: bot was kicked from the supergroup chat"
    )
    other = telegram.add_group("Autre", [lea], with_bot=False)
    assert await refusal(telegram, "sendMessage", chat_id=other.id, text="Bonjour") == (
        "Forbidden: bot is not a member of the supergroup chat"
    )


async def test_a_group_that_became_a_supergroup_says_its_new_number(telegram: Telegram, group: Chat) -> None:
    new = telegram.migrate(group)

    answer = await telegram.call("sendMessage", {"chat_id": group.id, "text": "Bonjour"})

    assert answer.status == 400
    assert answer.body["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer.body["parameters"] == {"migrate_to_chat_id": new.id}
    await sent(telegram, new.id)


async def test_an_edit_that_changes_nothing(telegram: Telegram, amina: User) -> None:
    number = await sent(
        telegram, amina.id, "<b>SMT 412</b>", parse_mode="HTML", reply_markup=button(callback_data="v")
    )
    words = (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly"
        " the same as a current content and reply markup of the message"
    )
    same = {"chat_id": amina.id, "message_id": number, "reply_markup": button(callback_data="v")}
    edit = {**same, "text": "<b>SMT 412</b>", "parse_mode": "HTML"}
    assert await refusal(telegram, "editMessageText", **edit) == words
    assert await refusal(telegram, "editMessageReplyMarkup", **same) == words
    no_preview = {"link_preview_options": {"is_disabled": True}}
    assert await refusal(telegram, "editMessageText", **edit, **no_preview) == words


async def test_what_cannot_be_edited(telegram: Telegram, amina: User) -> None:
    (theirs,) = telegram.send_text(amina, amina, "Bonjour")
    keyboard = {"keyboard": [[{"text": "Mon numéro", "request_contact": True}]]}
    asking = await sent(telegram, amina.id, "Votre numéro ?", reply_markup=keyboard)

    async def edited(number: int, **params: Any) -> str:
        params = {"text": "Autre", **params}
        return await refusal(telegram, "editMessageText", chat_id=amina.id, message_id=number, **params)

    assert await edited(999_999) == "Bad Request: message to edit not found"
    assert await edited(theirs.id) == "Bad Request: message can't be edited"
    assert await edited(asking) == "Bad Request: message can't be edited"
    number = await sent(telegram, amina.id)
    assert await edited(number, text="") == "Bad Request: message text is empty"
    assert await edited(number, reply_markup=keyboard) == "Bad Request: inline keyboard expected"
    assert (
        await refusal(telegram, "editMessageCaption", chat_id=amina.id, message_id=number, caption="Photo")
        == "Bad Request: there is no caption in the message to edit"
    )
    # And nothing of the failed edits is left.
    assert telegram.visible(amina, amina)[-1].text == "SMT 412"


async def test_messages_are_deleted_for_48_hours(telegram: Telegram, amina: User, clock: StillClock) -> None:
    old, young, youngest = [await sent(telegram, amina.id) for _ in range(3)]
    clock.forward(hours=47, minutes=59)
    answer = await telegram.call("deleteMessage", {"chat_id": amina.id, "message_id": young})
    assert answer.body == {"ok": True, "result": True}
    clock.forward(minutes=1)

    async def deleted(number: int) -> str:
        return await refusal(telegram, "deleteMessage", chat_id=amina.id, message_id=number)

    assert await deleted(old) == "Bad Request: message can't be deleted for everyone"
    assert await deleted(young) == "Bad Request: message to delete not found"
    many = {"chat_id": amina.id, "message_ids": [young, youngest]}
    assert await refusal(telegram, "deleteMessages", **many) == (
        "Bad Request: message can't be deleted for everyone"
    )
    too_many = {"chat_id": amina.id, "message_ids": list(range(101))}
    assert await refusal(telegram, "deleteMessages", **too_many) == (
        "Bad Request: too many message identifiers specified"
    )


async def test_the_first_line_of_a_topic_stays(telegram: Telegram, group: Chat) -> None:
    answer = await telegram.call("createForumTopic", {"chat_id": group.id, "name": "SMT 412"})
    number = answer.body["result"]["message_thread_id"]
    assert await refusal(telegram, "deleteMessage", chat_id=group.id, message_id=number) == (
        "Bad Request: message can't be deleted"
    )


async def test_without_the_right_only_its_own_messages_are_deleted(
    telegram: Telegram, lea: User, group: Chat
) -> None:
    telegram.set_bot_rights(group, lea, BotRights(delete_messages=False))
    (theirs,) = telegram.send_text(lea, group, "Bonjour")
    own = await sent(telegram, group.id)
    assert await refusal(telegram, "deleteMessage", chat_id=group.id, message_id=theirs.id) == (
        "Bad Request: message can't be deleted"
    )
    assert (await telegram.call("deleteMessage", {"chat_id": group.id, "message_id": own})).status == 200


async def test_a_tap_is_answered_once_and_soon(telegram: Telegram, amina: User, clock: StillClock) -> None:
    number = await sent(telegram, amina.id, reply_markup=button(callback_data="v"))
    first, second = [telegram.tap(amina, amina, number, 0, 0) for _ in range(2)]
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"

    assert (
        await refusal(telegram, "answerCallbackQuery", callback_query_id=first, text="x" * 201)
        == "Bad Request: MESSAGE_TOO_LONG"
    )
    assert (await telegram.call("answerCallbackQuery", {"callback_query_id": first})).status == 200
    assert await refusal(telegram, "answerCallbackQuery", callback_query_id=first) == too_old
    assert await refusal(telegram, "answerCallbackQuery", callback_query_id="1") == too_old
    clock.forward(seconds=16)
    assert await refusal(telegram, "answerCallbackQuery", callback_query_id=second) == too_old


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"copy_text": {"text": "x" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
        (
            {"url": "http://localhost:8080/d/1"},
            "inline keyboard button URL 'http://localhost:8080/d/1' is invalid: Wrong HTTP URL",
        ),
        (
            {"url": "tel:+33353010010"},
            "inline keyboard button URL 'tel:+33353010010' is invalid: Unsupported URL protocol",
        ),
        (
            {},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
    ],
)
async def test_buttons_that_telegram_does_not_take(
    telegram: Telegram, amina: User, kind: dict[str, Any], words: str
) -> None:
    params = {"chat_id": amina.id, "text": "SMT 412", "reply_markup": button(**kind)}
    assert await refusal(telegram, "sendMessage", **params) == f"Bad Request: {words}"


async def test_buttons_that_telegram_takes(telegram: Telegram, amina: User) -> None:
    for kind in (
        {"callback_data": "x" * 64},
        {"url": "https://smt.example/v/abc"},
        {"url": "tg://user?id=1001"},
        {"copy_text": {"text": "12 rue des Tanneurs"}},
    ):
        await sent(telegram, amina.id, reply_markup=button(**kind))


async def test_a_reply_needs_its_message(telegram: Telegram, amina: User) -> None:
    reply = {"message_id": 999_999}
    params = {"chat_id": amina.id, "text": "Reçu"}
    assert await refusal(telegram, "sendMessage", **params, reply_parameters=reply) == (
        "Bad Request: message to be replied not found"
    )
    await sent(telegram, amina.id, reply_parameters={**reply, "allow_sending_without_reply": True})


async def test_topics_that_are_not_there(telegram: Telegram, lea: User, group: Chat) -> None:
    flat = telegram.add_group("SOS médecin 68", [lea], forum=False)
    not_found = "Bad Request: message thread not found"
    for chat, thread in ((group, 1), (group, 77), (flat, 2), (lea, 2)):
        params = {"chat_id": chat.id, "text": "SMT 412", "message_thread_id": thread}
        assert await refusal(telegram, "sendMessage", **params) == not_found
    topic = telegram.open_topic(lea, group, "SMT 412")
    telegram.delete_topic(group, topic.id)
    params = {"chat_id": group.id, "text": "SMT 412", "message_thread_id": topic.id}
    assert await refusal(telegram, "sendMessage", **params) == not_found
    topic_params = {"chat_id": group.id, "message_thread_id": topic.id}
    assert await refusal(telegram, "closeForumTopic", **topic_params) == "Bad Request: TOPIC_ID_INVALID"


async def test_topics_need_a_forum_a_right_and_a_name(telegram: Telegram, lea: User, group: Chat) -> None:
    async def created(chat: Chat, name: str = "SMT 412") -> str:
        return await refusal(telegram, "createForumTopic", chat_id=chat.id, name=name)

    assert await created(group, "x" * 129) == "Bad Request: topic name is too long"
    assert await created(group, " ") == "Bad Request: topic name must be non-empty"
    telegram.set_bot_rights(group, lea, BotRights(manage_topics=False))
    assert await created(group) == "Bad Request: not enough rights to create a topic"
    telegram.set_forum(group, on=False)
    assert await created(group) == "Bad Request: the chat is not a forum"


async def test_a_closed_topic_takes_messages_of_an_administrator_only(
    telegram: Telegram, lea: User, group: Chat
) -> None:
    topic = telegram.open_topic(lea, group, "SMT 412")
    telegram.close_topic(lea, group, topic.id)
    await sent(telegram, group.id, message_thread_id=topic.id)

    telegram.set_bot_rights(group, lea, BotRights(administrator=False))
    params = {"chat_id": group.id, "text": "SMT 412", "message_thread_id": topic.id}
    assert await refusal(telegram, "sendMessage", **params) == "Bad Request: TOPIC_CLOSED"


async def test_commands_have_telegrams_form(telegram: Telegram) -> None:
    wrong = [{"command": "Mission", "description": "Ouvrir"}]
    assert await refusal(telegram, "setMyCommands", commands=wrong) == "Bad Request: BOT_COMMAND_INVALID"
    right = [{"command": "mission", "description": "Ouvrir une mission"}]
    assert (await telegram.call("setMyCommands", {"commands": right})).status == 200
    assert (await telegram.call("getMyCommands")).body["result"] == right


async def test_what_the_bot_seems_to_do_is_refused_where_a_message_would_be(
    telegram: Telegram, amina: User
) -> None:
    answer = await telegram.call("sendChatAction", {"chat_id": amina.id, "action": "typing"})
    assert answer.body == {"ok": True, "result": True}
    assert not telegram.visible(amina, amina)[-1:] or not telegram.visible(amina, amina)[-1].from_bot
    assert await refusal(telegram, "sendChatAction", chat_id=amina.id, action="sleeping") == (
        "Bad Request: wrong parameter action in request"
    )
    telegram.block(amina)
    assert await refusal(telegram, "sendChatAction", chat_id=amina.id, action="typing") == (
        "Forbidden: bot was blocked by the user"
    )
    assert await refusal(telegram, "sendChatAction", chat_id=99999, action="typing") == (
        "Bad Request: chat not found"
    )


async def test_pins_need_the_right(telegram: Telegram, lea: User, group: Chat) -> None:
    number = await sent(telegram, group.id, "3 missions ouvertes")
    params = {"chat_id": group.id, "message_id": number}
    assert (await telegram.call("pinChatMessage", params)).status == 200
    assert [view.id for view in telegram.visible(lea, group) if view.pinned] == [number]
    telegram.set_bot_rights(group, lea, BotRights(pin_messages=False))
    assert await refusal(telegram, "pinChatMessage", **params) == (
        "Bad Request: not enough rights to manage pinned messages in the chat"
    )


async def test_a_message_can_be_edited_after_months(
    telegram: Telegram, amina: User, clock: StillClock
) -> None:
    number = await sent(telegram, amina.id)
    clock.forward(days=60)
    params = {"chat_id": amina.id, "message_id": number, "text": "SMT 412 · close"}
    answer = await telegram.call("editMessageText", params)
    assert answer.status == 200
    assert telegram.visible(amina, amina)[-1].edited == clock.now()
    assert clock.now() - telegram.visible(amina, amina)[-1].date == timedelta(days=60)
