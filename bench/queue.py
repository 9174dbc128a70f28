"""How much a durable, sealed put costs beside the least that any durable queue pays, in the same run.

Compared: one append of the same size + fdatasync (the floor), and sqlite3 in WAL mode with synchronous=FULL. The ratios
carry over to other machines, the microseconds don't. `--json` ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from offline_queue.model import Paper, Stored
from offline_queue.store import Store
from offline_queue.wire import Receipt, State
from offline_queue.work import FormWork

FORM_BYTES = 2048
PAPER_BYTES = 2_000_000


def timed(act: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each call."""
    taken: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return taken


def floor(folder: Path, rounds: int) -> list[float]:
    content = os.urandom(FORM_BYTES)
    descriptor = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append() -> None:
        os.write(descriptor, content)
        os.fdatasync(descriptor)

    try:
        return timed(append, rounds)
    finally:
        os.close(descriptor)


def plain_sqlite(folder: Path, rounds: int) -> list[float]:
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, body BLOB)")
    content = os.urandom(FORM_BYTES)
    try:
        return timed(lambda: connection.execute("INSERT INTO item (body) VALUES (?)", (content,)), rounds)
    finally:
        connection.close()


def put(store: Store, papers: int) -> Callable[[], None]:
    form = {"text": "x" * (FORM_BYTES - 300)}
    paper = Paper(material="m", media_type="image/jpeg", content=os.urandom(PAPER_BYTES))

    def act() -> None:
        answer = store.put(matter="bench", form=form, attachments=[paper] * papers)
        assert isinstance(answer, Stored), answer

    return act


def drain(store: Store, rounds: int) -> float:
    """Claims ended per second: claim + receipt + DONE."""

    def act() -> None:
        work = store.outbox.next_work()
        assert isinstance(work, FormWork)
        store.outbox.received(work, Receipt(uid=work.uid, sha256=work.sha256, state=State.DONE, case_number="1"))

    return rounds / sum(timed(act, rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--folder", type=Path, help="where to write; the file system decides (default: the temporary one)"
    )
    options = parser.parse_args()
    rounds: int = options.rounds
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        store = Store.open(folder / "queue", terminal="TY03", district="district.example")
        bare = statistics.median(floor(folder, rounds))
        sqlite = statistics.median(plain_sqlite(folder, rounds))
        ours = statistics.median(timed(put(store, 0), rounds))
        done = drain(store, rounds)
        with_papers = statistics.median(timed(put(store, 2), max(5, rounds // 50)))
        store.close()
    results = {
        "floor_p50_us": round(bare * 1e6, 1),
        "sqlite_wal_full_p50_us": round(sqlite * 1e6, 1),
        "put_p50_us": round(ours * 1e6, 1),
        "put_p50_over_floor": round(ours / bare, 2),
        "put_p50_over_sqlite_wal_full": round(ours / sqlite, 2),
        "put_2x2mb_p50_ms": round(with_papers * 1e3, 1),
        "claim_done_per_s": round(done),
    }
    if options.json:
        print(json.dumps(results))
    else:
        for key, value in results.items():
            print(f"{key:32} {value}")


if __name__ == "__main__":
    main()
