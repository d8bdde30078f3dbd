"""Everything mixed: people who tap, write and correct, time, deaths, and every fault of Telegram.

Hypothesis chooses the steps and finds the shortest way to a breach; what must hold stands in
`tests.soak.truth`. `pytest tests/faults --hypothesis-profile=long` looks for longer.
"""

import asyncio
import itertools
import logging
import random
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.sandbox.faults import OF_THE_LINE
from storage.vault import Vault
from tests.conftest import DATABASES
from tests.databases import Cluster
from tests.soak import truth
from tests.soak.field import Errors, Field
from tests.soak.soak import calm_down

T = TypeVar("T")

PEOPLE = ("Léa", "Hugo", "Paul", "Amina", "Bruno", "Chloé", "Claire", "Marc", "Sophie")
NURSES = ("Amina", "Bruno", "Chloé")
MOST_MISSIONS = 3
#: Without shrinking: a breach is printed as it was found, and `long` finds the shortest way to it.
CI = settings(max_examples=8, stateful_step_count=25, phases=(Phase.explicit, Phase.generate))

seeds = st.integers(0, 10**6)
people = st.sampled_from(PEOPLE)


class Machine(RuleBasedStateMachine):
    """One world, from its beginning to its calm."""

    database_url: str
    folder: Path
    vault: Vault

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.errors = Errors()
        logging.getLogger("bot").addHandler(self.errors)
        self.run(self._begin())

    async def _begin(self) -> None:
        self.world = Field(self.database_url, self.vault, self.folder)
        await self.world.begin()
        await self.world.mission(offered_to=NURSES)
        self.missions = 1

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the world do this."""
        return self.runner.run(work)

    def passes(self, seconds: float) -> None:
        """Time passes."""
        self.run(self.world.let_pass(seconds))

    # People

    @rule(who=people, which=st.integers(0, 40), seconds=st.sampled_from((0, 1, 10)))
    def taps(self, who: str, which: int, seconds: float) -> None:
        found = self.world.buttons(self.world.person(who))
        if found:
            view, row, column, label = found[-1 - which % len(found)]
            note(f"{who} taps «{label}»")
            self.world.telegram.tap(self.world.person(who).user, view.chat, view.id, row, column)
        self.passes(seconds)

    @rule(seed=seeds, count=st.integers(2, 8))
    def taps_at_once(self, seed: int, count: int) -> None:
        dice = random.Random(seed)
        for _ in range(count):
            who = dice.choice(PEOPLE)
            note(f"{who} taps «{self.world.taps_something(self.world.person(who), dice)}»")
        self.passes(1)

    @rule(who=people, seed=seeds, what=st.sampled_from(("writes", "sends", "corrects")))
    def types(self, who: str, seed: int, what: str) -> None:
        teller, dice = self.world.person(who), random.Random(seed)
        if what == "writes":
            self.world.writes_something(teller, dice)
        elif what == "sends":
            self.world.sends_something(teller, dice)
        else:
            self.world.corrects_something(teller, dice)
        self.passes(1)

    @precondition(lambda self: self.missions < MOST_MISSIONS)
    @rule()
    def a_mission_is_opened(self) -> None:
        self.missions += 1
        self.run(self.world.mission(offered_to=NURSES))

    # Time and death

    @rule(seconds=st.sampled_from((20, 120, 600, 1800)))
    def time_passes(self, seconds: float) -> None:
        self.passes(seconds)

    @rule(seed=seeds)
    def the_process_dies(self, seed: int) -> None:
        dice = random.Random(seed)
        self.world.taps_something(self.world.person(dice.choice(PEOPLE)), dice)
        self.run(self.world.dies(dice))

    # Telegram

    @rule(
        kind=st.sampled_from(OF_THE_LINE),
        method=st.sampled_from(("*", "sendMessage")),
        times=st.integers(1, 4),
    )
    def calls_fail(self, kind: str, method: str, times: int) -> None:
        faults = self.world.telegram.faults
        if kind == "refuse":
            faults.refuse(_but_start(method), times=times)
        elif kind == "flood":
            faults.flood(_but_start(method), times=times, retry_after=7)
        elif kind == "hang":
            faults.hang(_but_start(method), times=times)
        elif kind == "slow":
            faults.slow(_but_start(method), times=times, seconds=(0.0, 0.002))
        else:
            faults.cut(_but_start(method), times=times, applied=kind == "cut")

    @rule(seed=seeds)
    def calls_fail_at_random(self, seed: int) -> None:
        self.world.trouble(seed)

    @rule(seconds=st.sampled_from((5, 40, 200)))
    def an_outage(self, seconds: float) -> None:
        now = self.world.clock.now()
        self.world.telegram.faults.outage(now, now + timedelta(seconds=seconds))

    @rule(who=people)
    def somebody_blocks_the_bot(self, who: str) -> None:
        self.world.telegram.block(self.world.person(who).user)
        self.passes(1)

    @rule(who=people)
    def somebody_comes_back(self, who: str) -> None:
        self.world.telegram.unblock(self.world.person(who).user)
        self.passes(1)

    @rule(what=st.sampled_from(("topic_deleted", "kicked", "migrated")))
    def the_group_changes(self, what: str) -> None:
        telegram, group = self.world.telegram, self.world.present(self.world.group.id)
        topics = list(telegram.world.chats[group].topics)
        asked = {"chat_id": group, "message_thread_id": topics[-1] if topics else 0}
        note(f"{what}: {telegram.mishaps.befall(what, asked)}")
        self.passes(1)

    @rule()
    def calm(self) -> None:
        self.world.calm()
        self.passes(1)

    # Truth

    @invariant()
    def what_always_holds(self) -> None:
        wrong = self.run(truth.always(self.world))
        assert not wrong, "\n".join(wrong)

    def teardown(self) -> None:
        logging.getLogger("bot").removeHandler(self.errors)
        try:
            self.run(self._look())
        finally:
            self.run(self.world.end())
            self.runner.close()

    async def _look(self) -> None:
        for teller in self.world.people.values():
            self.world.telegram.unblock(teller.user)
        await calm_down(self.world)
        found = await truth.in_the_end(self.world)
        wrong = found.wrong + self.errors.said
        assert not wrong, "\n".join(wrong)


def _but_start(method: str) -> Any:
    """These calls, but for the one without which a bot does not start."""
    return lambda called, params: called != "getMe" and method in ("*", called)


@pytest.mark.parametrize("database", DATABASES)
def test_whatever_happens_the_promises_hold(
    database: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    numbers = itertools.count()
    cluster: Cluster | None = None
    if database == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
    template = request.getfixturevalue("sqlite_template").read_bytes() if cluster is None else b""

    def machine() -> Machine:  # each example has a world of its own
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        Machine.folder, Machine.vault = folder, vault
        if cluster is not None:
            Machine.database_url = cluster.url(cluster.fresh())
        else:
            (folder / "smt.db").write_bytes(template)
            Machine.database_url = f"sqlite:///{folder}/smt.db"
        return Machine()

    chosen = settings() if settings().max_examples > 100 else CI
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type]  # anything that makes one will do
        settings=settings(
            chosen,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
