"""How many papers are on their way at once: more than the line and the disks carry makes all of them slow.

The papers of a submission are sent under a lease, which lies in the database, so that all of the platform's processes
count together. It goes on while chunks arrive, and ends by itself after a time without any: a terminal that died blocks
nobody. What comes in one request needs room, and no lease: it would be gone before that is written down.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from district.database import alone, write
from district.tables import LEASES

UPLOADS_AT_ONCE = 32
"""Unless told; of the whole platform."""
LASTS_SECONDS = 120
"""Without progress; a terminal gives a request up after 30."""
_LONGEST_SECONDS = 2 * LASTS_SECONDS  # the clocks of two machines are not quite the same
_AGAIN_SECONDS = (5, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """No lease is to be had now."""

    retry_after: int


class Leases:
    """Of `most` at a time. `wall` gives seconds since 1970."""

    def __init__(self, engine: Engine, *, most: int, wall: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._most = most
        self._wall = wall

    def room(self) -> Full | None:
        """For what comes at once."""
        with alone(self._engine) as connection:
            return self._refusal() if self._is_full(connection, int(self._wall())) else None

    def hold(self, uid: str, terminal: str | None, *, until: int | None) -> Full | None:
        """A lease for this submission's papers: the one it has, which lasts `until`, or a new one."""
        now = int(self._wall())
        if until is not None and now + LASTS_SECONDS // 2 < until <= now + _LONGEST_SECONDS:
            return None  # that is not written down anew for each chunk
        if until is None and (refusal := self.room()) is not None:
            return refusal  # most often a question is enough to know
        if write(self._engine, lambda connection: self._take(connection, uid, terminal or "", now)):
            return None
        return self._refusal()

    def _refusal(self) -> Full:
        # Spread, so that those who wait don't come back together.
        return Full(retry_after=random.randint(*_AGAIN_SECONDS))  # noqa: S311 - nothing to guess  # nosec B311

    def _take(self, connection: Connection, uid: str, terminal: str, now: int) -> bool:
        if connection.dialect.name == "postgresql":
            # Two must not both count one place as free. What is lost with a lease is nothing: no wait for the disk.
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            connection.exec_driver_sql("LOCK TABLE lease IN SHARE ROW EXCLUSIVE MODE")
        connection.execute(delete(LEASES).where(~_lasts(now)))
        mine = update(LEASES).where(LEASES.c.uid == uid).values(until=now + LASTS_SECONDS)
        if connection.execute(mine).rowcount:
            return True
        if self._is_full(connection, now):
            return False
        row = {"uid": uid, "terminal": terminal, "until": now + LASTS_SECONDS}
        connection.execute(insert(LEASES).values(row))
        return True

    def _is_full(self, connection: Connection, now: int) -> bool:
        held = select(func.count()).select_from(LEASES).where(_lasts(now))
        return connection.execute(held).scalar_one() >= self._most


def _lasts(now: int) -> ColumnElement[bool]:
    """Further away is what was written by a clock that ran ahead, and was set back."""
    return LEASES.c.until.between(now + 1, now + _LONGEST_SECONDS)


def end_lease(connection: Connection, uid: str) -> None:
    """Its papers are complete."""
    connection.execute(delete(LEASES).where(LEASES.c.uid == uid))
