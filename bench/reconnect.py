"""All the terminals of a district wake within one second, each with a full queue: when does the platform have it all?

10,000 terminals x 200 forms, one form a request, at a platform of 500 requests a second, on a virtual clock: the real
retry code of the terminals and the real admission code of the platform, beside platforms that work on whatever comes
and terminals that try again after 30 s, in doubling steps, or in such steps by chance. Then the same 20 forms a
request, where a request costs the platform as much more as `bench.district` measured, and 100,000 terminals.

    .venv/bin/python -m bench.reconnect [--full] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace

from tests.support.rush import Outcomes, Rush, exponential, fixed, jitter, simulate

TERMINALS, FORMS, RATE = 10_000, 200, 500.0
BATCH = 20
BATCH_COST = 2.0
"""What a request of 20 forms costs of one with a single form, on the reference platform."""
REFUSAL = 0.06
GATE = 0.5
"""What a refusal costs of a request with a single form: at a glance, and where its turn had come and the signature was
looked at."""

SINGLE = Rush(terminals=TERMINALS, requests=FORMS, rate=RATE, refusal=REFUSAL, gate=GATE)
BATCHES = replace(
    SINGLE, requests=FORMS // BATCH, rate=RATE / BATCH_COST, refusal=REFUSAL / BATCH_COST, gate=GATE / BATCH_COST
)
Row = tuple[str, Rush]


def policies(rush: Rush) -> list[Row]:
    """Platforms that work on whatever comes."""
    alone = replace(rush, admission=False)
    return [
        ("fixed 30 s", replace(alone, wait=fixed)),
        ("exponential", replace(alone, wait=exponential)),
        ("jitter", replace(alone, wait=jitter)),
        ("our terminals, no admission", alone),
    ]


def ours(rush: Rush) -> list[Row]:
    return [
        ("ours, its pace known", replace(rush, pace=rush.rate)),
        ("ours, just set up", rush),
        ("ours, pace thought twice as high", replace(rush, pace=2 * rush.rate)),
        ("ours, two processes", replace(rush, processes=2, pace=rush.rate)),
        ("ours, two, just set up", replace(rush, processes=2)),
        ("ours without Retry-After", replace(rush, pace=rush.rate, told=False)),
        ("ours, terminals not counting", replace(rush, pace=rush.rate, counted=False)),
    ]


def show(title: str, rows: list[Row]) -> list[dict[str, object]]:
    print(f"\n{title}")
    print(f"  {'':32}{'seconds':>9}{'x ideal':>9}{'wasted':>9}{'refused':>9}{'too late':>10}   times a terminal")
    told: list[dict[str, object]] = []
    for name, rush in rows:
        began = time.perf_counter()
        found = simulate(rush)
        took = time.perf_counter() - began
        print(f"  {name:32}{_cells(found)}   {took:5.1f} s to simulate", flush=True)
        told.append(
            {
                "town": title,
                "policy": name,
                "seconds": None if found.seconds is None else round(found.seconds),
                "ratio": None if found.ratio is None else round(found.ratio, 4),
                "wasted": round(found.wasted, 4),
                "refusals": round(found.refusals, 2),
            }
        )
    return told


def _cells(found: Outcomes) -> str:
    seconds, ratio = ("never", "> 6") if found.ratio is None else (f"{found.seconds:.0f}", f"{found.ratio:.3f}")
    return f"{seconds:>9}{ratio:>9}{found.wasted:9.2%}{found.refusals:9.2f}{found.late:10.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="also 100,000 terminals with single forms, a quarter of an hour"
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    print("asked of ours: all done within 1.05 x ideal, at most 1 % of the work wasted; a request's deadline is 30 s")
    told = show(
        f"{TERMINALS} terminals x {FORMS} forms, single, {RATE:.0f} requests/s", [*policies(SINGLE), *ours(SINGLE)]
    )
    short = [(f"{name}, 10 s", replace(rush, deadline=10.0)) for name, rush in policies(SINGLE)]
    told += show("the same, but terminals that wait 10 s for an answer", short)
    rate = BATCHES.rate
    told += show(
        f"{TERMINALS} terminals x {FORMS} forms, {BATCH} a request, {rate:.0f} requests/s",
        [*policies(BATCHES), *ours(BATCHES)],
    )
    many = replace(BATCHES, terminals=10 * TERMINALS)
    rows = [policies(many)[-1], *ours(many)[:5]]
    told += show(f"{many.terminals} terminals x {FORMS} forms, {BATCH} a request, {rate:.0f} requests/s", rows)
    if asked.full:
        many = replace(SINGLE, terminals=10 * TERMINALS)
        told += show(f"{many.terminals} terminals x {FORMS} forms, single, {RATE:.0f} requests/s", ours(many)[:2])
    if asked.json:
        print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
