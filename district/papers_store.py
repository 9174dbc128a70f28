"""Papers: appended where an upload stands, and read again.

Papers are files: appended, fsynced, then the offset is committed, so that an offset never promises bytes that a power
cut could take. The row of a paper is locked while it grows, and that of its submission when the last of its papers is
complete: two processes that end two papers at once must not both find the other's missing.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, select
from sqlalchemy.engine import Connection

from district.case_numbers import next_cases
from district.database import alone, write
from district.opening import Keys, Read, kept_body, read_with
from district.outbox import Event, tell
from district.outcomes import NotOpening, Paper, TooLong, Unknown, Upload, WrongDigest, WrongOffset
from district.supplements import settle
from district.tables import ATTACHMENTS, SUBMISSIONS
from district.times import now_text
from offline_queue.sealed import NoKey, NotIntact
from offline_queue.wire import State

Appended = Upload | Unknown | WrongOffset | TooLong | WrongDigest | NotOpening


class PaperStore:
    """The papers of one platform, in a folder. `of` is the code of the terminal that asks: what is not its own is
    unknown to it."""

    def __init__(self, engine: Engine, folder: Path, keys: Keys) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._engine = engine
        self._folder = folder
        self._keys = keys

    def upload(self, name: str, *, of: str | None = None) -> Upload | Unknown:
        with alone(self._engine) as connection:
            row = connection.execute(_upload(name, of)).first()
            return Unknown() if row is None else Upload(offset=row.offset, length=row.bytes)

    def append(self, name: str, offset: int, chunk: bytes, *, of: str | None = None) -> Appended:
        """Add a chunk durably; with the last one the whole file is hashed, and the case opened if complete."""
        return write(self._engine, lambda connection: self._append(connection, name, offset, chunk, of))

    def _append(self, connection: Connection, name: str, offset: int, chunk: bytes, of: str | None) -> Appended:
        row = connection.execute(_upload(name, of).with_for_update(of=ATTACHMENTS)).first()
        if row is None:
            return Unknown()
        if offset != row.offset or row.complete:
            return WrongOffset()
        reached = offset + len(chunk)
        if reached > row.bytes:
            return TooLong()
        path = self._folder / name
        _write_at(path, offset, chunk)
        change = ATTACHMENTS.update().where(ATTACHMENTS.c.id == name)
        if reached < row.bytes:
            connection.execute(change.values(offset=reached))
            return Upload(offset=reached, length=row.bytes)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != row.sha256:
            connection.execute(change.values(offset=0))
            return WrongDigest()
        read = self._read(connection, row.uid)
        if isinstance(read, Read) and not read.is_intact(name, path):
            connection.execute(change.values(offset=0))
            return NotOpening()
        connection.execute(change.values(offset=reached, complete=True))
        _complete(connection, row.uid)
        return Upload(offset=reached, length=row.bytes)

    def paper(self, name: str) -> Paper | None:
        """A complete paper; None when there is none of this name, or no key for it."""
        with alone(self._engine) as connection:
            row = connection.execute(
                select(ATTACHMENTS.c.uid).where(
                    ATTACHMENTS.c.id == name, ATTACHMENTS.c.complete, ATTACHMENTS.c.erased_at.is_(None)
                )
            ).first()
            read = None if row is None else self._read(connection, row.uid)
        if not isinstance(read, Read):
            return None
        (one,) = (one for one in read.envelope.attachments if one.id == name)
        return Paper(media_type=one.media_type, bytes=one.bytes, content=read.paper(one, self._folder / name))

    def _read(self, connection: Connection, uid: str) -> Read | NoKey | NotIntact | None:
        """None when it was erased."""
        body = connection.execute(select(SUBMISSIONS.c.body).where(SUBMISSIONS.c.uid == uid)).scalar_one()
        return None if body is None else read_with(self._keys, kept_body(body))


def _upload(name: str, of: str | None) -> Select[Any]:
    """An attachment's row, when it is that terminal's."""
    rows = select(ATTACHMENTS).where(ATTACHMENTS.c.id == name)
    if of is None:
        return rows
    return rows.join(SUBMISSIONS, SUBMISSIONS.c.uid == ATTACHMENTS.c.uid).where(SUBMISSIONS.c.terminal == of)


def _complete(connection: Connection, uid: str) -> None:
    """Open the case if no paper is missing any more."""
    of = SUBMISSIONS.c.uid == uid
    row = connection.execute(select(SUBMISSIONS.c.test, SUBMISSIONS.c.supplement_of).where(of).with_for_update()).one()
    missing = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.uid == uid, ATTACHMENTS.c.complete.is_(False))
    if connection.execute(missing).first() is not None:
        return
    now = now_text()
    is_case = not row.test and row.supplement_of is None
    case_number = next_cases(connection, now, 1)[0] if is_case else None
    change = SUBMISSIONS.update().where(of)
    connection.execute(
        change.values(state=State.DONE.value, stage="complete", complete_at=now, case_number=case_number)
    )
    if row.supplement_of is not None:
        settle(connection, row.supplement_of, now=now)
    elif is_case:
        tell(connection, Event.COMPLETE, [uid], now=now)


def _write_at(path: Path, offset: int, chunk: bytes) -> None:
    """Put bytes at an offset and make them, and at the start the file's name, durable."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        # What a crash left beyond the committed offset goes.
        os.ftruncate(descriptor, offset)
        view, at = memoryview(chunk), offset
        while view:
            written = os.pwrite(descriptor, view, at)
            view, at = view[written:], at + written
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if offset == 0:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
