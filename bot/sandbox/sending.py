"""The methods by which the bot sends something new."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.access import check_rate, known_chat, replied_message, thread_to_write, writable_chat
from bot.sandbox.entities import formatted
from bot.sandbox.files import KIND_NAMES, MOST_PHOTO, Media, UploadedFile, image_size
from bot.sandbox.keyboards import markup
from bot.sandbox.messages import Message
from bot.sandbox.parameters import Parameters
from bot.sandbox.refusals import bad_request
from bot.sandbox.world import World

Json = dict[str, Any]

MOST_TEXT = 4096
MOST_CAPTION = 1024
MOST_IN_ALBUM = 10


def words(p: Parameters, name: str = "text") -> Json:
    """The text of a message with its entities, which must not be empty."""
    found = formatted(p.text(name), p.text("parse_mode"), p.sequence("entities"))
    if not found.text:
        raise bad_request("message text is empty")
    if len(found.text) > MOST_TEXT:
        raise bad_request("message is too long")
    return {"text": found.text, "entities": found.entities}


def caption(p: Parameters) -> Json:
    """The words under a file."""
    found = formatted(p.text("caption"), p.text("parse_mode"), p.sequence("caption_entities"))
    if len(found.text) > MOST_CAPTION:
        raise bad_request("message caption is too long")
    return {"text": found.text, "entities": found.entities}


def send_message(world: World, p: Parameters) -> Json:
    """SendMessage."""
    return _send(world, p, **words(p), link_preview=p.mapping("link_preview_options"))


def send_photo(world: World, p: Parameters) -> Json:
    """SendPhoto."""
    return _send_media(world, p, "photo")


def send_document(world: World, p: Parameters) -> Json:
    """SendDocument."""
    return _send_media(world, p, "document")


def send_voice(world: World, p: Parameters) -> Json:
    """SendVoice."""
    return _send_media(world, p, "voice")


def send_audio(world: World, p: Parameters) -> Json:
    """SendAudio."""
    return _send_media(world, p, "audio")


def send_video(world: World, p: Parameters) -> Json:
    """SendVideo."""
    return _send_media(world, p, "video")


def send_media_group(world: World, p: Parameters) -> list[Json]:
    """SendMediaGroup: an album, one message for each file."""
    items = p.sequence("media") or []
    if len(items) < 2:
        raise bad_request("too few messages to send as an album")
    if len(items) > MOST_IN_ALBUM:
        raise bad_request("too many messages to send as an album")
    kinds = {str(item.get("type")) for item in items}
    if len(kinds) > 1 and not kinds <= {"photo", "video"}:
        raise bad_request("can't use the media of the specified type in the album")
    where = _where(world, p)
    parts = [(input_media(world, item, p.files), caption(Parameters(item, {}))) for item in items]
    check_rate(world, where["chat"], len(parts))
    album = world.next_album()
    sent = [
        world.post(where["chat"], world.bot, **_without_chat(where), media=media, album=album, **said)
        for media, said in parts
    ]
    return [message.as_json() for message in sent]


def send_location(world: World, p: Parameters) -> Json:
    """SendLocation."""
    place = {name: float(p.text(name, "nan")) for name in ("latitude", "longitude")}
    if not (abs(place["latitude"]) <= 90 and abs(place["longitude"]) <= 180):
        raise bad_request("invalid location specified")
    return _send(world, p, extra={"location": place})


def send_contact(world: World, p: Parameters) -> Json:
    """SendContact."""
    if not p.text("phone_number"):
        raise bad_request("phone number must be non-empty")
    if not p.text("first_name"):
        raise bad_request("first name must be non-empty")
    contact = {name: p.text(name) for name in ("phone_number", "first_name", "last_name") if p.text(name)}
    return _send(world, p, extra={"contact": contact})


def forward_message(world: World, p: Parameters) -> Json:
    """ForwardMessage."""
    source = _source(world, p, "message to forward not found")
    if source.protected:
        raise bad_request("message has protected content and can't be forwarded")
    origin = {
        "type": "user",
        "sender_user": source.sender.as_json(),
        "date": int(source.date.timestamp()),
    }
    extra = {**source.extra, "forward_origin": origin}
    return _send(world, p, text=source.text, entities=source.entities, media=source.media, extra=extra)


def copy_message(world: World, p: Parameters) -> Json:
    """CopyMessage: the same words and file, as the bot's own."""
    source = _source(world, p, "message to copy not found")
    if source.protected:
        raise bad_request("message has protected content and can't be copied")
    said: Json = {"text": source.text, "entities": source.entities}
    if source.media and p.has("caption"):
        said = caption(p)
    sent = _send(world, p, **said, media=source.media, extra=dict(source.extra))
    return {"message_id": sent["message_id"]}


def input_media(world: World, item: Mapping[str, Any], files: Mapping[str, UploadedFile]) -> Media:
    """The file of an `InputMedia` object."""
    kind = str(item.get("type"))
    if kind not in KIND_NAMES:
        raise bad_request("can't parse InputMedia: type of media is not supported")
    return _file(world, kind, str(item.get("media", "")), files)


def _send(world: World, p: Parameters, **content: Any) -> Json:
    where = _where(world, p)
    buttons = markup(p)
    check_rate(world, where["chat"])
    message = world.post(
        where["chat"],
        world.bot,
        **_without_chat(where),
        inline_keyboard=buttons.inline,
        keyboard=buttons.keyboard,
        **content,
    )
    return message.as_json()


def _send_media(world: World, p: Parameters, kind: str) -> Json:
    where = known_chat(world, p)
    del where  # a wrong chat is named before a wrong file
    named = p.text(kind)
    if kind in p.files and not named:
        named = f"attach://{kind}"
    if not named:
        raise bad_request(f"there is no {kind} in the request")
    media = _file(world, kind, named, p.files)
    return _send(world, p, media=media, **caption(p))


def _file(world: World, kind: str, named: str, files: Mapping[str, UploadedFile]) -> Media:
    if named.startswith("attach://"):
        upload = files.get(named.removeprefix("attach://"))
        if upload is None:
            raise bad_request("can't parse InputMedia: media not found")
        return _upload(world, kind, upload)
    if named.startswith(("http://", "https://")):
        # The emulated servers reach nobody.
        raise bad_request("failed to get HTTP URL content")
    media = world.files.media(named)
    if media is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if media.kind != kind:
        raise bad_request(f"can't use file of type {KIND_NAMES[media.kind]} as {KIND_NAMES[kind]}")
    return media


def _upload(world: World, kind: str, upload: UploadedFile) -> Media:
    size = len(upload.content)
    if size == 0:
        raise bad_request("file must be non-empty")
    if kind == "photo" and size > MOST_PHOTO:
        raise bad_request(
            f"file of size {size} bytes is too big for a photo; the maximum size is {MOST_PHOTO} bytes"
        )
    if kind == "photo" and image_size(upload.content) is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    return world.files.keep(kind, upload)


def _where(world: World, p: Parameters) -> Json:
    chat = writable_chat(world, p)
    reply_to, thread = replied_message(chat, thread_to_write(chat, p), p)
    return {
        "chat": chat,
        "thread": thread,
        "reply_to": reply_to,
        "silent": p.yes("disable_notification"),
        "protected": p.yes("protect_content"),
    }


def _without_chat(where: Json) -> Json:
    return {name: value for name, value in where.items() if name != "chat"}


def _source(world: World, p: Parameters, complaint: str) -> Message:
    chat = known_chat(world, p, "from_chat_id")
    message = chat.messages.get(p.integer("message_id") or 0)
    if message is None or message.service:
        raise bad_request(complaint)
    return message


METHODS = {
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendVoice": send_voice,
    "sendAudio": send_audio,
    "sendVideo": send_video,
    "sendMediaGroup": send_media_group,
    "sendLocation": send_location,
    "sendContact": send_contact,
    "forwardMessage": forward_message,
    "copyMessage": copy_message,
}
