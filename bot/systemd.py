"""Tells systemd that the bot is ready, alive, stopping. Where nobody listens nothing is said."""

import asyncio
import os
import socket
from collections.abc import Callable


def tell(state: str) -> bool:
    """Say «READY=1», «WATCHDOG=1» or «STOPPING=1»; whether somebody was there to hear it."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        try:
            # «@name» is an address outside the file system.
            line.sendto(state.encode(), path.replace("@", "\0", 1) if path.startswith("@") else path)
        except OSError:
            return False
    return True


def watched_every() -> float | None:
    """Real seconds between two signs of life, half of what systemd allows; None where it wants none."""
    allowed, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID")
    if not allowed.isdigit() or process not in (None, str(os.getpid())):
        return None
    return int(allowed) / 2_000_000


async def keep_alive(is_alive: Callable[[], bool]) -> None:
    """A sign of life as often as systemd wants it, as long as there is life."""
    every = watched_every()
    while every is not None and is_alive():
        tell("WATCHDOG=1")
        await asyncio.sleep(every)
