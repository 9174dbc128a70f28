"""Which signatures were used already: where every process sees it and a restart forgets nothing.

A nonce is kept for as long as its signature could count, and an hour more: a clock that runs ahead, and is set back
within the hour, has then forgotten none that counts again.

None of this waits for the disk. PostgreSQL has them in its log before whatever its request changed. An SQLite database
would wait, so beside it they have a file of their own, one for each boot of the machine: a power cut takes it, and what
could be sent again in the five minutes after that are requests that do the same when they come twice.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import BindParameter, Engine, bindparam, event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from district.database import alone, unhurried, write
from district.tables import NONCES
from offline_queue.model import SystemClock

_KEPT_SECONDS = 3600
_SWEEP_SECONDS = 60
_ROW: dict[str, BindParameter[Any]] = {column.name: bindparam(column.name, type_=column.type) for column in NONCES.c}
_POSTGRESQL = (
    postgresql_insert(NONCES)
    .from_select(list(_ROW), unhurried(*_ROW.values()))
    .on_conflict_do_nothing()
    .returning(NONCES.c.expires)
)
_TABLE = "CREATE TABLE IF NOT EXISTS nonce (key_id, nonce, expires, PRIMARY KEY (key_id, nonce)) WITHOUT ROWID"


class Nonces(Protocol):
    """The used nonces of all terminals' keys."""

    def use(self, key: str, nonce: str, *, until: int) -> bool:
        """Whether this is the first time; `until` when (seconds since 1970) the signature counts no more."""
        ...


def open_nonces(engine: Engine, *, wall: Callable[[], float] = time.time) -> Nonces:
    """Those of a platform's database. `wall` gives seconds since 1970."""
    return (_Beside if engine.dialect.name == "sqlite" else _Within)(engine, _Sweeps(wall))


class _Sweeps:
    """Says when those go that can't count any more."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._last = 0.0

    def due(self) -> int | None:
        """Whatever expired before this (seconds since 1970) goes now; None: it is too early for another sweep."""
        now = self._wall()
        if abs(now - self._last) <= _SWEEP_SECONDS:
            return None
        self._last = now
        return int(now) - _KEPT_SECONDS


class _Within:
    """In the PostgreSQL database itself."""

    def __init__(self, engine: Engine, sweeps: _Sweeps) -> None:
        self._engine = engine
        self._sweeps = sweeps

    def use(self, key: str, nonce: str, *, until: int) -> bool:
        before = self._sweeps.due()
        if before is not None:
            old = NONCES.delete().where(NONCES.c.expires < before)
            write(self._engine, lambda connection: connection.execute(old))
        with alone(self._engine) as connection:
            row = {"key_id": key, "nonce": nonce, "expires": until}
            return connection.execute(_POSTGRESQL, row).first() is not None


class _Beside:
    """In a file beside an SQLite database, which the processes of this machine share. Its journal is never synced: it
    brings back what a killed process left half done, not what a power cut did, and after that the file is not read."""

    def __init__(self, engine: Engine, sweeps: _Sweeps) -> None:
        self._sweeps = sweeps
        self._in_turn = threading.Lock()
        database = Path(str(engine.url.database))
        names = f"{database.name}-nonces-"
        file = database.with_name(names + SystemClock().boot_id())
        for old in database.parent.glob(f"{names}*"):
            if not old.name.startswith(file.name):
                old.unlink(missing_ok=True)
        file.touch(mode=0o600)
        connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=10)
        for line in ("PRAGMA synchronous = OFF", "PRAGMA journal_mode = PERSIST", _TABLE):
            connection.execute(line)
        self._connection = connection

        def close(_engine: Engine) -> None:
            connection.close()

        event.listen(engine, "engine_disposed", close)

    def use(self, key: str, nonce: str, *, until: int) -> bool:
        with self._in_turn:
            before = self._sweeps.due()
            if before is not None:
                self._connection.execute("DELETE FROM nonce WHERE expires < ?", (before,))
            row = (key, nonce, until)
            return self._connection.execute("INSERT OR IGNORE INTO nonce VALUES (?, ?, ?)", row).rowcount == 1
