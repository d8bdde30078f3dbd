"""The motif in a text, and which one of the region's list it is."""

import re
from functools import lru_cache

from bot.domain.letters import fold
from bot.domain.recognition_block import NUMBER, Block
from bot.domain.recognition_words import ADDRESS_LABEL, CALLER, DECIDER, IDEL, MOTIF_LABEL, MT, TEL
from bot.domain.region import Motif, Region

_NOT = re.compile(r"(?:pas|plus|sans|ni|non|absence|jamais)\s+(?:de\s+|d'|la\s+)?(?:\w+\s+ni\s+)?$")


@lru_cache(maxsize=8)
def _motif_patterns(motifs: tuple[Motif, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    patterns = []
    for motif in motifs:
        said = "|".join(_said(word) for word in (*motif.words, motif.label))
        if motif.recognised:
            patterns.append((motif.key, re.compile(rf"(?<![a-z])(?:{said})(?![a-z])")))
    return tuple(patterns)


def _said(word: str) -> str:
    """«mal de l'œil», «essouffl*» as they may be written: apostrophes forgotten, any ending for the star."""
    pattern = re.escape(fold(word)).replace(r"\ ", r"\s+").replace("'", "'?")
    return pattern.replace(r"\*", r"\w*")


def guess_motif(text: str, region: Region) -> str | None:
    """The key of the motif a text speaks of first; «pas de fièvre» speaks of none."""
    hits = _motif_hits(fold(text), region)
    general = {motif.key for motif in region.motifs if motif.general}
    precise = [hit for hit in hits if hit[1] not in general] or hits
    return min(precise)[1] if precise else None


def _motif_hits(folded: str, region: Region) -> list[tuple[int, str]]:
    patterns = _motif_patterns(region.motifs)
    return [
        (match.start(), key)
        for key, pattern in patterns
        for match in pattern.finditer(folded)
        if not _NOT.search(folded[max(0, match.start() - 30) : match.start()])
    ]


def labelled_motif(block: Block) -> str:
    """«Motif : …», to the end of its line or the next label."""
    match = re.search(rf"(?<![a-z]){MOTIF_LABEL}\s*:\s*", block.free) or re.search(
        r"(?:^|\n)\s*motifs?\s+(?=[a-z])", block.free
    )
    if not match:
        return ""
    start = match.end() + len(block.free[match.end() :]) - len(block.free[match.end() :].lstrip())
    end = block.line_end(start)
    for stop in re.finditer(
        rf"{NUMBER}|(?<![a-z])(?:{MT}|{IDEL}|{TEL}|{ADDRESS_LABEL}\s*:|{CALLER}\s*:|{DECIDER}\s*:"
        rf"|patiente?\s*:)",
        block.free[start:end],
    ):
        end = start + stop.start()
        break
    if not re.search(r"[a-z]", block.free[start:end]):
        return ""
    block.claim(match.start(), end)
    return re.sub(r"\s+", " ", block.text[start:end]).strip(" \t,;-–|/")


def free_motif(block: Block, region: Region) -> str:
    """The free stretches of text that speak of a motif of the list."""
    stretches = list(re.finditer(r"(?:[^\n\x01\x02;|.]|\.(?=\S))+", block.free))
    said = [stretch for stretch in stretches if _motif_hits(stretch.group(), region)]
    return ", ".join(block.claim(stretch.start(), stretch.end()) for stretch in said)
