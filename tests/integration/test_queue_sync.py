"""The queue against real HTTP over loopback: an honest platform, a rude one, none, and processes that are killed."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from district.embedded import EmbeddedDistrict
from offline_queue.client import PlatformClient
from offline_queue.model import Paper
from offline_queue.retry import Answer, Failure, FailureKind
from offline_queue.sender import SyncThread
from offline_queue.store import Store
from offline_queue.sync import Changed, sync_once
from offline_queue.wire import State
from tests.support.queue_rig import RudeServer, http_answer, open_store, stored

PICTURE = bytes(range(256)) * 6000  # 1.5 MB: two chunks
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue")
    yield opened
    opened.close()


@pytest.fixture
def district(tmp_path: Path) -> Iterator[EmbeddedDistrict]:
    with EmbeddedDistrict(tmp_path / "district") as running:
        yield running


def put(store: Store, *, papers: int = 1) -> str:
    paper = Paper(material="household-register", media_type="image/jpeg", content=PICTURE)
    return stored(store.put(matter="pension-enrolment", form={"phone": "1"}, attachments=[paper] * papers)).uid


def arrived(district: EmbeddedDistrict) -> list[tuple[str, str, str | None]]:
    received = district.open_store()
    rows = [(row.outside.uid, row.sha256, row.case_number) for row in received.submissions()]
    received.close()
    return rows


def test_a_submission_arrives_once_with_the_same_bytes(store: Store, district: EmbeddedDistrict) -> None:
    uid = put(store, papers=2)
    store.rate(uid, 4)
    client = PlatformClient(district.url)
    summary = sync_once(store, client)
    assert (summary.delivered, summary.failed, summary.waiting) == (1, 0, 0)
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.bytes_sent) == (State.DONE, item.bytes_total)
    assert arrived(district) == [(uid, item.sha256, item.case_number)]
    received = district.open_store()
    row = received.submission(uid)
    assert row is not None
    assert row.rating == 4
    for paper in row.papers:
        found = received.papers.paper(paper.id)
        assert found is not None
        assert b"".join(found.content) == PICTURE
    received.close()
    assert sync_once(store, client).attempted == 0
    client.close()


def test_the_network_is_cut_and_restored(store: Store, district: EmbeddedDistrict) -> None:
    changes: queue.Queue[Changed] = queue.Queue()
    client = PlatformClient(district.url)
    district.cut()
    thread = SyncThread(store, client, on_change=changes.put)
    thread.start()
    uid = put(store)
    thread.wake()
    assert changes.get(timeout=20).state is State.READY
    item = store.show(uid)
    assert item is not None
    assert (item.last_error, item.attempts) == ("unreachable", 1)
    assert item.next_try is not None
    district.restore()
    thread.wake(hurry=True)
    seen = [changes.get(timeout=20)]
    while seen[-1].state is not State.DONE:
        seen.append(changes.get(timeout=20))
    assert seen[-1].case_number is not None
    assert thread.stop()
    assert [row[0] for row in arrived(district)] == [uid]
    client.close()


def test_an_upload_goes_on_where_the_platform_has_it(store: Store, district: EmbeddedDistrict) -> None:
    class CutAfterOneChunk(PlatformClient):
        def send_chunk(self, name: str, offset: int, chunk: bytes) -> Answer | Failure:
            sizes.append(len(chunk))
            answer = super().send_chunk(name, offset, chunk)
            # The bytes arrived, the answer got lost.
            return Failure(kind=FailureKind.UNREACHABLE) if len(sizes) == 1 else answer

    sizes: list[int] = []
    uid = put(store)
    client = CutAfterOneChunk(district.url)
    assert sync_once(store, client).failed == 1
    assert sync_once(store, client, hurry=True).delivered == 1
    assert sum(sizes) == len(PICTURE)
    assert [row[0] for row in arrived(district)] == [uid]
    client.close()


@pytest.mark.parametrize(
    ("answer", "error", "state"),
    [
        (http_answer("200 OK", b"<html>Welcome to the hotel</html>"), "not-a-receipt", State.READY),
        (http_answer("307 Temporary Redirect", Location="http://127.0.0.1:1/elsewhere"), "http-307", State.READY),
        (http_answer("413 Content Too Large"), "http-413", State.HELD),
        (http_answer("422 Unprocessable Content"), "http-422", State.HELD),
        (http_answer("500 Internal Server Error"), "http-500", State.READY),
        (http_answer("503 Service Unavailable", Retry_After="3000"), "http-503", State.READY),
        (http_answer("200 OK", b"x" * 300_000), "answer-too-large", State.READY),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off", "answer-broken", State.READY),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "unreachable", State.READY),
    ],
)
def test_a_rude_platform_gets_one_request_and_ends_nothing(
    store: Store, answer: bytes, error: str, state: State
) -> None:
    uid = put(store, papers=0)
    with RudeServer(answer) as rude:
        client = PlatformClient(rude.url, deadline=10)
        sync_once(store, client)
        client.close()
        assert len(rude.requests) == 1
    request = rude.requests[0].decode()
    assert request.startswith(f"PUT /v1/submissions/{uid} HTTP/1.1\r\n")
    assert f'Idempotency-Key: "{uid}"' in request
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error) == (state, error)
    if error == "http-503":
        assert 2900 < (store.outbox.seconds_to_next() or 0) < 3400
        assert sync_once(store, client, hurry=True).attempted == 0


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200, http_answer("200 OK", b"z" * 200)])
def test_a_trickling_platform_is_cut_at_the_deadline(store: Store, answer: bytes) -> None:
    put(store, papers=0)
    with RudeServer(answer, trickle=True) as rude:
        client = PlatformClient(rude.url, deadline=0.5)
        began = time.monotonic()
        sync_once(store, client)
        assert time.monotonic() - began < 20  # it would trickle for hours
        client.close()
    assert store.list()[0].last_error == "deadline"


def test_proxies_of_the_environment_are_not_obeyed(
    store: Store, district: EmbeddedDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    put(store, papers=0)
    client = PlatformClient(district.url)
    assert sync_once(store, client).delivered == 1
    client.close()


@pytest.mark.parametrize("url", ["http://district.example", "ftp://127.0.0.1", "https://user@district.example", "x"])
def test_plain_http_leaves_this_machine_never(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|https"):
        PlatformClient(url)


def test_a_platform_without_tls_is_said_so() -> None:
    with RudeServer(http_answer("200 OK")) as rude:
        client = PlatformClient(rude.url.replace("http:", "https:"), deadline=5)
        assert client.progress("x") == Failure(kind=FailureKind.TLS)
        client.close()


def test_a_line_that_breaks_off_is_no_error_of_the_platform(
    store: Store, district: EmbeddedDistrict, caplog: pytest.LogCaptureFixture
) -> None:
    gone, port = uuid4(), int(district.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as line:
        head = f"PUT /v1/submissions/{gone} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 100\r\n"
        line.sendall(head.encode() + f'Idempotency-Key: "{gone}"\r\n\r\n{{"half":'.encode())
    uid = put(store)
    client = PlatformClient(district.url)
    assert sync_once(store, client).delivered == 1
    assert [row[0] for row in arrived(district)] == [uid]
    client.close()
    assert caplog.records == []


_PUT_AND_WAIT = """
import sys
from pathlib import Path
from tests.support.queue_rig import open_store, stored
from offline_queue.model import Paper
store = open_store(Path(sys.argv[1]))
paper = Paper(material="m", media_type="image/jpeg", content=b"p" * 1500000)
uid = stored(store.put(matter="m", form={"a": 1}, attachments=[paper])).uid
if sys.argv[2] == "claim":
    store.outbox.next_work()
print(uid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("moment", ["put", "claim"])
def test_killed_after_the_slip_it_arrives_once(tmp_path: Path, district: EmbeddedDistrict, moment: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _PUT_AND_WAIT, str(tmp_path / "queue"), moment],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        uid = child.stdout.readline().strip()
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
    store = open_store(tmp_path / "queue")
    client = PlatformClient(district.url)
    assert sync_once(store, client).delivered == 1
    assert [row[0] for row in arrived(district)] == [uid]
    assert sync_once(store, client).attempted == 0
    client.close()
    store.close()


_SYNC = """
import sys
from pathlib import Path
from tests.support.queue_rig import open_store
from offline_queue.client import PlatformClient
from offline_queue.sync import sync_once
store = open_store(Path(sys.argv[1]))
client = PlatformClient(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(sync_once(store, client).attempted, flush=True)
"""


def test_two_processes_send_nothing_twice(tmp_path: Path, store: Store, district: EmbeddedDistrict) -> None:
    uids = [put(store, papers=0) for _ in range(40)]
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _SYNC, str(tmp_path / "queue"), district.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    attempted = 0
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        attempted += int(child.communicate(timeout=60)[0])
    assert attempted == len(uids)
    assert sorted(row[0] for row in arrived(district)) == sorted(uids)
    assert {item.state for item in store.list()} == {State.DONE}


def test_wrong_bytes_at_the_platform_are_sent_again(store: Store, district: EmbeddedDistrict) -> None:
    class FlipsOnce(PlatformClient):
        def send_chunk(self, name: str, offset: int, chunk: bytes) -> Answer | Failure:
            flips.append(1)
            return super().send_chunk(name, offset, b"\xff" + chunk[1:] if len(flips) == 1 else chunk)

        def put_form(self, uid: str, body: bytes, media_type: str) -> Answer | Failure:
            forms.append(hashlib.sha256(body).hexdigest())
            return super().put_form(uid, body, media_type)

    flips: list[int] = []
    forms: list[str] = []
    uid = put(store)
    client = FlipsOnce(district.url)
    assert sync_once(store, client).failed == 1
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error) == (State.RECEIVED, "digest-mismatch")
    assert sync_once(store, client, hurry=True).delivered == 1
    assert forms == [item.sha256]
    client.close()


def test_an_attachment_the_platform_lost_brings_the_form_again(store: Store, tmp_path: Path) -> None:
    uid = put(store)
    with EmbeddedDistrict(tmp_path / "first") as first:
        client = PlatformClient(first.url)

        class LosesChunks(PlatformClient):
            def send_chunk(self, name: str, offset: int, chunk: bytes) -> Answer | Failure:
                return Failure(kind=FailureKind.UNREACHABLE)

        losing = LosesChunks(first.url)
        assert sync_once(store, losing).failed == 1
        losing.close()
        client.close()
    with EmbeddedDistrict(tmp_path / "second") as second:
        client = PlatformClient(second.url)
        summary = sync_once(store, client, hurry=True)
        assert (summary.delivered, summary.failed) == (1, 1)
        assert [row[0] for row in arrived(second)] == [uid]
        client.close()
    json.dumps(summary.row())


def test_a_damaged_paper_is_held(store: Store, tmp_path: Path, district: EmbeddedDistrict) -> None:
    uid = put(store)
    (blob,) = (tmp_path / "queue" / "blobs").iterdir()
    blob.write_bytes(b"TKS1")
    client = PlatformClient(district.url)
    assert sync_once(store, client).held == 1
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error) == (State.HELD, "paper-damaged")
    assert store.retry(uid)
    client.close()


def test_empty_papers_and_refused_ratings(store: Store, district: EmbeddedDistrict) -> None:
    paper = Paper(material="m", media_type="text/plain", content=b"")
    uid = stored(store.put(matter="m", form={}, attachments=[paper])).uid
    client = PlatformClient(district.url)
    assert sync_once(store, client).delivered == 1
    client.put_rating(uid, b'{"level":1}')
    store.rate(uid, 5)
    sync_once(store, client)
    assert store.outbox.seconds_to_next() is None
    store.retry(uid)
    district.cut()
    assert sync_once(store, client).failed == 1
    district.restore()
    client.close()
