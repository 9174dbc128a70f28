"""Case numbers: the platform's own, official ones, whose look is the platform's alone (`2026-000123`).

They are counted in a row for each year, which whoever takes numbers locks until its commit: two processes never take
the same one, and what is rolled back leaves no gap.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection

from district.tables import CASE_COUNTERS

_CHINA = timezone(timedelta(hours=8))


def next_cases(connection: Connection, now: str, count: int) -> list[str]:
    """The next `count` numbers of the year that it is in China at `now` (ISO 8601)."""
    if count == 0:
        return []
    year = datetime.fromisoformat(now).astimezone(_CHINA).year
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    counted = insert(CASE_COUNTERS).values(year=year, last=count)
    counted = counted.on_conflict_do_update(
        index_elements=["year"], set_={"last": CASE_COUNTERS.c.last + counted.excluded.last}
    )
    last = connection.execute(counted.returning(CASE_COUNTERS.c.last)).scalar_one()
    return [f"{year}-{number:06d}" for number in range(last - count + 1, last + 1)]
