"""The one aiohttp application: health, the webhook, and whatever pages are given to it."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from bot.metrics import CONTENT_TYPE

log = logging.getLogger("bot.web")

MOST_BYTES = 1024 * 1024  # an update is some kilobytes

Health = Callable[[], Awaitable[Mapping[str, Any]]]
Written = Callable[[], Awaitable[bytes]]

_SECRET_PART = re.compile(r"(?<=/)[A-Za-z0-9_-]{20,}")


class AccessLog(AbstractAccessLogger):
    """One line for each request, without what opens a personal link and without a query."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write it."""
        path = _SECRET_PART.sub("…", request.path)
        self.logger.info("%s %s %d %.0f ms", request.method, path, response.status, time * 1000)


def build_web(
    health: Health, routes: Iterable[web.AbstractRouteDef] = (), metrics: Written | None = None
) -> web.Application:
    """The application, with its own routes and those given."""
    app = web.Application(client_max_size=MOST_BYTES, middlewares=[_careful])

    async def on_health(request: web.Request) -> web.Response:
        del request
        state = await health()
        return web.json_response(dict(state), status=200 if state.get("ready") else 503)

    async def on_metrics(request: web.Request) -> web.Response:
        del request
        if metrics is None:
            return web.Response(status=404)
        return web.Response(body=await metrics(), headers={"Content-Type": CONTENT_TYPE})

    app.router.add_get("/health", on_health)
    app.router.add_get("/metrics", on_metrics)
    app.router.add_routes(list(routes))
    return app


@web.middleware
async def _careful(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """No referrer, no sniffing, no caching of what is personal; a defect shows nothing of itself."""
    try:
        response = await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        log.exception("a page failed")
        response = web.Response(status=500, text="500")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Listen while the block runs; gives the port. Raises OSError when it is taken."""
    runner = web.AppRunner(app, access_log_class=AccessLog, handle_signals=False, shutdown_timeout=5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1] if runner.addresses else port
    finally:
        await runner.cleanup()
