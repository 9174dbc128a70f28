"""After a restore, and against what piles up.

A database that was restored is older than the papers, and than what terminals, residents and batch jobs were told.
Numbers of cases and of events that were given since must not be given to others; papers that arrived whole since are
there and not known; what was let in since then (a session, a code to enrol) or was on its way then counts no longer.
What was handed in since then is known to nobody here: docs/district.md says how not to get there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.engine import Connection

from district.case_numbers import next_cases
from district.database import alone, write
from district.objects import Objects
from district.outbox import leave_out
from district.outcomes import Upload
from district.store import DistrictStore
from district.tables import ATTACHMENTS, ENROLMENTS, LEASES, SESSIONS, SUBMISSIONS
from district.times import now_text

_UNTIL_LOOSE = timedelta(days=1)
"""Far longer than a request lasts: what lies that long without being recorded never will be."""
_PAGE = 500
EVENTS = 1_000
"""For each case number that is left out: those of older cases are among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A paper that was complete, and is not in its place, or not all of it."""

    uid: str
    case_number: str | None
    paper: str


def make_safe(engine: Engine, *, skip: int) -> None:
    """Before a restored platform serves again: go on `skip` case numbers, and as many events as may go with them,
    further; and shut out who came in since."""

    def shut(connection: Connection) -> None:
        next_cases(connection, now_text(), skip)
        leave_out(connection, skip * EVENTS)
        for table in (LEASES, SESSIONS):
            connection.execute(delete(table))
        connection.execute(update(ENROLMENTS).where(ENROLMENTS.c.used_at.is_(None)).values(expires_at=now_text()))

    write(engine, shut)


def finish_papers(store: DistrictStore) -> int:
    """Bring papers to their end of which every byte is there; gives how many. Raises ObjectsAway."""
    finished = 0
    for row in _papers(store.engine, complete=False):
        store.objects.adopt(row.id)
        upload = store.papers.upload(row.id)
        finished += isinstance(upload, Upload) and upload.offset == upload.length
    return finished


def lost_papers(store: DistrictStore) -> Iterator[Lost]:
    """Complete papers that are not in their place with every byte, by their lengths alone. Raises ObjectsAway."""
    for row in _papers(store.engine, complete=True):
        if store.objects.adopt(row.id) != row.bytes:
            yield Lost(uid=row.uid, case_number=row.case_number, paper=row.id)


def tidy(engine: Engine, objects: Objects) -> int:
    """Remove what belongs to no paper, a day after it came; gives how many. Raises ObjectsAway."""

    def known(names: Collection[str]) -> Collection[str]:
        kept = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.id.in_(names), ATTACHMENTS.c.erased_at.is_(None))
        with alone(engine) as connection:
            return set(connection.execute(kept).scalars())

    return objects.tidy(known, before=datetime.now(tz=UTC) - _UNTIL_LOOSE)


def _papers(engine: Engine, *, complete: bool) -> Iterator[Any]:
    """Rows of papers that are kept, some at a time: between them the database is left alone."""
    columns = select(ATTACHMENTS.c.id, ATTACHMENTS.c.uid, ATTACHMENTS.c.bytes, SUBMISSIONS.c.case_number)
    rows = columns.join_from(ATTACHMENTS, SUBMISSIONS, SUBMISSIONS.c.uid == ATTACHMENTS.c.uid)
    rows = rows.where(ATTACHMENTS.c.complete.is_(complete), ATTACHMENTS.c.erased_at.is_(None))
    after = ""
    while True:
        with alone(engine) as connection:
            page = connection.execute(
                rows.where(ATTACHMENTS.c.id > after).order_by(ATTACHMENTS.c.id).limit(_PAGE)
            ).all()
        if not page:
            return
        yield from page
        after = page[-1].id
