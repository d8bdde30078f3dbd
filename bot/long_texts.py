"""Telegram's HTML measured and cut. Knows tags and lengths, not what is said."""

import html
import re

TEXT_LIMIT = 4096  # in UTF-16 units after parsing, as Telegram counts
CAPTION_LIMIT = 1024

_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)([^>]*)>")
_PIECE = re.compile(r"<[^>]*>|&[^;\s]{1,10};|.", re.DOTALL)


def plain(text: str) -> str:
    """The words without tags."""
    return html.unescape(_TAG.sub("", text))


def visible_length(text: str) -> int:
    """How long Telegram finds it."""
    return len(plain(text).encode("utf-16-le")) // 2


def split_html(text: str, limit: int = TEXT_LIMIT) -> list[str]:
    """The text in parts that fit, cut at line ends where possible; each part is whole HTML."""
    if visible_length(text) <= limit:
        return [text]
    parts: list[str] = []
    rest = text
    while visible_length(rest) > limit:
        part, rest = _cut(rest, limit)
        parts.append(part)
    if plain(rest).strip():
        parts.append(rest)
    return parts


def shorten_html(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text, or as much of it as fits before «…»."""
    return text if visible_length(text) <= limit else _cut(text, limit - 1)[0] + "…"


def _cut(text: str, limit: int) -> tuple[str, str]:
    """The longest beginning that fits, up to a line end if there is one, and what follows."""
    used = 0
    end = len(text)
    line_end = 0
    for piece in _PIECE.finditer(text):
        size = visible_length(piece.group())
        if used + size > limit:
            end = piece.start()
            break
        used += size
        if piece.group() == "\n":
            line_end = piece.end()
    end = line_end or end
    head = text[:end]
    open_tags = _open_tags(head)
    closing = "".join(f"</{name}>" for name, _ in reversed(open_tags))
    opening = "".join(f"<{name}{attributes}>" for name, attributes in open_tags)
    return head.rstrip("\n") + closing, opening + text[end:]


def _open_tags(text: str) -> list[tuple[str, str]]:
    tags: list[tuple[str, str]] = []
    for closes, name, attributes in _TAG.findall(text):
        if not closes:
            tags.append((name, attributes))
        elif tags and tags[-1][0] == name:
            tags.pop()
    return tags
