"""The queue's own time: a monotonic clock that goes on over reboots.

What waits is counted on the machine's monotonic clock, which begins anew with every boot. Instead of writing new times
into every row then (a start that takes longer with every year, and that a full disk forbids), the queue's time goes on
behind whatever anything waited for: one number in `started`. So all of it is due after a reboot, oldest first.
"""

from __future__ import annotations

from datetime import datetime

from offline_queue.database import Transaction
from offline_queue.model import Clock
from offline_queue.retry import LONGEST_DELAY

_AGES = 1e10
"""Seconds. Three centuries: what is later was written by a failing disk, and must not become the queue's time."""


class QueueClock:
    """The machine's clocks, but `monotonic` is the queue's time. Unknown before `follow` or `begin`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = 0.0

    def wall(self) -> datetime:
        return self._clock.wall()

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._ahead

    def boot_id(self) -> str:
        return self._clock.boot_id()

    def follow(self, connection: Transaction) -> bool:
        """Take the time of this boot, and say whether it is written down. As long as it is not, nobody sends, and what
        is put with it is due at once for whoever writes one down later: that is never an earlier one."""
        kept = connection.value(
            "SELECT ahead FROM started WHERE boot_id = ? AND ahead BETWEEN 0 AND ?", (self.boot_id(), _AGES)
        )
        self._ahead = _after_all(connection) if kept is None else kept
        return kept is not None

    def begin(self, connection: Transaction) -> bool:
        """The same, and write it down; True when this is the first to do so after a reboot."""
        if self.follow(connection):
            return False
        before = connection.value("SELECT boot_id FROM started UNION ALL SELECT boot_id FROM submission LIMIT 1")
        connection.run("INSERT OR REPLACE INTO started VALUES (1, ?, ?)", (self.boot_id(), self._ahead))
        return before is not None and before != self.boot_id()


def _after_all(connection: Transaction) -> float:
    """No earlier than anything that waits. Each part has its index, and reads one row of it however long the queue is;
    papers' own times have none, and are at most a longest delay past those of their submission."""
    latest = connection.value(
        """
        SELECT max(t) FROM (
            SELECT * FROM (SELECT next_mono AS t FROM submission
                WHERE state = 'ready' AND next_mono <= ?1 ORDER BY next_mono DESC LIMIT 1)
            UNION ALL SELECT * FROM (SELECT next_mono FROM submission
                WHERE state = 'received' AND next_mono <= ?1 ORDER BY next_mono DESC LIMIT 1)
            UNION ALL SELECT * FROM (SELECT next_mono FROM submission
                WHERE state = 'done' AND case_number IS NULL AND test = 0 AND next_mono <= ?1
                ORDER BY next_mono DESC LIMIT 1)
            UNION ALL SELECT lease_mono FROM submission WHERE lease IS NOT NULL
            UNION ALL SELECT * FROM (SELECT next_mono FROM rating
                WHERE state = 'ready' AND next_mono <= ?1 ORDER BY next_mono DESC LIMIT 1)
            UNION ALL SELECT next_mono FROM telemetry
            UNION ALL SELECT until_mono FROM pause
            UNION ALL SELECT until_mono FROM sender)
        WHERE t BETWEEN 0 AND ?1
        """,
        (_AGES,),
    )
    return (latest or 0.0) + LONGEST_DELAY
