"""Communes: found by name or postal code, and how far apart they are. Knows no map service.

Distances are great circles between town halls, in kilometres.
"""

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from math import asin, cos, radians, sin, sqrt

from bot.domain.region import Commune, Region

#: Mean radius of the Earth in kilometres (IUGG).
EARTH_KM = 6371.0088

#: How like a misspelt name must be (`difflib`), how long, and how many are proposed.
SIMILAR = 0.8
SHORTEST_MISSPELT = 4
MOST_SIMILAR = 4

_SHORT = {"st": "saint", "ste": "sainte", "sts": "saints"}
_ARTICLES = ("le ", "la ", "les ", "l ")


@dataclass(frozen=True, slots=True)
class _Index:
    """What is looked up in the communes of one region."""

    communes: tuple[Commune, ...]
    by_insee: dict[str, Commune]
    by_postal_code: dict[str, tuple[Commune, ...]]
    by_name: tuple[tuple[str, Commune], ...]  # plain names, in alphabetical order
    exact: dict[str, tuple[Commune, ...]]  # by plain name


#: The tuple of communes is the key by identity: hashing 366 communes at each look-up would cost more
#: than the look-up. The index holds the tuple, so its identity cannot be reused while it is here.
_indexes: dict[int, _Index] = {}


def _index(region: Region) -> _Index:
    found = _indexes.get(id(region.communes))
    if found is None:
        by_code: dict[str, tuple[Commune, ...]] = {}
        exact: dict[str, tuple[Commune, ...]] = {}
        for commune in region.communes:
            exact[plain(commune.name)] = (*exact.get(plain(commune.name), ()), commune)
            for code in commune.postal_codes:
                by_code[code] = (*by_code.get(code, ()), commune)
        found = _Index(
            communes=region.communes,
            by_insee={c.insee: c for c in region.communes},
            by_postal_code=by_code,
            by_name=tuple(sorted(((plain(c.name), c) for c in region.communes), key=lambda pair: pair[0])),
            exact=exact,
        )
        if len(_indexes) >= 8:
            _indexes.clear()
        _indexes[id(region.communes)] = found
    return found


def plain(text: str) -> str:
    """A name as it is compared: no accents, capitals, hyphens or apostrophes, «St» written out."""
    letters = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe"))
    letters = "".join(c for c in letters if not unicodedata.combining(c)).casefold()
    return " ".join(_SHORT.get(word, word) for word in re.findall(r"[a-z0-9]+", letters))


def communes_of_postal_code(region: Region, code: str) -> tuple[Commune, ...]:
    """The communes that share a postal code, none when it is unknown."""
    return _index(region).by_postal_code.get(code.strip(), ())


def commune_of(region: Region, insee: str | None) -> Commune | None:
    """The commune with that INSEE code."""
    return _index(region).by_insee.get(insee) if insee else None


def find_communes(region: Region, text: str) -> tuple[Commune, ...]:
    """The communes a person may mean, the whole name first, then those that begin so.

    «68200», «68200 mulhouse», «st louis», «bonhomme» are understood; a postal code narrows the names.
    """
    index = _index(region)
    code = re.search(r"\b\d{5}\b", text)
    wanted = plain(text.replace(code[0], " ") if code else text)
    among = {c.insee for c in index.by_postal_code.get(code[0], ())} if code else None
    if not wanted:
        return index.by_postal_code.get(code[0], ()) if code else ()
    ranked = [
        (rank, name, commune)
        for name, commune in index.by_name
        if (among is None or commune.insee in among) and (rank := _rank(name, wanted)) is not None
    ]
    ranked.sort(key=lambda row: row[:2])
    return tuple(commune for _, _, commune in ranked)


def _rank(name: str, wanted: str) -> int | None:
    """0 the same name, 1 the same but for its article, 2 a beginning, 3 a beginning after the article."""
    bare = next((name.removeprefix(a) for a in _ARTICLES if name.startswith(a)), name)
    if name == wanted:
        return 0
    if bare == wanted:
        return 1
    if name.startswith(wanted):
        return 2
    return 3 if bare.startswith(wanted) else None


def exact_communes(region: Region, text: str) -> tuple[Commune, ...]:
    """The communes of exactly that name, «St» and «Saint» being one."""
    return _index(region).exact.get(plain(text), ())


def similar_communes(region: Region, text: str) -> tuple[Commune, ...]:
    """The communes that are written almost so, the nearest spelling first: «Mulouse», «Guebwiler»."""
    wanted = plain(text)
    if len(wanted) < SHORTEST_MISSPELT or any(c.isdigit() for c in wanted):
        return ()
    index = _index(region)
    alike = get_close_matches(wanted, index.exact, n=MOST_SIMILAR, cutoff=SIMILAR)
    return tuple(commune for name in alike for commune in index.exact[name])


def distance_km(a: Commune, b: Commune) -> float:
    """How far two communes are, as the crow flies."""
    lat_a, lat_b = radians(a.latitude), radians(b.latitude)
    across = sin(radians(b.longitude - a.longitude) / 2) ** 2
    chord = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * across
    return 2 * EARTH_KM * asin(sqrt(min(1.0, chord)))


def distance_between(region: Region, insee_a: str | None, insee_b: str | None) -> float | None:
    """How far two communes are, None when one of them is not of the region."""
    a, b = commune_of(region, insee_a), commune_of(region, insee_b)
    return distance_km(a, b) if a and b else None


def shown_age(region: Region, insee: str | None, age: int) -> tuple[int, int] | int:
    """The age as it may be shown before acceptance: exact, or its decade (90, 99) in a small commune.

    A commune that is not known counts as small.
    """
    commune = commune_of(region, insee)
    if commune is not None and commune.population >= region.decade_ages_under:
        return age
    decade = age - age % 10
    return (decade, decade + 9)
