"""Figures with their spread, and the lines of the table. Knows nothing of how they were measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

Values = Sequence[float]


def percentile(values: Values, percent: float) -> float:
    """The value that so many percent of the others do not exceed."""
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered) + 0.5) - 1))
    return ordered[rank]


def spread(values: Values, digits: int = 2, unit: str = "") -> str:
    """«412 (398–430)»: the median, and the lowest and highest of the rounds."""
    after = f" {unit}" if unit else ""
    low, middle, high = (f"{v:,.{digits}f}" for v in (min(values), median(values), max(values)))
    return f"{middle}{after} ({low}–{high})" if len(values) > 1 else f"{middle}{after}"


def seconds(values: Values) -> str:
    """«0.83 s (0.79–0.91)»."""
    return spread(values, 2, "s")


@dataclass
class Line:
    """One line of the table."""

    measure: str
    target: str
    figure: str
    reached: bool | None  # None: a figure without a target
    why: str = ""

    def as_cells(self) -> list[str]:
        """For the table."""
        said = {True: "yes", False: "**no**", None: ""}[self.reached]
        return [self.measure, self.target, self.figure, said, self.why]


@dataclass
class Series:
    """The rounds of several figures, by name, in the order they were first seen."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """One more round of a figure."""
        self.values.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """The median of its rounds."""
        return median(self.values[name])

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> list[float]:
        return self.values[name]
