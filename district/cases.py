"""The district's cases as staff work on them: found by hall, matter and stage, read whole, moved on by allowed steps.

What happens to a case is one commit: its stage, the dated step that residents see, the event for the district's own
systems. A move names the stage it starts from, so that of two clerks who decide at the same time one is told.

A page of cases is found by an index and a key (`seq`), never by counting past others: the millionth case costs what the
first does. Where no stage is chosen, the newest of each stage are merged, so that four indexes serve every selection.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, func, literal, select, union_all

from district.database import alone, write
from district.outbox import Event, tell
from district.tables import IS_CASE, IS_TEST, STEPS, SUBMISSIONS, SUPPLEMENTS
from district.times import CHINA

PAGE = 30
"""Cases on one page."""
MANY = 100
"""Waiting cases are counted so far, no further."""
LONGEST_NOTE = 500
MOST_MATERIALS = 20
LONGEST_MATERIAL = 60


class Stage(StrEnum):
    """Where a case stands; the spelling of the database and of the steps in a progress."""

    RECEIVED = "received"
    COMPLETE = "complete"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    SUPPLEMENT = "supplement"
    APPROVED = "approved"
    DECLINED = "declined"


ALLOWED: dict[Stage, tuple[Stage, ...]] = {
    Stage.RECEIVED: (),
    Stage.COMPLETE: (Stage.ACCEPTED, Stage.DECLINED),
    Stage.ACCEPTED: (Stage.IN_PROGRESS, Stage.SUPPLEMENT, Stage.DECLINED),
    Stage.IN_PROGRESS: (Stage.APPROVED, Stage.SUPPLEMENT, Stage.DECLINED),
    Stage.SUPPLEMENT: (Stage.IN_PROGRESS, Stage.DECLINED),
    Stage.APPROVED: (),
    Stage.DECLINED: (),
}
"""What staff may make of a case. Only the last paper makes it complete; a supplement is asked with its materials."""
WAITING = (Stage.COMPLETE, Stage.ACCEPTED, Stage.IN_PROGRESS, Stage.SUPPLEMENT)
"""What somebody here still has to do with."""
CLOSED = (Stage.APPROVED, Stage.DECLINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which cases; None is any. `tests` are technicians' rehearsals, which are never among cases."""

    hall: str | None = None
    matter: str | None = None
    stage: Stage | None = None
    tests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case without anything of its resident. Times are ISO 8601; `erased_at` once its content is gone."""

    seq: int
    uid: str
    stage: Stage
    matter: str | None
    hall: str | None
    terminal: str | None
    case_number: str | None
    provisional_number: str | None
    received_at: str
    complete_at: str | None
    rating: int | None
    test: bool
    erased_at: str | None
    supplement_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """Newest first. `older` and `newer` are the keys that the next pages begin from, None at an end."""

    lines: tuple[CaseLine, ...]
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStep:
    at: str
    code: str
    staff: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplementAsked:
    """`due_on` is a date; `answered_uid` the submission that brought the materials."""

    id: str
    asked_at: str
    asked_by: str
    materials: tuple[str, ...]
    note: str
    due_on: str | None
    answered_uid: str | None
    answered_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`of` is the uid of the case that this one brought a supplement for; then it is no case of its own."""

    line: CaseLine
    of: str | None
    steps: tuple[CaseStep, ...]
    supplements: tuple[SupplementAsked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No such case, or not one of this hall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """No step leads from there to there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """Somebody else moved it meanwhile; `stage` is where it stands now."""

    stage: Stage


_LINE = tuple(SUBMISSIONS.c[field.name] for field in fields(CaseLine))


class Cases:
    """The cases of one platform. `hall` in each question is the only hall that whoever asks may see."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)) -> None:
        self._engine = engine
        self._clock = clock

    def page(self, selection: Selection, *, before: int | None = None, after: int | None = None) -> CasePage:
        """The newest, those older than the key `before`, or the nearest that are newer than `after`."""
        backwards = before is None and after is not None
        key = {"after": after} if backwards else {"before": before}
        asked = {"hall": selection.hall, "matter": selection.matter, **key}
        wanted = {name: value for name, value in asked.items() if value is not None}
        rows = _ordered(frozenset(wanted), selection.stage, tests=selection.tests)
        with alone(self._engine) as connection:
            found = [_line(row) for row in connection.execute(rows, wanted)]
        more, found = len(found) > PAGE, found[:PAGE]
        if backwards:
            found.reverse()
        if not found:
            return CasePage(lines=(), older=None, newer=None)
        return CasePage(
            lines=tuple(found),
            older=found[-1].seq if more or backwards else None,
            newer=found[0].seq if before is not None or (backwards and more) else None,
        )

    def waiting(self, *, hall: str | None = None, matter: str | None = None) -> dict[Stage, int]:
        """How many cases of each waiting stage there are, counted up to MANY."""

        def some(stage: Stage) -> Select[*tuple[Any, ...]]:
            rows = select(SUBMISSIONS.c.seq).where(SUBMISSIONS.c.stage == stage.value, IS_CASE)
            if hall is not None:
                rows = rows.where(SUBMISSIONS.c.hall == hall)
            if matter is not None:
                rows = rows.where(SUBMISSIONS.c.matter == matter)
            counted = rows.order_by(SUBMISSIONS.c.seq.desc()).limit(MANY).subquery()
            return select(literal(stage.value).label("stage"), func.count().label("found")).select_from(counted)

        with alone(self._engine) as connection:
            rows = connection.execute(union_all(*(some(stage) for stage in WAITING))).all()
        return {Stage(row.stage): row.found for row in rows}

    def matters(self) -> tuple[str, ...]:
        """Every matter that there are cases of, in order: one step in the index for each."""
        least = select(func.min(SUBMISSIONS.c.matter).label("matter")).where(IS_CASE)
        first = least.cte("known", recursive=True)
        later = least.where(SUBMISSIONS.c.matter > first.c.matter).scalar_subquery()
        known = first.union_all(select(later).where(first.c.matter.is_not(None)))
        with alone(self._engine) as connection:
            return tuple(connection.execute(select(known.c.matter).where(known.c.matter.is_not(None))).scalars())

    def brought(self, uids: Sequence[str]) -> frozenset[str]:
        """Of these cases those to which something was brought since they were last asked for a supplement."""
        if not uids:
            return frozenset()
        asked = select(SUPPLEMENTS.c.uid).where(SUPPLEMENTS.c.uid.in_(uids)).group_by(SUPPLEMENTS.c.uid)
        brought = asked.having(func.max(SUPPLEMENTS.c.answered_at) >= func.max(SUPPLEMENTS.c.asked_at))
        with alone(self._engine) as connection:
            return frozenset(connection.execute(brought).scalars())

    def find(self, number: str, *, hall: str | None = None) -> str | None:
        """The uid of the case with this case number or provisional number."""
        for column in (SUBMISSIONS.c.case_number, SUBMISSIONS.c.provisional_number):
            row = select(SUBMISSIONS.c.uid).where(column == number)
            if hall is not None:
                row = row.where(SUBMISSIONS.c.hall == hall)
            with alone(self._engine) as connection:
                found = connection.execute(row.limit(1)).scalar()
            if found is not None:
                return str(found)
        return None

    def one(self, uid: str, *, hall: str | None = None) -> Case | None:
        with alone(self._engine) as connection:
            row = connection.execute(_mine(select(*_LINE), uid, hall)).first()
            if row is None:
                return None
            steps = connection.execute(select(STEPS).where(STEPS.c.uid == uid).order_by(STEPS.c.seq))
            asked = connection.execute(
                select(SUPPLEMENTS).where(SUPPLEMENTS.c.uid == uid).order_by(SUPPLEMENTS.c.asked_at, SUPPLEMENTS.c.id)
            )
            of = select(SUPPLEMENTS.c.uid).where(SUPPLEMENTS.c.id == row.supplement_of)
            return Case(
                line=_line(row),
                of=None if row.supplement_of is None else connection.execute(of).scalar(),
                steps=tuple(CaseStep(at=step.at, code=step.code, staff=step.staff, note=step.note) for step in steps),
                supplements=tuple(_supplement(one) for one in asked),
            )

    def move(
        self, uid: str, *, start: Stage, to: Stage, staff: str, note: str = "", hall: str | None = None
    ) -> Moved | Unknown | NotAllowed | Overtaken:
        """Take a case from one stage to the next."""
        if to not in ALLOWED[start] or to is Stage.SUPPLEMENT:
            return NotAllowed()
        return write(self._engine, lambda connection: self._moved(connection, uid, start, to, staff, note, hall))

    def ask(
        self,
        uid: str,
        *,
        start: Stage,
        materials: Sequence[str],
        note: str,
        due_on: date | None,
        staff: str,
        hall: str | None = None,
    ) -> Moved | Unknown | NotAllowed | Overtaken:
        """Ask the resident for materials: the case waits for them."""
        if Stage.SUPPLEMENT not in ALLOWED[start]:
            return NotAllowed()
        asked = {
            "id": str(uuid.uuid4()),
            "uid": uid,
            "asked_at": self._now(),
            "asked_by": staff,
            "materials": list(materials),
            "note": note,
            "due_on": None if due_on is None else due_on.isoformat(),
        }

        def ask(connection: Connection) -> Moved | Unknown | Overtaken:
            answer = self._moved(connection, uid, start, Stage.SUPPLEMENT, staff, note, hall)
            if isinstance(answer, Moved):
                connection.execute(SUPPLEMENTS.insert().values(asked))
            return answer

        return write(self._engine, ask)

    def _moved(
        self, connection: Connection, uid: str, start: Stage, to: Stage, staff: str, note: str, hall: str | None
    ) -> Moved | Unknown | Overtaken:
        change = SUBMISSIONS.update().where(SUBMISSIONS.c.uid == uid, SUBMISSIONS.c.stage == start.value, IS_CASE)
        if hall is not None:
            change = change.where(SUBMISSIONS.c.hall == hall)
        if connection.execute(change.values(stage=to.value)).rowcount == 0:
            told = select(SUBMISSIONS.c.stage, SUBMISSIONS.c.test, SUBMISSIONS.c.supplement_of)
            row = connection.execute(_mine(told, uid, hall)).first()
            if row is None or row.test or row.supplement_of is not None:
                return Unknown()
            return Overtaken(stage=Stage(row.stage))
        record_step(connection, uid, to, at=self._now(), staff=staff, note=note)
        return Moved()

    def today(self) -> date:
        """The day that it is in the halls, wherever the server stands."""
        return self._clock().astimezone(CHINA).date()

    def _now(self) -> str:
        return self._clock().isoformat(timespec="seconds")


@cache
def _ordered(wanted: frozenset[str], stage: Stage | None, *, tests: bool) -> Select[*tuple[Any, ...]]:
    """The statement for a page of what is wanted of `hall`, `matter`, `before` and `after`; kept, since to put it
    together costs as much as to carry it out."""
    newest_first = "after" not in wanted

    def some(stage: Stage | None) -> Select[*tuple[Any, ...]]:
        rows = select(*_LINE).where(IS_TEST if tests else IS_CASE)
        rows = rows.where(*(SUBMISSIONS.c[name] == bindparam(name) for name in ("hall", "matter") if name in wanted))
        if stage is not None:
            rows = rows.where(SUBMISSIONS.c.stage == stage)
        if "before" in wanted:
            rows = rows.where(SUBMISSIONS.c.seq < bindparam("before"))
        elif "after" in wanted:
            rows = rows.where(SUBMISSIONS.c.seq > bindparam("after"))
        return rows.order_by(SUBMISSIONS.c.seq.desc() if newest_first else SUBMISSIONS.c.seq).limit(PAGE + 1)

    if stage is not None or tests or wanted.isdisjoint(("hall", "matter")):
        return some(stage)
    merged = union_all(*(select(some(one).subquery()) for one in Stage)).subquery()
    return select(merged).order_by(merged.c.seq.desc() if newest_first else merged.c.seq).limit(PAGE + 1)


def record_step(
    connection: Connection, uid: str, to: Stage, *, at: str, staff: str | None = None, note: str = ""
) -> None:
    """The dated step and the event of a case that has just come to a stage, in the same commit as the stage."""
    connection.execute(STEPS.insert().values(uid=uid, at=at, code=to.value, staff=staff, note=note or None))
    tell(connection, Event(to.value), [uid], now=at)


def _mine(rows: Select[*tuple[Any, ...]], uid: str, hall: str | None) -> Select[*tuple[Any, ...]]:
    rows = rows.where(SUBMISSIONS.c.uid == uid)
    return rows if hall is None else rows.where(SUBMISSIONS.c.hall == hall)


def _line(row: Any) -> CaseLine:
    told: dict[str, Any] = {**row._mapping, "stage": Stage(row.stage)}
    return CaseLine(**told)


def _supplement(row: Any) -> SupplementAsked:
    return SupplementAsked(
        id=row.id,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        materials=tuple(row.materials),
        note=row.note,
        due_on=row.due_on,
        answered_uid=row.answered_uid,
        answered_at=row.answered_at,
    )
