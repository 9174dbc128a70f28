"""`kiosk queue verify`: every row, digest and file of the queue is compared with what was frozen; nothing is changed.

`--repair` mends only what can be mended without losing anything: indexes are made anew from their rows, what a dead
sender held is let go, files that no row needs are removed, and what the disk damaged is held for people instead of
being tried for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from offline_queue.blobs import Blobs
from offline_queue.database import Database, Transaction
from offline_queue.freezing import SentForm, SentPaper
from offline_queue.model import Finding
from offline_queue.numbers import is_number
from offline_queue.outbox import Outbox
from offline_queue.sealing import Sealer
from offline_queue.wire import read_receipt


def check_all(connection: Transaction, *, blobs: Blobs, sealer: Sealer, unknown: Iterable[str]) -> tuple[Finding, ...]:
    strangers = (Finding(uid=None, code="paper-unknown", detail=name) for name in unknown)
    return (*_findings(connection, blobs, sealer), *strangers)


def _findings(connection: Transaction, blobs: Blobs, sealer: Sealer) -> Iterator[Finding]:
    answer = connection.value("PRAGMA integrity_check")
    if answer != "ok":
        yield Finding(uid=None, code="database-damaged", detail=str(answer)[:200])
    for seq, uid, number, state, body, sha256, key_id, receipt, summary in connection.all(
        "SELECT seq, uid, number, state, body, body_sha256, key_id, receipt, summary FROM submission ORDER BY seq"
    ):
        if not is_number(number):
            yield Finding(uid=uid, code="number-wrong", detail="its check character does not fit")
        if sealer.open(summary, context=f"{uid}/summary") is None:
            yield Finding(uid=uid, code="summary-unreadable", detail="sealed with another key, or damaged")
        if receipt is not None:
            read = read_receipt(receipt)
            if read is None or (read.uid, read.sha256) != (uid, sha256):
                yield Finding(uid=uid, code="receipt-wrong", detail="the kept receipt is not about these bytes")
        if state in ("done", "cancelled"):
            continue
        if SentForm(uid=uid, key_id=key_id, sha256=sha256).body(body, sealer) is None:
            yield Finding(uid=uid, code="body-damaged", detail="what would be sent is not what was frozen")
        yield from _paper_findings(connection, seq, uid, key_id, blobs, sealer)


def _paper_findings(
    connection: Transaction, seq: int, uid: str, key_id: str, blobs: Blobs, sealer: Sealer
) -> Iterator[Finding]:
    for name, size, sha256 in connection.all(
        "SELECT id, bytes, sha256 FROM attachment WHERE submission = ? ORDER BY position", (seq,)
    ):
        path = blobs.path(name)
        if not path.exists():
            yield Finding(uid=uid, code="paper-missing", detail=name)
            continue
        if not SentPaper(uid=uid, key_id=key_id, id=name, bytes=size, sha256=sha256, path=path).is_intact(sealer):
            yield Finding(uid=uid, code="paper-damaged", detail=name)


def repair(database: Database, blobs: Blobs, sealer: Sealer, outbox: Outbox) -> tuple[Finding, ...]:
    """What was mended. Damage that only people can mend is left as it is, and shows in the next `verify`."""
    mended: list[Finding] = []
    with database.write() as connection:
        if connection.value("PRAGMA integrity_check") != "ok":
            connection.run("REINDEX")
            if connection.value("PRAGMA integrity_check") == "ok":
                mended.append(Finding(uid=None, code="indexes-made-anew", detail=""))
        stuck = connection.all(
            "UPDATE submission SET state = 'ready' WHERE state = 'sending' AND lease IS NULL RETURNING uid"
        )
        mended += [Finding(uid=uid, code="sending-let-go", detail="") for (uid,) in stuck]
        for finding in _findings(connection, blobs, sealer):
            if finding.code in ("body-damaged", "paper-damaged", "paper-missing") and connection.run(
                """
                UPDATE submission SET state = 'held', last_error = ?
                WHERE uid = ? AND state IN ('ready', 'received') AND lease IS NULL
                """,
                (finding.code, finding.uid),
            ):
                mended.append(Finding(uid=finding.uid, code="held", detail=finding.code))
    before = blobs.names()
    outbox.start()
    mended += [Finding(uid=None, code="file-removed", detail=name) for name in sorted(before - blobs.names())]
    return tuple(mended)
