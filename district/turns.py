"""The turns that terminals are given (:mod:`district.admission`), and how the platform's processes tell each other.

Each request is decided on what is in memory. Once a second, and only in a rush, a process writes the turns it gave into
the database and reads those of the others. A turn that is lost with its process costs a terminal a new one, so nothing
waits for the disk. Beside them lies the pace that was last measured, for a process that has not measured any.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine, delete, select
from sqlalchemy.engine import Connection

from district.admission import MOST_AT_ONCE, Admission, Later, Turn
from district.database import alone, put, write
from district.tables import PACES, TERMINALS, TURNS

_EXCHANGE_SECONDS = 1.0
_OVERLAP_SECONDS = 10
"""How far the clocks of the platform's machines may be apart."""
_KEPT_SECONDS = 2 * 24 * 3600
_REGISTER_SECONDS = 60.0
_PACE = select(PACES.c.requests_a_second)


class Turns:
    """Those that one process gives and knows of; `most` requests are worked on at once. Safe to use from several
    threads. `wall` gives seconds since 1970."""

    def __init__(
        self,
        engine: Engine,
        *,
        most: int = MOST_AT_ONCE,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._monotonic = monotonic
        self._wall = wall
        self._lock = threading.Lock()
        with alone(engine) as connection:
            pace: float | None = connection.execute(_PACE).scalar()
        self._admission = Admission(most=most, pace=pace)
        self._exchanged = float("-inf")
        self._read_from = int(wall()) - _KEPT_SECONDS
        self._codes: dict[str, str] = {}
        self._registered = float("-inf")

    def ask(self, terminal: str, *, requests: int | None = None) -> Later | None:
        """When this terminal is to come back; None: now is well."""
        with self._lock:
            return self._admission.ask(terminal, now=self._monotonic(), requests=requests)

    def glance(self, key: str, *, requests: int | None = None) -> Later | None:
        """The same for who says to sign with the key of this id, before that is looked into."""
        with self._lock:
            code = self._codes.get(key)
            if code is None:
                return None
            return self._admission.glance(code, now=self._monotonic(), requests=requests)

    def is_exchange_due(self) -> bool:
        """At most once a second, and only in a rush. Who gets True does it."""
        with self._lock:
            now = self._monotonic()
            due = now >= self._exchanged + _EXCHANGE_SECONDS and not self._admission.is_calm(now=now)
            if due:
                self._exchanged = now
        return due

    def begin(self) -> None:
        """A request is there to its last byte."""
        with self._lock:
            self._admission.begin()

    def done(self) -> None:
        """It is answered."""
        with self._lock:
            self._admission.done(now=self._monotonic())

    def exchange(self) -> None:
        """Tell the other processes, and hear from them."""
        self._look_at_register()
        with self._lock:
            given, pace, forgot = self._admission.given(), self._admission.pace, self._admission.forgot
        wall = self._wall()
        ahead = wall - self._monotonic()
        if given and pace is not None:
            rows: list[dict[str, object]] = [
                {"terminal": terminal, "begins": turn.begins + ahead, "requests": turn.requests, "given": int(wall)}
                for terminal, turn in sorted(given.items())  # in one order, so that two processes never lock each other
            ]
            write(self._engine, lambda connection: _keep(connection, rows, pace))
        since = math.ceil(max(self._read_from, forgot + ahead))
        recent = select(TURNS.c.terminal, TURNS.c.begins, TURNS.c.requests).where(TURNS.c.given >= since)
        with alone(self._engine) as connection:
            found = connection.execute(recent).all()
            theirs: float | None = connection.execute(_PACE).scalar() if pace is None else None
        self._read_from = int(wall) - _OVERLAP_SECONDS
        turns = {row.terminal: Turn(begins=row.begins - ahead, requests=row.requests) for row in found}
        with self._lock:
            self._admission.learn(turns, now=self._monotonic(), pace=theirs)

    def _look_at_register(self) -> None:
        now = self._monotonic()
        if now < self._registered + _REGISTER_SECONDS:
            return
        good = select(TERMINALS.c.key_id, TERMINALS.c.code).where(TERMINALS.c.revoked_at.is_(None))
        with alone(self._engine) as connection:
            codes = {row.key_id: row.code for row in connection.execute(good)}
        self._registered = now  # only now: after a database that was away it is looked at again with the next exchange
        with self._lock:
            self._codes = codes


def _keep(connection: Connection, rows: list[dict[str, object]], pace: float) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
    oldest = int(str(rows[0]["given"])) - _KEPT_SECONDS
    connection.execute(delete(TURNS).where(TURNS.c.given < oldest))
    put(connection, TURNS, rows)
    put(connection, PACES, [{"id": 1, "requests_a_second": pace}])
