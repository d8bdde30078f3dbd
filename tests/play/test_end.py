"""The sandbox as a process: whatever ends it, its bot ends with it and its folder goes."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from bot.sandbox.play import PROJECT


def children_of(process: int) -> list[int]:
    """The processes it has started."""
    return [int(n) for n in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").is_dir()


def what_is_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


#: As a script begins it with «&»: Ctrl+C is none of its business.
BEHIND = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")


@pytest.mark.parametrize(
    ("end", "behind"),
    [(signal.SIGINT, ()), (signal.SIGTERM, ()), (signal.SIGHUP, ()), (signal.SIGTERM, BEHIND)],
)
async def test_the_bot_and_its_folder_are_gone_with_the_sandbox(
    end: signal.Signals, behind: tuple[str, ...], tmp_path: Path
) -> None:
    sandbox = await asyncio.create_subprocess_exec(
        *behind,
        sys.executable,
        *("-m", "bot", "sandbox", "--port", "0"),
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert sandbox.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = await sandbox.stdout.readline()
        assert "Bac à sable ouvert" in line.decode()
        children = children_of(sandbox.pid)
        assert children
        sandbox.send_signal(end)
        async with asyncio.timeout(30):
            await sandbox.wait()
        assert [child for child in children if is_there(child)] == []
        assert what_is_in(tmp_path) == []
    finally:
        if sandbox.returncode is None:
            sandbox.kill()
            await sandbox.wait()
