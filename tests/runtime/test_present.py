"""The region of the moment: another process follows within seconds, also after the database was away."""

from datetime import timedelta
from typing import Any

import pytest

from bot.background import Background
from bot.domain.change import Change
from bot.domain.people import Person, PersonId, Role
from bot.ports import Storage
from bot.present import LOOK_SECONDS, PresentRegion
from bot.region import load_region
from tests.clock import ManualClock
from tests.waiting import until

NADIA = Person(PersonId(0), Role.COORDINATEUR, "weiss", "Nadia", phone="+33639980005")


async def changed(storage: Storage, clock: ManualClock, key: str, value: str) -> None:
    """By the coordinateur, in another process."""
    async with storage.transaction() as tx:
        known = await tx.people.by_phone(NADIA.phone or "")
        nadia = known.id if known else await tx.people.add(NADIA)
        await tx.changes.add(Change(0, clock.now(), nadia, key, value))


async def test_another_process_follows_within_seconds_of_the_clock(storage: Storage) -> None:
    clock, present, background = ManualClock(), PresentRegion(load_region()), Background()
    background.start(present.follow(storage, clock), "region")
    await until(lambda: clock.sleepers)
    await changed(storage, clock, "delays.pause", "5 min")
    clock.forward(seconds=LOOK_SECONDS - 1)
    assert present.region is present.file

    clock.forward(seconds=1)
    await until(lambda: present.region.delays.pause == timedelta(minutes=5))
    assert present.region.communes is present.file.communes
    await background.stop()


class Line:
    """The way to the database, which can be cut."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.is_cut = False

    def __getattr__(self, name: str) -> Any:
        if self.is_cut:
            raise ConnectionError("the database is away")
        return getattr(self.storage, name)


async def test_a_database_that_is_away_for_a_moment_does_not_end_it(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    clock, present, background = ManualClock(), PresentRegion(load_region()), Background()
    line: Any = Line(storage)
    background.start(present.follow(line, clock), "region")
    await until(lambda: clock.sleepers)
    await changed(storage, clock, "delays.pause", "5 min")
    line.is_cut = True
    clock.forward(seconds=LOOK_SECONDS)
    await until(lambda: "could not be read" in caplog.text and clock.sleepers)
    line.is_cut = False
    clock.forward(seconds=LOOK_SECONDS)
    await until(lambda: present.region.delays.pause == timedelta(minutes=5))
    await background.stop()


async def test_what_fits_no_more_is_named_once_in_the_log(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    clock, present = ManualClock(), PresentRegion(load_region())
    await changed(storage, clock, "delays.limit", "20 min")
    assert await present.look(storage)
    await changed(storage, clock, "delays.pause", "5 min")
    assert await present.look(storage)
    assert present.region.delays.limit == timedelta(hours=6)
    assert present.region.delays.pause == timedelta(minutes=5)
    assert caplog.text.count("of delays.limit fits no more: left out") == 1
