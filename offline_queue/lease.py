"""Who sends what: a claim is a lease, which ends with its time, with its report, or with the process that holds it.

A claim keeps an item to one sender. Beside it there is the turn: one process at a time runs rounds, and a service that
only sends (`kiosk sync`) has it before the app, which takes over when the service has died or stays silent.
"""

from __future__ import annotations

import os

from offline_queue.database import Transaction
from offline_queue.model import Clock

LEASE_SECONDS = 180.0
"""Longer than the client's deadline for one request."""

_living: set[str] = set()


def new_holder() -> str:
    """A name for one sender of this process."""
    holder = f"{os.getpid()}.{os.urandom(8).hex()}"
    _living.add(holder)
    return holder


def forget_holder(holder: str) -> None:
    """The sender has ended; its leases are anybody's."""
    _living.discard(holder)


def rescue(connection: Transaction, mono: float) -> None:
    """End the leases of senders that are dead, or silent for too long; what they were sending is ready again.
    `lease_mono` stays: until then a request of theirs may be on its way."""
    leased = connection.all("SELECT seq, lease, lease_mono FROM submission WHERE lease IS NOT NULL")
    for seq, holder, until in leased:
        if not isinstance(until, float) or not mono <= until <= mono + LEASE_SECONDS or not is_alive(holder):
            connection.run(
                """
                UPDATE submission SET lease = NULL,
                    state = CASE state WHEN 'sending' THEN 'ready' ELSE state END WHERE seq = ?
                """,
                (seq,),
            )


def is_alive(holder: object) -> bool:
    """Whether the process of a lease lives; a reused process id only delays until the lease runs out."""
    number = str(holder).partition(".")[0]
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 1 << 31):
        return False  # damaged: nobody was ever called that
    process = int(number)
    if process == os.getpid():
        return holder in _living
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def take_turn(connection: Transaction, clock: Clock, holder: str, *, service: bool) -> bool:
    """Begin or go on with the turn to send; False while another living holder has it that is not an app.

    A service takes the turn over from an app, whose request under way is still kept to it by the item's own lease.
    """
    row = connection.one("SELECT holder, service, until_mono FROM sender WHERE typeof(until_mono) = 'real'")
    if row is not None:
        other, other_serves, until = row
        left = until - clock.monotonic()
        lives = 0 <= left <= LEASE_SECONDS and is_alive(other)
        if other != holder and lives and (other_serves or not service):
            return False
        # Written anew only in its second half: whoever sleeps between rounds need not write to the disk.
        if other == holder and lives and left > LEASE_SECONDS / 2:
            return True
    connection.run(
        "INSERT OR REPLACE INTO sender VALUES (1, ?, ?, ?)",
        (holder, int(service), clock.monotonic() + LEASE_SECONDS),
    )
    return True


def keep_turn(connection: Transaction, clock: Clock, holder: str) -> None:
    """A sign of life in the midst of a round."""
    connection.run("UPDATE sender SET until_mono = ? WHERE holder = ?", (clock.monotonic() + LEASE_SECONDS, holder))


def end_turn(connection: Transaction, holder: str) -> None:
    connection.run("DELETE FROM sender WHERE holder = ?", (holder,))
