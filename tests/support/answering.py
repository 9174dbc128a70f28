"""A peer on loopback that answers whatever a test wants said, HTTP or not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext, suppress

from district.check.line import Root

Reply = Callable[[socket.socket], None]


@contextmanager
def answering(reply: Reply, tls: ssl.SSLContext | None = None) -> Generator[Root]:
    """A server on loopback that lets `reply` have each connection, after something has arrived; with `tls` over that,
    whose failures it keeps to itself."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            peer.settimeout(5)
            with nullcontext(peer) if tls is None else tls.wrap_socket(peer, server_side=True) as way:
                way.recv(65536)
                reply(way)

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(peer,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Root.of(f"http{'' if tls is None else 's'}://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def saying(content: bytes) -> Reply:
    return lambda peer: peer.sendall(content)


def http(status: str, body: bytes, *fields: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", "")).encode() + body
