"""`kiosk queue verify`: every row, digest and file of the queue is opened and compared; nothing is changed.

`--repair` mends only what can be mended without losing anything: indexes are made anew from their rows, what a dead
sender held is let go, files that no row needs are removed, and what the disk damaged is held for people instead of
being tried for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from offline_queue.blobs import Blobs
from offline_queue.database import Database, Transaction
from offline_queue.model import Finding
from offline_queue.outbox import Outbox
from offline_queue.sealing import Sealer
from offline_queue.wire import CHUNK_BYTES, read_receipt, sha256_hex


def check_all(connection: Transaction, *, blobs: Blobs, sealer: Sealer, unknown: Iterable[str]) -> tuple[Finding, ...]:
    strangers = (Finding(uid=None, code="paper-unknown", detail=name) for name in unknown)
    return (*_findings(connection, blobs, sealer), *strangers)


def _findings(connection: Transaction, blobs: Blobs, sealer: Sealer) -> Iterator[Finding]:
    answer = connection.value("PRAGMA integrity_check")
    if answer != "ok":
        yield Finding(uid=None, code="database-damaged", detail=str(answer)[:200])
    for seq, uid, state, body, sha256, receipt, summary in connection.all(
        "SELECT seq, uid, state, body, body_sha256, receipt, summary FROM submission ORDER BY seq"
    ):
        if sealer.open(summary, context=f"{uid}/summary") is None:
            yield Finding(uid=uid, code="summary-unreadable", detail="sealed with another key, or damaged")
        if receipt is not None:
            read = read_receipt(receipt)
            if read is None or (read.uid, read.sha256) != (uid, sha256):
                yield Finding(uid=uid, code="receipt-wrong", detail="the kept receipt is not about these bytes")
        if state in ("done", "cancelled"):
            continue
        plain = sealer.open(body, context=f"{uid}/body")
        if plain is None or sha256_hex(plain) != sha256:
            yield Finding(uid=uid, code="body-damaged", detail="the form doesn't open to the bytes that were frozen")
        yield from _paper_findings(connection, seq, uid, blobs, sealer)


def _paper_findings(connection: Transaction, seq: int, uid: str, blobs: Blobs, sealer: Sealer) -> Iterator[Finding]:
    for name, size, sha256 in connection.all(
        "SELECT id, bytes, sha256 FROM attachment WHERE submission = ? ORDER BY position", (seq,)
    ):
        path, digest = blobs.path(name), hashlib.sha256()
        if not path.exists():
            yield Finding(uid=uid, code="paper-missing", detail=name)
            continue
        with path.open("rb") as file:
            for index in range(max(1, -(-size // CHUNK_BYTES))):
                opened = sealer.open_chunk(file, context=f"{uid}/paper/{name}", index=index)
                digest.update(b"\0" if opened is None else opened)  # an empty paper opens to nothing
        if digest.hexdigest() != sha256:
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
