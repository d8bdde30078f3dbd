"""The fixture `story`: the whole bot on a fresh database, each on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.vault import Vault
from tests.stories.story import Story


@pytest.fixture
async def story(database_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Story]:
    """The cast is registered, nothing has happened yet."""
    told = Story(database_url, vault, tmp_path)
    await told.begin()
    yield told
    await told.end()
