"""Time runs forward in small steps, and the bot is waited for at each."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.clock import FileClock
from bot.sandbox.forward import quiet, run_forward
from bot.sandbox.server import serve
from bot.sandbox.telegram import Telegram


class Health:
    """The bot's own word on whether it is at rest."""

    def __init__(self) -> None:
        self.asked = 0
        self.busy_for = 0
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"quiet": self.asked > self.busy_for})


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    health = Health()
    app = web.Application()
    app.router.add_get("/health", health.answer)
    runner = await serve(app)
    health.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield health
    await runner.cleanup()


@pytest.fixture
def file_clock(tmp_path: Path) -> FileClock:
    return FileClock(tmp_path / "clock")


async def test_the_clock_moves_by_a_minute_at_most(file_clock: FileClock) -> None:
    telegram = Telegram(file_clock)
    start = file_clock.now()
    events = telegram.subscribe()

    await run_forward(telegram, file_clock, 2.5)

    moved = (file_clock.now() - start).total_seconds()
    assert 150 <= moved < 155
    ticks: list[Any] = [(await anext(events))["now"] for _ in range(3)]
    assert len(set(ticks)) == 3
    await events.aclose()


async def test_the_bot_is_waited_for_until_it_says_twice_that_it_rests(
    file_clock: FileClock, health: Health
) -> None:
    telegram = Telegram(file_clock)
    health.busy_for = 3
    assert await quiet(telegram, health.url)
    assert health.asked == 5


async def test_an_update_nobody_fetched_is_not_quiet(file_clock: FileClock, health: Health) -> None:
    telegram = Telegram(file_clock)
    amina = telegram.add_user(2001, "Amina", "Benali")
    telegram.start(amina)
    assert not await quiet(telegram, health.url, within=0.1)
    telegram.take_updates()
    assert await quiet(telegram, health.url)


async def test_a_bot_that_is_gone_does_not_stop_time(file_clock: FileClock) -> None:
    telegram = Telegram(file_clock)
    start = file_clock.now()
    await run_forward(telegram, file_clock, 1, "http://127.0.0.1:9", within=0.05)
    assert (file_clock.now() - start).total_seconds() >= 60
