"""The request class against a real server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from telegram import Bot, InputFile
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TimedOut

from bot.failures import NotConnected
from bot.request import AiohttpRequest, on_written

TOKEN = "7000000001:AAsandboxsandboxsandboxsandbox00001"
ME = {"id": 7000000001, "is_bot": True, "first_name": "SMT 68", "username": "smt68_bot"}


class Server:
    """A Bot API server of a few lines."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.root = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        fields = dict(await request.json()) if request.content_type == "application/json" else {}
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                self.files[name] = (value.filename, value.file.read())
            else:
                fields[name] = str(value)
        method = request.path.rpartition("/")[2]
        self.seen.append((method, fields))
        if self.answer is not None and method != "getMe":
            return await self.answer(request)
        return web.json_response({"ok": True, "result": ME if method == "getMe" else True})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application(client_max_size=10**8)
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.root = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def bot(server: Server) -> AsyncIterator[Bot]:
    request = AiohttpRequest(connect_seconds=1, read_seconds=1, media_seconds=1)
    async with Bot(
        TOKEN,
        base_url=f"{server.root}/bot",
        base_file_url=f"{server.root}/file/bot",
        request=request,
        get_updates_request=request,
    ) as bot:
        yield bot


async def answer(status: int, **body: object) -> web.StreamResponse:
    return web.json_response(body, status=status)


async def test_whoever_sends_hears_when_their_words_are_on_the_line(server: Server, bot: Bot) -> None:
    heard: list[tuple[int, int]] = []

    async def sends(number: int) -> None:
        token = on_written.set(lambda: heard.append((number, len(server.seen))))
        await bot.delete_message(number, 7)
        on_written.reset(token)

    await asyncio.gather(*(sends(number) for number in (1, 2, 3)))
    await bot.delete_message(4, 7)  # nobody listens

    assert sorted(number for number, _ in heard) == [1, 2, 3]
    assert all(seen < 1 + 3 for _, seen in heard)  # before the answer to the last of them


async def test_parameters_arrive(server: Server, bot: Bot) -> None:
    await bot.delete_message(2001, 7)
    assert server.seen[-1] == ("deleteMessage", {"chat_id": "2001", "message_id": "7"})

    await bot.set_my_commands([("mission", "Ouvrir : « à 9 h »")])
    method, fields = server.seen[-1]
    assert method == "setMyCommands"
    assert json.loads(fields["commands"]) == [{"command": "mission", "description": "Ouvrir : « à 9 h »"}]


async def test_files_arrive(server: Server, bot: Bot) -> None:
    await bot.send_document(2001, InputFile(b"%PDF", filename="ordonnance é.pdf"), caption="voilà")

    assert server.files["document"] == ("ordonnance é.pdf", b"%PDF")
    assert server.seen[-1][1]["caption"] == "voilà"


async def test_a_file_is_fetched(server: Server) -> None:
    async def content(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x00\x01")

    server.answer = content
    request = AiohttpRequest()
    async with request:
        assert await request.retrieve(f"{server.root}/file/bot{TOKEN}/photos/1.jpg") == b"\x00\x01"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"description": "Bad Request: chat not found"}, BadRequest),
        (403, {"description": "Forbidden: bot was blocked by the user"}, Forbidden),
        (429, {"description": "Too Many Requests", "parameters": {"retry_after": 3}}, RetryAfter),
        (502, {"description": "Bad Gateway"}, NetworkError),
    ],
)
async def test_refusals_have_the_names_of_ptb(
    server: Server, bot: Bot, status: int, body: dict[str, object], error: type[Exception]
) -> None:
    server.answer = lambda request: answer(status, ok=False, **body)

    with pytest.raises(error):
        await bot.delete_message(2001, 7)


async def test_silence_is_a_time_out(server: Server, bot: Bot) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    server.answer = hang

    with pytest.raises(TimedOut):
        await bot.delete_message(2001, 7, read_timeout=0.05)


async def test_a_line_that_breaks_is_a_network_error_and_shows_no_token(server: Server, bot: Bot) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    server.answer = cut

    with pytest.raises(NetworkError) as caught:
        await bot.delete_message(2001, 7)

    assert not isinstance(caught.value, NotConnected)
    assert TOKEN not in repr(caught.value)
    assert caught.value.__cause__ is None


async def test_a_server_that_is_not_there_was_certainly_not_told() -> None:
    request = AiohttpRequest(connect_seconds=1)
    async with request:
        with pytest.raises(NotConnected) as caught:
            await request.post(f"http://127.0.0.1:9/bot{TOKEN}/getMe")

    assert TOKEN not in repr(caught.value)


async def test_one_session_serves_sending_and_polling(server: Server) -> None:
    request = AiohttpRequest()
    await request.initialize()
    await request.initialize()
    await request.shutdown()
    await request.post(f"{server.root}/bot{TOKEN}/getMe")
    await request.shutdown()

    with pytest.raises(NotConnected):
        await request.post(f"{server.root}/bot{TOKEN}/getMe")
