"""The cast in another region: the same people, who live in its communes. Knows no region file: it is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Where the cast and the patients of the examples live, the middle of it first.
AT_HOME = (
    ("68200", "Mulhouse"),
    ("68110", "Illzach"),
    ("68400", "Riedisheim"),
    ("68270", "Wittenheim"),
    ("68260", "Kingersheim"),
    ("68130", "Altkirch"),
)

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What of a region the sandbox must know to be played there."""

    file: Path
    name: str
    department: str
    communes: tuple[tuple[str, str], ...]  # postal code and name: the largest, then those near it
    steps: frozenset[str]  # of the cascade
    motif: str

    def place(self, name: str) -> tuple[str, str]:
        """The commune that stands for one of the Haut-Rhin."""
        return self.communes[[home for _, home in AT_HOME].index(name) % len(self.communes)]

    def listing(self, rows: list[Row]) -> list[Row]:
        """The list of people there; a house whose step that region has not stays away."""
        found = []
        for row in rows:
            if row["role"] == "organisation" and row["cascade_step"] not in self.steps:
                continue
            found.append({**row, "commune": self.place(row["commune"])[1]} if row["commune"] else row)
        return found

    def told(self, example: str) -> str:
        """What a caller there would say."""
        for code, name in AT_HOME:
            example = example.replace(f"{code} {name}", " ".join(self.place(name)))
        example = re.sub(r"(?m)^Motif : .*$", f"Motif : {self.motif}", example)
        return example.replace("SAMURL68", f"SAMU {self.department}")
