"""Power cuts over the whole life of a queue: how many disk images were opened, and how many broke a promise.

Beside the queue itself run its mutants, each with one promise broken: they must fail, or the figure above them means
nothing. `--images N` sets how many for the queue; a quarter of that for one that seals to a district, a tenth for each
mutant.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.support.power_cut import MUTANTS, Mutant, Verdict, judge, record

STEPS = 60

_RUNS: tuple[tuple[Mutant, bool, int], ...] = (
    ("none", False, 1),
    ("none", True, 4),
    *((mutant, False, 10) for mutant in MUTANTS if mutant != "none"),
)
"""Mutant, whether it seals to a district, and by what the number asked for is divided."""


def days(mutant: Mutant, images: int, *, sealed: bool) -> Verdict:
    """As many days as it takes to open ``images`` images."""
    total = Verdict(0, Counter())
    seed = 0
    while total.images < images:
        seed += 1
        with tempfile.TemporaryDirectory(prefix="queue-") as name:
            folder = Path(name) / "queue"
            day = record(folder, steps=STEPS, seed=seed, mutant=mutant, sealed=sealed)
            verdict = judge(day, folder, seed=seed, most=images - total.images)
        total = Verdict(total.images + verdict.images, total.broken + verdict.broken)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=12_000)
    images: int = parser.parse_args().images
    wrong = False
    print(f"{'queue':24} {'images':>8} {'broken':>8}  promises, seconds")
    for mutant, sealed, share in _RUNS:
        began = time.perf_counter()
        verdict = days(mutant, max(200, images // share), sealed=sealed)
        count = verdict.broken.total()
        wrong = wrong or (count > 0) is (mutant == "none")
        kinds = ", ".join(f"{name} {number}" for name, number in verdict.broken.most_common())
        name = "none, sealed" if sealed else mutant
        print(f"{name:24} {verdict.images:8} {count:8}  {kinds}  {time.perf_counter() - began:.0f} s", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
