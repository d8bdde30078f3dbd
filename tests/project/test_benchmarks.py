"""The benchmarks still run: each row, once, with few people. Their figures say nothing here."""

from pathlib import Path

import pytest

from benchmarks.__main__ import ROWS, measure
from benchmarks.databases import SQLITE


@pytest.mark.parametrize("row", ROWS)
async def test_a_row_can_be_measured(row: str, tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    lines = (await measure((row,), rounds=1, small=True, kinds=(SQLITE,), write=page))[row]
    assert lines
    words = page.read_text(encoding="utf-8")
    for line in lines:
        assert line.measure in words
        assert any(sign.isdigit() for sign in line.figure) or line.figure == "not installed"
    assert str(Path.home()) not in words
    assert str(tmp_path.parent) not in words
