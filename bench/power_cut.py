"""Power cuts over the whole life of a queue: how many disk images were opened, and how many broke a promise.

Beside the queue itself run its mutants, each with one promise broken: they must fail, or the figure above them means
nothing. `--images N` sets how many for the queue; a quarter of that for one that seals to a district, an eighth for a
terminal's first day, a tenth for each mutant.
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

FIRST_DAY = 12
_RUNS: tuple[tuple[str, Mutant, bool, bool, int], ...] = (
    ("none", "none", False, False, 1),
    ("none, sealed, with sticks", "none", True, False, 4),
    ("none, the first day", "none", False, True, 8),
    *((mutant, mutant, False, mutant == "folders-not-synced", 10) for mutant in MUTANTS if mutant != "none"),
)
"""What the table calls it, the mutant, whether it seals to a district, whether it begins with an empty folder, and by
what the number asked for is divided."""


def days(mutant: Mutant, images: int, *, sealed: bool, fresh: bool) -> Verdict:
    """As many days as it takes to open ``images`` images."""
    total = Verdict(0, Counter())
    seed = 0
    while total.images < images:
        seed += 1
        with tempfile.TemporaryDirectory(prefix="queue-") as name:
            folder = Path(name) / "queue"
            steps = FIRST_DAY if fresh else STEPS
            day = record(folder, steps=steps, seed=seed, mutant=mutant, sealed=sealed, fresh=fresh)
            verdict = judge(day, folder, seed=seed, most=images - total.images)
        total = Verdict(total.images + verdict.images, total.broken + verdict.broken)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=12_000)
    images: int = parser.parse_args().images
    wrong = False
    print(f"{'queue':26} {'images':>8} {'broken':>8}  promises, seconds")
    for name, mutant, sealed, fresh, share in _RUNS:
        began = time.perf_counter()
        verdict = days(mutant, max(200, images // share), sealed=sealed, fresh=fresh)
        count = verdict.broken.total()
        wrong = wrong or (count > 0) is (mutant == "none")
        kinds = ", ".join(f"{promise} {number}" for promise, number in verdict.broken.most_common())
        print(f"{name:26} {verdict.images:8} {count:8}  {kinds}  {time.perf_counter() - began:.0f} s", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
