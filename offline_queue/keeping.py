"""How long the queue keeps what it has, and how something is withdrawn.

Reprint data live for 24 hours. What ended (done, or withdrawn) leaves number, times and digests behind, which are
forgotten after the configured days. Nothing that has not ended is ever forgotten.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta

from offline_queue.blobs import Blobs
from offline_queue.database import Database
from offline_queue.model import Clock
from offline_queue.people import are_two
from offline_queue.sealing import Sealer

MAX_NAME = 40
REPRINT_SECONDS = 24 * 3600
_AT_ONCE = 500
"""Rows a transaction: a hall's put never waits long for the write lock."""


def expire_reprints(database: Database, clock: Clock) -> None:
    """Forget the reprint data that are older than 24 hours, or that a clock set back makes of unknown age.

    Cheap when there are none. Raises apsw.Error on disk trouble.
    """
    now = clock.wall()
    oldest = (now - timedelta(seconds=REPRINT_SECONDS)).timestamp()
    newest = (now + timedelta(seconds=REPRINT_SECONDS)).timestamp()
    with database.read() as connection:
        if not connection.value(
            """
            SELECT 1 FROM submission WHERE reprint IS NOT NULL AND created_epoch < ?
            UNION ALL SELECT 1 FROM submission WHERE reprint IS NOT NULL AND created_epoch > ? LIMIT 1
            """,
            (oldest, newest),
        ):
            return
    with database.write() as connection:
        connection.run(
            """
            UPDATE submission SET reprint = NULL
            WHERE reprint IS NOT NULL AND (created_epoch < ? OR created_epoch > ?)
            """,
            (oldest, newest),
        )
    database.empty_log()


def forget_ended(database: Database, blobs: Blobs, clock: Clock, *, days: int) -> int:
    """Forget what ended more than `days` days ago and has nothing left to send or to ask; gives how many.

    A clock that stands more than `days` past the newest hand-in may just be wrong: then nothing is forgotten.
    """
    now = clock.wall().timestamp()
    before = now - timedelta(days=days).total_seconds()
    with database.read() as connection:
        newest = connection.value("SELECT created_epoch FROM submission ORDER BY seq DESC LIMIT 1")
        ended = connection.value("SELECT 1 FROM submission WHERE ended_epoch < ? LIMIT 1", (before,))
    if ended is None or newest < before:
        return 0
    forgotten = 0
    while True:
        with database.write() as connection:
            rows = connection.all(
                """
                SELECT seq FROM submission s
                WHERE ended_epoch < ? AND lease IS NULL
                  AND (state = 'cancelled' OR case_number IS NOT NULL OR test = 1)
                  AND NOT EXISTS (SELECT 1 FROM rating r WHERE r.submission = s.seq AND r.state = 'ready')
                ORDER BY ended_epoch LIMIT ?
                """,
                (before, _AT_ONCE),
            )
            papers = [
                name
                for row in rows
                for (name,) in connection.all("SELECT id FROM attachment WHERE submission = ?", row)
            ]
            for table, column in (("attachment", "submission"), ("rating", "submission"), ("submission", "seq")):
                connection.run_many(f"DELETE FROM {table} WHERE {column} = ?", rows)  # noqa: S608 - of three constants  # nosec B608
        if not rows:
            return forgotten
        blobs.remove(papers)
        forgotten += len(rows)
        database.empty_log()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelling:
    """Who withdraws what, and why. Raises ValueError without a reason and two different people."""

    uid: str
    reason: str
    by: str
    confirmed_by: str

    def __post_init__(self) -> None:
        if not self.reason.strip() or not are_two(self.by, self.confirmed_by):
            raise ValueError("withdrawing takes a reason and the names of two people")
        if max(len(self.by), len(self.confirmed_by)) > MAX_NAME:
            raise ValueError(f"a name has {MAX_NAME} characters at most")


def cancel(database: Database, sealer: Sealer, clock: Clock, asked: Cancelling) -> bool:
    """Withdraw a submission of which no byte is known to have left; its body stays sealed until it is forgotten."""
    reason = json.dumps({**asdict(asked), "at": clock.wall().isoformat(timespec="seconds")}, ensure_ascii=False)
    with database.write() as connection:
        return (
            connection.run(
                """
                UPDATE submission SET state = 'cancelled', ended_epoch = ?, reason = ?, next_wall = NULL
                WHERE uid = ? AND state IN ('ready', 'held') AND lease IS NULL AND receipt IS NULL
                  AND exported_epoch IS NULL
                """,
                (
                    clock.wall().timestamp(),
                    sealer.seal(reason.encode(), context=f"{asked.uid}/reason"),
                    asked.uid,
                ),
            )
            == 1
        )
