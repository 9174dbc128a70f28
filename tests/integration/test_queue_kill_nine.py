"""Whoever is killed and whatever the line does: what was acknowledged arrives once. More: bench/kill_nine.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.faulty_proxy import FAULTS
from tests.support.kill_nine import MUTANTS, Mutant, run


@pytest.mark.parametrize("sealed", [False, True])
def test_kills_and_a_faulty_line_lose_and_double_nothing(tmp_path: Path, sealed: bool) -> None:
    verdict = run(tmp_path, seed=7, kills=12, least=6, sealed=sealed)
    assert verdict.broken == {}
    assert verdict.acknowledged >= 6
    assert len(verdict.faults.keys() & FAULTS.keys()) >= 6


@pytest.mark.parametrize("mutant", [each for each in MUTANTS if each != "none"])
def test_a_broken_promise_is_noticed(tmp_path: Path, mutant: Mutant) -> None:
    assert run(tmp_path, seed=1, kills=8, mutant=mutant).broken.total() > 0
