"""Erasing what need not be kept: the content of cases, so many days after they were closed.

A submission of which papers never came is no case, and nobody can close it: it goes so many days after it came, and so
does a rehearsal. The record of who looked at what, and what terminals said of themselves, go after three years, or
after those days where they are more. A server whose account may not change the record leaves it to the tables' owner.

The form, its papers, what was said to the resident and the supplements that belong to the case go. What stays is a
tombstone: uid, digest and receipt, so that a late repetition is still answered as ever, and number, stage, matter, hall
and dates of the case, which say nothing of a resident. First its papers are marked as erased, in a commit that looks
once more whether the case is due: from then on none of them is taken, and before it whatever came in time counts. Then
they go, and the form comes last: a process that is killed between them begins this case again, and nothing is left that
nobody knows of.

A case whose events are still being handed on waits for that. A supplement of which papers are still on their way goes
with its case, and is settled: the terminal that has the rest is told to forget it. SQLite overwrites what it deletes;
PostgreSQL loses it with the next VACUUM; backups have days of their own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from district.cases import CLOSED, Stage
from district.database import DatabaseTrouble, alone, is_forbidden, write
from district.keys import KeysTrouble
from district.objects import Objects, ObjectsAway
from district.store import DistrictStore
from district.tables import (
    ATTACHMENTS,
    CHORES,
    IS_CASE,
    IS_TEST,
    OUTBOX,
    REPORTS,
    STEPS,
    SUBMISSIONS,
    SUPPLEMENTS,
    VIEWINGS,
)
from offline_queue.wire import State

DAY_SECONDS = 24 * 3600
_CHORE = "retention"
_PAGE = 200
"""Rows between which it is said that it goes on."""
_RECORD_DAYS = 3 * 366
_LOOK_SECONDS = 600.0
"""How often a server process looks whether the day is over."""
_AGAIN_SECONDS = 3600
"""After an erasing that failed, or whose process was killed."""
_BY_OWNER = "district retention with that account's --database"
_TROUBLES = (ObjectsAway, OSError, SQLAlchemyError)
_log = logging.getLogger(__name__)


def erase(
    engine: Engine, objects: Objects, *, days: int, now: datetime, going_on: Callable[[], None] = lambda: None
) -> int:
    """Erase the content of every case that was closed `days` ago or earlier, and whatever else is as old and nobody
    will close; gives how many, and tells `going_on` now and then. Raises ObjectsAway."""
    before = _ago(now, days)
    erased = 0
    with alone(engine) as connection:
        told = connection.execute(select(OUTBOX.c.seq).where(OUTBOX.c.delivered_at.is_not(None)).limit(1)).first()
    for due in (_closed(before, handed_on=told is not None), *_never_closed(before)):
        for uid in _each(engine, due, going_on):
            erased += _erase(engine, objects, uid, due, now)
    _forget_records(engine, _ago(now, max(days, _RECORD_DAYS)), going_on)
    return erased


def _ago(now: datetime, days: int) -> str:
    return (now - timedelta(days=days)).isoformat(timespec="seconds")


def _closed(before: str, *, handed_on: bool) -> Select[int, str]:
    due = (
        select(STEPS.c.seq, STEPS.c.uid)
        .join(SUBMISSIONS, SUBMISSIONS.c.uid == STEPS.c.uid)
        .where(
            STEPS.c.code.in_([stage.value for stage in CLOSED]),
            STEPS.c.at <= before,
            SUBMISSIONS.c.erased_at.is_(None),
        )
    )
    if not handed_on:
        return due
    waiting = select(OUTBOX.c.seq).where(
        OUTBOX.c.uid == STEPS.c.uid, OUTBOX.c.delivered_at.is_(None), OUTBOX.c.skipped_at.is_(None)
    )
    return due.where(~waiting.exists())


def _never_closed(before: str) -> tuple[Select[int, str], ...]:
    old = select(SUBMISSIONS.c.seq, SUBMISSIONS.c.uid).where(
        SUBMISSIONS.c.received_at <= before, SUBMISSIONS.c.erased_at.is_(None)
    )
    return old.where(SUBMISSIONS.c.stage == Stage.RECEIVED.value, IS_CASE), old.where(IS_TEST)


def _each(engine: Engine, due: Select[int, str], going_on: Callable[[], None]) -> Iterator[str]:
    """The uids that `due` finds, by its first column, some at a time."""
    seq, after = due.selected_columns[0], 0
    while True:
        with alone(engine) as connection:
            rows = connection.execute(due.where(seq > after).order_by(seq).limit(_PAGE)).all()
        yield from (row.uid for row in rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1].seq
        going_on()


def _forget_records(engine: Engine, before: str, going_on: Callable[[], None]) -> None:
    write(engine, lambda connection: connection.execute(REPORTS.delete().where(REPORTS.c.received_at <= before)))
    oldest = select(VIEWINGS.c.seq, VIEWINGS.c.at).order_by(VIEWINGS.c.seq).limit(_PAGE)
    while True:
        with alone(engine) as connection:
            rows = connection.execute(oldest).all()
        old = [row.seq for row in rows if row.at <= before]
        if old:
            gone = VIEWINGS.delete().where(VIEWINGS.c.seq.in_(old))
            try:
                write(engine, lambda connection, gone=gone: connection.execute(gone))
            except DBAPIError as trouble:
                if not is_forbidden(trouble):
                    raise
                _log.warning("old lines of the record of viewings are for the tables' owner to forget: %s", _BY_OWNER)
                return
        if len(old) < _PAGE:
            return
        going_on()


def _erase(engine: Engine, objects: Objects, case: str, due: Select[int, str], now: datetime) -> bool:
    """Whether it was still due."""
    at = now.isoformat(timespec="seconds")
    answers = select(SUPPLEMENTS.c.answered_uid).where(
        SUPPLEMENTS.c.uid == case, SUPPLEMENTS.c.answered_uid.is_not(None)
    )

    def claim(connection: Connection) -> tuple[Sequence[str], Sequence[str]] | None:
        uids = [case, *connection.execute(answers).scalars()]
        # Papers before their submission, in the order in which whoever completes one takes them.
        papers = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.uid.in_(uids)).order_by(ATTACHMENTS.c.id)
        # Also those that an erasing which was killed had marked: they may lie there still.
        names = connection.execute(papers.with_for_update()).scalars().all()
        # By itself: what a statement that had to wait for the row reads of other tables is from before it waited.
        connection.execute(select(SUBMISSIONS.c.uid).where(SUBMISSIONS.c.uid == case).with_for_update())
        if connection.execute(due.where(SUBMISSIONS.c.uid == case)).first() is None:
            return None
        left = (ATTACHMENTS.c.uid.in_(uids), ATTACHMENTS.c.erased_at.is_(None))
        connection.execute(ATTACHMENTS.update().where(*left).values(erased_at=at))
        return uids, names

    claimed = write(engine, claim)
    if claimed is None:
        return False
    uids, names = claimed
    for name in names:
        objects.delete(name)

    def forget(connection: Connection) -> None:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        gone = {"body": None, "erased_at": at, "state": State.DONE.value}
        mine = (SUBMISSIONS.c.uid.in_(uids), SUBMISSIONS.c.erased_at.is_(None))
        connection.execute(SUBMISSIONS.update().where(*mine).values(gone))
        connection.execute(STEPS.update().where(STEPS.c.uid == case).values(note=None))
        connection.execute(SUPPLEMENTS.update().where(SUPPLEMENTS.c.uid == case).values(note="", materials=[]))

    write(engine, forget)
    return True


def is_my_turn(engine: Engine, *, now: datetime) -> bool:
    """Whether this process does today's erasing; of several that ask, one hears yes. It has to say within an hour that
    it goes on: who was killed doesn't."""
    seconds = int(now.timestamp())

    def claim(connection: Connection) -> bool:
        # Far more than a day away: it was written by a clock that ran ahead, and was set back.
        waits = CHORES.c.due.between(seconds + 1, seconds + 2 * DAY_SECONDS)
        mine = CHORES.update().where(CHORES.c.name == _CHORE, ~waits)
        if connection.execute(mine.values(due=seconds + _AGAIN_SECONDS)).rowcount == 1:
            return True
        if connection.execute(select(CHORES.c.name).where(CHORES.c.name == _CHORE)).first() is not None:
            return False
        connection.execute(CHORES.insert().values(name=_CHORE, due=seconds + _AGAIN_SECONDS))
        return True

    try:
        return write(engine, claim)
    except IntegrityError:  # another process wrote the first line in the same moment
        return False


def _due_in(engine: Engine, seconds: int, *, now: datetime) -> None:
    later = CHORES.update().where(CHORES.c.name == _CHORE).values(due=int(now.timestamp()) + seconds)
    write(engine, lambda connection: connection.execute(later))


def erase_in_turn(
    store: DistrictStore, *, days: int, now: Callable[[], datetime] = lambda: datetime.now(tz=UTC)
) -> None:
    """The hour is claimed first, so that no other process begins too, and the day when all is done."""
    began = now()
    if not is_my_turn(store.engine, now=began):
        return

    def going_on() -> None:
        _due_in(store.engine, _AGAIN_SECONDS, now=now())

    erased = erase(store.engine, store.objects, days=days, now=began, going_on=going_on)
    _due_in(store.engine, DAY_SECONDS, now=began)
    _log.info("erased: %d cases", erased)


def begin_erasing_daily(open_store: Callable[[], DistrictStore], *, days: int) -> None:
    """Look whether it is time to erase, on a thread beside, for as long as the process lives: it ends with it at once,
    in the midst of a case as well, which is provided for."""

    def work() -> None:
        while True:
            look(open_store, days=days)
            time.sleep(_LOOK_SECONDS)

    threading.Thread(target=work, name="retention", daemon=True).start()


def look(open_store: Callable[[], DistrictStore], *, days: int) -> None:
    """Erase, once a day and in one of all processes; what fails goes on within the hour."""
    try:
        with closing(open_store()) as store:
            erase_in_turn(store, days=days)
    except (DatabaseTrouble, KeysTrouble, *_TROUBLES) as trouble:
        _log.warning("nothing could be erased now: %s", type(trouble).__name__)
