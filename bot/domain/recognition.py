"""One pasted block of free French text, as an operator pastes it → what can be told of the mission.

Knows no dialogue. Unknown is better than wrong: what is in doubt stays empty and is asked, and every
stretch that no rule has understood comes back in `leftovers`.

How it works: each rule looks at what the earlier ones have left, and claims what it understood. Positions
in the folded text are positions in the text. The order of the rules is that of `recognise`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from bot.domain.phone import find_phones
from bot.domain.recognised import Address, Age, FoundPhone, Name, PhoneOwner, Recognised
from bot.domain.recognition_ages import birth, implied_sex, read_age, read_birth_date, stated_age, stated_sex
from bot.domain.recognition_block import CLAIMED, NUMBER, Block, tidy
from bot.domain.recognition_contacts import (
    contact_of_role,
    decider,
    named_caller,
    no_contacts,
    owned_phones,
    with_phones,
)
from bot.domain.recognition_motif import free_motif, guess_motif, labelled_motif
from bot.domain.recognition_names import name_by_labels, patient_name, read_name
from bot.domain.recognition_place import access, located, read_address
from bot.domain.recognition_regulars import regulars
from bot.domain.recognition_words import FILLERS, IDEL, MT
from bot.domain.region import Region

__all__ = [
    "Address",
    "Age",
    "FoundPhone",
    "Name",
    "PhoneOwner",
    "Recognised",
    "guess_motif",
    "read_address",
    "read_age",
    "read_birth_date",
    "read_name",
    "recognise",
]

#: A line that begins so is about the patient's past or treatment: kept whole, never a motif.
_ASIDE = re.compile(
    r"\s*(?:atcds?|antecedents?|ttt|tt|traitements?|trt|allergies?|allergique|ald|constantes?"
    r"|remarques?|nb|note"
    r"|mutuelle|secu|nir)(?![a-z])"
)


def recognise(text: str, region: Region, today: date, *, fiction: bool) -> Recognised:
    """What a pasted block tells. `fiction` lets the numbers reserved for films count: sandbox and tests."""
    block = Block.of(text)
    aside = _set_aside(block)
    others, unsure = regulars(block, fiction=fiction)
    aside += unsure
    numbers = find_phones("".join(_unmarked(block)), fiction=fiction)
    for number in numbers:
        block.claim(number.start, number.end, NUMBER)

    found = Recognised(motif_text=labelled_motif(block), regulars=others)
    found = stated_sex(block, found)
    before = list(block.claims)
    found = stated_age(block, found)
    found = birth(block, found, today, [claim for claim in block.claims if claim not in before])
    region = region.on(today)
    found = access(block, located(block, found, region))
    no_contacts(block)
    found = decider(block, name_by_labels(block, found))
    contacts = [
        contact
        for contact in (
            contact_of_role(block, PhoneOwner.MEDECIN_TRAITANT, MT),
            contact_of_role(block, PhoneOwner.USUAL_IDEL, IDEL),
        )
        if contact
    ]
    if not found.last_name:
        found = patient_name(block, found)
    found = implied_sex(block, found)
    owned = tuple(owned_phones(block, numbers, contacts))
    found = named_caller(block, with_phones(found, owned, contacts))
    if not found.motif_text:
        found = replace(found, motif_text=free_motif(block, region))
    found = replace(found, motif_key=guess_motif(found.motif_text, region) if found.motif_text else None)
    leftovers = _leftovers(block, aside)
    return replace(found, understood=_understood(block, aside), leftovers=leftovers)


def _unmarked(block: Block) -> Iterator[str]:
    return (f if f == CLAIMED else t for t, f in zip(block.text, block.free, strict=True))


def _set_aside(block: Block) -> list[tuple[int, int]]:
    """Lines about the past and the treatment: they go to the leftovers whole."""
    aside = []
    lines = list(re.finditer(r"[^\n]+", block.free))
    for line in lines if len(lines) > 1 else []:
        if _ASIDE.match(line.group()):
            block.free = block.free[: line.start()] + CLAIMED * len(line.group()) + block.free[line.end() :]
            aside.append(line.span())
    return aside


def _leftovers(block: Block, aside: list[tuple[int, int]]) -> tuple[str, ...]:
    """What nobody claimed, line by line, in the order of the text; a link word alone is understood."""
    rest = [(start, tidy(block.text[start:end])) for start, end in aside]
    for match in list(re.finditer(r"[^\n\x01\x02]+", block.free)):
        words = re.findall(r"\w+", match.group())
        if words and set(words) <= FILLERS:
            block.claim(match.start(), match.end())
        elif words:
            rest.append((match.start(), tidy(block.text[match.start() : match.end()])))
    return tuple(text for _, text in sorted(rest) if text)


def _understood(block: Block, aside: list[tuple[int, int]]) -> tuple[str, ...]:
    return tuple(
        told
        for start, end in sorted(block.claims)
        if (told := tidy(block.text[start:end])) and (start, end) not in aside
    )
