"""Power cuts: the queue keeps its promises, and those with one promise broken are caught. More: bench/power_cut.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.support.disk_record import Disk, Recorder, Said, Sync, SyncNames, Truncate, Write
from tests.support.power_cut import MUTANTS, Mutant, judge, record
from tests.support.queue_rig import TurnedClock, open_store


@pytest.mark.parametrize(
    ("sealed", "fresh", "seed", "steps", "most"),
    [(False, False, 3, 40, 500), (True, False, 1, 60, 200), (False, True, 3, 10, 200)],
    ids=["", "sealed-with-sticks", "first-day"],
)
def test_no_power_cut_breaks_a_promise(
    tmp_path: Path, sealed: bool, fresh: bool, seed: int, steps: int, most: int
) -> None:
    folder = tmp_path / "queue"
    day = record(folder, steps=steps, seed=seed, sealed=sealed, fresh=fresh)
    verdict = judge(day, folder, seed=seed, most=most)
    assert verdict.broken == {}
    assert verdict.images > most // 2
    words = {deed.word for deed in day.recorder.deeds if isinstance(deed, Said)}
    assert words >= ({"stored"} if fresh else {"stored", "there", "complete", "rated", "may-be-forgotten"})


@pytest.mark.parametrize("mutant", [each for each in MUTANTS if each != "none"])
def test_a_queue_with_one_promise_broken_is_caught(tmp_path: Path, mutant: Mutant) -> None:
    folder = tmp_path / "queue"
    fresh = mutant == "folders-not-synced"
    verdict = judge(record(folder, steps=30, seed=5, mutant=mutant, fresh=fresh), folder, seed=5, most=250)
    assert verdict.broken.total() > 0


def test_a_put_costs_one_sync_and_claims_one_for_all_that_leaves_the_first_time(tmp_path: Path) -> None:
    store = open_store(tmp_path / "queue", TurnedClock())
    store.put(matter="m", form={})
    store.close()
    recorder = Recorder(tmp_path / "queue")
    with recorder.recording():
        store = open_store(tmp_path / "queue", TurnedClock())
        store.put(matter="m", form={})  # the first write to a new log syncs its folder, too
        store.outbox.start()

        def syncs(act: Callable[[], object]) -> int:
            before = len(recorder.deeds)
            assert act() is not None
            deeds = recorder.deeds[before:]
            assert any(isinstance(deed, Write) for deed in deeds)
            return sum(isinstance(deed, Sync) for deed in deeds)

        assert syncs(lambda: store.put(matter="m", form={})) == 1
        assert [syncs(store.outbox.next_work) for _ in range(3)] == [1, 0, 0]
        store.put(matter="m", form={})
        assert syncs(store.outbox.next_work) == 1
    store.close()


def test_what_was_not_synced_survives_by_chance_only() -> None:
    disk = Disk({"/d/old": b"old"})
    for deed in (Write("/d/old", 0, b"new"), Truncate("/d/made", 0), Write("/d/made", 0, b"x" * 1500)):
        disk.play(deed)
    dice = Random(1)
    assert disk.after_power_cut(dice, 0) == {"/d/old": b"old"}
    assert disk.after_power_cut(dice, 1) == {"/d/old": b"new", "/d/made": b"x" * 1500}
    disk.play(Sync("/d/made"))
    assert "/d/made" not in disk.after_power_cut(dice, 0)  # its bytes are there, its name is not
    disk.play(SyncNames("/d"))
    assert disk.after_power_cut(dice, 0)["/d/made"] == b"x" * 1500
