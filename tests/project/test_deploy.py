"""The units that are shipped: systemd takes them, and what they start exists."""

import configparser
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from tests.project.source import ROOT

UNITS = sorted((ROOT / "deploy").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
CHECKOUT = "/opt/smt"


def read(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    parser.read_string(unit.read_text(encoding="utf-8"))
    return parser


def test_there_is_a_service_a_backup_and_its_timer() -> None:
    assert [unit.name for unit in UNITS] == ["smt-backup.service", "smt-backup.timer", "smt.service"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_a_service_starts_exists(unit: Path) -> None:
    service = read(unit)["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert (program, arguments[:2]) == (f"{CHECKOUT}/.venv/bin/python", ["-m", "bot"])
    assert service["WorkingDirectory"] == CHECKOUT
    # The command takes these words: what follows `--help` is read before it.
    command = arguments[2]
    done = CliRunner().invoke(main, [*arguments[2:], "--help"])
    assert (done.exit_code, f"Usage: main {command}" in done.output) == (0, True)


def test_the_bot_comes_back_and_may_write_its_data_only() -> None:
    service = read(ROOT / "deploy" / "smt.service")["Service"]
    assert service["Restart"] == "always"
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ReadWritePaths"] == "/var/lib/smt"
    assert service["Environment"] == "SMT_DATA_DIR=/var/lib/smt"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("systemd is absent (Debian: apt-get install systemd), and CI must run every test.")
        pytest.skip("systemd is absent")
    # The checkout is elsewhere here: something that exists stands for its Python.
    for one in UNITS:
        words = one.read_text(encoding="utf-8").replace(f"{CHECKOUT}/.venv/bin/python", "/bin/true")
        (tmp_path / one.name).write_text(words, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=one", tmp_path / unit.name],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "smt" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr
