"""Taking up after a stop of any kind: new times for a new boot, dead senders' leases ended, orphaned papers removed."""

from __future__ import annotations

from random import SystemRandom

from offline_queue.blobs import Blobs
from offline_queue.database import PAPERS_BEFORE_ROWS, Database, Transaction
from offline_queue.lease import rescue
from offline_queue.model import Clock

NEW_BOOT_JITTER_SECONDS = 20.0
"""After a power cut in a whole town the terminals must not all call at once."""


def take_up(database: Database, blobs: Blobs, clock: Clock) -> None:
    """Before anything is sent. Raises apsw.Error, OSError."""
    mono, boot = clock.monotonic(), clock.boot_id()
    with database.write() as connection:
        # What is put after a start has this boot already, so that a look at every row is needed once a boot.
        if connection.value("SELECT boot_id FROM started") != boot:
            _begin_boot(connection, mono, boot)
        rescue(connection, clock.monotonic())
        # Under the write lock no put of another process can be between its files and its rows.
        names = blobs.names()
        blobs.remove(name for name in names if _is_finished(connection, name))
        # A file without a row is what a put left that never answered, unless the rows are what was lost.
        if connection.value("PRAGMA application_id") != PAPERS_BEFORE_ROWS:
            blobs.remove(unknown_papers(connection, blobs))


def unknown_papers(connection: Transaction, blobs: Blobs) -> frozenset[str]:
    """Names of files no row knows; under the write lock, or a put under way is among them."""
    known = "SELECT 1 FROM attachment WHERE id = ?"
    return frozenset(name for name in blobs.names() if connection.one(known, (name,)) is None)


def _begin_boot(connection: Transaction, mono: float, boot: str) -> None:
    strangers = connection.all("SELECT seq FROM submission WHERE boot_id <> ? AND state <> 'cancelled'", (boot,))
    draw = SystemRandom()
    connection.run_many(
        "UPDATE submission SET boot_id = ?, next_mono = ?, lease_mono = NULL WHERE seq = ?",
        [(boot, mono + draw.uniform(0, NEW_BOOT_JITTER_SECONDS), seq) for (seq,) in strangers],
    )
    connection.run_many(
        "UPDATE rating SET next_mono = ? WHERE submission = ? AND state = 'ready'",
        [(mono + draw.uniform(0, NEW_BOOT_JITTER_SECONDS), seq) for (seq,) in strangers],
    )
    if strangers:
        connection.run("UPDATE attachment SET next_mono = 0 WHERE state = 'ready'")
        connection.run("UPDATE telemetry SET next_mono = ?", (mono + NEW_BOOT_JITTER_SECONDS,))
    connection.run("DELETE FROM pause WHERE boot_id <> ?", (boot,))
    connection.run("INSERT OR REPLACE INTO started VALUES (1, ?)", (boot,))


def _is_finished(connection: Transaction, name: str) -> bool:
    states = connection.one(
        "SELECT s.state, a.state FROM attachment a JOIN submission s ON s.seq = a.submission WHERE a.id = ?", (name,)
    )
    return states == ("done", "done")
