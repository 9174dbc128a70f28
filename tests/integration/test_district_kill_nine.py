"""Whichever of a district's processes is killed: every 2xx is stored, once. More: bench/kill_district.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kill_district import MUTANTS, Mutant, run


def test_kills_of_two_processes_on_one_database_lose_and_double_nothing(tmp_path: Path, postgres: str) -> None:
    verdict = run(tmp_path, postgres, seed=5, kills=10)
    assert verdict.broken == {}
    assert verdict.acknowledged > 10


@pytest.mark.parametrize("mutant", [each for each in MUTANTS if each != "none"])
def test_a_broken_promise_of_the_district_is_noticed(tmp_path: Path, postgres: str, mutant: Mutant) -> None:
    assert run(tmp_path, postgres, seed=1, kills=4, mutant=mutant).broken.total() > 0
