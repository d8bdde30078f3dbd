"""Throw-away databases for the tests: SQLite files and one PostgreSQL cluster for each test process.

PostgreSQL is looked for on PATH and where Debian keeps it. Where it is absent the tests that need it are
skipped and counted aloud; with CI=true they fail.
"""

import atexit
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg

from bot.clock import real_monotonic
from storage import migrate

#: Said by every test that did not run for want of PostgreSQL; counted at the end.
ABSENT = "PostgreSQL is absent"

#: Names of the folders of clusters: this, the process that started it, something random.
PREFIX = "smt-pg-"

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "autovacuum": "off",
    "log_min_messages": "panic",
    "log_min_error_statement": "panic",
}


def postgres_binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest version first."""
    if (found := shutil.which("initdb")) and (there := Path(found).resolve().parent / "postgres").exists():
        return there.parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[4]))
    return debian[-1].parent if debian else None


def _sweep(base: Path) -> None:
    """Remove what tests that were killed have left behind."""
    for folder in base.glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


class Cluster:
    """One PostgreSQL server on a unix socket in its own folder, with a migrated template."""

    def __init__(
        self, binaries: Path, *, settings: Mapping[str, str] = SETTINGS, base: Path | None = None
    ) -> None:
        memory = Path("/dev/shm")  # noqa: S108 - a folder in memory, where there is one
        if base is None:
            fast = memory.is_dir() and os.access(memory, os.W_OK)
            base = memory if fast else Path(tempfile.gettempdir())
        _sweep(base)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
        self._as_postgres: list[str] = []
        if os.getuid() == 0:  # initdb refuses root
            postgres = pwd.getpwnam("postgres")
            os.chown(self.folder, postgres.pw_uid, postgres.pw_gid)
            self._as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self._numbers = itertools.count(1)
        atexit.register(self.stop)
        cluster = self.folder / "data"
        subprocess.run(
            [
                *self._as_postgres,
                *(binaries / "initdb", "-D", cluster, "-U", "smt"),
                *("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )
        options = [f"-c{name}={value}" for name, value in settings.items()]
        # The server dies with the tests, however they die.
        guard = [*(self._as_postgres or ["setpriv"]), "--pdeathsig=INT"] if shutil.which("setpriv") else []
        self._server = subprocess.Popen(
            [*guard, binaries / "postgres", "-D", cluster, "-k", self.folder, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )
        self._wait_until_it_answers()
        self._admin = psycopg.connect(self._conninfo("postgres"), autocommit=True)
        self._admin.execute("CREATE DATABASE template_smt")
        migrate.upgrade(self.url("template_smt"))

    def url(self, name: str) -> str:
        """The address of one of its databases, as the settings take it."""
        return f"postgresql://smt@/{name}?host={self.folder}"

    def fresh(self) -> str:
        """The name of a new, migrated, empty database."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE template_smt STRATEGY wal_log")
        return name

    def empty(self) -> str:
        """The name of a new database without any table."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name}")
        return name

    def drop(self, name: str) -> None:
        """Throw one away, whoever is still connected."""
        self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """End the server and remove its folder."""
        atexit.unregister(self.stop)
        if admin := getattr(self, "_admin", None):
            admin.close()
        if server := getattr(self, "_server", None):
            server.terminate()
            try:
                server.wait(timeout=5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _conninfo(self, name: str) -> str:
        return psycopg.conninfo.make_conninfo(host=str(self.folder), user="smt", dbname=name)

    def _wait_until_it_answers(self) -> None:
        end = real_monotonic() + 30
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError:
                if self._server.poll() is not None or real_monotonic() > end:
                    raise
                time.sleep(0.02)  # nothing signals that a server has begun to listen
            else:
                return
