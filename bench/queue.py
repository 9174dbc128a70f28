"""What a durable, sealed put and a claim cost, beside the least that any durable queue pays and beside other queues.

All in one run, in one folder, whose file system decides about the times: the ratios carry over to other machines. How
often each queue syncs, and what of its acknowledged puts a power cut leaves, is read off strace's record of its system
calls. The waiting million is real at its front and copied behind it (tests/support/queue_backlog.py). Claims are taken
as the sync takes them, up to 20 forms in a commit, and one by one; and in memory, where only our own work counts.
`--json` ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from offline_queue.model import Paper, Stored
from offline_queue.store import Store
from offline_queue.wire import MAX_BATCH
from tests.support.disk_record import Disk, Said, Sync, SyncNames, lay_out
from tests.support.queue_backlog import lay_backlog
from tests.support.queue_peers import FORM_BYTES, QUEUES
from tests.support.strace_record import record_process

PAPER_BYTES = 2_000_000
BACKLOGS = (1_000, 100_000, 1_000_000)
MEMORY = Path("/dev/shm")
_TURNS = 8
_PEERS = (sys.executable, "-m", "tests.support.queue_peers")
_BACKLOG = (sys.executable, "-m", "tests.support.queue_backlog")


def timed(act: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each call."""
    taken: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return taken


def floor(folder: Path, rounds: int) -> list[float]:
    """One append of a form's size + fdatasync."""
    content = os.urandom(FORM_BYTES)
    descriptor = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append() -> None:
        os.write(descriptor, content)
        os.fdatasync(descriptor)

    try:
        return timed(append, rounds)
    finally:
        os.close(descriptor)


class Putting:
    """A process that puts into one queue."""

    def __init__(self, name: str, folder: Path) -> None:
        folder.mkdir()
        self._child = subprocess.Popen(
            [*_PEERS, "time", name, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def put(self, count: int) -> list[float]:
        """Seconds of each put."""
        return _asked(self._child, count)

    def close(self) -> None:
        self._child.communicate(timeout=60)


def put_times(folder: Path, rounds: int) -> dict[str, float]:
    """The median seconds of a put; the queues take turns, so that a busy machine is busy for all of them."""
    each = rounds // _TURNS
    queues = {name: Putting(name, folder / f"put-{at}") for at, name in enumerate(QUEUES)}
    taken: dict[str, list[float]] = {name: [] for name in ("floor", *queues)}
    for queue in queues.values():
        queue.put(2 * each)  # until the log is as long as it gets
    for _ in range(_TURNS):
        taken["floor"] += floor(folder, each)
        for name, queue in queues.items():
            taken[name] += queue.put(each)
    for queue in queues.values():
        queue.close()
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def after_power_cut(name: str, puts: int) -> dict[str, float | bool]:
    """Syncs per acknowledged put, and whether all of them are there after a cut that takes what was not synced."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        folder, said, after = Path(place) / "queue", Path(place) / "said", Path(place) / "after"
        folder.mkdir()
        after.mkdir()
        argv = [*_PEERS, "put", name, str(folder), str(puts), str(said)]
        deeds = record_process(argv, folder, said, log=Path(place) / "log")
        words = [at for at, deed in enumerate(deeds) if isinstance(deed, Said)]
        syncs = sum(isinstance(deed, Sync | SyncNames) for deed in deeds[words[0] : words[-1]])
        disk = Disk({})
        for deed in deeds[: words[-1] + 1]:
            disk.play(deed)
        lay_out(disk.after_power_cut(Random(1), 0.0), folder, after)
        left = int(subprocess.check_output([*_PEERS, "left", name, str(after)]))
        return {"fsync_per_put": round(syncs / puts, 3), "survives_power_cut": left >= puts}


class Backlog:
    """A process that holds a queue with a backlog open."""

    def __init__(self, folder: Path, waiting: int, claims: int) -> None:
        lay_backlog(folder, waiting=waiting, real=min(waiting, claims + 50), form_bytes=FORM_BYTES - 300)
        self.rates: dict[int, list[float]] = {1: [], MAX_BATCH: []}
        self._child = subprocess.Popen([*_BACKLOG, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        self.opened: dict[str, float] = json.loads(self._child.stdout.readline())
        self.resident_kib = self.opened["resident_kib"]

    def claim(self, count: int, *, at_once: int) -> None:
        answer = _asked(self._child, f"{count} {at_once}")
        self.rates[at_once].append(count / answer["seconds"])
        self.resident_kib = answer["resident_kib"]

    def close(self) -> None:
        self._child.communicate(timeout=60)


def _asked(child: subprocess.Popen[str], what: object) -> Any:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{what}\n")
    child.stdin.flush()
    return json.loads(child.stdout.readline())


def claims(folder: Path, backlogs: tuple[int, ...], count: int) -> dict[str, dict[str, float]]:
    """Claims ended per second behind each backlog; they take turns, and the median turn counts."""
    each = count // _TURNS // 2
    queues = {waiting: Backlog(folder / f"backlog-{waiting}", waiting, count) for waiting in backlogs}
    os.sync()  # what was laid must not be on its way to the disk while claims are timed
    for _ in range(_TURNS):
        for queue in queues.values():
            queue.claim(each, at_once=MAX_BATCH)
            queue.claim(each, at_once=1)
    for waiting, queue in queues.items():
        queue.close()
        shutil.rmtree(folder / f"backlog-{waiting}")
    return {
        str(waiting): {
            "per_s": round(statistics.median(queue.rates[MAX_BATCH])),
            "singly_per_s": round(statistics.median(queue.rates[1])),
            "open_ms": round(queue.opened["open_ms"], 1),
            "start_ms": round(queue.opened["start_ms"], 1),
            "resident_mib": round(queue.resident_kib / 1024, 1),
        }
        for waiting, queue in queues.items()
    }


def with_papers(folder: Path) -> float:
    """The median seconds of a put with two scans of 2 MB."""
    store = Store.open(folder / "papers", terminal="TY03", district="district.example")
    paper = Paper(material="m", media_type="image/jpeg", content=os.urandom(PAPER_BYTES))

    def put() -> None:
        answer = store.put(matter="bench", form={"text": "x" * FORM_BYTES}, attachments=[paper, paper])
        assert isinstance(answer, Stored), answer

    try:
        return statistics.median(timed(put, 10))
    finally:
        store.close()


def measure(folder: Path, *, rounds: int, backlogs: tuple[int, ...]) -> dict[str, Any]:
    peers: dict[str, dict[str, Any]] = {name: dict(after_power_cut(name, 300)) for name in QUEUES}
    taken = put_times(folder, rounds)
    for name, peer in peers.items():
        peer["put_p50_ms"] = round(taken[name] * 1e3, 3)
        peer["put_p50_over_floor"] = round(taken[name] / taken["floor"], 2)
    ours = peers.pop("ours")
    drained = claims(folder, backlogs, 960)
    with tempfile.TemporaryDirectory(dir=MEMORY) as memory:
        bare = claims(Path(memory), backlogs[:1], 960)[str(backlogs[0])]
    return {
        "fsync_per_put": ours["fsync_per_put"],
        "put_p50_over_floor": ours["put_p50_over_floor"],
        "claim_done_per_s": {waiting: figures["per_s"] for waiting, figures in drained.items()},
        "open_ms_1m": drained[str(backlogs[-1])]["open_ms"],
        "peers": peers,
        "survives_power_cut": ours["survives_power_cut"],
        "floor_p50_ms": round(taken["floor"] * 1e3, 3),
        "put_p50_ms": ours["put_p50_ms"],
        "put_2x2mb_p50_ms": round(with_papers(folder) * 1e3, 1),
        "claim_done_singly_per_s": {waiting: figures["singly_per_s"] for waiting, figures in drained.items()},
        "claim_done_per_s_in_memory": bare["per_s"],
        "claim_done_singly_per_s_in_memory": bare["singly_per_s"],
        "start_ms": {waiting: figures["start_ms"] for waiting, figures in drained.items()},
        "resident_mib": {waiting: figures["resident_mib"] for waiting, figures in drained.items()},
        "load": round(os.getloadavg()[0], 1),
    }


def show(results: dict[str, Any]) -> None:
    rows = {"ours": results, **results["peers"]}
    print(f"{'queue':30} {'fsync/put':>9} {'put p50':>10} {'over floor':>10}  after a power cut")
    print(f"{'append + fdatasync':30} {1:9} {results['floor_p50_ms']:7.3f} ms {1.0:10.2f}")
    for name, row in rows.items():
        left = "all are there" if row["survives_power_cut"] else "LOST"
        cost = f"{row['put_p50_ms']:7.3f} ms {row['put_p50_over_floor']:10.2f}"
        print(f"{name:30} {row['fsync_per_put']:9} {cost}  {left}")
    print(f"\n{'waiting (100k ended beside)':30} {'claim+done':>11} {'one by one':>12} {'resident':>12}")
    for waiting, rate in results["claim_done_per_s"].items():
        singly, resident = results["claim_done_singly_per_s"][waiting], results["resident_mib"][waiting]
        print(f"{waiting:30} {rate:9}/s {singly:10}/s {resident:8} MiB")
    memory, memory_singly = results["claim_done_per_s_in_memory"], results["claim_done_singly_per_s_in_memory"]
    print(f"{'in memory':30} {memory:9}/s {memory_singly:10}/s")
    print(f"open behind the longest backlog: {results['open_ms_1m']} ms; load of the machine: {results['load']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=480, help="puts of each queue")
    parser.add_argument("--backlogs", type=int, nargs="+", default=BACKLOGS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="where to write; 4 GB for the whole (default: the temporary one)")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        sys.exit("strace is needed: it counts the syncs (Debian: apt-get install strace)")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        results = measure(Path(name), rounds=options.rounds, backlogs=tuple(options.backlogs))
    show(results)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
