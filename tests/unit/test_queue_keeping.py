"""What the queue keeps and lets go: pauses, papers and telemetry, forgetting, mending."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.domain.reasons import reason_of
from offline_queue.findings import Mended, Repair
from offline_queue.model import Paper
from offline_queue.reasons import HttpStatus
from offline_queue.retry import Answer, Attempt, Failure, FailureKind, Outcome, Reported, TryAgain, decide_report
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import State
from offline_queue.work import FormWork, TelemetryWork
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import ID_NUMBER, NAME, TurnedClock, open_store, stored

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
    store.outbox.lesser.put_off_telemetry(work, TryAgain(seconds=30, error=HttpStatus(500)))
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


# --- forgetting -------------------------------------------------------------------------------------------------------


def test_what_ended_is_forgotten_after_its_days_and_nothing_else(
    store: Store, tmp_path: Path, clock: TurnedClock
) -> None:
    done, cancelled = put(store, PAGE), put(store, PAGE)
    store.rate(cancelled, 1)  # which nobody will ever be told
    store.cancel(cancelled, reason="x", by="a", confirmed_by="b")
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 1
    held = put(store)
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    store.outbox.hold(work, error=HttpStatus(422))
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


@pytest.mark.parametrize("answer", [Answer(status=422), Answer(status=500)], ids=["held", "waiting"])
def test_what_a_rating_belongs_to_is_not_forgotten(store: Store, clock: TurnedClock, answer: Answer) -> None:
    class Unrated(ModelPlatform):
        def put_rating(self, uid: str, body: bytes) -> Outcome:
            return answer

    uid = put(store)
    store.rate(uid, 5)
    assert sync_once(store, Unrated(lambda: "ok")).delivered == 1
    clock.forward(181 * DAY)
    put(store)
    assert store.forget_ended() == 0
    assert next((one.uid, one.rating) for one in store.unsettled()) == (uid, 5)
    assert state_of(store, uid) is State.DONE
    store.retry(uid)
    assert sync_once(store, ModelPlatform(lambda: "ok"), hurry=True).delivered == 1
    assert store.unsettled() == ()
    assert store.forget_ended() == 1


def test_a_held_rating_waits_for_people_as_a_held_submission_does(store: Store) -> None:
    class Refusing(ModelPlatform):
        def put_rating(self, uid: str, body: bytes) -> Outcome:
            return Answer(status=422)

    uid = put(store)
    store.rate(uid, 5)
    sync_once(store, Refusing(lambda: "ok"))
    seen = store.overview(most=5, moving=5)
    assert (seen.waiting, seen.held, [item.uid for item in seen.items]) == (0, 1, [uid])
    assert store.health()["held"] == 1
    (item,) = store.list()
    assert (item.state, item.last_error, item.why) == (State.DONE, None, "rating-held")
    assert item.row()["last_error"] == "rating-held"
    assert (item.details()["rating_held"], item.details()["rating_error"]) == (True, "http-422")
    assert reason_of("rating-held").code == "rating-held"
    assert store.retry(uid)
    sync_once(store, ModelPlatform(lambda: "ok"))
    assert store.health()["held"] == store.overview(most=5, moving=5).held == 0
    assert store.list()[0].why is None


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
        Repair(uid=stuck, code=Mended.SENDING),
        Repair(uid=damaged, code=Mended.HELD, detail="body-damaged"),
        Repair(uid=missing, code=Mended.HELD, detail="paper-missing"),
        Repair(uid=None, code=Mended.FILE, detail="left-over.part"),
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
    swap = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'submission_due'"
    for names in (("next_mono", "created_epoch"), ("created_epoch", "next_mono")):
        with closing(sqlite3.connect(folder / "queue.db")) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(swap, names)  # it is sorted by something else than it says
            connection.commit()
        if names[0] == "next_mono":
            with closing(sqlite3.connect(folder / "queue.db")) as connection:
                connection.execute("REINDEX")
    store = open_store(folder, clock)
    assert [finding.code for finding in store.verify()] == ["database-damaged"]
    assert Repair(uid=None, code=Mended.INDEXES) in store.repair()
    assert store.verify() == ()
    assert {item.uid for item in store.list()} == uids
    store.close()
