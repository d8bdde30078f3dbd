"""A table as a spreadsheet saves it: rows by the names of their columns. Knows nothing of what they say."""

import csv
import io
from collections.abc import Iterator, Sequence


class MissingColumnsError(ValueError):
    """Its first line lacks these."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(", ".join(columns))


def rows(text: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV, comma or semicolon, with their line numbers. Lines from # are notes.

    Raises MissingColumnsError; csv.Error for what no spreadsheet writes.
    """
    kept = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if not line.startswith("#")]
    first = kept[0][1] if kept else ""
    between = ";" if first.count(";") > first.count(",") else ","
    reader = csv.DictReader(io.StringIO("\n".join(line for _, line in kept)), delimiter=between)
    if missing := [c for c in columns if c not in (reader.fieldnames or ())]:
        raise MissingColumnsError(missing)
    for row in reader:
        yield kept[reader.line_num - 1][0], {c: (row[c] or "").strip() for c in columns}
