"""The platform's puts a second and its papers' bytes a second, beside a bare insert and a bare write of the same bytes.

Real `district serve` processes on SQLite (one) and on PostgreSQL (two), 1, 8 and 32 clients, one form a request and 20.
What is sent was made and signed beforehand and goes out over plain sockets, so that the clients cost little; server,
database and clients still share the machine's cores. The bare insert is the driver's own, from as many threads, into a
table with a unique uid: a row for each form, committed for each request, on the same server, as durable; "its own rows"
are the platform's, with all of its columns and indexes. The bare write is a file that grows by the same pieces, each
fsynced.

    .venv/bin/python -m bench.district [--seconds 4] [--only postgresql] [--json]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue

from district.database import open_engine
from district.terminals import Terminals
from offline_queue.signing import RequestSigner
from offline_queue.wire import (
    CHUNK_BYTES,
    Attachment,
    Batch,
    BatchItem,
    Envelope,
    canonical_bytes,
    content_digest,
)
from tests.support.postgres import running

CLIENTS = (1, 8, 32)
WIDTHS = (8, 12, 12, 8, 8, 13, 8, 11)
PARTS = ("sqlite", "postgresql", "papers")
TURNS = 3
PAPERS_ASKED = 0.7
BATCH = 20
ROOT = "https://district.example"
PAPER_BYTES = 8 * CHUNK_BYTES
"""Of one paper; each client sends one after the other."""


@dataclass(frozen=True, slots=True)
class Form:
    uid: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes out, and what it carries."""

    content: bytes
    forms: tuple[Form, ...]


class Terminal:
    """One client's identity; everything is signed beforehand."""

    def __init__(self, number: int) -> None:
        self.code = f"B{number:03d}"
        self._key = Ed25519PrivateKey.generate()
        self._signer = RequestSigner(self._key)
        self._count = 0

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def form(self, papers: Sequence[Attachment] = ()) -> Form:
        self._count += 1
        answers: dict[str, JsonValue] = {"name": "王秀英", **{f"question-{n}": "回答" * 8 for n in range(30)}}
        envelope = Envelope(
            uid=str(uuid.uuid4()),
            kiosk=self.code,
            provisional_number=f"{self.code}-261125-{self._count:04d}-K",
            token=base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("="),
            matter="pension-enrolment",
            created="2026-11-25T09:00:00+08:00",
            test=False,
            form=answers,
            attachments=tuple(papers),
        )
        return Form(envelope.uid, canonical_bytes(envelope))

    def single(self) -> Sent:
        return self.put(self.form())

    def put(self, form: Form) -> Sent:
        named = {"Content-Type": "application/json", "Idempotency-Key": f'"{form.uid}"'}
        return Sent(self._request("PUT", f"/v1/submissions/{form.uid}", form.body, named), (form,))

    def batch(self) -> Sent:
        forms = tuple(self.form() for _ in range(BATCH))
        items = tuple(
            BatchItem(
                uid=one.uid,
                media_type="application/json",
                content_digest=content_digest(one.body),
                body=one.body.decode(),
            )
            for one in forms
        )
        body = canonical_bytes(Batch(submissions=items))
        return Sent(self._request("POST", "/v1/submissions", body, {"Content-Type": "application/json"}), forms)

    def piece(self, paper: str, offset: int, content: bytes) -> Sent:
        tus = {
            "Content-Type": "application/offset+octet-stream",
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
        }
        return Sent(self._request("PATCH", f"/v1/attachments/{paper}", content, tus), ())

    def _request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        headers = {**headers, "Content-Digest": content_digest(body)}
        headers |= self._signer.fields(method, ROOT + path, headers)
        lines = [f"{method} {path} HTTP/1.1", "Host: district.example", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode() + body


class Line:
    """A connection that is kept; answers are read no further than is needed to know them."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def ask(self, content: bytes) -> tuple[int, bytes]:
        self._socket.sendall(content)
        while (end := self._rest.find(b"\r\n\r\n")) < 0:
            self._rest += self._more()
        head = self._rest[:end].lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        status = int(head[9:12])
        while len(self._rest) < end + 4 + length:
            self._rest += self._more()
        body, self._rest = self._rest[end + 4 : end + 4 + length], self._rest[end + 4 + length :]
        return status, body

    def _more(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the platform hung up")
        return part

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True, slots=True)
class Platform:
    """What serves: a port for each process."""

    ports: tuple[int, ...]
    pids: tuple[int, ...]

    def cpu(self) -> float:
        """Seconds of processor time that its processes took until now; the database's are not among them."""
        ticks = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(url: str, folder: Path, terminals: Sequence[Terminal], processes: int) -> Generator[Platform]:
    """`processes` platforms on one database; `folder` is where papers go."""
    engine = open_engine(url)
    for one in terminals:
        Terminals(engine).add(one.code, one.public_key)
    engine.dispose()
    words = ["-c", "from district.cli import main; main()", "serve", "--port", "0", "--database", url]
    words += ["--public-url", ROOT]
    with ExitStack() as ending:
        ports: list[int] = []
        pids: list[int] = []
        for _ in range(processes):
            process = subprocess.Popen(
                [sys.executable, *words],
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "KIOSK_DATA_DIR": str(folder)},
            )
            ending.callback(process.communicate)
            ending.callback(process.kill)
            assert process.stderr is not None
            ports.append(int(process.stderr.readline().rstrip("/\n").rpartition(":")[2]))
            pids.append(process.pid)
        yield Platform(tuple(ports), tuple(pids))


def together(works: Sequence[Callable[[], None]]) -> float:
    """Seconds that all of them take, each in a thread of its own."""
    failures: list[BaseException] = []
    ready = threading.Barrier(len(works) + 1)

    def run(work: Callable[[], None]) -> None:
        ready.wait()
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - told by whoever waits
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failures:
        raise failures[0]
    return took


def send(port: int, prepared: Sequence[Sent]) -> Callable[[], None]:
    line = Line(port)

    def work() -> None:
        for one in prepared:
            status, body = line.ask(one.content)
            if len(one.forms) > 1:
                answers = json.loads(body)["answers"]
                assert [answer["status"] for answer in answers] == [201] * len(one.forms), body[:300]
            else:
                assert status in (201, 204), (status, body)
        line.close()

    return work


def puts(
    platform: Platform, terminals: Sequence[Terminal], requests: int, *, batch: bool
) -> tuple[float, list[list[Sent]], float]:
    """Forms a second, what was sent, and the platform's processor time for each form."""
    prepared = [[one.batch() if batch else one.single() for _ in range(requests)] for one in terminals]
    works = [send(platform.ports[number % len(platform.ports)], mine) for number, mine in enumerate(prepared)]
    forms = sum(len(one.forms) for mine in prepared for one in mine)
    before = platform.cpu()
    took = together(works)
    return forms / took, prepared, (platform.cpu() - before) / forms


BARE = "CREATE TABLE bare (uid VARCHAR(36) NOT NULL UNIQUE, sha256 VARCHAR(64) NOT NULL, body {blob} NOT NULL)"


def bare_postgresql(url: str, prepared: Sequence[Sequence[Sent]]) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute(BARE.format(blob="BYTEA").encode())

    def client(mine: Sequence[Sent]) -> Callable[[], None]:
        connection = psycopg.connect(url)
        connection.execute("SET synchronous_commit = on")
        connection.commit()
        batches = [_rows(one) for one in mine]

        def work() -> None:
            for rows in batches:
                with connection.cursor() as cursor:
                    cursor.executemany("INSERT INTO bare VALUES (%s, %s, %s)", rows)
                connection.commit()
            connection.close()

        return work

    return _bare(client, prepared)


def same_rows(url: str, prepared: Sequence[Sequence[Sent]]) -> float:
    """The rows that the platform made of them, by the driver into a table of the same columns and indexes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS again")
        connection.execute("CREATE TABLE again (LIKE submission INCLUDING ALL)")
        uids = [form.uid for mine in prepared for one in mine for form in one.forms]
        found = connection.execute("SELECT uid, submission.* FROM submission WHERE uid = ANY(%s)", (uids,)).fetchall()
    rows: dict[str, tuple[object, ...]] = {row[0]: row[1:] for row in found}
    marks = ", ".join(["%s"] * (len(found[0]) - 1))

    def client(mine: Sequence[Sent]) -> Callable[[], None]:
        connection = psycopg.connect(url)

        def work() -> None:
            for one in mine:
                with connection.cursor() as cursor:
                    cursor.executemany(
                        f"INSERT INTO again VALUES ({marks})".encode(), [rows[form.uid] for form in one.forms]
                    )
                connection.commit()
            connection.close()

        return work

    return _bare(client, prepared)


def bare_sqlite(folder: Path, prepared: Sequence[Sequence[Sent]]) -> float:
    path = folder / f"bare-{uuid.uuid4()}.db"
    turn = threading.Lock()

    def open_it() -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        return connection

    first = open_it()
    first.execute(BARE.format(blob="BLOB"))
    first.close()

    def client(mine: Sequence[Sent]) -> Callable[[], None]:
        connection = open_it()
        batches = [_rows(one) for one in mine]

        def work() -> None:
            for rows in batches:
                with turn:
                    connection.executemany("INSERT INTO bare VALUES (?, ?, ?)", rows)
                    connection.commit()
            connection.close()

        return work

    return _bare(client, prepared)


def _rows(sent: Sent) -> list[tuple[str, str, bytes]]:
    return [(one.uid, hashlib.sha256(one.body).hexdigest(), one.body) for one in sent.forms]


def _bare(client: Callable[[Sequence[Sent]], Callable[[], None]], prepared: Sequence[Sequence[Sent]]) -> float:
    works = [client(mine) for mine in prepared]
    return sum(len(one.forms) for mine in prepared for one in mine) / together(works)


def papers(
    platform: Platform, terminals: Sequence[Terminal], each: int, folder: Path, *, piece: int
) -> tuple[float, float]:
    """Bytes a second of papers through the platform, and of the same pieces written to files."""
    content = os.urandom(PAPER_BYTES)
    sha256 = hashlib.sha256(content).hexdigest()
    works: list[Callable[[], None]] = []
    for number, one in enumerate(terminals):
        port = platform.ports[number % len(platform.ports)]
        names = [str(uuid.uuid4()) for _ in range(each)]
        declared = [
            Attachment(id=name, material="m", media_type="image/jpeg", bytes=PAPER_BYTES, sha256=sha256)
            for name in names
        ]
        send(port, [one.put(one.form(declared))])()
        pieces = [(at, content[at : at + piece]) for at in range(0, PAPER_BYTES, piece)]
        works.append(send(port, [one.piece(name, at, part) for name in names for at, part in pieces]))
    through = len(terminals) * each * PAPER_BYTES / together(works)

    def write(number: int) -> Callable[[], None]:
        def work() -> None:
            for paper in range(each):
                descriptor = os.open(folder / f"bare-{piece}-{number}-{paper}", os.O_WRONLY | os.O_CREAT, 0o600)
                for at in range(0, PAPER_BYTES, piece):
                    os.pwrite(descriptor, content[at : at + piece], at)
                    os.fsync(descriptor)
                os.close(descriptor)

        return work

    bare = len(terminals) * each * PAPER_BYTES / together([write(number) for number in range(len(terminals))])
    for path in folder.glob("bare-*-*-*"):
        path.unlink()
    return through, bare


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of runs that took turns; the ratios are of each turn."""

    name: str
    clients: int
    ours: float
    bare: float
    ratio: float
    same: float | None
    of_same: float | None
    cpu: float

    @property
    def asked(self) -> float | None:
        return 0.5 if (self.clients, self.name) == (32, "PostgreSQL, 20 a request") else None


def measure_puts(url: str, folder: Path, *, processes: int, seconds: float) -> list[Row]:
    """A short run says how many requests make `seconds`."""
    terminals = [Terminal(number) for number in range(max(CLIENTS))]
    rows: list[Row] = []
    sqlite = url.startswith("sqlite")
    name = "SQLite" if sqlite else "PostgreSQL"

    def bare(sent: Sequence[Sequence[Sent]]) -> float:
        return bare_sqlite(folder, sent) if sqlite else bare_postgresql(url, sent)

    with serving(url, folder, terminals, processes) as platform:
        puts(platform, terminals[:8], 4, batch=False)
        puts(platform, terminals[:8], 2, batch=True)
        for batch in (False, True):
            for clients in CLIENTS:
                some = terminals[:clients]
                size = BATCH if batch else 1
                rate, _, _ = puts(platform, some, 4, batch=batch)
                requests = max(3, round(rate * seconds / clients / size))
                turns: list[tuple[float, ...]] = []
                for _ in range(TURNS):
                    ours, sent, cpu = puts(platform, some, requests, batch=batch)
                    beside = (bare(sent),) if sqlite else (bare(sent), same_rows(url, sent))
                    turns.append((ours, cpu, *beside, *(ours / one for one in beside)))
                rows.append(_row(f"{name}, {'20 a request' if batch else 'single'}", clients, turns))
                show(rows[-1])
    return rows


def _row(name: str, clients: int, turns: Sequence[tuple[float, ...]]) -> Row:
    ours, cpu, *others = map(statistics.median, zip(*turns, strict=True))
    bare, same, ratio, of_same = others if len(others) == 4 else (others[0], None, others[1], None)
    return Row(name, clients, ours, bare, ratio, same, of_same, cpu)


def show(row: Row) -> None:
    asked = "" if row.asked is None else f">= {row.asked}"
    numbers = f"{row.clients:8}{row.ours:12.0f}{row.bare:12.0f}{row.ratio:8.2f}{asked:>8}"
    again = " " * 21 if row.same is None else f"{row.same:13.0f}{row.of_same:8.2f}"
    print(f"{row.name:28}{numbers}{again}{row.cpu * 1e3:8.2f} ms", flush=True)


def measure_papers(url: str, folder: Path) -> list[tuple[str, float, float, float]]:
    found: list[tuple[str, float, float, float]] = []
    terminals = [Terminal(number) for number in range(4)]
    named = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    with serving(url, folder, terminals, 1 if named == "SQLite" else 2) as platform:
        papers(platform, terminals[:1], 1, folder, piece=CHUNK_BYTES)
        for clients in (1, 4):
            for piece in (CHUNK_BYTES, 4 * CHUNK_BYTES):
                pairs = [papers(platform, terminals[:clients], 3, folder, piece=piece) for _ in range(TURNS)]
                ours, bare = (statistics.median(pair[at] for pair in pairs) / 1e6 for at in (0, 1))
                ratio = statistics.median(through / written for through, written in pairs)
                name = f"{named}, by {piece >> 20} MiB"
                found.append((f"{name}, {clients}", ours, bare, ratio))
                asked = f">= {PAPERS_ASKED}"
                print(f"{name:28}{clients:8}{ours:12.0f}{bare:12.0f}{ratio:8.2f}{asked:>8}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    heads = ("clients", "platform", "bare insert", "ratio", "asked", "its own rows", "ratio", "cpu a form")
    print("forms a second".ljust(28) + "".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="district-bench-") as name:
        folder = Path(name)
        if "sqlite" in asked.only:
            rows += measure_puts(f"sqlite:///{folder / 'district.db'}", folder, processes=1, seconds=asked.seconds)
        if "postgresql" in asked.only:
            with running(on_disk=True) as server:
                rows += measure_puts(server.empty(), folder, processes=2, seconds=asked.seconds)
        written: list[tuple[str, float, float, float]] = []
        if "papers" in asked.only:
            heads = ("clients", "platform", "bare write", "ratio", "asked")
            title = f"papers of {PAPER_BYTES >> 20} MiB, MB/s".ljust(28)
            print(title + "".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=False)))
            written += measure_papers(f"sqlite:///{folder / 'papers.db'}", folder)
            with running(on_disk=True) as server:
                written += measure_papers(server.empty(), folder)
    if asked.json:
        told: dict[str, Any] = {
            f"{row.name}, {row.clients}": [round(row.ours), round(row.bare), round(row.ratio, 3)] for row in rows
        }
        told |= {name: [round(ours), round(bare), round(ratio, 3)] for name, ours, bare, ratio in written}
        print(json.dumps(told, ensure_ascii=False))
    missed = [f"{row.name}, {row.clients}" for row in rows if row.asked is not None and row.ratio < row.asked]
    missed += [name for name, _, _, ratio in written if ratio < PAPERS_ASKED]
    if missed:
        sys.exit("less than was asked: " + "; ".join(missed))


if __name__ == "__main__":
    main()
