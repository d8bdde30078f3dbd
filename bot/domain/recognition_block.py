"""A text being read: what is still free in it, and what has been claimed. Knows no field."""

import re
import unicodedata
from dataclasses import dataclass, field

from bot.domain.letters import fold
from bot.domain.recognition_words import (
    ADDRESS_LABEL,
    CALLER,
    DECIDER,
    IDEL,
    LINKS,
    MOTIF_LABEL,
    MT,
    PATIENT,
    TEL,
)

CLAIMED, NUMBER = "\x01", "\x02"


@dataclass(slots=True)
class Block:
    """A text, and what is still free in it: `free` is folded, with claimed stretches struck out."""

    text: str
    free: str
    claims: list[tuple[int, int]] = field(default_factory=list)
    _raw: tuple[str, str] = ("", "")  # `raw_free` as last built, and what it was built from

    @classmethod
    def of(cls, text: str) -> "Block":
        """The block of a text, everything free; signs that do not print become blanks."""
        text = unicodedata.normalize("NFC", text)
        text = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
        return cls(text, fold(text))

    def claim(self, start: int, end: int, mark: str = CLAIMED) -> str:
        """Take a stretch; what it says, without the blanks and signs around it."""
        self.free = self.free[:start] + mark * (end - start) + self.free[end:]
        self.claims.append((start, end))
        return tidy(self.text[start:end])

    def release(self, start: int, end: int) -> None:
        """Give a stretch back: it contradicts another one."""
        self.free = self.free[:start] + fold(self.text[start:end]) + self.free[end:]
        self.claims.remove((start, end))

    def raw_free(self) -> str:
        """The text with its capitals and accents, struck out where claimed."""
        if self._raw[1] != self.free:
            signs = zip(self.text, self.free, strict=True)
            self._raw = "".join(f if f in (CLAIMED, NUMBER) else t for t, f in signs), self.free
        return self._raw[0]

    def line_start(self, at: int) -> int:
        """Where the line of a place begins."""
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Where the line of a place ends."""
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end


def tidy(text: str) -> str:
    """One line without the blanks and signs around it."""
    return re.sub(r"\s+", " ", text).strip(" \t\n,;:.-–—/|•·*()[]")


#: Where a value without a separator ends: the next thing of another kind begins.
ANCHOR = re.compile(
    rf"(?<![a-z])(?:{MT}|{IDEL}|{TEL}|{MOTIF_LABEL}\s*:|{ADDRESS_LABEL}\s*:|{CALLER}|{DECIDER}"
    rf"|{PATIENT}(?![a-z])|code|digicode|"
    rf"{LINKS}(?![a-z])|ddn|nee?\s+le|dr(?![a-z])|docteur|samu\w*)"
)

STOP = re.compile(r"[,;|\n•()\x01\x02]|\s[-–/]\s")


def value_end(block: Block, start: int, *, anchors: bool = True) -> int:
    """Where the value that begins at `start` ends: a separator, something claimed, or another label."""
    stop = STOP.search(block.free, start)
    end = stop.start() if stop else len(block.free)
    if anchors and (anchor := ANCHOR.search(block.free, start + 1, end)):
        end = anchor.start()
    return end
