"""App, sync and platform killed hundreds of times over a line that fails in every way: what became of each hand-in.

Beside the queue run its mutants, each with one promise broken: they must fail, or the figure above them means nothing.
The queue's own runs must each meet every kind of fault that the line knows, or they count as failed too.
`--kills N` for the queue, half of that for one that seals to a district and signs, a tenth for each mutant.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.support.faulty_proxy import FAULTS
from tests.support.kill_nine import MUTANTS, Mutant, run

_RUNS: tuple[tuple[Mutant, bool, int], ...] = (
    ("none", False, 1),
    ("none", True, 2),
    *((mutant, False, 10) for mutant in MUTANTS if mutant != "none"),
)
"""Mutant, whether it seals to a district, and by what the number asked for is divided."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrong = False
    print(f"{'queue':24} {'kills':>6} {'handed in':>10} {'broken':>7}  promises, faults of the line, seconds")
    for mutant, sealed, share in _RUNS:
        began = time.perf_counter()
        kills = max(8, options.kills // share)
        with tempfile.TemporaryDirectory(prefix="queue-") as name:
            verdict = run(Path(name), seed=options.seed, kills=kills, mutant=mutant, sealed=sealed)
        count = verdict.broken.total()
        wrong = wrong or (count > 0) is (mutant == "none")
        never = sorted(FAULTS.keys() - verdict.faults.keys() - {"none"})
        kinds = ", ".join(f"{promise} {number}" for promise, number in verdict.broken.most_common())
        met = f"{verdict.faults.total() - verdict.faults['none']} faults"
        if mutant == "none":
            wrong = wrong or bool(never)
            met += f" of all {len(FAULTS) - 1} kinds" if not never else f", but no {', no '.join(never)}"
        taken = f"{kinds}  {met}  {time.perf_counter() - began:.0f} s"
        name = "none, sealed and signed" if sealed else mutant
        print(f"{name:24} {verdict.kills:6} {verdict.acknowledged:10} {count:7}  {taken}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
