"""The board's map: communes and missions on a plane, for an inline SVG. Knows no words.

Equirectangular: a degree of longitude is as wide as it is in the middle of the department. Lengths are in
the units of the drawing, which is `WIDTH` wide.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians

from bot.domain.region import Commune
from bot.flows.board import Line

WIDTH = 400.0
MARGIN = 26.0
CITIES = 9  # named at most
CITIES_APART = 52.0

#: Missions with a label of their own; the others are points, and stand in the list.
LABELLED = 40
HEIGHT_OF_LABEL = 22.0
GAP = 3.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the drawing."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class City:
    """A commune whose name is written."""

    name: str
    at: Spot


@dataclass(frozen=True, slots=True)
class Pin:
    """One mission: where it is, where its label stands, where the nurse comes from."""

    line: Line
    at: Spot
    label: "Box | None"
    comes_from: Spot | None


@dataclass(frozen=True, slots=True)
class Box:
    """A label: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float = HEIGHT_OF_LABEL

    @property
    def middle(self) -> Spot:
        """Its centre."""
        return Spot(self.x + self.width / 2, self.y + self.height / 2)

    def touches(self, other: "Box") -> bool:
        """Whether they are over one another, or nearly."""
        return (
            self.x < other.x + other.width + GAP
            and other.x < self.x + self.width + GAP
            and self.y < other.y + other.height + GAP
            and other.y < self.y + self.height + GAP
        )


class Map:
    """The department, drawn from the table of its communes."""

    def __init__(self, communes: Sequence[Commune]) -> None:
        self._communes = communes
        latitudes = [c.latitude for c in communes]
        middle = (min(latitudes) + max(latitudes)) / 2
        self._narrow = cos(radians(middle))
        self._west = min(c.longitude for c in communes) * self._narrow
        self._north = max(latitudes)
        east = max(c.longitude for c in communes) * self._narrow
        self._scale = (WIDTH - 2 * MARGIN) / max(east - self._west, 0.01)
        self.width = WIDTH
        self.height = round(2 * MARGIN + (self._north - min(latitudes)) * self._scale, 1)

    def spot(self, commune: Commune) -> Spot:
        """Where a commune is."""
        return Spot(
            round(MARGIN + (commune.longitude * self._narrow - self._west) * self._scale, 1),
            round(MARGIN + (self._north - commune.latitude) * self._scale, 1),
        )

    @property
    def dots(self) -> str:
        """Every commune, as a path of strokes without length: round ends make them dots."""
        return "".join(f"M{spot.x} {spot.y}h0" for spot in map(self.spot, self._communes))

    def cities(self) -> tuple[City, ...]:
        """The large communes that leave room for each other's names."""
        found: list[City] = []
        for commune in sorted(self._communes, key=lambda c: c.population, reverse=True):
            at = self.spot(commune)
            if all(hypot(at.x - c.at.x, at.y - c.at.y) > CITIES_APART for c in found):
                found.append(City(commune.name, at))
            if len(found) == CITIES:
                break
        return tuple(found)

    def pins(self, lines: Iterable[Line]) -> tuple[Pin, ...]:
        """The missions whose commune may be shown, each label where it hides no other."""
        taken: list[Box] = []
        pins = []
        for line in lines:
            if line.place is None:
                continue
            at = self.spot(line.place)
            label = self._label(at, line, taken) if len(taken) < LABELLED else None
            if label is not None:
                taken.append(label)
            home = self.spot(line.comes_from) if line.comes_from is not None else None
            pins.append(Pin(line, at, label, home if home != at else None))
        return tuple(pins)

    def _label(self, at: Spot, line: Line, taken: Sequence[Box]) -> Box | None:
        width = 34.0 + 8.0 * len(str(line.mission.number))
        for box in _around(at, width):
            if self._holds(box) and not any(box.touches(other) for other in taken):
                return box
        return None

    def _holds(self, box: Box) -> bool:
        return (
            box.x >= 1
            and box.y >= 1
            and box.x + box.width <= self.width - 1
            and box.y + box.height <= self.height - 1
        )


def _around(at: Spot, width: float) -> Iterator[Box]:
    """Places for a label, the nearest to its commune first."""
    tall = HEIGHT_OF_LABEL
    for ring in range(6):
        away = 10 + ring * (tall + GAP + 1)
        for across in (0.0, 1.0, -1.0):
            shift = across * (width / 2 + 10 + ring * 12)
            yield Box(round(at.x - width / 2 + shift, 1), round(at.y - away - tall, 1), width)
            yield Box(round(at.x - width / 2 + shift, 1), round(at.y + away, 1), width)
        yield Box(round(at.x + away, 1), round(at.y - tall / 2, 1), width)
        yield Box(round(at.x - away - width, 1), round(at.y - tall / 2, 1), width)
