"""The pages tell the truth: links resolve, the glossary's places exist, nothing of one machine is in them."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.project.source import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bot").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`((?:bot|storage|templates|tests|docs)/[\w./*-]+)(?:::?([\w.]+))?`")
#: Addresses of one machine, and places of a package registry.
MACHINE = re.compile(
    r"/(?:work|home|root|Users)/\w|/tmp/\w{3,}|localhost:\d{4,5}/simple|index-url|--extra-index|pypi\.org|file://"
)


def name(page: Path) -> str:
    """A page as people call it."""
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_between_pages_resolves(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_picture_is_there(page: Path) -> None:
    for target in PICTURE.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).is_file(), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_place_in_the_code_exists(page: Path) -> None:
    """`bot/flows/search.py` is a file, and `bot/flows/search.py:accept` a name in it."""
    for path, inside in CODE.findall(page.read_text(encoding="utf-8")):
        found = list(ROOT.glob(path)) if "*" in path else [ROOT / path]
        assert found, path
        assert all(file.exists() for file in found), path
        if inside:
            assert inside in names(found[0]), f"{path}:{inside}"


def names(file: Path) -> set[str]:
    """What a file defines: names, `Class.member`, macros, keys of a TOML table."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".jinja":
        return set(re.findall(r"macro (\w+)\(", text))
    if file.suffix == ".toml":
        return set(re.findall(r"^([\w.]+) =", text, re.MULTILINE)) | set(
            re.findall(r"^\[+([\w.]+)\]+", text, re.MULTILINE)
        )
    found: set[str] = set()

    def collect(body: list[ast.stmt], front: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(front + node.name)
                if isinstance(node, ast.ClassDef):
                    collect(node.body, f"{front}{node.name}.")
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found.update(front + target.id for target in targets if isinstance(target, ast.Name))

    collect(ast.parse(text).body, "")
    return found


def test_every_term_of_the_glossary_has_its_place_in_the_code() -> None:
    rows = [
        line.strip("|").split("|")
        for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(("| Term", "| ---", "|---"))
    ]
    assert len(rows) > 40
    assert [row[0].strip() for row in rows if len(row) != 4 or not any(CODE.findall(row[3]))] == []


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8")))
    records = {file.name for file in folder.glob("*.md")} - {"README.md"}
    assert listed == records
    for record in records:
        text = (folder / record).read_text(encoding="utf-8")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "What we gave up"], record
        assert len(text.split()) < 450, f"{record} is longer than half a page"


def test_the_changelog_has_an_unreleased_section() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "\n## [Unreleased]\n" in text


def tracked() -> list[Path]:
    """Every file of the project."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / line for line in done.stdout.splitlines()]
    return [file for file in files if file.is_file()]


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    guilty = []
    for file in tracked():
        if file == Path(__file__) or file.suffix in (".png", ".jpg", ".pdf"):
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if MACHINE.search(line) and not _is_ours(line):
                guilty.append(f"{name(file)}:{number}: {line.strip()[:80]}")
    assert guilty == []


def _is_ours(line: str) -> bool:
    """The lock files are compiled without an index, which has an option for it."""
    return "--no-emit-index-url" in line


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-bench.lock"])
def test_a_lock_file_names_packages_and_hashes_only(lock: str) -> None:
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(
            r"[\w.\[\],-]+==[\w.!+]+(?: ; [^\\]+)?(?: \\)?|    --hash=sha256:[0-9a-f]{64}(?: \\)?|", line
        ), line
