"""Papers: appended where an upload stands, and read again.

An append is durable in its place (:mod:`district.objects`) before it counts; what the whole is, is looked at when its
last byte is there. So a process that is killed between the last byte and the commit leaves a paper that is there and
not complete: whoever asks for it next brings it to its end. Nothing is locked while bytes travel. The row of a
submission is locked when the last of its papers is complete: two processes that end two papers at once must not both
find the other's missing.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from typing import Any

from sqlalchemy import Engine, bindparam, select
from sqlalchemy.engine import Connection

from district.case_numbers import next_cases
from district.database import alone, write
from district.leases import Full, Leases, end_lease
from district.objects import Objects
from district.opening import Keys, PaperLost, Read, kept_body, read_with
from district.outbox import Event, tell
from district.outcomes import NotOpening, Paper, TooLong, Unknown, Upload, WrongDigest, WrongOffset
from district.supplements import settle
from district.tables import ATTACHMENTS, LEASES, SUBMISSIONS
from district.times import now_text
from offline_queue.sealed import NoKey, NotIntact
from offline_queue.wire import Attachment, State

Appended = Upload | Unknown | WrongOffset | TooLong | WrongDigest | NotOpening

# An attachment, and how long its submission's lease lasts; of a terminal, when it is that one's.
_ROW = (
    select(ATTACHMENTS, LEASES.c.until)
    .outerjoin(LEASES, LEASES.c.uid == ATTACHMENTS.c.uid)
    .where(ATTACHMENTS.c.id == bindparam("name"))
)
_ROW_OF = _ROW.join(SUBMISSIONS, SUBMISSIONS.c.uid == ATTACHMENTS.c.uid).where(
    SUBMISSIONS.c.terminal == bindparam("terminal")
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """There is room for more of a paper, whose `row` this is."""

    row: Any


class _Lent(BufferedReader):
    """Of a file that stays open for whoever lent it."""

    def close(self) -> None:
        pass


class PaperStore:
    """The papers of one platform. `of` is the code of the terminal that asks: what is not its own is unknown to it.
    Raises ObjectsAway where papers can't be kept or read now."""

    def __init__(self, engine: Engine, objects: Objects, leases: Leases, keys: Keys) -> None:
        self._engine = engine
        self._objects = objects
        self._leases = leases
        self._keys = keys

    def upload(self, name: str, *, of: str | None = None) -> Upload | Unknown:
        row = self._row(name, of)
        if row is None:
            return Unknown()
        if _is_settled(row):
            return Upload(offset=row.bytes, length=row.bytes)
        offset = self._objects.offset(name)
        if offset < row.bytes:
            return Upload(offset=offset, length=row.bytes)
        finished = self._finish(row, None, None)
        return finished if isinstance(finished, Upload) else Upload(offset=0, length=row.bytes)

    def claim(self, name: str, offset: int, size: int | None, *, of: str | None = None) -> Claimed | Unknown | Full:
        """Before a chunk (of `size` bytes, if that is known) is taken from the line: whether there is room for it."""
        row = self._row(name, of)
        if row is None:
            return Unknown()
        if _is_settled(row):
            return Claimed(row)
        whole = offset == 0 and size == row.bytes
        refusal = self._leases.room() if whole else self._leases.hold(row.uid, of, until=row.until)
        return refusal or Claimed(row)

    def append(self, name: str, offset: int, chunk: bytes, *, of: str | None = None) -> Appended:
        """Add a chunk durably; with the last one the whole file is hashed, and the case opened if complete."""
        row = self._row(name, of)
        return Unknown() if row is None else self.append_to(Claimed(row), offset, chunk)

    def append_to(self, claimed: Claimed, offset: int, chunk: bytes, *, sha256: str | None = None) -> Appended:
        """The same, to what was claimed; `sha256` of the chunk, if that is known."""
        row = claimed.row
        reached = offset + len(chunk)
        if _is_settled(row):
            return WrongOffset()
        if reached > row.bytes:
            return TooLong() if self._objects.offset(row.id) == offset else WrongOffset()
        at_its_end = self._objects.append(row.id, offset, chunk) if chunk else self._objects.offset(row.id) == offset
        if not at_its_end:
            return WrongOffset()
        if reached < row.bytes:
            return Upload(offset=reached, length=row.bytes)
        return self._finish(row, chunk if offset == 0 else None, sha256)

    def _row(self, name: str, of: str | None) -> Any:
        with alone(self._engine) as connection:
            if of is None:
                return connection.execute(_ROW, {"name": name}).first()
            return connection.execute(_ROW_OF, {"name": name, "terminal": of}).first()

    def _finish(self, row: Any, whole: bytes | None, sha256: str | None) -> Upload | WrongDigest | NotOpening:
        """Look at a paper that has all of its bytes; `whole` and their digest when they are at hand."""
        if row.bytes == 0:
            whole = b""
        wrong = WrongDigest() if whole is None else self._look(row, _at_hand(whole), sha256)
        if wrong is not None and row.bytes:  # also where a whole was at hand: what lies there may be another's by now
            wrong = self._look_at_kept(row)
        if wrong is not None:
            return wrong

        def complete(connection: Connection) -> None:
            mine = (ATTACHMENTS.c.id == row.id, ATTACHMENTS.c.complete.is_(False), ATTACHMENTS.c.erased_at.is_(None))
            if connection.execute(ATTACHMENTS.update().where(*mine).values(offset=row.bytes, complete=True)).rowcount:
                _complete(connection, row.uid)

        write(self._engine, complete)
        return Upload(offset=row.bytes, length=row.bytes)

    def _look_at_kept(self, row: Any) -> WrongDigest | NotOpening | None:
        """What was found wrong goes, so that it can come again; never what came in its place meanwhile."""
        try:
            with self._objects.open(row.id) as file:
                if file.seek(0, os.SEEK_END) < row.bytes:  # somebody else found it wrong, and it is coming again
                    return WrongDigest()
                file.seek(0)
                try:
                    wrong = self._look(row, _Lent(file.raw), None)
                except FileNotFoundError:  # an object of it is gone
                    wrong = WrongDigest()
                if wrong is not None and not _is_settled(self._row(row.id, None)):
                    self._objects.delete(row.id, only=file)
                return wrong
        except FileNotFoundError:  # somebody else found it wrong, at the same time
            return WrongDigest()

    def _look(self, row: Any, file: BufferedReader, sha256: str | None) -> WrongDigest | NotOpening | None:
        """`sha256` of what is in the file, if that is known."""
        digest = sha256 or hashlib.file_digest(file, "sha256").hexdigest()
        return WrongDigest() if digest != row.sha256 else self._look_inside(row, file)

    def _look_inside(self, row: Any, file: BufferedReader) -> NotOpening | None:
        with alone(self._engine) as connection:
            read = self._read(connection, row.uid)
        if not isinstance(read, Read) or read.opened is None:  # what is plain was looked at by its digest
            return None
        return None if read.is_intact(row.id, file) else NotOpening()

    def paper(self, name: str) -> Paper | None:
        """A complete paper; None when there is none of this name (any more), or no key for it."""
        with alone(self._engine) as connection:
            row = connection.execute(
                select(ATTACHMENTS.c.uid, ATTACHMENTS.c.bytes).where(
                    ATTACHMENTS.c.id == name, ATTACHMENTS.c.complete, ATTACHMENTS.c.erased_at.is_(None)
                )
            ).first()
            read = None if row is None else self._read(connection, row.uid)
        if row is None or not isinstance(read, Read):
            return None
        (one,) = (one for one in read.envelope.attachments if one.id == name)
        return Paper(
            media_type=one.media_type, bytes=one.bytes, content=self._content(read, one, is_empty=not row.bytes)
        )

    def _content(self, read: Read, one: Attachment, *, is_empty: bool) -> Iterator[bytes]:
        try:
            yield from read.paper(one, _at_hand(b"") if is_empty else self._objects.open(one.id))
        except FileNotFoundError:
            _log.error("the paper %s is complete, and not where papers are kept", one.id)
            raise PaperLost(one.id) from None
        except PaperLost:
            _log.error("the paper %s is complete, and not what was handed in any more", one.id)
            raise

    def _read(self, connection: Connection, uid: str) -> Read | NoKey | NotIntact | None:
        """None when it was erased."""
        body = connection.execute(select(SUBMISSIONS.c.body).where(SUBMISSIONS.c.uid == uid)).scalar_one()
        return None if body is None else read_with(self._keys, kept_body(body))


def _at_hand(content: bytes) -> BufferedReader:
    """Of a paper without a byte nothing is kept."""
    return BufferedReader(BytesIO(content))  # pyright: ignore[reportArgumentType]


def _is_settled(row: Any) -> bool:
    return row.complete or row.erased_at is not None


def _complete(connection: Connection, uid: str) -> None:
    """Open the case if no paper is missing any more."""
    of = SUBMISSIONS.c.uid == uid
    row = connection.execute(select(SUBMISSIONS.c.test, SUBMISSIONS.c.supplement_of).where(of).with_for_update()).one()
    missing = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.uid == uid, ATTACHMENTS.c.complete.is_(False))
    if connection.execute(missing).first() is not None:
        return
    end_lease(connection, uid)
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
