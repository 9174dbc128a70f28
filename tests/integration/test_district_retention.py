"""What is erased of closed cases, when, by whom, and what stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from district.cases import Cases, Stage
from district.cli import main
from district.database import DatabaseTrouble
from district.keys import KeysTrouble
from district.objects import ObjectsAway, ObjectsWrong
from district.outcomes import Conflict, Taken, Upload, WrongOffset
from district.retention import DAY_SECONDS, erase, erase_in_turn, is_my_turn, look
from district.store import DistrictStore
from district.tables import ATTACHMENTS, CHORES, OUTBOX, REPORTS, STEPS, SUBMISSIONS, SUPPLEMENTS
from district.telemetry import Telemetry
from district.viewings import Viewings, What
from offline_queue.wire import Envelope, Progress, State, canonical_bytes
from tests.support.staff_site import Piece, TurnedClock, hand_in, paper_of

NAME = "欧阳娜扎提"
SECRET = b"a picture of somebody " * 20
SLOW = """
import sys, time
from district import cli, objects

deleting = objects.Folder.delete

def slow(folder, name, **named):
    if name.endswith("2"):
        print(name, "is slow", file=sys.stderr, flush=True)
        time.sleep(600)
    deleting(folder, name, **named)

objects.Folder.delete = slow
cli.main()
"""
"""A platform of which the second paper takes long to delete."""


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DistrictStore]:
    url = f"sqlite:///{tmp_path / 'd.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    opened = DistrictStore(url, tmp_path / "papers")
    yield opened
    opened.close()


def closed(store: DistrictStore, number: int, clock: TurnedClock) -> str:
    case = hand_in(store, number, papers=(Piece(content=SECRET),), name=NAME)
    cases = Cases(store.engine, clock=clock)
    cases.move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li")
    cases.ask(case, start=Stage.ACCEPTED, materials=["户口簿"], note=f"{NAME}请重拍", due_on=None, staff="li")
    cases.move(case, start=Stage.SUPPLEMENT, to=Stage.DECLINED, staff="li", note=f"{NAME}不在本地参保")
    return case


def test_closed_cases_lose_their_content_and_keep_their_receipt(store: DistrictStore, tmp_path: Path) -> None:
    clock = TurnedClock(now=datetime(2026, 1, 1, 8, tzinfo=UTC))
    old = closed(store, 1, clock)
    open_case = hand_in(store, 3)
    clock.turn(days=20)
    young = closed(store, 2, clock)
    now = datetime(2026, 1, 31, 9, tzinfo=UTC)
    with store.engine.connect() as connection:
        before = connection.execute(select(SUBMISSIONS).where(SUBMISSIONS.c.uid == old)).one()
    assert erase(store.engine, store.objects, days=31, now=now) == 0
    assert erase(store.engine, store.objects, days=30, now=now) == 1
    assert erase(store.engine, store.objects, days=30, now=now) == 0
    with store.engine.connect() as connection:
        kept = connection.execute(select(SUBMISSIONS).where(SUBMISSIONS.c.uid == old)).one()
        notes = connection.execute(select(STEPS.c.note).where(STEPS.c.uid == old)).scalars().all()
        (asked,) = connection.execute(select(SUPPLEMENTS).where(SUPPLEMENTS.c.uid == old)).all()
        (paper,) = connection.execute(select(ATTACHMENTS).where(ATTACHMENTS.c.uid == old)).all()
    assert (kept.body, kept.erased_at) == (None, now.isoformat(timespec="seconds"))
    for column in ("uid", "sha256", "receipt", "case_number", "stage", "received_at"):
        assert getattr(kept, column) == getattr(before, column)
    assert notes == [None, None, None]
    assert (asked.note, asked.materials, paper.erased_at is None) == ("", [], False)
    assert not (tmp_path / "papers" / paper_of(old)).exists()
    assert store.submission(old) is None
    assert store.papers.paper(paper_of(old)) is None
    for case in (young, open_case):
        assert store.submission(case) is not None
        assert (tmp_path / "papers" / paper_of(case)).exists()
    # A late repetition gets its receipt, and other bytes are refused, as ever.
    envelope = Envelope.model_validate_json(before.body)
    assert store.take(envelope, before.body) == Taken(receipt=before.receipt, new=False)
    other = envelope.model_copy(update={"form": {}})
    assert store.take(other, canonical_bytes(other)) == Conflict()


def test_nothing_of_it_is_left_in_an_sqlite_file(tmp_path: Path) -> None:
    store = DistrictStore(f"sqlite:///{tmp_path / 'd.db'}", tmp_path / "papers")
    closed(store, 1, TurnedClock(now=datetime(2026, 1, 1, 8, tzinfo=UTC)))
    assert NAME.encode() in (tmp_path / "d.db").read_bytes()
    erase(store.engine, store.objects, days=30, now=datetime(2026, 3, 1, tzinfo=UTC))
    store.close()
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or (NAME.encode() not in path.read_bytes() and SECRET not in path.read_bytes()), path


def test_a_process_killed_half_way_begins_the_case_again(store: DistrictStore, tmp_path: Path) -> None:
    case = closed(store, 1, TurnedClock(now=datetime(2026, 1, 1, 8, tzinfo=UTC)))
    now = datetime(2026, 3, 1, tzinfo=UTC)

    class Away:
        def __getattr__(self, name: str) -> object:
            return getattr(store.objects, name)

        def delete(self, name: str, **_: object) -> None:
            store.objects.delete(name)
            raise ObjectsAway("gone in the middle")

    with pytest.raises(ObjectsAway):
        erase(store.engine, Away(), days=30, now=now)  # type: ignore[arg-type]
    assert store.submission(case) is not None
    assert erase(store.engine, store.objects, days=30, now=now) == 1
    assert store.submission(case) is None


def test_an_answer_that_never_came_whole_goes_with_its_case(store: DistrictStore, tmp_path: Path) -> None:
    clock = TurnedClock(now=datetime(2026, 1, 1, 8, tzinfo=UTC))
    case = hand_in(store, 1, papers=())
    cases = Cases(store.engine, clock=clock)
    cases.move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li")
    cases.ask(case, start=Stage.ACCEPTED, materials=["户口簿"], note="", due_on=None, staff="li")
    answer = hand_in(store, 2, papers=(Piece(content=SECRET),), name=NAME, arrive=False)
    store.papers.append(paper_of(answer), 0, SECRET[:100])
    with store.engine.begin() as connection:
        asked = connection.execute(
            SUPPLEMENTS.update().values(answered_uid=answer).returning(SUPPLEMENTS.c.id)
        ).scalar()
        mine = SUBMISSIONS.update().where(SUBMISSIONS.c.uid == answer)
        connection.execute(mine.values(supplement_of=asked))
    cases.move(case, start=Stage.SUPPLEMENT, to=Stage.DECLINED, staff="li")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert erase(store.engine, store.objects, days=30, now=now) == 1
    assert store.submission(answer) is None
    with store.engine.connect() as connection:
        kept = connection.execute(select(SUBMISSIONS.c.erased_at, SUBMISSIONS.c.body)).all()
    assert kept == [(now.isoformat(timespec="seconds"), None)] * 2
    # The terminal that has the rest asks, sends nothing more, and forgets it.
    assert store.papers.append(paper_of(answer), 100, SECRET[100:]) == WrongOffset()
    assert store.papers.upload(paper_of(answer)) == Upload(offset=len(SECRET), length=len(SECRET))
    progress = store.progress(answer)
    assert isinstance(progress, Progress)
    assert (progress.state, progress.missing, [step.code for step in progress.steps]) == (State.DONE, (), ["received"])
    assert not (tmp_path / "papers" / paper_of(answer)).exists()


def test_what_nobody_can_close_goes_so_long_after_it_came(store: DistrictStore, tmp_path: Path) -> None:
    """A submission whose papers never came, and rehearsals, of which one is whole."""
    never = hand_in(store, 1, papers=(Piece(content=SECRET),), name=NAME, arrive=False)
    store.papers.append(paper_of(never), 0, SECRET[:100])
    rehearsals = [hand_in(store, number, papers=(Piece(content=SECRET),), test=True) for number in (2, 3)]
    open_case = hand_in(store, 4)
    now = datetime.now(tz=UTC)
    assert erase(store.engine, store.objects, days=30, now=now + timedelta(days=30, hours=-1)) == 0
    assert erase(store.engine, store.objects, days=30, now=now + timedelta(days=30, hours=1)) == 3
    assert erase(store.engine, store.objects, days=30, now=now + timedelta(days=31)) == 0
    assert [store.submission(one) for one in (never, *rehearsals)] == [None] * 3
    assert store.submission(open_case) is not None
    assert {path.name for path in (tmp_path / "papers").iterdir()} == {paper_of(open_case)}
    # The terminal that has the rest asks, sends nothing more, and forgets it.
    assert store.papers.append(paper_of(never), 100, SECRET[100:]) == WrongOffset()
    progress = store.progress(never)
    assert isinstance(progress, Progress)
    assert (progress.state, progress.missing, progress.case_number) == (State.DONE, (), None)


@pytest.mark.parametrize(("days", "kept_days"), [(30, 1098), (2000, 2000)])
def test_the_record_of_viewings_goes_after_three_years(
    store: DistrictStore, monkeypatch: pytest.MonkeyPatch, days: int, kept_days: int
) -> None:
    monkeypatch.setattr("district.retention._PAGE", 2)
    clock = TurnedClock(now=datetime(2026, 1, 1, tzinfo=UTC))
    viewings, telemetry = Viewings(store.engine, clock=clock), Telemetry(store.engine)
    for _ in range(5):
        viewings.note("li", What.CASE)
    clock.turn(days=1)
    viewings.note("wang", What.CASE)
    for terminal, at in (("TY01", "2026-01-01T00:00:00+00:00"), ("TY02", "2026-01-02T00:00:00+00:00")):
        telemetry.keep(terminal=terminal, kind="heartbeat", body="{}")
        with store.engine.begin() as connection:
            connection.execute(REPORTS.update().where(REPORTS.c.terminal == terminal).values(received_at=at))

    def left(after: int) -> tuple[list[str], list[str]]:
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=after)
        erase(store.engine, store.objects, days=days, now=now)
        return [one.staff for one in viewings.page()[0]], [one.terminal for one in telemetry.newest()]

    assert left(kept_days - 1) == (["wang"] + ["li"] * 5, ["TY01", "TY02"])
    assert left(kept_days) == (["wang"], ["TY02"])


def test_a_case_waits_until_it_is_handed_on_where_cases_are(store: DistrictStore) -> None:
    clock = TurnedClock(now=datetime(2026, 1, 1, 8, tzinfo=UTC))
    first, second = closed(store, 1, clock), closed(store, 2, clock)
    with store.engine.begin() as connection:
        done = OUTBOX.update().where(OUTBOX.c.uid == first).values(delivered_at="2026-01-02T00:00:00+00:00")
        connection.execute(done)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert erase(store.engine, store.objects, days=30, now=now) == 1
    assert (store.submission(first), store.submission(second) is None) == (None, False)
    with store.engine.begin() as connection:
        connection.execute(OUTBOX.update().values(skipped_at="2026-01-02T00:00:00+00:00"))
    assert erase(store.engine, store.objects, days=30, now=now) == 1


def test_of_several_processes_one_does_it_once_a_day(store: DistrictStore) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    turns: list[bool] = []
    at_once = threading.Barrier(6)

    def ask() -> None:
        at_once.wait()
        turns.append(is_my_turn(store.engine, now=now))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turns) == [False] * 5 + [True]
    # Who was killed meanwhile says no more that it goes on.
    assert not is_my_turn(store.engine, now=now + timedelta(seconds=3599))
    assert is_my_turn(store.engine, now=now + timedelta(seconds=3600))
    assert not is_my_turn(store.engine, now=now + timedelta(seconds=3601))
    assert is_my_turn(store.engine, now=now - timedelta(days=300))  # the clock ran ahead, and was set back


def test_who_was_killed_loses_no_day_and_who_goes_on_keeps_its_turn(
    store: DistrictStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = TurnedClock(now=datetime(2026, 1, 1, 8, tzinfo=UTC))
    first, second = (paper_of(closed(store, number, clock)) for number in (1, 2))
    monkeypatch.setattr("district.retention._PAGE", 1)
    hour, long = timedelta(hours=1), timedelta(minutes=40)
    began = now = datetime(2026, 3, 1, tzinfo=UTC)
    deleted: list[str] = []

    def slow(name: str, **named: Any) -> None:
        nonlocal now
        deleted.append(name)
        if len(deleted) == 2:
            raise KeyboardInterrupt
        now += long
        assert not is_my_turn(store.engine, now=now)
        deleting(name, **named)

    deleting = store.objects.delete
    monkeypatch.setattr(store.objects, "delete", slow)
    with pytest.raises(KeyboardInterrupt):
        erase_in_turn(store, days=30, now=lambda: now)
    assert not is_my_turn(store.engine, now=began + hour + timedelta(minutes=39))
    now = began = began + hour + long
    erase_in_turn(store, days=30, now=lambda: now)
    assert deleted == [first, second, second]
    assert not is_my_turn(store.engine, now=began + timedelta(seconds=DAY_SECONDS - 1))
    assert is_my_turn(store.engine, now=began + timedelta(seconds=DAY_SECONDS))


def test_the_command_erases(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'd.db'}"
    store = DistrictStore(url, tmp_path / "papers")
    case = closed(store, 1, TurnedClock(now=datetime(2020, 1, 1, tzinfo=UTC)))
    done = CliRunner().invoke(main, ["retention", "--days", "30", "--database", url])
    assert (done.exit_code, done.output) == (0, "1 cases erased\n")
    assert store.submission(case) is None
    store.close()


def test_the_server_erases_and_ends_at_once_whatever_it_is_at(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'd.db'}"
    store = DistrictStore(url, tmp_path / "papers")
    first, second = (closed(store, number, TurnedClock(now=datetime(2020, 1, 1, tzinfo=UTC))) for number in (1, 2))
    words = [sys.executable, "-c", SLOW, "serve", "--port", "0", "--database", url, "--erase-after", "30"]
    server = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        assert server.stderr.readline().startswith("http://")
        assert server.stderr.readline() == f"{paper_of(second)} is slow\n"
        assert store.submission(first) is None
        server.send_signal(signal.SIGINT)  # which unwinds the process, where SIGTERM ends it
        assert server.wait(20) == 1
    finally:
        server.kill()
        server.communicate(timeout=20)
    assert store.submission(second) is not None
    assert erase(store.engine, store.objects, days=30, now=datetime.now(tz=UTC)) == 1
    assert store.papers.paper(paper_of(second)) is None
    store.close()


def test_what_fails_is_tried_again_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'd.db'}"
    store = DistrictStore(url, tmp_path / "papers")
    case = closed(store, 1, TurnedClock(now=datetime(2020, 1, 1, tzinfo=UTC)))
    opening: list[Exception] = [ObjectsWrong("no such bucket"), KeysTrouble("locked"), DatabaseTrouble("away")]
    troubles: list[Exception] = [FileNotFoundError(), ObjectsAway("gone")]
    erasing = erase

    def opened() -> DistrictStore:
        if opening:
            raise opening.pop()
        return DistrictStore(url, tmp_path / "papers")

    def watched(*words: Any, **named: Any) -> int:
        if troubles:
            raise troubles.pop()
        return erasing(*words, **named)

    def due() -> int:
        with store.engine.connect() as connection:
            return connection.execute(select(CHORES.c.due)).scalar_one()

    monkeypatch.setattr("district.retention.erase", watched)
    while opening:
        look(opened, days=30)
    while troubles:
        look(opened, days=30)
        assert time.time() < due() <= time.time() + 3600
        assert store.submission(case) is not None
        with store.engine.begin() as connection:
            connection.execute(CHORES.update().values(due=0))  # the hour is over
    look(opened, days=30)
    assert store.submission(case) is None
    assert due() > time.time() + DAY_SECONDS - 600
    store.close()
