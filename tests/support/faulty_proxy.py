"""A line between terminal and platform that fails in every way lines do: cuts, stalls, portals, redirects, replays.

It understands just enough HTTP/1.1 to take whole requests and answers apart. What it does to each exchange is drawn
from a seeded chance; ``mend`` makes it honest. Under ``/thief`` it answers as a platform would, but keeps nothing: what
a redirect sent there is lost.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
from collections import Counter
from contextlib import suppress
from random import Random
from types import TracebackType

FAULTS = {
    "none": 30,
    "cut-before": 3,
    "cut-request": 3,
    "cut-answer": 5,
    "half-answer": 3,
    "stall": 1,
    "trickle": 1,
    "portal": 3,
    "other-receipt": 3,
    "redirect": 3,
    "flipped-request": 3,
    "replay": 5,
    "busy": 1,
}
_PORTAL = b"<html><title>Welcome to our guest network</title></html>"
_LONGEST = 120.0


class FaultyProxy:
    """Listens on loopback and passes requests on to ``platform_port``, more or less. ``favourite`` is a fault that
    happens as often as none."""

    def __init__(self, platform_port: int, *, seed: int, favourite: str | None = None) -> None:
        self._platform_port = platform_port
        self._chance = Random(seed)
        self._faults = FAULTS if favourite is None else FAULTS | {favourite: FAULTS["none"]}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._honest = False
        self._threads: list[threading.Thread] = []
        self.done: Counter[str] = Counter()
        self.answered = 0  # by the platform

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def mend(self) -> None:
        """From now on everything is passed on as it is."""
        self._honest = True

    def __enter__(self) -> FaultyProxy:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, peer: socket.socket) -> None:
        with peer, suppress(OSError):
            peer.settimeout(_LONGEST)
            while not self._stopped.is_set():
                request = read_message(peer)
                if not request or not self._exchange(peer, request):
                    return

    def _exchange(self, peer: socket.socket, request: bytes) -> bool:
        """Whether the connection may go on."""
        (fault,) = (
            self._chance.choices(list(self._faults), list(self._faults.values())) if not self._honest else ("none",)
        )
        self.done[fault] += 1
        if request.split(b" ", 2)[1].startswith(b"/thief/"):
            self.done["stolen"] += 1
            peer.sendall(_receipt_for(request, lie=False))
            return False
        match fault:
            case "none":
                peer.sendall(self._passed_on(request))
                return True
            case "cut-before":
                pass
            case "cut-request":
                with self._platform() as platform:
                    platform.sendall(request[: self._chance.randrange(1, len(request))])
            case "cut-answer":
                self._passed_on(request)
            case "half-answer":
                answer = self._passed_on(request)
                peer.sendall(answer[: self._chance.randrange(1, len(answer))])
            case "stall":
                peer.settimeout(_LONGEST)
                peer.recv(1)  # the terminal gives up first
            case "trickle":
                for byte in self._passed_on(request):
                    peer.sendall(bytes([byte]))
                    if self._stopped.wait(0.03):
                        break
            case "portal":
                peer.sendall(_answer("200 OK", _PORTAL))
            case "other-receipt":
                peer.sendall(_receipt_for(request, lie=True))
            case "redirect":
                path = request.split(b" ", 2)[1].decode()
                peer.sendall(_answer("307 Temporary Redirect", b"", f"Location: {self.url}/thief{path}\r\n"))
            case "flipped-request":
                at = self._chance.randrange(request.index(b"\r\n\r\n") + 3, len(request))
                head = request.index(b"\r\n\r\n") + 4
                if at >= head:
                    request = request[:at] + bytes([request[at] ^ 1]) + request[at + 1 :]
                peer.sendall(self._passed_on(request))
            case "replay":
                peer.sendall(self._passed_on(request))
                self._passed_on(request)
                return True
            case _:
                peer.sendall(_answer("503 Service Unavailable", b"", "Retry-After: 1\r\n"))
        return False

    def _platform(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._platform_port), timeout=30)

    def _passed_on(self, request: bytes) -> bytes:
        with self._platform() as platform:
            platform.sendall(request)
            answer = read_message(platform, headers_only=request.startswith(b"HEAD "))
        if not answer:
            raise ConnectionAbortedError
        self.answered += 1
        return answer


def read_message(peer: socket.socket, *, headers_only: bool = False) -> bytes:
    """One whole request or answer with a Content-Length; empty when the peer is gone before its end."""
    content = b""
    while b"\r\n\r\n" not in content:
        part = peer.recv(65536)
        if not part:
            return b""
        content += part
    head, _, body = content.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
    parts, missing = [content], 0 if length is None or headers_only else int(length[1]) - len(body)
    while missing > 0:
        part = peer.recv(min(missing, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _receipt_for(request: bytes, *, lie: bool) -> bytes:
    """A receipt as the platform would write it, for this body or (a lie) for another one; for a batch, one for each."""
    head, _, body = request.partition(b"\r\n\r\n")
    if head.startswith(b"POST "):
        items = json.loads(body)["submissions"]
        answers = [(one["uid"], _receipt(one["uid"], one["body"].encode(), lie=lie)) for one in items]
        told = {"answers": [{"uid": uid, "status": 201, "body": receipt} for uid, receipt in answers]}
        return _answer("200 OK", json.dumps(told).encode())
    uid = re.search(rb"/v1/submissions/([0-9a-f-]{36})", head)
    return _answer("201 Created", _receipt(uid[1].decode() if uid else "", body, lie=lie).encode())


def _receipt(uid: str, body: bytes, *, lie: bool) -> str:
    sha256 = hashlib.sha256(b"another" if lie else body).hexdigest()
    return json.dumps({"uid": uid, "sha256": sha256, "state": "done", "case_number": "2026-999999", "missing": []})


def _answer(status: str, body: bytes, fields: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{fields}\r\n"
    return head.encode() + body
