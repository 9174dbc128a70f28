"""`kiosk queue verify --repair`: what can be mended without losing anything is mended, and each thing is said.

Indexes are made anew from their rows, what a dead sender held is let go, files that no row needs are removed. What a
body proves (it is sealed, and has its digest) is written back into its rows. What the disk damaged beyond that is held
for people instead of being tried for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from offline_queue.blobs import Blobs
from offline_queue.damage import Place, hold_damaged, hold_rating
from offline_queue.database import Database, Transaction, Value
from offline_queue.findings import Finding, Mended, Repair, Wrong
from offline_queue.queue_time import QueueClock
from offline_queue.reasons import Reason, is_reason
from offline_queue.sealing import Sealer
from offline_queue.starting import take_up
from offline_queue.summary import Summary
from offline_queue.verify import (
    Checked,
    Verifier,
    checked_rows,
    declared_papers,
    differing_columns,
    differing_papers,
    is_put_off_for_ever,
    is_time,
    orphans,
)

_HOLDS = {
    Wrong.BODY: Reason.BODY_DAMAGED,
    Wrong.PAPER: Reason.PAPER_DAMAGED,
    Wrong.PAPER_MISSING: Reason.PAPER_MISSING,
}
_CHINA_TIME = "strftime('%Y-%m-%dT%H:%M:%S', created_epoch + 28800, 'unixepoch') || '+08:00'"


class Repairer:
    """Mends one queue. Raises apsw.Error, OSError when nothing can be written."""

    def __init__(self, *, database: Database, blobs: Blobs, sealer: Sealer, clock: QueueClock) -> None:
        self._database = database
        self._blobs = blobs
        self._sealer = sealer
        self._clock = clock

    def repair(self) -> tuple[Repair, ...]:
        """What was mended. Damage that only people can mend is left as it is, and shows in the next `verify`."""
        mended: list[Repair] = []
        with self._database.write() as connection:
            mended += self._indexes(connection)
            self._clock.follow(connection)  # as another process may have written it down since this one looked
            held = [Repair(uid=uid, code=Mended.HELD, detail=Reason.ROW_DAMAGED) for uid in hold_damaged(connection)]
            mended += held
            mended += self._let_go(connection)
            for row in checked_rows(connection, self._sealer):
                if not isinstance(row, Place):
                    mended += self._restore(connection, row)
            mended += self._orphans(connection)
            verifier = Verifier(connection, blobs=self._blobs, sealer=self._sealer, clock=self._clock)
            for finding in list(verifier.findings(unknown=())):
                mended += self._settle(connection, finding)
        before = self._blobs.names()
        take_up(self._database, self._blobs, self._sealer, self._clock)
        gone = sorted(before - self._blobs.names())
        return (*mended, *(Repair(uid=None, code=Mended.FILE, detail=name) for name in gone))

    def _indexes(self, connection: Transaction) -> Iterator[Repair]:
        if not _is_whole(connection):
            connection.run("REINDEX")
            if _is_whole(connection):
                yield Repair(uid=None, code=Mended.INDEXES)

    def _let_go(self, connection: Transaction) -> Iterator[Repair]:
        stuck = connection.all("SELECT seq, uid FROM submission WHERE state = 'sending' AND lease IS NULL")
        for seq, uid in stuck:
            connection.run("UPDATE submission SET state = 'ready' WHERE seq = ?", (seq,))
            yield Repair(uid=uid, code=Mended.SENDING)

    def _restore(self, connection: Transaction, row: Checked) -> Iterator[Repair]:
        """What is proven is written back: by the body, by what is sealed beside it, or by the other columns."""
        values = dict(self._proven(row))
        for column, value in values.items():
            # Another row may have it, in a file that is damaged twice.
            if connection.run(f"UPDATE OR IGNORE submission SET {column} = ? WHERE seq = ?", (value, row.seq)):  # noqa: S608 - constants  # nosec B608
                yield Repair(uid=row.uid, code=Mended.ROW, detail=column)
        if not is_time(row.created) and "created_wall" not in values:
            connection.run(f"UPDATE submission SET created_wall = {_CHINA_TIME} WHERE seq = ?", (row.seq,))  # noqa: S608 - a constant  # nosec B608
            yield Repair(uid=row.uid, code=Mended.ROW, detail="created_wall")
        if is_put_off_for_ever(row, self._clock):
            now = self._clock.monotonic()
            connection.run("UPDATE submission SET next_mono = ?, next_wall = NULL WHERE seq = ?", (now, row.seq))
            yield Repair(uid=row.uid, code=Mended.DUE)
        proven = {Reason.ROW_DAMAGED}
        if row.body is not None and differing_papers(connection, row):
            self._lay_papers(connection, row)
            yield Repair(uid=row.uid, code=Mended.PAPERS)
            proven.add(Reason.PAPER_MISSING)
        if row.body is not None and row.state == "held" and row.last_error in proven:
            connection.run(
                """
                UPDATE submission SET state = iif(receipt IS NULL, 'ready', 'received'), last_error = NULL,
                    attempts = 0, next_mono = ? WHERE seq = ?
                """,
                (self._clock.monotonic(), row.seq),
            )
            yield Repair(uid=row.uid, code=Mended.ROW, detail="state")

    def _proven(self, row: Checked) -> Iterator[tuple[str, Value]]:
        summary = Summary.opened(self._sealer, row.uid, row.summary)
        if summary is not None and summary.finder is not None and summary.finder != (row.finder or b"").hex():
            yield "finder", bytes.fromhex(summary.finder) or None
        if row.last_error is not None and not is_reason(row.last_error):
            yield "last_error", Reason.ROW_DAMAGED if row.state == "held" else None
        yield from differing_columns(row)

    def _lay_papers(self, connection: Transaction, row: Checked) -> None:
        """The body names its papers: their rows are laid by it. What the platform has of them it will say."""
        connection.run("DELETE FROM attachment WHERE submission = ?", (row.seq,))
        connection.run_many(
            """
            INSERT INTO attachment (id, submission, position, bytes, sha256, state) VALUES (?, ?, ?, ?, ?, 'ready')
            ON CONFLICT (id) DO UPDATE SET submission = excluded.submission, position = excluded.position,
                bytes = excluded.bytes, sha256 = excluded.sha256, state = 'ready', offset = 0, attempts = 0,
                next_mono = 0
            """,
            [(name, row.seq, at, size, digest) for at, (name, size, digest) in enumerate(declared_papers(row))],
        )

    def _orphans(self, connection: Transaction) -> Iterator[Repair]:
        """A rating of nobody is nobody's any more; a paper of nobody that is not known to have arrived is kept."""
        for table, name in orphans(connection):
            key, arrived = ("submission", "") if table == "rating" else ("id", " AND state = 'done'")
            if connection.run(f"DELETE FROM {table} WHERE {key} = ?{arrived}", (name,)):  # noqa: S608 - constants  # nosec B608
                yield Repair(uid=None, code=Mended.ORPHAN, detail=f"{table} {name}")

    def _settle(self, connection: Transaction, finding: Finding) -> Iterator[Repair]:
        if finding.code is Wrong.COUNTER:
            day, _, last = finding.detail.partition(" ")
            connection.run("INSERT OR REPLACE INTO counter VALUES (?, ?)", (day, int(last)))
            yield Repair(uid=None, code=Mended.COUNTER, detail=finding.detail)
        elif finding.code is Wrong.OFFERED:
            connection.run("UPDATE offered SET seq = ?", (int(finding.detail),))
            yield Repair(uid=None, code=Mended.OFFERED, detail=finding.detail)
        elif finding.code is Wrong.RATING:
            for (seq,) in connection.all("SELECT seq FROM submission WHERE uid = ?", (finding.uid,)):
                hold_rating(connection, seq)
        elif (reason := _HOLDS.get(finding.code)) is not None and connection.run(
            """
            UPDATE submission SET state = 'held', last_error = ?
            WHERE uid = ? AND state IN ('ready', 'received') AND lease IS NULL
            """,
            (reason, finding.uid),
        ):
            yield Repair(uid=finding.uid, code=Mended.HELD, detail=reason)


def _is_whole(connection: Transaction) -> bool:
    return connection.value("PRAGMA integrity_check(1)") == "ok"
