"""Every variable and every command exists where it is written down, and the other way round."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import click
import msgspec
import pytest

from bot.cli import main
from bot.settings import PREFIX, Settings
from tests.project.source import ROOT

OPERATING = ROOT / "docs" / "operating.md"
VARIABLE = re.compile(r"\bSMT_[A-Z][A-Z_]*[A-Z]\b")


def variables() -> set[str]:
    """Every variable the bot reads."""
    return {PREFIX + name.upper() for name in Settings.__struct_fields__}


def test_the_example_file_has_every_variable_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^(SMT_[A-Z_]+)=", example, re.MULTILINE)) == variables()


def test_the_example_file_shows_the_defaults() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^(SMT_[A-Z_]+)=(.*)$", example, re.MULTILINE))
    for field in msgspec.structs.fields(Settings):
        value = shown[PREFIX + field.name.upper()]
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        assert value in ("", default), field.name


def test_the_operating_page_explains_every_variable() -> None:
    explained = re.findall(r"^\| `(SMT_[A-Z_]+)` \|", OPERATING.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(variables())


@pytest.mark.parametrize(
    "file", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda p: p.name
)
def test_no_page_names_a_variable_that_does_not_exist(file: object) -> None:
    text = file.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert set(VARIABLE.findall(text)) - variables() == set()


def commands(
    command: click.Command = main, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with its words."""
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))
    else:
        yield path, command


def test_the_operating_page_explains_every_command_and_option() -> None:
    text = OPERATING.read_text(encoding="utf-8")
    missing = []
    for path, command in commands():
        written = f"python -m bot {' '.join(path)}"
        if written not in text:
            missing.append(written)
        missing += [
            f"{written} {parameter.opts[0]}"
            for parameter in command.params
            if isinstance(parameter, click.Option) and f"`{parameter.opts[0]}" not in text
        ]
    assert missing == []


@pytest.mark.parametrize(
    "file", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda p: p.name
)
def test_every_command_written_down_exists(file: object) -> None:
    text = file.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    known = {" ".join(path): command for path, command in commands()}
    for line in re.findall(r"python -m bot ([^`\n)]*)", text):
        words = line.split()
        if not words or words[0].startswith(("-", "…")):
            continue
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        assert name in known or words[0] in main.commands, line
        options = {opt for p in known[name].params for opt in p.opts} if name in known else set()
        for word in words:
            if word.startswith("--"):
                assert word.partition("=")[0] in options, line


@pytest.mark.parametrize("path", [(), *(path for path, _ in commands())], ids=" ".join)
def test_the_help_of_every_command_works(path: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", *path, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: ")


def test_make_alone_lists_every_target() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    listed = subprocess.run(
        ["make"], cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    assert {line.split()[0] for line in listed.splitlines()} == phony


@pytest.mark.parametrize(
    "file", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda p: p.name
)
def test_every_make_target_written_down_exists(file: object) -> None:
    text = file.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", text)) - targets == set()


def test_every_package_of_the_bot_is_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(project["tool"]["setuptools"]["packages"])
    present = {
        file.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for top in ("bot", "storage", "templates")
        for file in (ROOT / top).rglob("__init__.py")
    }
    assert present == listed
