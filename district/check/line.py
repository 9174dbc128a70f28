"""One request, one answer, whatever stands at the other end.

What is sent are the caller's bytes. What comes is taken apart by h11, in bounded size and until a deadline, so that a
platform that trickles, never ends or speaks no HTTP is a finding. Every request has a connection of its own: one that a
platform closes between two requests would look like a fault. An answer may come before the request is all sent, which
is how a body that is too large is refused.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from district.check.reasons import no_way, of_tls

MOST_BYTES = 12 * 1024 * 1024
"""Of one answer; a receipt has some hundred, a catalogue may have 8 MiB and is then base64."""
_SLOWEST = 8 * 1024  # bytes a second: what a request gets beside the time-out, 64 kbit/s
_MAX_HEAD = 64 * 1024
_ALERT = b"\x15\x03"  # a TLS record of type alert (RFC 8446 5.1), where HTTP was awaited
_CLOSED = "the connection was closed without an answer"
_CLOSED_TLS = f"{_CLOSED}; one that misses a client certificate does that, too (--cert and --cert-key, or --code)"
_AGAIN = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where a platform is. `url` has no slash at its end; what a request asks for is appended."""

    url: str
    host: str
    port: int
    tls: bool
    path: str
    authority: str

    @staticmethod
    def of(url: str) -> Root:
        """Raises ValueError for what is no http or https address."""
        parts = urlsplit(url)
        port = parts.port
        if parts.scheme not in ("http", "https") or parts.hostname is None or parts.username is not None:
            raise ValueError("an address is https://host[:port], or http:// to this machine")
        if parts.query or parts.fragment or not url.isascii() or any(character <= " " for character in url):
            raise ValueError("an address has no query, no fragment, and ASCII characters only")
        if parts.path.rstrip("/").endswith("/v1"):
            raise ValueError(f"what is asked for begins with /v1 itself: give {url.rstrip('/').removesuffix('/v1')}")
        tls = parts.scheme == "https"
        return Root(
            url=url.rstrip("/"),
            host=parts.hostname,
            port=port if port is not None else 443 if tls else 80,
            tls=tls,
            path=parts.path.rstrip("/"),
            authority=parts.netloc,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`fields` in their order, names in lower case; `to` is the request that it answers, in short."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    to: str

    def field(self, name: str) -> str | None:
        """The first field of this name."""
        return next((value for known, value in self.fields if known == name.lower()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """`why` in words. `reached` is whether there was a connection at all, with TLS if that was asked for."""

    why: str
    reached: bool = True


class Line:
    """The way to one platform. `seconds` is for an answer, beside what its request's bytes need on a thin line."""

    def __init__(self, root: Root, *, tls: ssl.SSLContext | None = None, seconds: float = 30.0) -> None:
        self._root = root
        self._tls = tls or (ssl.create_default_context() if root.tls else None)
        self._seconds = seconds

    def exchange(self, method: str, request: bytes) -> Answer | NoAnswer:
        """Send `request` as it is; `method` is its method, since an answer to HEAD has no body."""
        deadline = time.monotonic() + self._seconds + len(request) / _SLOWEST
        where = f"{self._root.host}:{self._root.port}"
        try:
            peer = self._connect(deadline)
        except OSError as trouble:
            return NoAnswer(why=no_way(trouble, where), reached=False)
        with peer:
            try:
                return _converse(peer, method, request, deadline)
            except TimeoutError:
                return NoAnswer(why="nothing whole within the time")
            except ssl.SSLEOFError:
                return NoAnswer(why=_CLOSED_TLS)
            except ssl.SSLError as trouble:
                return NoAnswer(why=of_tls(trouble, where))
            except h11.RemoteProtocolError as trouble:
                return NoAnswer(why=f"not HTTP: {str(trouble)[:80]}" if str(trouble).isascii() else "not HTTP")
            except OSError as trouble:
                return NoAnswer(why=f"the connection broke: {trouble.strerror or type(trouble).__name__}")

    def break_off(self, request: bytes, after: int) -> None:
        """Send the first bytes of `request` and be gone, as when a line is cut."""
        deadline = time.monotonic() + self._seconds + after / _SLOWEST
        try:
            with self._connect(deadline) as peer:
                unsent = memoryview(request)[:after]
                while unsent:
                    _wait(peer, deadline, reading=False, writing=True)
                    unsent = unsent[_send(peer, unsent) :]
        except OSError:
            return  # it was to be cut anyway

    def _connect(self, deadline: float) -> socket.socket:
        peer = socket.create_connection(
            (self._root.host, self._root.port), timeout=max(0.1, deadline - time.monotonic())
        )
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.setblocking(False)
            if self._tls is None:
                return peer
            secured = self._tls.wrap_socket(peer, server_hostname=self._root.host, do_handshake_on_connect=False)
        except BaseException:
            peer.close()
            raise
        try:
            _shake(secured, deadline)
        except BaseException:
            secured.close()
            raise
        return secured


def _shake(peer: ssl.SSLSocket, deadline: float) -> None:
    while True:
        try:
            peer.do_handshake()
        except ssl.SSLWantReadError:
            _wait(peer, deadline, reading=True, writing=False)
        except ssl.SSLWantWriteError:
            _wait(peer, deadline, reading=False, writing=True)
        else:
            return


def _wait(peer: socket.socket, deadline: float, *, reading: bool, writing: bool) -> None:
    """Raises TimeoutError."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if reading and isinstance(peer, ssl.SSLSocket) and peer.pending():
        return
    ready = select.select([peer] if reading else [], [peer] if writing else [], [], left)
    if not any(ready):
        raise TimeoutError


def _send(peer: socket.socket, content: memoryview) -> int:
    try:
        return peer.send(content[:65536])
    except _AGAIN:
        return 0


def _converse(peer: socket.socket, method: str, request: bytes, deadline: float) -> Answer | NoAnswer:
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
    parser.send(h11.Request(method=method, target="/", headers=[("Host", "-")]))  # only to say what is awaited
    parser.send(h11.EndOfMessage())
    unsent, arrived = memoryview(request), 0
    head: h11.Response | None = None
    body = bytearray()
    while True:
        _wait(peer, deadline, reading=True, writing=bool(unsent))
        if unsent:
            try:
                unsent = unsent[_send(peer, unsent) :]
            except (BrokenPipeError, ConnectionResetError):
                unsent = memoryview(b"")  # it wants no more; what it said may be here already
        try:
            content = peer.recv(65536)
        except _AGAIN:
            continue
        if not arrived and not content:
            return NoAnswer(why=_CLOSED_TLS if isinstance(peer, ssl.SSLSocket) else _CLOSED)
        if not arrived and content.startswith(_ALERT):
            return NoAnswer(why="it speaks TLS: https://")
        arrived += len(content)
        if arrived > MOST_BYTES:
            return NoAnswer(why=f"an answer of more than {MOST_BYTES} bytes")
        parser.receive_data(content)
        while (event := parser.next_event()) is not h11.NEED_DATA:
            match event:
                case h11.InformationalResponse():
                    pass
                case h11.Response():
                    head = event
                case h11.Data():
                    body += event.data
                case h11.EndOfMessage() if head is not None:
                    return Answer(
                        status=head.status_code,
                        fields=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers),
                        body=bytes(body),
                        to=request.partition(b" HTTP/")[0].decode("utf-8", "replace")[:120],
                    )
                case _:
                    return NoAnswer(why="the connection ended without an answer")
