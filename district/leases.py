"""How many papers are on their way at once: more than the line and the disks carry makes all of them slow.

A paper is sent under a lease, which lies in the database, so that all of the platform's processes count together. It
goes on while chunks arrive, and ends by itself after a time without any: a terminal that died blocks nobody.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from district.database import alone, write
from district.tables import LEASES

UPLOADS_AT_ONCE = 32
"""Unless told; of the whole platform, and fewer than a process has threads for."""
LASTS_SECONDS = 120
"""Without progress; a terminal gives a request up after 30."""
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

    def hold(self, attachment: str, terminal: str | None) -> Full | None:
        """A lease for this paper: the one it has, or a new one."""
        now = int(self._wall())
        with alone(self._engine) as connection:
            until = connection.execute(select(LEASES.c.until).where(LEASES.c.attachment == attachment)).scalar()
            if until is not None and until > now + LASTS_SECONDS // 2:
                return None  # that is not written down anew for each chunk
            full = until is None and self._is_full(connection, now)  # most often a question is enough to know
        if not full and write(self._engine, lambda connection: self._take(connection, attachment, terminal or "", now)):
            return None
        # Spread, so that those who wait don't come back together.
        return Full(retry_after=random.randint(*_AGAIN_SECONDS))  # noqa: S311 - nothing to guess  # nosec B311

    def _take(self, connection: Connection, attachment: str, terminal: str, now: int) -> bool:
        if connection.dialect.name == "postgresql":
            # Two must not both count one place as free. What is lost with a lease is nothing: no wait for the disk.
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            connection.exec_driver_sql("LOCK TABLE lease IN SHARE ROW EXCLUSIVE MODE")
        connection.execute(delete(LEASES).where(LEASES.c.until <= now))
        mine = update(LEASES).where(LEASES.c.attachment == attachment).values(until=now + LASTS_SECONDS)
        if connection.execute(mine).rowcount:
            return True
        if self._is_full(connection, now):
            return False
        row = {"attachment": attachment, "terminal": terminal, "until": now + LASTS_SECONDS}
        connection.execute(insert(LEASES).values(row))
        return True

    def _is_full(self, connection: Connection, now: int) -> bool:
        held = select(func.count()).select_from(LEASES).where(LEASES.c.until > now)
        return connection.execute(held).scalar_one() >= self._most


def end_lease(connection: Connection, attachment: str) -> None:
    """The paper is complete, or is given up."""
    connection.execute(delete(LEASES).where(LEASES.c.attachment == attachment))
