"""Whether papers lie where they are looked for.

A platform makes up a mark when it first serves, and keeps it in its database and, as `platform-mark`, beside its
papers. So a forgotten `--objects`, another's bucket and a disk that is not mounted are told from an empty place: papers
would be erased there that lie elsewhere, and others be kept where nobody looks for them. The place itself may move with
its mark, and be called otherwise on another machine. A platform of before there were marks is told by its papers.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from uuid import uuid4

from sqlalchemy import Engine, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from district.database import alone, put, write
from district.objects import MARK, Objects, ObjectsAway, ObjectsWrong
from district.tables import ATTACHMENTS, PAPERS_MARKS

_log = logging.getLogger(__name__)
_LOOKED_AT = 20
"""Papers; a few may be lost."""


def look_at_place(engine: Engine, objects: Objects, *, begin: bool = False) -> None:
    """Raises ObjectsWrong where the platform's papers are known to lie elsewhere. `begin`: where nothing is known, they
    lie here from now on. What is away for now is not looked at; it may come back."""
    try:
        kept = _kept(engine)
        here = objects.mark() == kept if kept is not None else _has_our_papers(engine, objects)
        if here and begin and kept is None:
            here = _begin(engine, objects)
        if not here:
            raise ObjectsWrong(
                f"the papers of this platform don't lie in {objects}: give the --objects that it is served with, and"
                f" look whether its disk is mounted. Were they moved or restored there without their file {MARK},"
                " district recover takes that place for theirs"
            )
    except ObjectsWrong:
        raise
    except ObjectsAway as trouble:
        _log.warning("%s", trouble)


def take_place(engine: Engine, objects: Objects) -> None:
    """The papers lie here from now on, wherever they lay. Raises ObjectsAway."""

    def take(connection: Connection) -> None:
        mark = objects.mark() or uuid4().hex
        objects.set_mark(mark)
        put(connection, PAPERS_MARKS, [{"id": 1, "mark": mark}])

    write(engine, take)


def _kept(engine: Engine) -> str | None:
    with alone(engine) as connection:
        return connection.execute(select(PAPERS_MARKS.c.mark)).scalar()


def _has_our_papers(engine: Engine, objects: Objects) -> bool:
    """True also where there are none yet."""
    complete = (ATTACHMENTS.c.complete.is_(True), ATTACHMENTS.c.erased_at.is_(None), ATTACHMENTS.c.bytes > 0)
    with alone(engine) as connection:
        names = connection.execute(select(ATTACHMENTS.c.id).where(*complete).limit(_LOOKED_AT)).scalars().all()
    return not names or any(objects.adopt(name) for name in names)  # of what is complete it only tells the length


def _begin(engine: Engine, objects: Objects) -> bool:
    """False when another process was faster, at another place."""

    def begin(connection: Connection) -> None:
        mark = objects.mark() or uuid4().hex
        connection.execute(insert(PAPERS_MARKS).values(id=1, mark=mark))
        objects.set_mark(mark)  # after it, so that the slower of two leaves the other's alone

    with suppress(IntegrityError):
        write(engine, begin)
    return objects.mark() == _kept(engine)
