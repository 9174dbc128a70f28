"""New submissions into their table, and what is told of those that are complete cases into the outbox.

On PostgreSQL both are one statement, to which a batch goes as one array a column: this is the busiest one of a district
that wakes. As a row a message it took the platform and the database, each, twice the time; and to find the rows once
more for the outbox, as long again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, case, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from district.receiving import Event
from district.tables import OUTBOX, SUBMISSIONS, SUPPLEMENTS, TERMINALS

COLUMNS = (
    "uid",
    "sha256",
    "body",
    "receipt",
    "test",
    "state",
    "case_number",
    "received_at",
    "complete_at",
    "terminal",
    "provisional_number",
    "matter",
    "stage",
    "supplement_of",
)
"""What a row brings; the hall is where its terminal stands at that time, or stood for the case that it answers."""
_STANDS = (
    select(TERMINALS.c.hall)
    .where(TERMINALS.c.code == bindparam("terminal"), TERMINALS.c.hall.is_not(None))
    .order_by(TERMINALS.c.added_at.desc())
    .limit(1)
    .scalar_subquery()
)
_ANSWERED = bindparam("supplement_of", type_=SUBMISSIONS.c.supplement_of.type)
_CASES = SUBMISSIONS.alias("answered")
_STOOD = (
    select(_CASES.c.hall)
    .join(SUPPLEMENTS, SUPPLEMENTS.c.uid == _CASES.c.uid)
    .where(SUPPLEMENTS.c.id == _ANSWERED)
    .scalar_subquery()
)
_HALL = case((_ANSWERED.is_(None), _STANDS), else_=_STOOD)
_EVENT = Event.COMPLETE.value
_ONE_BY_ONE = SUBMISSIONS.insert().values(terminal=bindparam("terminal"), supplement_of=_ANSWERED, hall=_HALL)


def _array(column: str) -> str:
    """A parameter in psycopg's words, in binary form. Without the length of its type, to which a cast would cut it."""
    kind = SUBMISSIONS.c[column].type.compile(postgresql.dialect()).partition("(")[0]
    return f"%({column})b::{kind}[]"


_NAMES = ", ".join(COLUMNS)
_TOGETHER = (
    f"WITH kept AS (INSERT INTO submission ({_NAMES}, hall) "  # noqa: S608 - names of our own columns  # nosec B608
    f"SELECT {_NAMES}, CASE WHEN new.supplement_of IS NULL"
    " THEN (SELECT hall FROM terminal WHERE code = new.terminal AND hall IS NOT NULL ORDER BY added_at DESC LIMIT 1)"
    " ELSE (SELECT answered.hall FROM submission AS answered JOIN supplement ON supplement.uid = answered.uid"
    " WHERE supplement.id = new.supplement_of) END "
    f"FROM unnest({', '.join(map(_array, COLUMNS))}) WITH ORDINALITY AS new({_NAMES}, nth) ORDER BY nth"
    " RETURNING seq, uid, case_number, received_at) "
    "INSERT INTO outbox (uid, event, made_at, attempts, next_try)"
    f" SELECT uid, '{_EVENT}', received_at, 0, 0 FROM kept WHERE case_number IS NOT NULL ORDER BY seq"
)


def insert_submissions(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """In their order. Raises IntegrityError where one is known already."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(_TOGETHER, {column: [row[column] for row in rows] for column in COLUMNS})
        return
    connection.execute(_ONE_BY_ONE, rows)
    told = [
        {"uid": row["uid"], "event": _EVENT, "made_at": row["received_at"], "attempts": 0, "next_try": 0}
        for row in rows
        if row["case_number"] is not None
    ]
    if told:
        connection.execute(OUTBOX.insert(), told)
