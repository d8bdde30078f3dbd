"""Two small files for the plays: a picture and a paper. Invented, and valid enough for any viewer."""

import struct
import zlib

WIDTH, HEIGHT = 300, 400
PAPER, INK, TABLE = 246, 90, 196

#: Lines of a paper on a table: top, left, right and thickness, in pixels.
LINES = ((60, 60, 170, 6), (78, 60, 130, 4), (120, 60, 240, 4), (150, 60, 220, 4), (180, 60, 235, 4),
         (210, 60, 200, 4), (240, 60, 228, 4), (330, 170, 240, 5))  # fmt: skip


def _grey(x: int, y: int) -> int:
    if not (36 <= x < WIDTH - 36 and 30 <= y < HEIGHT - 30):
        return TABLE
    inked = any(top <= y < top + thick and left <= x < right for top, left, right, thick in LINES)
    return INK if inked else PAPER


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes(_grey(x, y) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


PHOTO = _png(WIDTH, HEIGHT)

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 595]/Contents 4 0 R
/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj
4 0 obj<</Length 60>>stream
BT /F1 18 Tf 60 500 Td (Ordonnance d'exemple, SMT) Tj ET
endstream endobj
trailer<</Root 1 0 R>>
%%EOF
"""
