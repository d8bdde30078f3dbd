"""Street, commune, floor and who opens, in a text."""

import re
from dataclasses import replace
from difflib import get_close_matches

from bot.domain.letters import fold
from bot.domain.places import communes_of_postal_code, exact_communes, plain
from bot.domain.recognised import Address, Recognised
from bot.domain.recognition_block import ANCHOR, CLAIMED, NUMBER, Block, tidy
from bot.domain.recognition_words import ADDRESS_LABEL, LINKS, MONTHS
from bot.domain.region import Commune, Region

_STREETS = (
    r"(?:grand[' ]?rue|grande rue|rue|r\.|avenue|aven\.|ave?\.?|boulevard|bld|blvd|bd|allees?|all\."
    r"|place|pl\.?"
    r"|impasse|imp\.?|chemin|chem?\.|che|ch\.|route|rte|quai|cite|square|sentier|faubourg|fbg|cours|passage"
    r"|lotissement|lot\.|residence|res\.|ruelle|montee|hameau|voie|clos|esplanade|rond[- ]point"
    r"|promenade|venelle"
    r"|cour)(?![a-z])"
)

_STREET = re.compile(
    rf"(?<![0-9a-z])(?P<number>[0-9]{{1,4}}(?:\s?(?:bis|ter|quater"
    rf"|[a-d])(?![a-z]))?\s*,?\s*)?(?P<type>{_STREETS})"
)

_OF_A_NAME = frozenset(["de", "du", "des", "la", "le", "les", "d", "l", "au", "aux", "en", "sur", "et"])

#: What ends the name of a street.
_STREET_END = re.compile(
    r"[,;\n|()\x01\x02:]|\s[-–/]\s|\s(?:[0-9]{1,2}\s*(?:er|e|eme|ieme|nd)?\s*(?:etage|et\.)|rdc|rez"
    r"|etage|appt?|apt|appartement|bat"
    r"|batiment|code|digicode|tel|telephone|porte|a\s+cote|esc|chez)(?![a-z])"
    rf"|\s(?![0-9]{{1,2}}\s?(?:er)?\s+(?:{'|'.join(MONTHS)}))[0-9]"
)

_POSTAL_CODE = re.compile(r"(?<![0-9a-z+])(?:f[- ]?)?(?P<code>[0-9]{5})(?![0-9])")

_NUMBER_BEHIND = re.compile(r"\s+[0-9]{1,4}(?:\s?(?:bis|ter|[a-d]))?(?=\s*(?:[,;\n]|$))")
_POSTAL_LABEL = re.compile(r"(?:cp|code postal)\s*:?\s*$")
_FLOOR = re.compile(
    r"(?:au\s+)?(?<![0-9a-z])(?:[0-9]{1,2}\s*(?:er|ere|e|eme|ieme|nd|°)?\s*(?:etage|etg\.?|et\.)(?![a-z])"
    r"|etage\s*:?\s*[0-9]{1,2}(?:er|e|eme)?(?![0-9a-z])|(?:premier|deuxieme|troisieme|quatrieme"
    r"|cinquieme|dernier)\s+etage"
    r"|rdc(?![a-z])|rez[- ]de[- ]chauss?ee(?![a-z])|plain[- ]pied)"
    r"(?:\s+(?:droite?|gauche|face)(?![a-z]))?"
    r"(?:\s*\(?(?:sans|avec|pas\s+d')\s*ascenseur\)?)?"
)

_FLAT = re.compile(
    r"(?<![0-9a-z])(?:(?:appartement|appt?\.?|apt\.?)\s*(?:n°|:)?\s*[a-z]?[0-9]{1,4}[a-z]?"
    r"|(?:batiment|bat\.?|bt|immeuble|escalier|esc\.?|entree|porte)\s*(?:n°|:)?\s*(?:[a-h]|[0-9]{1,3}[a-d]?)"
    r"|(?:sans|avec|pas\s+d')\s*ascenseur)(?![0-9a-z])"
)

_HOUSE = re.compile(r"(?<![a-z])(?:residence|foyer)\s+(?!principale)[a-z][^,;\n|()\x01\x02]{1,38}[a-z0-9]")
_CODE = re.compile(
    r"(?<![a-z])(?:digicode|digi|code)(?!\s*postal)(?:\s+(?:de\s+la\s+|d'|de\s+l'|du\s+)?(?:porte"
    r"|portail|entree|immeuble|acces))?"
    r"\s*(?:est\s*)?[:=]?\s*(?P<code>(?=[a-z*#]*[0-9])[0-9a-z*#]{3,8}(?![0-9a-z])"
    r"|[0-9]{2}(?=\s*(?:[,;\n|\x01\x02]|$)))"
)

_OPENS = re.compile(
    rf"(?<![a-z])(?:(?:(?:la|le|sa|son|l'|une?)\s*)?(?:{LINKS}|infirmiere?|idel?)"
    r"(?:\s+(?:qui\s+)?(?:ouvre|ouvrira|va\s+ouvrir|peut\s+ouvrir|a\s+les?\s+cles?|a\s+la\s+cle"
    r"|est\s+la|sera\s+la"
    r"|est\s+sur\s+place|sur\s+place|sera\s+sur\s+place|presente?|sera\s+presente?|est\s+presente?))(?![a-z])"
    r"|(?:porte|portail)\s+(?:est\s+)?(?:reste(?:ra)?\s+)?(?:ouverte?|deverrouillee)(?![a-z])"
    r"|(?:la\s+)?cles?\s+(?:sous|dans|chez|a|au|sur)[^,;\n|\x01\x02]{2,40}"
    r"|boite\s+a\s+cles?[^,;\n|\x01\x02]{0,30}|(?:sonner|interphone|sonnette)\s*(?:a|au|chez"
    r"|:)?\s*[^,;\n|\x01\x02]{2,30}"
    r"|(?:la\s+|le\s+)?patiente?\s+(?:peut\s+ouvrir|ouvre(?:ra)?)(?![a-z])|(?:peut"
    r"|ne\s+peut\s+pas)\s+ouvrir(?:\s+la\s+porte)?(?![a-z]))"
)


def read_address(text: str, region: Region) -> Address | None:
    """«12 rue des Tanneurs, 68200 Mulhouse, 2e étage code 4B71»; None when it tells no place at all."""
    block = Block.of(text)
    found = access(block, located(block, Recognised(), region))
    address = Address(
        found.address, found.postal_code, found.communes, found.floor, found.door_code, found.who_opens
    )
    return None if address == Address() else address


def located(block: Block, found: Recognised, region: Region) -> Recognised:
    """Street, postal code and communes."""
    street, after = _street(block, region)
    code, communes = _commune(block, region, after)
    return replace(found, address=street, postal_code=code, communes=communes)


def _street(block: Block, region: Region) -> tuple[str | None, int | None]:
    """Number and street, and the place just behind them."""
    named = [m for m in _STREET.finditer(block.free) if _is_street(block, m)]
    if not named:
        return None, None
    first = next((m for m in named if m["number"]), named[0])
    end = _street_end(block, first.end(), region)
    start = first.start()
    label = re.search(rf"(?<![a-z]){ADDRESS_LABEL}\s*:?\s*$", block.free[block.line_start(start) : start])
    end -= len(re.search(r"(?:\s+a)?\s*$", block.free[start:end]).group())  # type: ignore[union-attr]
    if not first["number"] and (number := _NUMBER_BEHIND.match(block.free, end)):
        end = number.end()  # «rue de la Gare 12»
    text = tidy(block.text[start:end])
    block.claim(block.line_start(start) + label.start() if label else start, end)
    return re.sub(r"^([0-9]+\s?[A-Za-z]*)\s*,\s*", r"\1 ", text), end


def _is_street(block: Block, found: re.Match[str]) -> bool:
    """A street has a number, or begins its clause, and a name behind it."""
    kind = found["type"]
    named = re.match(r"\s*(?:[a-z'’][a-z'’\-]+|[0-9])", block.free[found.end() :])
    if not named and not kind.startswith("grand"):
        return False
    if found["number"]:
        return len(kind.rstrip(".")) > 1 or kind.endswith(".")
    before = block.free[block.line_start(found.start()) : found.start()].rstrip()
    labelled = re.search(rf"(?<![a-z]){ADDRESS_LABEL}\s*:?$", before)
    long = kind.startswith(
        ("rue", "avenue", "boulevard", "impasse", "chemin", "route", "allee", "place", "grand")
    )
    return bool(labelled) or (long and (not before or before[-1] in f",;|{CLAIMED}{NUMBER}"))


def _street_end(block: Block, start: int, region: Region) -> int:
    """Behind the name of the street: a separator, a postal code, or a commune that is not part of it."""
    stop = _STREET_END.search(block.free, start)
    end = stop.start() if stop else len(block.free)
    words = list(re.finditer(r"[^\s]+", block.free[start:end]))[:12]
    for n in range(1, len(words)):
        before = re.split(r"['’]", words[n - 1].group())[0]
        if before in _OF_A_NAME or re.match(r"(?:d|l)['’]", words[n].group()):
            continue
        for last in range(min(len(words), n + 6), n, -1):
            stretch = block.text[start + words[n].start() : start + words[last - 1].end()]
            if len(plain(stretch)) > 3 and exact_communes(region, stretch):
                return start + words[n].start()
    return start + (words[-1].end() if words else 0) if len(words) < 12 else end


def _commune(block: Block, region: Region, after: int | None) -> tuple[str | None, tuple[str, ...]]:
    """The postal code and the communes it may be."""
    for match in _POSTAL_CODE.finditer(block.free):
        code = match["code"]
        sharing = communes_of_postal_code(region, code)
        labelled = _POSTAL_LABEL.search(block.free, max(0, match.start() - 20), match.start())
        if not sharing and not labelled and not (after is not None and match.start() - after < 4):
            continue
        start = labelled.start() if labelled else match.start()
        named, begin, end = _commune_beside(block, region, start, match.end(), sharing)
        block.claim(begin, end)
        if not named:
            return code, tuple(c.insee for c in sharing)
        agreed = tuple(c for c in named if c in sharing)
        if agreed:
            return code, tuple(c.insee for c in agreed)
        # The code is of one place and the name of another: a button settles it
        return None, tuple(dict.fromkeys(c.insee for c in (*named, *sharing)))
    return _commune_without_code(block, region, after)


def _commune_beside(
    block: Block, region: Region, start: int, end: int, sharing: tuple[Commune, ...]
) -> tuple[tuple[Commune, ...], int, int]:
    """The communes named behind or before a postal code, and the stretch that says both."""
    behind = _words_from(block, end)
    for last in range(len(behind), 0, -1):
        stretch = block.text[behind[0][0] : behind[last - 1][1]]
        if named := exact_communes(region, stretch):
            return named, start, behind[last - 1][1]
    names = {plain(c.name): c for c in sharing}
    for last in range(len(behind), 0, -1):
        stretch = plain(block.text[behind[0][0] : behind[last - 1][1]])
        if (
            len(stretch) > 4
            and (near := get_close_matches(stretch, names, n=2, cutoff=0.84))
            and len(near) == 1
        ):
            return (names[near[0]],), start, behind[last - 1][1]
    line = block.line_start(start)
    before = list(re.finditer(r"[^\s,;|()\x01\x02]+", block.free[line:start]))[-6:]
    if re.fullmatch(r"[\s,(]*", block.free[line + before[-1].end() : start] if before else ""):
        for n in range(len(before)):
            stretch = block.text[line + before[n].start() : line + before[-1].end()]
            if named := exact_communes(region, stretch):
                return named, line + before[n].start(), end
    return (), start, end


def _words_from(block: Block, at: int, limit: int = 6) -> list[tuple[int, int]]:
    """The free words that follow at once on the same line."""
    words: list[tuple[int, int]] = []
    while len(words) < limit and (
        word := re.compile(r"[ \t,\-(:]*(?:(?:ville|commune)\s*:\s*)?([^\s,;|():\x01\x02]+)").match(
            block.free, at
        )
    ):
        if words and re.search(r"[,(:]", block.free[at : word.start(1)]):
            break
        words.append(word.span(1))
        at = word.end(1)
    return words


def _commune_without_code(
    block: Block, region: Region, after: int | None
) -> tuple[str | None, tuple[str, ...]]:
    """A commune named behind the street, after «à», or alone in its clause."""
    places = [after] if after is not None else []
    places += [
        m.end() for m in re.finditer(r"(?<![a-z])(?:a|commune\s*(?:de|:)?|ville\s*:?|habite)\s+", block.free)
    ]
    sure = len(places)
    places += [m.end() for m in re.finditer(r"(?:^|[\n,;|])[ \t]*", block.free)]
    for n, at in enumerate(places):
        words = _words_from(block, at)
        alone = n >= sure
        for last in range(len(words), 0, -1):
            start, end = words[0][0], words[last - 1][1]
            stretch = block.text[start:end]
            named = exact_communes(region, stretch) if len(plain(stretch)) > 3 else ()
            if named and (not alone or re.match(r"[ \t]*(?:[,;|\n\x01]|$)", block.free[end:])):
                block.claim(start, end)
                codes = {code for commune in named for code in commune.postal_codes}
                return (codes.pop() if len(codes) == 1 else None), tuple(c.insee for c in named)
    return None, ()


def access(block: Block, found: Recognised) -> Recognised:
    """Floor, code, who opens."""
    code = None
    if match := _CODE.search(block.free):
        code = block.text[match.start("code") : match.end("code")]
        block.claim(match.start(), match.end())
    parts: list[tuple[int, str]] = []
    for pattern in (_FLOOR, _FLAT, _HOUSE):
        found_here = list(pattern.finditer(block.free))
        parts += [(m.start(), block.claim(m.start(), m.end())) for m in found_here]
    opens = [
        (m.start(), block.claim(m.start(), _opens_end(block, m))) for m in list(_OPENS.finditer(block.free))
    ]
    return replace(
        found,
        floor=", ".join(text for _, text in sorted(parts)) or None,
        door_code=code,
        who_opens=", ".join(text for _, text in sorted(opens)) or None,
    )


def _opens_end(block: Block, found: re.Match[str]) -> int:
    """«la fille ouvre» takes nothing more; «sonner chez …» stops before the next label."""
    anchor = ANCHOR.search(block.free, found.start() + 12, found.end())
    return (
        anchor.start()
        if anchor and fold(found.group()).startswith(("sonn", "interphone", "cle"))
        else found.end()
    )
