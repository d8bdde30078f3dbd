"""A database of an older schema, read by this version: for the paper when the bot is down.

What its tables lack is stood in for by a temporary view of the table's name, which both databases look at
first; each new column holds there what it holds right after a migration. For reading only.
"""

from typing import Any

from sqlalchemy import Column, Engine, Integer, Table, event, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import migrate, tables


def stand_ins(database_url: str) -> list[str]:
    """The statements that make the views; none where nothing is lacking."""
    engine = migrate.open_engine(database_url)
    try:
        return [view for table in tables.metadata.sorted_tables if (view := _view(engine, table))]
    finally:
        engine.dispose()


def read_through(engine: AsyncEngine, views: list[str]) -> None:
    """Every connection of that engine sees the views."""

    def on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for view in views:
            cursor.execute(view)
        cursor.close()
        connection.commit()

    event.listen(engine.sync_engine, "connect", on_connect)


def _view(engine: Engine, table: Table) -> str | None:
    if not inspect(engine).has_table(table.name):
        return None
    there = {column["name"] for column in inspect(engine).get_columns(table.name)}
    lacking = [f"{_at_first(column)} AS {column.name}" for column in table.c if column.name not in there]
    if not lacking:
        return None
    home = "main" if engine.dialect.name == "sqlite" else "public"
    return (
        f"CREATE TEMP VIEW {table.name} AS SELECT it.*, {', '.join(lacking)} FROM {home}.{table.name} AS it"  # noqa: S608 - our own names
    )


def _at_first(column: Column[Any]) -> str:
    default: Any = getattr(column.server_default, "arg", None)
    if default is None:
        return "NULL"
    if not isinstance(default, str):
        return str(default)  # true or false
    return default if isinstance(column.type, Integer) else f"'{default}'"
