"""The record of who looked at what: every case and every paper that was opened, every number that was shown, sign-ins.

It is written before anything is shown: what could not be recorded is not seen. Nothing in it is a resident's: a case
is its uid. Nothing here changes or removes a line; :mod:`district.retention` forgets them after years.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Engine, func, select

from district.database import alone, write
from district.tables import SUBMISSIONS, VIEWINGS

PAGE = 50
_LONGEST_DETAIL = 200


class What(StrEnum):
    """What was done."""

    SIGNED_IN = "signed-in"
    REFUSED = "sign-in-refused"
    SIGNED_OUT = "signed-out"
    RENEWED = "password-changed"
    OTHERS_ENDED = "other-sessions-ended"
    CASE = "case"
    PAPER = "paper"
    NUMBERS = "numbers-shown"
    MOVED = "moved"
    ASKED = "supplement-asked"
    FOUND = "searched"
    AUDIT = "audit"
    FORBIDDEN = "forbidden"
    UNFIT = "form-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """`staff` is empty for somebody unknown. Times are ISO 8601. `number` is what people call the case."""

    seq: int
    at: str
    staff: str
    what: str
    uid: str | None
    detail: str
    number: str | None


class Viewings:
    """The record, in the platform's database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)) -> None:
        self._engine = engine
        self._clock = clock

    def note(self, staff: str, what: What, *, uid: str | None = None, detail: str = "") -> None:
        at = self._clock().isoformat(timespec="seconds")
        row = {"at": at, "staff": staff, "what": what.value, "uid": uid, "detail": detail[:_LONGEST_DETAIL]}
        write(self._engine, lambda connection: connection.execute(VIEWINGS.insert().values(row)))

    def page(
        self, *, staff: str | None = None, uid: str | None = None, before: int | None = None
    ) -> tuple[tuple[Viewing, ...], int | None]:
        """The newest lines, of one name or one case if asked, and the key the older ones begin from (None: no more)."""
        number = func.coalesce(SUBMISSIONS.c.case_number, SUBMISSIONS.c.provisional_number).label("number")
        rows = select(VIEWINGS, number).outerjoin(SUBMISSIONS, SUBMISSIONS.c.uid == VIEWINGS.c.uid)
        rows = rows.order_by(VIEWINGS.c.seq.desc()).limit(PAGE + 1)
        for column, value in ((VIEWINGS.c.staff, staff), (VIEWINGS.c.uid, uid)):
            if value is not None:
                rows = rows.where(column == value)
        if before is not None:
            rows = rows.where(VIEWINGS.c.seq < before)
        with alone(self._engine) as connection:
            found = [Viewing(**row) for row in connection.execute(rows).mappings()]
        lines = tuple(found[:PAGE])
        return lines, lines[-1].seq if len(found) > PAGE else None
