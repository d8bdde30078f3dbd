"""Backups of PostgreSQL, by its own tools: `pg_dump`, `pg_restore`, `psql`."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from storage import migrate
from storage.address import address
from storage.backup_file import Backup, BackupError, afterwards
from storage.rotation import SEALED
from storage.tables import metadata

#: Where Debian keeps them, one folder for each version.
DEBIAN = Path("/usr/lib/postgresql")

ABSENT = (
    "PostgreSQL's tools ({tool}) are not on this machine: install its client (postgresql-client, of the"
    " server's version or newer), or back up on the server itself."
)

#: What a statement waits for others before it gives up.
LOCK_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, as its tools take it. The password goes by the environment: `ps` shows arguments."""

    uri: str
    environment: Mapping[str, str]
    major: int


def copy(database_url: str, target: Path) -> None:
    """The database as it is at one moment."""
    server = _server(database_url)
    _run(
        _tool("pg_dump", server.major),
        *("--format=custom", "--no-owner", "--no-privileges", f"--lock-wait-timeout={LOCK_SECONDS}s"),
        *(f"--file={target}", f"--dbname={server.uri}"),
        environment=server.environment,
    )


def look(path: Path) -> Backup:
    """Read its list and its small tables, and say what it is."""
    listed = _run(_tool("pg_restore"), "--list", str(path))
    if "alembic_version" not in _tables(listed):
        raise BackupError(f"{path} is an archive of PostgreSQL, but of no database of this program.")
    version = next(_rows(path, "alembic_version"), None)
    if version is None or not version["version_num"]:
        raise BackupError(f"{path} says no schema: it is damaged, or holds no data.")
    # Unpacked to its end: what is cut short or changed does not pass.
    missions = sum(1 for _ in _rows(path, "mission"))
    _run(_tool("pg_restore"), "--file=/dev/null", str(path))
    created = re.search(r"Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)( UTC)?", listed)
    made_at = datetime.fromisoformat(created[1]) if created else None
    if made_at is not None:
        made_at = made_at.replace(tzinfo=UTC) if created and created[2] else made_at.astimezone(UTC)
    return Backup(path, "postgresql", version["version_num"], made_at, missions)


def sealed_values(path: Path) -> Iterator[tuple[bytes, str]]:
    """One sealed value of each table, with what its seal names."""
    for sealed in SEALED:
        with closing(_rows(path, sealed.table.name)) as rows:
            for row in rows:
                value = row.pop(sealed.column.name)
                if value is not None:
                    named = {name: _read(sealed.table.columns[name], value) for name, value in row.items()}
                    context = sealed.bound_to(cast("Any", SimpleNamespace(**named)))
                    yield bytes.fromhex(value.removeprefix("\\x")), context
                    break


def restore(backup: Backup, database_url: str, now: datetime) -> None:
    """Replace every table, in one transaction: all of it, or nothing."""
    server = _server(database_url)
    held = _tables(_run(_tool("pg_restore"), "--list", str(backup.path)))
    there = _tables_of(database_url)
    strange = sorted(there - held - set(metadata.tables) - {"alembic_version"})
    if strange:
        raise BackupError(
            f"The database has tables that this version does not know ({', '.join(strange)}): nothing was"
            " done. The bot needs a database of its own; one of a newer version is brought back by that one."
        )
    command = [_tool("psql", server.major), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - PostgreSQL's own tool, found by its name
            [*command, f"--dbname={server.uri}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, **server.environment},
        ) as psql,
    ):
        assert psql.stdin is not None  # noqa: S101 - asked for above
        try:
            _say(psql.stdin, "BEGIN", f"SET lock_timeout = '{LOCK_SECONDS}s'")
            if there:
                _say(psql.stdin, "DROP TABLE {} CASCADE".format(", ".join(f'"{name}"' for name in there)))
            _pour(backup.path, psql.stdin, server.major)
            _say(psql.stdin, "RESET search_path")
            _say(psql.stdin, *afterwards(has_workers="worker" in held, now=now.isoformat()), "COMMIT")
            psql.stdin.close()
        except BrokenPipeError:
            pass  # it stopped at an error, which it has said
        except BackupError:
            psql.kill()  # without a COMMIT nothing has changed
            raise
        if psql.wait() != 0:
            said.seek(0)
            raise BackupError(
                f"PostgreSQL refused the backup; nothing was changed. {_first_line(said.read())}"
            )


def _pour(path: Path, into: IO[bytes], major: int) -> None:
    with subprocess.Popen(  # noqa: S603 - likewise
        [_tool("pg_restore", major), "--no-owner", "--no-privileges", "--file=-", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as unpacked:
        assert unpacked.stdout is not None  # noqa: S101
        try:
            shutil.copyfileobj(unpacked.stdout, into)
        finally:
            unpacked.stdout.close()
    if unpacked.returncode != 0:
        raise BackupError(f"{path} cannot be unpacked to its end; nothing was changed.")


def _say(into: IO[bytes], *statements: str) -> None:
    into.write("".join(f"{statement};\n" for statement in statements).encode())
    into.flush()


def _server(database_url: str) -> Server:
    url = address(database_url)
    engine = migrate.open_engine(database_url)
    try:
        with engine.connect() as connection:
            number = connection.execute(text("SHOW server_version_num")).scalar_one()
    except SQLAlchemyError as error:
        raise BackupError(
            f"The database cannot be opened ({type(error).__name__}): mend SMT_DATABASE_URL or the server."
        ) from None
    finally:
        engine.dispose()
    password = {"PGPASSWORD": str(url.password)} if url.password is not None else {}
    bare = url.set(drivername="postgresql")._replace(password=None)
    return Server(bare.render_as_string(), password, int(number) // 10000)


def _tables_of(database_url: str) -> set[str]:
    engine = migrate.open_engine(database_url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def _tool(name: str, major: int = 0) -> str:
    """The oldest that is new enough for the server; where there is none, what PATH has."""
    versions = sorted(
        (int(folder.parent.name), folder / name)
        for folder in DEBIAN.glob("*/bin")
        if folder.parent.name.isdigit() and (folder / name).exists()
    )
    fitting = [tool for version, tool in versions if version >= major]
    if major == 0 and fitting:
        return str(fitting[-1])  # a file may come from the newest
    found = str(fitting[0]) if fitting else shutil.which(name)
    if found is None:
        raise BackupError(ABSENT.format(tool=name))
    return found


def _run(*command: str, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own tools, found by their names
        command, capture_output=True, env={**os.environ, **(environment or {})}, check=False
    )
    if done.returncode != 0:
        raise BackupError(f"{Path(command[0]).name} failed. {_first_line(done.stderr)}")
    return done.stdout.decode(errors="replace")


def _first_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else ""


def _tables(listed: str) -> set[str]:
    """The names of the tables in the list of an archive: «219; 1259 16392 TABLE public mission smt»."""
    return {found[1] for found in re.finditer(r"^\d+; \d+ \d+ TABLE \S+ (\S+)", listed, re.MULTILINE)}


def _rows(path: Path, table: str) -> Generator[dict[str, str | None], None, None]:
    """The rows of one table of an archive, as text."""
    with subprocess.Popen(  # noqa: S603 - likewise
        [_tool("pg_restore"), "--data-only", f"--table={table}", "--file=-", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as unpacked:
        assert unpacked.stdout is not None  # noqa: S101
        names: list[str] = []
        try:
            for raw in unpacked.stdout:
                line = raw.decode().rstrip("\n")
                if line.startswith("COPY "):
                    names = [name.strip(' "') for name in line.partition("(")[2].partition(")")[0].split(",")]
                elif line == "\\.":
                    names = []
                elif names:
                    yield dict(zip(names, [_unescaped(value) for value in line.split("\t")], strict=True))
        finally:
            unpacked.stdout.close()
            unpacked.terminate()


def _unescaped(value: str) -> str | None:
    return None if value == "\\N" else value.replace("\\\\", "\\")


def _read(column: Any, value: str | None) -> Any:
    return int(value) if value is not None and column.type.python_type is int else value
