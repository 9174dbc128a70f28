"""Case numbers: the platform's own, official ones, whose look is the platform's alone (`2026-000123`).

They are counted in a row for each year, which is locked while numbers are taken from it: two processes never take the
same one. On PostgreSQL those of a batch are taken in a commit of their own, since everybody else would have to wait for
that batch's disk. A number is then left out when the process is killed in between, or another takes the same batch.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import BindParameter, Engine, bindparam
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection

from district.database import alone, unhurried
from district.tables import CASE_COUNTERS

_CHINA = timezone(timedelta(hours=8))
_ROW: dict[str, BindParameter[Any]] = {one.name: bindparam(one.name, type_=one.type) for one in CASE_COUNTERS.c}


def _counted(insert: Any) -> Any:
    more = {"last": CASE_COUNTERS.c.last + insert.excluded.last}
    return insert.on_conflict_do_update(index_elements=["year"], set_=more).returning(CASE_COUNTERS.c.last)


_COUNTED = {
    "sqlite": _counted(sqlite_insert(CASE_COUNTERS).values(_ROW)),
    "postgresql": _counted(postgresql_insert(CASE_COUNTERS).values(_ROW)),
}
_AHEAD = _counted(postgresql_insert(CASE_COUNTERS).from_select(list(_ROW), unhurried(*_ROW.values())))


def cases_ahead(engine: Engine, now: str, count: int) -> list[str]:
    """The next `count` numbers, before the transaction that uses them; none on SQLite, where writers wait anyway."""
    if count == 0 or engine.dialect.name == "sqlite":
        return []
    with alone(engine) as connection:
        return _taken(connection, _AHEAD, now, count)


def next_cases(connection: Connection, now: str, count: int) -> list[str]:
    """The next `count` numbers of the year that it is in China at `now` (ISO 8601), in this transaction."""
    return _taken(connection, _COUNTED[connection.dialect.name], now, count) if count else []


def _taken(connection: Connection, counted: Any, now: str, count: int) -> list[str]:
    year = datetime.fromisoformat(now).astimezone(_CHINA).year
    last = connection.execute(counted, {"year": year, "last": count}).scalar_one()
    return [f"{year}-{number:06d}" for number in range(last - count + 1, last + 1)]
