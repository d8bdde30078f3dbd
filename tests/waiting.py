"""Waiting for what another task does, without a clock."""

import asyncio
from collections.abc import Callable

MOST_TURNS = 10_000_000


async def until(condition: Callable[[], object]) -> None:
    """Let the other tasks work until the condition holds; fail when it never does."""
    for _ in range(MOST_TURNS):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("It never came true.")
