"""How this project talks to PostgreSQL where SQLAlchemy is not asked. Knows no table.

Every statement that is waited for is a way to the server and back, and two processes that wake each other.
Statements that need not wait for one another go together, in the protocol's pipeline.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, AsyncPipeline, Error
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from storage.answered import Answered, Step


class _OneWay(AsyncPipeline):
    """A pipeline that sends nothing before everything is there; psycopg's own sends each statement."""

    gathering = True

    def _communicate_gen(self) -> PQGen[None]:
        if not self.gathering:
            yield from super()._communicate_gen()


async def execute(opened: AsyncConnection[Any], steps: Sequence[Step]) -> list[Answered]:
    """Run the statements in the connection's transaction, one after another, and wait once."""
    begun = opened.info.transaction_status is TransactionStatus.INTRANS
    if len(steps) == 1 and begun and not steps[0].each:
        return [await _answered(await _sent(opened, steps[0]))]
    opened._pipeline = pipeline = _OneWay(opened)
    try:
        async with opened.pipeline():
            try:
                cursors = [await _sent(opened, step) for step in steps]
            finally:
                pipeline.gathering = False
    except Error as error:
        raise _first(error) from None
    return [await _answered(cursor) for cursor in cursors]


def _first(error: Error) -> Error:
    """What went wrong; not what was refused afterwards because of it."""
    while isinstance(error.__context__, Error):
        error = error.__context__
    return error


async def _sent(opened: AsyncConnection[Any], step: Step) -> AsyncCursor[Any]:
    cursor = opened.cursor()
    if step.each:
        await cursor.executemany(step.sql.encode(), step.values)
    else:
        await cursor.execute(step.sql.encode(), step.values)
    return cursor


async def _answered(cursor: AsyncCursor[Any]) -> Answered:
    columns = cursor.description
    return Answered(columns, await cursor.fetchall() if columns else (), cursor.rowcount)
