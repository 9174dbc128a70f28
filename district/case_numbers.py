"""Case numbers: the platform's own, official ones, whose look is the platform's alone (`2026-000123`).

They are counted in a row for each year, which is locked while numbers are taken from it: two processes never take the
same one. On PostgreSQL those of a batch without a supplement are drawn before it, in a commit of their own
(:mod:`district.inserting`): everybody else would have to wait for that batch's disk. Numbers are then left out when the
process is killed in between, or another takes one of the same forms: as many as there were forms in that commit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection

from district.tables import CASE_COUNTERS
from district.times import CHINA


def _counted(insert: Any) -> Any:
    row = {one.name: bindparam(one.name, type_=one.type) for one in CASE_COUNTERS.c}
    more = {"last": CASE_COUNTERS.c.last + insert.excluded.last}
    return insert.values(row).on_conflict_do_update(index_elements=["year"], set_=more).returning(CASE_COUNTERS.c.last)


_COUNTED = {
    "sqlite": _counted(sqlite_insert(CASE_COUNTERS)),
    "postgresql": _counted(postgresql_insert(CASE_COUNTERS)),
}


def next_cases(connection: Connection, now: str, count: int) -> list[str]:
    """The next `count` numbers of the year that it is in China at `now` (ISO 8601), in this transaction."""
    if count == 0:
        return []
    year = year_of(now)
    last: int = connection.execute(_COUNTED[connection.dialect.name], {"year": year, "last": count}).scalar_one()
    return cases_until(last, count, year)


def year_of(now: str) -> int:
    """The year that it is in China."""
    return datetime.fromisoformat(now).astimezone(CHINA).year


def cases_until(last: int, count: int, year: int) -> list[str]:
    """The `count` numbers that end with this one."""
    return [f"{year}-{number:06d}" for number in range(last - count + 1, last + 1)]
