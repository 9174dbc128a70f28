"""The queue after a reboot: all of it is due, at one moment of chance for the whole terminal; no row is rewritten."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from offline_queue.blobs import sync_path
from offline_queue.reasons import HttpStatus
from offline_queue.retry import TryAgain
from offline_queue.starting import NEW_BOOT_JITTER_SECONDS
from offline_queue.store import Store
from offline_queue.wire import State
from offline_queue.work import FormsWork, FormWork
from tests.support.queue_rig import TurnedClock, open_store, stored


def put(store: Store) -> str:
    return stored(store.put(matter="m", form={})).uid


def fail(store: Store, seconds: float) -> None:
    """What waits was tried, and waits so long for its next try."""
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    store.outbox.put_off(work, TryAgain(seconds=seconds, error=HttpStatus(500)))


def reboot(folder: Path, clock: TurnedClock) -> Store:
    clock.boot, clock.mono = f"{clock.boot}'", 3.0
    return open_store(folder, clock)


def test_everything_is_due_at_one_moment_of_chance(tmp_path: Path) -> None:
    clock, firsts = TurnedClock(), set[float]()
    store = open_store(tmp_path, clock)
    for _ in range(3):
        put(store)
        store.outbox.hurry()
        fail(store, 90_000)
        put(store)
        assert isinstance(store.outbox.next_work(), FormWork)
        store.close()
        store = reboot(tmp_path, clock)
        assert store.outbox.next_work(forms=20) is None
        assert {item.state for item in store.list()} == {State.READY}
        wait = store.outbox.seconds_to_next()
        assert wait is not None
        assert 0 < wait <= NEW_BOOT_JITTER_SECONDS
        firsts.add(wait)
        other = open_store(tmp_path, clock)
        other.outbox.start()
        assert other.outbox.seconds_to_next() == wait  # the terminal draws once
        other.close()
        clock.forward(wait)
        work = store.outbox.next_work(forms=20)
        assert isinstance(work, FormsWork)
        assert {one.uid for one in work.forms} == {item.uid for item in store.list()}
        store.outbox.settle([(one, TryAgain(seconds=0, error=HttpStatus(500))) for one in work.forms])
    store.close()
    assert len(firsts) == 3


def test_a_terminal_that_never_sent_before_draws_too(tmp_path: Path) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    put(store)
    store.close()
    store = reboot(tmp_path, clock)
    store.outbox.start()
    assert (store.outbox.seconds_to_next() or 0) > 0
    store.close()


def test_no_row_is_rewritten(tmp_path: Path) -> None:
    def rows() -> list[object]:
        with closing(sqlite3.connect(tmp_path / "queue.db")) as connection:
            return [connection.execute(f"SELECT * FROM {t}").fetchall() for t in ("submission", "rating")]

    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    for _ in range(5):
        store.rate(put(store), 3)
        fail(store, 500)
    store.close()
    before = rows()
    store = reboot(tmp_path, clock)
    store.outbox.start()
    store.close()
    assert rows() == before


@pytest.mark.parametrize("processes", [1, 2])
def test_times_go_on_over_many_boots(tmp_path: Path, processes: int) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    put(store)
    for _ in range(4):
        store.outbox.hurry()
        fail(store, 60)
        stores = [store, *(open_store(tmp_path, clock) for _ in range(processes - 1))]
        for one in stores:
            assert one.outbox.seconds_to_next() == 60
            assert one.outbox.next_work() is None
        clock.forward(60)
        assert isinstance(stores[-1].outbox.next_work(), FormWork)
        for one in stores:
            one.close()
        store = reboot(tmp_path, clock)
    store.close()


def test_a_process_that_only_puts_is_understood_by_one_that_comes_later(tmp_path: Path) -> None:
    """The app opens the queue after the boot, and the service that sends comes hours later."""
    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    put(store)
    fail(store, 500)
    store.close()
    app = reboot(tmp_path, clock)
    clock.forward(5 * 3600)
    put(app)
    service = open_store(tmp_path, clock)
    service.outbox.hurry()
    assert isinstance(service.outbox.next_work(forms=20), FormsWork)
    put(app)
    assert service.outbox.seconds_to_next() == 0
    app.outbox.start()
    assert app.outbox.seconds_to_next() == service.outbox.seconds_to_next()
    for one in (app, service):
        one.close()


def test_who_looked_before_the_time_was_written_down_takes_nothing_for_put_off_for_ever(tmp_path: Path) -> None:
    clock = TurnedClock()
    early, service = open_store(tmp_path, clock), open_store(tmp_path, clock)
    clock.forward(90_000)
    uid = stored(early.put(matter="m", form={}, slip_data=b"")).uid
    assert service.retry(uid)
    assert early.verify() == ()
    assert early.repair() == ()
    for one in (early, service):
        one.close()


def test_a_fresh_queue_makes_the_names_it_lies_under_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("offline_queue.blobs.sync_folder", synced.append)
    sync_path(tmp_path / "data" / "queue")
    assert synced[:2] == [tmp_path / "data", tmp_path]
    assert synced[-1].is_mount()
