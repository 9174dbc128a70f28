"""New submissions into their table, their papers beside them, and what is told of complete cases into the outbox.

On PostgreSQL two statements do it, where no supplement is among them: one says what is known, and draws case numbers
for what is not, and one stores all of it, each column as an array. These are the busiest statements of a district that
wakes: as a row a message, or a statement a table, they took the platform and the database, each, twice the time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, Table, bindparam, case, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from district.case_numbers import cases_until, year_of
from district.database import again, alone
from district.direct import NEXT, direct
from district.halls import hall_of
from district.receiving import Event
from district.tables import ATTACHMENTS, OUTBOX, SUBMISSIONS, SUPPLEMENTS

Row = Mapping[str, object]
_KNOWN = select(SUBMISSIONS.c.uid, SUBMISSIONS.c.sha256, SUBMISSIONS.c.receipt).where(
    SUBMISSIONS.c.uid.in_(bindparam("uids", expanding=True))
)
_KNOWN_AND_DRAWN = b"""
WITH known AS (SELECT uid, sha256, receipt FROM submission WHERE uid = ANY(string_to_array(%(uids)s, ','))),
drawn AS (
    INSERT INTO case_counter (year, last)
    SELECT %(year)s, count(*) FROM unnest(string_to_array(%(cases)s, ',')) AS new (uid)
    CROSS JOIN set_config('synchronous_commit', 'off', true)
    WHERE NOT EXISTS (SELECT FROM known WHERE known.uid = new.uid) HAVING count(*) > 0
    ON CONFLICT (year) DO UPDATE SET last = case_counter.last + excluded.last RETURNING last
)
SELECT (SELECT last FROM drawn), uid, sha256, receipt FROM (SELECT) AS one LEFT JOIN known ON true
"""
"""Its commit does not wait for the disk, but stands in the same log before the one that uses the numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Of the uids that are known, digest and receipt; and case numbers for those that are not, where they are drawn
    ahead."""

    known: Mapping[str, tuple[str, bytes]]
    numbers: Sequence[str]


def look_up(engine: Engine, uids: Collection[str], *, cases: Collection[str], now: str) -> Found:
    """`cases` are those that are cases as they come, if they are new."""
    if engine.dialect.name == "sqlite":
        with alone(engine) as connection:
            rows = connection.execute(_KNOWN, {"uids": uids})
            return Found(known={row.uid: (row.sha256, row.receipt) for row in rows}, numbers=())
    year = year_of(now)
    told = {"uids": ",".join(uids), "cases": ",".join(cases), "year": year}
    found = again(direct(engine).rows)(_KNOWN_AND_DRAWN, told)
    known = {uid: (sha256, receipt) for _, uid, sha256, receipt in found if uid is not None}
    last = found[0][0]
    fresh = sum(uid not in known for uid in cases)
    return Found(known=known, numbers=[] if last is None else cases_until(last, fresh, year))


_ANSWERED = bindparam("supplement_of", type_=SUBMISSIONS.c.supplement_of.type)
_CASES = SUBMISSIONS.alias("answered")
_STOOD = (
    select(_CASES.c.hall)
    .join(SUPPLEMENTS, SUPPLEMENTS.c.uid == _CASES.c.uid)
    .where(SUPPLEMENTS.c.id == _ANSWERED)
    .scalar_subquery()
)
# The hall is where its terminal stands at that time, or stood for the case that it answers.
_HALL = case((_ANSWERED.is_(None), hall_of(bindparam("terminal"))), else_=_STOOD)
_EVENT = Event.COMPLETE.value
_ONE_BY_ONE = SUBMISSIONS.insert().values(terminal=bindparam("terminal"), supplement_of=_ANSWERED, hall=_HALL)


def insert_submissions(connection: Connection, rows: Sequence[Row], papers: Sequence[Row]) -> None:
    """In their order. Raises IntegrityError where one is known already."""
    connection.execute(_ONE_BY_ONE, rows)
    if papers:
        connection.execute(ATTACHMENTS.insert(), papers)
    told = [
        {"uid": row["uid"], "event": _EVENT, "made_at": row["received_at"], "attempts": 0, "next_try": 0}
        for row in rows
        if row["case_number"] is not None
    ]
    if told:
        connection.execute(OUTBOX.insert(), told)


_NONE = "\x1e"
"""In place of a text, likewise."""


_COUNTED_AGAIN = """counted AS (
    UPDATE case_counter SET last = used.last FROM (
        SELECT split_part(case_number, '-', 1)::int AS year, max(split_part(case_number, '-', 2)::int) AS last
        FROM kept WHERE case_number IS NOT NULL GROUP BY 1
    ) AS used WHERE case_counter.year = used.year AND case_counter.last < used.last
)"""
"""A server that stopped may have forgotten that these numbers were drawn. As good as always it has not, and no row is
locked."""


class _Column:
    """Of a table, as an array."""

    def __init__(self, table: Table, name: str, *, prefix: str = "") -> None:
        kind = table.c[name].type.compile(postgresql.dialect()).partition("(")[0]  # its length would cut what is longer
        self.name = name
        self.told_as = prefix + name
        self.is_text = kind != "BYTEA"
        split = f"string_to_array(%({self.told_as})s, '{NEXT}', '{_NONE}')"
        split = f"coalesce(nullif({split}, '{{}}'), ARRAY[''])"  # of one empty text it makes an empty array
        self.words = f"{split if self.is_text else f'%({self.told_as})b'}::{kind}[]"

    def told(self, rows: Sequence[Row]) -> object:
        values = [row[self.name] for row in rows]
        return NEXT.join(_NONE if one is None else str(one) for one in values) if self.is_text else values


class _Statement:
    """For submissions none of which answers a supplement. `same` are the columns in which they don't differ."""

    def __init__(self, *same: str, papers: bool) -> None:
        self._same = same
        self._each = [_Column(SUBMISSIONS, name) for name in _COLUMNS if name not in same]
        named = [column.name for column in ATTACHMENTS.c if papers and not column.nullable]
        self._of_papers = [_Column(ATTACHMENTS, name, prefix="paper_") for name in named]
        self._words = self._said().encode()

    def _said(self) -> str:
        each, arrays = ", ".join(one.name for one in self._each), ", ".join(one.words for one in self._each)
        same = "".join(f", %({name})s::text" for name in self._same)
        beside = ""
        if self._of_papers:
            names = ", ".join(f'"{one.name}"' for one in self._of_papers)
            of_papers = ", ".join(one.words for one in self._of_papers)
            beside = f", papers AS (INSERT INTO attachment ({names}) SELECT * FROM unnest({of_papers}))"  # noqa: S608  # nosec B608
        # All of these are names of our own columns:
        return (
            "WITH stands AS (SELECT DISTINCT ON (code) code, hall FROM terminal"  # noqa: S608
            " WHERE code = ANY (string_to_array(%(terminals)s, ',')) AND hall IS NOT NULL ORDER BY code, added_at DESC"
            f"), kept AS (INSERT INTO submission ({each}, {', '.join(self._same)}, hall)"  # nosec B608
            f" SELECT {each}{same}, stands.hall FROM unnest({arrays}) WITH ORDINALITY AS new ({each}, nth)"
            " LEFT JOIN stands ON stands.code = new.terminal ORDER BY nth"
            f" RETURNING seq, uid, case_number, received_at){beside}, {_COUNTED_AGAIN}"
            " INSERT INTO outbox (uid, event, made_at, attempts, next_try)"
            f" SELECT uid, '{_EVENT}', received_at, 0, 0 FROM kept WHERE case_number IS NOT NULL ORDER BY seq"
        )

    def insert(self, engine: Engine, rows: Sequence[Row], papers: Sequence[Row]) -> None:
        told = {name: rows[0][name] for name in self._same}
        told["terminals"] = ",".join({str(row["terminal"]) for row in rows})
        told |= {one.told_as: one.told(rows) for one in self._each}
        told |= {one.told_as: one.told(papers) for one in self._of_papers}
        again(direct(engine).rows)(self._words, told)


_COLUMNS = (
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
)


_WHOLE = _Statement("received_at", "complete_at", "state", "stage", papers=False)
_WITH_PAPERS = _Statement("received_at", papers=True)


def insert_together(engine: Engine, rows: Sequence[Row], papers: Sequence[Row]) -> None:
    """PostgreSQL: the same, without a supplement, in one statement and commit."""
    (_WITH_PAPERS if papers else _WHOLE).insert(engine, rows, papers)
