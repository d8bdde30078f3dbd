"""The door by which tests in other processes shape the emulated Telegram and act as its people."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import TOKEN, Telegram

Json = dict[str, Any]
PROJECT = Path(__file__).parents[2]
ACCEPT = {"inline_keyboard": [[{"text": "ACCEPTER · 20 min", "callback_data": "accept"}]]}


class Door:
    """A client of the door, and of the Bot API beside it."""

    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self._client = client
        self.url = url

    async def post(self, name: str, **asked: Any) -> Json:
        async with self._client.post(f"{self.url}/control/{name}", json=asked) as response:
            body: Json = await response.json()
            assert body["ok"] == (response.status == 200)
            return body

    async def get(self, name: str, **query: Any) -> Json:
        async with self._client.get(f"{self.url}/control/{name}", params=query) as response:
            body: Json = await response.json()
            return body

    async def bot(self, method: str, **params: Any) -> Json:
        async with self._client.post(f"{self.url}/bot{TOKEN}/{method}", json=params) as response:
            body: Json = await response.json()
            return body


@pytest.fixture
async def door(telegram: Telegram) -> AsyncIterator[Door]:
    runner = await serve(create_app(telegram))
    async with aiohttp.ClientSession() as client:
        yield Door(client, f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()


async def test_many_people_tap_at_once_and_the_answers_are_timed(door: Door) -> None:
    people = (await door.post("people", count=50, first_id=5001, phone="+33639980100"))["ids"]
    for person in people:
        await door.bot("sendMessage", chat_id=person, text="SMT 412", reply_markup=ACCEPT)

    asked = [{"user": person, "label": "ACCEPTER"} for person in people]
    ids = (await door.post("taps", taps=asked, spread_seconds=0.05))["ids"]
    assert ids == list(range(50))
    updates: list[Json] = []
    offset = 0
    while len(updates) < 50:
        got = (await door.bot("getUpdates", timeout=5, offset=offset))["result"]
        updates += got
        offset = got[-1]["update_id"] + 1
    for update in updates[:-1]:
        answered = {
            "callback_query_id": update["callback_query"]["id"],
            "text": "Une autre a été plus rapide",
        }
        await door.bot("answerCallbackQuery", **answered)

    found = await door.get("answers")
    assert found["waiting"] == 1
    first, last = found["answers"][0], found["answers"][-1]
    assert first["text"] == "Une autre a été plus rapide"
    assert first["user"] == 5001
    assert 0 < first["answered_at"] - first["pressed_at"] < 60
    assert (last["tap"], last["answered_at"]) == (updates[-1]["callback_query"]["id"], None)
    assert [a["id"] for a in (await door.get("answers", since=49))["answers"]] == [49]


async def test_what_is_no_longer_on_screen_is_told_of_and_a_slow_phone_taps_it_all_the_same(
    door: Door,
) -> None:
    await door.post("people", people=[{"id": 5001, "first_name": "Amina"}])
    sent = (await door.bot("sendMessage", chat_id=5001, text="SMT 412"))["result"]

    gone = {"user": 5001, "label": "ACCEPTER"}
    old = {"user": 5001, "message": sent["message_id"], "data": "accept"}
    await door.post("taps", taps=[gone, old])

    answers = (await door.get("answers"))["answers"]
    assert answers[0]["error"] == "Pas de bouton «ACCEPTER»."
    ((update),) = (await door.bot("getUpdates"))["result"]
    assert update["callback_query"]["id"] == answers[1]["tap"]


async def test_counts_tell_what_the_bot_has_earned(door: Door) -> None:
    await door.post("people", count=2, first_id=5001)
    await door.post("limits", on=True)
    for _ in range(4):
        await door.bot("sendMessage", chat_id=5001, text="SMT 412")
    await door.post(
        "faults", plan=[{"kind": "flood", "method": "sendMessage", "chat": 5002, "retry_after": 7}]
    )
    refused = await door.bot("sendMessage", chat_id=5002, text="SMT 412")
    assert refused["parameters"] == {"retry_after": 7}

    counts = await door.get("counts")
    assert counts["calls"]["sendMessage"] == {"200": 3, "429": 2}
    assert (counts["earned_429"], counts["faults"], counts["chats"]) == (1, {"flood": 1}, {"5001": 3})
    sent = await door.get("sent", since=1, chat=5001)
    assert [one["text"] for one in sent["sent"]] == ["SMT 412"] * 2
    assert sent["sent"][0]["at"] <= counts["now"]
    assert [call["status"] for call in (await door.get("calls", method="sendMessage"))["calls"]] == [
        *[200] * 3,
        *[429] * 2,
    ]

    await door.post("reset")
    assert (await door.get("counts"))["calls"] == {}
    assert (await door.get("sent"))["sent"] == []


async def test_faults_are_set_and_lifted(door: Door) -> None:
    await door.post("people", count=1, first_id=5001)
    words = {"chat_id": 5001, "text": "SMT 412"}
    await door.post("faults", down=True)
    with pytest.raises(aiohttp.ClientError):
        await door.bot("sendMessage", **words)
    await door.post("faults", clear=True, plan=[{"kind": "cut", "method": "sendMessage"}])
    with pytest.raises(aiohttp.ClientError):
        await door.bot("sendMessage", **words)
    await door.post("faults", random={"seed": 1, "rates": {"refuse": 1.0}})
    assert (await door.bot("sendMessage", **words))["error_code"] >= 500
    await door.post("faults", random=None, plan=[{"kind": "slow", "seconds": [0.0, 0.001]}])
    assert (await door.bot("sendMessage", **words))["ok"]

    seen = await door.get("messages", user=5001)
    assert [message["text"] for message in seen["messages"]] == ["SMT 412"] * 2
    assert not (await door.post("faults", plan=[{"kind": "rain"}]))["ok"]
    assert not (await door.post("taps"))["ok"]


async def test_people_write_block_and_move_their_group(door: Door, telegram: Telegram) -> None:
    await door.post("people", count=1, first_id=5001)
    group = (await door.post("groups", title="SAS 68", members=[5001]))["id"]
    await door.post("texts", texts=[{"user": 5001, "text": "Bonjour"}])
    results = (
        await door.post("acts", acts=[{"do": "migrate", "chat": group}, {"do": "block", "user": 5001}])
    )["results"]

    moved = await door.bot("sendMessage", chat_id=group, text="SMT 412")
    assert moved["parameters"] == {"migrate_to_chat_id": results[0]}
    assert (await door.bot("sendMessage", chat_id=5001, text="SMT 412"))["error_code"] == 403
    kinds = [next(iter(update.keys() - {"update_id"})) for update in telegram.take_updates()]
    assert kinds == ["message", "message", "message", "my_chat_member"]


async def test_nobody_else_comes_in(door: Door) -> None:
    async with aiohttp.ClientSession() as browser:
        foreign = {"Origin": "https://example.org"}
        async with browser.post(f"{door.url}/control/reset", json={}, headers=foreign) as response:
            assert response.status == 403


async def test_it_runs_alone_in_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("0\n", encoding="ascii")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.sandbox", "--clock", str(tmp_path / "clock"), "--no-limits", "--cast"),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.ClientSession() as client:
            door = Door(client, url)
            assert (await door.bot("getMe"))["result"]["username"] == "smt68_bot"
            await door.post("clock", seconds=300)
            assert float((tmp_path / "clock").read_text()) == 300
            assert json.dumps((await door.get("counts"))["calls"]) == '{"getMe": {"200": 1}}'
    finally:
        process.terminate()
        await process.wait()
