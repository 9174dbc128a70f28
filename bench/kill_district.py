"""Two processes of a district on one PostgreSQL, killed by hundreds under load: what became of what they acknowledged.

Beside the platform run its mutants, each with one promise broken: they must fail, or the figure above them means
nothing. `--kills N` for the platform, a tenth for each mutant.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.support.kill_district import MUTANTS, run
from tests.support.postgres import running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrong = False
    print(f"{'platform':24} {'kills':>6} {'handed in':>10} {'broken':>7}  promises, seconds")
    with running() as postgres:
        for mutant in MUTANTS:
            began = time.perf_counter()
            kills = options.kills if mutant == "none" else max(6, options.kills // 10)
            with tempfile.TemporaryDirectory(prefix="district-") as name:
                verdict = run(Path(name), postgres.ready(), seed=options.seed, kills=kills, mutant=mutant)
            count = verdict.broken.total()
            wrong = wrong or (count > 0) is (mutant == "none")
            kinds = ", ".join(f"{promise} {number}" for promise, number in verdict.broken.most_common())
            taken = f"{kinds}  {time.perf_counter() - began:.0f} s"
            print(f"{mutant:24} {verdict.kills:6} {verdict.acknowledged:10} {count:7}  {taken}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
