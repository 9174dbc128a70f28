"""How long the queue keeps what it has.

Reprint data live for 24 hours. What ended (done, or withdrawn) leaves number, times and digests behind, which are
forgotten after the configured days. Nothing that has not ended is ever forgotten, nor what a rating still belongs to.
"""

from __future__ import annotations

from datetime import timedelta

from offline_queue.blobs import Blobs
from offline_queue.database import Database
from offline_queue.model import Clock

REPRINT_SECONDS = 24 * 3600
_AT_ONCE = 50
"""Rows a transaction: a hall's put never waits long for the write lock, and a full disk has room for them where the
ballast was."""


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
    while True:
        with database.write() as connection:
            expired = connection.run(
                """
                UPDATE submission SET reprint = NULL WHERE seq IN (
                    SELECT seq FROM submission WHERE reprint IS NOT NULL AND created_epoch < ?
                    UNION ALL SELECT seq FROM submission WHERE reprint IS NOT NULL AND created_epoch > ? LIMIT ?)
                """,
                (oldest, newest, _AT_ONCE),
            )
        if not expired:
            return
        database.empty_log()


def forget_ended(database: Database, blobs: Blobs, clock: Clock, *, days: int) -> int:
    """Forget what ended more than `days` days ago and has nothing left to send or to ask; gives how many.

    A clock that stands more than `days` past the newest hand-in may just be wrong: then nothing is forgotten.
    """
    now = clock.wall().timestamp()
    before = now - timedelta(days=days).total_seconds()
    with database.read() as connection:
        newest = connection.value(
            "SELECT created_epoch FROM submission WHERE typeof(created_epoch) = 'real' ORDER BY seq DESC LIMIT 1"
        )
        ended = connection.value("SELECT 1 FROM submission WHERE ended_epoch < ? LIMIT 1", (before,))
    if ended is None or newest is None or newest < before:
        return 0
    forgotten = 0
    while True:
        with database.write() as connection:
            rows = connection.all(
                """
                SELECT seq FROM submission s
                WHERE ended_epoch < ? AND lease IS NULL AND (state = 'cancelled'
                  OR ((case_number IS NOT NULL OR test = 1)
                    AND NOT EXISTS (SELECT 1 FROM rating r WHERE r.submission = s.seq AND r.state <> 'done')))
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
