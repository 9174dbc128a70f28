"""Every fuzz target for a moment: it runs, and nothing near its seeds breaks it. Longer: tests/fuzz/card.py."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.card import TARGETS
from tests.fuzz.target import Target

RUNS = 3000


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_no_seed_breaks_its_target(target: Target) -> None:
    fuzz = target.load()
    for seed in (*target.seeds, *target.make_seeds()):
        fuzz(seed)
        for cut in range(len(seed)):
            fuzz(seed[:cut])


def test_all_targets_are_fuzzed_for_a_moment(tmp_path: Path) -> None:
    # A shell forks it, which is small: Linux counts the largest a process was before its exec, too, and libFuzzer would
    # take the size of these tests for what a target needs.
    fuzz = ["sh", "-c", '"$@"; exit', "sh", sys.executable, "-m", "tests.fuzz.card"]
    argv = [*fuzz, "all", "--runs", str(RUNS), "--seed", "1", "--longest", "30"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    ran = re.search(r"stat::number_of_executed_units:\s+(\d+)", done.stderr)
    assert ran is not None
    assert int(ran[1]) >= RUNS
