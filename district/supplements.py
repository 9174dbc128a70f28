"""Supplements (补正): what staff ask a resident to hand in later, and the submission that answers it.

The answer is a submission like every other: frozen, perhaps sealed, receipted, with papers of its own. But it becomes
no case and takes no number: it belongs to the case that it was asked for. The first that comes while the case waits
answers; it must be from the terminal that handed the case in, as with everything else about a case.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from district.cases import CLOSED
from district.outbox import Event, tell
from district.tables import STEPS, SUBMISSIONS, SUPPLEMENTS
from offline_queue.wire import Supplement

_WAITING = "supplement"
"""The stage of a case while it waits for one."""


def claim(connection: Connection, asked: str, *, uid: str, terminal: str) -> bool:
    """Whether the submission `uid` is the answer to what was asked under that id; from then on it is."""
    of = SUPPLEMENTS.c.id == asked
    case = select(SUPPLEMENTS.c.uid).where(of).scalar_subquery()
    waits = select(SUBMISSIONS.c.uid).where(
        SUBMISSIONS.c.uid == case, SUBMISSIONS.c.terminal == terminal, SUBMISSIONS.c.stage == _WAITING
    )
    if connection.execute(waits.with_for_update()).first() is None:  # locked: it must not be closed meanwhile
        return False
    change = SUPPLEMENTS.update().where(of, SUPPLEMENTS.c.answered_uid.is_(None))
    return connection.execute(change.values(answered_uid=uid)).rowcount == 1


def number_of_case(connection: Connection, asked: str) -> str | None:
    """The number of the case that a supplement was asked for."""
    case = SUPPLEMENTS.join(SUBMISSIONS, SUBMISSIONS.c.uid == SUPPLEMENTS.c.uid)
    number = select(SUBMISSIONS.c.case_number).select_from(case).where(SUPPLEMENTS.c.id == asked)
    return connection.execute(number).scalar()


def settle(connection: Connection, asked: str, *, now: str) -> None:
    """The answer is complete: a step of its case, which staff then take further, unless they closed it meanwhile."""
    of = SUPPLEMENTS.c.id == asked
    connection.execute(SUPPLEMENTS.update().where(of).values(answered_at=now))
    case = select(SUPPLEMENTS.c.uid).where(of).scalar_subquery()
    locked = select(SUBMISSIONS.c.uid, SUBMISSIONS.c.stage).where(SUBMISSIONS.c.uid == case).with_for_update()
    uid, stage = connection.execute(locked).one()
    if stage in CLOSED:
        return
    event = Event.SUPPLEMENT_ANSWERED
    connection.execute(STEPS.insert().values(uid=uid, at=now, code=event.value))
    tell(connection, event, [uid], now=now)


def waiting_for(connection: Connection, uid: str, stage: str) -> Supplement | None:
    """What the case at that stage waits for."""
    if stage != _WAITING:
        return None
    asked = select(SUPPLEMENTS).where(SUPPLEMENTS.c.uid == uid, SUPPLEMENTS.c.answered_uid.is_(None))
    row = connection.execute(asked.order_by(SUPPLEMENTS.c.asked_at.desc(), SUPPLEMENTS.c.id).limit(1)).first()
    if row is None:
        return None
    materials = tuple(map(one_line, row.materials))  # some were stored as they were pasted
    return Supplement(id=row.id, asked_at=row.asked_at, materials=materials, note=row.note, due_on=row.due_on)


def one_line(material: str) -> str:
    """A material's name as terminals take it: a cell pasted from a spreadsheet has tabs."""
    return " ".join(material.split())
