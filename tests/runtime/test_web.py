"""The web server: health, the webhook, and an access log without secrets."""

import io
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.web.server import build_web, serving
from bot.web.webhook import PATH, SECRET_HEADER, webhook

SECRET = "s3cret"


class Door:
    """What the server was given."""

    def __init__(self) -> None:
        self.updates: list[Mapping[str, Any]] = []
        self.fails = False
        self.state: dict[str, Any] = {"ready": True}
        self.url = ""

    async def receive(self, updates: Sequence[Mapping[str, Any]]) -> int:
        if self.fails:
            raise OSError("disk full")
        self.updates += updates
        return len(updates)

    async def health(self) -> Mapping[str, Any]:
        return self.state


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    app = build_web(door.health, [web.post(PATH, webhook(door.receive, SECRET))])
    async with serving(app, "127.0.0.1", 0) as port:
        door.url = f"http://127.0.0.1:{port}"
        yield door


async def post(door: Door, body: bytes, secret: str | None = SECRET) -> int:
    headers = {SECRET_HEADER: secret} if secret is not None else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(door.url + PATH, data=io.BytesIO(body), headers=headers) as response,
    ):
        return response.status


async def test_an_update_is_kept_then_acknowledged(door: Door) -> None:
    assert await post(door, b'{"update_id": 1}') == 200
    assert door.updates == [{"update_id": 1}]


async def test_without_the_secret_nothing_comes_in(door: Door) -> None:
    assert [await post(door, b'{"update_id": 1}', secret) for secret in (None, "", "other", "é")] == [403] * 4
    assert door.updates == []


async def test_what_is_no_update_is_refused(door: Door) -> None:
    assert [await post(door, body) for body in (b"", b"[1]", b"{")] == [400, 400, 400]


async def test_what_could_not_be_kept_is_brought_again(door: Door) -> None:
    door.fails = True
    assert await post(door, b'{"update_id": 1}') == 503


async def test_a_body_that_is_too_large_is_refused(door: Door) -> None:
    assert await post(door, b"x" * 2_000_000) == 413


async def test_health_says_whether_it_is_ready(door: Door) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{door.url}/health") as response:
            assert (response.status, await response.json()) == (200, {"ready": True})
            assert response.headers["Referrer-Policy"] == "no-referrer"
        door.state = {"ready": False}
        async with session.get(f"{door.url}/health") as response:
            assert response.status == 503


async def test_the_access_log_shows_no_personal_link(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    link = "x" * 43
    with caplog.at_level(logging.INFO, "aiohttp.access"):
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{door.url}/d/{link}?token=abc") as response,
        ):
            assert response.status == 404

    assert link not in caplog.text
    assert "abc" not in caplog.text
    assert "GET /d/… 404" in caplog.text
