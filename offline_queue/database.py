"""The one connection to the queue's file, with the settings that make COMMIT mean durable.

WAL with synchronous=FULL: of 20 acknowledged puts 20 survived a power cut, with NORMAL none. apsw brings its own
SQLite, since 3.7.0-3.51.2 can corrupt a WAL that two connections use. No memory map: a torn page must be an error, not
a SIGBUS.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol, cast

import apsw

SCHEMA_VERSION = 4
PAPERS_BEFORE_ROWS = 0x544B5051
"""The application id of a file that was made where papers lay already: its rows don't say which of them are needed."""
Value = str | int | float | bytes | None
Row = tuple[Any, ...]
_BUSY_MS = 10_000
_DISTRUSTED = (apsw.IOError, apsw.CantOpenError, apsw.CorruptError)
_OLDEST_SQLITE = (3, 51, 3)


class NewerQueue(Exception):
    """The file was written by a newer program, as `version`; using it could lose data."""

    def __init__(self, version: object) -> None:
        super().__init__(f"a queue of version {version}, where {SCHEMA_VERSION} is the newest known")
        self.version = version


class DamagedQueue(Exception):
    """The disk gives another file than was written: it can't be opened as it is (:mod:`offline_queue.salvage`)."""


class _Cursor(Protocol):
    def fetchall(self) -> list[Row]: ...

    def fetchone(self) -> Row | None: ...


class _Connection(Protocol):
    """The part of apsw.Connection that is used here; apsw's own stubs leave its values partly unknown."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, values: Sequence[Value] = (), /) -> _Cursor: ...

    def executemany(self, sql: str, rows: Sequence[Sequence[Value]], /) -> object: ...

    def changes(self) -> int: ...

    def last_insert_rowid(self) -> int: ...

    def close(self, force: bool = False, /) -> None: ...


class Transaction:
    """Statements inside one transaction. apsw types a value as every type SQLite knows; the schema says which it is."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def all(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except UnicodeDecodeError:
            return self._spelled(sql, values)

    def one(self, sql: str, values: Sequence[Value] = ()) -> Row | None:
        try:
            return self._connection.execute(sql, values).fetchone()
        except UnicodeDecodeError:
            return next(iter(self._spelled(sql, values)), None)

    def _spelled(self, sql: str, values: Sequence[Value]) -> list[Row]:
        """The rows of a SELECT in which a flipped bit left text that is no UTF-8: U+FFFD stands for what can't be read,
        and equals nothing that was ever written. apsw itself decodes strictly, so the text is asked for as bytes."""
        from apsw import ext  # takes longer to load than all the rest, and no sound file needs it

        described: Any = ext  # its own stubs leave its values partly unknown
        columns = range(len(described.query_info(self._connection, sql).description))
        asked = ", ".join(
            f"typeof(c{n}) = 'text', iif(typeof(c{n}) = 'text', CAST(c{n} AS BLOB), c{n})" for n in columns
        )
        named = ", ".join(f"c{n}" for n in columns)
        rows = self._connection.execute(f"WITH spelled({named}) AS ({sql}) SELECT {asked} FROM spelled", values)  # noqa: S608 - a statement of this program  # nosec B608
        return [
            tuple(row[n + 1].decode("utf-8", "replace") if row[n] else row[n + 1] for n in range(0, len(row), 2))
            for row in rows.fetchall()
        ]

    def value(self, sql: str, values: Sequence[Value] = ()) -> Any:
        """The first column of the first row; None without one."""
        row = self.one(sql, values)
        return None if row is None else row[0]

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Execute, and say how many rows were changed."""
        self._connection.execute(sql, values).fetchall()
        return self._connection.changes()

    def run_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        self._connection.executemany(sql, rows)

    def last_row(self) -> int:
        return self._connection.last_insert_rowid()


class Database:
    """One writer connection, shared by the threads of this process under one lock."""

    def __init__(self, path: Path, *, papers_before: bool = False) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._papers_before = papers_before
        self._lock = threading.RLock()
        self._indexes_differ = self._beyond_indexes = False
        version = apsw.sqlite_lib_version()
        if tuple(int(part) for part in version.split(".")) < _OLDEST_SQLITE:
            raise RuntimeError(f"SQLite {version} has the WAL-reset bug; 3.51.3 or later is needed")
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        try:
            self._connection: _Connection | None = self._connect()
        except (apsw.CorruptError, apsw.NotADBError) as failure:
            raise DamagedQueue(str(path)) from failure

    def _connect(self) -> _Connection:
        opened = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        opened.set_busy_timeout(_BUSY_MS)
        connection = cast("_Connection", opened)
        try:
            _known(connection)
        except NewerQueue:
            # Not even its log is brought into a file that isn't ours to change.
            opened.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.close()
            raise
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA mmap_size = 0")
        # A checkpoint costs two syncs more; 8 MiB of log hold some 200 puts.
        connection.execute("PRAGMA wal_autocheckpoint = 2000")
        # What is forgotten is overwritten with zeros, not only unlinked.
        connection.execute("PRAGMA secure_delete = ON")
        # Temporary tables would be files in /tmp.
        connection.execute("PRAGMA temp_store = MEMORY")
        settings = _setting(connection, "journal_mode"), _setting(connection, "synchronous")
        if settings != ("wal", 2):
            connection.close()
            raise RuntimeError(f"the queue needs WAL and synchronous=FULL, but the file system gave {settings}")
        try:
            self._lay_schema(connection)
        except BaseException:
            connection.close()
            raise
        connection.execute("PRAGMA foreign_keys = ON")  # only now: a migration lays tables anew
        return connection

    def _lay_schema(self, connection: _Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _known(connection)
            if version != 0 and (_tables(connection) == _tables_now()) != (version == SCHEMA_VERSION):
                raise apsw.CorruptError("a bit of the schema has flipped")
            if version == 0:
                connection.execute(_sql("schema"))
                if self._papers_before:
                    connection.execute(f"PRAGMA application_id = {PAPERS_BEFORE_ROWS}")
            else:
                for step in range(version + 1, SCHEMA_VERSION + 1):
                    connection.execute(_sql(f"migration_{step}"))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def write(self, *, durable: bool = True) -> Generator[Transaction]:
        """One transaction; durable when the block has ended. The write lock is held from the first line on.

        Without `durable` it is whole and seen by everybody, but a power cut may take it back; the next durable one
        makes it durable, too.
        """
        with self._used() as connection:
            if not durable:
                connection.execute("PRAGMA synchronous = NORMAL")
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield Transaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                # A failed COMMIT (disk full, I/O error) may have rolled back by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                if not durable:
                    connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def read(self) -> Generator[Transaction]:
        """Several statements on one state of the file."""
        with self._used() as connection:
            # Nested in a write, the statements see what that has written so far.
            begun = not connection.in_transaction
            if begun:
                connection.execute("BEGIN")
            try:
                yield Transaction(connection)
            finally:
                if begun:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _used(self) -> Generator[_Connection]:
        """The connection, opened anew where the disk failed the one before: its view of the file can't be trusted."""
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
                self._make_indexes_anew()
            try:
                yield self._connection
            except _DISTRUSTED as failure:
                self._forget()
                self._indexes_differ = isinstance(failure, apsw.CorruptError)
                raise

    def _forget(self) -> None:
        self.close()
        self._connection = None

    def _make_indexes_anew(self) -> None:
        """After damage was met: where one bit made an index differ from its rows, no row could be written any more."""
        if not self._indexes_differ or self._beyond_indexes or self._connection is None:
            return
        self._indexes_differ = False
        try:
            self._connection.execute("REINDEX")
        except apsw.Error:
            self._beyond_indexes = True  # tried once: the rows themselves can't be read
            self._forget()
            self._connection = self._connect()

    def version(self) -> int:
        """Changes when another connection has committed; not by what is written through this one."""
        with self._used() as connection:
            return cast("int", _setting(connection, "data_version"))

    def log_bytes(self) -> int:
        """What the log takes on the disk."""
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def empty_log(self) -> None:
        """Bring everything into the main file and cut the log, which keeps old pages; left for later when in use."""
        with suppress(apsw.BusyError, apsw.LockedError), self._used() as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")

    def close(self) -> None:
        with self._lock, suppress(apsw.Error):
            if self._connection is not None:
                self._connection.close(True)


def _sql(name: str) -> str:
    return files("offline_queue").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def _known(connection: _Connection) -> int:
    """The version of the file's schema."""
    version = _setting(connection, "user_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise NewerQueue(version)
    return version


def _tables(connection: _Connection) -> frozenset[bytes]:
    """Name and text of everything in the schema; a migration leaves other blanks and quotes than schema.sql."""
    rows = connection.execute("SELECT CAST(name || ' ' || sql AS BLOB) FROM sqlite_schema WHERE sql IS NOT NULL")
    return frozenset(b"".join(text.replace(b'"', b"").split()) for (text,) in rows.fetchall())


@cache
def _tables_now() -> frozenset[bytes]:
    connection = cast("_Connection", apsw.Connection(":memory:"))
    connection.execute(_sql("schema"))
    return _tables(connection)


def _setting(connection: _Connection, name: str) -> object:
    row = connection.execute(f"PRAGMA {name}").fetchone()
    return None if row is None else row[0]
