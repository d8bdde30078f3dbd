"""Where Telegram brings updates when `SMT_INTAKE` is `webhook`: kept first, acknowledged then."""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

log = logging.getLogger(__name__)

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

Receive = Callable[[Sequence[Mapping[str, Any]]], Awaitable[int]]


def webhook(receive: Receive, secret: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of one bot's webhook."""

    async def on_post(request: web.Request) -> web.Response:
        """200 once the update is committed; anything else makes Telegram bring it again."""
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return web.Response(status=403)
        try:
            update = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400)
        if not isinstance(update, dict):
            return web.Response(status=400)
        try:
            await receive([update])
        except Exception:
            log.exception("an update could not be kept: Telegram will bring it again")
            return web.Response(status=503)
        return web.Response()

    return on_post
