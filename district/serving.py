"""How the platform listens: to everybody with a certificate (mutual TLS), or to this machine alone. Who has none
yet may enrol, through a door of its own that leads nowhere else.

Beside an API that others reach, the staff page has a port of its own: on loopback, or for machines that have a
certificate of the staff's own authority.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from district.edges import Edges
from district.lines import QUEUED, Entrance, Line, lines_of_a_door

ENTRY_SECONDS = 30.0
"""For a whole request where no certificate is asked for; there a line that says nothing, or trickles, is cut."""
ENTRY_LINES = 256
"""At most, where no certificate is asked for. One address has half of them: room for a hall's terminals, and the phones
of who waits there; a browser opens six."""
_PIECE_BYTES = 256 * 1024
_LAST_SECONDS = 5
"""For requests under way when the platform is told to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An application, and where it answers; with `tls` to those who have a certificate."""

    app: ASGIApp
    listener: socket.socket
    tls: ssl.SSLContext | None = None

    @property
    def is_open(self) -> bool:
        """To everybody, with a certificate or without."""
        return self.tls is not None and self.tls.verify_mode == ssl.CERT_NONE

    @property
    def url(self) -> str:
        host, port = self.listener.getsockname()[:2]
        named = f"[{host}]" if ":" in host else host
        return f"{'http' if self.tls is None else 'https'}://{named}:{port}/"


def listen(host: str, port: int) -> socket.socket:
    """Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=QUEUED)
    listener.setblocking(False)
    # asyncio sets this only on sockets that name TCP as their protocol, which these don't. Without it the second part
    # of an answer waits for the first one's acknowledgement: 40 ms for every request on a connection that is kept.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(doors: Sequence[Door]) -> None:
    """Until SIGINT or SIGTERM."""
    asyncio.run(_all_of(doors))


async def _all_of(doors: Sequence[Door]) -> None:
    most = lines_of_a_door()
    first, *others = servers = [Server(door, min(most, ENTRY_LINES) if door.is_open else most) for door in doors]
    first.others = others
    with uvicorn.Server.capture_signals(first):
        await asyncio.gather(*(server.serve(sockets=[]) for server in servers))


class Server(uvicorn.Server):
    """Answers at a door that holds `most` lines. Several are told to end at once: by itself each takes the signals from
    the one before it, and passes them on when it has ended: as many times five seconds as there are doors, and the
    first goes on meanwhile."""

    others: Sequence[uvicorn.Server] = ()

    def __init__(self, door: Door, most: int) -> None:
        super().__init__(_config(door))
        self._door = door
        self._most = most

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens by itself: uvicorn has no sockets, since it would take in whoever comes."""
        await super().startup(sockets)
        protocol = _Brief if self._door.is_open else Introduced
        state = self.lifespan.state
        make = partial(protocol, config=self.config, server_state=self.server_state, app_state=state)
        self._entrance = Entrance(self._door.listener, make, tls=self._door.tls, most=self._most)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._entrance.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        for one in self.others:
            one.handle_exit(sig, frame)
        super().handle_exit(sig, frame)


class Introduced(Line, HttpToolsProtocol):
    """Tells the application which client certificate opened the line: request.state.certificate, of its DER the hex
    SHA-256. Gives it a body in few pieces: uvicorn's own way wakes it, and stops reading, for each 64 KiB of a paper,
    which took longer than to read them."""

    def on_body(self, body: bytes) -> None:
        if self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) >= _PIECE_BYTES:
            self.flow.pause_reading()
            self.cycle.message_event.set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        line: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        certificate = None if line is None else line.getpeercert(binary_form=True)
        if certificate is not None:
            self.app_state = {**self.app_state, "certificate": hashlib.sha256(certificate).hexdigest()}


class _Brief(Line, H11Protocol):
    """For a door that is open to everybody: uvicorn itself waits for a request as long as one likes, and whoever holds
    enough lines would leave none for the rest. What is there to its last byte is worked on in peace."""

    _cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        self._stop()
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self.cycle and not self.cycle.more_body and not self.cycle.response_complete:
            self._stop()
        elif self._cut is None and not self.transport.is_closing():
            self._cut = self.loop.call_later(ENTRY_SECONDS, self.transport.abort)

    def _stop(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None


def _config(door: Door) -> uvicorn.Config:
    return uvicorn.Config(
        Edges(door.app),
        log_level="warning",
        access_log=False,
        ws="none",
        # Who opened the line is counted: behind a balancer that passes TCP on, all else is the client's own word.
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
