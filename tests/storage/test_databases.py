"""Where PostgreSQL is absent the tests say so aloud, and CI fails."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import ABSENT

ROOT = Path(__file__).parents[2]

HIDE = """
import tests.databases
tests.databases.postgres_binaries = lambda: None
"""


@pytest.mark.parametrize(("ci", "workers"), [(False, "1"), (True, "0")])
def test_without_postgresql(tmp_path: Path, ci: bool, workers: str) -> None:
    (tmp_path / "hide_postgresql.py").write_text(HIDE)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "CI"))}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(ROOT)])
    if ci:
        environment["CI"] = "true"
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "hide_postgresql", "-p", "no:cacheprovider"),
            *("-n", workers, "tests/storage/test_timers.py"),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ci:
        assert run.returncode == 1, run.stdout + run.stderr
        assert "CI must run every test" in run.stdout
    else:
        assert run.returncode == 0, run.stdout + run.stderr
        ran = re.search(r"(\d+) passed, (\d+) skipped", run.stdout)
        assert ran is not None, run.stdout
        assert ran[1] == ran[2]  # each test once on SQLite, once not at all
        assert f"{ABSENT}: {ran[2]} tests did not run" in run.stdout
