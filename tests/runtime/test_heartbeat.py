"""An outside monitor hears a beat while all is well, and nothing otherwise."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.background import Background
from bot.heartbeat import Heartbeat, heard
from bot.web.server import serving
from tests.waiting import until


@dataclass
class Monitor:
    """Whoever listens outside."""

    url: str = ""
    status: int = 200
    beats: list[str] = field(default_factory=list)
    ails: str | None = None

    async def ailment(self) -> str | None:
        return self.ails

    async def on_get(self, request: web.Request) -> web.Response:
        self.beats.append(request.path)
        return web.Response(status=self.status)


@pytest.fixture
async def monitor() -> AsyncIterator[Monitor]:
    monitor = Monitor()
    app = web.Application()
    app.router.add_get("/ping/secret", monitor.on_get)
    async with serving(app, "127.0.0.1", 0) as port:
        monitor.url = f"http://127.0.0.1:{port}/ping/secret"
        yield monitor


async def test_it_beats_while_all_is_well_and_not_otherwise(
    monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    heart = Heartbeat(monitor.url, monitor.ailment)
    with caplog.at_level(logging.INFO, "bot.heartbeat"):
        assert await heart.beat() is True
        monitor.ails = "the database does not answer"
        assert [await heart.beat(), await heart.beat()] == [False, False]
        monitor.ails = None
        assert await heart.beat() is True

    assert len(monitor.beats) == 2
    # Said once when it stops, once when it goes on; the address is a secret.
    assert [record.getMessage() for record in caplog.records if record.name == "bot.heartbeat"] == [
        "no heartbeat: the database does not answer",
        "the heart beats again",
    ]
    assert "secret" not in caplog.text


async def test_a_monitor_that_does_not_hear_is_said_and_harms_nothing(monitor: Monitor) -> None:
    monitor.status = 500
    assert await Heartbeat(monitor.url, monitor.ailment).beat() is False
    assert await heard(monitor.url) == "the monitor answers 500"
    away = await heard("http://127.0.0.1:9/ping/secret")
    assert away is not None
    assert "secret" not in away


async def test_it_goes_on_beating(monitor: Monitor) -> None:
    background = Background()
    heart = Heartbeat(monitor.url, monitor.ailment, every_seconds=0)
    background.start(heart.run(), "heartbeat")
    async with asyncio.timeout(60):
        await until(lambda: len(monitor.beats) >= 3)
    await background.stop()
