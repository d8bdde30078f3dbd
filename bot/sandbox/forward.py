"""Running time forward without leaving the bot behind: a step, then wait until it has nothing left to do."""

import asyncio
import logging

import aiohttp

from bot.clock import WATCH_SECONDS, FileClock, real_monotonic
from bot.sandbox.page_view import moment
from bot.sandbox.telegram import Telegram

log = logging.getLogger(__name__)

STEP_SECONDS = 60.0
BETWEEN_LOOKS = 0.03
#: So long until every process has seen the clock move, in real seconds.
SEEN_BY_ALL = WATCH_SECONDS * 1.2
#: So long a bot is waited for at each step, in real seconds: a dead one must not stop time.
PATIENCE = 5.0


async def quiet(telegram: Telegram, bot_url: str | None = None, within: float = PATIENCE) -> bool:
    """Wait until the bot has nothing left to do, twice in a row; False when it did not come to rest.

    It has no update to fetch, no call under way, and says so itself where `bot_url` is given.
    """
    last = real_monotonic() + within
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2.0)) as session:
        calm = 0
        while real_monotonic() < last:
            at_rest = telegram.updates.pending() == 0 and telegram.in_flight == 0
            at_rest = at_rest and (bot_url is None or await _says_it_is_quiet(session, bot_url))
            calm = calm + 1 if at_rest else 0
            if calm == 2:
                return True
            await asyncio.sleep(BETWEEN_LOOKS)
    return False


async def run_forward(
    telegram: Telegram,
    clock: FileClock,
    minutes: float,
    bot_url: str | None = None,
    within: float = PATIENCE,
) -> None:
    """Move the clock by steps of at most a minute, the bot coming to rest after each."""
    left = minutes * 60
    await quiet(telegram, bot_url, within)
    while left > 0:
        step = min(STEP_SECONDS, left)
        left -= step
        clock.forward(step)
        telegram.world.events.publish("clock", now=moment(clock.now()))
        await asyncio.sleep(SEEN_BY_ALL)
        if not await quiet(telegram, bot_url, within):
            log.info("the bot was still busy; time goes on")


async def _says_it_is_quiet(session: aiohttp.ClientSession, bot_url: str) -> bool:
    try:
        async with session.get(f"{bot_url.rstrip('/')}/health") as response:
            health = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return False
    return isinstance(health, dict) and health.get("quiet") is True
