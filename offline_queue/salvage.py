"""A queue whose file can't be read as a whole any more: what is legible of it goes into a new one, the old one is kept.

A flipped bit in a page's own order (not in what lies on it) takes all rows of that page, and one on the first pages the
whole file. The rows of other pages are as they were. Each is read by itself, by its number and not by an index, and
written into a new file; what it says is looked at afterwards like any row (:mod:`offline_queue.repairing`). Papers are
files of their own, and stay. Nothing is deleted: the damaged file lies in `damaged-<time>` beside the new one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from offline_queue.blobs import sync_folder
from offline_queue.damage import AS_HELD
from offline_queue.database import DamagedQueue, Database
from offline_queue.model import Clock

_NAME = "queue.db"
_PAGE = 4096
_PAGE_COUNT = slice(28, 32)
"""Of the file's header: how many pages it has (SQLite's file format, section 1.3)."""
_LOCKED = 0x4000_0002, 510
"""The bytes that every connection to a file in WAL mode keeps locked: SQLite's SHARED_FIRST and SHARED_SIZE."""
_MOST_ROWS = 10_000_000


class InUse(Exception):
    """Another process has the queue open: the terminal, or `kiosk sync`."""


class Illegible(Exception):
    """Nothing can be read of it. Everything was left as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """`rows` submissions are in the new file. `kept` is the folder with the damaged one."""

    rows: int
    kept: Path


def salvage(folder: Path, clock: Clock) -> Salvaged:
    """Raises InUse, Illegible, OSError (no room, say); then nothing has changed."""
    path = folder / _NAME
    new, copy = path.with_name(f"{_NAME}.new"), path.with_name(f"{_NAME}.copy")
    with _alone(path):
        try:
            rows = _carry_over(path, copy, new)
            kept = folder / f"damaged-{clock.wall():%Y%m%d-%H%M%S}"
            _keep(folder, kept)
            # What stood in the old log is in the new file; under it, it would be taken for the new file's own.
            path.with_name(f"{_NAME}-wal").unlink(missing_ok=True)
            path.with_name(f"{_NAME}-shm").unlink(missing_ok=True)
            os.replace(new, path)
            sync_folder(folder)
        finally:
            for left in (*folder.glob(f"{new.name}*"), *folder.glob(f"{copy.name}*")):
                left.unlink()
    return Salvaged(rows=rows, kept=kept)


@contextmanager
def _alone(path: Path) -> Generator[None]:
    """Nobody else has the file open, and nobody can open it."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED[1], _LOCKED[0])
        except OSError as failure:
            raise InUse from failure
        yield
    finally:
        os.close(descriptor)


def _keep(folder: Path, kept: Path) -> None:
    kept.mkdir(mode=0o700)
    for name in (_NAME, f"{_NAME}-wal"):
        if (folder / name).exists():
            shutil.copy2(folder / name, kept / name)
            with (kept / name).open("rb") as file:
                os.fsync(file.fileno())
    sync_folder(kept)


def _carry_over(path: Path, copy: Path, new: Path) -> int:
    """Make the new file out of a copy of the old one; gives how many submissions are in it."""
    shutil.copyfile(path, copy)
    with suppress(FileNotFoundError):
        shutil.copyfile(path.with_name(f"{_NAME}-wal"), copy.with_name(f"{copy.name}-wal"))
    Database(new, papers_before=True).close()
    try:
        Database(copy).close()
    except DamagedQueue:
        _lay_schema_pages(copy, new)
    connection: Any = apsw.Connection(str(new))
    with closing(connection):
        connection.execute("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF")
        try:
            connection.execute("ATTACH ? AS old", (str(copy),))
        except apsw.Error as failure:
            raise Illegible from failure
        columns = ", ".join(AS_HELD)
        with suppress(apsw.Error):  # all at once also finds what the tree's own keys no longer lead to
            connection.execute(
                f"INSERT INTO submission (seq, {columns}) SELECT seq, {columns} FROM old.submission NOT INDEXED"  # noqa: S608 - constants  # nosec B608
            )
        for seq in range(1, _last(connection) + 1):
            _carry(connection, seq)
            with suppress(apsw.Error):
                connection.execute("INSERT INTO rating SELECT * FROM old.rating WHERE submission = ?", (seq,))
        (rows,) = connection.execute("SELECT count(*) FROM submission").fetchone()
        if rows == 0:
            raise Illegible
        # Where a table can't be read, the forms name their papers, and the numbers say how far a day had come. Without
        # a WHERE clause SQLite would copy the rows unread, damage and all (its "xfer" optimization).
        for table in ("attachment", "counter"):
            with suppress(apsw.Error):
                connection.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM old.{table} WHERE true")  # noqa: S608 - constants  # nosec B608
        connection.execute("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)")
    return rows


def _carry(connection: Any, seq: int) -> None:
    """One submission into the new file; one by one, since a page that can't be read ends a transaction."""
    columns = ", ".join(AS_HELD)
    for values in (columns, ", ".join(AS_HELD.values())):  # as it is, or else held
        with suppress(apsw.CorruptError, apsw.IOError):
            try:
                connection.execute(
                    f"INSERT OR IGNORE INTO submission (seq, {columns}) SELECT seq, {values} FROM old.submission NOT INDEXED WHERE seq = ?",  # noqa: S608, E501 - constants  # nosec B608
                    (seq,),
                )
            except apsw.ConstraintError:
                continue
        return


def _last(connection: Any) -> int:
    """The highest number that a submission can have."""
    asked = (
        "SELECT seq FROM old.sqlite_sequence WHERE name = 'submission'",
        "SELECT max(seq) FROM old.submission NOT INDEXED",
        "SELECT max(seq) FROM (SELECT seq FROM old.submission INDEXED BY sqlite_autoindex_submission_1)",
    )
    found = [0]
    for statement in asked:
        with suppress(apsw.Error):
            found += [row[0] for row in connection.execute(statement).fetchall() if isinstance(row[0], int)]
    return min(max(found), _MOST_ROWS)


def _lay_schema_pages(copy: Path, new: Path) -> None:
    """The schema of every queue of this version is the same: its pages are taken from the new file, which has no rows.

    A file that was once of an older version may have its tables elsewhere; then nothing comes of it.
    """
    connection: Any = apsw.Connection(str(new))
    with closing(connection):
        roots = {page for (page,) in connection.execute("SELECT rootpage FROM sqlite_schema").fetchall()}
    fresh, content = new.read_bytes(), bytearray(copy.read_bytes())
    for number in range(1, len(fresh) // _PAGE + 1):
        if number not in roots:
            page = slice((number - 1) * _PAGE, number * _PAGE)
            content[page] = fresh[page]
    content[_PAGE_COUNT] = (len(content) // _PAGE).to_bytes(4, "big")
    copy.write_bytes(content)
