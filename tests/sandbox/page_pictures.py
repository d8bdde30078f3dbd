"""Bytes of small invented files: a photo and a voice note, made without any library."""

import struct
import zlib
from math import pi, sin


def photo(red: int, green: int, blue: int, width: int = 320, height: int = 240) -> bytes:
    """A PNG that fades from the given colour to white."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            light = (x + y) / (width + height)
            rows.extend(int(part + (255 - part) * light) for part in (red, green, blue))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 1))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def voice(seconds: float = 2.0, rate: int = 8000) -> bytes:
    """A WAV with one soft tone."""
    count = int(seconds * rate)
    tone = b"".join(struct.pack("<h", int(6000 * sin(2 * pi * 330 * at / rate))) for at in range(count))
    form = struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16)
    body = b"WAVEfmt " + form + b"data" + struct.pack("<I", len(tone)) + tone
    return b"RIFF" + struct.pack("<I", len(body)) + body
