"""Files on the emulated servers: kept in memory, named by identifiers as Telegram's are."""

import hashlib
import itertools
import struct
from dataclasses import dataclass
from typing import Any

MOST_UPLOADED = 50 * 1024 * 1024
MOST_DOWNLOADED = 20 * 1024 * 1024
MOST_PHOTO = 10 * 1024 * 1024

#: How TDLib names each kind in its complaints.
KIND_NAMES = {
    "photo": "Photo",
    "document": "Document",
    "voice": "VoiceNote",
    "audio": "Audio",
    "video": "Video",
}
FOLDERS = {"photo": "photos", "document": "documents", "voice": "voice", "audio": "music", "video": "videos"}


@dataclass(frozen=True)
class UploadedFile:
    """A file as it arrives, from the bot or from a person."""

    name: str
    content: bytes
    mime: str = "application/octet-stream"


@dataclass(frozen=True)
class StoredFile:
    """A file that Telegram keeps."""

    id: str
    unique_id: str
    kind: str
    name: str
    mime: str
    content: bytes
    path: str
    size: int  # may be said larger than the bytes kept, to try big files without their weight

    def reference(self) -> dict[str, Any]:
        """The fields every file object has."""
        return {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": self.size}


@dataclass(frozen=True)
class Media:
    """What a message carries beside its words: one file, and for a photo its smaller sizes."""

    kind: str
    file: StoredFile
    sizes: tuple[tuple[StoredFile, int, int], ...] = ()
    duration: int = 0

    def as_json(self) -> dict[str, Any]:
        """The fields of the message that hold this media."""
        if self.kind == "photo":
            return {
                "photo": [
                    {**file.reference(), "width": width, "height": height}
                    for file, width, height in self.sizes
                ]
            }
        body: dict[str, Any] = {**self.file.reference(), "mime_type": self.file.mime}
        if self.kind in {"voice", "audio", "video"}:
            body["duration"] = self.duration
        if self.kind == "video":
            body |= {"width": 640, "height": 480}
        if self.kind != "voice":
            body["file_name"] = self.file.name
        return {self.kind: body}


class FileStore:
    """Every file ever sent in this emulated world."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._media: dict[str, Media] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._numbers = itertools.count(1)

    def keep(self, kind: str, upload: UploadedFile, *, size: int | None = None, duration: int = 3) -> Media:
        """Store an upload as a photo, a document, a voice note, an audio or a video."""
        full = self._store(kind, upload, len(upload.content) if size is None else size)
        if kind != "photo":
            media = Media(kind, full, duration=duration)
            self._media[full.id] = media
            return media
        width, height = image_size(upload.content) or (1280, 960)
        sizes = []
        for longest in (90, 320):
            scale = longest / max(width, height)
            if scale < 1:
                small = self._store(kind, upload, max(1, int(full.size * scale * scale)))
                sizes.append((small, max(1, int(width * scale)), max(1, int(height * scale))))
        media = Media(kind, full, (*sizes, (full, width, height)))
        for file, _, _ in media.sizes:
            self._media[file.id] = media
        return media

    def find(self, file_id: str) -> StoredFile | None:
        """The file with this identifier."""
        return self._by_id.get(file_id)

    def media(self, file_id: str) -> Media | None:
        """What can be sent again under this identifier."""
        return self._media.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        """The file that `getFile` told to fetch at this path."""
        return self._by_path.get(path)

    def _store(self, kind: str, upload: UploadedFile, size: int) -> StoredFile:
        number = next(self._numbers)
        digest = hashlib.sha256(upload.content).hexdigest()[:10]
        ending = upload.name.rsplit(".", 1)[-1] if "." in upload.name else "bin"
        if kind == "photo":
            ending = "jpg"
        file = StoredFile(
            id=f"AgAC{KIND_NAMES[kind]}{number:06d}{digest}",
            unique_id=f"AQAD{number:06d}{digest}",
            kind=kind,
            name=upload.name,
            mime=upload.mime,
            content=upload.content,
            path=f"{FOLDERS[kind]}/file_{number}.{ending}",
            size=size,
        )
        self._by_id[file.id] = file
        self._by_path[file.path] = file
        return file


def image_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF or JPEG; None for what is no image."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return int(width) or 1, int(height) or 1
    if content[:6] in {b"GIF87a", b"GIF89a"} and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return int(width) or 1, int(height) or 1
    if content.startswith(b"\xff\xd8"):
        return _jpeg_size(content) or (1280, 960)
    return (1280, 960) if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return int(width) or 1, int(height) or 1
        at += 2 + length
    return None
