"""Seals everything anew under the current key, so that an old key can be thrown away.

Knows what every sealed column is bound to; knows nothing of what stands in it, but for the dossiers,
whose blind indexes are made anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    LargeBinary,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import documents, drafts, inbox, missions, outbox, tables
from storage.database import SqlStorage
from storage.vault import Vault

#: Rows in one transaction: short enough that a tap beside it does not wait.
ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column the vault has sealed."""

    column: Column[Any]
    bound_to: Callable[[Row[Any]], str]  # what the row's seal names

    @property
    def table(self) -> Table:
        """Where it stands."""
        return self.column.table


SEALED = (
    SealedColumn(tables.dossiers.c.body, lambda row: missions.sealed_for(row.mission)),
    SealedColumn(tables.outbox.c.body, lambda row: outbox.sealed_for(row.lane)),
    SealedColumn(tables.inbox.c.body, lambda row: inbox.sealed_for(row.update_id)),
    SealedColumn(tables.documents.c.body, lambda row: documents.sealed_for(row.id)),
    SealedColumn(tables.document_copies.c.content, lambda row: documents.copy_sealed_for(row.document)),
    SealedColumn(tables.vitals.c.body, lambda row: documents.vitals_sealed_for(row.id)),
    SealedColumn(tables.drafts.c.body, lambda row: drafts.sealed_for(row.owner, row.kind)),
)


async def rotate(storage: SqlStorage) -> int:
    """Bring every sealed value under the vault's current key. How many were sealed anew."""
    count = 0
    for sealed in SEALED:
        count += await _rotate(storage, sealed)
    return count


async def _rotate(storage: SqlStorage, sealed: SealedColumn) -> int:
    table, vault, keys = sealed.table, storage.vault, list(sealed.table.primary_key)
    front = vault.front
    # Sealed with another key: its first bytes, which name the key, differ.
    query = (
        select(table)
        .where(sealed.column.is_not(None), _first_bytes(sealed.column, len(front)) != front)
        .order_by(*keys)
        .limit(ROWS_AT_ONCE)
        .with_for_update()
    )
    save = (
        update(table)
        .where(and_(*(key == bindparam(f"key_{key.name}") for key in keys)))
        .values({sealed.column.name: bindparam("anew")})
    )
    count, page = 0, query
    while True:
        async with storage.connection() as connection:
            rows = (await connection.execute(page)).all()
            if not rows:
                return count
            anew = [
                {f"key_{key.name}": getattr(row, key.name) for key in keys}
                | {"anew": vault.rotated(getattr(row, sealed.column.name), sealed.bound_to(row))}
                for row in rows
            ]
            await connection.execute(save, anew)
            if table is tables.dossiers:
                await _index_anew(connection, vault, rows)
        count += len(rows)
        last = [literal(getattr(rows[-1], key.name)) for key in keys]
        page = query.where(tuple_(*keys) > tuple_(*last))


async def _index_anew(connection: AsyncConnection, vault: Vault, rows: Sequence[Row[Any]]) -> None:
    keys = tables.dossier_keys
    await connection.execute(delete(keys).where(keys.c.mission.in_([row.mission for row in rows])))
    blinds = [
        {"mission": row.mission, "blind": blind}
        for row in rows
        for blind in missions.blind_keys(vault, missions.opened(vault, row.mission, row.body))
    ]
    if blinds:
        await connection.execute(insert(keys), blinds)


def _first_bytes(column: Column[Any], length: int) -> Any:
    return func.substr(column, 1, length, type_=LargeBinary())
