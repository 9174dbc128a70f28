"""Which signatures were used already: in the database, where every process sees it and a restart forgets nothing.

A nonce is kept for as long as its signature could count, and an hour more: a clock that runs ahead, and is set back
within the hour, has then forgotten none that counts again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import BindParameter, Engine, bindparam
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from district.database import alone, unhurried, write
from district.tables import NONCES

_KEPT_SECONDS = 3600
_SWEEP_SECONDS = 60
_ROW: dict[str, BindParameter[Any]] = {column.name: bindparam(column.name, type_=column.type) for column in NONCES.c}
_SQLITE = sqlite_insert(NONCES).values(_ROW).on_conflict_do_nothing().returning(NONCES.c.expires)
# Not waiting for the disk: a power cut can only take nonces of requests that changed nothing, or were never answered.
_POSTGRESQL = (
    postgresql_insert(NONCES)
    .from_select(list(_ROW), unhurried(*_ROW.values()))
    .on_conflict_do_nothing()
    .returning(NONCES.c.expires)
)


class Nonces:
    """The used nonces of all terminals' keys. `wall` gives seconds since 1970."""

    def __init__(self, engine: Engine, *, wall: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._wall = wall
        self._swept = 0.0

    def use(self, key: str, nonce: str, *, until: int) -> bool:
        """Whether this is the first time; `until` when (seconds since 1970) the signature counts no more."""
        self._sweep()
        row = {"key_id": key, "nonce": nonce, "expires": until}
        if self._engine.dialect.name == "sqlite":
            return write(self._engine, lambda connection: connection.execute(_SQLITE, row).first()) is not None
        with alone(self._engine) as connection:
            return connection.execute(_POSTGRESQL, row).first() is not None

    def _sweep(self) -> None:
        now = self._wall()
        if abs(now - self._swept) > _SWEEP_SECONDS:
            self._swept = now
            old = NONCES.delete().where(NONCES.c.expires < int(now) - _KEPT_SECONDS)
            write(self._engine, lambda connection: connection.execute(old))
