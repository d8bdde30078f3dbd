"""The board's page: read-only, behind a personal link, kept up to date by server-sent events.

One task looks at the database for everybody who watches, and only while somebody does. Whoever may not
look (any more) is told what to do, never why.

    GET /tableau/<token>          the page, as it stands
    GET /tableau/<token>/suite    events: «etat» the pieces drawn anew, «heure» a sign of life, «fin»
    GET /tableau/fichiers/<name>  its style, its script, its icon
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.background import Background
from bot.flows import board as flow
from bot.flows.board import PATH, Board
from bot.messages.words import FOLDER, Words
from bot.ports import Given
from bot.web.map import Map
from bot.web.timeline import timeline

log = logging.getLogger(__name__)

#: How often it is looked whether something was committed: half of what a viewer may wait for it.
EVERY = 1.0  # seconds of the clock
#: A line of the journal may be committed after one with a larger number: the board is read so often again.
LOOKS_AFTER = 3
#: A sign of life, from which the page has the hour.
ALIVE = timedelta(seconds=5)
#: Without any news the board is read anew: who must act, and who may look, depends on the hour, too.
ANEW = timedelta(seconds=15)

MOST_VIEWERS = 100
MOST_OF_A_LINK = 6
SEND_SECONDS = 20.0  # real ones, for what a viewer takes in

FILES = {
    "board.css": "text/css",
    "board.js": "text/javascript",
    "board.svg": "image/svg+xml",
}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# Whatever stands between does not hold the events back until it has enough of them.
STREAM = HEADERS | {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


@dataclass(eq=False, slots=True)
class Viewer:
    """One page that is open."""

    token: str
    owed: dict[str, str] = field(default_factory=dict)  # the newest of each event, in order
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def owe(self, event: str, data: str) -> None:
        """Send this; what was owed of the same kind and not sent yet is of no use any more."""
        self.owed.pop(event, None)
        self.owed[event] = data
        self.woken.set()

    def end(self, words: str | None = None) -> None:
        """The last of it, with the sentence that says what to do; without, the page comes back."""
        self.owed.clear()
        self.ended = True
        if words is not None:
            self.owe("fin", json.dumps({"words": words}))
        self.woken.set()


class BoardPage:
    """Serves the page and keeps those that are open up to date."""

    def __init__(self, given: Given, background: Background, words: Words) -> None:
        self._given = given
        self._background = background
        self._words = words
        self._files = {name: (FOLDER / "web" / name).read_bytes() for name in FILES}
        self._map: tuple[object, Map] | None = None
        self._viewers: list[Viewer] = []
        self._watching: asyncio.Task[None] | None = None
        self._is_closed = False
        self._forget()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """For the web server."""
        return (
            web.get(f"{PATH}/fichiers/{{name}}", self._on_file),
            web.get(f"{PATH}/{{token}}", self._on_page),
            web.get(f"{PATH}/{{token}}/suite", self._on_stream),
        )

    async def close(self, app: web.Application) -> None:
        """The server stops: nobody is held any longer, and every page tries to come back."""
        del app
        self._is_closed = True
        for viewer in self._viewers:
            viewer.end()

    @property
    def viewers(self) -> int:
        """How many pages are open."""
        return len(self._viewers)

    # What is asked for

    async def _on_file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in FILES:
            return web.Response(status=404, headers=HEADERS)
        return web.Response(
            body=self._files[name], headers=HEADERS, content_type=FILES[name], charset="utf-8"
        )

    async def _on_page(self, request: web.Request) -> web.Response:
        opened = await flow.opened(self._given, request.match_info["token"])
        if opened is None:
            text, status = self._words.page("board_closed"), 404
        else:
            reader, board = opened
            drawn = self._drawn()
            values = self._values(board) | {"map": drawn, "cities": drawn.cities(), "reader": reader}
            text, status = self._words.page("board", **values), 200
        return web.Response(text=text, status=status, headers=HEADERS, content_type="text/html")

    async def _on_stream(self, request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        async with self._given.storage.transaction() as tx:
            reader = (await flow.readers(self._given, tx, [token])).get(token)
        if reader is not None and (self._is_closed or len(self._viewers) >= MOST_VIEWERS):
            return web.Response(status=503, headers=HEADERS | {"Retry-After": "15"})
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        if reader is None:
            viewer = Viewer(token)
            viewer.end(self._words.page("board_ended").strip())
            await self._send(response, viewer)
            return response
        viewer = self._admit(token)
        try:
            while not viewer.ended or viewer.owed:
                await viewer.woken.wait()
                await self._send(response, viewer)
        except (ConnectionError, TimeoutError):
            pass  # it went away, or takes nothing in
        finally:
            self._viewers.remove(viewer)
        return response

    async def _send(self, response: web.StreamResponse, viewer: Viewer) -> None:
        viewer.woken.clear()
        owed, viewer.owed = viewer.owed, {}
        for event, data in owed.items():
            async with asyncio.timeout(SEND_SECONDS):
                await response.write(f"event: {event}\ndata: {data}\n\n".encode())

    def _admit(self, token: str) -> Viewer:
        same = [viewer for viewer in self._viewers if viewer.token == token and not viewer.ended]
        if len(same) >= MOST_OF_A_LINK:
            same[0].end(self._words.page("board_elsewhere").strip())
        viewer = Viewer(token)
        self._viewers.append(viewer)
        if self._watching is None or self._watching.done():
            self._forget()
            self._watching = self._background.start(self._watch(), "the board's page")
        elif self._pieces is not None:
            viewer.owe("etat", self._state(self._given.now()))
        return viewer

    # What everybody who watches is shown

    def _forget(self) -> None:
        self._shown: object = None  # what the pieces were drawn from
        self._pieces: Mapping[str, str] | None = None
        self._newest = -1
        self._looks = 0
        self._read_at: datetime | None = None
        self._spoke_at: datetime | None = None

    async def _watch(self) -> None:
        """Look as long as somebody does; a database that does not answer is silence, which pages notice."""
        while self._viewers:
            try:
                await self._look()
            except Exception:
                log.exception("the board cannot be read")
            await self._given.clock.sleep(EVERY)

    async def _look(self) -> None:
        now = self._given.now()
        async with self._given.storage.transaction() as tx:
            if self._is_time_to_read(await tx.journal.newest(), now):
                watching = list(self._viewers)
                allowed = await flow.readers(self._given, tx, {viewer.token for viewer in watching})
                board = await flow.read(self._given, tx)
                self._read_at = board.now
                for viewer in watching:
                    if viewer.token not in allowed and not viewer.ended:
                        viewer.end(self._words.page("board_ended").strip())
                self._show(board)
        if self._spoke_at is None or not timedelta() <= now - self._spoke_at < ALIVE:
            self._spoke_at = now
            self._tell("heure", json.dumps({"now": now.isoformat()}))

    def _is_time_to_read(self, newest: int, now: datetime) -> bool:
        if newest != self._newest:
            self._newest, self._looks = newest, LOOKS_AFTER
            return True
        if self._looks > 0:
            self._looks -= 1
            return True
        return self._read_at is None or not timedelta() <= now - self._read_at < ANEW

    def _show(self, board: Board) -> None:
        """Draw it anew and send it, where it is not what everybody sees already."""
        values = self._values(board)
        times = values["times"]
        shown = (board.lines, board.count, board.is_watched, times.begins, times.ends)
        if shown == self._shown:
            return
        names = ("lines", "markers", "times")
        self._pieces = {name: self._words.page(f"board_{name}", **values) for name in names}
        self._shown = shown
        self._spoke_at = board.now
        self._tell("etat", self._state(board.now))

    def _state(self, now: datetime) -> str:
        return json.dumps({"now": now.isoformat(), **(self._pieces or {})})

    def _tell(self, event: str, data: str) -> None:
        for viewer in self._viewers:
            if not viewer.ended:
                viewer.owe(event, data)

    def _values(self, board: Board) -> dict[str, Any]:
        return {
            "board": board,
            "pins": self._drawn().pins(board.lines),
            "times": timeline(board, self._words.zone),
        }

    def _drawn(self) -> Map:
        """The department; made anew only where the table of communes is another."""
        communes = self._given.region.communes
        if self._map is None or self._map[0] is not communes:
            self._map = (communes, Map(communes))
        return self._map[1]
