"""When something is due, in the queue's time, and having everything tried now."""

from __future__ import annotations

from offline_queue.database import Transaction
from offline_queue.model import Clock
from offline_queue.pause import paused_until


def form_is_due(connection: Transaction, clock: Clock) -> bool:
    due = "SELECT 1 FROM submission WHERE state = 'ready' AND next_mono <= ? LIMIT 1"
    return connection.one(due, (clock.monotonic(),)) is not None


def seconds_to_next(connection: Transaction, clock: Clock, *, papers_in: float) -> float | None:
    """Until something is due (0 when it is already); None when nothing waits."""
    papers = clock.monotonic() + papers_in if papers_in else 0.0
    due = connection.value(
        """
        SELECT min(t) FROM (
            SELECT min(next_mono) AS t FROM submission WHERE state = 'ready'
            UNION ALL SELECT * FROM (SELECT max(next_mono, ?) FROM submission
                WHERE state = 'received' AND lease IS NULL ORDER BY next_mono LIMIT 1)
            UNION ALL SELECT * FROM (SELECT next_mono FROM submission
                WHERE state = 'done' AND case_number IS NULL AND test = 0 AND lease IS NULL
                ORDER BY next_mono LIMIT 1)
            UNION ALL SELECT min(max(next_mono, coalesce(lease_mono, 0))) FROM submission
                WHERE lease IS NOT NULL
            UNION ALL SELECT min(r.next_mono) FROM rating r JOIN submission s ON s.seq = r.submission
                WHERE r.state = 'ready' AND s.state IN ('received', 'done')
            UNION ALL SELECT min(next_mono) FROM telemetry)
        """,
        (papers,),
    )
    return None if due is None else max(0.0, max(due, paused_until(connection, clock)) - clock.monotonic())


def hurry(connection: Transaction, clock: Clock) -> None:
    """Somebody wants everything tried now. What the platform itself told to wait keeps waiting."""
    mono = clock.monotonic()
    connection.run(
        """
        UPDATE submission SET next_mono = ?, next_wall = NULL
        WHERE state IN ('ready', 'received') AND next_mono > ?
          AND (last_error IS NULL OR last_error NOT IN ('http-429', 'http-503'))
        """,
        (mono, mono),
    )
    connection.run("UPDATE attachment SET next_mono = 0 WHERE state = 'ready'")
    connection.run("UPDATE rating SET next_mono = min(next_mono, ?) WHERE state = 'ready'", (mono,))
    connection.run("DELETE FROM pause WHERE reason NOT IN ('http-429', 'http-503')")


def release(connection: Transaction, clock: Clock, uid: str) -> bool:
    """Have one held or waiting submission tried now, and its rating; False when there is nothing to send."""
    items = connection.run(
        """
        UPDATE submission
        SET state = CASE WHEN receipt IS NULL THEN 'ready' ELSE 'received' END,
            attempts = 0, next_mono = ?, next_wall = NULL, last_error = NULL
        WHERE uid = ? AND state IN ('held', 'ready', 'received') AND lease IS NULL
        """,
        (clock.monotonic(), uid),
    )
    of_this = "submission = (SELECT seq FROM submission WHERE uid = ?)"
    if items:
        connection.run(f"UPDATE attachment SET attempts = 0, next_mono = 0 WHERE state = 'ready' AND {of_this}", (uid,))  # noqa: S608 - a constant  # nosec B608
    ratings = connection.run(
        f"""
        UPDATE rating SET state = 'ready', attempts = 0, next_mono = ?, last_error = NULL
        WHERE state <> 'done' AND {of_this}
        """,  # noqa: S608 - a constant  # nosec B608
        (clock.monotonic(), uid),
    )
    return items + ratings > 0
