"""Erasing while terminals and staff go on: what was acknowledged before a case's turn came counts, what comes after it
is taken by nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from district import papers_store
from district.cases import Cases, Stage
from district.outcomes import Upload
from district.papers_store import Claimed
from district.retention import erase
from district.store import DistrictStore
from district.tables import ATTACHMENTS, OUTBOX, SUBMISSIONS
from tests.support.staff_site import JPEG, TurnedClock, hand_in, paper_of

LATER = datetime.now(tz=UTC) + timedelta(days=31)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DistrictStore]:
    url = f"sqlite:///{tmp_path / 'd.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    opened = DistrictStore(url, tmp_path / "papers")
    yield opened
    opened.close()


def meanwhile(store: DistrictStore, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """It happens while the first paper is being deleted."""
    deleting, waiting = store.objects.delete, [happens]

    def delete(name: str, **named: Any) -> None:
        while waiting:
            waiting.pop()()
        deleting(name, **named)

    monkeypatch.setattr(store.objects, "delete", delete)


def standing(store: DistrictStore, case: str) -> tuple[str, bool, bool]:
    """Its stage, and whether it has a number and its content."""
    with store.engine.connect() as connection:
        row = connection.execute(select(SUBMISSIONS).where(SUBMISSIONS.c.uid == case)).one()
    return row.stage, row.case_number is not None, row.body is not None


def test_a_case_that_a_terminal_completes_in_time_stays(store: DistrictStore, monkeypatch: pytest.MonkeyPatch) -> None:
    never, late = (hand_in(store, number, arrive=False) for number in (1, 2))
    told: list[object] = []
    meanwhile(store, monkeypatch, lambda: told.append(store.papers.append(paper_of(late), 0, JPEG)))
    assert erase(store.engine, store.objects, days=30, now=LATER) == 1
    assert told == [Upload(offset=len(JPEG), length=len(JPEG))]
    assert (standing(store, never), standing(store, late)) == (("received", False, False), ("complete", True, True))
    kept = store.papers.paper(paper_of(late))
    assert kept is not None
    assert b"".join(kept.content) == JPEG


def test_a_paper_that_comes_too_late_opens_no_case(store: DistrictStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was on the line when its case's turn came."""
    never = hand_in(store, 1, arrive=False)
    claimed = store.papers.claim(paper_of(never), 0, len(JPEG))
    assert isinstance(claimed, Claimed)
    told: list[object] = []
    meanwhile(store, monkeypatch, lambda: told.append(store.papers.append_to(claimed, 0, JPEG)))
    assert erase(store.engine, store.objects, days=30, now=LATER) == 1
    assert told == [Upload(offset=len(JPEG), length=len(JPEG))]  # settled: the terminal may forget it
    assert standing(store, never) == ("received", False, False)
    assert store.papers.paper(paper_of(never)) is None


def test_a_closed_case_that_is_rated_waits_until_that_is_told(
    store: DistrictStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = TurnedClock(now=datetime(2026, 1, 1, 8, tzinfo=UTC))
    first, rated = (hand_in(store, number) for number in (1, 2))
    for case in (first, rated):
        Cases(store.engine, clock=clock).move(case, start=Stage.COMPLETE, to=Stage.DECLINED, staff="li", note="n")
    with store.engine.begin() as connection:
        connection.execute(OUTBOX.update().values(delivered_at="2026-01-02T00:00:00+00:00"))
    meanwhile(store, monkeypatch, lambda: store.rate(rated, 5))
    assert erase(store.engine, store.objects, days=30, now=LATER) == 1
    assert (standing(store, first), standing(store, rated)) == (("declined", True, False), ("declined", True, True))
    with store.engine.begin() as connection:
        connection.execute(OUTBOX.update().values(delivered_at="2026-01-03T00:00:00+00:00"))
    assert erase(store.engine, store.objects, days=30, now=LATER) == 1
    assert standing(store, rated) == ("declined", True, False)


def test_who_is_just_completing_a_case_is_waited_for(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DistrictStore(postgres, tmp_path / "papers")
    case = hand_in(store, 1, arrive=False)
    there, on = threading.Event(), threading.Event()

    def held(*words: Any, **named: Any) -> object:
        there.set()
        assert on.wait(20)
        return telling(*words, **named)

    telling = papers_store.tell
    monkeypatch.setattr(papers_store, "tell", held)  # the last thing before the commit
    with ThreadPoolExecutor(2) as pool:
        arriving = pool.submit(store.papers.append, paper_of(case), 0, JPEG)
        assert there.wait(20)
        erasing = pool.submit(erase, store.engine, store.objects, days=30, now=LATER)
        deadline = datetime.now(tz=UTC) + timedelta(seconds=20)
        with store.engine.connect() as connection:
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not connection.execute(waiting).scalar_one():
                assert datetime.now(tz=UTC) < deadline
        on.set()
        assert arriving.result(20) == Upload(offset=len(JPEG), length=len(JPEG))
        assert erasing.result(20) == 0
    assert standing(store, case) == ("complete", True, True)
    store.close()


def test_who_was_killed_in_between_left_nothing_for_ever(store: DistrictStore, tmp_path: Path) -> None:
    never = hand_in(store, 1, arrive=False)
    store.papers.append(paper_of(never), 0, JPEG[:3])
    with store.engine.begin() as connection:  # as whoever was killed before it deleted anything had marked it
        connection.execute(ATTACHMENTS.update().values(erased_at="2026-01-01T00:00:00+00:00"))
    assert erase(store.engine, store.objects, days=30, now=LATER) == 1
    assert list((tmp_path / "papers").iterdir()) == []
