"""Queues that others made, and ours, behind two functions, for bench/queue.py; run as a process, which can be traced.

put NAME FOLDER COUNT SAID     put COUNT bodies, say each in SAID when it is acknowledged, and die without closing
left NAME FOLDER               how many bodies are in it
time NAME FOLDER COUNT         the seconds of each of COUNT puts, as JSON
"""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from offline_queue.model import Stored
from offline_queue.store import Store

FORM_BYTES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """``put`` takes a body of ASCII; ``left`` counts what a restart would find."""

    put: Callable[[str], object]
    left: Callable[[], int]


def _ours(folder: Path) -> Queue:
    store = Store.open(folder, terminal="TY03", district="district.example")

    def put(body: str) -> None:
        answer = store.put(matter="bench", form={"text": body[300:]})  # the envelope makes up for what is cut off
        assert isinstance(answer, Stored), answer

    return Queue(put=put, left=store.waiting)


def _plain(synchronous: str) -> Callable[[Path], Queue]:
    def opened(folder: Path) -> Queue:
        connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, body TEXT)")
        return Queue(
            put=lambda body: connection.execute("INSERT INTO item (body) VALUES (?)", (body,)),
            left=lambda: connection.execute("SELECT count(*) FROM item").fetchone()[0],
        )

    return opened


def _persist_queue(folder: Path) -> Queue:
    queue = importlib.import_module("persistqueue").SQLiteAckQueue(str(folder), auto_commit=True)
    return Queue(put=queue.put, left=lambda: queue.size)


def _litequeue(folder: Path) -> Queue:
    queue = importlib.import_module("litequeue").LiteQueue(folder / "queue.db")
    return Queue(put=queue.put, left=queue.qsize)


def _huey(folder: Path) -> Queue:
    storage = importlib.import_module("huey.storage").SqliteStorage(filename=str(folder / "huey.db"))
    return Queue(put=lambda body: storage.enqueue(body.encode()), left=storage.queue_size)


def _diskcache(folder: Path) -> Queue:
    deque = importlib.import_module("diskcache").Deque(directory=str(folder))
    return Queue(put=deque.append, left=lambda: len(deque))


QUEUES: dict[str, Callable[[Path], Queue]] = {
    "ours": _ours,
    "sqlite3 WAL FULL": _plain("FULL"),
    "sqlite3 WAL NORMAL": _plain("NORMAL"),
    "persist-queue SQLiteAckQueue": _persist_queue,
    "litequeue": _litequeue,
    "huey SqliteStorage": _huey,
    "diskcache.Deque": _diskcache,
}


def main() -> None:
    deed, name, folder, *rest = sys.argv[1:]
    queue = QUEUES[name](Path(folder))
    body = os.urandom(FORM_BYTES // 2).hex()
    if deed == "left":
        sys.stdout.write(f"{queue.left()}\n")
        return
    if deed == "time":
        for line in sys.stdin:
            taken: list[float] = []
            for _ in range(int(line)):
                began = time.perf_counter()
                queue.put(body)
                taken.append(time.perf_counter() - began)
            sys.stdout.write(json.dumps(taken) + "\n")
            sys.stdout.flush()
        return
    said = os.open(rest[1], os.O_WRONLY | os.O_CREAT)
    queue.put(body)  # the first put may still lay tables
    os.write(said, b"begun\n")
    for _ in range(int(rest[0])):
        queue.put(body)
        os.write(said, b"stored\n")
    os._exit(0)  # a close would sync what the puts left un-synced


if __name__ == "__main__":
    main()
