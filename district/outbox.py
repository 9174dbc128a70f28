"""What is still to be told to whom the district hands cases on: one row an event, written in the commit that it is of.

Events of one case go in their order, each at least once, under a key that stays the same. What can't be delivered is
tried again for ever, at growing distances that are kept here; what the receiver refuses is a dead end, and the case's
later events wait behind it until staff retry or skip it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Connection, literal, select

from district.tables import OUTBOX, SUBMISSIONS


class Event(StrEnum):
    """What is told: the stage that a case came to, or what else happened to it."""

    COMPLETE = "complete"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    SUPPLEMENT = "supplement"
    SUPPLEMENT_ANSWERED = "supplement-answered"
    APPROVED = "approved"
    DECLINED = "declined"
    RATED = "rated"


def tell(connection: Connection, event: Event, uids: Sequence[str], *, now: str) -> None:
    """Write an event of each of these cases into the same commit, in their order; of a rehearsal nothing is told.

    The submission's own row has been written or locked before in this transaction, so that events of one case come to
    stand here in the order in which they happened.
    """
    told = (
        select(SUBMISSIONS.c.uid, literal(event.value), literal(now), literal(0), literal(0))
        .where(SUBMISSIONS.c.uid.in_(uids), SUBMISSIONS.c.test.is_(False))
        .order_by(SUBMISSIONS.c.seq)
    )
    connection.execute(OUTBOX.insert().from_select(["uid", "event", "made_at", "attempts", "next_try"], told))
