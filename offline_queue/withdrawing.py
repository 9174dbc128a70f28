"""Withdrawing a submission: only what the platform does not have.

What was never offered to it (:mod:`offline_queue.offering`) is withdrawn here. Of anything else the platform is asked,
while the item is leased to whoever asks: its word that it knows nothing counts, and silence does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

from offline_queue.database import Database, Transaction
from offline_queue.lease import LEASE_SECONDS
from offline_queue.model import Clock
from offline_queue.offering import offered_to
from offline_queue.people import are_two
from offline_queue.retry import Outcome, knows_nothing, knows_something
from offline_queue.sealing import Sealer

MAX_NAME = 40
Ask = Callable[[str], Outcome]
"""GET /v1/submissions/{uid}."""


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


class Withdrawal(StrEnum):
    """What became of it; only `withdrawn` changed something."""

    WITHDRAWN = "withdrawn"
    UNKNOWN = "uid-unknown"
    LEFT = "not-withdrawn"
    """The platform has it, it lies on a stick, or it ended."""
    ON_ITS_WAY = "on-its-way"
    """It is being sent, or was so lately that a request may still arrive."""
    MAY_HAVE_LEFT = "may-have-left"
    """It was being sent once, and the platform could not be asked."""


class Withdrawing:
    """Withdraws from one queue; `holder` leases what is asked about."""

    def __init__(self, *, database: Database, sealer: Sealer, clock: Clock, holder: str) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._holder = holder

    def withdraw(self, asked: Cancelling, ask: Ask | None) -> Withdrawal:
        """The body stays sealed until it is forgotten. Raises apsw.Error on disk trouble."""
        with self._database.write() as connection:
            row = connection.one(
                """
                SELECT seq, state, lease, coalesce(lease_mono, 0), receipt IS NOT NULL OR exported_epoch IS NOT NULL
                FROM submission WHERE uid = ?
                """,
                (asked.uid,),
            )
            if row is None:
                return Withdrawal.UNKNOWN
            seq, state, lease, until, left = row
            if left or state in ("received", "done", "cancelled"):
                return Withdrawal.LEFT
            if lease is not None or state == "sending" or until > self._clock.monotonic():
                return Withdrawal.ON_ITS_WAY
            if seq > offered_to(connection):
                self._end(connection, seq, asked)
                return Withdrawal.WITHDRAWN
            if ask is None:
                return Withdrawal.MAY_HAVE_LEFT
            self._lease(connection, seq, state)
        outcome = ask(asked.uid)
        with self._database.write() as connection:
            if connection.value("SELECT lease FROM submission WHERE seq = ?", (seq,)) != self._holder:
                return Withdrawal.ON_ITS_WAY  # asking took so long that somebody else sends it now
            if knows_nothing(outcome):
                self._end(connection, seq, asked)
                return Withdrawal.WITHDRAWN
            connection.run(
                "UPDATE submission SET state = ?, lease = NULL, lease_mono = NULL WHERE seq = ?", (state, seq)
            )
        return Withdrawal.LEFT if knows_something(outcome) else Withdrawal.MAY_HAVE_LEFT

    def _lease(self, connection: Transaction, seq: int, state: str) -> None:
        """What waits must not be sent meanwhile; what is held stays so, and is not released."""
        connection.run(
            "UPDATE submission SET state = ?, lease = ?, lease_mono = ? WHERE seq = ?",
            ("sending" if state == "ready" else state, self._holder, self._clock.monotonic() + LEASE_SECONDS, seq),
        )

    def _end(self, connection: Transaction, seq: int, asked: Cancelling) -> None:
        reason = json.dumps(
            {**asdict(asked), "at": self._clock.wall().isoformat(timespec="seconds")}, ensure_ascii=False
        )
        connection.run(
            """
            UPDATE submission SET state = 'cancelled', ended_epoch = ?, reason = ?, next_wall = NULL, lease = NULL,
                lease_mono = NULL
            WHERE seq = ?
            """,
            (
                self._clock.wall().timestamp(),
                self._sealer.seal(reason.encode(), context=f"{asked.uid}/reason"),
                seq,
            ),
        )
