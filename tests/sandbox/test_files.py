"""Files from the bot and back: uploads, albums, identifiers, sizes."""

import struct
import zlib

import pytest
from telegram import Bot, InputMediaDocument, InputMediaPhoto
from telegram.error import BadRequest, NetworkError

from bot.sandbox.chats import User
from bot.sandbox.files import UploadedFile
from bot.sandbox.telegram import Telegram


def png(width: int = 640, height: int = 480) -> bytes:
    """The smallest picture of that size that says so."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


async def test_a_photo_comes_in_several_sizes(telegram: Telegram, bot: Bot, amina: User) -> None:
    sent = await bot.send_photo(amina.id, png(), caption="<b>Plaie</b>", parse_mode="HTML")

    assert [(size.width, size.height) for size in sent.photo] == [(90, 67), (320, 240), (640, 480)]
    assert sent.caption == "Plaie"
    assert sent.caption_entities[0].type == "bold"
    assert telegram.visible(amina, amina)[-1].file == "photo"


async def test_what_was_sent_can_be_fetched_and_sent_again(bot: Bot, amina: User, lea: User) -> None:
    sent = await bot.send_document(amina.id, b"%PDF-1.7", filename="ordonnance été.pdf")
    assert sent.document is not None
    assert sent.document.file_name == "ordonnance été.pdf"
    assert sent.document.mime_type == "application/pdf"

    file = await bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == b"%PDF-1.7"

    again = await bot.send_document(lea.id, sent.document.file_id)
    assert again.document is not None
    assert again.document.file_unique_id == sent.document.file_unique_id


async def test_a_file_keeps_its_kind(bot: Bot, amina: User) -> None:
    sent = await bot.send_photo(amina.id, png())
    with pytest.raises(BadRequest, match="Can't use file of type photo as document"):
        await bot.send_document(amina.id, sent.photo[-1].file_id)
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_photo(amina.id, "AgACnothing")


async def test_what_telegram_takes_for_no_photo(bot: Bot, amina: User) -> None:
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(amina.id, b"not an image")
    with pytest.raises(BadRequest, match="too big for a photo; the maximum size is 10485760 bytes"):
        await bot.send_photo(amina.id, png() + bytes(10 * 1024 * 1024))
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await bot.send_document(amina.id, b"", filename="vide.pdf")


async def test_more_than_fifty_megabytes_is_too_large(telegram: Telegram, bot: Bot, amina: User) -> None:
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(amina.id, bytes(50 * 1024 * 1024 + 1), filename="film.mp4")
    assert telegram.calls[-1].status == 413


async def test_more_than_twenty_megabytes_is_relayed_but_not_fetched(
    telegram: Telegram, bot: Bot, amina: User, lea: User
) -> None:
    scan = [UploadedFile("scanner.pdf", b"%PDF", "application/pdf")]
    telegram.send_files(amina, amina, "document", scan, size=21 * 1024 * 1024)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.document is not None

    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(update.message.document.file_id)
    relayed = await bot.send_document(lea.id, update.message.document.file_id)
    assert relayed.document is not None


async def test_an_album_of_uploads(telegram: Telegram, bot: Bot, amina: User) -> None:
    sent = await bot.send_media_group(
        amina.id, [InputMediaPhoto(png()), InputMediaPhoto(png(), caption="Dos")]
    )

    assert len({message.media_group_id for message in sent}) == 1
    assert [message.caption for message in sent] == [None, "Dos"]
    seen = telegram.visible(amina, amina)[-2:]
    assert seen[0].album == seen[1].album == sent[0].media_group_id


async def test_albums_that_telegram_does_not_take(telegram: Telegram, bot: Bot, amina: User) -> None:
    mixed: list[InputMediaPhoto | InputMediaDocument] = [
        InputMediaPhoto(png()),
        InputMediaDocument(b"%PDF", filename="cr.pdf"),
    ]
    with pytest.raises(BadRequest, match="Can't use the media of the specified type in the album"):
        await bot.send_media_group(amina.id, mixed)
    one = {"chat_id": amina.id, "media": [{"type": "photo", "media": "x"}]}
    answer = await telegram.call("sendMediaGroup", one)
    assert answer.body["description"] == "Bad Request: too few messages to send as an album"


async def test_captions_and_media_are_edited_in_place(telegram: Telegram, bot: Bot, amina: User) -> None:
    sent = await bot.send_photo(amina.id, png(), caption="Plaie")
    await bot.edit_message_caption(amina.id, sent.message_id, caption="Plaie tibia droit")
    assert telegram.visible(amina, amina)[-1].text == "Plaie tibia droit"
    await bot.edit_message_media(InputMediaPhoto(png(100, 100), caption="Dos"), amina.id, sent.message_id)
    assert telegram.visible(amina, amina)[-1].text == "Dos"
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("Texte", amina.id, sent.message_id)


async def test_voice_audio_video_place_and_contact(telegram: Telegram, bot: Bot, amina: User) -> None:
    voice = await bot.send_voice(amina.id, b"Ogg")
    audio = await bot.send_audio(amina.id, b"ID3", filename="a.mp3")
    video = await bot.send_video(amina.id, b"mp4", filename="v.mp4")
    place = await bot.send_location(amina.id, 47.75, 7.33)
    contact = await bot.send_contact(amina.id, "+33639980021", "Claire", "Morel")

    assert voice.voice is not None
    assert audio.audio is not None
    assert video.video is not None
    assert place.location is not None
    assert contact.contact is not None
    assert [view.file for view in telegram.visible(amina, amina)[-5:-2]] == ["voice", "audio", "video"]


async def test_messages_are_forwarded_and_copied_unless_protected(bot: Bot, amina: User, lea: User) -> None:
    plain = await bot.send_message(amina.id, "SMT 412")
    secret = await bot.send_message(amina.id, "Mme Odile KELLER", protect_content=True)
    assert secret.has_protected_content

    forwarded = await bot.forward_message(lea.id, amina.id, plain.message_id)
    copied = await bot.copy_message(lea.id, amina.id, plain.message_id)

    assert forwarded.forward_origin is not None
    assert copied.message_id == forwarded.message_id + 1
    with pytest.raises(BadRequest, match="protected content"):
        await bot.forward_message(lea.id, amina.id, secret.message_id)
    with pytest.raises(BadRequest, match="Message to copy not found"):
        await bot.copy_message(lea.id, amina.id, 999_999)
