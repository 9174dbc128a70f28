"""Papers as they come off the line: in pieces of any size, whatever the platform is doing meanwhile."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import pytest
import requests

from offline_queue.wire import content_digest
from tests.support.upload_rig import Sender

PIECE = 256 * 1024
"""As many bytes the application is given at a time, at least."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The command itself: an embedded platform listens in its own way."""
    folder = tmp_path_factory.mktemp("platform")
    words = ["serve", "--port", "0", "--database", f"sqlite:///{folder / 'd.db'}", "--objects", str(folder / "papers")]
    process = subprocess.Popen(
        [sys.executable, "-c", "from district.cli import main; main()", *words], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    yield process.stderr.readline().strip().rstrip("/")
    process.terminate()
    process.communicate(timeout=20)


def head(name: str, content: bytes, *fields: str) -> bytes:
    lines = [
        f"PATCH /v1/attachments/{name} HTTP/1.1",
        "Host: district.example",
        "Content-Type: application/offset+octet-stream",
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        f"Content-Digest: {content_digest(content)}",
        *fields,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def statuses(url: str, sent: Sequence[bytes], *, answers: int, pause: float = 0.0) -> list[int]:
    """Of the answers to what is sent, in these parts."""
    line = socket.create_connection((str(urlsplit(url).hostname), urlsplit(url).port or 80), timeout=20)
    with line, line.makefile("rb") as read:
        for part in sent:
            line.sendall(part)
            time.sleep(pause)
        told: list[int] = []
        for _ in range(answers):
            told.append(int(read.readline().split()[1]))
            while read.readline().strip():
                pass
        return told


@pytest.mark.parametrize("size", [1, 64 * 1024 + 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 4 * 1024 * 1024])
def test_papers_of_any_size_come_whole(url: str, size: int) -> None:
    sender = Sender(os.urandom(size))
    ((name, content),) = sender.papers.items()
    assert sender.form(url).status_code == 201
    assert statuses(url, [head(name, content, f"Content-Length: {size}") + content], answers=1) == [204]
    assert sender.state(url)[0] == "done"


def test_one_that_trickles_in_and_one_in_chunks_come_whole(url: str) -> None:
    sender = Sender(os.urandom(PIECE + 5000), os.urandom(2 * PIECE + 77))
    assert sender.form(url).status_code == 201
    (slow, first), (chunked, second) = sender.papers.items()
    parts = [first[at : at + 30_000] for at in range(0, len(first), 30_000)]
    begun = head(slow, first, f"Content-Length: {len(first)}")
    assert statuses(url, [begun, *parts], answers=1, pause=0.01) == [204]
    cut = [second[at : at + 100_001] for at in range(0, len(second), 100_001)]
    chunks = [f"{len(one):x}\r\n".encode() + one + b"\r\n" for one in cut]
    assert statuses(url, [head(chunked, second, "Transfer-Encoding: chunked"), *chunks, b"0\r\n\r\n"], answers=1) == [
        204
    ]
    assert sender.state(url)[0] == "done"


def test_those_that_are_sent_without_waiting_are_answered_in_their_order(url: str) -> None:
    sender = Sender(os.urandom(3 * PIECE), os.urandom(3 * PIECE))
    assert sender.form(url).status_code == 201
    names = [*sender.papers, "0c0f7a2e-8b86-4d01-b42d-00cf4fc964ff"]
    contents = [*sender.papers.values(), b"of nobody"]
    sent = [
        head(name, content, f"Content-Length: {len(content)}") + content
        for name, content in zip(names, contents, strict=True)
    ]
    told = statuses(url, [b"".join(sent[:2])], answers=2)
    assert told == [204, 204]
    assert sender.state(url)[0] == "done"
    assert statuses(url, [sent[2]], answers=1) == [404]


def test_a_line_that_breaks_in_the_middle_keeps_nothing_and_nobody(url: str) -> None:
    sender = Sender(os.urandom(3 * PIECE))
    ((name, content),) = sender.papers.items()
    assert sender.form(url).status_code == 201
    begun = head(name, content, f"Content-Length: {len(content)}")
    for bytes_sent in (100, PIECE, 2 * PIECE + 5):
        assert statuses(url, [begun + content[:bytes_sent]], answers=0, pause=0.1) == []
    asked = requests.head(f"{url}/v1/attachments/{name}", headers={"Tus-Resumable": "1.0.0"}, timeout=20)
    assert asked.headers["Upload-Offset"] == "0"
    assert statuses(url, [begun + content], answers=1) == [204]
