"""Who sends what: a claim is a lease, which ends with its time, with its report, or with the process that holds it."""

from __future__ import annotations

import os

from offline_queue.database import Transaction

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
    """End the leases of senders that are dead, or silent for too long; what they were sending is ready again."""
    leased = connection.all("SELECT seq, lease, lease_mono FROM submission WHERE lease IS NOT NULL")
    for seq, holder, until in leased:
        if until is None or until < mono or not is_alive(holder):
            connection.run(
                """
                UPDATE submission SET lease = NULL, lease_mono = NULL,
                    state = CASE state WHEN 'sending' THEN 'ready' ELSE state END WHERE seq = ?
                """,
                (seq,),
            )


def is_alive(holder: str) -> bool:
    """Whether the process of a lease lives; a reused process id only delays until the lease runs out."""
    process = int(holder.partition(".")[0])
    if process == os.getpid():
        return holder in _living
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
