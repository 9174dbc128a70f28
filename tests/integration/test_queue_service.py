"""`kiosk sync` beside an app: one of them sends at a time, the other takes over when it ends or is killed."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from district.embedded import EmbeddedDistrict
from kiosk.process import AlreadyRunning
from offline_queue.client import PlatformClient
from offline_queue.lease import LEASE_SECONDS
from offline_queue.model import Paper
from offline_queue.sender import SyncThread
from offline_queue.store import Store
from offline_queue.sync import Changed
from offline_queue.wire import State
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import TurnedClock, open_store, stored

WAIT_S = 30
PAPER = Paper(material="household-register", media_type="image/png", content=b"a page" * 50_000)


@pytest.fixture
def district(tmp_path: Path) -> Generator[EmbeddedDistrict]:
    with EmbeddedDistrict(tmp_path / "district") as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    opened = open_store(tmp_path / "data" / "queue")
    yield opened
    opened.close()


def put(store: Store) -> str:
    return stored(store.put(matter="pension-enrolment", form={"name": "王秀英"}, attachments=(PAPER,))).uid


@contextmanager
def service(folder: Path, url: str) -> Generator[subprocess.Popen[str]]:
    """A `kiosk sync` of its own process, ended or killed in the end."""
    settings = folder / "kiosk.toml"
    settings.write_text(f'[hall]\nterminal = "TY03"\n[platform]\nurl = "{url}"\n', "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "sync", "--json", "--config", str(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KIOSK_DATA_DIR": str(folder / "data")},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str], uid: str, state: State) -> None:
    """Wait until the service says so; the test's own time-out ends a silent one."""
    assert process.stdout is not None
    for line in process.stdout:
        row = json.loads(line)
        if (row.get("uid"), row.get("state")) == (uid, state.value):
            return
    raise AssertionError("the service ended")


def until(changes: queue.Queue[Changed], uid: str, state: State) -> None:
    while True:
        change = changes.get(timeout=WAIT_S)
        if (change.uid, change.state) == (uid, state):
            return


def arrived(district: EmbeddedDistrict) -> list[str]:
    received = district.open_store()
    try:
        return [row.outside.uid for row in received.submissions()]
    finally:
        received.close()


def test_a_service_sends_in_the_apps_place_and_the_app_takes_over_when_it_is_killed(
    tmp_path: Path, store: Store, district: EmbeddedDistrict
) -> None:
    class Watched(PlatformClient):
        def put_form(self, uid: str, body: bytes, media_type: str):  # type: ignore[no-untyped-def]
            by_app.append(uid)
            return super().put_form(uid, body, media_type)

    by_app: list[str] = []
    changes: queue.Queue[Changed] = queue.Queue()
    app = SyncThread(store, Watched(district.url), on_change=changes.put)
    first = put(store)
    with service(tmp_path, district.url) as process:
        told(process, first, State.DONE)
        app.start()
        second = put(store)
        app.wake()
        told(process, second, State.DONE)
        until(changes, second, State.DONE)
        assert by_app == []
        district.cut()
        third = put(store)
        app.wake()
        told(process, third, State.READY)
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT_S)
    district.restore()
    app.wake(hurry=True)
    until(changes, third, State.DONE)
    assert set(by_app) == {third}
    assert app.stop()
    assert arrived(district) == [first, second, third]


def test_a_service_takes_over_from_an_app_and_gives_back_when_it_is_asked_to_end(
    tmp_path: Path, store: Store, district: EmbeddedDistrict
) -> None:
    changes: queue.Queue[Changed] = queue.Queue()
    app = SyncThread(store, PlatformClient(district.url), on_change=changes.put)
    app.start()
    first = put(store)
    app.wake()
    until(changes, first, State.DONE)
    with service(tmp_path, district.url) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["service"] == "sync"
        second = put(store)
        app.wake()
        told(process, second, State.DONE)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
    third = put(store)
    app.wake()
    until(changes, third, State.DONE)
    assert app.stop()
    assert arrived(district) == [first, second, third]


def test_a_second_service_is_refused(tmp_path: Path, store: Store, district: EmbeddedDistrict) -> None:
    assert store.outbox.take_turn(service=True)
    with service(tmp_path, district.url) as process:
        assert process.wait(WAIT_S) == 1
        assert process.stderr is not None
        assert str(AlreadyRunning("another kiosk sync is sending from this queue")) in process.stderr.read()


def test_the_turn_ends_with_its_time_and_with_its_holder(tmp_path: Path) -> None:
    clock = TurnedClock()
    service_, app = open_store(tmp_path, clock), open_store(tmp_path, clock)
    assert app.outbox.take_turn(service=False)
    assert service_.outbox.take_turn(service=True)
    assert not app.outbox.take_turn(service=False)
    clock.forward(LEASE_SECONDS + 1)
    assert app.outbox.take_turn(service=False)
    assert service_.outbox.take_turn(service=True)
    service_.close()
    assert app.outbox.take_turn(service=False)
    app.close()


def test_the_turn_ends_with_the_boot(tmp_path: Path) -> None:
    clock = TurnedClock()
    gone = open_store(tmp_path, clock)
    assert gone.outbox.take_turn(service=True)
    same = open_store(tmp_path, clock)
    assert not same.outbox.take_turn(service=False)
    clock.boot, clock.mono = "boot-2", 3.0
    app = open_store(tmp_path, clock)  # and `gone` seems to live: another process has got its id
    assert app.outbox.take_turn(service=False)
    for one in (gone, same, app):
        one.close()


def test_a_round_ends_where_a_service_takes_over(tmp_path: Path) -> None:
    app, service_ = open_store(tmp_path), open_store(tmp_path)
    uids = [put(app) for _ in range(2)]
    assert app.outbox.take_turn(service=False)
    assert app.outbox.next_work() is not None
    assert service_.outbox.take_turn(service=True)
    assert app.outbox.next_work() is None
    work = service_.outbox.next_work()
    assert work is not None
    assert {item.uid: item.state for item in app.list()} == dict.fromkeys(uids, State.SENDING)
    assert service_.outbox.next_work() is None
    for one in (app, service_):
        one.close()


def test_what_another_process_puts_wakes_a_sleeping_sender(tmp_path: Path) -> None:
    sender, other = open_store(tmp_path), open_store(tmp_path)
    changes: queue.Queue[Changed] = queue.Queue()
    thread = SyncThread(sender, ModelPlatform(lambda: "ok"), on_change=changes.put, service=True)
    thread.start()
    first = put(other)
    until(changes, first, State.DONE)
    assert thread.stop()
    sender.close()
    other.close()
