"""Clients that only send, for comparison. Keep nothing: no database, no order, no retry.

    python -m benchmarks.peers aiohttp|ptb|aiogram URL TOKEN PAYLOAD FIRST COUNT AT_ONCE

Prints the seconds from the first call to the last answer. Runs in an environment of its own (`.venv-bench`),
so it imports nothing of ours.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

Send = Callable[[int], Awaitable[object]]


async def at_once(send: Send, chats: range, most: int) -> float:
    """Seconds to send to all of them, so many in flight."""
    waiting = iter(chats)

    async def worker() -> None:
        for chat in waiting:
            await send(chat)

    begun = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(most)))
    return time.perf_counter() - begun


async def with_aiohttp(url: str, token: str, payload: dict[str, Any], chats: range, most: int) -> float:
    """One session, JSON bodies."""
    connector = aiohttp.TCPConnector(limit=most)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def send(chat: int) -> None:
            body = payload | {"chat_id": chat}
            async with session.post(f"{url}/bot{token}/sendMessage", json=body) as response:
                answer = await response.json()
                assert answer["ok"], answer  # noqa: S101

        return await at_once(send, chats, most)


async def with_ptb(url: str, token: str, payload: dict[str, Any], chats: range, most: int) -> float:
    """`telegram.Bot` with its default HTTPXRequest, its pool as large as what is in flight."""
    from telegram import Bot
    from telegram.request import HTTPXRequest

    bot = Bot(token, base_url=f"{url}/bot", request=HTTPXRequest(connection_pool_size=most))
    text, rest = payload["text"], {name: value for name, value in payload.items() if name != "text"}
    async with bot:
        return await at_once(lambda chat: bot.send_message(chat, text, api_kwargs=rest), chats, most)


async def with_aiogram(url: str, token: str, payload: dict[str, Any], chats: range, most: int) -> float:
    """`aiogram.Bot` with its AiohttpSession at our server."""
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions

    session = AiohttpSession(api=TelegramAPIServer.from_base(url), limit=most)
    rest: dict[str, Any] = {name: value for name, value in payload.items() if name != "text"}
    if "reply_markup" in rest:
        rest["reply_markup"] = InlineKeyboardMarkup.model_validate(rest["reply_markup"])
    if "link_preview_options" in rest:
        rest["link_preview_options"] = LinkPreviewOptions.model_validate(rest["link_preview_options"])
    async with Bot(token, session=session) as bot:
        return await at_once(lambda chat: bot.send_message(chat, payload["text"], **rest), chats, most)


PEERS = {"aiohttp": with_aiohttp, "ptb": with_ptb, "aiogram": with_aiogram}


def main() -> None:
    """Send, and print the seconds."""
    name, url, token, file, first, count, most = sys.argv[1:]
    payload = {
        key: json.loads(value) if isinstance(value, str) and value[:1] in "{[" else value
        for key, value in json.loads(Path(file).read_text(encoding="utf-8")).items()
        if key != "chat_id"
    }
    chats = range(int(first), int(first) + int(count))
    print(asyncio.run(PEERS[name](url, token, payload, chats, int(most))))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
