"""Leaving the platform alone: what it asked for (Retry-After), or what an unreachable network teaches.

It holds for every item and every process, and outlives a restart of the program.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from offline_queue.database import Transaction
from offline_queue.model import Clock
from offline_queue.reasons import LastError
from offline_queue.retry import LONGEST_WAIT


def pause(connection: Transaction, clock: Clock, *, seconds: float, reason: LastError | Literal["started"]) -> None:
    """From now on nothing is sent for `seconds`."""
    until = clock.wall() + timedelta(seconds=seconds)
    connection.run(
        "INSERT OR REPLACE INTO pause VALUES (1, ?, ?, ?)",
        (reason, clock.monotonic() + seconds, until.isoformat(timespec="seconds")),
    )


def paused_until(connection: Transaction, clock: Clock) -> float:
    """In the queue's time, in which a pause of another boot is over; 0 without one. One that is longer than any that is
    ever asked for was written by a failing disk."""
    until = connection.value(
        "SELECT until_mono FROM pause WHERE until_mono BETWEEN 0 AND ?", (clock.monotonic() + LONGEST_WAIT,)
    )
    return 0.0 if until is None else until
