"""PTB's request, straight into the emulated Telegram: no socket, every call checked against the schema."""

import json
import re
from collections.abc import Mapping
from typing import Any

from telegram._utils.types import ODVInput
from telegram.error import TimedOut
from telegram.request import BaseRequest, RequestData

from bot.failures import NotConnected
from bot.sandbox.files import UploadedFile
from bot.sandbox.refusals import Cut, Hung, Unreachable, not_found, unauthorized
from bot.sandbox.telegram import Telegram
from tests.sandbox.bot_api_schema import validate

#: Where the bots of these tests believe the server is; nobody listens there.
BASE_URL = "http://telegram.invalid/bot"
BASE_FILE_URL = "http://telegram.invalid/file/bot"

CALL = re.compile(r"/bot(?P<token>[^/]+)/(?P<method>\w+)$")
FILE = re.compile(r"/file/bot(?P<token>[^/]+)/(?P<path>.+)$")
WELL_FORMED = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")


class EmulatorRequest(BaseRequest):
    """Gives every request of PTB to the core. `problems` gathers what the schema finds wrong.

    Raising here would not do: PTB makes a network error of whatever a request raises, and the bot
    tries again. So a test asks `has_no_problems` at its end.
    """

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.problems: list[str] = []

    def has_no_problems(self) -> None:
        """Fail when a call did not fit the published description of the Bot API."""
        assert not self.problems, "\n".join(self.problems)

    @property
    def read_timeout(self) -> float | None:
        """What PTB adds to the time of a long poll."""
        return 5.0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """What the server would answer: status and body."""
        del method, read_timeout, write_timeout, connect_timeout, pool_timeout
        try:
            if fetched := FILE.search(url):
                return self._fetch(fetched["path"])
            return await self._call(url, request_data)
        except Unreachable:
            raise NotConnected("Connection refused") from None
        except (Hung, Cut):
            raise TimedOut from None

    def _fetch(self, path: str) -> tuple[int, bytes]:
        content = self.telegram.download(path)
        if content is None:
            return 404, json.dumps(not_found().body()).encode()
        return 200, content

    async def _call(self, url: str, request_data: RequestData | None) -> tuple[int, bytes]:
        called = CALL.search(url)
        if called is None or not WELL_FORMED.fullmatch(called["token"]):
            return 404, json.dumps(not_found().body()).encode()
        if called["token"] != self.telegram.token:
            return 401, json.dumps(unauthorized().body()).encode()
        # The text forms, since they are what travels to Telegram.
        params: Mapping[str, Any] = request_data.json_parameters if request_data else {}
        files = _uploads(request_data)
        self.problems += validate(called["method"], params, files)
        answer = await self.telegram.call(called["method"], params, files)
        return answer.status, json.dumps(answer.body).encode()


def _uploads(request_data: RequestData | None) -> dict[str, UploadedFile]:
    if request_data is None:
        return {}
    uploads = {}
    for part, (name, content, mime) in request_data.multipart_data.items():
        body = content if isinstance(content, bytes) else content.read()
        uploads[part] = UploadedFile(name, body, mime)
    return uploads
