"""What systemd hears of the bot, on the socket it listens at."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import systemd
from bot.background import Background


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where systemd listens."""
    path = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(path))
        line.settimeout(60)
        yield line


def test_it_hears_what_is_said(listener: socket.socket) -> None:
    assert systemd.tell("READY=1") is True
    assert listener.recv(100) == b"READY=1"


def test_an_address_outside_the_file_system_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"@smt-test-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0" + name[1:])
        line.settimeout(60)
        assert systemd.tell("READY=1") is True
        assert line.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert systemd.tell("READY=1") is False
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert systemd.tell("READY=1") is False


def test_a_sign_of_life_comes_twice_as_often_as_systemd_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert systemd.watched_every() is None
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert systemd.watched_every() == 30.0
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))  # meant for another process
    assert systemd.watched_every() is None


async def test_signs_of_life_end_with_life(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    lives = [True, True, True, False]
    background = Background()
    task = background.start(systemd.keep_alive(lambda: lives.pop(0)), "signs of life")
    async with asyncio.timeout(60):
        await task
    assert [listener.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.recv(100)
