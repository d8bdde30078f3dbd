"""The table of duty sectors: which commune is in which, read from what people send, and what it would change.

Every refusal names its line and a reason, which is a key: the region file and the chat each have their words
for it. Knows no storage and no words.
"""

import csv
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.region import Commune, Sector
from bot.domain.table import MissingColumnsError, rows

COLUMNS = ("insee", "secteur", "mmg")

#: In bytes: a table of a department is far smaller.
BIGGEST = 1_000_000

#: A longer name of a sector is a slip of the pen, and fills screens.
LONGEST_NAME = 60

_YES, _NO = frozenset({"oui", "true", "1"}), frozenset({"non", "false", "0", ""})

#: INSEE code → sector, `mmg`.
Listed = Mapping[str, tuple[str, bool]]


class Why(StrEnum):
    """Why a line is refused: a key of the words."""

    TOO_BIG = "too_big"
    NO_TABLE = "no_table"
    HEADER = "header"  # value: what is missing
    EMPTY = "empty"
    UNKNOWN = "unknown"
    TWICE = "twice"
    NO_SECTOR = "no_sector"
    LONG_NAME = "long_name"
    MMG = "mmg"
    MMG_BOTH = "mmg_both"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One line that cannot be taken."""

    line: int  # 0: the file as a whole
    why: Why
    value: str = ""
    other: str = ""  # of a commune on two lines: the sector on the first


@dataclass(frozen=True, slots=True)
class Read:
    """A whole file."""

    listed: Listed
    refusals: tuple[Refusal, ...]


def is_table(content: bytes) -> bool:
    """Whether a file that somebody sends is a table of sectors: by its first line."""
    lines = content[:2000].decode("utf-8-sig", errors="replace").casefold().splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    cells = {cell.strip(' "') for cell in first.replace(";", ",").split(",")}
    return "insee" in cells and bool(cells & {"secteur", "mmg"})


def read(content: bytes, communes: Sequence[Commune]) -> Read:
    """What a file says, or why it cannot be taken."""
    if len(content) > BIGGEST:
        return Read({}, (Refusal(0, Why.TOO_BIG),))
    try:
        listed, refusals = checked(rows(_text(content), COLUMNS), communes)
    except MissingColumnsError as missing:
        return Read({}, (Refusal(1, Why.HEADER, str(missing)),))
    except csv.Error:
        return Read({}, (Refusal(0, Why.NO_TABLE),))
    if not listed and not refusals:
        refusals = [Refusal(0, Why.EMPTY)]
    return Read(listed, tuple(refusals))


def _text(content: bytes) -> str:
    """A French spreadsheet still saves a plain CSV in the old character set of Windows."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def checked(
    table: Iterable[tuple[int, Mapping[str, str]]], communes: Sequence[Commune]
) -> tuple[dict[str, tuple[str, bool]], list[Refusal]]:
    """What the rows say, and what is wrong with them."""
    known = {commune.insee for commune in communes}
    listed: dict[str, tuple[str, bool]] = {}
    mmg: dict[str, bool] = {}
    refusals = []
    for line, row in table:
        insee, sector, word = row["insee"], row["secteur"], row["mmg"].casefold()
        if insee.isdigit():
            insee = insee.zfill(5)  # a spreadsheet takes 01004 for a number
        if insee not in known:
            refusals.append(Refusal(line, Why.UNKNOWN, insee[:20]))
        if insee in listed:
            refusals.append(Refusal(line, Why.TWICE, insee, listed[insee][0]))
        if not sector:
            refusals.append(Refusal(line, Why.NO_SECTOR))
        if len(sector) > LONGEST_NAME:
            refusals.append(Refusal(line, Why.LONG_NAME, sector[:LONGEST_NAME]))
        if word not in _YES | _NO:
            refusals.append(Refusal(line, Why.MMG, row["mmg"][:20]))
        elif mmg.setdefault(sector, word in _YES) is not (word in _YES):
            refusals.append(Refusal(line, Why.MMG_BOTH, sector[:LONGEST_NAME]))
        listed[insee] = (sector, word in _YES)
    return listed, refusals


def sign_of(listed: Listed) -> int:
    """Which table a button speaks of."""
    return zlib.crc32(written(listed).encode()) & 0x7FFFFFFF


def written(listed: Listed) -> str:
    """The form in a draft."""
    return json.dumps(sorted([insee, *told] for insee, told in listed.items()))


def kept(body: str) -> dict[str, tuple[str, bool]]:
    """The inverse of `written`."""
    return {insee: (sector, mmg) for insee, sector, mmg in json.loads(body)}


# What it would change


@dataclass(frozen=True, slots=True)
class Move:
    """Communes that go together from one sector to another."""

    before: str
    after: str
    communes: tuple[str, ...]  # their names


@dataclass(frozen=True, slots=True)
class Difference:
    """Between two divisions of the same communes."""

    moves: tuple[Move, ...]  # the largest first
    mmg: tuple[tuple[str, bool], ...]  # sectors whose flag is another now
    new: tuple[tuple[str, bool], ...]  # with their flag
    gone: tuple[str, ...]

    @property
    def moved(self) -> int:
        """How many communes change their sector."""
        return sum(len(move.communes) for move in self.moves)

    @property
    def is_nothing(self) -> bool:
        """Whether everything is as before."""
        return not (self.moves or self.mmg or self.new or self.gone)


def difference(communes: Sequence[Commune], before: Sequence[Sector], after: Sequence[Sector]) -> Difference:
    """What is another now, in the order of names."""
    here, there = _by_commune(before), _by_commune(after)
    moved: dict[tuple[str, str], list[str]] = {}
    for commune in communes:
        pair = here.get(commune.insee, ""), there.get(commune.insee, "")
        if pair[0] != pair[1]:
            moved.setdefault(pair, []).append(commune.name)
    old, now = ({sector.name: sector.mmg for sector in division} for division in (before, after))
    moves = (Move(*pair, tuple(sorted(names))) for pair, names in moved.items())
    return Difference(
        moves=tuple(sorted(moves, key=lambda move: (-len(move.communes), move.before, move.after))),
        mmg=tuple(sorted((name, flag) for name, flag in now.items() if old.get(name, flag) is not flag)),
        new=tuple(sorted((name, flag) for name, flag in now.items() if name not in old)),
        gone=tuple(sorted(old.keys() - now.keys())),
    )


def _by_commune(sectors: Iterable[Sector]) -> dict[str, str]:
    return {insee: sector.name for sector in sectors for insee in sector.communes}
