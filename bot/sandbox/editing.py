"""The methods by which the bot changes or takes back what was written, and answers taps."""

from collections.abc import Callable
from copy import copy
from dataclasses import fields
from datetime import timedelta
from typing import Any

from bot.clock import real_monotonic
from bot.sandbox.access import check_rate, member_chat, message_of, writable_chat
from bot.sandbox.chats import Chat
from bot.sandbox.keyboards import inline_only
from bot.sandbox.messages import Message
from bot.sandbox.parameters import Parameters
from bot.sandbox.refusals import bad_request, not_modified
from bot.sandbox.sending import caption, input_media, words
from bot.sandbox.world import TapAnswer, World

Json = dict[str, Any]

DELETABLE = timedelta(hours=48)
MOST_DELETED = 100
MOST_ANSWER = 200


def edit_message_text(world: World, p: Parameters) -> Json:
    """EditMessageText; buttons not given again disappear."""

    def change(message: Message) -> None:
        if message.media or message.extra:
            raise bad_request("there is no text in the message to edit")
        said = words(p)
        message.text, message.entities = said["text"], said["entities"]
        message.link_preview = p.mapping("link_preview_options")
        message.inline_keyboard = inline_only(p)

    return _edit(world, p, change)


def edit_message_caption(world: World, p: Parameters) -> Json:
    """EditMessageCaption."""

    def change(message: Message) -> None:
        if not message.media:
            raise bad_request("there is no caption in the message to edit")
        said = caption(p)
        message.text, message.entities = said["text"], said["entities"]
        message.inline_keyboard = inline_only(p)

    return _edit(world, p, change)


def edit_message_reply_markup(world: World, p: Parameters) -> Json:
    """EditMessageReplyMarkup."""

    def change(message: Message) -> None:
        message.inline_keyboard = inline_only(p)

    return _edit(world, p, change)


def edit_message_media(world: World, p: Parameters) -> Json:
    """EditMessageMedia."""

    def change(message: Message) -> None:
        if not message.media:
            raise bad_request("there is no media in the message to edit")
        item = p.mapping("media") or {}
        said = caption(Parameters(item, {}))
        message.media = input_media(world, item, p.files)
        message.text, message.entities = said["text"], said["entities"]
        message.inline_keyboard = inline_only(p)

    return _edit(world, p, change)


def delete_message(world: World, p: Parameters) -> bool:
    """DeleteMessage."""
    chat = member_chat(world, p)
    message = message_of(chat, p, "message to delete not found")
    _check_deletable(world, chat, message)
    world.remove(chat, message.id)
    return True


def delete_messages(world: World, p: Parameters) -> bool:
    """DeleteMessages; those that are gone are skipped."""
    chat = member_chat(world, p)
    numbers = p.sequence("message_ids")
    if not numbers:
        raise bad_request("message identifiers are not specified")
    if len(numbers) > MOST_DELETED:
        raise bad_request("too many message identifiers specified")
    found = [chat.messages[int(number)] for number in numbers if int(number) in chat.messages]
    for message in found:
        _check_deletable(world, chat, message)
    for message in found:
        world.remove(chat, message.id)
    return True


def answer_callback_query(world: World, p: Parameters) -> bool:
    """AnswerCallbackQuery: once, and soon."""
    if len(p.text("text")) > MOST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    tap = world.taps.get(p.text("callback_query_id"))
    now = world.now()
    if tap is None or tap.answer is not None or now - tap.at > world.switches.answer_within:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    url = p.text("url") or None
    if url is not None and not url.startswith(f"https://t.me/{world.bot.username}?"):
        raise bad_request("URL_INVALID")
    tap.answer = TapAnswer(p.text("text"), p.yes("show_alert"), url, now)
    tap.answered = real_monotonic()
    world.show_answer(tap)
    return True


def set_message_reaction(world: World, p: Parameters) -> bool:
    """SetMessageReaction."""
    chat = writable_chat(world, p)
    message = message_of(chat, p, "message to react not found")
    reactions = p.sequence("reaction") or []
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    message.reactions[world.bot.id] = reactions
    return True


def _edit(world: World, p: Parameters, change: Callable[[Message], None]) -> Json:
    if p.has("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    chat = writable_chat(world, p)
    message = message_of(chat, p, "message to edit not found")
    # Telegram edits no message that came with a reply keyboard.
    if message.sender is not world.bot or message.service or message.keyboard is not None:
        raise bad_request("message can't be edited")
    before = copy(message)
    was = message.content()
    try:
        change(message)
        if message.content() == was:
            raise not_modified()
        check_rate(world, chat)
    except Exception:
        for field in fields(message):
            setattr(message, field.name, getattr(before, field.name))
        raise
    message.edited = world.now()
    world.show(message, "edited")
    return message.as_json()


def _check_deletable(world: World, chat: Chat, message: Message) -> None:
    if "forum_topic_created" in message.service:
        raise bad_request("message can't be deleted")
    may = (
        not chat.is_group
        or message.sender is world.bot
        or (chat.bot_administers and chat.rights.delete_messages)
    )
    if not may:
        raise bad_request("message can't be deleted")
    if world.now() - message.date >= DELETABLE:
        raise bad_request("message can't be deleted for everyone")


METHODS = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "editMessageMedia": edit_message_media,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "answerCallbackQuery": answer_callback_query,
    "setMessageReaction": set_message_reaction,
}
