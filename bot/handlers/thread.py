"""What people write and send in a mission, and the taps under it."""

from typing import Any

from telegram import Message, PhotoSize
from telegram.constants import ChatType

from bot.buttons import Press
from bot.context import Context
from bot.domain import liaison, vitals_entry
from bot.domain.outcome import BOARD, Answer
from bot.domain.people import ANYBODY, GROUP_ROLES, DocumentId, MissionId, Person
from bot.flows import closing, opening, orders, thread
from bot.flows.opening import Written as OpeningWritten
from bot.flows.written import Written
from bot.handlers import cascade, duty, joining, visit
from bot.handlers.where import Where, place_in_group, where
from bot.ports import DocumentKind, Draft


def written_of(message: Message) -> Written | None:
    """A message as the flows take it; None for what is not relayed (a sticker, a contact card…)."""
    content = _content(message)
    if content is None:
        return None
    in_topic = bool(message.is_topic_message)
    reply = message.reply_to_message
    answers = reply is not None and not (in_topic and reply.message_id == message.message_thread_id)
    user = message.from_user
    return Written(
        chat_id=message.chat_id,
        message_id=message.message_id,
        topic=message.message_thread_id if in_topic else None,
        reply_to=reply.message_id if reply is not None and answers else None,
        album=message.media_group_id,
        author=user.full_name if user else "",
        **content,
    )


def _content(message: Message) -> dict[str, Any] | None:
    """Kind, words and file."""
    if message.text is not None:
        return {"kind": DocumentKind.TEXT, "text": message.text}
    if message.location is not None:
        place = message.location
        return {"kind": DocumentKind.LOCATION, "text": f"{place.latitude:.5f}, {place.longitude:.5f}"}
    said = {"text": message.caption or ""}
    if message.photo:
        return said | _file(DocumentKind.PHOTO, max(message.photo, key=_pixels))
    for kind, file in (
        (DocumentKind.VOICE, message.voice),
        (DocumentKind.AUDIO, message.audio),
        (DocumentKind.VIDEO, message.video),
        (DocumentKind.DOCUMENT, message.document),
    ):
        if file is not None:
            return said | _file(kind, file)
    return None


def _pixels(size: PhotoSize) -> int:
    return size.width * size.height


def _file(kind: DocumentKind, file: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "file_id": file.file_id,
        "file_unique_id": file.file_unique_id,
        "file_name": getattr(file, "file_name", None),
        "mime": getattr(file, "mime_type", None),
        "size": file.file_size,
    }


async def on_message(update: Any, context: Context) -> None:
    """What no dialogue took: a text, a file; in a private chat, a house's chat or the group."""
    message: Message = update.message
    written = written_of(message)
    person = context.person
    if message.chat.type == ChatType.PRIVATE:
        await _private(context, person, message, written)
    elif (
        message.sender_chat is not None and written is not None and await _is_for_a_mission(context, written)
    ):
        await context.say(Answer("press.anonymous"))
    elif person is None or message.sender_chat is not None:
        await context.nothing_to_do()
    elif person.id == ANYBODY:
        await _in_house(context, person, written)
    elif person.role in GROUP_ROLES and written is not None:
        if await visit.on_group_hour(context, person, written):
            return
        if await _is_pasted_in_general(context, written):
            await opening.pasted_in_general(
                context.given,
                person,
                written.text,
                OpeningWritten(written.chat_id, written.message_id),
                context.bot.username,
            )
            return
        if (asked := await _asked_why(context, person, written)) is not None:
            answer = await closing.reason_in_topic(context.given, person, asked, written.text)
            await _done(context, answer if answer.kind != "closing.confirm" else None)
            return
        await _done(context, await thread.write_in_group(context.given, person, written))
    else:
        await context.nothing_to_do()


async def _is_pasted_in_general(context: Context, written: Written) -> bool:
    """Whether a request was pasted into the group instead of the private chat."""
    if written.kind is not DocumentKind.TEXT or written.reply_to is not None:
        return False
    is_request = opening.is_request(context.runtime.given, written.text)
    return is_request and await where(context) is Where.GROUP and await place_in_group(context) == BOARD


async def _asked_why(context: Context, person: Person, written: Written) -> MissionId | None:
    """The mission whose cancellation this may be the reason of: nothing for a nurse, and no request."""
    given, text = context.runtime.given, written.text
    marks = (thread.ADDRESS.match(text), liaison.marked(text), vitals_entry.dictated(text))
    if any(mark is not None for mark in marks) or opening.is_request(given, text):
        return None
    return await closing.asked_in_topic(given, person, written)


async def _is_for_a_mission(context: Context, written: Written) -> bool:
    """Whether somebody who hides behind the group answers a message of a mission."""
    return written.reply_to is not None and await thread.named(context.runtime.given, written) is not None


async def _private(
    context: Context, person: Person | None, message: Message, written: Written | None
) -> None:
    if person is None:
        await joining.on_file(context)
    elif written is None:
        await context.say(Answer("thread.unsupported"))
    elif written.reply_to is not None or not await duty.on_file(context, person, message):
        await _done(context, await thread.write(context.given, person, written))


async def _in_house(context: Context, person: Person, written: Written | None) -> None:
    if written is None:
        await context.nothing_to_do()
        return
    is_text = written.kind is DocumentKind.TEXT
    answers = await thread.named(context.runtime.given, written)
    taken = written.reply_to is not None and answers is None  # answers something else
    if is_text and not taken and await cascade.on_house_text(context, person, written.text, answers):
        return
    await _done(context, await thread.write(context.given, person, written))


async def on_answer(context: Context, person: Person) -> bool:
    """An operator's text in the private chat: relayed when it answers a message of a mission."""
    message = context.incoming.effective_message
    written = written_of(message) if message is not None else None
    if written is None or written.reply_to is None:
        return False
    if await thread.named(context.runtime.given, written) is None:
        return False
    await _done(context, await thread.write(context.given, person, written))
    return True


async def on_edited(update: Any, context: Context) -> None:
    """Somebody corrected a message."""
    written = written_of(update.edited_message)
    if context.person is None and await joining.on_edited(update.edited_message, context):
        return
    if context.person is None or written is None:
        await context.nothing_to_do()
        return
    place = OpeningWritten(written.chat_id, written.message_id)
    if await opening.typed_here(context.runtime.given, context.person, place):
        await opening.edited(context.given, context.person, written.text)
        return
    await _done(context, await thread.edited(context.given, context.person, written))


async def meant_for(context: Context, draft: Draft) -> MissionId | None:
    """The draft's mission, unless the text names another one by its place or by what it answers."""
    mission = MissionId(int(draft.kind.partition(":")[2]))
    message = context.incoming.effective_message
    written = written_of(message) if message is not None else None
    if written is None:
        return None
    named = await thread.named(context.runtime.given, written)
    return mission if named in (None, mission) else None


async def waited_for(context: Context, draft: Draft) -> tuple[MissionId, Written] | None:
    """The mission and the text, when it answers what was asked not long ago."""
    message = context.incoming.effective_message
    written = written_of(message) if message is not None else None
    if written is None or not orders.still_waits(draft, context.given.now()):
        return None
    mission = await meant_for(context, draft)
    return None if mission is None else (mission, written)


async def _done(context: Context, answer: Answer | None) -> None:
    """Say it; where the notices say all, the flow's commit has ended the update."""
    if answer is not None:
        await context.say(answer)


async def on_see(context: Context, person: Person, press: Press) -> None:
    """«Voir»."""
    await context.say(await thread.see(context.given, person, press.mission, press.arg))


async def on_label(context: Context, person: Person, press: Press) -> None:
    """«Carte Vitale», «Ordonnance», «Autre»."""
    document, _, label = press.arg.partition(".")
    await context.say(
        await thread.label(context.given, person, press.mission, DocumentId(int(document)), label)
    )


async def on_which(context: Context, person: Person, press: Press) -> None:
    """«SMT 412»: that is the mission it was for."""
    await context.say(await thread.choose(context.given, person, press.mission, press.arg))


async def on_prescription(context: Context, person: Person, press: Press) -> None:
    """«Remise au patient»."""
    document, _, how = press.arg.partition(".")
    await context.say(
        await thread.prescription(context.given, person, press.mission, DocumentId(int(document)), how)
    )
