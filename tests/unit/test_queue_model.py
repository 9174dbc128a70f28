"""Store and sync against model platforms that waver, refuse or fail in the midst of a round."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from kiosk.domain.reasons import reason_of
from offline_queue.model import Paper
from offline_queue.outbox import LEASE_SECONDS
from offline_queue.retry import LONGEST_DELAY, Answer, Outcome
from offline_queue.sender import SyncThread
from offline_queue.sync import sync_once
from offline_queue.wire import State, read_receipt
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import TurnedClock, open_store, stored


def test_a_platform_that_keeps_changing_the_offset_does_not_hold_the_queue(tmp_path: Path) -> None:
    class Wavering(ModelPlatform):
        def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
            return Answer(status=409)

    store = open_store(tmp_path, TurnedClock())
    paper = Paper(material="m", media_type="image/png", content=b"12")
    store.put(matter="m", form={}, attachments=[paper])
    assert sync_once(store, Wavering(lambda: "ok")).failed == 1
    assert store.list()[0].last_error == "offset-conflict"
    store.close()


def test_stopping_ends_an_upload_between_chunks(tmp_path: Path) -> None:
    store = open_store(tmp_path, TurnedClock())
    paper = Paper(material="m", media_type="image/png", content=b"1" * 3_000_000)
    store.put(matter="m", form={}, attachments=[paper])
    platform = ModelPlatform(lambda: "ok")
    sync_once(store, platform, stopped=lambda: any(platform.papers.values()))
    item = store.list()[0]
    assert (item.state, item.last_error, item.attempts) == (State.RECEIVED, "stopped", 0)
    assert item.attachments[0].sent == 1024 * 1024
    assert sync_once(store, platform).delivered == 1
    store.close()


def test_a_refused_attachment_holds_its_submission(tmp_path: Path) -> None:
    class Refusing(ModelPlatform):
        def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
            return Answer(status=413)

    store = open_store(tmp_path, TurnedClock())
    paper = Paper(material="m", media_type="image/png", content=b"12")
    uid = stored(store.put(matter="m", form={}, attachments=[paper])).uid
    assert sync_once(store, Refusing(lambda: "ok")).held == 1
    assert store.list()[0].state is State.HELD
    store.retry(uid)
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 1
    store.close()


def test_disk_trouble_does_not_end_the_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path)
    failed, sent = threading.Event(), threading.Event()
    working = store.outbox.next_work

    def full(**_: object) -> object:
        failed.set()
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr(store.outbox, "next_work", full)
    thread = SyncThread(store, ModelPlatform(lambda: "ok"), on_change=lambda _: sent.set())
    thread.start()
    assert failed.wait(10)
    monkeypatch.setattr(store.outbox, "next_work", working)
    store.put(matter="m", form={})
    thread.wake()
    assert sent.wait(10)
    assert thread.stop()
    store.close()


def test_a_bug_in_a_round_does_not_end_the_thread(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked, sent = threading.Event(), threading.Event()

    class Buggy(ModelPlatform):
        def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
            if not asked.is_set():
                asked.set()
                raise KeyError("王秀英")
            return super().put_form(uid, body, media_type)

    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    store.put(matter="m", form={})
    thread = SyncThread(store, Buggy(lambda: "ok"), on_change=lambda _: sent.set())
    thread.start()
    assert asked.wait(10)
    clock.forward(LEASE_SECONDS + 1)
    thread.wake()
    assert sent.wait(10)
    assert thread.stop()
    assert [record.getMessage() for record in caplog.records] == ["a round of the queue failed: KeyError"]
    store.close()


class _NoUploads(ModelPlatform):
    """Takes forms, and says of every paper that it knows no upload of it."""

    def __init__(self) -> None:
        super().__init__(lambda: "ok")
        self.puts = 0
        self.rated: list[str] = []

    def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
        self.puts += 1
        return super().put_form(uid, body, media_type)

    def attachment_offset(self, name: str) -> Outcome:
        return Answer(status=404)

    def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
        return Answer(status=410)

    def put_rating(self, uid: str, body: bytes) -> Outcome:
        self.rated.append(uid)
        return super().put_rating(uid, body)


def test_a_platform_that_never_knows_the_papers_is_asked_ever_more_seldom(tmp_path: Path) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    other = stored(store.put(matter="m", form={})).uid
    platform = _NoUploads()
    sync_once(store, platform)
    store.rate(other, 5)
    paper = Paper(material="m", media_type="image/png", content=b"12")
    uid = stored(store.put(matter="m", form={}, attachments=[paper])).uid
    assert sync_once(store, platform).failed == 2  # the form goes again at once, and then no more
    assert (platform.puts, platform.rated) == (3, [other])
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.attempts, item.last_error) == (State.READY, 2, "upload-unknown")
    assert reason_of("upload-unknown").code == "upload-unknown"
    waits: list[float] = []
    for _ in range(12):
        wait = store.outbox.seconds_to_next()
        assert wait is not None
        waits.append(wait)
        clock.forward(wait)
        sync_once(store, platform)
    assert waits[0] >= 4
    assert min(waits[-3:]) >= LONGEST_DELAY / 2
    assert platform.puts == 3 + 12
    assert sync_once(store, ModelPlatform(lambda: "ok"), hurry=True).delivered == 1
    store.close()


def test_a_platform_that_loses_papers_again_and_again_is_sent_them_ever_more_seldom(tmp_path: Path) -> None:
    class Losing(ModelPlatform):
        def progress(self, uid: str) -> Outcome:
            for name in self.papers:
                self.papers[name] = bytearray()
            return super().progress(uid)

    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    paper = Paper(material="m", media_type="image/png", content=b"12")
    store.put(matter="m", form={}, attachments=[paper])
    platform = Losing(lambda: "ok")
    waits: list[float] = []
    for _ in range(8):
        sync_once(store, platform)
        wait = store.outbox.seconds_to_next()
        assert wait is not None
        waits.append(wait)
        clock.forward(wait)
    assert waits[0] < 60
    assert min(waits[-2:]) >= LONGEST_DELAY / 2
    store.close()


def test_what_ends_an_item_with_papers_is_what_is_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path, TurnedClock())
    paper = Paper(material="m", media_type="image/png", content=b"12")
    store.put(matter="m", form={}, attachments=[paper])
    assert sync_once(store, ModelPlatform(lambda: "ok")).delivered == 1
    store.close()
    with closing(sqlite3.connect(tmp_path / "queue.db")) as connection:
        uid, sha256, kept = connection.execute("SELECT uid, body_sha256, receipt FROM submission").fetchone()
    receipt = read_receipt(kept)
    assert receipt is not None
    assert (receipt.uid, receipt.sha256, receipt.state, receipt.missing) == (uid, sha256, State.DONE, ())


class _NoBatches(ModelPlatform):
    def put_forms(self, batch: bytes) -> Outcome:
        return Answer(status=404)


def test_forms_that_go_one_by_one_keep_their_one_sender(tmp_path: Path) -> None:
    """Each takes as long as a request may: the last ones long after their claim."""
    clock = TurnedClock()
    service, app = open_store(tmp_path, clock), open_store(tmp_path, clock)
    uids = [stored(service.put(matter="m", form={"n": n})).uid for n in range(20)]
    theirs = ModelPlatform(lambda: "ok")

    class Slow(_NoBatches):
        def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
            clock.forward(25)
            assert not app.outbox.take_turn(service=False)
            assert sync_once(app, theirs).attempted == 0
            return super().put_form(uid, body, media_type)

    assert service.outbox.take_turn(service=True)
    ours = Slow(lambda: "ok")
    assert sync_once(service, ours).delivered == 20
    assert (set(ours.bodies), theirs.bodies) == (set(uids), {})
    for one in (service, app):
        one.close()


def test_stopping_ends_forms_that_go_one_by_one(tmp_path: Path) -> None:
    store = open_store(tmp_path, TurnedClock())
    for number in range(5):
        store.put(matter="m", form={"n": number})
    platform = _NoBatches(lambda: "ok")
    sync_once(store, platform, stopped=lambda: len(platform.bodies) == 2)
    states = [(item.state, item.last_error, item.attempts) for item in store.list()]
    assert states == [(State.DONE, None, 0)] * 2 + [(State.READY, "stopped", 0)] * 3
    assert sync_once(store, platform).delivered == 3
    store.close()


def test_a_form_whose_lease_was_lost_is_not_sent(tmp_path: Path) -> None:
    clock = TurnedClock()
    ours, theirs = open_store(tmp_path, clock), open_store(tmp_path, clock)
    for number in range(3):
        ours.put(matter="m", form={"n": number})
    arrived = ModelPlatform(lambda: "ok")

    class Asleep(ModelPlatform):
        """The machine sleeps through the first request."""

        def put_forms(self, batch: bytes) -> Outcome:
            clock.forward(LEASE_SECONDS + 1)
            sync_once(theirs, arrived)
            return Answer(status=404)

    sent = Asleep(lambda: "ok")
    sync_once(ours, sent)
    assert (len(arrived.bodies), sent.bodies) == (3, {})
    for one in (ours, theirs):
        one.close()
