"""The emulated Telegram over HTTP, on loopback: the Bot API for the bot, a page for people.

    runner = await serve(create_app(telegram, run_clock=…, start_example=…), port=8081)

The Bot API answers at /bot<token>/<method> and /file/bot<token>/<path>; the page at /; the door for tests
at /control/….
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.background import Background
from bot.sandbox.control import Control
from bot.sandbox.files import MOST_UPLOADED, UploadedFile
from bot.sandbox.page_api import PageApi
from bot.sandbox.refusals import Cut, Hung, Refusal, Unreachable, not_found, too_large, unauthorized
from bot.sandbox.telegram import Telegram
from bot.sandbox.telephone import Telephone

Json = dict[str, Any]

PAGE = Path(__file__).parent / "page"
WELL_FORMED_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")
SLACK = 1024 * 1024  # what a form adds to the files it carries
ALIVE_SECONDS = 5.0
LOOK_SECONDS = 1.0


class BotApi:
    """Reads the bot's requests as Telegram's servers do."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    async def call(self, request: web.Request) -> web.StreamResponse:
        """/bot<token>/<method>, by GET or POST, with a query, a form, a multipart form or JSON."""
        try:
            self._check_token(request)
            params, files = await _read(request)
            answer = await self._telegram.call(request.match_info["method"], params, files)
        except Refusal as refusal:
            return _refused(refusal)
        except (Unreachable, Cut):
            return _cut(request)
        except Hung:
            await asyncio.Event().wait()  # until the bot gives up
            return _cut(request)
        return web.json_response(answer.body, status=answer.status)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """/file/bot<token>/<path>: the bytes."""
        try:
            self._check_token(request)
            content = self._telegram.download(request.match_info["path"])
        except Refusal as refusal:
            return _refused(refusal)
        except Unreachable:
            return _cut(request)
        if content is None:
            return _refused(not_found())
        return web.Response(body=content, content_type="application/octet-stream")

    def _check_token(self, request: web.Request) -> None:
        token = request.match_info["token"]
        if not WELL_FORMED_TOKEN.fullmatch(token):
            raise not_found()
        if token != self._telegram.token:
            raise unauthorized()


def create_app(
    telegram: Telegram,
    *,
    run_clock: Callable[[float], Awaitable[None]] | None = None,
    start_example: Callable[[], Awaitable[None]] | None = None,
    telephone: Telephone | None = None,
    page: Path = PAGE,
) -> web.Application:
    """The application; `run_clock(minutes)` and `start_example()` do what their buttons promise."""
    telephone = telephone or Telephone(telegram.clock, telegram.world.events)
    app = web.Application(middlewares=[_same_origin], client_max_size=MOST_UPLOADED + SLACK)
    bot_api = BotApi(telegram)
    app.router.add_route("*", "/bot{token}/{method}", bot_api.call)
    app.router.add_get("/file/bot{token}/{path:.+}", bot_api.download)
    PageApi(telegram, telephone, page, run_clock=run_clock, start_example=start_example).add_to(app)
    background = Background()
    Control(telegram, background).add_to(app)

    async def running(_: web.Application) -> AsyncIterator[None]:
        background.start(_watch(telegram), "watch over the bot")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60.0)) as session:
            telegram.updates.deliver_by(_poster(session, telegram))
            yield
            await telegram.updates.stop()
        await background.stop()

    app.cleanup_ctx.append(running)
    return app


async def serve(app: web.Application, *, port: int = 0, host: str = "127.0.0.1") -> web.AppRunner:
    """Start the server; the port taken is in `runner.addresses`."""
    # A request whose caller is gone ends at once: a killed bot must not keep polling.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


@web.middleware
async def _same_origin(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin.partition("://")[2] != request.host
    if request.method not in {"GET", "HEAD"} and foreign:
        return web.json_response({"ok": False, "error": "Origine refusée."}, status=403)
    return await handler(request)


async def _read(request: web.Request) -> tuple[Json, dict[str, UploadedFile]]:
    params: Json = dict(request.query)
    kind = request.content_type
    if request.method == "GET" or not request.can_read_body:
        return params, {}
    if kind == "application/json":
        params |= _object(await request.text())
        return params, {}
    if kind == "multipart/form-data":
        return await _read_multipart(request, params)
    params |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return params, {}


def _object(text: str) -> Json:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, "Bad Request: can't parse JSON object")
    return found


async def _read_multipart(request: web.Request, params: Json) -> tuple[Json, dict[str, UploadedFile]]:
    files: dict[str, UploadedFile] = {}
    room = MOST_UPLOADED + SLACK
    async for part in await request.multipart():
        if not isinstance(part, aiohttp.BodyPartReader) or part.name is None:
            continue
        content = bytearray()
        while chunk := await part.read_chunk(256 * 1024):
            room -= len(chunk)
            if room >= 0:  # what is too much is read to its end and dropped, so that the caller hears why
                content += chunk
        if part.filename is None:
            params[part.name] = content.decode("utf-8", "replace")
        else:
            mime = part.headers.get("Content-Type", "application/octet-stream").partition(";")[0]
            files[part.name] = UploadedFile(part.filename, bytes(content), mime)
    if room < 0:
        raise too_large()
    return params, files


def _refused(refusal: Refusal) -> web.Response:
    return web.json_response(refusal.body(), status=refusal.code)


def _cut(request: web.Request) -> web.Response:
    """Break the line: the caller gets no answer at all."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _poster(
    session: aiohttp.ClientSession, telegram: Telegram
) -> Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]:
    async def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if telegram.faults.is_down():
            raise ConnectionError("Telegram is down")
        try:
            async with session.post(url, data=body, headers=headers) as response:
                return response.status
        except aiohttp.ClientError as error:
            raise ConnectionError(type(error).__name__) from None

    return post


async def _watch(telegram: Telegram) -> None:
    """Tell the page when the bot stops asking for its updates, and when it comes back."""
    alive = None
    while True:
        now = telegram.updates.alive(ALIVE_SECONDS)
        if now != alive:
            alive = now
            telegram.world.events.publish("bot", alive=alive)
        await asyncio.sleep(LOOK_SECONDS)
