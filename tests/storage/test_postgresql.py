"""PostgreSQL restarts under the bot: what rested is tried before it serves, what breaks in use fails once."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from storage import database
from storage.database import SqlStorage, open_storage
from storage.vault import Vault
from tests.databases import Cluster


@pytest.fixture
async def storage(postgres_cluster: Cluster, vault: Vault) -> AsyncIterator[SqlStorage]:
    """With a connection in its pool that the server has forgotten."""
    name = postgres_cluster.fresh()
    storage = open_storage(postgres_cluster.url(name), vault)
    assert await works(storage)
    with psycopg.connect(host=str(postgres_cluster.folder), user="smt", dbname="postgres") as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
        )
    yield storage
    await storage.close()
    postgres_cluster.drop(name)


async def works(storage: SqlStorage) -> bool:
    async with storage.transaction() as tx:
        return await tx.outbox.waiting() == 0


async def test_a_connection_that_rested_is_tried_first(
    storage: SqlStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "RESTED_SECONDS", -1.0)
    assert await works(storage)


async def test_a_connection_that_breaks_in_use_fails_once(storage: SqlStorage) -> None:
    with pytest.raises(DBAPIError):
        await works(storage)
    assert await works(storage)
