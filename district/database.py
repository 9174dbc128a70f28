"""Opening the platform's database, and writing to it so that an acknowledged commit is on the disk.

SQLite runs with a rollback journal and synchronous=EXTRA: the interpreter's own SQLite may have the WAL-reset bug, and
EXTRA also makes the journal's removal durable. A PostgreSQL that could lose a commit is refused. Whoever opens a
database brings it to today's tables first, in one transaction. Others wait for that as long as it takes; at an SQLite
file ten seconds, as for any other writer. A database of a newer platform is left alone. Where they are today's already,
it is enough to be allowed to read and write rows. Several processes may work on one: what could meet is locked in the
database, never in a process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import ArgumentError, DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as QueuePoolTimeout

from district.outward import plain_host
from offline_queue.blobs import private_folder

_MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATING = 0x6B696F736B  # PostgreSQL's advisory lock of whoever migrates: "kiosk"
_OURS = {"uid", "sha256", "body", "receipt", "case_number"}
_TRIES = 8
_FORBIDDEN = "42501"  # insufficient_privilege
_AGAIN = ("40001", "40P01")  # serialization_failure and deadlock_detected, of which PostgreSQL says: once more
_PATIENCE = "lock_timeout = '20s'"
DURABLE = (
    "SET synchronous_commit = on",  # whatever the role or the database have for others
    "SET idle_in_transaction_session_timeout = '60s'",  # a process that was stopped must not hold a lock for ever
    f"SET {_PATIENCE}",
)
"""What each session on PostgreSQL begins with."""
# A plan that was kept from when a table was small reads all of it, until somebody analyses it: a district's first
# hours, or its first minutes after a rush began.
_PLANS = "SET plan_cache_mode = force_custom_plan"
_CONNECTIONS = 14
"""To PostgreSQL. None is closed after its use: to open one costs more than the use."""
CONNECT_SECONDS = 10
POOL_SECONDS = 20.0
AWAY = (OperationalError, InternalError, QueuePoolTimeout)
"""What is raised by a database that is gone, full or busy, or may only be read: later it may be back."""
_IN_TURN = threading.Lock()
"""Threads of one process write to SQLite in turn. Its own way of waiting, which other processes are left with, is to
ask again after a while, and may miss its turn for long."""

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseTrouble(Exception):
    """The database can't be used; the text says why, in a sentence for whoever runs the platform."""


class NoPlatform(DatabaseTrouble):
    """There is no database, or nothing in it yet."""


def open_engine(url: str, *, begin: bool = True) -> Engine:
    """An engine on a database with today's tables. `postgresql://` means psycopg 3. Raises DatabaseTrouble; NoPlatform
    where there is none, and none is to `begin`."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as trouble:
        raise DatabaseTrouble("not a database URL") from trouble
    engine = _sqlite(address, begin=begin) if address.get_backend_name() == "sqlite" else _postgresql(address)
    try:
        _migrate(engine, begin=begin)
    except DBAPIError as trouble:
        engine.dispose()
        said = f"the database can't be opened: {str(trouble.orig).strip()}"
        if is_forbidden(trouble):
            said += ". Let the account that owns the tables run district migrate with this version, and give this one "
            said += "the rights of docs/district.md (Two accounts)"
        raise DatabaseTrouble(said) from trouble
    except DatabaseTrouble:
        engine.dispose()
        raise
    return engine


@contextmanager
def alone(engine: Engine) -> Generator[Connection]:
    """Each statement by itself, without a transaction around them: it sees what is committed, and locks nothing."""
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def again(work: Callable[P, T]) -> Callable[P, T]:
    """Does it from the start where the database asks for that, or had ended the connection while it lay idle."""

    @wraps(work)
    def patient(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_TRIES - 1):
            try:
                return work(*args, **kwargs)
            except DBAPIError as trouble:
                # Without a statement it was a commit, and nobody knows what became of it.
                stale = trouble.connection_invalidated and trouble.statement is not None
                if not stale and getattr(trouble.orig, "sqlstate", None) not in _AGAIN:
                    raise
        return work(*args, **kwargs)

    return patient


@again
def write(engine: Engine, work: Callable[[Connection], T]) -> T:
    """What `work` gives, in one durable commit. It is done again from the start where the database asks for it, so it
    must have no other effect. Writers of an SQLite file wait for each other; those of PostgreSQL at the same rows."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            return work(connection)
    with _IN_TURN, engine.begin() as connection:
        # Before anything is read: two who read first and write then would be in each other's way.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return work(connection)


def is_forbidden(trouble: DBAPIError) -> bool:
    """Whether PostgreSQL says that this account may not do that, whoever else may."""
    return getattr(trouble.orig, "sqlstate", None) == _FORBIDDEN


def put(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert, or take the place of what has the same key."""
    insert = (postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert)(table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=others), rows)


def _sqlite(address: URL, *, begin: bool) -> Engine:
    others = address.drivername != "sqlite"  # drivers, that would not be there, or would wait in another way
    if others or not address.database or address.database == ":memory:" or address.host or address.query:
        # One in memory would acknowledge what goes with the process, and a query can make one of a path.
        raise DatabaseTrouble("an SQLite database is a file: sqlite:///PATH, and nothing after it")
    file = Path(address.database)
    if not begin and not file.exists():
        raise NoPlatform(f"there is no database at {file.absolute()}")
    private_folder(file.parent)
    # What is in it is the residents', also where the folder is open to others; its journal takes the same mode.
    file.touch(mode=0o600)
    engine = create_engine(address, hide_parameters=True)  # they are a resident's, and would be in a log

    def make_durable(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for setting in ("journal_mode = DELETE", "synchronous = EXTRA", "foreign_keys = ON", "busy_timeout = 10000"):
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    event.listen(engine, "connect", make_durable)
    return engine


def _postgresql(address: URL) -> Engine:
    if address.get_backend_name() != "postgresql":
        raise DatabaseTrouble("the database is an SQLite file (sqlite:///…) or a PostgreSQL (postgresql://…)")
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,
        # Without the encoding a database in SQL_ASCII answers in bytes, before it can be told why it is refused.
        connect_args={"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8"},
    )
    _, told = engine.dialect.create_connect_args(engine.url)
    driver: Any = engine.dialect.loaded_dbapi
    try:
        host = plain_host(driver, told)
    except driver.Error as trouble:
        raise DatabaseTrouble(f"the database can't be opened: {trouble}") from trouble
    if host is not None:
        raise DatabaseTrouble(
            f"the line to PostgreSQL on {host} leaves this machine, and may be read, or end at another server:"
            " add ?sslmode=verify-full&sslrootcert=FILE to its address, where FILE is the authority of its certificate"
        )

    def make_durable(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("; ".join((*DURABLE, _PLANS)))
        connection.commit()

    event.listen(engine, "connect", make_durable)
    return engine


def _migrate(engine: Engine, *, begin: bool) -> None:
    head = _script().get_current_head()
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            _look_for_durability(connection)
        revision = _revision(connection)
        if revision == head:
            return
        if not begin and revision is None and not inspect(connection).has_table("submission"):
            raise NoPlatform("nothing of a platform is in this database")

    def bring_up(connection: Connection) -> None:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
            # But not for tables that somebody uses, where everybody else would queue up behind us.
            connection.exec_driver_sql(f"SET LOCAL {_PATIENCE}")
        _look_at_what_is_there(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    write(engine, bring_up)


def _look_for_durability(connection: Connection) -> None:
    for setting in ("fsync", "full_page_writes"):
        if connection.exec_driver_sql(f"SHOW {setting}").scalar_one() != "on":
            raise DatabaseTrouble(f"PostgreSQL runs with {setting} off: a power cut could take what was acknowledged")
    if connection.exec_driver_sql("SHOW server_encoding").scalar_one() != "UTF8":
        raise DatabaseTrouble("the PostgreSQL database is not in UTF8: make it with createdb --encoding UTF8")


def _look_at_what_is_there(connection: Connection) -> None:
    revision = _revision(connection)
    known = {one.revision for one in _script().walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseTrouble(
            f"the database is of a newer platform than this one (its revision is {revision}): install that version"
        )
    look = inspect(connection)
    if revision is None and look.has_table("submission"):
        there = {column["name"] for column in look.get_columns("submission")}
        if not there >= _OURS:
            raise DatabaseTrouble("the database is not a district platform's: its table submission is another's")


def _revision(connection: Connection) -> str | None:
    """Which revision a database is at; None for an empty one, and for one of before there were revisions."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@cache
def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
