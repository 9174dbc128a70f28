"""PostgreSQL's part in the busiest requests: statements that stand alone, each a commit by itself, through the driver.

SQLAlchemy's own way from a statement to its rows takes the processor two or three times as long as psycopg's, and a
form is handed in by three of them. Their connections are others than the engine's, because they plan otherwise: each of
these statements finds its rows by a key, so a plan is made once, and never one that reads a table from end to end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from district.database import CONNECT_SECONDS, DURABLE, POOL_SECONDS

if TYPE_CHECKING:  # an SQLite platform does without
    from psycopg import Connection

NEXT = "\x1f"
"""Between the texts of a list that goes as one text, which the database takes apart (string_to_array): an array is more
work for the driver. No text from outside has it (:data:`offline_queue.wire.Word`; RFC 9651, 3.3.3)."""
_SETTINGS = (
    "SET plan_cache_mode = force_generic_plan",
    "SET enable_seqscan = off",
    # A form is compressed in a third of the time, where this server can.
    "SELECT set_config(name, 'lz4', false) FROM pg_settings"
    " WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)",
)
_OTHER_PLAN = "0A000"  # feature_not_supported: "cached plan must not change result type"
_CONNECTIONS = 6
"""They are held for a millisecond at a time, and those who store something go together."""
_OPEN: WeakKeyDictionary[Engine, Direct] = WeakKeyDictionary()
_OPENING = threading.Lock()


def direct(engine: Engine) -> Direct:
    """That of this engine's database."""
    with _OPENING:
        found = _OPEN.get(engine)
        if found is None:
            found = _OPEN[engine] = Direct(engine)
        return found


class Direct:
    """Safe to use from several threads. Its connections end with the engine's."""

    def __init__(self, engine: Engine) -> None:
        self._driver = engine.dialect.loaded_dbapi
        _, told = engine.dialect.create_connect_args(engine.url)
        words = {**told, "connect_timeout": CONNECT_SECONDS, "autocommit": True}

        def connect() -> Any:
            connection = self._driver.connect(**words)
            connection.execute("; ".join((*DURABLE, *_SETTINGS)))
            return connection

        self._renewing = threading.Lock()
        self._pool = QueuePool(
            connect, pool_size=_CONNECTIONS, max_overflow=0, timeout=POOL_SECONDS, reset_on_return=None
        )

        def end(_engine: Engine) -> None:
            self._renew(self._pool)

        event.listen(engine, "engine_disposed", end)

    def at_connect(self, begin: Callable[[Any, Any], None]) -> None:
        """Whatever `begin` does to a connection (and its pool's record), from now on."""
        event.listen(self._pool, "connect", begin)
        self._renew(self._pool)

    def rows(self, words: bytes, told: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """What a statement gives, which then is committed: on the disk, unless it says itself that it need not be.
        Raises what SQLAlchemy does. :func:`district.database.again` may be around it where a key of its rows refuses
        them the second time, or where they do no harm: after a line broke it may have been committed."""
        pool, broken = self._pool, False
        try:
            borrowed = pool.connect()
            connection: Connection[tuple[Any, ...]] = borrowed.driver_connection  # pyright: ignore[reportAssignmentType]
            try:
                cursor = connection.execute(words, told, prepare=True)
                return [] if cursor.description is None else cursor.fetchall()
            except self._driver.Error as trouble:
                # A server that went took all of them; and a newer platform's tables need other plans.
                broken = connection.closed or trouble.sqlstate == _OTHER_PLAN
                if broken:
                    self._renew(pool)
                raise
            finally:
                if pool is self._pool:
                    borrowed.close()
                else:
                    borrowed.invalidate()
        except self._driver.Error as trouble:
            raise DBAPIError.instance(
                words.decode(), None, trouble, self._driver.Error, hide_parameters=True, connection_invalidated=broken
            ) from trouble

    def _renew(self, old: QueuePool) -> None:
        """Unless another did already."""
        with self._renewing:
            if old is self._pool:
                self._pool = old.recreate()
        old.dispose()
