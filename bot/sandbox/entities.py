"""Formatted text: Telegram's HTML in, entities counted in UTF-16 out, and safe HTML for the page.

Knows nothing of messages. Sentences and offsets of the complaints are TDLib's.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from bot.sandbox.refusals import Refusal, bad_request

Entity = dict[str, Any]

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}

BROADCASTS = 1024  # texts that are sent to many
MARKS = re.compile(r"[<&]")
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}

#: What Telegram finds by itself in plain text.
FOUND = (
    ("url", re.compile(r"https?://[^\s<>\"«»]*[^\s<>\"«».,;:!?)]")),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]*\w")),
    (
        "url",
        re.compile(r"(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:fr|com|org|net|eu|io|me)(?:/[^\s<>\"]*)?(?![\w-])"),
    ),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{3,31}(?!\w)")),
    ("hashtag", re.compile(r"(?<!\w)#(?=\w*[^\W\d])\w{1,256}")),
    ("phone_number", re.compile(r"(?<![\w+])\+\d(?:[ .]?\d){7,14}(?!\d)")),
)
OPAQUE = {"code", "pre", "text_link", "url", "email", "bot_command", "mention", "hashtag", "phone_number"}


class Formatted(NamedTuple):
    """Words as people read them, and their formatting."""

    text: str
    entities: list[Entity]


@dataclass
class OpenTag:
    """A tag that waits for its end."""

    name: str
    start: int  # UTF-16 units into the text
    entity: Entity = field(default_factory=dict)


def utf16(text: str) -> int:
    """The length Telegram counts offsets in."""
    return len(text.encode("utf-16-le")) // 2


def formatted(text: str, parse_mode: str, entities: Sequence[Entity] | None) -> Formatted:
    """The text of a call, parsed as it asks, trimmed, with what Telegram finds by itself."""
    if parse_mode.lower() == "html":
        return _formatted_html(text)
    if parse_mode:
        # The bot writes HTML only; the other modes are not emulated.
        raise bad_request("unsupported parse_mode")
    return with_found(trimmed(Formatted(text, [dict(entity) for entity in entities or ()])))


@lru_cache(maxsize=BROADCASTS)
def _formatted_html(source: str) -> Formatted:
    """Read once for all to whom the same is said, and kept once."""
    return with_found(trimmed(parse_html(source)))


def parse_html(source: str) -> Formatted:
    """Words and entities of Telegram's HTML, or the complaint that Telegram makes."""
    return _HtmlReader(source).read()


class _HtmlReader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.text: list[str] = []
        self.length = 0
        self.open: list[OpenTag] = []
        self.entities: list[Entity] = []

    def read(self) -> Formatted:
        while self.at < len(self.source):
            char = self.source[self.at]
            if char == "&":
                self._reference()
            elif char != "<":
                found = MARKS.search(self.source, self.at)
                end = found.start() if found else len(self.source)
                self._add(self.source[self.at : end])
                self.at = end
            elif self.source.startswith("</", self.at):
                self._end_tag()
            else:
                self._start_tag()
        if self.open:
            raise self._complaint(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return Formatted("".join(self.text), self.entities)

    def _complaint(self, what: str, at: int | None = None) -> Refusal:
        if at is not None:
            what += f" at byte offset {len(self.source[:at].encode())}"
        return bad_request(f"can't parse entities: {what}")

    def _add(self, text: str) -> None:
        self.text.append(text)
        self.length += utf16(text)

    def _reference(self) -> None:
        found = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]+));?").match(self.source, self.at)
        char = ""
        if found and found[3]:
            char = NAMED.get(found[3], "")
        elif found:
            code = int(found[1], 16) if found[1] else int(found[2])
            char = chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else ""
        self._add(char or "&")
        self.at = found.end() if found and char else self.at + 1

    def _start_tag(self) -> None:
        begin = self.at
        named = re.compile(r"<([^\s>]*)").match(self.source, begin)
        name = named[1].lower() if named else ""
        close = self.source.find(">", begin)
        if close < 0:
            raise self._complaint("Unclosed start tag", begin)
        if name not in TAGS:
            raise self._complaint(f'Unsupported start tag "{name}"', begin)
        attributes = self._attributes(self.source[begin + 1 + len(name) : close], name, begin)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._complaint('Tag "span" must have class "tg-spoiler"', begin)
        tag = OpenTag(name, self.length, {"type": TAGS[name]})
        self._describe(tag, attributes)
        self.open.append(tag)
        self.at = close + 1

    def _attributes(self, source: str, name: str, begin: int) -> dict[str, str]:
        attributes = {}
        rest = source.strip()
        pattern = re.compile(r"([^\s=]*)\s*(?:=\s*(\"[^\"]*\"|'[^']*'|[a-zA-Z0-9.\-_]+))?\s*")
        while rest:
            found = pattern.match(rest)
            if not found or not found[1]:
                raise self._complaint(f'Empty attribute name in the tag "{name}"', begin)
            attributes[found[1].lower()] = html.unescape((found[2] or "").strip("\"'"))
            rest = rest[found.end() :]
        return attributes

    def _describe(self, tag: OpenTag, attributes: dict[str, str]) -> None:
        if tag.name == "a":
            tag.entity["url"] = attributes.get("href", "")
        elif tag.name == "blockquote" and "expandable" in attributes:
            tag.entity["type"] = "expandable_blockquote"
        elif tag.name == "tg-emoji":
            tag.entity["custom_emoji_id"] = attributes.get("emoji-id", "")
        elif tag.name == "code" and self.open and self.open[-1].name == "pre":
            language = attributes.get("class", "")
            if language.startswith("language-"):
                self.open[-1].entity["language"] = language.removeprefix("language-")

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise self._complaint("Unexpected end tag", begin)
        close = self.source.find(">", begin)
        if close < 0:
            raise self._complaint("Unclosed end tag", begin)
        name = self.source[begin + 2 : close].strip().lower()
        tag = self.open[-1]
        if name and name != tag.name:
            raise self._complaint(
                f"Unmatched end tag at byte offset {len(self.source[:begin].encode())},"
                f' expected "</{tag.name}>", found "</{name}>"'
            )
        self.open.pop()
        self.at = close + 1
        self._keep(tag)

    def _keep(self, tag: OpenTag) -> None:
        length = self.length - tag.start
        inside_pre = tag.name == "code" and self.open and self.open[-1].name == "pre"
        if length == 0 or inside_pre:
            return
        if tag.name == "a":
            url = tag.entity["url"] or "".join(self.text)[-length:]
            if not re.match(r"(https?|tg|tel|mailto|ton)://?\S|tel:|mailto:", url):
                return
            tag.entity["url"] = url
        self.entities.append({**tag.entity, "offset": tag.start, "length": length})


def trimmed(parsed: Formatted) -> Formatted:
    """Without the blank space at both ends, which Telegram drops."""
    text = parsed.text.replace("\r", "").rstrip()
    lead = len(text) - len(text.lstrip())
    text, total = text[lead:], utf16(text[lead:])
    entities = []
    for entity in parsed.entities:
        start = max(0, int(entity["offset"]) - lead)
        end = min(total, int(entity["offset"]) + int(entity["length"]) - lead)
        if end > start:
            entities.append({**entity, "offset": start, "length": end - start})
    return Formatted(text, entities)


def with_found(parsed: Formatted) -> Formatted:
    """With the links, commands, mentions and phone numbers that Telegram finds by itself."""
    entities = list(parsed.entities)
    taken = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in OPAQUE]
    for kind, pattern in FOUND:
        for found in pattern.finditer(parsed.text):
            start = utf16(parsed.text[: found.start()])
            end = start + utf16(found[0])
            if all(end <= first or start >= last for first, last in taken):
                entities.append({"type": kind, "offset": start, "length": end - start})
                taken.append((start, end))
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return Formatted(parsed.text, entities)


def as_html(text: str, entities: Sequence[Entity]) -> str:
    """Safe HTML for the page: every word escaped, only the tags that the page knows."""
    units = text.encode("utf-16-le")
    bounds = {0, len(units) // 2}
    for entity in entities:
        bounds |= {entity["offset"], entity["offset"] + entity["length"]}
    cuts = sorted(bound for bound in bounds if bound <= len(units) // 2)
    out: list[str] = []
    stack: list[tuple[int, str]] = []  # where each open tag ends, and its closing words
    for start, end in zip(cuts, [*cuts[1:], None], strict=True):
        while stack and stack[-1][0] <= start:
            out.append(stack.pop()[1])
        if end is None:
            break
        for entity in entities:
            if entity["offset"] == start and (tags := _page_tags(entity, units)):
                # An entity that would overlap its parent's end is cut there.
                last = min([start + entity["length"], *(stop for stop, _ in stack)])
                out.append(tags[0])
                stack.append((last, tags[1]))
        words = units[start * 2 : end * 2].decode("utf-16-le", "replace")
        out.append(html.escape(words).replace("\n", "<br>"))
    out.extend(closing for _, closing in reversed(stack))
    return "".join(out)


PAGE_TAGS = {
    "bold": ("<b>", "</b>"),
    "italic": ("<i>", "</i>"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("<s>", "</s>"),
    "code": ("<code>", "</code>"),
    "pre": ("<pre>", "</pre>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
    "expandable_blockquote": ("<blockquote>", "</blockquote>"),
    "spoiler": ('<span class="spoiler">', "</span>"),
}


def _page_tags(entity: Entity, units: bytes) -> tuple[str, str] | None:
    if (tags := PAGE_TAGS.get(entity["type"])) is not None:
        return tags
    first = entity["offset"] * 2
    words = units[first : first + entity["length"] * 2].decode("utf-16-le", "replace")
    links = {
        "text_link": str(entity.get("url", "")),
        "url": words if "://" in words else f"https://{words}",
        "email": f"mailto:{words}",
        "phone_number": "tel:" + re.sub(r"[^+\d]", "", words),
    }
    link = links.get(entity["type"], "")
    if not re.match(r"(https?://|tg://|mailto:|tel:)", link):
        return None
    return f'<a href="{html.escape(link)}">', "</a>"
