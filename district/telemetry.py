"""What terminals say of themselves: the newest of each kind from each terminal, and when it came."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import Engine, select
from starlette.requests import Request
from starlette.responses import Response

from district.answers import body_of, problem
from district.api import Api
from district.database import alone, put, write
from district.tables import REPORTS
from district.threads import API
from district.times import now_text
from offline_queue.wire import is_json

MAX_REPORT_BYTES = 64 * 1024
_CONTENT = TypeAdapter(dict[str, JsonValue])
_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`terminal` is empty for what came without a signature. Times are ISO 8601."""

    terminal: str
    kind: str
    content: dict[str, JsonValue]
    received_at: str


class Telemetry:
    """The newest reports, in the platform's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, *, terminal: str, kind: str, body: str) -> None:
        row = {"terminal": terminal, "kind": kind, "body": body, "received_at": now_text()}
        write(self._engine, lambda connection: put(connection, REPORTS, [row]))

    def newest(self) -> tuple[Report, ...]:
        with alone(self._engine) as connection:
            rows = connection.execute(select(REPORTS).order_by(REPORTS.c.terminal, REPORTS.c.kind)).all()
        return tuple(
            Report(terminal=row.terminal, kind=row.kind, content=json.loads(row.body), received_at=row.received_at)
            for row in rows
        )


def add_telemetry(api: Api, telemetry: Telemetry) -> None:
    async def put_report(request: Request) -> Response:
        kind: str = request.path_params["kind"]
        body = await body_of(request, MAX_REPORT_BYTES)
        if isinstance(body, Response):
            return body
        if _KIND.fullmatch(kind) is None or not _is_object(body):
            return problem(422, "report", "a report is a JSON object under a kind of a-z 0-9 -")
        terminal = request.state.terminal or ""
        await API.run(partial(telemetry.keep, terminal=terminal, kind=kind, body=body.decode()))
        return Response(status_code=204)

    api.add("PUT", "/telemetry/{kind}", put_report)


def _is_object(body: bytes) -> bool:
    """Whether this is a JSON object of text that can be written down: half of a surrogate pair is none."""
    try:
        return is_json(_CONTENT.validate_json(body))
    except ValueError:
        return False
