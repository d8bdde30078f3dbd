"""The fixture `field`: the bot of the stories in a world that can be troubled, on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.vault import Vault
from tests.soak.field import Field


@pytest.fixture
async def field(
    database_url: str, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Field]:
    """The cast is registered, nothing has happened yet."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    world = Field(database_url, vault, tmp_path)
    await world.begin()
    yield world
    await world.end()
