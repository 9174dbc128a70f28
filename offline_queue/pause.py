"""Leaving the platform alone: what it asked for (Retry-After), or what an unreachable network teaches.

It holds for every item and every process, and outlives a restart.
"""

from __future__ import annotations

from datetime import timedelta

from offline_queue.database import Transaction
from offline_queue.model import Clock


def pause(connection: Transaction, clock: Clock, *, seconds: float, reason: str) -> None:
    """From now on nothing is sent for `seconds`."""
    until = clock.wall() + timedelta(seconds=seconds)
    connection.run(
        "INSERT OR REPLACE INTO pause VALUES (1, ?, ?, ?, ?)",
        (reason, clock.boot_id(), clock.monotonic() + seconds, until.isoformat(timespec="seconds")),
    )


def paused_until(connection: Transaction, clock: Clock) -> float:
    """On the monotonic clock; 0 when the platform may be asked. A pause of another boot is over."""
    until = connection.value("SELECT until_mono FROM pause WHERE boot_id = ?", (clock.boot_id(),))
    return 0.0 if until is None else until
