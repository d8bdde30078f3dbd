"""Telegram's HTML becomes words and entities, and what is wrong in it is named with its place."""

from typing import Any

import pytest

from bot.sandbox.entities import as_html, formatted, parse_html
from bot.sandbox.refusals import Refusal


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("<b>SMT 412</b> prise", "SMT 412 prise", [entity("bold", 0, 7)]),
        ("🏠 <i>visite</i>", "🏠 visite", [entity("italic", 3, 6)]),
        ("<b>a<u>b</u></b>", "ab", [entity("bold", 0, 2), entity("underline", 1, 1)]),
        ("<s>x</s><del>y</del>", "xy", [entity("strikethrough", 0, 1), entity("strikethrough", 1, 1)]),
        ("<tg-spoiler>x</tg-spoiler>", "x", [entity("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">x</span>', "x", [entity("spoiler", 0, 1)]),
        ("<code>12 rue</code>", "12 rue", [entity("code", 0, 6)]),
        ('<pre><code class="language-python">x</code></pre>', "x", [entity("pre", 0, 1, language="python")]),
        ("<blockquote>a\nb</blockquote>", "a\nb", [entity("blockquote", 0, 3)]),
        ("<blockquote expandable>a</blockquote>", "a", [entity("expandable_blockquote", 0, 1)]),
        (
            '<a href="https://smt.example/d">ici</a>',
            "ici",
            [entity("text_link", 0, 3, url="https://smt.example/d")],
        ),
        ("1 &lt; 2 &amp; 3 &gt; 2 &quot;&#233;&#xe9;", '1 < 2 & 3 > 2 "éé', []),
        ("a &laquo; b &", "a &laquo; b &", []),
        ("<b></b>x", "x", []),
        ("<B>x</B>", "x", [entity("bold", 0, 1)]),
    ],
)
def test_html_becomes_words_and_entities(html: str, text: str, entities: list[dict[str, Any]]) -> None:
    assert parse_html(html) == (text, entities)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é<b>x</i>", 'Unmatched end tag at byte offset 6, expected "</b>", found "</i>"'),
        ("é</b>", "Unexpected end tag at byte offset 2"),
        ("TA < 9", "Unclosed start tag at byte offset 3"),
        ("<br>", 'Unsupported start tag "br" at byte offset 0'),
        ("é <3 mois>", 'Unsupported start tag "3" at byte offset 3'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
    ],
)
def test_wrong_html_is_refused_with_its_place(html: str, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_html(html)
    assert refused.value.description == f"Bad Request: can't parse entities: {words}"


def test_blank_space_at_both_ends_is_dropped_and_offsets_follow() -> None:
    assert formatted("\n  <b>x</b> \n", "HTML", None) == ("x", [entity("bold", 0, 1)])


def test_other_parse_modes_are_refused() -> None:
    with pytest.raises(Refusal, match="unsupported parse_mode"):
        formatted("*x*", "MarkdownV2", None)


def test_entities_can_be_given_instead() -> None:
    assert formatted("🏠 x", "", [entity("bold", 3, 1)]) == ("🏠 x", [entity("bold", 3, 1)])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start Ab3", [entity("bot_command", 0, 6)]),
        ("/mission@smt68_bot", [entity("bot_command", 0, 18)]),
        ("TA 13/8", []),
        ("https://smt.example/v/abc, merci", [entity("url", 0, 25)]),
        ("+33353010010", [entity("phone_number", 0, 12)]),
        ("OSNP : +33 3 53 01 00 10 · urgence : 15", [entity("phone_number", 7, 17)]),
        ("écrire à osnp@sas68.example", [entity("email", 9, 18)]),
        ("@smt68_bot et #urgent", [entity("mention", 0, 10), entity("hashtag", 14, 7)]),
    ],
)
def test_telegram_finds_links_commands_and_numbers_by_itself(text: str, found: list[dict[str, Any]]) -> None:
    assert formatted(text, "", None).entities == found


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<b>a<i>b</i></b>\nc", "<b>a<i>b</i></b><br>c"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("<tg-spoiler>🏠</tg-spoiler>x", '<span class="spoiler">🏠</span>x'),
        ("+33353010010", '<a href="tel:+33353010010">+33353010010</a>'),
        ('<a href="https://a.fr/?x=1&amp;y=2">ici</a>', '<a href="https://a.fr/?x=1&amp;y=2">ici</a>'),
    ],
)
def test_the_page_gets_safe_html(source: str, shown: str) -> None:
    assert as_html(*formatted(source, "HTML", None)) == shown


def test_a_link_that_runs_code_is_no_link() -> None:
    given = [entity("text_link", 0, 3, url="javascript:alert(1)")]
    assert as_html("ici", given) == "ici"


def test_overlapping_entities_stay_nested_on_the_page() -> None:
    given = [entity("bold", 0, 2), entity("italic", 1, 2)]
    assert as_html("abc", given) == "<b>a<i>b</i></b>c"
