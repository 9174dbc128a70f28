"""What may have left: nothing is sent before the disk knows that it may be, so that a withdrawal can rely on it.

A claim may be lost to a power cut although its form was sent, and its answer with it. So one mark stands over all
claims: what was handed in after it has never been offered to anybody. It moves to the newest hand-in, durably, before
the first form behind it leaves: one sync more for all that waits then, and none for what is tried again.
"""

from __future__ import annotations

from offline_queue.database import Transaction
from offline_queue.work import FormsWork, FormWork

_ALL = 1 << 62
"""Where the disk lost the mark, nothing is known never to have left."""


class NotYetOffered(Exception):
    """These forms leave for the first time: their claim must be a durable one."""


def offer(connection: Transaction, work: FormWork | FormsWork, *, durable: bool) -> None:
    """Move the mark if need be. Raises NotYetOffered where the transaction is not a `durable` one."""
    newest = max(one.seq for one in work.forms) if isinstance(work, FormsWork) else work.seq
    mark = _mark(connection)
    if mark is None or newest > mark:
        if not durable:
            raise NotYetOffered
        connection.run("INSERT OR REPLACE INTO offered SELECT 1, max(seq) FROM submission")


def offered_to(connection: Transaction) -> int:
    """Submissions of a higher `seq` never left."""
    mark = _mark(connection)
    return _ALL if mark is None else mark


def _mark(connection: Transaction) -> int | None:
    return connection.value("SELECT seq FROM offered WHERE typeof(seq) = 'integer'")
