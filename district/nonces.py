"""Which signatures were used already, and how the terminal stands that used one: where every process sees it and a
restart forgets nothing.

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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, event

from district.database import write
from district.direct import NEXT, direct
from district.tables import NONCES
from district.terminals import STANDING, Terminal, Terminals
from district.together import Together
from offline_queue.model import SystemClock

_KEPT_SECONDS = 3600
_SWEEP_SECONDS = 60
_AT_ONCE = 32
_POSTGRESQL = f"""
WITH asked AS (
    SELECT * FROM unnest(
        string_to_array(%(keys)s, '{NEXT}'),
        string_to_array(%(nonces)s, '{NEXT}'),
        string_to_array(%(untils)s, '{NEXT}')::bigint[]
    ) WITH ORDINALITY AS asked (key, value, until, nth)
), used AS (
    INSERT INTO nonce (key_id, nonce, expires) SELECT key, value, until
    FROM asked JOIN terminal ON key_id = key CROSS JOIN set_config('synchronous_commit', 'off', true)
    WHERE revoked_at IS NULL ORDER BY key, value ON CONFLICT DO NOTHING RETURNING key_id, nonce
)
SELECT {", ".join(f"terminal.{name}" for name in STANDING)},
    EXISTS (SELECT FROM used WHERE used.key_id = key AND used.nonce = value)
FROM asked LEFT JOIN terminal ON terminal.key_id = key ORDER BY nth
""".encode()  # noqa: S608 - names of our own columns  # nosec B608
_TABLE = "CREATE TABLE IF NOT EXISTS nonce (key_id, nonce, expires, PRIMARY KEY (key_id, nonce)) WITHOUT ROWID"


Used = tuple[Terminal | None, bool]
"""How the key's terminal stands (None: no longer registered), and whether this is the first time that a key which is
not revoked uses the nonce."""


class Nonces(Protocol):
    """The used nonces of all terminals' keys."""

    def use(self, key: str, nonce: str, *, until: int) -> Used:
        """`until` when (seconds since 1970) the signature counts no more."""
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
        self._together = Together(self._use_several, most=_AT_ONCE)

    def use(self, key: str, nonce: str, *, until: int) -> Used:
        before = self._sweeps.due()
        if before is not None:
            old = NONCES.delete().where(NONCES.c.expires < before)
            write(self._engine, lambda connection: connection.execute(old))
        return self._together.ask((key, nonce, until))

    def _use_several(self, asked: Sequence[tuple[str, str, int]]) -> list[Used]:
        keys, nonces, untils = (NEXT.join(map(str, column)) for column in zip(*asked, strict=True))
        found = direct(self._engine).rows(_POSTGRESQL, {"keys": keys, "nonces": nonces, "untils": untils})
        told: list[Used] = []
        seen: set[tuple[str, str]] = set()
        for (key, nonce, _), (*standing, is_used) in zip(asked, found, strict=True):
            facts = dict(zip(STANDING, standing, strict=True))
            first = is_used and (key, nonce) not in seen  # of two with one nonce only one is the first
            seen.add((key, nonce))
            told.append((None if facts["key_id"] is None else Terminal(**facts), first))
        return told


class _Beside:
    """In a file beside an SQLite database, which the processes of this machine share. Its journal is never synced: it
    brings back what a killed process left half done, not what a power cut did, and after that the file is not read."""

    def __init__(self, engine: Engine, sweeps: _Sweeps) -> None:
        self._terminals = Terminals(engine)
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

    def use(self, key: str, nonce: str, *, until: int) -> Used:
        terminal = self._terminals.find(key)
        if terminal is None or terminal.revoked_at is not None:
            return terminal, False
        with self._in_turn:
            before = self._sweeps.due()
            if before is not None:
                self._connection.execute("DELETE FROM nonce WHERE expires < ?", (before,))
            row = (key, nonce, until)
            first = self._connection.execute("INSERT OR IGNORE INTO nonce VALUES (?, ?, ?)", row).rowcount == 1
        return terminal, first
