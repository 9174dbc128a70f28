"""What the platform keeps, and keeps durably before it answers.

Papers are files: appended, fsynced, then the offset is committed, so that an
offset never promises bytes that a power cut could take. A receipt is stored as bytes and answered byte-identical ever
after; (uid, sha256) is never forgotten. A test submission is kept out of cases: it never gets a case number.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection

from district.database import open_engine, write
from district.opening import Body, Keys, Read, read_body, read_with
from district.outbox import Event, tell
from district.tables import ATTACHMENTS, CASE_COUNTERS, SUBMISSIONS
from offline_queue.sealed import NoKey, NotIntact
from offline_queue.wire import Attachment, Envelope, Progress, Receipt, State, Step, canonical_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The receipt's bytes; `new` when this request stored the submission."""

    receipt: bytes
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The same uid, or an attachment's id, with other content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload resource: `offset` of `length` bytes are durable."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongOffset:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLong:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongDigest:
    """The whole file is not what the envelope declared; it was emptied, to be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpening:
    """The file is what was declared, but not what was sealed; it was emptied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A paper as it was handed in; without the key as it came: its sealed bytes, of unknown material."""

    id: str
    material: str
    media_type: str
    bytes: int
    sha256: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A complete paper's plain bytes, in pieces."""

    media_type: str
    bytes: int
    content: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRow:
    """A submission as staff and `district export` see it. Times are ISO 8601. `outside` is what came; `envelope` what
    was handed in, None when it is sealed to a key that is not here."""

    outside: Body
    envelope: Envelope | None
    sha256: str
    state: State
    case_number: str | None
    received_at: str
    rating: int | None
    papers: tuple[PaperRow, ...]


class DistrictStore:
    """One platform's database and papers. Writes are serialized; safe to use from several threads. `keys` open what is
    sealed, and are kept nowhere here."""

    def __init__(self, url: str, papers: Path, keys: Keys | None = None) -> None:
        self._papers = papers
        self._keys: Keys = keys or {}
        papers.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._engine = open_engine(url)
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

    def take(self, outside: Body, body: bytes) -> Taken | Conflict | NoKey | NotIntact:
        """Store a submission once; a replay gets the first receipt's bytes. What is sealed must open: the terminal
        deletes its copy on our word."""
        return self.take_all([(outside, body)])[0]

    def take_all(self, arrived: Sequence[tuple[Body, bytes]]) -> list[Taken | Conflict | NoKey | NotIntact]:
        """Each as if it had come alone, all in one commit."""

        def all_of_them(connection: Connection) -> list[Taken | Conflict | NoKey | NotIntact]:
            return [self._take(connection, outside, body) for outside, body in arrived]

        with self._lock:
            return write(self._engine, all_of_them)

    def _take(self, connection: Connection, outside: Body, body: bytes) -> Taken | Conflict | NoKey | NotIntact:
        sha256 = hashlib.sha256(body).hexdigest()
        known = connection.execute(
            select(SUBMISSIONS.c.sha256, SUBMISSIONS.c.receipt).where(SUBMISSIONS.c.uid == outside.uid)
        ).first()
        if known is not None:
            return Taken(receipt=known.receipt, new=False) if known.sha256 == sha256 else Conflict()
        read = read_with(self._keys, outside)
        if not isinstance(read, Read):
            return read
        names = [one.id for one in outside.attachments]
        taken = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.id.in_(names))
        if len(set(names)) < len(names) or (names and connection.execute(taken).first() is not None):
            return Conflict()
        now = _now()
        complete = not names
        case_number = self._next_case(connection, now) if complete and not outside.test else None
        state = State.DONE if complete else State.RECEIVED
        receipt = canonical_bytes(
            Receipt(uid=outside.uid, sha256=sha256, state=state, case_number=case_number, missing=tuple(names))
        )
        connection.execute(
            SUBMISSIONS.insert().values(
                uid=outside.uid,
                sha256=sha256,
                body=body,
                receipt=receipt,
                test=outside.test,
                state=state.value,
                case_number=case_number,
                received_at=now,
                complete_at=now if complete else None,
                terminal=outside.kiosk,
                provisional_number=outside.provisional_number,
                matter=read.envelope.matter,
                stage="complete" if complete else "received",
            )
        )
        for position, one in enumerate(outside.attachments):
            kind = (one.material, one.media_type) if isinstance(one, Attachment) else ("", "")
            connection.execute(
                ATTACHMENTS.insert().values(
                    id=one.id,
                    material=kind[0],
                    media_type=kind[1],
                    bytes=one.bytes,
                    sha256=one.sha256,
                    uid=outside.uid,
                    position=position,
                    offset=0,
                    complete=False,
                )
            )
        if complete:
            tell(connection, Event.COMPLETE, [outside.uid], now=now)
        return Taken(receipt=receipt, new=True)

    def progress(self, uid: str, *, of: str | None = None) -> Progress | Unknown:
        """Here and below, `of` is the code of the terminal that asks: what is not its own is unknown to it."""
        with self._engine.connect() as connection:
            row = connection.execute(select(SUBMISSIONS).where(SUBMISSIONS.c.uid == uid)).first()
            if row is None or of not in (None, row.terminal):
                return Unknown()
            missing = connection.execute(
                select(ATTACHMENTS.c.id)
                .where(ATTACHMENTS.c.uid == uid, ATTACHMENTS.c.complete.is_(False))
                .order_by(ATTACHMENTS.c.position)
            ).scalars()
            steps = [Step(at=row.received_at, code="received")]
            if row.complete_at is not None:
                steps.append(Step(at=row.complete_at, code="complete"))
            return Progress(
                uid=uid,
                sha256=row.sha256,
                state=State(row.state),
                case_number=row.case_number,
                missing=tuple(missing),
                steps=tuple(steps),
            )

    def upload(self, name: str, *, of: str | None = None) -> Upload | Unknown:
        with self._engine.connect() as connection:
            row = connection.execute(_upload(name, of)).first()
            return Unknown() if row is None else Upload(offset=row.offset, length=row.bytes)

    def append(
        self, name: str, offset: int, chunk: bytes, *, of: str | None = None
    ) -> Upload | Unknown | WrongOffset | TooLong | WrongDigest | NotOpening:
        """Add a chunk durably; with the last one the whole file is hashed, and the case opened if complete."""
        with self._lock, self._engine.begin() as connection:
            row = connection.execute(_upload(name, of)).first()
            if row is None:
                return Unknown()
            if offset != row.offset or row.complete:
                return WrongOffset()
            reached = offset + len(chunk)
            if reached > row.bytes:
                return TooLong()
            path = self._papers / name
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
            self._complete(connection, row.uid)
            return Upload(offset=reached, length=row.bytes)

    def _read(self, connection: Connection, uid: str) -> Read | NoKey | NotIntact:
        body = connection.execute(select(SUBMISSIONS.c.body).where(SUBMISSIONS.c.uid == uid)).scalar_one()
        return read_with(self._keys, _kept(body))

    def _complete(self, connection: Connection, uid: str) -> None:
        missing = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.uid == uid, ATTACHMENTS.c.complete.is_(False))
        if connection.execute(missing).first() is not None:
            return
        now = _now()
        test = connection.execute(select(SUBMISSIONS.c.test).where(SUBMISSIONS.c.uid == uid)).scalar_one()
        connection.execute(
            SUBMISSIONS.update()
            .where(SUBMISSIONS.c.uid == uid)
            .values(
                state=State.DONE.value,
                stage="complete",
                complete_at=now,
                case_number=None if test else self._next_case(connection, now),
            )
        )
        tell(connection, Event.COMPLETE, [uid], now=now)

    def _next_case(self, connection: Connection, now: str) -> str:
        """The platform's own official number; its look is the platform's alone: `2026-000123`."""
        year = int(now[:4])
        insert = sqlite_insert if self._engine.dialect.name == "sqlite" else postgresql_insert
        counted = insert(CASE_COUNTERS).values(year=year, last=1)
        counted = counted.on_conflict_do_update(index_elements=["year"], set_={"last": CASE_COUNTERS.c.last + 1})
        return f"{year}-{connection.execute(counted.returning(CASE_COUNTERS.c.last)).scalar_one():06d}"

    def rate(self, uid: str, level: int, *, of: str | None = None) -> bool | Unknown:
        """Keep the one rating of a submission; False when there is another one already."""
        asked = select(SUBMISSIONS.c.rating, SUBMISSIONS.c.terminal).where(SUBMISSIONS.c.uid == uid)
        with self._lock, self._engine.begin() as connection:
            row = connection.execute(asked).first()
            if row is None or of not in (None, row.terminal):
                return Unknown()
            if row.rating is None:
                connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.uid == uid).values(rating=level))
                tell(connection, Event.RATED, [uid], now=_now())
            return row.rating in (None, level)

    def submissions(self) -> Iterator[SubmissionRow]:
        """All submissions, oldest first."""
        with self._engine.connect() as connection:
            for row in connection.execute(select(SUBMISSIONS).order_by(SUBMISSIONS.c.seq)):
                yield self._row(connection, row)

    def submission(self, uid: str) -> SubmissionRow | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(SUBMISSIONS).where(SUBMISSIONS.c.uid == uid)).first()
            return None if row is None else self._row(connection, row)

    def paper(self, name: str) -> Paper | None:
        """A complete paper; None when there is none of this name, or no key for it."""
        with self._engine.connect() as connection:
            row = connection.execute(
                select(ATTACHMENTS.c.uid).where(ATTACHMENTS.c.id == name, ATTACHMENTS.c.complete)
            ).first()
            read = None if row is None else self._read(connection, row.uid)
        if not isinstance(read, Read):
            return None
        (one,) = (one for one in read.envelope.attachments if one.id == name)
        return Paper(media_type=one.media_type, bytes=one.bytes, content=read.paper(one, self._papers / name))

    def _row(self, connection: Connection, row: Any) -> SubmissionRow:
        papers = connection.execute(
            select(ATTACHMENTS).where(ATTACHMENTS.c.uid == row.uid).order_by(ATTACHMENTS.c.position)
        )
        outside = _kept(row.body)
        read = read_with(self._keys, outside)
        envelope = read.envelope if isinstance(read, Read) else None
        inside = {one.id: one for one in envelope.attachments} if envelope is not None else {}
        return SubmissionRow(
            outside=outside,
            envelope=envelope,
            sha256=row.sha256,
            state=State(row.state),
            case_number=row.case_number,
            received_at=row.received_at,
            rating=row.rating,
            papers=tuple(
                PaperRow(
                    id=paper.id,
                    material=one.material,
                    media_type=one.media_type,
                    bytes=one.bytes,
                    sha256=one.sha256,
                    complete=paper.complete,
                )
                for paper in papers
                for one in (inside.get(paper.id, paper),)
            ),
        )


def _upload(name: str, of: str | None) -> Select[Any]:
    """An attachment's row, when it is that terminal's."""
    rows = select(ATTACHMENTS).where(ATTACHMENTS.c.id == name)
    if of is None:
        return rows
    return rows.join(SUBMISSIONS, SUBMISSIONS.c.uid == ATTACHMENTS.c.uid).where(SUBMISSIONS.c.terminal == of)


def _kept(content: bytes) -> Body:
    body = read_body(content)
    if body is None:
        raise ValueError("a kept body is not one: the database was changed")
    return body


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


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="seconds")
