"""Nothing of one SAS stands in the code or in the words: all of it is in its region file."""

import ast
import re
from pathlib import Path

import pytest

from tests.project.source import ROOT, trees

#: What belongs to SAS 68: its name and department, its places, partners, numbers, delays, and the 15.
OF_SAS_68 = re.compile(
    r"(?<!\d)68(?!\d)|(?<!\d)68\d{3}(?!\d)|haut.rhin|mulhouse|colmar|thann|altkirch|alsace|t[ée]l[ée]m[ée]dical"
    r"|samurl|sas ?68|r[ée]gime local|six heures|(?<!\d)6 ?h(?![a-z])|trente minutes|(?<!\d)(?:20|30) ?min\b"
    r"|\+333(?!5301)|(?<!\d)03 ?(?!53 ?01)[0-9]{2} ?[0-9]{2}|(?<!\d)(?:27|25|15|10) ?€"
    r"|(?:\b(?:le|au|du)|→) 15\b(?! ?(?:min|h\b|/))|(?<!\d)15 ?/ ?smur",
    re.IGNORECASE,
)

#: Why a text may stand where it does.
JUSTIFIED = {
    "bot/settings.py": "the file used when SMT_REGION names none",
    "bot/region.py": "the shipped file, and how a value is written in a region file",
}

#: Examples of how to write something, in the words.
EXAMPLES = {
    "coordinator.jinja": ("écrivez 25 min ou 1 h 30",),
}


def spoken(tree: ast.Module) -> list[tuple[int, str]]:
    """Every text of a module but its docstrings."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def files() -> list[Path]:
    """Of the bot, but the sandbox: it plays SAS 68 on purpose."""
    return [
        file
        for file in trees()
        if not file.relative_to(ROOT).as_posix().startswith(("bot/sandbox", "storage"))
    ]


def test_no_text_of_the_code_speaks_of_one_sas() -> None:
    found = [
        f"{place}:{line}: {text[:60]!r}"
        for file in files()
        if (place := file.relative_to(ROOT).as_posix()) not in JUSTIFIED
        for line, text in spoken(trees()[file])
        if OF_SAS_68.search(text)
    ]
    assert found == []


@pytest.mark.parametrize("name", JUSTIFIED)
def test_what_is_justified_is_still_there(name: str) -> None:
    assert any(OF_SAS_68.search(text) for _, text in spoken(trees()[ROOT / name]))


@pytest.mark.parametrize(
    "file", sorted((ROOT / "templates").rglob("*.*")), ids=lambda file: file.relative_to(ROOT).as_posix()
)
def test_no_words_speak_of_one_sas(file: Path) -> None:
    if file.suffix not in (".jinja", ".toml", ".html"):
        return
    text = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    for example in EXAMPLES.get(file.name, ()):
        assert example in text, "not there any more: take it out of EXAMPLES"
        text = text.replace(example, "")
    lines = [line for line in text.splitlines() if not (file.suffix == ".toml" and line.startswith("#"))]
    assert [line for line in lines if OF_SAS_68.search(line)] == []


def test_the_words_are_found_where_they_are() -> None:
    shipped = (ROOT / "bot" / "regions" / "sas68.toml").read_text(encoding="utf-8")
    assert len(OF_SAS_68.findall(shipped)) > 10
