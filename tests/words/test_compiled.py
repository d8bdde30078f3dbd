"""The words made ready in a folder only ever save time: what people read comes from the templates."""

from pathlib import Path

import pytest

from bot.domain.outcome import Answer
from bot.messages.words import Words
from bot.region import load_region
from bot.settings import DEFAULT_REGION

REGION = load_region(DEFAULT_REGION)


def said(words: Words) -> str:
    return words.answer(Answer("people.inactive"))


def test_a_restart_finds_the_words_ready(tmp_path: Path) -> None:
    first = said(Words(REGION, tmp_path))
    ready = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}

    again = said(Words(REGION, tmp_path))

    assert ready
    assert again == first == said(Words(REGION))
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == ready


@pytest.mark.parametrize("left", [b"", b"j2", b"\x00" * 4096], ids=["empty", "cut", "zeros"])
def test_what_a_power_cut_left_of_them_is_made_anew(tmp_path: Path, left: bytes) -> None:
    first = said(Words(REGION, tmp_path))
    for file in tmp_path.iterdir():
        file.write_bytes(left)

    assert said(Words(REGION, tmp_path)) == first
    assert all(file.read_bytes() != left for file in tmp_path.iterdir())
