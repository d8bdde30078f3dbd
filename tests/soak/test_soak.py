"""A short soak with every test run; `make soak` is the long one."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.soak.__main__ import run
from tests.soak.soak import Plan

#: Of acting; with what follows some twenty seconds on each database.
ROUNDS = 32


def test_a_short_soak_ends_well(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    plan = Plan(missions=20, rounds=ROUNDS, seed=random.SystemRandom().randrange(10**6), deaths=6)

    report = asyncio.run(run(database_url, tmp_path, plan))

    print(report.line(database_url.partition(":")[0]))  # noqa: T201 - read when it fails
    assert not report.wrong + report.errors, report.table()
    assert report.figures["missions"] >= plan.missions
    assert report.figures["deaths"] >= plan.deaths
    assert report.figures["  closed"] >= plan.missions // 2
