"""What the hall may see of the queue: the items of a list, and a resident's own submissions found by card."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from offline_queue.database import Row, Transaction
from offline_queue.leaving import Left
from offline_queue.model import AttachmentItem, Found, Item, Overview, Standing
from offline_queue.sealing import Sealer
from offline_queue.summary import ReprintData, Summary
from offline_queue.wire import State


def items(connection: Transaction, sealer: Sealer, *, uid: str | None = None) -> Iterator[Item]:
    """All submissions, oldest first, or the one of `uid`."""
    wanted = "" if uid is None else "WHERE s.uid = ?"
    rows = connection.all(
        f"""
        SELECT s.seq, s.uid, s.number, s.summary, s.state, s.test, s.created_wall, s.body_sha256, s.attempts,
               CASE WHEN s.state IN ('ready', 'received') THEN s.next_wall END, s.body_bytes,
               s.receipt IS NOT NULL, s.last_error, s.case_number, r.level, r.state, r.last_error
        FROM submission s LEFT JOIN rating r ON r.submission = s.seq
        {wanted} ORDER BY s.seq
        """,  # noqa: S608 - one of two constants  # nosec B608
        () if uid is None else (uid,),
    )
    return (_item(connection, sealer, row) for row in rows)


def _item(connection: Transaction, sealer: Sealer, row: Row) -> Item:
    seq, uid, number, summary, state, test, created, sha256, attempts, next_try, body_bytes, received = row[:12]
    last_error, case_number, rating, rating_state, rating_error = row[12:]
    matter, name = _shown(sealer, uid, summary)
    attachments = tuple(
        AttachmentItem(id=name, bytes=size, sent=offset, sha256=digest, done=paper_state == "done")
        for name, size, offset, digest, paper_state in connection.all(
            "SELECT id, bytes, offset, sha256, state FROM attachment WHERE submission = ? ORDER BY position", (seq,)
        )
    )
    return Item(
        uid=uid,
        provisional_number=number,
        matter=matter,
        name=name,
        state=State(state),
        test=bool(test),
        created=created,
        sha256=sha256,
        attempts=attempts,
        next_try=next_try,
        bytes_sent=(body_bytes if received else 0) + sum(one.sent for one in attachments),
        bytes_total=body_bytes + sum(one.bytes for one in attachments),
        last_error=last_error,
        case_number=case_number,
        rating=rating,
        rating_held=rating_state == "held",
        rating_error=rating_error,
        attachments=attachments,
    )


def health(connection: Transaction, *, now: float) -> dict[str, JsonValue]:
    """How many are held (a rating counts for itself), and for how many seconds the oldest that waits has (0 without
    one)."""
    return {"held": held(connection), "oldest_seconds": oldest_seconds(connection, now=now) or 0}


def oldest_seconds(connection: Transaction, *, now: float) -> int | None:
    """For how long the oldest that waits by itself has; None without one."""
    # One state at a time, since each has its index.
    first = [
        connection.value(f"SELECT min(seq) FROM submission WHERE {which}")  # noqa: S608 - of three constants  # nosec B608
        for which in ("state = 'ready'", "state = 'received'", "state = 'sending' AND lease IS NOT NULL")
    ]
    waiting = [seq for seq in first if seq is not None]
    if not waiting:
        return None
    return max(0, round(now - connection.value("SELECT created_epoch FROM submission WHERE seq = ?", (min(waiting),))))


def found(connection: Transaction, sealer: Sealer, id_number: str) -> Iterator[Found]:
    """The submissions of an ID number, newest first."""
    for uid, number, summary, state, created, case_number, reprint in connection.all(
        """
        SELECT uid, number, summary, state, created_wall, case_number, reprint
        FROM submission WHERE finder = ? ORDER BY seq DESC
        """,
        (sealer.finder(id_number),),
    ):
        data = ReprintData.opened(sealer, uid, reprint)
        matter, _ = _shown(sealer, uid, summary)
        yield Found(
            uid=uid,
            provisional_number=number,
            matter=matter or (None if data is None else data.matter or None),
            state=State(state),
            created=created,
            case_number=case_number,
            slip_qr=None if data is None else data.slip_qr,
        )


def overview(connection: Transaction, sealer: Sealer, *, most: int, moving: int) -> Overview:
    """What has not arrived: counts, the oldest that wait by themselves, and some of those that wait for people."""
    waiting = "state IN ('ready', 'sending', 'received')"
    oldest = connection.all(
        f"SELECT uid FROM submission WHERE {waiting} ORDER BY seq LIMIT ?",  # noqa: S608 - a constant  # nosec B608
        (moving,),
    )
    first = connection.all(
        """
        SELECT uid FROM submission WHERE state = 'held'
        UNION ALL SELECT uid FROM submission WHERE state <> 'held' AND seq IN
            (SELECT submission FROM rating WHERE state = 'held')
        LIMIT ?
        """,
        (most,),
    )
    return Overview(
        waiting=connection.value(f"SELECT count(*) FROM submission WHERE {waiting}"),  # noqa: S608 - a constant  # nosec B608
        held=held(connection),
        moving=tuple(item for (uid,) in oldest for item in items(connection, sealer, uid=uid)),
        items=tuple(item for (uid,) in first for item in items(connection, sealer, uid=uid)),
    )


def held(connection: Transaction) -> int:
    """Held submissions, and those of which only the rating is."""
    return connection.value(
        """
        SELECT (SELECT count(*) FROM submission WHERE state = 'held')
             + (SELECT count(*) FROM rating r JOIN submission s ON s.seq = r.submission
                WHERE r.state = 'held' AND s.state <> 'held')
        """
    )


def unsettled(connection: Transaction) -> tuple[Left, ...]:
    """What has not arrived in full, oldest first; with a submission goes its rating, which may be all that is left."""
    rows = connection.all(
        """
        SELECT uid, number, s.state, body_sha256, exported_epoch IS NOT NULL, iif(r.state <> 'done', r.level, NULL)
        FROM submission s LEFT JOIN rating r ON r.submission = s.seq
        WHERE s.state NOT IN ('done', 'cancelled') OR (s.state = 'done' AND r.state <> 'done') ORDER BY seq
        """
    )
    return tuple(
        Left(uid=uid, number=number, state=State(state), sha256=sha256, exported=bool(exported), rating=rating)
        for uid, number, state, sha256, exported, rating in rows
    )


def latest(connection: Transaction) -> tuple[Standing, ...]:
    """How the newest submissions stand. A handful: a list of all would cost more with every year."""
    rows = connection.all("SELECT uid, state, case_number FROM submission ORDER BY seq DESC LIMIT 16")
    return tuple(Standing(uid=uid, state=State(state), case_number=number) for uid, state, number in rows)


def _shown(sealer: Sealer, uid: str, summary: bytes) -> tuple[str | None, str | None]:
    """Matter and masked name. None with a key in a mere file, and when the key was lost, which `verify` reports."""
    opened = None if sealer.last_resort else Summary.opened(sealer, uid, summary)
    return (None, None) if opened is None else (opened.matter or None, opened.name or None)
