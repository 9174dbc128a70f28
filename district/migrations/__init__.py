"""How a database of any earlier day comes to today's tables: alembic's revisions, in one line without branches.

A revision is written by hand, never changed once it was released, and keeps what is there. It must give the same
tables on SQLite and on PostgreSQL as :mod:`district.tables`, which a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

_AT_ONCE = 500


def all_bodies(connection: Connection) -> Iterator[tuple[int, Any, str | None]]:
    """`seq`, `body` and `case_number` of each submission, some at a time: all of them need not fit into memory."""
    some = text("SELECT seq, body, case_number FROM submission WHERE seq > :after ORDER BY seq LIMIT :most")
    after = 0
    while rows := connection.execute(some, {"after": after, "most": _AT_ONCE}).all():
        yield from ((row.seq, row.body, row.case_number) for row in rows)
        after = rows[-1].seq
