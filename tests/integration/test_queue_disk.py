"""Disks that are full, fail, turn read-only or give other bytes; clocks that jump; two processes at one submission.

What is defined for each is the table in docs/queue.md.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from random import Random

import apsw
import pytest

from offline_queue import blobs
from offline_queue.model import Paper, StorageTrouble, Stored
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import State
from tests.support.failing_disk import FailingFiles, remount, small_disk
from tests.support.model_platform import ModelPlatform
from tests.support.queue_backlog import lay_backlog
from tests.support.queue_rig import TurnedClock, open_store, stored

PLENTY = 1 << 40
ROOT = Path(__file__).parents[2]


def honest() -> ModelPlatform:
    return ModelPlatform(lambda: "ok")


def paper(size: int, mark: int = 65) -> Paper:
    return Paper(material="m", media_type="image/png", content=Random(mark).randbytes(size))


def test_a_full_disk_refuses_what_is_new_and_sends_what_it_has(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk:
        store = Store.open(
            disk / "queue", terminal="TY03", district="district.example", reserve_bytes=0, free=lambda: PLENTY
        )
        assert sync_once(store, honest()).attempted == 0  # which lays the ballast
        assert (disk / "queue" / "ballast").exists()
        kept: list[str] = []
        while isinstance(answer := store.put(matter="m", form={}, attachments=[paper(900_000)]), Stored):
            kept.append(answer.uid)
        assert isinstance(answer, StorageTrouble)
        (disk / "filler").write_bytes(b"x" * 4096 * (os.statvfs(disk).f_bavail))
        assert len(kept) > 5
        assert [item.uid for item in store.list()] == kept
        ballast: list[bool] = []

        def mood() -> str:
            ballast.append((disk / "queue" / "ballast").exists())
            return "ok"

        platform = ModelPlatform(mood)
        assert sync_once(store, platform).delivered == len(kept)
        assert (ballast[0], ballast[-1]) == (False, True)  # given up, and laid again when there was room
        (disk / "filler").unlink()
        assert isinstance(store.put(matter="m", form={}, attachments=[paper(900_000)]), Stored)
        store.close()
        store = open_store(disk / "queue", free=lambda: PLENTY)
        assert sync_once(store, platform).delivered == 1
        assert store.verify() == ()
        assert list((disk / "queue" / "blobs").iterdir()) == []
        store.close()


def test_a_full_disk_is_sent_empty_after_a_reboot_too(tmp_path: Path) -> None:
    """Forms alone: none leaves a file behind that would make room. And there are many that are done."""
    clock = TurnedClock()
    lay_backlog(tmp_path / "before", waiting=400, real=400, form_bytes=1500, finished=2_000)
    with small_disk(tmp_path / "disk", 24) as disk:
        shutil.copytree(tmp_path / "before", disk / "queue")
        store = open_store(disk / "queue", clock)
        sync_once(store, ModelPlatform(lambda: "busy"))  # which lays the ballast
        assert (disk / "queue" / "ballast").exists()
        store.close()
        (disk / "filler").write_bytes(b"x" * 4096 * os.statvfs(disk).f_bavail)
        assert os.statvfs(disk).f_bavail == 0
        clock.boot, clock.mono = "boot-2", 3.0
        store = open_store(disk / "queue", clock)
        assert not (disk / "queue" / "ballast").exists()
        assert store.outbox.take_turn(service=True)
        store.outbox.hurry()
        store.tidy()
        platform = honest()
        assert sync_once(store, platform).delivered == 400
        assert len(platform.bodies) == 400
        store.close()


def test_a_read_only_disk_is_said_and_what_it_holds_is_sent_when_it_is_writable(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk:
        store = open_store(disk / "queue", free=lambda: PLENTY)
        uid = stored(store.put(matter="m", form={})).uid
        store.close()
        remount(disk, writable=False)
        with pytest.raises((OSError, apsw.Error)):
            open_store(disk / "queue", free=lambda: PLENTY)
        remount(disk, writable=True)
        store = open_store(disk / "queue", free=lambda: PLENTY)
        platform = honest()
        assert sync_once(store, platform).delivered == 1
        assert set(platform.bodies) == {uid}
        store.close()


@pytest.mark.parametrize("what", ["sync", "write"])
def test_a_disk_that_fails_under_the_running_terminal(tmp_path: Path, what: str) -> None:
    """Failed syncs; and failed writes, as when the kernel turned the file system read-only."""
    files = FailingFiles()
    with files.used():
        store = open_store(tmp_path / "queue")
        before = stored(store.put(matter="m", form={"n": 1}))
        files.failing = {what}
        uid = "11111111-2222-4333-8444-555555555555"
        assert isinstance(store.put(matter="m", form={"n": 2}, attachments=[paper(40)], uid=uid), StorageTrouble)
        platform = honest()
        with pytest.raises(apsw.Error):
            sync_once(store, platform)
        files.failing = set()
        again = stored(store.put(matter="m", form={"n": 2}, attachments=[paper(40)], uid=uid))
        assert again.provisional_number != before.provisional_number
        store.outbox.hurry()
        sync_once(store, platform, hurry=True)
        assert {item.uid: item.state for item in store.list()} == {before.uid: State.DONE, uid: State.DONE}
        assert set(platform.bodies) == {before.uid, uid}
        store.close()
    store = open_store(tmp_path / "queue")
    sync_once(store, platform)
    assert store.verify() == ()
    store.close()


def test_a_paper_whose_sync_fails_is_not_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "queue")
    uid = "11111111-2222-4333-8444-555555555555"

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(blobs.os, "fsync", failing)
        answer = store.put(matter="m", form={}, attachments=[paper(40)], uid=uid)
    assert answer == StorageTrouble(detail="OSError")
    assert store.list() == ()
    stored(store.put(matter="m", form={}, attachments=[paper(40)], uid=uid))
    assert sync_once(store, honest()).delivered == 1
    assert store.verify() == ()  # and the first try's file is gone
    store.close()


@pytest.mark.parametrize("alone", [False, True], ids=["sending", "without-a-platform"])
def test_what_waits_lies_in_the_log_alone_no_longer_than_a_round(tmp_path: Path, alone: bool) -> None:
    folder, after = tmp_path / "queue", tmp_path / "after"
    store = open_store(folder)
    log = folder / "queue.db-wal"
    uids: list[str] = []
    for _ in range(3):
        uids += [stored(store.put(matter="m", form={"t": "x" * 700})).uid for _ in range(2)]
        assert log.stat().st_size > 0
        if alone:
            store.empty_log()
        else:
            assert sync_once(store, ModelPlatform(lambda: "unheard")).delivered == 0
        shutil.copytree(folder, after)
        (after / log.name).write_bytes(b"")  # what no flipped bit could do worse
        left = open_store(after)
        assert [item.uid for item in left.list()] == uids
        left.close()
        shutil.rmtree(after)
    store.close()


@pytest.mark.parametrize("days", [-3650, -1, 1, 3650])
def test_a_clock_that_is_set_loses_and_doubles_nothing(tmp_path: Path, days: int) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path / "queue", clock)
    first = stored(store.put(matter="m", form={"n": 1}))
    sync_once(store, ModelPlatform(lambda: "unheard"))
    wait = store.outbox.seconds_to_next()
    clock.now += timedelta(days=days)
    assert store.outbox.seconds_to_next() == wait
    second = stored(store.put(matter="m", form={"n": 2}))
    store.forget_ended()
    clock.now -= timedelta(days=days)
    third = stored(store.put(matter="m", form={"n": 3}))
    uids = [first.uid, second.uid, third.uid]
    assert len({one.provisional_number for one in (first, second, third)}) == 3
    assert [item.uid for item in store.list()] == uids
    platform = honest()
    assert sync_once(store, platform, hurry=True).delivered == 3
    store.close()


_PUT = """
import sys
from pathlib import Path
from tests.support.queue_backlog import lay_backlog
from tests.support.queue_rig import open_store, stored
store = open_store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    uid = f"11111111-2222-4333-8444-{number:012}"
    print(stored(store.put(matter="m", form={"n": number}, uid=uid)).provisional_number, flush=True)
"""


def test_two_processes_hand_in_the_same_and_it_is_there_once(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _PUT, str(tmp_path / "queue")]
    both = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    for child in both:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in both:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = [child.communicate(timeout=60)[0].split() for child in both]
    assert said[0] == said[1]
    store = open_store(tmp_path / "queue")
    assert [item.provisional_number for item in store.list()] == sorted(said[0], key=lambda one: int(one[12:16]))
    store.close()
