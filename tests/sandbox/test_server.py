"""The emulated Telegram over real HTTP: PTB's own client, plain requests, and the page."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import InvalidToken, TelegramError

from bot.request import AiohttpRequest
from bot.sandbox.chats import User
from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import TOKEN, Telegram
from tests.sandbox.conftest import StillClock

Json = dict[str, Any]


class Sandbox:
    """A running server and a client of its own."""

    def __init__(
        self, telegram: Telegram, clock: StillClock, client: aiohttp.ClientSession, url: str
    ) -> None:
        self.telegram = telegram
        self.clock = clock
        self.client = client
        self.url = url
        self.examples = 0

    async def run_clock(self, minutes: float) -> None:
        self.clock.forward(minutes=minutes)

    async def start_example(self) -> None:
        self.examples += 1

    async def get(self, path: str) -> Json:
        async with self.client.get(self.url + path) as response:
            body: Json = await response.json()
            return body

    async def post(self, path: str, **body: Any) -> tuple[int, Json]:
        async with self.client.post(self.url + path, json=body) as response:
            return response.status, await response.json()

    async def act(self, user: User, do: str, **what: Any) -> Json:
        status, body = await self.post("/api/act", **{"as": user.id, "do": do, **what})
        assert body["ok"] == (status == 200)
        return body


@pytest.fixture
async def sandbox(telegram: Telegram, clock: StillClock) -> AsyncIterator[Sandbox]:
    async with aiohttp.ClientSession() as client:
        sandbox = Sandbox(telegram, clock, client, "")
        app = create_app(telegram, run_clock=sandbox.run_clock, start_example=sandbox.start_example)
        runner = await serve(app)
        sandbox.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield sandbox
        await runner.cleanup()


@pytest.fixture(params=["the default request", "the request of this project"])
async def http_bot(sandbox: Sandbox, request: pytest.FixtureRequest) -> AsyncIterator[Bot]:
    clients: Json = {}
    if request.param != "the default request":
        clients = {"request": AiohttpRequest(), "get_updates_request": AiohttpRequest()}
    bot = Bot(TOKEN, base_url=f"{sandbox.url}/bot", base_file_url=f"{sandbox.url}/file/bot", **clients)
    async with bot:
        yield bot


async def test_a_bot_lives_through_a_conversation(sandbox: Sandbox, http_bot: Bot, amina: User) -> None:
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("ACCEPTER", callback_data="accept")]])
    sent = await http_bot.send_message(amina.id, "<b>SMT 412</b>", parse_mode="HTML", reply_markup=buttons)
    polling = asyncio.gather(http_bot.get_updates(timeout=20))

    body = await sandbox.act(amina, "tap", chat=amina.id, message=sent.message_id, row=0, col=0)
    ((update,),) = await polling
    query = update.callback_query
    assert query is not None
    assert query.id == body["tap"]
    assert query.message == sent
    await query.answer("SMT 412 est à vous")
    await query.edit_message_text("SMT 412 · prise")

    assert sandbox.telegram.answers[body["tap"]].text == "SMT 412 est à vous"
    document = await http_bot.send_document(amina.id, b"%PDF", filename="é.pdf", reply_markup=buttons)
    assert document.document is not None
    assert document.document.file_name == "é.pdf"
    file = await http_bot.get_file(document.document.file_id)
    assert bytes(await file.download_as_bytearray()) == b"%PDF"


async def test_every_way_of_sending_parameters(sandbox: Sandbox, amina: User) -> None:
    params = {"chat_id": str(amina.id), "text": "SMT 412"}
    url = f"{sandbox.url}/bot{TOKEN}/sendMessage"
    form = aiohttp.FormData(params)
    form.add_field("unused", b"x", filename="x.bin")
    ways: list[Json] = [
        {"params": params},
        {"data": params},
        {"json": {**params, "chat_id": amina.id}},
        {"data": form},
    ]
    for way in ways:
        method = "GET" if "params" in way else "POST"
        async with sandbox.client.request(method, url, **way) as response:
            body = await response.json()
            assert response.status == 200, body
            assert body["result"]["text"] == "SMT 412"
    async with sandbox.client.post(f"{sandbox.url}/bot{TOKEN}/SENDMESSAGE", data=params) as response:
        assert response.status == 200  # methods are known in any case


async def test_wrong_addresses(sandbox: Sandbox) -> None:
    async def status(path: str) -> tuple[int, str]:
        async with sandbox.client.get(sandbox.url + path) as response:
            return response.status, (await response.json())["description"]

    assert await status("/bot7000000001:AAwrongwrongwrongwrongwrongwrong/getMe") == (401, "Unauthorized")
    assert await status("/botwrong/getMe") == (404, "Not Found")
    assert await status(f"/bot{TOKEN}/sendTelepathy") == (404, "Not Found")
    assert await status(f"/file/bot{TOKEN}/photos/none.jpg") == (404, "Not Found")
    with pytest.raises(InvalidToken):
        async with Bot("7000000001:AAwrongwrongwrongwrongwrongwrong", base_url=f"{sandbox.url}/bot"):
            pass


async def test_more_than_fifty_megabytes_is_refused(sandbox: Sandbox, amina: User) -> None:
    form = aiohttp.FormData({"chat_id": str(amina.id)})
    form.add_field("document", io.BytesIO(bytes(52 * 1024 * 1024)), filename="film.mp4")
    async with sandbox.client.post(f"{sandbox.url}/bot{TOKEN}/sendDocument", data=form) as response:
        assert response.status == 413
        assert (await response.json())["description"] == "Request Entity Too Large"


async def test_a_cut_line_is_a_broken_connection(sandbox: Sandbox, amina: User) -> None:
    sandbox.telegram.faults.cut("sendMessage")
    with pytest.raises(aiohttp.ClientError):
        await sandbox.post(f"/bot{TOKEN}/sendMessage", chat_id=amina.id, text="SMT 412")
    assert sandbox.telegram.visible(amina, amina)[-1].text == "SMT 412"
    sandbox.telegram.faults.down = True
    with pytest.raises(aiohttp.ClientError):
        await sandbox.post(f"/bot{TOKEN}/getMe")


async def test_a_caller_that_gives_up_frees_the_server(sandbox: Sandbox, amina: User) -> None:
    sandbox.telegram.faults.hang("getMe")
    impatient = Bot(TOKEN, base_url=f"{sandbox.url}/bot", request=AiohttpRequest(read_seconds=0.05))
    with pytest.raises(TelegramError, match=r"No answer in time|Timed out"):
        await impatient.initialize()
    await impatient.shutdown()

    # A poller whose process is gone no longer polls.
    async with aiohttp.ClientSession() as killed:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await killed.get(f"{sandbox.url}/bot{TOKEN}/getUpdates?timeout=30")
    async with asyncio.timeout(5):
        while sandbox.telegram.updates.polling:
            await sandbox.get("/api/state")


async def test_the_page_reads_the_whole_world(sandbox: Sandbox, amina: User, lea: User) -> None:
    weber = sandbox.telegram.add_user(
        3001, "Luc", "Weber", phone="+33639980024", role="doctor", label="Médecin", on_telegram=False
    )
    group = sandbox.telegram.add_group("OSNP SMT 68", [lea, amina])
    topic = sandbox.telegram.open_topic(lea, group, "SMT 412 · Mulhouse")
    await sandbox.post("/sms", to="+33639980024", text="SAS 68: visio SMT 412", ref="412-1")
    first = await sandbox.act(lea, "send", chat=group.id, thread=topic.id, text="J'appelle", reply_to=None)
    await sandbox.act(
        amina, "send", chat=group.id, thread=topic.id, text="Oui", reply_to=first["messages"][0]
    )

    state = await sandbox.get("/api/state")

    assert state["now"] == "2026-10-06T07:23:00Z"
    assert state["bot"] == {"id": 7000000001, "name": "SMT 68", "username": "smt68_bot", "alive": False}
    person = next(person for person in state["people"] if person["id"] == weber.id)
    assert person == {
        "id": 3001,
        "name": "Luc Weber",
        "role": "doctor",
        "label": "Médecin",
        "note": "",
        "phone": "+33639980024",
        "on_telegram": False,
        "blocked": False,
    }
    (shown,) = [chat for chat in state["chats"] if chat["id"] == group.id]
    assert shown["topics"] == [{"id": topic.id, "name": "SMT 412 · Mulhouse", "closed": False}]
    assert shown["members"] == [lea.id, amina.id]
    assert {chat["person"] for chat in state["chats"]} == {None, lea.id, amina.id}
    assert state["sms"] == [
        {
            "id": 1,
            "to": "+33639980024",
            "to_name": "Luc Weber",
            "text": "SAS 68: visio SMT 412",
            "at": "2026-10-06T07:23:00Z",
            "ref": "412-1",
        }
    ]
    answer = next(message for message in state["messages"] if message["text"] == "Oui")
    assert answer["quote"] == "J'appelle"
    assert answer["thread"] == topic.id
    assert answer["from"] == {"id": amina.id, "name": "Amina Benali", "is_bot": False}


async def test_people_act_on_the_page(sandbox: Sandbox, amina: User) -> None:
    sent = await sandbox.act(amina, "send", chat=amina.id, text="FC 96")
    await sandbox.act(amina, "edit", chat=amina.id, message=sent["messages"][0], text="FC 69")
    await sandbox.act(amina, "contact", chat=amina.id)
    await sandbox.act(amina, "block")
    refused = await sandbox.act(amina, "send", chat=amina.id, text="Bonjour")
    assert refused == {"ok": False, "error": "Vous avez bloqué ce robot."}
    await sandbox.act(amina, "unblock")
    await sandbox.act(amina, "start", payload="Ab3")

    kinds = [
        next(kind for kind in update if kind != "update_id") for update in sandbox.telegram.take_updates()
    ]
    assert kinds == ["message", "edited_message", "message", "my_chat_member", "my_chat_member", "message"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"as": 2001, "do": "dance"}, "Action inconnue."),
        ({"as": 99, "do": "block"}, "Personne inconnue."),
        ({"as": 2001, "do": "send", "text": "Bonjour"}, "Demande incomplète."),
        ({"as": 2001, "do": "send", "chat": 2001, "text": " "}, "Le message est vide."),
        (
            {"as": 2001, "do": "tap", "chat": 2001, "message": 99, "row": 0, "col": 0},
            "Ce message n'existe plus.",
        ),
    ],
)
async def test_what_cannot_be_done_is_said_in_french(
    sandbox: Sandbox, amina: User, body: Json, error: str
) -> None:
    assert await sandbox.post("/api/act", **body) == (400, {"ok": False, "error": error})


async def test_files_come_from_the_page_and_can_be_seen(sandbox: Sandbox, amina: User) -> None:
    fields = {"as": str(amina.id), "chat": str(amina.id), "kind": "photo", "caption": "Plaie"}
    form = aiohttp.FormData(fields, quote_fields=False)
    for number in range(2):
        form.add_field("file", b"\xff\xd8photo", filename=f"é{number}.jpg", content_type="image/jpeg")
    async with sandbox.client.post(sandbox.url + "/api/files", data=form) as response:
        assert await response.json() == {"ok": True}

    state = await sandbox.get("/api/state")
    one, two = state["messages"][-2:]
    assert one["album"] == two["album"] is not None
    assert one["text"] == "Plaie"
    assert one["file"]["name"] == "é0.jpg"
    async with sandbox.client.get(sandbox.url + one["file"]["url"]) as response:
        assert await response.read() == b"\xff\xd8photo"
        assert response.content_type == "image/jpeg"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_page_sent_as_a_document_does_not_run(sandbox: Sandbox, amina: User) -> None:
    form = aiohttp.FormData({"as": str(amina.id), "chat": str(amina.id), "kind": "document"})
    form.add_field("file", b"<script>alert(1)</script>", filename="x.html", content_type="text/html")
    await sandbox.client.post(sandbox.url + "/api/files", data=form)
    state = await sandbox.get("/api/state")
    async with sandbox.client.get(sandbox.url + state["messages"][-1]["file"]["url"]) as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment")


async def events(sandbox: Sandbox, since: int, last: str) -> list[Json]:
    """What the event stream tells, up to the first event of that kind."""
    found: list[Json] = []
    async with sandbox.client.get(f"{sandbox.url}/api/events?since={since}") as response:
        assert response.content_type == "text/event-stream"
        async for line in response.content:
            if line.startswith(b"data: "):
                found.append(json.loads(line.removeprefix(b"data: ")))
                if found[-1]["kind"] == last:
                    return found
    raise AssertionError("the stream ended")


async def test_events_follow_the_state(sandbox: Sandbox, amina: User, http_bot: Bot) -> None:
    since = (await sandbox.get("/api/state"))["seq"]
    following = asyncio.gather(events(sandbox, since, "deleted"))
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("Vu", callback_data="seen")]])
    sent = await http_bot.send_message(amina.id, "SMT 412", reply_markup=buttons)
    tap = await sandbox.act(amina, "tap", chat=amina.id, message=sent.message_id, row=0, col=0)
    await http_bot.answer_callback_query(tap["tap"], "Merci")
    await http_bot.edit_message_text("SMT 412 · vue", amina.id, sent.message_id)
    await sandbox.post("/sms", to="+33639980024", text="SAS 68", ref="1")
    await http_bot.delete_message(amina.id, sent.message_id)

    (found,) = await following
    found = [event for event in found if event["kind"] != "bot"]

    assert [event["kind"] for event in found] == ["message", "toast", "edited", "sms", "deleted"]
    assert found[0]["message"]["buttons"] == [[{"text": "Vu", "kind": "callback", "url": None, "copy": None}]]
    toast = {key: found[1][key] for key in ("person", "text", "alert", "chat", "message")}
    assert toast == {
        "person": amina.id,
        "text": "Merci",
        "alert": False,
        "chat": amina.id,
        "message": sent.message_id,
    }
    assert found[2]["message"]["edited"] is not None
    assert [event["kind"] for event in await events(sandbox, found[2]["seq"], "deleted")] == [
        "sms",
        "deleted",
    ]


async def test_the_clock_and_the_example(sandbox: Sandbox) -> None:
    assert await sandbox.post("/api/clock", minutes=5) == (200, {"ok": True, "now": "2026-10-06T07:28:00Z"})
    assert (await sandbox.post("/api/clock", minutes=-5))[0] == 400
    assert await sandbox.post("/api/example") == (200, {"ok": True})
    assert sandbox.examples == 1


async def test_another_site_may_not_act(sandbox: Sandbox, amina: User) -> None:
    body = {"as": amina.id, "do": "block"}
    for origin, status in (("https://evil.example", 403), ("null", 403), (sandbox.url, 200)):
        headers = {"Origin": origin}
        async with sandbox.client.post(sandbox.url + "/api/act", json=body, headers=headers) as response:
            assert response.status == status
            assert "Access-Control-Allow-Origin" not in response.headers


async def test_the_page_itself_is_served(telegram: Telegram, tmp_path: Any, clock: StillClock) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>SMT</title>", encoding="utf-8")
    (tmp_path / "page.js").write_text("export {};", encoding="utf-8")
    runner = await serve(create_app(telegram, page=tmp_path))
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{url}/") as response:
            assert "<title>SMT</title>" in await response.text()
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        async with client.get(f"{url}/page/page.js") as response:
            assert response.content_type.endswith("javascript")
        for path in ("/page/none.js", "/page/..%2fserver.py", "/nowhere"):
            async with client.get(url + path) as response:
                assert response.status == 404
        async with client.post(f"{url}/api/example") as response:
            assert (await response.json())["error"] == "Pas de mission d'exemple ici."
    await runner.cleanup()


async def test_a_webhook_is_posted_over_http(sandbox: Sandbox, amina: User) -> None:
    got: asyncio.Queue[tuple[Json, str]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        secret = request.headers["X-Telegram-Bot-Api-Secret-Token"]
        got.put_nowait((await request.json(), secret))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = await serve(app)
    hook = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await sandbox.post(f"/bot{TOKEN}/setWebhook", url=hook, secret_token="s3cret")

    sandbox.telegram.send_text(amina, amina, "Bonjour")

    update, secret = await got.get()
    assert update["message"]["text"] == "Bonjour"
    assert secret == "s3cret"
    await sandbox.post(f"/bot{TOKEN}/deleteWebhook")
    await runner.cleanup()
