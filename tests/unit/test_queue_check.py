"""What the doctor says of the queue: held submissions, a long wait, a file it can't read; in both languages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.checks import Check
from kiosk.config import Config, PlatformTable
from kiosk.queue_check import queue
from offline_queue.store import Store
from offline_queue.sync import sync_once
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import TurnedClock, open_store, stored

DISTRICT = PlatformTable(url="https://district.example")


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def store(tmp_path: Path, clock: TurnedClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue", clock=clock)
    yield opened
    opened.close()


def look(tmp_path: Path, clock: TurnedClock, platform: PlatformTable = DISTRICT) -> Check:
    return queue(Config(data=tmp_path, platform=platform), now=clock.wall())


def test_before_the_first_resident_nothing_is_made(tmp_path: Path, clock: TurnedClock) -> None:
    assert look(tmp_path, clock).result == "pass"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_queue_and_one_that_waits_for_hours_are_well(tmp_path: Path, clock: TurnedClock, store: Store) -> None:
    assert look(tmp_path, clock) == Check("queue", "pass", "没有要处理的。Nothing is held.")
    stored(store.put(matter="m", form={}))
    clock.forward(timedelta(hours=5).total_seconds())
    check = look(tmp_path, clock)
    assert check.result == "pass"
    assert "等了 5 小时" in check.detail
    assert "for 5 hours" in check.detail


def test_what_waits_for_a_day_is_a_failure_where_there_is_a_platform(
    tmp_path: Path, clock: TurnedClock, store: Store
) -> None:
    stored(store.put(matter="m", form={}))
    clock.forward(timedelta(hours=24).total_seconds())
    check = look(tmp_path, clock)
    assert (check.result, "kiosk queue list" in check.remedy) == ("fail", True)
    assert look(tmp_path, clock, PlatformTable()).result == "pass"


def test_what_is_held_is_a_failure_until_it_is_sent_again(tmp_path: Path, clock: TurnedClock, store: Store) -> None:
    uid = stored(store.put(matter="m", form={})).uid
    sync_once(store, ModelPlatform(lambda: "refused"))
    assert store.held() == 1
    check = look(tmp_path, clock, PlatformTable())
    assert check.result == "fail"
    assert "1 件要处理" in check.detail
    assert "1 held for staff" in check.detail
    assert store.retry(uid)
    assert look(tmp_path, clock).result == "pass"


@pytest.mark.parametrize(
    ("content", "said"), [(99, "Newer software wrote it (version 99)"), (b"x" * 4096, "The disk damaged")]
)
def test_a_queue_that_cannot_be_looked_at_is_a_failure(
    tmp_path: Path, clock: TurnedClock, content: int | bytes, said: str
) -> None:
    path = tmp_path / "queue" / "queue.db"
    path.parent.mkdir()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version = {content}")
        connection.close()
    check = look(tmp_path, clock)
    assert check.result == "fail"
    assert said in check.detail
    assert check.remedy
