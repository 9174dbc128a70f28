"""What the queue keeps and lets go: migration, pauses, papers and telemetry, withdrawing, forgetting, mending."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from offline_queue.model import Finding, Paper
from offline_queue.retry import Answer, Attempt, Failure, FailureKind, Outcome, Reported, TryAgain, decide_report
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import Receipt, State
from offline_queue.work import FormWork, TelemetryWork
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import ID_NUMBER, NAME, TurnedClock, open_store, stored

V1 = Path(__file__).parents[1] / "support" / "queue_v1.sql"
PAGE = Paper(material="m", media_type="image/png", content=b"page")
DAY = 86_400


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def store(tmp_path: Path, clock: TurnedClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue", clock)
    yield opened
    opened.close()


def put(store: Store, *papers: Paper) -> str:
    form = {"name": NAME, "id_number": ID_NUMBER}
    return stored(store.put(matter="m", form=form, attachments=papers, id_number=ID_NUMBER, slip_data=b"s")).uid


def state_of(store: Store, uid: str) -> State:
    item = store.show(uid)
    assert item is not None
    return item.state


def schema(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return {(name, "".join(sql.replace('"', "").split())) for name, sql in rows}


# --- migration --------------------------------------------------------------------------------------------------------


def as_version_1(folder: Path) -> None:
    """Turn a queue of now into what version 1 had written: the same rows in the old tables."""
    path = folder / "queue.db"
    with closing(sqlite3.connect(path)) as now:
        tables = {
            name: now.execute(f"SELECT * FROM {name}") for name in ("submission", "attachment", "rating", "counter")
        }
        kept = {name: ([c[0] for c in cursor.description], cursor.fetchall()) for name, cursor in tables.items()}
    path.unlink()
    with closing(sqlite3.connect(path)) as old:
        old.executescript(V1.read_text(encoding="utf-8"))
        for name, (columns, rows) in kept.items():
            had = [row[1] for row in old.execute(f"PRAGMA table_info({name})")]
            places = [columns.index(column) for column in had]
            marks = ", ".join("?" * len(had))
            old.executemany(f"INSERT INTO {name} VALUES ({marks})", [[row[at] for at in places] for row in rows])
        old.commit()


def test_a_queue_of_version_1_is_taken_over_whole(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    store = open_store(folder, clock)
    done, waiting, held = put(store), put(store, PAGE), put(store)
    for _ in range(3):
        work = store.outbox.next_work()
        assert isinstance(work, FormWork)
        if work.uid == held:
            store.outbox.hold(work, error="http-422")
        elif work.uid == done:
            store.outbox.received(work, Receipt(uid=work.uid, sha256=work.sha256, state=State.DONE, case_number="1"))
        else:
            store.outbox.put_off(work, TryAgain(seconds=5, error="http-500"))
    store.rate(done, 4)
    before = store.list()
    store.close()
    as_version_1(folder)
    store = open_store(folder, clock)
    assert store.list() == before
    assert store.verify() == ()
    assert store.find(ID_NUMBER)[0].slip_qr is not None
    store.retry(held)
    clock.forward(60)
    assert sync_once(store, ModelPlatform(lambda: "ok")).waiting == 0
    assert {state_of(store, uid) for uid in (done, waiting, held)} == {State.DONE}
    number = store.list()[-1].provisional_number
    assert put(store) != number
    store.close()
    fresh = open_store(tmp_path / "fresh", clock)
    fresh.close()
    assert schema(folder / "queue.db") == schema(tmp_path / "fresh" / "queue.db")


# --- pause ------------------------------------------------------------------------------------------------------------


def test_a_platform_that_is_busy_is_left_alone_by_every_item_and_process(tmp_path: Path, clock: TurnedClock) -> None:
    store = open_store(tmp_path / "queue", clock)
    put(store)
    put(store)
    platform = ModelPlatform(lambda: "busy")
    assert sync_once(store, platform).attempted == 2  # in one request
    other = open_store(tmp_path / "queue", clock)
    put(other)
    assert sync_once(other, platform).attempted == 0
    assert sync_once(other, platform, hurry=True).attempted == 0  # it was asked for: nobody hurries it
    assert 30 <= (other.outbox.seconds_to_next() or 0) <= 33
    store.close()
    other.close()
    later = open_store(tmp_path / "queue", clock)
    assert sync_once(later, ModelPlatform(lambda: "ok")).attempted == 0
    clock.forward(34)
    assert sync_once(later, ModelPlatform(lambda: "ok")).delivered == 3
    later.close()


def test_an_unreachable_platform_can_be_tried_at_once(store: Store) -> None:
    put(store)
    put(store)
    assert sync_once(store, ModelPlatform(lambda: "unheard")).attempted == 2
    assert sync_once(store, ModelPlatform(lambda: "ok")).attempted == 0
    assert sync_once(store, ModelPlatform(lambda: "ok"), hurry=True).delivered == 2


def test_another_boot_ends_a_pause(tmp_path: Path, clock: TurnedClock) -> None:
    store = open_store(tmp_path / "queue", clock)
    put(store)
    sync_once(store, ModelPlatform(lambda: "busy"))
    store.close()
    clock.boot, clock.mono = "boot-2", 5.0
    store = open_store(tmp_path / "queue", clock)
    store.outbox.start()
    clock.forward(21)
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 1
    store.close()


# --- papers -----------------------------------------------------------------------------------------------------------


class FailsFor(ModelPlatform):
    """Fails for every paper of this size."""

    def __init__(self, size: int) -> None:
        super().__init__(lambda: "ok")
        self.size: int | None = size

    def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
        if self.sizes[name] == self.size:
            return Answer(status=500)
        return super().send_chunk(name, offset, chunk)


def test_one_paper_that_fails_keeps_no_other_waiting(store: Store, clock: TurnedClock) -> None:
    bad = Paper(material="m", media_type="image/png", content=b"a bad one")
    uid = put(store, bad, PAGE)
    other = put(store, PAGE)
    platform = FailsFor(len(bad.content))
    assert sync_once(store, platform).delivered == 1
    assert state_of(store, other) is State.DONE
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error, item.attempts) == (State.RECEIVED, "http-500", 1)
    assert [paper.done for paper in item.attachments] == [False, True]
    assert sync_once(store, platform).attempted == 0
    clock.forward(1000)
    platform.size = None
    assert sync_once(store, platform).delivered == 1
    assert store.verify() == ()


# --- telemetry --------------------------------------------------------------------------------------------------------


def test_telemetry_goes_last_and_only_the_newest(store: Store) -> None:
    store.report("heartbeat", {"waiting": 1})
    store.report("heartbeat", {"waiting": 2})
    uid = put(store)
    store.rate(uid, 5)
    told: list[str] = []

    class Listening(ModelPlatform):
        def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
            told.append("form")
            return super().put_form(uid, body, media_type)

        def put_rating(self, uid: str, body: bytes) -> Outcome:
            told.append("rating")
            return super().put_rating(uid, body)

        def report(self, kind: str, body: bytes) -> Outcome:
            told.append(f"{kind} {body.decode()}")
            return super().report(kind, body)

    sync_once(store, Listening(lambda: "ok"))
    assert told == ["form", "rating", 'heartbeat {"waiting":2}']
    assert store.outbox.next_work() is None


def test_telemetry_that_fails_waits_and_a_newer_one_is_not_lost(store: Store, clock: TurnedClock) -> None:
    store.report("heartbeat", {"n": 1})
    work = store.outbox.next_work()
    assert isinstance(work, TelemetryWork)
    store.report("heartbeat", {"n": 2})
    store.outbox.lesser.told(work)
    store.outbox.lesser.put_off_telemetry(work, TryAgain(seconds=30, error="http-500"))
    assert store.outbox.next_work() is None
    clock.forward(31)
    again = store.outbox.next_work()
    assert again == TelemetryWork(kind="heartbeat", body='{"n":2}', attempts=1)


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [
        (Answer(status=204), True),
        (Answer(status=404), True),  # a platform that wants none
        (Answer(status=503, retry_after="9"), False),
        (Failure(kind=FailureKind.UNREACHABLE), False),
    ],
)
def test_refused_telemetry_is_no_loss(outcome: Outcome, ends: bool, clock: TurnedClock) -> None:
    decision = decide_report(outcome, Attempt(attempts=0, now=clock.wall(), random=0.5))
    assert isinstance(decision, Reported) is ends


# --- withdrawing ------------------------------------------------------------------------------------------------------


def test_withdrawing_takes_two_people_and_a_reason(store: Store, tmp_path: Path, clock: TurnedClock) -> None:
    uid = put(store, PAGE)
    for reason, by, confirmed in (
        ("", "a", "b"),
        ("why", "", "b"),
        ("why", "Wang", " wang "),
        ("why", "王 主任", "王主任"),
        ("why", "Li", "Ｌｉ"),
        ("why", "\u3000", "b"),
    ):
        with pytest.raises(ValueError, match="withdrawing takes"):
            store.cancel(uid, reason=reason, by=by, confirmed_by=confirmed)
    with pytest.raises(ValueError, match="40 characters"):
        store.cancel(uid, reason="why", by="a" * 41, confirmed_by="b")
    assert store.cancel(uid, reason="办错了", by="窗口 3", confirmed_by="主任")
    assert state_of(store, uid) is State.CANCELLED
    assert not store.cancel(uid, reason="x", by="a", confirmed_by="b")
    assert not store.cancel("nobody", reason="x", by="a", confirmed_by="b")
    assert not store.retry(uid)
    clock.forward(10 * DAY)
    assert sync_once(store, ModelPlatform(lambda: "ok"), hurry=True).attempted == 0
    assert "办错了".encode() not in (tmp_path / "queue" / "queue.db").read_bytes()
    assert store.verify() == ()


def test_what_has_left_cannot_be_withdrawn(store: Store) -> None:
    uid = put(store, PAGE)
    assert isinstance(store.outbox.next_work(), FormWork)
    assert not store.cancel(uid, reason="x", by="a", confirmed_by="b")
    held = put(store)
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    store.outbox.hold(work, error="http-422")
    assert store.cancel(held, reason="x", by="a", confirmed_by="b")


# --- forgetting -------------------------------------------------------------------------------------------------------


def test_what_ended_is_forgotten_after_its_days_and_nothing_else(
    store: Store, tmp_path: Path, clock: TurnedClock
) -> None:
    done, cancelled = put(store, PAGE), put(store, PAGE)
    store.cancel(cancelled, reason="x", by="a", confirmed_by="b")
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 1
    held = put(store)
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    store.outbox.hold(work, error="http-422")
    clock.forward(181 * DAY)
    unrated = put(store)
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 1
    store.rate(unrated, 2)
    assert store.forget_ended() == 2
    assert {item.uid for item in store.list()} == {held, unrated}
    assert list((tmp_path / "queue" / "blobs").iterdir()) == []
    assert store.show(done) is None
    assert store.forget_ended() == 0
    assert store.verify() == ()
    first = store.list()[0].provisional_number
    assert stored(store.put(matter="m", form={})).provisional_number != first


def test_a_clock_years_ahead_makes_nothing_forgotten(store: Store, clock: TurnedClock) -> None:
    put(store)
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 1
    clock.now = clock.now.replace(year=2036)
    assert store.forget_ended() == 0
    clock.now = clock.now.replace(year=2016)
    assert store.forget_ended() == 0
    assert len(store.list()) == 1


# --- mending ----------------------------------------------------------------------------------------------------------


def test_repair_mends_only_what_loses_nothing(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    store = open_store(folder, clock)
    damaged, missing, stuck, well = put(store), put(store, PAGE), put(store), put(store)
    store.close()
    with closing(sqlite3.connect(folder / "queue.db")) as connection:
        connection.execute("UPDATE submission SET body = x'00' WHERE uid = ?", (damaged,))
        connection.execute("UPDATE submission SET state = 'sending' WHERE uid = ?", (stuck,))
        (name,) = connection.execute("SELECT id FROM attachment").fetchone()
        connection.commit()
    (folder / "blobs" / name).unlink()
    (folder / "blobs" / "left-over.part").write_bytes(b"half")
    store = open_store(folder, clock)
    mended = store.repair()
    assert set(mended) == {
        Finding(uid=stuck, code="sending-let-go", detail=""),
        Finding(uid=damaged, code="held", detail="body-damaged"),
        Finding(uid=missing, code="held", detail="paper-missing"),
        Finding(uid=None, code="file-removed", detail="left-over.part"),
    }
    assert [state_of(store, uid) for uid in (damaged, missing, stuck, well)] == [
        State.HELD,
        State.HELD,
        State.READY,
        State.READY,
    ]
    assert store.repair() == ()
    assert {finding.code for finding in store.verify()} == {"body-damaged", "paper-missing"}
    store.close()


def test_a_damaged_index_is_made_anew(tmp_path: Path, clock: TurnedClock) -> None:
    folder = tmp_path / "queue"
    store = open_store(folder, clock)
    uids = {put(store) for _ in range(3)}
    store.close()
    with closing(sqlite3.connect(folder / "queue.db")) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        # The index is told to be sorted by something else than it is.
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'next_mono', 'created_epoch') WHERE name = 'submission_due'"
        )
        connection.commit()
    store = open_store(folder, clock)
    assert [finding.code for finding in store.verify()] == ["database-damaged"]
    assert Finding(uid=None, code="indexes-made-anew", detail="") in store.repair()
    assert {item.uid for item in store.list()} == uids
    store.close()
