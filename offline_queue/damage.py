"""What a failing disk makes of rows, found before one of them stops the others.

A flipped bit changes a value, or its type, or what an index says of it. A row that can no longer be what was put is
held for people by itself (`row-damaged`), with what is left of it; the others go on. Which columns are damaged is for
`verify` to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import apsw

from offline_queue.database import Row, Transaction, Value
from offline_queue.numbers import counter_of
from offline_queue.reasons import Reason
from offline_queue.wire import State

DAMAGE = (apsw.CorruptError, apsw.ConstraintError)
"""What SQLite raises for a row or an index that a bit has changed: it can't be read, or not be written as it is."""

_AT_ONCE = 500
"""Rows: a long queue is never in memory as a whole."""
_HEX = "[0-9a-f]"
_UID = "-".join(_HEX * digits for digits in (8, 4, 4, 4, 12))
_NEEDED = {
    "uid": ("text", "'damaged-' || seq"),
    "number": ("text", "'damaged-' || seq"),
    "test": ("integer", "0"),
    "body_sha256": ("text", "''"),
    "body_bytes": ("integer", "0"),
    "key_id": ("text", "''"),
    "summary": ("blob", "x''"),
    "created_wall": ("text", "''"),
    "created_epoch": ("real", "unixepoch('now')"),
    "boot_id": ("text", "''"),
    "attempts": ("integer", "0"),
    "next_mono": ("real", "0.0"),
}
"""Columns that are never empty: their type, and what stands for them when it is lost."""
_OPTIONAL = {
    "body": "blob",
    "finder": "blob",
    "reprint": "blob",
    "receipt": "blob",
    "case_number": "text",
    "next_wall": "text",
    "lease": "text",
    "lease_mono": "real",
    "last_error": "text",
    "ended_epoch": "real",
    "reason": "blob",
    "exported_epoch": "real",
}


_STATES = ", ".join(f"'{state}'" for state in State)


def kept(column: str) -> str:
    """The column's value, or what stands for it where a bit has made it another type, as an expression of SQL."""
    if column == "state":
        return f"iif(state IN ({_STATES}), state, 'held')"
    if column in _OPTIONAL:
        return f"CASE typeof({column}) WHEN '{_OPTIONAL[column]}' THEN {column} END"
    kind, instead = _NEEDED[column]
    return f"CASE typeof({column}) WHEN '{kind}' THEN {column} ELSE {instead} END"


_TYPED = " AND ".join(
    [f"typeof({name}) = '{kind}'" for name, (kind, _) in _NEEDED.items()]
    + [f"typeof({name}) IN ('{kind}', 'null')" for name, kind in _OPTIONAL.items()]
)
# The constraints of schema.sql, which SQLite looks at only when something is written.
_WHOLE = f"""
    {_TYPED} AND state IN ({_STATES}) AND test IN (0, 1)
    AND (body IS NULL) = (state = 'done') AND (ended_epoch IS NULL) = (state NOT IN ('done', 'cancelled'))
    AND (reason IS NULL) = (state <> 'cancelled') AND (state NOT IN ('received', 'done') OR receipt IS NOT NULL)
"""
SOUND = f"""
    ({_WHOLE} AND uid GLOB '{_UID}' AND length(body_sha256) = 64 AND body_sha256 NOT GLOB '*[^0-9a-f]*'
     AND attempts >= 0 AND body_bytes > 0)
"""
"""Whether a submission's row can be what was put, as an expression of SQL."""

# Only what was withdrawn has a reason, only what is done has no body, whatever became of the column `state`.
_STATE = """
    CASE WHEN typeof(reason) = 'blob' THEN 'cancelled'
         WHEN body IS NULL AND typeof(receipt) = 'blob' THEN 'done' ELSE 'held' END
"""
_ENDED = f"coalesce({kept('ended_epoch')}, {kept('created_epoch')})"


AS_HELD: Mapping[str, str] = {
    **{column: kept(column) for column in (*_NEEDED, *_OPTIONAL)},
    "state": _STATE,
    "test": "iif(test = 1, 1, 0)",
    "body": f"CASE {_STATE} WHEN 'done' THEN NULL ELSE coalesce({kept('body')}, x'') END",
    "last_error": f"CASE {_STATE} WHEN 'held' THEN '{Reason.ROW_DAMAGED}' END",
    "ended_epoch": f"CASE {_STATE} WHEN 'held' THEN NULL ELSE {_ENDED} END",
    "reason": f"CASE {_STATE} WHEN 'cancelled' THEN reason END",
    "lease": "NULL",
    "next_wall": "NULL",
}
"""What a damaged row is made into, column by column: SQLite lets every one of them be written."""
_HOLD = ", ".join(f"{column} = {value}" for column, value in AS_HELD.items())


def hold_row(connection: Transaction, seq: int) -> None:
    """Hold a damaged row; what had ended stays ended. Every column is one again that SQLite lets be written."""
    connection.run(f"UPDATE submission SET {_HOLD} WHERE seq = ?", (seq,))  # noqa: S608 - constants  # nosec B608


def hold_rating(connection: Transaction, seq: int) -> None:
    """Hold a damaged rating; without a level it is none any more."""
    connection.run("DELETE FROM rating WHERE submission = ? AND typeof(level) <> 'integer'", (seq,))
    connection.run(
        """
        UPDATE rating SET state = 'held', last_error = ?, attempts = iif(typeof(attempts) = 'integer', attempts, 0),
            next_mono = iif(typeof(next_mono) = 'real', next_mono, 0.0) WHERE submission = ?
        """,
        (Reason.ROW_DAMAGED, seq),
    )


def hold_damaged(connection: Transaction) -> tuple[str, ...]:
    """Hold every damaged row, and give their uids. Looks at all; raises apsw.CorruptError where one can't be read."""
    rows = connection.all(
        f"""
        SELECT seq, uid FROM submission
        WHERE NOT ({_WHOLE}) OR (NOT {SOUND} AND state IN ('ready', 'sending', 'received'))
        """  # noqa: S608 - constants  # nosec B608
    )
    rows += _hold_papers(connection)
    for seq, _ in rows:
        hold_row(connection, seq)
    for (seq,) in connection.all(
        "SELECT submission FROM rating WHERE typeof(level) <> 'integer' OR typeof(attempts) <> 'integer' OR typeof(next_mono) <> 'real'"  # noqa: E501
    ):
        hold_rating(connection, seq)
    return tuple(str(uid) for _, uid in rows)


def _hold_papers(connection: Transaction) -> list[Row]:
    """The submissions whose papers' rows have other types than they were written with; the form says what was there."""
    wrong = "typeof(position) <> 'integer' OR typeof(bytes) <> 'integer' OR typeof(offset) <> 'integer' OR typeof(attempts) <> 'integer' OR typeof(next_mono) <> 'real' OR typeof(sha256) <> 'text' OR state NOT IN ('ready', 'done')"  # noqa: E501
    rows = connection.all(
        f"""
        SELECT seq, uid FROM submission WHERE state IN ('ready', 'sending', 'received')
        AND seq IN (SELECT submission FROM attachment WHERE {wrong})
        """  # noqa: S608 - a constant  # nosec B608
    )
    connection.run(f"DELETE FROM attachment WHERE typeof(id) <> 'text' OR typeof(submission) <> 'integer' OR {wrong}")  # noqa: S608 - a constant  # nosec B608
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a submission lies, as the indexes know it."""

    seq: int
    uid: str
    number: str


def every_place(connection: Transaction) -> list[Place]:
    """Of every submission, oldest first, also of those whose row can't be read."""
    uids = connection.all("SELECT seq, uid FROM submission INDEXED BY sqlite_autoindex_submission_1")
    numbers = dict(connection.all("SELECT seq, number FROM submission INDEXED BY sqlite_autoindex_submission_2"))
    return [Place(seq=seq, uid=str(uid), number=str(numbers.get(seq, ""))) for seq, uid in sorted(uids)]


def rows_of(connection: Transaction, columns: str, which: str, values: Sequence[Value] = ()) -> Iterator[Row | Place]:
    """The rows that are asked for, oldest first; the place of those that can't be read, whether asked for or not."""
    asked = f"SELECT seq, {columns} FROM submission WHERE ({which})"  # noqa: S608 - constants of this program  # nosec B608
    seen = 0
    try:
        while rows := connection.all(f"{asked} AND seq > ? ORDER BY seq LIMIT {_AT_ONCE}", (*values, seen)):
            if rows[-1][0] <= seen:
                raise apsw.CorruptError("the rows are in no order")
            seen = rows[-1][0]
            yield from (row[1:] for row in rows)
    except apsw.CorruptError:
        for place in every_place(connection):
            if place.seq > seen:
                try:
                    yield from (row[1:] for row in connection.all(f"{asked} AND seq = ?", (*values, place.seq)))
                except apsw.CorruptError:
                    yield place


def last_of_day(connection: Transaction, *, terminal: str, day: str) -> int:
    """How far a day's numbers have come, by the numbers themselves; 0 without any."""
    rows = connection.all(
        "SELECT number FROM submission WHERE number BETWEEN ? AND ?", (f"{terminal}-{day}-", f"{terminal}-{day}-~")
    )
    return max((found[1] for (number,) in rows if (found := counter_of(str(number))) is not None), default=0)
