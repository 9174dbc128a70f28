"""Store and sync against model platforms that waver, refuse or fail in the midst of a round."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from offline_queue.model import Paper
from offline_queue.outbox import LEASE_SECONDS
from offline_queue.retry import Answer, Outcome
from offline_queue.sender import SyncThread
from offline_queue.sync import sync_once
from offline_queue.wire import State
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
