"""`kiosk queue verify`: every row, digest and file of the queue is compared with what was frozen; nothing is changed.

What is sealed proves the rest: a body that opens says which uid, number and papers it was put with, and a row that says
something else was changed by the disk. Each row is looked at by itself, so that one that can't be read hides no other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw

from offline_queue.blobs import Blobs
from offline_queue.damage import SOUND, Place, kept, rows_of
from offline_queue.database import Row, Transaction, Value
from offline_queue.findings import Finding, Wrong
from offline_queue.freezing import SentForm, SentPaper
from offline_queue.numbers import counter_of, is_number
from offline_queue.offering import offered_to
from offline_queue.queue_time import QueueClock
from offline_queue.reasons import is_reason
from offline_queue.retry import LONGEST_WAIT
from offline_queue.sealing import Sealer
from offline_queue.summary import ReprintData, Summary
from offline_queue.wire import read_receipt

_COLUMNS = ", ".join(
    [
        "seq",
        *map(kept, ("uid", "number", "state", "test", "body", "body_sha256", "body_bytes", "key_id", "summary")),
        *map(kept, ("finder", "reprint", "created_wall", "next_mono", "lease", "last_error", "receipt", "case_number")),
        kept("reason"),
        SOUND,
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A row with every value of its type, and the body as it would be sent: None when it is not what was frozen."""

    seq: int
    uid: str
    number: str
    state: str
    test: int
    sha256: str
    bytes: int
    key_id: str
    summary: bytes
    finder: bytes | None
    reprint: bytes | None
    created: str
    due: float
    lease: str | None
    last_error: str | None
    receipt: bytes | None
    case_number: str | None
    reason: bytes | None
    sound: bool
    body: bytes | None

    @property
    def ended(self) -> bool:
        return self.state in ("done", "cancelled")

    def declared(self) -> dict[str, Any]:
        """What a body that is intact says of itself: JSON, sealed to the district or not."""
        return {} if self.body is None else json.loads(self.body)


def read_row(row: Row, sealer: Sealer) -> Checked:
    seq, uid, number, state, test, stored, sha256, size, key_id, summary, finder, reprint, created, due, *more = row
    lease, last_error, receipt, case_number, reason, sound = more
    form = SentForm(uid=uid, key_id=key_id, sha256=sha256)
    return Checked(
        seq=seq,
        uid=uid,
        number=number,
        state=state,
        test=test,
        sha256=sha256,
        bytes=size,
        key_id=key_id,
        summary=summary,
        finder=finder,
        reprint=reprint,
        created=created,
        due=due,
        lease=lease,
        last_error=last_error,
        receipt=receipt,
        case_number=case_number,
        reason=reason,
        sound=bool(sound),
        body=None if stored is None else form.body(stored, sealer),
    )


def checked_rows(connection: Transaction, sealer: Sealer, which: str = "1") -> Iterator[Checked | Place]:
    """Every submission (of those that `which` asks for), oldest first; its place where its row can't be read."""
    for row in rows_of(connection, _COLUMNS, which):
        yield row if isinstance(row, Place) else read_row(row, sealer)


class Verifier:
    """Looks at one queue. Nothing is raised for what is wrong in it."""

    def __init__(self, connection: Transaction, *, blobs: Blobs, sealer: Sealer, clock: QueueClock) -> None:
        self._connection = connection
        self._blobs = blobs
        self._sealer = sealer
        self._clock = clock
        self._counted: dict[str, int] = {}

    def findings(self, *, unknown: Iterable[str]) -> Iterator[Finding]:
        """`unknown`: names of files that no row knows."""
        yield from self._part(self._database)
        yield from self._part(self._submissions)
        yield from self._part(self._ratings)
        yield from self._part(self._counters)
        yield from (Finding(uid=None, code=Wrong.PAPER_UNKNOWN, detail=name) for name in unknown)

    def _part(self, part: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from part()
        except apsw.Error as failure:
            yield Finding(uid=None, code=Wrong.DATABASE, detail=type(failure).__name__)

    def _database(self) -> Iterator[Finding]:
        for (answer,) in self._connection.all("PRAGMA integrity_check(1)"):
            if answer != "ok":
                yield Finding(uid=None, code=Wrong.DATABASE, detail=str(answer)[:200])
        for table, name in orphans(self._connection):
            yield Finding(uid=None, code=Wrong.ORPHAN, detail=f"{table} {name}")

    def _submissions(self) -> Iterator[Finding]:
        for row in checked_rows(self._connection, self._sealer):
            if isinstance(row, Place):
                yield Finding(uid=row.uid, code=Wrong.ROW_UNREADABLE, detail=row.number)
                continue
            counted = counter_of(row.number)
            if counted is not None:
                self._counted[counted[0]] = max(self._counted.get(counted[0], 0), counted[1])
            yield from (Finding(uid=row.uid, code=code, detail=detail) for code, detail in self._row(row))
            yield from self._papers(row)

    def _row(self, row: Checked) -> Iterator[tuple[Wrong, str]]:
        if not row.sound:
            yield Wrong.ROW, "a value that was never written"
        if not is_number(row.number):
            yield Wrong.NUMBER, "its check character does not fit"
        if row.body is None and not is_time(row.created):
            yield Wrong.ROW, "created_wall"
        if row.last_error is not None and not is_reason(row.last_error):
            yield Wrong.ROW, "last_error"
        if row.state == "sending" and row.lease is None:
            yield Wrong.SENDING, ""
        if is_put_off_for_ever(row, self._clock):
            yield Wrong.DUE, ""
        yield from self._sealed(row)
        if row.receipt is not None:
            receipt = read_receipt(row.receipt)
            if receipt is None or (receipt.uid, receipt.sha256) != (row.uid, row.sha256):
                yield Wrong.RECEIPT, "the kept receipt is not about these bytes"
            elif receipt.case_number not in (None, row.case_number):
                yield Wrong.ROW, "case_number"
        if row.state != "done":
            yield from self._body(row)

    def _sealed(self, row: Checked) -> Iterator[tuple[Wrong, str]]:
        summary = Summary.opened(self._sealer, row.uid, row.summary)
        if summary is None:
            yield Wrong.SUMMARY, "sealed with another key, or damaged"
        elif summary.finder is not None and summary.finder != (row.finder or b"").hex():
            yield Wrong.FINDER, ""
        if row.reprint is not None and ReprintData.opened(self._sealer, row.uid, row.reprint) is None:
            yield Wrong.REPRINT, ""
        if row.reason is not None and self._sealer.open(row.reason, context=f"{row.uid}/reason") is None:
            yield Wrong.REASON, ""

    def _body(self, row: Checked) -> Iterator[tuple[Wrong, str]]:
        if row.body is None:
            yield Wrong.BODY, "what would be sent is not what was frozen"
            return
        yield from ((Wrong.ROW, column) for column, _ in differing_columns(row))

    def _papers(self, row: Checked) -> Iterator[Finding]:
        if row.body is not None and differing_papers(self._connection, row):
            yield Finding(uid=row.uid, code=Wrong.PAPERS_DIFFER)
        for name, size, sha256, state in self._connection.all(
            "SELECT id, bytes, sha256, state FROM attachment WHERE submission = ? ORDER BY position", (row.seq,)
        ):
            path = self._blobs.path(str(name))
            if row.state == "done":
                if path.exists():
                    yield Finding(uid=row.uid, code=Wrong.PAPER_LEFT, detail=name)
            elif not path.exists():
                yield Finding(uid=row.uid, code=Wrong.PAPER_MISSING, detail=name)
            elif state not in ("ready", "done") or not self._is_intact(row, name, size, sha256, path):
                yield Finding(uid=row.uid, code=Wrong.PAPER, detail=name)

    def _is_intact(self, row: Checked, name: str, size: int, sha256: str, path: Path) -> bool:
        paper = SentPaper(uid=row.uid, key_id=row.key_id, id=name, bytes=size, sha256=sha256, path=path)
        try:
            return paper.is_intact(self._sealer)
        except (OSError, TypeError):  # a number that a bit has made a text
            return False

    def _ratings(self) -> Iterator[Finding]:
        for (uid,) in self._connection.all(
            """
            SELECT s.uid FROM rating r JOIN submission s ON s.seq = r.submission
            WHERE typeof(r.level) <> 'integer' OR r.level NOT BETWEEN 1 AND 5 OR typeof(r.attempts) <> 'integer'
               OR r.state NOT IN ('ready', 'done', 'held')
            """
        ):
            yield Finding(uid=uid, code=Wrong.RATING)

    def _counters(self) -> Iterator[Finding]:
        counters = dict(self._connection.all("SELECT day, last FROM counter"))
        for day, last in self._counted.items():
            if not isinstance(counters.get(day), int) or counters[day] < last:
                yield Finding(uid=None, code=Wrong.COUNTER, detail=f"{day} {last}")
        sent = self._connection.value(
            "SELECT max(seq) FROM submission WHERE attempts > 0 OR (receipt IS NOT NULL AND exported_epoch IS NULL)"
        )
        if (sent or 0) > offered_to(self._connection):
            yield Finding(uid=None, code=Wrong.OFFERED, detail=str(sent))


def declared_papers(row: Checked) -> list[Row]:
    """Id, bytes and SHA-256 of each paper, as an intact body names them."""
    return [(one["id"], one["bytes"], one["sha256"]) for one in row.declared()["attachments"]]


def differing_papers(connection: Transaction, row: Checked) -> bool:
    """Whether the rows of its papers are other ones than an intact body names."""
    asked = "SELECT id, bytes, sha256 FROM attachment WHERE submission = ? ORDER BY position"
    return connection.all(asked, (row.seq,)) != declared_papers(row)


def differing_columns(row: Checked) -> Iterator[tuple[str, Value]]:
    """The columns that say something else than an intact body, and what that says."""
    if row.body is not None:
        said = row.declared()
        for column, has, frozen in (
            ("uid", row.uid, said["uid"]),
            ("number", row.number, said["provisional_number"]),
            ("test", row.test, int(said["test"])),
            ("created_wall", row.created, said["created"]),
            ("body_bytes", row.bytes, len(row.body)),
        ):
            if has != frozen:
                yield column, frozen


def is_put_off_for_ever(row: Checked, clock: QueueClock) -> bool:
    """Whether it would be due later than anything is ever put off."""
    return row.state in ("ready", "received") and row.due > clock.monotonic() + LONGEST_WAIT


def orphans(connection: Transaction) -> list[tuple[str, str | int]]:
    """Papers and ratings whose submission is not there: table and key."""
    nobody = "submission NOT IN (SELECT seq FROM submission)"
    papers = connection.all(f"SELECT id FROM attachment WHERE {nobody}")  # noqa: S608 - a constant  # nosec B608
    ratings = connection.all(f"SELECT submission FROM rating WHERE {nobody}")  # noqa: S608 - a constant  # nosec B608
    return [*(("attachment", name) for (name,) in papers), *(("rating", seq) for (seq,) in ratings)]


def is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
