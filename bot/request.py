"""PTB's requests over one aiohttp session. Knows HTTP, and nothing of what is asked.

The default client of PTB writes the token into its log at INFO and is several times slower when many
requests are in flight.
"""

import asyncio
import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.failures import NotConnected

CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0
MEDIA_SECONDS = 60.0  # an upload of 50 MB over a poor line
CONNECTIONS = 64  # 32 sends in flight, answers to taps, polling and downloads beside them

#: Called when the words of this context's request are handed to the line: with many at once, later than
#: the call by as long as the others need.
on_written: ContextVar[Callable[[], None] | None] = ContextVar("on_written", default=None)

JSON = {"Content-Type": "application/json"}


class AiohttpRequest(BaseRequest):
    """One session for sending, polling and files."""

    def __init__(
        self,
        *,
        connections: int = CONNECTIONS,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        media_seconds: float = MEDIA_SECONDS,
    ) -> None:
        self._connections = connections
        self._connect = connect_seconds
        self._read = read_seconds
        self._media = media_seconds
        self._session: aiohttp.ClientSession | None = None
        self._users = 0  # PTB initialises the one for polling and the one for sending: they are the same

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer."""
        return self._read

    async def initialize(self) -> None:
        """Open the session."""
        self._users += 1
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=60),
                headers={"User-Agent": self.USER_AGENT},
                auto_decompress=True,
                trace_configs=[_traced()],
            )

    async def shutdown(self) -> None:
        """Close the session once nobody uses it any more."""
        self._users = max(0, self._users - 1)
        if self._users == 0 and self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """The status and body of the answer. Neither address nor token stands in what it raises."""
        if self._session is None:
            raise NotConnected("The session is not open.")
        read = _seconds(read_timeout, self._read)
        total = None
        if request_data is not None and request_data.contains_files:
            total = _seconds(write_timeout, self._media)
            read = max(read or 0.0, total or 0.0)
        timeout = aiohttp.ClientTimeout(
            total=None if total is None or read is None else total + read,
            connect=_seconds(pool_timeout, self._connect),
            sock_connect=_seconds(connect_timeout, self._connect),
            sock_read=read,
        )
        body, headers = _body(request_data)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise NotConnected(f"The server cannot be reached ({type(error).__name__}).") from None
        except asyncio.TimeoutError:  # noqa: UP041 - the name aiohttp documents
            raise TimedOut("No answer in time.") from None
        except aiohttp.ClientError as error:
            raise NetworkError(f"The connection failed ({type(error).__name__}).") from None


def _traced() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_request_chunk_sent.append(_written)
    return trace


async def _written(*told: Any) -> None:
    del told
    if (tell := on_written.get()) is not None:
        tell()


def _seconds(given: Any, default: float) -> float | None:
    """PTB passes a marker where the caller chose nothing."""
    if given is None or isinstance(given, int | float):
        return given
    return default


def _body(request_data: RequestData | None) -> tuple[aiohttp.FormData | bytes | None, dict[str, str]]:
    """The body and its headers: JSON, which Telegram takes for all but files and which costs least."""
    if request_data is None:
        return None, {}
    if not request_data.contains_files:
        return json.dumps(request_data.json_parameters).encode(), JSON
    form = aiohttp.FormData(quote_fields=False)
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (file_name, content, mime) in request_data.multipart_data.items():
        form.add_field(name, content, filename=file_name, content_type=mime)
    return form, {}
