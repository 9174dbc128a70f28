"""The queue's sending beside bare `requests` calls that send the same bytes, and what interruptions cost.

200 forms with 400 papers of 0.2-2 MB go over loopback to a district platform in a process of its own: by the queue
(signed, each request under a deadline, every step committed), then as bare PUT and PATCH calls of one session, without
a signature, a deadline or a record, each to a fresh platform. After that the same over a line that is cut 20 times.

    .venv/bin/python -m bench.sync [--forms 200] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import requests
from pydantic import JsonValue

from district.app import Settings
from district.store import DistrictStore
from district.terminals import Terminals
from offline_queue.client import PlatformClient
from offline_queue.model import Paper, Stored
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import CHUNK_BYTES, Envelope, canonical_bytes, content_digest
from tests.support.peers import CuttingLine

PAPERS_EACH = 2
SMALLEST, LARGEST = 200_000, 2_000_000
CUTS = 20


@dataclass(frozen=True, slots=True)
class District:
    """`district serve` on a folder of its own."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def store(self) -> DistrictStore:
        settings = Settings(database=f"sqlite:///{self.folder / 'district.db'}", papers=self.folder / "papers")
        return DistrictStore(settings.database, settings.papers)


@contextmanager
def district(folder: Path, *, terminal: bytes | None = None) -> Generator[District]:
    """With a registered `terminal` (its public key) only that one's signed requests are answered."""
    folder.mkdir()
    served = District(folder, 0)
    store = served.store()
    if terminal is not None:
        Terminals(store.engine).add("TY03", terminal)
    store.close()
    database = f"sqlite:///{folder / 'district.db'}"
    words = ["-c", "from district.cli import main; main()", "serve", "--port", "0", "--database", database]
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        port = int(process.stderr.readline().rstrip("/\n").rpartition(":")[2])
        yield District(folder, port)
    finally:
        process.kill()
        process.communicate()


def fill(folder: Path, files: Path, forms: int) -> Store:
    """A queue with `forms` forms; its papers lie plainly in `files`, too, named by their digest."""
    store, chance = Store.open(folder, terminal="TY03", district="district.example"), Random(1)
    files.mkdir(exist_ok=True)
    for number in range(forms):
        contents = [chance.randbytes(chance.randrange(SMALLEST, LARGEST)) for _ in range(PAPERS_EACH)]
        for content in contents:
            (files / hashlib.sha256(content).hexdigest()).write_bytes(content)
        form: dict[str, JsonValue] = {"n": number, **{f"question-{n}": "回答" * 10 for n in range(40)}}
        papers = [Paper(material="m", media_type="image/jpeg", content=content) for content in contents]
        answer = store.put(matter="pension-enrolment", form=form, attachments=papers)
        assert isinstance(answer, Stored), answer
    return store


def by_queue(store: Store, url: str, forms: int) -> float:
    client = PlatformClient(url, signer=store.signer())
    began = time.perf_counter()
    summary = sync_once(store, client)
    took = time.perf_counter() - began
    client.close()
    assert (summary.delivered, summary.failed) == (forms, 0), summary
    return took


def received(served: District) -> list[tuple[str, bytes, Envelope]]:
    """What the queue delivered, as it was sent."""
    store = served.store()
    rows = [(row.sha256, row.envelope) for row in store.submissions() if row.envelope is not None]
    store.close()
    sent = [(envelope.uid, canonical_bytes(envelope), envelope) for _, envelope in rows]
    assert [hashlib.sha256(body).hexdigest() for _, body, _ in sent] == [sha256 for sha256, _ in rows]
    return sent


def by_hand(url: str, sent: list[tuple[str, bytes, Envelope]], files: Path) -> float:
    began = time.perf_counter()
    with requests.Session() as session:
        session.trust_env = False
        for uid, body, envelope in sent:
            named = {"Idempotency-Key": f'"{uid}"', "Content-Digest": content_digest(body)}
            answer = session.put(f"{url}/v1/submissions/{uid}", body, headers=named, timeout=30)
            assert answer.status_code == 201, answer.text
            for paper in envelope.attachments:
                content = (files / paper.sha256).read_bytes()
                for offset in range(0, len(content), CHUNK_BYTES):
                    tus = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}
                    piece = content[offset : offset + CHUNK_BYTES]
                    fields = {**tus, "Upload-Offset": str(offset)}
                    answer = session.patch(f"{url}/v1/attachments/{paper.id}", piece, headers=fields, timeout=30)
                    assert answer.status_code == 204, answer.text
    return time.perf_counter() - began


def interrupted(folder: Path, forms: int, cuts: int) -> tuple[int, int, int]:
    """Bytes over a whole line, bytes over one that is cut `cuts` times, and how often it was really cut."""
    carried: list[int] = []
    done = 0
    for name, times in (("whole", 0), ("cut", cuts)):
        store = fill(folder / f"queue-{name}", folder / f"files-{name}", forms)
        with district(folder / f"district-{name}") as served:
            line, chance = CuttingLine(served.port), Random(2)
            client = PlatformClient(line.url)
            while store.waiting():
                if line.cuts < times:
                    left = carried[0] - line.carried
                    line.cut_after(chance.randrange(1, max(2, left * 2 // (times - line.cuts + 1))))
                sync_once(store, client, hurry=True)
            client.close()
            line.close()
        carried.append(line.carried)
        done = line.cuts
        store.close()
    return carried[0], carried[1], done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    forms: int = asked.forms
    queue_s: list[float] = []
    bare_s: list[float] = []
    size = 0
    print(f"{forms} forms, {forms * PAPERS_EACH} papers of {SMALLEST / 1e6}-{LARGEST / 1e6} MB")
    for number in range(asked.rounds):
        with tempfile.TemporaryDirectory(prefix="sync-") as name:
            folder = Path(name)
            store = fill(folder / "queue", folder / "files", forms)
            with district(folder / "by-queue", terminal=store.public_key[1]) as served:
                queue_s.append(by_queue(store, served.url, forms))
                sent = received(served)
            size = sum(len(body) + sum(one.bytes for one in inside.attachments) for _, body, inside in sent)
            with district(folder / "by-hand") as served:
                bare_s.append(by_hand(served.url, sent, folder / "files"))
            store.close()
        print(f"  round {number + 1}: queue {queue_s[-1]:.1f} s, bare requests {bare_s[-1]:.1f} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="sync-") as name:
        whole, cut, cuts = interrupted(Path(name), forms, CUTS)
    ratio = statistics.median(ours / bare for ours, bare in zip(queue_s, bare_s, strict=True))
    print(f"{'':28}{'seconds':>10}{'MB/s':>8}{'ratio':>8}{'asked':>8}")
    for label, took in (("bare requests", bare_s), ("queue", queue_s)):
        middle = statistics.median(took)
        times = f"{ratio:8.2f}{'<= 1.3':>8}" if label == "queue" else f"{1:8.2f}"
        print(f"{label:28}{middle:10.1f}{size / middle / 1e6:8.0f}{times}")
    print(f"{'':28}{'bytes':>14}{'ratio':>8}{'asked':>8}")
    print(f"{'whole line':28}{whole:14}{1:8.3f}")
    print(f"{f'cut {cuts} times':28}{cut:14}{cut / whole:8.3f}{'<= 1.1':>8}")
    if asked.json:
        numbers = {"time_over_bare": round(ratio, 3), "bytes_over_whole": round(cut / whole, 4), "cuts": cuts}
        print(json.dumps({**numbers, "queue_s": queue_s, "bare_s": bare_s, "bytes": size}))


if __name__ == "__main__":
    main()
