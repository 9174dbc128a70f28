"""Taking up after a stop of any kind: time goes on, dead senders' leases end, orphaned papers are removed."""

from __future__ import annotations

from contextlib import suppress
from random import SystemRandom

import apsw

from offline_queue.blobs import PART, Blobs
from offline_queue.damage import Place
from offline_queue.database import PAPERS_BEFORE_ROWS, Database, Transaction
from offline_queue.lease import rescue
from offline_queue.pause import pause
from offline_queue.queue_time import QueueClock
from offline_queue.sealing import Sealer
from offline_queue.verify import checked_rows, declared_papers

NEW_BOOT_JITTER_SECONDS = 20.0
"""After a power cut in a whole town the terminals must not all call at once. One draw for a whole terminal, whose forms
then still go out in batches."""


def take_up(database: Database, blobs: Blobs, sealer: Sealer, clock: QueueClock) -> None:
    """Before anything is sent. Raises apsw.Error, OSError."""
    with database.write() as connection:
        if clock.begin(connection):
            pause(connection, clock, seconds=SystemRandom().uniform(0, NEW_BOOT_JITTER_SECONDS), reason="started")
        rescue(connection, clock.monotonic())
        # Under the write lock no put of another process can be between its files and its rows.
        names = blobs.names()
        with suppress(apsw.CorruptError):
            blobs.remove([name for name in names if _is_finished(connection, name)])
        # A file without a row is what a put left that never answered, unless the rows are what was lost.
        unknown = unknown_papers(connection, blobs)
        if unknown and connection.value("PRAGMA application_id") != PAPERS_BEFORE_ROWS:
            needed = _needed_papers(connection, sealer)
            blobs.remove(name for name in unknown if name.endswith(PART) or (needed is not None and name not in needed))


def unknown_papers(connection: Transaction, blobs: Blobs) -> frozenset[str]:
    """Names of files no row knows; under the write lock, or a put under way is among them."""
    known = "SELECT 1 FROM attachment WHERE id = ?"
    return frozenset(name for name in blobs.names() if connection.one(known, (name,)) is None)


def _needed_papers(connection: Transaction, sealer: Sealer) -> frozenset[str] | None:
    """The papers that forms name: a flipped bit in a paper's row must not cost the paper. None when a form that may
    name some can't be read."""
    needed: set[str] = set()
    for row in checked_rows(connection, sealer, "body IS NOT NULL"):
        if isinstance(row, Place) or row.body is None:
            return None
        needed |= {name for name, *_ in declared_papers(row)}
    return frozenset(needed)


def _is_finished(connection: Transaction, name: str) -> bool:
    states = connection.one(
        "SELECT s.state, a.state FROM attachment a JOIN submission s ON s.seq = a.submission WHERE a.id = ?", (name,)
    )
    return states == ("done", "done")
