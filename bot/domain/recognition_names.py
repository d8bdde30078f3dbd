"""The patient's name in a text, and which part of it is the last name."""

import re
from dataclasses import replace
from difflib import get_close_matches

from bot.domain.letters import fold
from bot.domain.mission import Sex
from bot.domain.places import plain
from bot.domain.recognised import Name, Recognised
from bot.domain.recognition_block import Block, tidy
from bot.domain.recognition_words import CALLER, DECIDER, FIRST_NAMES, IDEL, LINKS, MT, NOT_NAMES

TITLE = (
    r"(?:(?P<f>mme|mlle|madame|mademoiselle|mrs)|(?P<m>monsieur|mr|m))(?![a-z])\.?\s*"
    r"(?P<pair>et\s+(?:mme|madame)\s+)?"
)

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][A-Za-zÀ-ÖØ-öø-ÿŒœ'’\-]*"

_SMALL = r"[a-zà-öø-ÿœ][a-zà-öø-ÿœ'’\-]+"

CAPITALS = re.compile(
    rf"{_CAPITAL}(?:[ \t]+(?:(?:de|du|la|le|von|van|el|ben|d'|da|di)[ \t]+)?{_CAPITAL}){{0,4}}"
)

_SMALLS = re.compile(rf"{_SMALL}(?:[ \t]+{_SMALL}){{0,2}}")


def read_name(text: str) -> Name | None:
    """«Mme KELLER Odile», «Odile Keller», «M. Jean-Pierre DUPONT-MEYER». None when it is no name."""
    text = tidy(text)
    title = re.match(rf"(?i:{TITLE})", text)
    sex = (Sex.FEMALE if title["f"] else Sex.MALE) if title and not title["pair"] else None
    bare = text[title.end() :] if title else text
    bare = re.split(r"(?i)\s+(?:n[ée]e|ép(?:ouse)?\.?|veuve|vve)\s+", bare)[0]
    words = bare.replace(",", " ").split()
    if not 1 <= len(words) <= 6 or (len(words) == 1 and not title):
        return None
    if not all(re.fullmatch(r"[A-Za-zÀ-ÖØ-öø-ÿŒœ]+(?:['’\-.][A-Za-zÀ-ÖØ-öø-ÿŒœ]*)*", word) for word in words):
        return None
    if any(plain(word) in NOT_NAMES and plain(word) not in ("le", "la", "de", "du", "des") for word in words):
        return None
    last, first = _in_order(words)
    return Name(" ".join(last), " ".join(first), sex)


def _in_order(words: list[str]) -> tuple[list[str], list[str]]:
    """Which words are the last name: capitals say it, else a known first name, else the usual order."""
    capitals = [word for word in words if word.isupper() and len(word) > 1]
    if capitals and len(capitals) < len(words):
        particle = ("DE", "DU", "LE", "LA")
        last = [w for w in words if w.isupper() and (len(w) > 1 or w in particle)]
        return last, [w for w in words if w not in last]
    if len(words) == 1:
        return words, []
    known = [_is_first_name(word) for word in words]
    if known[0] and not known[-1]:  # «Jean Paul Dupont»
        cut = known.index(False)
        return words[cut:], words[:cut]
    if known[-1] and not known[0]:
        cut = len(words) - known[::-1].index(False)
        return words[:cut], words[cut:]
    near = [bool(get_close_matches(plain(word), FIRST_NAMES, n=1, cutoff=0.87)) for word in words]
    if not any(known) and near[-1] and not near[0]:
        return words[:-1], words[-1:]
    if capitals:  # «KELLER ODILE»: the order of files
        return words[:-1], words[-1:]
    return words[1:], words[:1]


def _is_first_name(word: str) -> bool:
    return all(part in FIRST_NAMES for part in plain(word).split())


def name_at(block: Block, start: int, *, small: bool) -> tuple[int, int] | None:
    """The stretch of a name that begins there; `small` lets it be without capitals."""
    raw = block.raw_free()
    match = CAPITALS.match(raw, start) or (_SMALLS.match(raw, start) if small else None)
    if not match:
        return None
    end = match.start()
    for word in re.finditer(r"\S+", match.group()):
        if plain(word.group()) in NOT_NAMES - {"le", "la", "de", "du", "des"} or re.search(
            r"\d", word.group()
        ):
            break
        end = match.start() + word.end()
    return (match.start(), end) if end > match.start() else None


def patient_name(block: Block, found: Recognised) -> Recognised:
    """The patient's name: labelled, with a title, before the age, or alone on a line."""
    for stretch in (_labelled_name, _titled_name, _name_before_age, _name_alone):
        if (span := stretch(block)) and (name := read_name(block.text[span[1] : span[2]])):
            block.claim(span[0], span[2])
            return replace(
                found, last_name=name.last_name, first_name=name.first_name or None, sex=found.sex or name.sex
            )
    return found


_Span = tuple[int, int, int]  # where the label begins, where the name begins, where it ends


def _labelled_name(block: Block) -> _Span | None:
    both = re.search(
        r"(?<![a-z])nom\s*:?\s*(?P<last>[^\n,;:"
        r"|\x01\x02]+?)[\s,;]+prenom\s*:?\s*(?P<first>[^\s\n,;:|\x01\x02]+)",
        block.free,
    )
    if both:  # «Nom : KELLER Prénom : Odile» is put together by `name_by_labels`
        return None
    label = re.search(
        r"(?<![a-z])(?:nom\s*(?:et\s+)?[/,]?\s*prenom|nom|identite"
        r"|patiente?)\s*(?:de\s+la\s+patiente|du\s+patient)?\s*:\s*|(?<![a-z])patiente?\s+(?=[a-z])",
        block.free,
    )
    if not label:
        return None
    title = re.match(rf"{TITLE}", block.free[label.end() :])
    small = label.group().rstrip().endswith(":")
    name = name_at(block, label.end() + (title.end() if title else 0), small=small)
    return (label.start(), label.end(), name[1]) if name else None


def name_by_labels(block: Block, found: Recognised) -> Recognised:
    """«Nom : KELLER», «Prénom : Odile», on one line or two."""
    last = re.search(
        r"(?<![a-z])nom(?:\s+de\s+famille|\s+d'usage)?\s*:\s*(?P<v>[a-z][^\n,;:|\x01\x02]*)", block.free
    )
    first = re.search(r"(?<![a-z])prenoms?\s*:?\s*(?P<v>[a-z][^\s\n,;:|\x01\x02]*)", block.free)
    if not last or not first:
        return found
    end = first.start() if last.start() < first.start() < last.end() else last.end()
    last_name = tidy(block.text[last.start("v") : end])
    first_name = tidy(block.text[first.start("v") : first.end("v")])
    if not read_name(f"Mme {last_name}") or not read_name(f"Mme {first_name}"):
        return found
    block.claim(last.start(), end)
    block.claim(first.start(), first.end())
    name = read_name(last_name) if re.match(TITLE, fold(last_name)) else None
    return replace(
        found,
        last_name=name.last_name if name else last_name,
        first_name=first_name,
        sex=found.sex or (name.sex if name else None),
    )


#: «la voisine Mme Lang», «appel de M. Huck»: the name behind is not the patient's.
_SOMEBODY_ELSE = re.compile(
    rf"(?<![a-z])(?:{LINKS}|{CALLER}|{IDEL}|{MT}|{DECIDER}|dr|docteur|par)(?![a-z])[\s:,(]*(?:(?:la|le|sa|son)\s+)?$"
)


def _titled_name(block: Block) -> _Span | None:
    for title in re.finditer(rf"(?<![a-z'’])(?:(?:le\s+|la\s+)?patiente?\s*:?\s*)?{TITLE}", block.free):
        if _SOMEBODY_ELSE.search(
            block.free, max(block.line_start(title.start()), title.start() - 40), title.start()
        ):
            continue
        name = name_at(block, title.end(), small=title.group().strip(" .") != "m")
        if name:
            return title.start(), title.start("f") if title["f"] else title.start("m"), name[1]
    return None


def _name_before_age(block: Block) -> _Span | None:
    """«Odile Keller, 94 ans», «KELLER Odile (03/02/1932)» at the beginning of a line."""
    for line in re.finditer(r"[^\n]+", block.free):
        lead = re.match(r"[ \-*•]*(?:(?:l'|un\s+)?enfant\s+|bebe\s+|bb\s+)?", line.group())
        at = line.start() + (lead.end() if lead else 0)
        name = name_at(block, at, small=False)
        if (
            name
            and re.match(r"[\s,(\-]*\x01", block.free[name[1] :])
            and len(block.text[at : name[1]].split()) > 1
        ):
            return at, at, name[1]
    return None


def _name_alone(block: Block) -> _Span | None:
    """A clause of the first line that is a name with its capitals: «KELLER Odile»."""
    first = re.search(r"[^\n]*[a-z][^\n]*", block.free)
    for clause in re.finditer(r"[^,;|\x01\x02]+", first.group() if first else ""):
        at = (first.start() if first else 0) + clause.start()
        text = block.text[at : at + len(clause.group())]
        words = tidy(text).split()
        told = any(w.isupper() and len(w) > 1 for w in words) and not all(w.isupper() for w in words)
        told = told or (len(words) == 2 and sum(_is_first_name(w) for w in words) == 1)
        if 2 <= len(words) <= 4 and told and all(w[0].isupper() for w in words) and read_name(text):
            return at, at, at + len(text.rstrip())
    return None
