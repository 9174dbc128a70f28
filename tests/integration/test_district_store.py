"""What the store promises, on SQLite and PostgreSQL alike, and to several processes on one database (stores, here)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier, Event
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DataError, OperationalError

import district.store
from district.database import write
from district.inserting import Found
from district.outcomes import Conflict, Take, Taken, Upload
from district.store import DistrictStore
from district.tables import ATTACHMENTS, CASE_COUNTERS, OUTBOX, SUBMISSIONS, TERMINALS
from district.telemetry import Telemetry
from district.terminals import Terminals
from offline_queue.sealed import NoKey
from offline_queue.wire import Attachment, Envelope, Progress, State, canonical_bytes, read_receipt, sha256_hex

PAGE = b"a scanned page"
Arrived = tuple[Envelope, bytes]
T = TypeVar("T")


def envelope(*papers: str, test: bool = False, name: str = "王秀英", uid: str | None = None) -> Arrived:
    made = Envelope(
        uid=uid or str(uuid4()),
        kiosk="TY03",
        provisional_number="TY03-261123-0001-E",
        token="A" * 22,
        matter="pension-enrolment",
        created="2026-11-23T09:00:00+08:00",
        test=test,
        form={"name": name},
        attachments=tuple(
            Attachment(id=one, material="m", media_type="image/jpeg", bytes=len(PAGE), sha256=sha256_hex(PAGE))
            for one in papers
        ),
    )
    return made, canonical_bytes(made)


@pytest.fixture
def stores(database: str, tmp_path: Path) -> Iterator[tuple[DistrictStore, DistrictStore]]:
    """Two on one database, as two processes have them."""
    pair = (DistrictStore(database, tmp_path / "papers"), DistrictStore(database, tmp_path / "papers"))
    yield pair
    for one in pair:
        one.close()


@pytest.fixture
def store(stores: tuple[DistrictStore, DistrictStore]) -> DistrictStore:
    return stores[0]


def taken(answer: Take) -> Taken:
    assert isinstance(answer, Taken), answer
    return answer


def number_of(answer: Take) -> str | None:
    receipt = read_receipt(taken(answer).receipt)
    assert receipt is not None
    return receipt.case_number


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """What each gives, all begun at the same moment."""
    together = Barrier(len(works))

    def begun(work: Callable[[], T]) -> T:
        together.wait(20)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begun, works))


def counted(store: DistrictStore) -> int:
    with store.engine.connect() as connection:
        return connection.execute(select(CASE_COUNTERS.c.last)).scalar_one()


def test_a_submission_is_stored_once_and_its_receipt_never_changes(store: DistrictStore) -> None:
    outside, body = envelope()
    first = taken(store.take(outside, body))
    assert first.new
    assert store.take(outside, body) == Taken(receipt=first.receipt, new=False)
    assert isinstance(store.take(*envelope(uid=outside.uid, name="李四")), Conflict)
    assert number_of(store.take(*envelope(test=True))) is None
    assert str(number_of(first)).endswith("-000001")
    assert str(number_of(store.take(*envelope()))).endswith("-000002")


def test_of_a_batch_each_is_answered_as_if_it_had_come_alone(store: DistrictStore) -> None:
    paper, other = str(uuid4()), str(uuid4())
    known, fresh, with_paper = envelope(), envelope(), envelope(paper)
    receipt = taken(store.take(*known)).receipt
    answers = store.take_all(
        [
            known,
            fresh,
            fresh,
            envelope(uid=fresh[0].uid, name="李四"),
            with_paper,
            envelope(paper),
            envelope(other, other),
            envelope(test=True),
            envelope(),
        ]
    )
    for one in answers:
        if isinstance(one, Taken):
            kept = read_receipt(one.receipt)
            assert kept is not None
            assert one.receipt == canonical_bytes(kept)
    kinds = [(one.new if isinstance(one, Taken) else type(one)) for one in answers]
    assert kinds == [False, True, False, Conflict, True, Conflict, Conflict, True, True]
    assert taken(answers[0]).receipt == receipt
    assert taken(answers[2]).receipt == taken(answers[1]).receipt
    numbers = [number_of(answers[place]) for place in (1, 4, 7, 8)]
    assert [None if one is None else one[5:] for one in numbers] == ["000002", None, None, "000003"]
    with store.engine.connect() as connection:
        told = connection.execute(select(OUTBOX.c.uid).order_by(OUTBOX.c.seq)).scalars().all()
    assert told == [known[0].uid, fresh[0].uid, json.loads(taken(answers[8]).receipt)["uid"]]


def test_a_batch_that_comes_to_two_processes_at_once_is_stored_once(
    stores: tuple[DistrictStore, DistrictStore],
) -> None:
    for _ in range(5):
        batch = [envelope() for _ in range(20)]
        answers = at_once([partial(one.take_all, batch) for one in (*stores, *stores)])
        for of_one in zip(*answers, strict=True):
            assert len({taken(one).receipt for one in of_one}) == 1
            assert sum(taken(one).new for one in of_one) == 1
    with stores[0].engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(SUBMISSIONS)).scalar() == 100
        assert connection.execute(select(func.count(SUBMISSIONS.c.case_number.distinct()))).scalar() == 100


def at_the_same_time(store: DistrictStore, *requests: Sequence[Arrived]) -> list[Future[list[Take]]]:
    """Of requests that come while the first of them is at the database, in this order."""
    began, go_on = Event(), Event()
    look_up = district.store.look_up

    def slow(*told: Any, **named: Any) -> Found:
        began.set()
        assert go_on.wait(20)
        return look_up(*told, **named)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(requests)) as pool:
        patch.setattr(district.store, "look_up", slow)
        asked = [pool.submit(store.take_all, requests[0])]
        assert began.wait(20)
        for count, one in enumerate(requests[1:], 1):
            asked.append(pool.submit(store.take_all, one))
            deadline = time.monotonic() + 20
            while len(store._together._waiting) < count:  # pyright: ignore[reportPrivateUsage]
                assert time.monotonic() < deadline
                time.sleep(0.001)
        go_on.set()
    return asked


def test_requests_that_come_together_are_each_answered_their_own(store: DistrictStore) -> None:
    known, first, second = envelope(), envelope(), envelope()
    store.take(*known)
    asked = at_the_same_time(
        store,
        [envelope()],
        [first, envelope(test=True)],
        [known, first],
        [second],
        [envelope(uid=second[0].uid, name="李四"), envelope(str(uuid4()))],
    )
    _, *answers = (one.result(20) for one in asked)
    kinds = [[one.new if isinstance(one, Taken) else type(one) for one in of_one] for of_one in answers]
    assert kinds == [[True, True], [False, False], [True], [Conflict, True]]
    told = [read_receipt(taken(answers[at][place]).receipt) for at, place in ((0, 0), (1, 0), (1, 1), (2, 0))]
    assert [None if one is None else one.uid for one in told] == [one[0].uid for one in (first, known, first, second)]
    assert number_of(answers[0][1]) is None


def test_what_one_request_is_the_cause_of_is_not_the_trouble_of_those_beside_it(store: DistrictStore) -> None:
    bad = envelope()
    bad = (bad[0].model_copy(update={"matter": "x" * 200}), bad[1])  # longer than its column, as none is that was read
    first, wrong, good = at_the_same_time(store, [envelope()], [bad], [envelope()])
    assert taken(first.result(20)[0]).new
    assert taken(good.result(20)[0]).new
    if store.engine.dialect.name == "postgresql":  # SQLite has no lengths
        with pytest.raises(DataError):
            wrong.result(20)


def test_what_is_everybodys_trouble_is_told_to_all_at_once(
    store: DistrictStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def full(looked: Sequence[object]) -> list[Take]:
        tries.append(len(looked))
        raise OperationalError("", {}, Exception("the disk is full"))

    monkeypatch.setattr(store, "_take_again", full)
    some = [[district.store._Looked(*envelope(), NoKey(wanted=()))] for _ in range(3)]  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(OperationalError):
        store._take_several(some)  # pyright: ignore[reportPrivateUsage]
    assert tries == [3]


def all_of(store: DistrictStore, batches: Sequence[Sequence[Arrived]]) -> list[Take]:
    return [answer for batch in batches for answer in store.take_all(batch)]


def test_case_numbers_are_unique_and_without_a_gap(stores: tuple[DistrictStore, DistrictStore]) -> None:
    batches = [[envelope() for _ in range(7)] for _ in range(12)]
    works = [partial(all_of, one, batches[place::4]) for place, one in enumerate((*stores, *stores))]
    numbers = [number_of(answer) for answers in at_once(works) for answer in answers]
    assert sorted(str(one)[5:] for one in numbers) == [f"{count:06d}" for count in range(1, 85)]


def test_the_last_two_papers_may_come_to_an_end_at_once(stores: tuple[DistrictStore, DistrictStore]) -> None:
    for _ in range(10):
        papers = [str(uuid4()), str(uuid4())]
        outside, body = envelope(*papers)
        stores[0].take(outside, body)
        works = [partial(one.papers.append, name, 0, PAGE) for one, name in zip(stores, papers, strict=True)]
        assert at_once(works) == [Upload(offset=len(PAGE), length=len(PAGE))] * 2
        progress = stores[0].progress(outside.uid)
        assert isinstance(progress, Progress)
        assert (progress.state, progress.missing) == (State.DONE, ())
        assert progress.case_number is not None
    assert counted(stores[0]) == 10


def test_of_what_was_erased_a_tombstone_is_left_for_ever(store: DistrictStore) -> None:
    paper = str(uuid4())
    outside, body = envelope(paper)
    receipt = taken(store.take(outside, body)).receipt
    store.papers.append(paper, 0, PAGE)
    kept = taken(store.take(*envelope()))

    def erase(connection: Connection) -> None:
        when = "2026-12-31T00:00:00+00:00"
        connection.execute(
            SUBMISSIONS.update().where(SUBMISSIONS.c.uid == outside.uid).values(body=None, erased_at=when)
        )
        connection.execute(ATTACHMENTS.update().where(ATTACHMENTS.c.uid == outside.uid).values(erased_at=when))

    write(store.engine, erase)
    assert store.take(outside, body) == Taken(receipt=receipt, new=False)
    assert isinstance(store.take(*envelope(uid=outside.uid)), Conflict)
    progress = store.progress(outside.uid)
    assert isinstance(progress, Progress)
    assert progress.state is State.DONE
    assert store.papers.paper(paper) is None
    assert store.submission(outside.uid) is None
    assert [row.sha256 for row in store.submissions()] == [json.loads(kept.receipt)["sha256"]]


def test_a_clock_that_is_set_back_over_new_year_gives_no_number_twice(
    store: DistrictStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers: list[str | None] = []
    for now in ("2026-12-31T15:59:59", "2026-12-31T16:00:00", "2026-12-31T15:00:00", "2027-06-01T00:00:00"):
        monkeypatch.setattr(district.store, "now_text", lambda now=now: f"{now}+00:00")
        numbers.append(number_of(store.take(*envelope())))
    # The year is that of China, eight hours ahead.
    assert numbers == ["2026-000001", "2027-000001", "2026-000002", "2027-000002"]


def test_a_submission_keeps_the_hall_in_which_its_terminal_stood(store: DistrictStore) -> None:
    Terminals(store.engine).add("TY03", bytes(32))
    before, after = envelope(), envelope()
    store.take(*before)
    write(store.engine, lambda connection: connection.execute(TERMINALS.update().values(hall="taoyuan")))
    store.take(*after)
    with store.engine.connect() as connection:
        halls = connection.execute(select(SUBMISSIONS.c.hall).order_by(SUBMISSIONS.c.seq)).scalars().all()
    assert halls == [None, "taoyuan"]


def test_all_are_read_page_by_page(store: DistrictStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(district.store, "_PAGE", 3)
    batch = [envelope() for _ in range(7)]
    store.take_all(batch)
    assert [row.outside.uid for row in store.submissions()] == [outside.uid for outside, _ in batch]


def test_of_reports_that_come_at_once_one_is_kept(store: DistrictStore) -> None:
    telemetry = Telemetry(store.engine)
    works = [
        partial(telemetry.keep, terminal="TY03", kind="heartbeat", body=json.dumps({"waiting": number}))
        for number in range(8)
    ]
    at_once(works)
    (kept,) = telemetry.newest()
    assert kept.content["waiting"] in range(8)
