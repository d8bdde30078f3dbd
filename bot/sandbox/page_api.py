"""What the browser page asks of the sandbox: the state, the events, and what its people do."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

from bot.sandbox.acts import CannotDo
from bot.sandbox.chats import User
from bot.sandbox.files import UploadedFile
from bot.sandbox.page_view import moment
from bot.sandbox.player import NotSeen
from bot.sandbox.telegram import Telegram
from bot.sandbox.telephone import Telephone, parts

Json = dict[str, Any]

ALIVE_SECONDS = 5.0
HEARTBEAT_SECONDS = 15.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
#: What a browser may show by itself; all else is downloaded.
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/", "application/pdf")
FILE_KINDS = {"photo", "document", "voice", "audio", "video"}


class PageApi:
    """The page's side of the server."""

    def __init__(
        self,
        telegram: Telegram,
        telephone: Telephone,
        page: Path,
        *,
        run_clock: Callable[[float], Awaitable[None]] | None,
        start_example: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._telegram = telegram
        self._telephone = telephone
        self._page = page
        self._run_clock = run_clock
        self._start_example = start_example
        self._running = asyncio.Lock()  # time and examples run one after the other
        self._acts: dict[str, Callable[[User, Json], Json]] = {
            "send": self._send,
            "tap": self._tap,
            "edit": self._edit,
            "contact": self._contact,
            "block": self._block,
            "unblock": self._unblock,
            "start": self._start,
        }

    def add_to(self, app: web.Application) -> None:
        """The addresses of the page."""
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{name}", self._static)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/events", self._events)
        app.router.add_get("/api/file/{id}", self._file)
        app.router.add_post("/api/act", self._act)
        app.router.add_post("/api/files", self._files)
        app.router.add_post("/api/clock", self._clock)
        app.router.add_post("/api/example", self._example)
        app.router.add_post("/sms", self._sms)

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return self._own_file("index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return self._own_file(request.match_info["name"])

    def _own_file(self, name: str) -> web.StreamResponse:
        path = self._page / name
        if path.parent != self._page or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=HEADERS)

    async def _state(self, request: web.Request) -> web.Response:
        state = self._telegram.state()
        state["bot"]["alive"] = self._telegram.updates.alive(ALIVE_SECONDS)
        state["sms"] = [sms.as_json() for sms in self._telephone.received]
        return web.json_response(state, headers={"Cache-Control": "no-store"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        events = self._telegram.world.events
        # A browser that reconnects by itself says where it stopped.
        asked = request.headers.get("Last-Event-ID") or request.query.get("since", "")
        seen = int(asked) if asked.isdigit() else events.seq
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        await response.write(b": bonjour\n\n")
        while True:
            for event in events.since(seen):
                seen = event["seq"]
                line = f"id: {seen}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
                await response.write(line.encode())
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await events.wait(seen)
            except TimeoutError:
                await response.write(b": encore\n\n")

    async def _file(self, request: web.Request) -> web.Response:
        file = self._telegram.world.files.find(request.match_info["id"])
        if file is None:
            raise web.HTTPNotFound
        how = "inline" if file.mime.startswith(SHOWN) else "attachment"
        headers = {
            "Content-Type": file.mime if how == "inline" else "application/octet-stream",
            "Content-Disposition": f"{how}; filename*=UTF-8''{quote(file.name)}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return web.Response(body=file.content, headers=headers)

    async def _act(self, request: web.Request) -> web.Response:
        try:
            asked = await request.json()
            act = self._acts.get(str(asked.get("do")))
            if act is None:
                raise CannotDo("Action inconnue.")
            return web.json_response({"ok": True, **act(self._who(asked.get("as")), asked)})
        except CannotDo as why:
            return _cannot(why)
        except (AttributeError, KeyError, TypeError, ValueError):
            return _cannot(CannotDo("Demande incomplète."))

    async def _files(self, request: web.Request) -> web.Response:
        fields: dict[str, str] = {}
        files = []
        async for part in await request.multipart():
            if not isinstance(part, aiohttp.BodyPartReader) or part.name is None:
                continue
            content = bytes(await part.read())
            if part.name == "file":
                mime = part.headers.get("Content-Type", "application/octet-stream").partition(";")[0]
                files.append(UploadedFile(part.filename or "fichier", content, mime))
            else:
                fields[part.name] = content.decode("utf-8", "replace")
        try:
            if fields.get("kind") not in FILE_KINDS:
                raise CannotDo("Ce genre de fichier n'est pas connu.")
            self._telegram.send_files(
                self._who(fields.get("as")),
                int(fields["chat"]),
                fields["kind"],
                files,
                fields.get("caption") or None,
                _optional(fields, "thread"),
                _optional(fields, "reply_to"),
            )
        except CannotDo as why:
            return _cannot(why)
        except (KeyError, ValueError):
            return _cannot(CannotDo("Demande incomplète."))
        return web.json_response({"ok": True})

    async def _clock(self, request: web.Request) -> web.Response:
        try:
            minutes = float((await request.json())["minutes"])
        except (KeyError, TypeError, ValueError):
            return _cannot(CannotDo("Combien de minutes ?"))
        if self._run_clock is None or not 0 < minutes <= 24 * 60:
            return _cannot(CannotDo("L'horloge n'avance pas ainsi."))
        async with self._running:
            await self._run_clock(minutes)
        return web.json_response({"ok": True, "now": moment(self._telegram.clock.now())})

    async def _example(self, request: web.Request) -> web.Response:
        if self._start_example is None:
            return _cannot(CannotDo("Pas de mission d'exemple ici."))
        try:
            async with self._running:
                await self._start_example()
        except CannotDo as why:
            return _cannot(why)
        except NotSeen:
            return _cannot(CannotDo("L'exemple s'est arrêté : lisez la réponse du bot chez Léa Martin."))
        return web.json_response({"ok": True})

    async def _sms(self, request: web.Request) -> web.Response:
        try:
            asked = await request.json()
            to, text, ref = str(asked["to"]), str(asked["text"]), str(asked.get("ref", ""))
        except (AttributeError, KeyError, TypeError, ValueError):
            return web.json_response({"error": "to and text are needed"}, status=400)
        names = [user.name for user in self._telegram.world.users.values() if user.phone == to]
        sms = self._telephone.receive(to, text, ref, names[0] if names else "")
        return web.json_response({"id": str(sms.id), "parts": parts(text)})

    def _who(self, number: object) -> User:
        user = self._telegram.world.users.get(int(str(number)))
        if user is None:
            raise CannotDo("Personne inconnue.")
        return user

    def _send(self, user: User, asked: Json) -> Json:
        thread, reply_to = asked.get("thread"), asked.get("reply_to")
        sent = self._telegram.send_text(user, int(asked["chat"]), str(asked["text"]), thread, reply_to)
        return {"messages": [message.id for message in sent]}

    def _tap(self, user: User, asked: Json) -> Json:
        place = int(asked["chat"]), int(asked["message"]), int(asked["row"]), int(asked["col"])
        return {"tap": self._telegram.tap(user, *place)}

    def _edit(self, user: User, asked: Json) -> Json:
        self._telegram.edit_text(user, int(asked["chat"]), int(asked["message"]), str(asked["text"]))
        return {}

    def _contact(self, user: User, asked: Json) -> Json:
        self._telegram.share_contact(user, int(asked["chat"]), asked.get("thread"))
        return {}

    def _block(self, user: User, asked: Json) -> Json:
        self._telegram.block(user)
        return {}

    def _unblock(self, user: User, asked: Json) -> Json:
        self._telegram.unblock(user)
        return {}

    def _start(self, user: User, asked: Json) -> Json:
        self._telegram.start(user, str(asked.get("payload") or ""))
        return {}


def _optional(fields: Mapping[str, str], name: str) -> int | None:
    value = fields.get(name, "")
    return int(value) if value and value != "null" else None


def _cannot(why: CannotDo) -> web.Response:
    return web.json_response({"ok": False, "error": str(why)}, status=400)
