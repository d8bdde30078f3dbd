"""A stand-in for the sandbox's server: it serves the page an invented world and notes what the page asks."""

import asyncio
import json
from pathlib import Path
from typing import Any, Self

from aiohttp import BodyPartReader, web

from tests.sandbox import page_cast
from tests.sandbox.page_cast import Json

PAGE = Path(__file__).parents[2] / "bot" / "sandbox" / "page"
# As strict as a server can be with a page of its own files: an inline script or style would break the tests.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


class PageServer:
    """The world the page sees. Tests change it with ``push`` and read what was asked in ``asked``."""

    def __init__(self) -> None:
        self.state = page_cast.state()
        self.asked: list[Json] = []
        self.uploads: list[Json] = []
        self.since: list[int] = []
        self.refusal: str | None = None
        self.events_are_down = False
        self.origin = ""
        self._events: list[Json] = []
        self._lines: set[asyncio.Queue[Json | None]] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{name}", self._file)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/events", self._follow)
        app.router.add_get("/api/file/{id}", self._bytes)
        app.router.add_post("/api/act", self._act)
        app.router.add_post("/api/files", self._files)
        app.router.add_post("/api/clock", self._clock)
        app.router.add_post("/api/example", self._example)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        assert self._runner is not None
        await self._runner.cleanup()

    def push(self, kind: str, **fields: Any) -> None:
        """Something happened in the world."""
        self.state["seq"] += 1
        event = {"seq": self.state["seq"], "kind": kind, **fields}
        self._events.append(event)
        for line in self._lines:
            line.put_nowait(event)

    def says(self, chat: int, text: str, sender: int = page_cast.BOT, **more: Any) -> Json:
        """A new message in a chat, pushed to the page."""
        ident = 1 + max((known["id"] for known in self.state["messages"] if known["chat"] == chat), default=0)
        message = page_cast.message(chat, ident, sender, text, "07:44:00", **more)
        self.state["messages"].append(message)
        self.push("message", message=message)
        return message

    def cut(self) -> None:
        """Every event line ends, as when the server goes away."""
        for line in self._lines:
            line.put_nowait(None)

    def message(self, chat: int, ident: int) -> Json:
        """One message of the world."""
        found: Json = next(
            known for known in self.state["messages"] if (known["chat"], known["id"]) == (chat, ident)
        )
        return found

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": POLICY})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / request.match_info["name"])

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self.state)

    async def _bytes(self, request: web.Request) -> web.Response:
        mime, body = page_cast.FILES[request.match_info["id"]]
        return web.Response(body=body, content_type=mime)

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        if self.events_are_down:
            raise web.HTTPServiceUnavailable
        since = int(request.query["since"])
        self.since.append(since)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        await response.write(b": open\n\n")
        line: asyncio.Queue[Json | None] = asyncio.Queue()
        for missed in self._events:
            if missed["seq"] > since:
                line.put_nowait(missed)
        self._lines.add(line)
        try:
            while (event := await line.get()) is not None:
                await response.write(f"data: {json.dumps(event)}\n\n".encode())
        except ConnectionError:
            pass
        finally:
            self._lines.discard(line)
        return response

    async def _act(self, request: web.Request) -> web.Response:
        act: Json = await request.json()
        self.asked.append(act)
        if self.refusal is not None:
            return web.json_response({"ok": False, "error": self.refusal}, status=400)
        if act["do"] == "send":
            self.says(
                act["chat"],
                act["text"],
                act["as"],
                thread=act["thread"],
                **self._quote(act["chat"], act["reply_to"]),
            )
        elif act["do"] == "edit":
            message = self.message(act["chat"], act["message"])
            message.update(text=act["text"], html="", edited="2026-10-06T07:45:00Z")
            self.push("edited", message=message)
        return web.json_response({"ok": True, "tap": "1"})

    def _quote(self, chat: int, reply_to: int | None) -> Json:
        if reply_to is None:
            return {}
        return {"reply_to": reply_to, "quote": self.message(chat, reply_to)["text"][:80]}

    async def _files(self, request: web.Request) -> web.Response:
        fields: Json = {"files": []}
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "file":
                fields["files"].append((part.filename, len(await part.read())))
            else:
                fields[str(part.name)] = await part.text()
        self.uploads.append(fields)
        return web.json_response({"ok": True})

    async def _clock(self, request: web.Request) -> web.Response:
        self.asked.append({"do": "clock", **await request.json()})
        self.state["now"] = "2026-10-06T07:48:05Z"
        self.push("clock", now=self.state["now"])
        return web.json_response({"ok": True, "now": self.state["now"]})

    async def _example(self, _: web.Request) -> web.Response:
        self.asked.append({"do": "example"})
        return web.json_response({"ok": True})
