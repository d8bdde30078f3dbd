"""The motif in a text, and which one of the region's list it is."""

import re
from functools import lru_cache

from bot.domain.letters import fold
from bot.domain.recognition_block import NUMBER, Block
from bot.domain.recognition_words import ADDRESS_LABEL, CALLER, DECIDER, IDEL, MOTIF_LABEL, MT, TEL
from bot.domain.region import Region

#: Stems that tell a motif, by its key; those of the region's labels are added.
_MOTIF_STEMS: dict[str, str] = {
    "chute": r"chutt?(?:e|es|er|ee)|tombee?s?",
    "fievre": r"fievre|febrile|febricule|hyperthermie|frissons?",
    "aeg": r"aeg|alteration\s+(?:de\s+)?(?:l'?etat|l'?eg|eg)|asthenie|fatigue|ne\s+mange\s+plus"
    r"|ne\s+se\s+leve\s+plus|baisse\s+de\s+l'etat"
    r"|perte\s+d'autonomie|affaiblie?",
    "gene_respiratoire": r"dyspnee|dyspneique|essouffl\w*|gene\s+respiratoire|respire\s+mal"
    r"|difficultes?\s+(?:a\s+)?respir\w*"
    r"|desature\w*",
    "toux": r"toux|tousse|bronchite|encombree?|encombrement",
    "douleur": r"douleurs?|douloureu\w*|mal|cephalees?|migraine",
    "lombalgie": r"lombalgies?|lumbago|mal\s+(?:de|au)\s+dos|sciatique|dos\s+bloque|lombaires?"
    r"|lombosciatique",
    "douleur_abdominale": r"douleurs?\s+(?:abdominales?|au\s+ventre|abdo)|mal\s+(?:au|de)\s+ventre"
    r"|abdominales?|epigastralgies?",
    "digestif": r"vomi\w*|diarrhees?|gastro\w*|constipation|constipee?|nausees?|subocclusion|fecalome",
    "urinaire": r"urinaires?|cystite|brulures?\s+mictionnelles?|hematurie|retention|pollakiurie"
    r"|sonde\s+bouchee|pyelonephrite",
    "plaie": r"plaies?|coupures?|escarres?|ulceres?|suture|dermabrasions?",
    "peau": r"eruption|erysipele|rougeurs?|oedemes?|zona|prurit|omi|jambes?\s+(?:rouges?|gonflees?)|abces",
    "vertiges": r"vertiges?|malaises?|etourdissements?|lipothymie",
    "psy": r"angoisses?|angoissee?|anxiete|anxieu\w*|agitee?|agitation|insomnie|idees\s+noires",
    "fin_de_vie": r"fin\s+de\s+vie|palliatifs?|soins\s+de\s+confort",
}

_GENERAL = frozenset({"douleur"})  # gives way to a motif that says where

_NOT = re.compile(r"(?:pas|plus|sans|ni|non|absence|jamais)\s+(?:de\s+|d'|la\s+)?(?:\w+\s+ni\s+)?$")


@lru_cache(maxsize=8)
def _motif_patterns(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    patterns = []
    for key, label in labels:
        if key == "autre":
            continue
        said = re.escape(fold(label)).replace(r"\ ", r"\s+")
        stems = f"{_MOTIF_STEMS[key]}|{said}" if key in _MOTIF_STEMS else said
        patterns.append((key, re.compile(rf"(?<![a-z])(?:{stems})(?![a-z])")))
    return tuple(patterns)


def guess_motif(text: str, region: Region) -> str | None:
    """The key of the motif a text speaks of first; «pas de fièvre» speaks of none."""
    hits = _motif_hits(fold(text), region)
    precise = [hit for hit in hits if hit[1] not in _GENERAL] or hits
    return min(precise)[1] if precise else None


def _motif_hits(folded: str, region: Region) -> list[tuple[int, str]]:
    patterns = _motif_patterns(tuple((m.key, m.label) for m in region.motifs))
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
