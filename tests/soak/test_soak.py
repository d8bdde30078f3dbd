"""A short soak with every test run; `make soak` is the long one."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.soak.__main__ import run
from tests.soak.soak import Plan

#: Of acting: some twenty seconds, each on its database.
ROUNDS = 40


def test_a_short_soak_ends_well(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    plan = Plan(missions=10, rounds=ROUNDS, seed=random.SystemRandom().randrange(10**6), deaths=4)

    report = asyncio.run(run(database_url, tmp_path, plan))

    print(report.table())  # noqa: T201 - read when it fails
    assert not report.wrong + report.errors, report.table()
    assert report.figures["missions"] >= plan.missions
    assert report.figures["deaths"] >= plan.deaths
