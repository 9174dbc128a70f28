"""The stick itself: full, small, read-only, or not there. What was written to it is whole or gone."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from district.importing import Imported
from offline_queue import carrying
from offline_queue.carrying import Applied, Carried, StickFailed, StickTrouble
from offline_queue.parcel import FOLDER
from tests.support.stick_hall import Hall, hall

__all__ = ["hall"]


def test_a_full_stick_says_so_and_another_export_goes_on(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.put()
    hall.put()
    room = iter([10**9, 10, 10**9, 10**9])

    def free(_: Path) -> int:
        return next(room)

    monkeypatch.setattr(carrying, "free_bytes", free)
    with pytest.raises(StickFailed) as failed:
        hall.export()
    assert failed.value.trouble is StickTrouble.FULL
    assert len([path for path in (hall.stick / FOLDER).iterdir() if not path.name.endswith(".part")]) == 1
    assert hall.export() == [Carried.THERE, Carried.WRITTEN]


def test_a_stick_that_fills_up_while_it_is_written_leaves_no_half_parcel(hall: Hall) -> None:
    uid = hall.put()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, hard))
    try:
        with pytest.raises(StickFailed) as failed:
            hall.export()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.value.trouble is StickTrouble.FULL
    assert not hall.parcel(uid).exists()
    assert hall.take() == []
    assert hall.export() == [Carried.WRITTEN]
    assert isinstance(hall.take()[0], Imported)
    hall.assert_there_once(uid)


def test_a_stick_that_is_not_there_or_no_folder(hall: Hall) -> None:
    hall.put()
    for gone in (hall.folder / "nowhere", hall.folder / "queue" / "queue.db"):
        hall.stick = gone
        with pytest.raises(StickFailed) as failed:
            hall.export()
        assert failed.value.trouble is StickTrouble.GONE
        with pytest.raises(StickFailed) as failed:
            hall.apply()
        assert failed.value.trouble is StickTrouble.GONE


@pytest.fixture
def small_stick(tmp_path: Path) -> Generator[Path]:
    """A file system of its own of 4 MiB, as root."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "mounted"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_small_and_a_read_only_stick(hall: Hall, small_stick: Path) -> None:
    uids = [hall.put() for _ in range(3)]
    hall.stick = small_stick
    with pytest.raises(StickFailed) as failed:
        hall.export()
    assert failed.value.trouble is StickTrouble.FULL
    there = [uid for uid in uids if hall.parcel(uid).exists()]
    assert there == uids[: len(there)]
    assert there
    subprocess.run(["mount", "-o", "remount,ro", str(small_stick)], check=True)
    with pytest.raises(StickFailed) as failed:
        hall.export()
    assert failed.value.trouble in (StickTrouble.READ_ONLY, StickTrouble.FULL)
    subprocess.run(["mount", "-o", "remount,rw", str(small_stick)], check=True)
    shutil.rmtree(small_stick / FOLDER / f"{uids[len(there)]}.part", ignore_errors=True)
    taken = hall.take()
    assert [type(one) for one in taken] == [Imported] * len(there)
    assert hall.apply() == [Applied.DONE] * len(there)
