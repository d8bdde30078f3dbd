"""The databases of the benchmarks: on disk, with the settings an operator has, copied for each round."""

import itertools
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storage import migrate
from tests.databases import Cluster, postgres_binaries

SQLITE = "sqlite"
POSTGRESQL = "postgresql"

#: As Debian starts a cluster, fsync and synchronous_commit on, but for where it listens.
POSTGRESQL_SETTINGS: Mapping[str, str] = {"listen_addresses": "", "max_connections": "100"}
SETTINGS = {
    SQLITE: "WAL, synchronous = FULL",
    POSTGRESQL: "its defaults: fsync, synchronous_commit and full_page_writes on",
}


class DiskCluster(Cluster):
    """A cluster as in production."""

    def __init__(self, binaries: Path, base: Path) -> None:
        super().__init__(binaries, settings=POSTGRESQL_SETTINGS, base=base)

    def copy(self, name: str, new: str) -> None:
        """A database as another one is now; nobody may be connected to it."""
        self._admin.execute(f"CREATE DATABASE {new} TEMPLATE {name}")

    def checkpoint(self) -> None:
        """Write what is only in the log."""
        self._admin.execute("CHECKPOINT")

    def version(self) -> str:
        """The server's own words."""
        row = self._admin.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else ""


@dataclass
class Databases:
    """Hands out databases of both kinds, below one folder."""

    folder: Path
    kinds: tuple[str, ...] = (SQLITE, POSTGRESQL)
    _cluster: DiskCluster | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        binaries = postgres_binaries()
        if POSTGRESQL in self.kinds and binaries is None:
            self.kinds = tuple(kind for kind in self.kinds if kind != POSTGRESQL)
        if POSTGRESQL in self.kinds and binaries is not None:
            self._cluster = DiskCluster(binaries, self.folder)

    def new(self, kind: str) -> str:
        """The address of an empty database of this version."""
        url = self._named(kind, f"bench_{next(self._numbers)}")
        if self._cluster is not None and kind == POSTGRESQL:
            self._cluster.copy("template_smt", _name(url))
        else:
            migrate.upgrade(url)
        return url

    def copy(self, url: str) -> str:
        """The address of a copy; nobody may be at work on the original."""
        kind = SQLITE if url.startswith(SQLITE) else POSTGRESQL
        new = self._named(kind, f"bench_{next(self._numbers)}")
        if self._cluster is not None and kind == POSTGRESQL:
            self._cluster.copy(_name(url), _name(new))
        else:
            for ending in ("", "-wal"):
                if (file := Path(f"{_file(url)}{ending}")).exists():
                    shutil.copyfile(file, f"{_file(new)}{ending}")
        return new

    def drop(self, url: str) -> None:
        """Throw one away."""
        if self._cluster is not None and not url.startswith(SQLITE):
            self._cluster.drop(_name(url))
            return
        for file in _file(url).parent.glob(f"{_file(url).name}*"):
            file.unlink()

    def at_rest(self) -> None:
        """Let what was written before reach the disk, so that one round does not pay for another."""
        if self._cluster is not None:
            self._cluster.checkpoint()
        os.sync()

    def version(self) -> str:
        """PostgreSQL's own words."""
        return "absent" if self._cluster is None else self._cluster.version()

    def stop(self) -> None:
        """End the server."""
        if self._cluster is not None:
            self._cluster.stop()

    def _named(self, kind: str, name: str) -> str:
        if self._cluster is not None and kind == POSTGRESQL:
            return self._cluster.url(name)
        return f"sqlite:///{self.folder / name}.db"


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
