"""What the hall may see of the queue: the items of a list, and a resident's own submissions found by card."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import apsw
from pydantic import JsonValue, ValidationError

from offline_queue.damage import SOUND, Place, kept, rows_of
from offline_queue.database import Row, Transaction
from offline_queue.leaving import Left
from offline_queue.model import CHINA, AttachmentItem, Found, Item, Overview, Standing
from offline_queue.reasons import Reason
from offline_queue.sealing import Sealer
from offline_queue.summary import ReprintData, Summary
from offline_queue.wire import State

_ITEM = f"""
    seq, {kept("uid")}, {kept("number")}, {kept("summary")}, {kept("state")}, {kept("test")}, {kept("created_wall")},
    {kept("created_epoch")}, {kept("body_sha256")}, {kept("attempts")},
    iif(state IN ('ready', 'received'), {kept("next_wall")}, NULL), {kept("body_bytes")}, receipt IS NOT NULL,
    iif({SOUND} OR state IN ('done', 'cancelled'), {kept("last_error")}, '{Reason.ROW_DAMAGED}'), {kept("case_number")},
    (SELECT level FROM rating WHERE submission = seq AND typeof(level) = 'integer'),
    (SELECT state FROM rating WHERE submission = seq),
    (SELECT last_error FROM rating WHERE submission = seq AND typeof(last_error) = 'text')
"""  # noqa: S608 - constants  # nosec B608
_UNRATED = "submission = seq AND state <> 'done' AND level IN (1, 2, 3, 4, 5)"
_FOUND = ", ".join(
    kept(one)
    for one in ("uid", "number", "summary", "state", "created_wall", "created_epoch", "case_number", "reprint")
)


def items(connection: Transaction, sealer: Sealer, *, uid: str | None = None) -> Iterator[Item]:
    """All submissions, oldest first, or the one of `uid`."""
    rows = rows_of(connection, _ITEM, "1", ()) if uid is None else rows_of(connection, _ITEM, "uid = ?", (uid,))
    found = _items(connection, sealer, rows)
    return found if uid is None else (item for item in found if item.uid == uid)


def _items(connection: Transaction, sealer: Sealer, rows: Iterator[Row | Place]) -> Iterator[Item]:
    return (_unreadable(row) if isinstance(row, Place) else _item(connection, sealer, row) for row in rows)


def _item(connection: Transaction, sealer: Sealer, row: Row) -> Item:
    seq, uid, number, summary, state, test, created, epoch, sha256, attempts, next_try, body_bytes, received = row[:13]
    last_error, case_number, rating, rating_state, rating_error = row[13:]
    matter, name = _shown(sealer, uid, summary)
    attachments = tuple(
        AttachmentItem(id=name, bytes=size, sent=offset, sha256=digest, done=paper_state == "done")
        for name, size, offset, digest, paper_state in connection.all(
            """
            SELECT id, iif(typeof(bytes) = 'integer', bytes, 0), iif(typeof(offset) = 'integer', offset, 0),
                   sha256, state FROM attachment WHERE submission = ? ORDER BY position
            """,
            (seq,),
        )
    )
    return Item(
        uid=uid,
        provisional_number=number,
        matter=matter,
        name=name,
        state=State(state),
        test=bool(test),
        created=_moment(created, epoch),
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


def _unreadable(place: Place) -> Item:
    """What is still known of a submission whose row lies in a damaged part of the file."""
    return Item(
        uid=place.uid,
        provisional_number=place.number,
        matter=None,
        name=None,
        state=State.HELD,
        test=False,
        created=_moment("", 0.0),
        sha256="",
        attempts=0,
        next_try=None,
        bytes_sent=0,
        bytes_total=0,
        last_error=Reason.ROW_DAMAGED,
        case_number=None,
        rating=None,
        rating_held=False,
        rating_error=None,
        attachments=(),
    )


def health(connection: Transaction, sealer: Sealer, *, now: float) -> dict[str, JsonValue]:
    """How many are held (a rating counts for itself), and for how many seconds the oldest that waits has (0 without
    one)."""
    try:
        return _health(connection, now=now)
    except apsw.CorruptError:
        seen = _looked_through(connection, sealer, most=0, moving=1)
        oldest = datetime.fromisoformat(seen.moving[0].created).timestamp() if seen.moving else now
        return {"held": seen.held, "oldest_seconds": max(0, round(now - oldest))}


def _health(connection: Transaction, *, now: float) -> dict[str, JsonValue]:
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
    asked = f"SELECT {kept('created_epoch')} FROM submission WHERE seq = ?"  # noqa: S608 - a constant  # nosec B608
    return max(0, round(now - connection.value(asked, (min(waiting),))))


def found(connection: Transaction, sealer: Sealer, id_number: str) -> Iterator[Found]:
    """The submissions of an ID number, newest first."""
    rows = list(rows_of(connection, _FOUND, "finder = ?", (sealer.finder(id_number),)))
    for row in reversed(rows):
        if isinstance(row, Place):
            continue
        uid, number, summary, state, created, epoch, case_number, reprint = row
        data = ReprintData.opened(sealer, uid, reprint)
        matter, _ = _shown(sealer, uid, summary)
        yield Found(
            uid=uid,
            provisional_number=number,
            matter=matter or (None if data is None else data.matter or None),
            state=State(state),
            created=_moment(created, epoch),
            case_number=case_number,
            slip_qr=None if data is None else data.slip_qr,
        )


def overview(connection: Transaction, sealer: Sealer, *, most: int, moving: int) -> Overview:
    """What has not arrived: counts, the oldest that wait by themselves, and some of those that wait for people."""
    try:
        return _overview(connection, sealer, most=most, moving=moving)
    except apsw.CorruptError:
        return _looked_through(connection, sealer, most=most, moving=moving)


def _looked_through(connection: Transaction, sealer: Sealer, *, most: int, moving: int) -> Overview:
    """The overview without the indexes, of which one is damaged."""
    seen = tuple(items(connection, sealer))
    waiting = [item for item in seen if item.state in (State.READY, State.SENDING, State.RECEIVED)]
    stuck = [item for item in seen if item.state is State.HELD or item.rating_held]
    return Overview(
        waiting=len(waiting),
        held=len(stuck),
        moving=tuple(waiting[:moving]),
        items=tuple(stuck[:most]),
    )


def _overview(connection: Transaction, sealer: Sealer, *, most: int, moving: int) -> Overview:
    waiting = "state IN ('ready', 'sending', 'received')"
    oldest = connection.all(
        f"SELECT seq FROM submission WHERE {waiting} ORDER BY seq LIMIT ?",  # noqa: S608 - a constant  # nosec B608
        (moving,),
    )
    first = connection.all(
        """
        SELECT seq FROM submission WHERE state = 'held'
        UNION ALL SELECT seq FROM submission WHERE state <> 'held' AND seq IN
            (SELECT submission FROM rating WHERE state = 'held')
        LIMIT ?
        """,
        (most,),
    )
    return Overview(
        waiting=connection.value(f"SELECT count(*) FROM submission WHERE {waiting}"),  # noqa: S608 - a constant  # nosec B608
        held=held(connection),
        moving=_those(connection, sealer, oldest),
        items=_those(connection, sealer, first),
    )


def _those(connection: Transaction, sealer: Sealer, seqs: list[Row]) -> tuple[Item, ...]:
    rows = (
        found
        for (seq,) in seqs
        for found in rows_of(connection, _ITEM, "seq = ?", (seq,))
        if not isinstance(found, Place) or found.seq == seq
    )
    return tuple(_items(connection, sealer, rows))


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
    columns = ", ".join(kept(one) for one in ("uid", "number", "state", "body_sha256"))
    rows = rows_of(
        connection,
        f"seq, {columns}, exported_epoch IS NOT NULL, (SELECT level FROM rating WHERE {_UNRATED})",  # noqa: S608 - constants  # nosec B608
        f"state IS NOT 'done' AND state IS NOT 'cancelled' OR state = 'done' AND EXISTS (SELECT 1 FROM rating WHERE {_UNRATED})",  # noqa: S608, E501 - constants  # nosec B608
    )
    return tuple(_left(row) for row in rows)


def _left(row: Row | Place) -> Left:
    if isinstance(row, Place):
        row = (row.seq, row.uid, row.number, State.HELD, "", False, None)
    seq, uid, number, state, sha256, exported, rating = row
    facts = {"state": State(state), "exported": bool(exported), "rating": rating}
    try:
        return Left.model_validate({**facts, "uid": uid, "number": number, "sha256": sha256})
    except ValidationError:  # damaged; the number says whose it is
        return Left.model_validate({**facts, "uid": str(UUID(int=seq)), "number": number[:32], "sha256": "0" * 64})


def latest(connection: Transaction) -> tuple[Standing, ...]:
    """How the newest submissions stand. A handful: a list of all would cost more with every year."""
    columns = f"{kept('uid')}, {kept('state')}, {kept('case_number')}"
    try:
        rows = connection.all(f"SELECT {columns} FROM submission ORDER BY seq DESC LIMIT 16")  # noqa: S608 - constants  # nosec B608
    except apsw.CorruptError:
        return ()  # a screen may do without
    return tuple(Standing(uid=uid, state=State(state), case_number=number) for uid, state, number in rows)


def _moment(written: str, epoch: float) -> str:
    """When it was handed in, in ISO 8601; the clock's seconds have it, too, where the text is damaged."""
    try:
        datetime.fromisoformat(written)
    except ValueError:
        try:
            return datetime.fromtimestamp(epoch, tz=CHINA).isoformat(timespec="seconds")
        except (ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(0, tz=CHINA).isoformat(timespec="seconds")
    return written


def _shown(sealer: Sealer, uid: str, summary: bytes) -> tuple[str | None, str | None]:
    """Matter and masked name. None with a key in a mere file, and when the key was lost, which `verify` reports."""
    opened = None if sealer.last_resort else Summary.opened(sealer, uid, summary)
    return (None, None) if opened is None else (opened.matter or None, opened.name or None)
