"""While a server works on a database nobody makes it fit after a restore; while somebody does, no server works on it.

A server shares a lock with other servers, and `district recover` wants it for itself. In PostgreSQL it is an advisory
lock, which every connection of a server holds: also the one that it opens when the database was gone for a while.
Beside an SQLite file it is a lock on an empty file (flock), since locks on the database itself are SQLite's, and would
go with the first descriptor that is closed (fcntl(2), POSIX locks).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import OperationalError

from district.database import DatabaseTrouble, alone
from district.direct import direct

_SERVING = 0x6B696F736C
"""PostgreSQL's advisory lock."""
_TRIES = 10
_AGAIN_SECONDS = 0.1
"""A server that has just ended holds it until PostgreSQL has noticed."""
_RECOVERING = "district recover is at work on this database: try again when it is done"
_SERVED = "a server works on this database: end every district serve on it, on all machines, and recover then"


def share(engine: Engine) -> None:
    """Until the engine is disposed of, others may serve, too, and nobody may recover. Raises DatabaseTrouble while
    somebody does."""
    if engine.dialect.name == "postgresql":
        hold = partial(_hold, engine.dialect.loaded_dbapi)
        event.listen(engine, "connect", hold)
        direct(engine).at_connect(hold)
        engine.dispose()  # of connections without the lock
        try:
            engine.connect().close()
        except OperationalError as trouble:
            raise DatabaseTrouble(str(trouble.orig)) from trouble
    elif engine.url.database:
        descriptor = _lock(engine.url.database, fcntl.LOCK_SH)
        if descriptor is None:
            raise DatabaseTrouble(_RECOVERING)

        def let_go(_engine: Engine) -> None:
            os.close(descriptor)

        event.listen(engine, "engine_disposed", let_go, once=True)


@contextmanager
def unshared(engine: Engine) -> Generator[None]:
    """Nobody serves meanwhile. Raises DatabaseTrouble while somebody does."""
    if engine.dialect.name == "postgresql":
        with alone(engine) as connection:
            for _ in range(_TRIES):  # not in a queue, where it would keep servers' new connections out
                if connection.execute(select(func.pg_try_advisory_lock(_SERVING))).scalar_one():
                    break
                time.sleep(_AGAIN_SECONDS)
            else:
                raise DatabaseTrouble(_SERVED)
            try:
                yield
            finally:
                connection.execute(select(func.pg_advisory_unlock(_SERVING)))
    else:
        descriptor = _lock(str(engine.url.database), fcntl.LOCK_EX)
        if descriptor is None:
            raise DatabaseTrouble(_SERVED)
        try:
            yield
        finally:
            os.close(descriptor)


def _hold(driver: Any, connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        (held,) = cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", (_SERVING,)).fetchone()
    connection.commit()
    if not held:
        connection.close()
        raise driver.OperationalError(_RECOVERING)


def _lock(database: str, kind: int) -> int | None:
    """A descriptor that holds the lock; None while others hold it otherwise."""
    file = Path(database).resolve()
    descriptor = os.open(file.with_name(f"{file.name}-serving"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
