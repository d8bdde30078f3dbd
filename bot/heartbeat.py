"""Tells an outside monitor every minute that all is well, and keeps silent when it is not.

The monitor alarms when it hears nothing: so it does too when the machine, its line or this process is gone.
Knows nothing of what is well.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import aiohttp

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0  # real ones
GET_SECONDS = 10.0

#: What is not well, in words for the log; None when all is.
Ailment = Callable[[], Awaitable[str | None]]


class Heartbeat:
    """A GET each minute, without a word of what the bot does."""

    def __init__(self, url: str, ailment: Ailment, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._url = url
        self._ailment = ailment
        self._every = every_seconds
        self._said: str | None = None

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self.beat()
            await asyncio.sleep(self._every)

    async def beat(self) -> bool:
        """Whether the monitor heard that all is well."""
        ails = await self._ailment() or await heard(self._url)
        if ails is not None and ails != self._said:
            log.warning("no heartbeat: %s", ails)
        elif ails is None and self._said is not None:
            log.info("the heart beats again")
        self._said = ails
        return ails is None


async def heard(url: str) -> str | None:
    """Ask for the monitor's address; why it did not hear, or None. The address is a secret."""
    try:
        timeout = aiohttp.ClientTimeout(total=GET_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            return None if response.status < 400 else f"the monitor answers {response.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"the monitor cannot be reached ({type(error).__name__})"
