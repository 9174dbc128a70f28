"""Object stores for the tests, which nobody here wrote: moto's S3 server, OpenStack Swift's, and a line before either
that can fail."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

KEY, SECRET = "test:tester", "testing"  # which Swift looks at
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class Mood(Enum):
    FINE = "fine"
    GONE = "gone"  # connections end at once
    SILENT = "silent"  # takes the request and answers nothing
    FORGETFUL = "forgetful"  # does what is asked, and ends before it answers
    TRICKLE = "trickle"  # some bytes of an answer, and the next some time later
    HALF = "half"  # ends in the middle of an answer's body


class Line:
    """Carries bytes to the store at `port`, as its `mood` is for new requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.mood = Mood.FINE
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def turn(self, mood: Mood) -> None:
        """Also what is open ends, so that the next request meets the new mood."""
        self.mood = mood
        self._end_all()

    def close(self) -> None:
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._end_all()

    def _end_all(self) -> None:
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.mood is Mood.GONE:
                self.cuts += 1
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            with self._lock:
                self._open |= {near, far}
            for source, target, back in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._carry, args=(source, target, back), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        held = b""
        with suppress(OSError):
            while content := source.recv(65536):
                if self.mood is Mood.SILENT:
                    continue
                if back and self.mood is Mood.FORGETFUL:
                    held += content
                    while held.startswith(_GO_ON):  # moto says it twice
                        target.sendall(_GO_ON)
                        held = held.removeprefix(_GO_ON)
                    if _GO_ON.startswith(held):
                        continue
                    self.cuts += 1
                    break
                if back and self.mood is Mood.HALF:
                    head, _, body = content.partition(b"\r\n\r\n")
                    target.sendall(head + b"\r\n\r\n" + body[: len(body) // 2])
                    self.cuts += 1
                    break
                if back and self.mood is Mood.TRICKLE:
                    for at in range(0, len(content), 4096):
                        target.sendall(content[at : at + 4096])
                        self._closed.wait(0.02)
                    continue
                target.sendall(content)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {source, target}
        for one in (source, target):
            one.close()


@contextmanager
def moto_server() -> Generator[int]:
    """Its port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()


@contextmanager
def swift_server(folder: Path) -> Generator[int]:
    """Its port. Skips where Debian's Swift is not installed."""
    script = Path(__file__).with_name("swift_server.py")
    words = ["/usr/bin/python3", str(script), str(folder)]
    errors = folder.with_suffix(".log")
    with errors.open("w") as log, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            if not port:
                pytest.skip(f"no Swift here: {errors.read_text()[-300:]}")
            yield int(port)
        finally:
            server.kill()


def bucket_client(endpoint: str) -> Any:
    session: Any = boto3.Session()  # boto3 has no types
    return session.client("s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET)


def take_credentials(patch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment, and nothing of this machine's own."""
    for name, value in CREDENTIALS.items():
        patch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        patch.setenv(name, "/nonexistent")
