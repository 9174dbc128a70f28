"""The terminals of the district, or of one hall: when each was last heard of, and whether it needs somebody.

What a terminal says of itself comes from outside: a figure that is none is shown as unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Engine, func, select
from starlette.requests import Request
from starlette.responses import Response

from district.database import alone
from district.halls import Halls, hall_of
from district.sessions import Visit
from district.tables import REPORTS, TERMINALS
from district.web.site import Site, plain

PAGE = 50
SILENT = timedelta(minutes=30)
"""A terminal reports every ten minutes; three that did not come are a silence."""
LITTLE_SPACE = 512 * 1024 * 1024
CLOCK_OFF_SECONDS = 120
LONG_WAIT_SECONDS = 24 * 3600
CERTIFICATE_DAYS = 14
"""A terminal renews its certificate by itself long before; where it has so few days left, it could not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalState:
    """One terminal. `heard_at` is ISO 8601, None when it never reported; `ills` what is not as it should be, as codes;
    figures that it did not tell are None."""

    code: str
    hall: str | None
    revoked: bool
    heard_at: str | None
    version: str
    waiting: int | None
    held: int | None
    ills: tuple[str, ...]


def terminals(
    engine: Engine, *, now: datetime, hall: str | None = None, after: str = ""
) -> tuple[tuple[TerminalState, ...], str | None]:
    """A page of terminals by code, those after the code `after`, and the code that the next page begins after."""
    stands = hall_of(TERMINALS.c.code)
    known = (
        select(
            TERMINALS.c.code,
            stands.label("hall"),
            func.count(TERMINALS.c.key_id).label("keys"),
            func.count(TERMINALS.c.revoked_at).label("revoked"),
        )
        .where(TERMINALS.c.code > after)
        .group_by(TERMINALS.c.code)
        .order_by(TERMINALS.c.code)
        .limit(PAGE + 1)
    )
    if hall is not None:
        known = known.where(stands == hall)
    with alone(engine) as connection:
        rows = connection.execute(known).all()
        newest = select(REPORTS.c.terminal, REPORTS.c.body, REPORTS.c.received_at).where(
            REPORTS.c.kind == "heartbeat", REPORTS.c.terminal.in_([row.code for row in rows])
        )
        heard = {row.terminal: row for row in connection.execute(newest)}
    states = [_state(row, heard.get(row.code), now) for row in rows[:PAGE]]
    return tuple(states), states[-1].code if len(rows) > PAGE else None


def _state(row: Any, report: Any, now: datetime) -> TerminalState:
    said: dict[str, JsonValue] = {} if report is None else json.loads(report.body)
    heard_at = None if report is None else str(report.received_at)
    revoked = row.keys == row.revoked
    return TerminalState(
        code=row.code,
        hall=row.hall,
        revoked=revoked,
        heard_at=heard_at,
        version=str(said.get("version", ""))[:40],
        waiting=_figure(said, "waiting"),
        held=_figure(said, "held"),
        ills=() if revoked else tuple(_ills(said, heard_at, now)),
    )


def _ills(said: Mapping[str, JsonValue], heard_at: str | None, now: datetime) -> list[str]:
    if heard_at is None:
        return ["never-heard"]
    ills: list[str] = []
    if datetime.fromisoformat(heard_at) < now - SILENT:
        ills.append("silent")
    if _figure(said, "held"):
        ills.append("held")
    if (_figure(said, "oldest_seconds") or 0) > LONG_WAIT_SECONDS:
        ills.append("waiting-long")
    space = _figure(said, "free_bytes")
    if space is not None and space < LITTLE_SPACE:
        ills.append("little-space")
    if abs(_figure(said, "clock_offset_seconds") or 0) > CLOCK_OFF_SECONDS:
        ills.append("clock")
    days = _figure(said, "certificate_days")
    if days is not None and days <= CERTIFICATE_DAYS:
        ills.append("certificate" if days > 0 else "certificate-over")
    return ills


def _figure(said: Mapping[str, JsonValue], name: str) -> int | None:
    value = said.get(name)
    return int(value) if isinstance(value, int | float) and abs(value) < 1e15 else None


def add_terminal_pages(site: Site, engine: Engine, halls: Halls, clock: Callable[[], datetime]) -> None:
    def show(visit: Visit, request: Request) -> Response:
        after = plain(request.query_params.get("after", ""))[:8]
        found, following = terminals(engine, now=clock(), hall=visit.staff.hall, after=after)
        return site.render(
            "terminals.html",
            visit=visit,
            here="terminals",
            terminals=found,
            halls=halls.all(),
            following=following,
            first=not after,
        )

    site.shows("/terminals", show)
