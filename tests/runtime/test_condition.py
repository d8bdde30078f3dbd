"""What whoever watches the bot is told: `/health`, `/metrics`, and whether its heart may beat."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.outcome import BOARD, Notice, SetTimer
from bot.web.server import build_web, serving
from storage.address import address, is_sqlite, sqlite_file
from tests.stories.conftest import story
from tests.stories.story import Story

__all__ = ["story"]  # a fixture


@contextmanager
def somebody_holds_the_database(story: Story) -> Iterator[None]:
    """Another process works on it and does not end."""
    url = address(story.settings.database)
    if is_sqlite(url):
        other = sqlite3.connect(sqlite_file(url), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as held:
        held.execute("LOCK TABLE outbox, inbox IN ACCESS EXCLUSIVE MODE")
        yield
        held.rollback()


async def health(story: Story) -> dict[str, Any]:
    return dict(await story.bot.condition.health(ready=True))


async def samples(story: Story) -> dict[str, float]:
    """Every sample of `/metrics`, as «name{label}»."""
    written = (await story.bot.condition.metrics()).decode()
    return {
        "{}{}".format(sample.name, "".join(f"{{{value}}}" for value in sample.labels.values())): sample.value
        for family in text_string_to_metric_families(written)
        for sample in family.samples
    }


async def test_a_quiet_bot_may_be_restarted(story: Story) -> None:
    said = await health(story)
    assert said["ready"] is said["database"] is said["quiet"] is said["safe_to_restart"] is True
    assert said["is_sender"] is True
    assert said["in_flight_bound"] == 32
    assert (said["owed"], said["oldest_owed_seconds"], said["oldest_due_timer_seconds"]) == (0, None, None)


async def test_what_waits_is_said_with_its_age(story: Story) -> None:
    async with story.storage.transaction() as tx:
        await tx.outbox.owe([Notice("test.owed", BOARD)], story.clock.now())
        await tx.timers.apply(None, [SetTimer("k", story.clock.now())], story.clock.now())
        await tx.inbox.put([(1, "user:1", {})], story.clock.now())
    story.clock.forward(seconds=90)

    said = await health(story)

    assert (said["quiet"], said["safe_to_restart"]) == (False, False)
    assert (said["owed"], said["oldest_owed_seconds"]) == (1, 90.0)
    assert (said["timers_due"], said["oldest_due_timer_seconds"]) == (1, 90.0)
    assert said["inbox"] == 1


async def test_what_rings_within_a_minute_holds_a_restart_back(story: Story) -> None:
    at = story.clock.now() + timedelta(minutes=5)
    async with story.storage.transaction() as tx:
        await tx.timers.apply(None, [SetTimer("k", at)], story.clock.now())
    assert (await health(story))["safe_to_restart"] is True
    story.clock.to(at - timedelta(seconds=59))
    said = await health(story)
    assert (said["quiet"], said["safe_to_restart"]) == (True, False)


async def test_a_database_that_hangs_does_not_hang_whoever_asks(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.condition.LOOK_SECONDS", 0.1)
    with somebody_holds_the_database(story):
        async with asyncio.timeout(8):
            said = await asyncio.gather(*(health(story) for _ in range(5)))
        assert [(one["ready"], one["database"], one["safe_to_restart"]) for one in said] == [
            (False, False, False)
        ] * 5
        assert await story.bot.condition.ailment() == "the database does not answer"
        assert (await samples(story))["smt_database_up"] == 0
    async with asyncio.timeout(60):
        while not (await health(story))["database"]:
            pass
    assert await story.bot.condition.ailment() is None


async def test_health_is_503_while_the_database_hangs(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.condition.LOOK_SECONDS", 0.1)
    story.bot.ready = True
    async with asked(story) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/health") as response:
            assert response.status == 200
        monkeypatch.setattr("bot.condition.LOOK_SECONDS", 0.1)
        with somebody_holds_the_database(story):
            async with session.get(f"{url}/health") as response:
                assert response.status == 503
                assert (await response.json())["database"] is False


@asynccontextmanager
async def asked(story: Story) -> AsyncIterator[str]:
    app = build_web(story.bot.health, metrics=story.bot.condition.metrics)
    async with serving(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


async def test_metrics_count_what_happened_and_name_nobody(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await story.mission(offered_to=["Amina", "Bruno"])
    await story.settle()
    await amina.taps("ACCEPTER · 20 min")
    await bruno.types("Bonjour")

    seen = await samples(story)

    assert seen["smt_database_up"] == seen["smt_is_sender"] == 1
    assert seen["smt_updates_total{received}"] == seen["smt_updates_total{done}"] >= 2
    assert seen["smt_updates_total{set_aside}"] == 0
    assert seen["smt_answer_seconds_count"] == 1  # a message is answered by a message
    assert seen["smt_decision_seconds_count"] == seen["smt_updates_total{done}"]
    assert seen["smt_notices_total{sent}"] >= 4
    assert seen["smt_telegram_trouble_total{too_fast}"] == 0
    assert seen["smt_missions{open}"] == 1
    assert seen["smt_owed"] == 0
    written = (await story.bot.condition.metrics()).decode()
    assert not {name for name in ("Amina", "Bruno", "Mulhouse", "+33") if name in written}


async def test_a_timer_that_rings_late_is_measured(story: Story) -> None:
    await story.mission(offered_to=["Amina"])
    await story.wait(minutes=31)
    seen = await samples(story)
    assert seen["smt_timer_late_seconds_count"] >= 2  # 20 minutes, 30 minutes
    assert seen["smt_missions{open}"] == 1


async def test_each_bot_has_its_own_registry(story: Story) -> None:
    before = (await samples(story))["smt_updates_total{done}"]
    await story.person("Amina").types("bonjour")
    assert (await samples(story))["smt_updates_total{done}"] == before + 1
    await story.the_bot_restarts()
    assert (await samples(story))["smt_updates_total{done}"] == 0


async def test_metrics_are_served_as_prometheus_reads_them(story: Story) -> None:
    async with (
        asked(story) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/metrics") as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "# TYPE smt_owed gauge" in await response.text()


async def test_what_ails_the_bot_has_a_name(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    condition = story.bot.condition
    assert await condition.ailment() is None

    async with story.storage.transaction() as tx:
        await tx.outbox.owe([Notice("test.owed", BOARD)], story.clock.now())
    story.clock.forward(seconds=110)
    assert await condition.ailment() is None
    story.clock.forward(seconds=20)
    assert await condition.ailment() == "something has been owed for more than two minutes"
    await story.settle()
    assert await condition.ailment() is None

    monkeypatch.setattr("bot.condition.UNHEARD_SECONDS", -1.0)
    assert await condition.ailment() == "Telegram cannot be asked for updates"
