"""What tests of the queue share: clocks to turn, a store to open, and a server that answers as badly as it is told."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

from offline_queue.model import CHINA, Stored
from offline_queue.store import Store

ID_NUMBER = "33072619500101123X"
NAME = "王秀英"


class TurnedClock:
    """A clock whose hands the test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)
        self.mono = 1000.0
        self.boot = "boot-1"

    def wall(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.mono

    def boot_id(self) -> str:
        return self.boot

    def forward(self, seconds: float) -> None:
        self.mono += seconds
        self.now += timedelta(seconds=seconds)


def open_store(folder: Path, clock: TurnedClock | None = None, free: Callable[[], int] | None = None) -> Store:
    return Store.open(folder, terminal="TY03", district="district.example", clock=clock, free=free)


def stored(answer: object) -> Stored:
    assert isinstance(answer, Stored), answer
    return answer


class RudeServer:
    """Answers every connection with the given raw bytes; `trickle` sends them one by one until the client goes."""

    def __init__(self, answer: bytes, *, trickle: bool = False) -> None:
        self._answer = answer
        self._trickle = trickle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                try:
                    self.requests.append(_whole_request(peer))
                    if not self._trickle:
                        peer.sendall(self._answer)
                        # Closing over unread bytes would reset the connection and take the answer with it.
                        peer.shutdown(socket.SHUT_WR)
                        peer.recv(65536)
                        continue
                    for byte in self._answer * 1000:
                        peer.sendall(bytes([byte]))
                        if self._stop.wait(0.05):
                            return
                except OSError:
                    continue

    def __enter__(self) -> RudeServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


def _whole_request(peer: socket.socket) -> bytes:
    content = peer.recv(65536)
    # 0x16 opens a TLS handshake, which waits for our word.
    while b"\r\n\r\n" not in content and content[:1] not in (b"", b"\x16"):
        content += peer.recv(65536)
    head, _, body = content.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    while length is not None and len(body) < int(length[1]):
        body += peer.recv(65536)
    return head + b"\r\n\r\n" + body


def http_answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{fields}\r\n".encode() + body
