"""The lanes after the submissions: ratings, then what the terminal says of itself.

Both are small and may come late. A piece of work's lease is its due time: it comes up again when nobody has reported by
then.
"""

from __future__ import annotations

from offline_queue.damage import hold_rating
from offline_queue.database import Database, Transaction
from offline_queue.lease import LEASE_SECONDS
from offline_queue.model import Clock
from offline_queue.pause import pause
from offline_queue.reasons import LastError
from offline_queue.retry import TryAgain
from offline_queue.work import RatingWork, TelemetryWork


class LesserLanes:
    """Ratings and telemetry of one queue."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def claim_rating(self, connection: Transaction, mono: float) -> RatingWork | None:
        while (
            row := connection.one(
                """
                SELECT r.submission, s.uid, r.level, r.attempts FROM rating r JOIN submission s ON s.seq = r.submission
                WHERE r.state = 'ready' AND r.next_mono <= ? AND s.state IN ('received', 'done') LIMIT 1
                """,
                (mono,),
            )
        ) is not None:
            seq, uid, level, attempts = row
            if level in range(1, 6) and isinstance(attempts, int):
                connection.run("UPDATE rating SET next_mono = ? WHERE submission = ?", (mono + LEASE_SECONDS, seq))
                return RatingWork(seq=seq, uid=uid, level=level, attempts=attempts)
            hold_rating(connection, seq)
        return None

    def claim_telemetry(self, connection: Transaction, mono: float) -> TelemetryWork | None:
        row = connection.one("SELECT kind, body, attempts FROM telemetry WHERE next_mono <= ? LIMIT 1", (mono,))
        if row is None:
            return None
        kind, body, attempts = row
        if isinstance(attempts, int) and connection.run(
            "UPDATE telemetry SET next_mono = ? WHERE kind = ? AND body = ?", (mono + LEASE_SECONDS, kind, body)
        ):
            return TelemetryWork(kind=kind, body=body, attempts=attempts)
        # Damaged on the disk. What is lost is what the terminal says of itself, and will say again.
        connection.run("DELETE FROM telemetry WHERE next_mono <= ?", (mono,))
        return None

    def rated(self, work: RatingWork) -> None:
        with self._database.write() as connection:
            connection.run("UPDATE rating SET state = 'done', last_error = NULL WHERE submission = ?", (work.seq,))

    def put_off_rating(self, work: RatingWork, later: TryAgain) -> None:
        with self._database.write() as connection:
            self._pause(connection, later)
            connection.run(
                "UPDATE rating SET attempts = attempts + ?, next_mono = ?, last_error = ? WHERE submission = ?",
                (int(later.counted), self._clock.monotonic() + later.seconds, later.error, work.seq),
            )

    def hold_rating(self, work: RatingWork, *, error: LastError) -> None:
        with self._database.write() as connection:
            connection.run("UPDATE rating SET state = 'held', last_error = ? WHERE submission = ?", (error, work.seq))

    def told(self, work: TelemetryWork) -> None:
        """The platform has it; what was reported meanwhile stays."""
        with self._database.write() as connection:
            connection.run("DELETE FROM telemetry WHERE kind = ? AND body = ?", (work.kind, work.body))

    def put_off_telemetry(self, work: TelemetryWork, later: TryAgain) -> None:
        """It makes nobody wait, unless the platform itself asked for that: a form that is put now is tried now."""
        with self._database.write() as connection:
            if later.error.startswith("http-"):
                self._pause(connection, later)
            connection.run(
                "UPDATE telemetry SET attempts = attempts + ?, next_mono = ? WHERE kind = ?",
                (int(later.counted), self._clock.monotonic() + later.seconds, work.kind),
            )

    def _pause(self, connection: Transaction, later: TryAgain) -> None:
        if later.platform_wide:
            pause(connection, self._clock, seconds=later.seconds, reason=later.error)
