"""Where nobody sends (a hall with a stick only), the clerk looks after the queue: at its start and in quiet hours."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import pytest

from devices.printer.worker import PrinterThread
from kiosk.journey import clerk
from kiosk.journey.clerk import QueueClerk
from kiosk.journey.states import Hall
from offline_queue.store import Store
from tests.support.queue_rig import TurnedClock, open_store, stored


def clerk_of(store: Store, clock: TurnedClock) -> QueueClerk:
    return QueueClerk(
        hall=cast("Hall", Mock()),
        queue_=store,
        printer=cast("PrinterThread", Mock()),
        terminals=(),
        fonts=Path(),
        clock=clock.wall,
        new_uid=Mock(),
        post=Mock(),
        stored=Mock(),
    )


def test_at_its_start_it_takes_up_and_lays_the_ballast(tmp_path: Path) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    left_over = tmp_path / "blobs" / "left-over.part"
    left_over.write_bytes(b"half")
    behind = clerk_of(store, clock)
    behind.start()
    behind.stop()
    assert not left_over.exists()
    assert (tmp_path / "ballast").exists()
    store.close()


def test_in_a_quiet_hour_it_forgets_what_ended_long_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, forgotten = TurnedClock(), threading.Event()
    store = open_store(tmp_path, clock)
    uid = stored(store.put(matter="m", form={})).uid
    store.cancel(uid, reason="r", by="a", confirmed_by="b")
    forget = store.forget_ended

    def seen() -> int:
        count = forget()
        if count:
            forgotten.set()
        return count

    monkeypatch.setattr(store, "forget_ended", seen)
    monkeypatch.setattr(clerk, "_QUIET_S", 0.02)
    behind = clerk_of(store, clock)
    behind.start()
    clock.now += timedelta(days=181)
    store.put(matter="m", form={})
    assert forgotten.wait(20)
    behind.stop()
    assert store.show(uid) is None
    store.close()
