"""Long texts cut, SMS letters, and logs without secrets."""

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.sms import segments, to_gsm
from bot.logs import redact, set_up_logs
from bot.long_texts import plain, shorten_html, split_html, visible_length

PIECES = st.lists(
    st.sampled_from(["<b>", "</b>", "<i>gras</i>", "&amp;", "mot ", "\n", "é", "😀", "ligne entière\n"]),
    max_size=60,
)


@given(PIECES, st.integers(min_value=8, max_value=40))
def test_parts_fit_and_nothing_is_lost(pieces: list[str], limit: int) -> None:
    text = "".join(pieces)
    parts = split_html(text, limit)

    assert all(visible_length(part) <= limit for part in parts)
    whole = plain(text).replace("\n", "")
    assert "".join(plain(part) for part in parts).replace("\n", "").startswith(whole.rstrip())


def test_a_tag_that_is_cut_is_closed_and_opened_again() -> None:
    assert split_html("<b>un\ndeux</b>", 4) == ["<b>un</b>", "<b>deux</b>"]


def test_what_does_not_fit_a_card_is_marked() -> None:
    assert shorten_html("<b>un\ndeux</b>", 4) == "<b>un</b>…"
    assert shorten_html("<b>un</b>", 4) == "<b>un</b>"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("visio demandée à 10 h", "visio demandée à 10 h"),
        ("Ça va être prêt, cœur", "Ça va etre pret, coeur"),
        ("français · « oui »…", 'francais - " oui "...'),
        ("😀 SMT 412", " SMT 412"),
    ],
)
def test_an_sms_is_written_in_gsm_letters(text: str, written: str) -> None:
    assert to_gsm(text) == written


def test_segments_are_counted_as_gateways_do() -> None:
    assert [segments("a" * n) for n in (0, 160, 161, 306, 307)] == [1, 1, 2, 2, 3]
    assert segments("€" * 81) == 2


def test_logs_strike_out_tokens_links_and_numbers() -> None:
    token, link = "7000000001:AAsandboxsandboxsandboxsandbox00001", "x" * 43
    line = f"POST /bot{token}/x https://t.example/d/{link} +33639980012 06 39 98 00 12 mission 412"

    assert redact(line) == "POST /bot[token]/x https://t.example/d/[link] [phone] [phone] mission 412"


def test_tracebacks_are_struck_out_too() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    try:
        set_up_logs(stream=stream)
        try:
            raise ValueError("0353010012")
        except ValueError:
            logging.getLogger("bot.test").exception("call %s", "+33353010012")
    finally:
        root.handlers[:] = before
        root.setLevel(level)

    assert "00 12" not in stream.getvalue()
    assert "0353010012" not in stream.getvalue()
    assert "[phone]" in stream.getvalue()
