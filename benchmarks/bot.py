"""The bot as `python -m bot run`, measured: without its own rates, under cProfile, its SQL written down.

python -m benchmarks.bot --no-limits --profile bot.prof
"""

import asyncio
import cProfile
import pickle
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import click
from sqlalchemy import Engine, event

from bot.app import build
from bot.budgets import Budgets
from bot.logs import set_up_logs
from bot.settings import read_settings
from storage import migrate, postgresql, sqlite
from storage.answered import Answered, Step

NO_LIMIT = 1_000_000_000

#: The tasks whose statements are no part of a decision.
NOT_DECISIONS = ("delivery", "timers", "notice", "purge", "startup", "polling")


class Statements:
    """Writes each committed transaction of inbox and decisions into a file, in the order of commits."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._open: dict[int, list[tuple[str, Any, bool]]] = {}

    def listen(self) -> None:
        """Hear every engine of this process."""
        event.listen(Engine, "before_cursor_execute", self._executes)
        event.listen(Engine, "commit", self._commits)
        event.listen(Engine, "rollback", self._forgets)
        for driver in (sqlite, postgresql):
            driver.execute = self._and_write(driver.execute)  # type: ignore[attr-defined]

    def _and_write(self, execute: Any) -> Any:
        async def execute_and_write(opened: Any, steps: Sequence[Step]) -> list[Answered]:
            for step in steps:
                self._written(opened, step.sql, step.values)
            return await execute(opened, steps)  # type: ignore[no-any-return]

        return execute_and_write

    def _executes(
        self, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        self._written(_driver(connection), statement, parameters)

    def _written(self, connection: Any, statement: str, parameters: Any) -> None:
        task = asyncio.current_task()
        name = task.get_name() if task is not None else ""
        if not name.startswith(NOT_DECISIONS) and not statement.startswith("BEGIN"):
            rows = isinstance(parameters, list)  # one statement for each of them
            given = [_plain(one) for one in parameters] if rows else _plain(parameters)
            self._open.setdefault(id(connection), []).append((statement, given, rows))

    def _commits(self, connection: Any) -> None:
        if done := self._open.pop(id(_driver(connection)), None):
            pickle.dump(done, self._file)

    def _forgets(self, connection: Any) -> None:
        self._open.pop(id(_driver(connection)), None)


def _driver(connection: Any) -> Any:
    return connection.connection.driver_connection


def _plain(parameters: Any) -> Any:
    """As a file can keep them."""
    if isinstance(parameters, dict):
        return {name: _bytes(value) for name, value in parameters.items()}
    return tuple(_bytes(value) for value in parameters)


def _bytes(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


@click.command()
@click.option("--no-limits", is_flag=True, help="Send as fast as Telegram answers.")
@click.option(
    "--profile", type=click.Path(path_type=Path), help="Write a profile of cProfile there at the end."
)
@click.option("--statements", type=click.Path(path_type=Path), help="Write the SQL of decisions there.")
def main(no_limits: bool, profile: Path | None, statements: Path | None) -> None:
    """Run the bot until SIGTERM, measured."""
    settings = read_settings(need=("bot_token", "group_id"), env_file=None)
    set_up_logs()
    if migrate.current(settings.database) is None:
        migrate.upgrade(settings.database)
    budgets = Budgets(overall=NO_LIMIT, group=NO_LIMIT) if no_limits else None
    profiler = cProfile.Profile()
    with ExitStack() as stack:
        if statements is not None:
            Statements(stack.enter_context(statements.open("wb"))).listen()
        if profile is not None:
            stack.callback(profiler.dump_stats, profile)
            profiler.enable()
        asyncio.run(build(settings, budgets=budgets, compiled=settings.data_dir / "compiled").run())


if __name__ == "__main__":
    main()
