"""What is still to be told to whom the district hands cases on: one row an event, written in the commit that it is of.

Events of one case go in their order, each at least once, under a key that stays the same. What can't be delivered is
tried again for ever, at growing distances that are kept here; what the receiver refuses is a dead end, and the case's
later events wait behind it until staff retry or skip it.

Several processes share one outbox: a claim is a row's due time moved ahead by a lease, committed before anything is
sent. Who dies leaves a row that is due again when its lease is over. PostgreSQL's claimers pass over rows that another
is claiming at that moment; those of an SQLite file wait for each other.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Integer,
    String,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)

from district.database import write
from district.receiving import Event
from district.tables import OUTBOX, STEPS, SUBMISSIONS
from offline_queue.retry import LONGEST_RETRY_AFTER

LEASE_SECONDS = 180
_ENOUGH_SECONDS = 150
"""Longer than one request may take; a lease with less is renewed before the next."""
HANDED_ON = "handed-on"
"""The step that says a receiver has the case; its note is their number."""
_FARTHEST = int(LONGEST_RETRY_AFTER) * 2
"""No retry is that far ahead: a row that seems so was written by a clock that was wrong, and is due."""
_NAMESPACE = uuid.UUID("5b0b6d0e-7f38-4c5b-9a3e-3a9b4f1f7c60")


_TELL = OUTBOX.insert().from_select(
    ["uid", "event", "made_at", "attempts", "next_try"],
    select(
        SUBMISSIONS.c.uid,
        bindparam("event", type_=String),
        bindparam("now", type_=String),
        literal_column("0", Integer),
        literal_column("0", Integer),
    )
    .where(
        SUBMISSIONS.c.uid.in_(bindparam("uids", expanding=True)),
        SUBMISSIONS.c.test.is_(False),
        SUBMISSIONS.c.supplement_of.is_(None),
    )
    .order_by(SUBMISSIONS.c.seq),
)


def tell(connection: Connection, event: Event, uids: Sequence[str], *, now: str) -> None:
    """Write an event of each of these cases into the same commit, in their order. Nothing is told of a rehearsal, nor
    of a supplement by itself.

    The submission's own row has been written or locked before in this transaction, so that events of one case come to
    stand here in the order in which they happened.
    """
    connection.execute(_TELL, {"event": event.value, "now": now, "uids": uids})


def leave_out(connection: Connection, count: int) -> None:
    """The next `count` numbers are nobody's: a batch job may have seen them before the database was restored."""
    if connection.dialect.name == "postgresql":
        counter = func.pg_get_serial_sequence("outbox", "seq")
        connection.execute(select(func.setval(counter, func.nextval(counter) + count)))
        return
    seen = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'"
    last = connection.execute(text(seen)).scalar_one()
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'outbox'"))
    connection.execute(text("INSERT INTO sqlite_sequence VALUES ('outbox', :last)"), {"last": last + count})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event as it stands in the outbox; `made_at` is ISO 8601."""

    seq: int
    uid: str
    event: str
    made_at: str

    @property
    def key(self) -> str:
        """The same at every attempt, and no other event's: not even that of an event which comes to stand at this
        place after the database was restored from an older copy."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.uid} {self.seq} {self.event} {self.made_at}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An event that is ours until `until` (seconds since 1970); `attempts` counts those before."""

    told: Told
    attempts: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An event that was tried and is not delivered. `refused_at` (ISO 8601) makes it a dead end, `next_try` is in
    seconds since 1970, and `behind` counts the case's events that wait for it."""

    told: Told
    attempts: int
    next_try: int
    last_error: str | None
    refused_at: str | None
    behind: int


_OPEN = (OUTBOX.c.delivered_at.is_(None), OUTBOX.c.skipped_at.is_(None))


class Outbox:
    """One platform's outbox; safe to use from several threads and processes. `wall` gives seconds since 1970."""

    def __init__(self, engine: Engine, *, wall: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._wall = wall

    def claim(self) -> Claimed | None:
        """The event that has been due longest, ours from now on; None when nothing is due."""
        now = int(self._wall())
        due = or_(OUTBOX.c.next_try <= now, OUTBOX.c.next_try > now + _FARTHEST)
        asked = (
            select(OUTBOX)
            .where(*_OPEN, OUTBOX.c.refused_at.is_(None), due, ~_one_before())
            .order_by(OUTBOX.c.next_try, OUTBOX.c.seq)
            .limit(1)
            .with_for_update(skip_locked=True, of=OUTBOX)
        )

        def work(connection: Connection) -> Claimed | None:
            row = connection.execute(asked).first()
            if row is None:
                return None
            until = now + LEASE_SECONDS
            connection.execute(update(OUTBOX).where(OUTBOX.c.seq == row.seq).values(next_try=until))
            return Claimed(told=_told(row), attempts=row.attempts, until=until)

        return write(self._engine, work)

    def renew(self, claimed: Claimed) -> Claimed | None:
        """The claim, good for another request; None when its lease was over and another took it."""
        if claimed.until - self._wall() >= _ENOUGH_SECONDS:
            return claimed
        until = max(int(self._wall()) + LEASE_SECONDS, claimed.until + 1)
        return replace(claimed, until=until) if self._change(claimed, next_try=until) else None

    def delivered(self, claimed: Claimed, number: str | None) -> None:
        """They have it. Their `number`, where it is told first, becomes a step of the case in the same commit."""
        now = self._now()
        open_ = update(OUTBOX).where(OUTBOX.c.seq == claimed.told.seq, OUTBOX.c.delivered_at.is_(None))
        known = select(STEPS.c.note).where(STEPS.c.uid == claimed.told.uid, STEPS.c.code == HANDED_ON)

        def work(connection: Connection) -> None:
            # Also when the lease was over meanwhile: what they have, they have.
            connection.execute(open_.values(delivered_at=now, last_error=None, refused_at=None))
            if number is not None and number not in connection.execute(known).scalars().all():
                step = {"uid": claimed.told.uid, "at": now, "code": HANDED_ON, "note": number}
                connection.execute(STEPS.insert().values(step))

        write(self._engine, work)

    def later(self, claimed: Claimed, seconds: float, error: str) -> None:
        """Due again after so long, if the claim still holds."""
        due = int(self._wall() + seconds) + 1
        self._change(claimed, next_try=due, attempts=claimed.attempts + 1, last_error=error[:200])

    def refused(self, claimed: Claimed, error: str) -> None:
        """A dead end, if the claim still holds."""
        self._change(claimed, refused_at=self._now(), attempts=claimed.attempts + 1, last_error=error[:200])

    def retry(self, seq: int) -> bool:
        """Due now, a dead end as well as one that waits; False when there is nothing of the kind."""
        return self._decide(seq, refused_at=None, next_try=0)

    def retry_all(self) -> int:
        """All dead ends are due now; gives how many."""
        all_ = update(OUTBOX).where(OUTBOX.c.refused_at.is_not(None), *_OPEN).values(refused_at=None, next_try=0)
        return write(self._engine, lambda c: c.execute(all_).rowcount)

    def skip(self, seq: int) -> bool:
        """Never to be delivered, so that the case's later events go on; False when there is nothing of the kind."""
        return self._decide(seq, skipped_at=self._now())

    def waiting(self, *, limit: int = 1000) -> list[Waiting]:
        """What was tried and not delivered, oldest first."""
        after = OUTBOX.alias("after")
        behind = (
            select(func.count())
            .where(after.c.uid == OUTBOX.c.uid, after.c.seq > OUTBOX.c.seq)
            .where(after.c.delivered_at.is_(None), after.c.skipped_at.is_(None))
            .scalar_subquery()
        )
        asked = select(OUTBOX, behind.label("behind")).where(*_OPEN, OUTBOX.c.attempts > 0)
        with self._engine.connect() as connection:
            return [
                Waiting(
                    told=_told(row),
                    attempts=row.attempts,
                    next_try=row.next_try,
                    last_error=row.last_error,
                    refused_at=row.refused_at,
                    behind=row.behind,
                )
                for row in connection.execute(asked.order_by(OUTBOX.c.seq).limit(limit))
            ]

    def dead_end(self, uid: str) -> str | None:
        """Why the receiver refused an event of this case, while nobody has decided; None when it did not."""
        asked = select(OUTBOX.c.last_error).where(OUTBOX.c.uid == uid, OUTBOX.c.refused_at.is_not(None), *_OPEN)
        with self._engine.connect() as connection:
            return connection.execute(asked).scalar()

    def undelivered(self) -> int:
        """How many events wait, whether tried or not."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(OUTBOX).where(*_OPEN)).scalar_one()

    def since(self, seq: int, *, limit: int = 1000) -> Iterator[Told]:
        """Events after `seq` in their order, for who keeps the last one's `seq` and asks for what came since."""
        last = self._settled()
        asked = select(OUTBOX).where(OUTBOX.c.seq > seq, OUTBOX.c.seq <= last).order_by(OUTBOX.c.seq).limit(limit)
        with self._engine.connect() as connection:
            yield from [_told(row) for row in connection.execute(asked)]

    def _settled(self) -> int:
        """Up to where nothing can still appear. PostgreSQL gives numbers out before the commit, so that a lower one may
        appear after a higher one was read; with the table locked for a moment, all that were given are there."""
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE outbox IN SHARE MODE"))
            return connection.execute(select(func.coalesce(func.max(OUTBOX.c.seq), 0))).scalar_one()

    def _change(self, claimed: Claimed, **values: object) -> bool:
        ours = (OUTBOX.c.seq == claimed.told.seq, OUTBOX.c.next_try == claimed.until, *_OPEN)
        return write(self._engine, lambda c: c.execute(update(OUTBOX).where(*ours).values(**values)).rowcount == 1)

    def _decide(self, seq: int, **values: object) -> bool:
        one = update(OUTBOX).where(OUTBOX.c.seq == seq, *_OPEN).values(**values)
        return write(self._engine, lambda c: c.execute(one).rowcount == 1)

    def _now(self) -> str:
        return datetime.fromtimestamp(self._wall(), tz=UTC).isoformat(timespec="seconds")


def _one_before() -> ColumnElement[bool]:
    """Another event of the same case that comes first."""
    before = OUTBOX.alias("before")
    return exists().where(
        before.c.uid == OUTBOX.c.uid,
        before.c.seq < OUTBOX.c.seq,
        before.c.delivered_at.is_(None),
        before.c.skipped_at.is_(None),
    )


def _told(row: Any) -> Told:
    return Told(seq=row.seq, uid=row.uid, event=row.event, made_at=row.made_at)
