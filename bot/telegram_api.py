"""Raw calls of the Bot API: named parameters in, JSON out, a named failure raised.

Knows the server's address and which comforts it lacks; knows nothing of missions.
"""

import logging
import os
from collections.abc import Callable
from typing import Any

from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData
from telegram.request._requestparameter import RequestParameter  # what RequestData is made of

from bot.failures import Failure, MethodMissing, NotSent, TooFast, UnknownOutcome, name_of

log = logging.getLogger(__name__)

# PTB's durations are timedeltas; without this it warns whenever it builds one, even for a 429.
os.environ.setdefault("PTB_TIMEDELTA", "true")


class TelegramApi:
    """One bot on one Bot API server."""

    def __init__(self, request: BaseRequest, root: str, token: str) -> None:
        self._request = request
        self._base = f"{root.rstrip('/')}/bot{token}"
        self._files = f"{root.rstrip('/')}/file/bot{token}"
        self._missing: set[str] = set()
        self.on_answer: Callable[[], None] = lambda: None  # Telegram answered, whatever it said
        self.on_silence: Callable[[], None] = lambda: None  # it could not be reached

    def __repr__(self) -> str:
        return "TelegramApi(…)"  # the base holds the token

    async def call(self, method: str, *, read_timeout: float | None = None, **parameters: Any) -> Any:
        """What Telegram answers. Parameters that are None are left out. Raises Failure."""
        data = RequestData(
            [
                RequestParameter.from_input(name, value)
                for name, value in parameters.items()
                if value is not None
            ]
        )
        url = f"{self._base}/{method}"
        try:
            if read_timeout is None:
                answer = await self._request.post(url, data)
            else:
                answer = await self._request.post(url, data, read_timeout=read_timeout)
        except TelegramError as error:
            failure = name_of(error)
            if isinstance(failure, NotSent | UnknownOutcome):
                self.on_silence()
            else:
                self.on_answer()
            raise failure from None
        self.on_answer()
        return answer

    async def download(self, file_id: str) -> bytes:
        """The bytes of a file, which Telegram hands out up to 20 MB. Raises Failure."""
        file = await self.call("getFile", file_id=file_id)
        try:
            return await self._request.retrieve(f"{self._files}/{file['file_path']}")
        except TelegramError as error:
            raise name_of(error) from None

    async def comfort(self, method: str, **parameters: Any) -> Any | None:
        """A call whose failure changes nothing: logged; a server that lacks it is not asked again."""
        if method in self._missing:
            return None
        try:
            return await self.call(method, **parameters)
        except MethodMissing:
            self._missing.add(method)
            log.info("this server has no %s: doing without", method)
        except TooFast as failure:
            log.warning("%s put off: %s", method, failure.said)
        except Failure as failure:
            log.info("%s failed, which changes nothing: %s", method, type(failure).__name__)
        return None

    def lacks(self, method: str) -> bool:
        """Whether the server is known not to have it."""
        return method in self._missing

    def remember_lack(self, method: str) -> None:
        """The server answered 404 to it."""
        if method not in self._missing:
            self._missing.add(method)
            log.info("this server has no %s: doing without", method)
