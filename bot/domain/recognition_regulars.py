"""Who else cares for the patient: «Pharmacie : du Rebberg 03 53 01 00 31», one to a line.

Only what is sure: the line begins with what they are and holds one number, which is then nobody else's.
"""

import re
from itertools import chain

from bot.domain.dossier import MOST_LETTERS
from bot.domain.mission import Contact
from bot.domain.phone import find_phones
from bot.domain.recognition_block import CLAIMED, Block, tidy
from bot.domain.recognition_words import CALLER, DECIDER, IDEL, LINKS, MT, PATIENT, TEL

_WHAT = (
    r"(?:kine(?:s|si(?:therapeute)?s?)?|pharmac(?:ie|ienne|ien)|had|hospitalisation a domicile|ssiad|emsp"
    r"|soins palliatifs|cardiologue|pneumologue|neurologue|nephrologue|diabetologue|oncologue|geriatre"
    r"|psychiatre|psychologue|dermatologue|urologue|rhumatologue|gynecologue|ophtalmo(?:logue)?"
    r"|orthophoniste|ergotherapeute|podologue|pedicure|dieteticienne?|sage[- ]femme|dentiste"
    r"|laboratoire|labo|prestataire(?: (?:de )?materiel)?|centre de dialyse|dialyse|assistante? sociale?)"
    r"(?:\s+(?:a\s+domicile|habituel(?:le)?|liberale?|referente?))?"
)

_LINE = re.compile(rf"(?m)^[ \t\-–•*]*(?P<what>{_WHAT})(?![a-z])[ \t]*(?P<colon>[:=])?[ \t]*")
_BARE_TEL = re.compile(rf"(?<![a-z]){TEL}[\s:.]*")

#: Whoever else is spoken of before the number: then it is perhaps theirs.
_SOMEBODY = re.compile(rf"(?<![a-z'’])(?:{MT}|{IDEL}|{DECIDER}|{CALLER}|{PATIENT}|{LINKS})(?![a-z])")

Spans = list[tuple[int, int]]


def regulars(block: Block, *, fiction: bool) -> tuple[tuple[Contact, ...], Spans]:
    """Those named on a line of their own, claimed; and lines to keep whole: two numbers are not sure."""
    found: list[Contact] = []
    aside: Spans = []
    for match in list(_LINE.finditer(block.free)):
        end = block.line_end(match.start())
        numbers = find_phones(block.text[match.end() : end], fiction=fiction)
        if not numbers or CLAIMED in block.free[match.start() : end]:
            continue
        begin = match.end() + numbers[0].start
        if _SOMEBODY.search(block.free, match.end(), begin):
            continue
        if len(numbers) > 1:
            block.free = block.free[: match.start()] + CLAIMED * (end - match.start()) + block.free[end:]
            aside.append((match.start(), end))
            continue
        what = tidy(block.text[match.start("what") : match.end("what")])
        name = _name(block, match.end() if match["colon"] else match.start("what"), begin)
        if len(name) > MOST_LETTERS:
            continue
        found.append(Contact("" if name == what else name, numbers[0].phone.e164, what))
        block.claim(match.start(), match.end() + numbers[0].end)
    return tuple(found), aside


def _name(block: Block, start: int, end: int) -> str:
    text = block.text[start:end]
    cuts = [m.span() for m in _BARE_TEL.finditer(block.free, start, end)]
    for begin, stop in reversed(cuts):
        text = text[: begin - start] + " " + text[stop - start :]
    return tidy(text)


def read_regular(text: str, *, fiction: bool) -> Contact | None:
    """The answer to «qui ?»: what they are, a name, a number, as far as given; None without a name."""
    block = Block.of(" ".join(text.split()))
    sure, _ = regulars(block, fiction=fiction)
    if sure:
        return sure[0]
    numbers = find_phones(block.text, fiction=fiction)
    if len(numbers) > 1:
        return None
    spans = [(n.start, n.end) for n in numbers]
    edges = [0, *chain.from_iterable(spans), len(block.text)]
    words = " ".join(_name(block, a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)).strip()
    what, colon, name = words.partition(":")
    said = tidy(name if colon else what)
    if len(re.findall(r"[^\W\d_]", words)) < 2 or len(words) > MOST_LETTERS:
        return None
    return Contact(said, numbers[0].phone.e164 if numbers else None, tidy(what) if colon else None)
