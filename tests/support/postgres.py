"""A real PostgreSQL for tests: Debian's, started from nothing in a folder of its own, listening on a socket only.

It starts once in a test process; each test gets a database of its own, copied from one that has today's tables where
it asks for that. It syncs like any other (the platform refuses one that doesn't), but lies in memory where the machine
has room there. PostgreSQL does not run as root, so root lends it another name.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from district.database import open_engine
from tests.support.certificates import Pair

_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, with its files and its socket in `folder`; `control` is pg_ctl."""

    folder: Path
    user: str
    control: Callable[..., None]
    _numbers: Iterator[int] = field(default_factory=count)

    def stop(self) -> None:
        """At once, as if it were killed; well also when it has stopped by itself."""
        self.control("stop", "-m", "immediate", missing=True)

    def start(self) -> None:
        self.control("start")

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}@/{name}?host={self.folder}"

    def empty(self) -> str:
        """The URL of a new database without a table."""
        return self._new("template0")

    def ready(self) -> str:
        """The URL of a new database with today's tables."""
        with self._commanding() as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'ready'").fetchone()
            if there is None:
                connection.execute("CREATE DATABASE ready TEMPLATE template0 ENCODING 'UTF8'")
        if there is None:
            open_engine(self.url("ready")).dispose()
        return self._new("ready")

    def _new(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        with self._commanding() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'".encode())
        return self.url(name)

    @contextmanager
    def _commanding(self) -> Generator[psycopg.Connection[tuple[object, ...]]]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            yield connection


def programs() -> Path | None:
    """Where Debian has the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


@contextmanager
def running(
    *settings: str, on_disk: bool = False, inside: Path | None = None, tls: Pair | None = None
) -> Generator[Postgres]:
    """A server with more `settings` (name=value); it and its files are gone in the end. `on_disk`: to be measured;
    `inside` a folder, such as a disk that is small; `tls`: what it shows whom `listen_addresses` let near."""
    folder = programs()
    assert folder is not None, "Debian's package postgresql is needed"
    in_memory = not on_disk and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    home = Path(tempfile.mkdtemp(prefix="kiosk-pg-", dir=inside or (_MEMORY if in_memory else None)))
    user, as_user = _another_than_root(home)
    data = home / "data"
    options = ["listen_addresses=", f"unix_socket_directories={home}", "max_connections=200", *settings]
    options += [] if tls is None else ["ssl=on"]
    told = " ".join(f"-c {one}" for one in options)

    def run(*words: str | Path, missing: bool = False) -> None:
        # No pipe: the server would inherit it, and nobody would ever see its end.
        with (home / "said").open("ab") as said:
            status = subprocess.call(words, stdout=said, stderr=said, cwd=home, **as_user)
        assert status == 0 or missing, (home / "said").read_text("utf-8", "replace")

    def control(*words: str, missing: bool = False) -> None:
        run(folder / "pg_ctl", *words, "-w", "-s", "-D", data, "-l", home / "log", "-o", told, missing=missing)

    try:
        run(folder / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        for name, file in () if tls is None else (("server.crt", tls.certificate), ("server.key", tls.key)):
            shutil.copyfile(file, data / name)
            (data / name).chmod(0o600)
            os.chown(data / name, home.stat().st_uid, home.stat().st_gid)
        control("start")
        server = Postgres(home, user, control)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _another_than_root(home: Path) -> tuple[str, dict[str, Any]]:
    """Who runs the server, and how subprocess is told so; `home` becomes theirs."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name, {}
    owner = pwd.getpwnam("postgres")
    os.chown(home, owner.pw_uid, owner.pw_gid)
    return owner.pw_name, {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    if programs() is None:
        pytest.skip("Debian's package postgresql is not installed")
    with running() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Postgres) -> str:
    """The URL of a database of this test's own, with today's tables and nothing in them."""
    return postgres_server.ready()
