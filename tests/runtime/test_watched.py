"""A bot in service, as systemd, an outside monitor and Prometheus hear of it."""

import asyncio
import signal
import socket
from pathlib import Path

import aiohttp
from aiohttp import web

from bot.sandbox.ports import free_port
from bot.web.server import serving
from tests.runtime.test_commands import Shell, healthy, shell

__all__ = ["shell"]  # a fixture


async def test_a_bot_in_service_is_heard(shell: Shell, tmp_path: Path) -> None:
    path, port = tmp_path / "notify", free_port()
    beaten = asyncio.Event()

    async def on_get(request: web.Request) -> web.Response:
        beaten.set()
        return web.Response()

    monitor = web.Application()
    monitor.router.add_get("/ping/f00d", on_get)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(120)
        async with serving(monitor, "127.0.0.1", 0) as there, asyncio.timeout(240):
            bot = await shell.start(
                "run",
                SMT_LISTEN=f"127.0.0.1:{port}",
                SMT_HEARTBEAT_URL=f"http://127.0.0.1:{there}/ping/f00d",
                NOTIFY_SOCKET=str(path),
                WATCHDOG_USEC="100000",
            )
            await heard(systemd, "READY=1")
            await heard(systemd, "WATCHDOG=1")
            await beaten.wait()
            state = await healthy(f"http://127.0.0.1:{port}/health", bot)
            assert state["database"] is True
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{port}/metrics") as response,
            ):
                assert "smt_is_sender 1.0" in await response.text()
            bot.send_signal(signal.SIGTERM)
            await heard(systemd, "STOPPING=1")
            out, _ = await bot.communicate()
    assert bot.returncode == 0, out.decode()
    assert "f00d" not in out.decode()


async def heard(systemd: socket.socket, wanted: str) -> None:
    """Wait until that is said."""
    while (await asyncio.to_thread(systemd.recv, 100)).decode() != wanted:
        pass


async def test_check_tries_the_heartbeat(shell: Shell) -> None:
    _, said = await shell.bot("check")
    assert "✔ SMT_HEARTBEAT_URL is empty: nobody outside notices when the bot is away." in said

    code, said = await shell.bot("check", SMT_HEARTBEAT_URL="http://127.0.0.1:9/ping/f00d")
    assert code == 1
    assert "✘ Heartbeat: the monitor cannot be reached" in said
    assert "f00d" not in said

    code, said = await shell.bot("check", SMT_HEARTBEAT_URL="healthchecks")
    assert "✘ SMT_HEARTBEAT_URL must be the http(s):// address of a monitor, or empty." in said
