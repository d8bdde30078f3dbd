"""How this project talks to PostgreSQL where SQLAlchemy is not asked. Knows no table.

Every statement that is waited for is a way to the server and back, and two processes that wake each other.
Statements that need not wait for one another go together, in the protocol's pipeline.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from storage.answered import Answered, Step

if TYPE_CHECKING:
    from psycopg import AsyncConnection, AsyncCursor


async def execute(opened: "AsyncConnection[Any]", steps: Sequence[Step]) -> list[Answered]:
    """Run the statements in the connection's transaction, one after another, and wait once."""
    if len(steps) == 1:
        return [await _answered(await _sent(opened, steps[0]))]
    async with opened.pipeline():
        cursors = [await _sent(opened, step) for step in steps]
    return [await _answered(cursor) for cursor in cursors]


async def _sent(opened: "AsyncConnection[Any]", step: Step) -> "AsyncCursor[Any]":
    cursor = opened.cursor()
    if step.each:
        await cursor.executemany(step.sql.encode(), step.values)
    else:
        await cursor.execute(step.sql.encode(), step.values)
    return cursor


async def _answered(cursor: "AsyncCursor[Any]") -> Answered:
    columns = cursor.description
    return Answered(columns, await cursor.fetchall() if columns else (), cursor.rowcount)
