"""How many lines a door holds, and for how long one may say nothing before it is known who is there.

All doors of a process share its descriptors, and a line with TLS takes 0.3 MB of its memory from the first moment on.
So each door has a share, and of that one address (of IPv6: one network) has half. What comes beyond the address's half
is closed at once, since whose it is can't be known before; what comes beyond the door's share waits in the kernel.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from uvicorn.server import ServerState

from district.answers import PROBLEM_JSON, problem_body

MOST_LINES = 2000
"""For one door of a process: its half is for all terminals behind a balancer that passes TCP on. Most of them stay for
a moment: with nothing to ask a line is closed after five seconds."""
HANDSHAKE_SECONDS = 15.0
"""For TLS: half of what a terminal waits for the whole of its answer."""
QUEUED = 2048
"""Lines that wait in the kernel, if it lets so many (net.core.somaxconn)."""
_PAUSE_SECONDS = 1.0
_QUIET_SECONDS = 60.0

_log = logging.getLogger(__name__)


def lines_of_a_door() -> int:
    """Where the process's limit of descriptors is lower than needed, it is raised as far as it may be. A quarter is
    for each of three doors; the rest is for the database, papers and the object store."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = min(4 * MOST_LINES, hard)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    return min(MOST_LINES, max(soft, needed) // 4)


def network_of(host: str) -> str:
    """Whom to count: an address, or the network of one that has a whole network to itself; else what is there of it."""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    return str(ip_network(f"{address}/64", strict=False)) if isinstance(address, IPv6Address) else host


class Line(asyncio.Protocol):
    """What both of uvicorn's protocols are here. `gone` is set when it has ended."""

    gone: asyncio.Event
    transport: asyncio.Transport
    server_state: ServerState
    cycle: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.gone = asyncio.Event()
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.gone.set()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's name, and its words are for the log
        """To what is no HTTP: problem details as everywhere, where uvicorn has plain text."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or (cycle.more_body and not cycle.response_started):
            body = problem_body(400, "http")
            own = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", b"%d" % len(body))]
            headers = [*self.server_state.default_headers, *own, (b"connection", b"close")]
            fields = b"".join(b"%b: %b\r\n" % field for field in headers)
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + fields + b"\r\n" + body)
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Who wants to upgrade may be answered as if they had not asked (RFC 9110, 7.8). uvicorn would tell the log to
        install a library."""


class Entrance:
    """Takes in the lines that come to a listener, at most `most` at a time; `make` gives each its protocol."""

    def __init__(
        self, listener: socket.socket, make: Callable[[], Line], *, tls: ssl.SSLContext | None, most: int
    ) -> None:
        self._listener = listener
        self._make = make
        self._tls = tls
        self._most_of_one = max(1, most // 2)
        self._room = asyncio.Semaphore(most)
        self._open = Counter[str]()
        self._tasks = {asyncio.create_task(self._welcome())}
        self._said = -_QUIET_SECONDS

    async def close(self) -> None:
        """Takes no more in, and cuts what has not got through TLS. The others stay."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()

    async def _welcome(self) -> None:
        while True:
            await self._room.acquire()
            line, place = await self._next()
            self._open[place] += 1
            task = asyncio.create_task(self._keep(line, place))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _next(self) -> tuple[socket.socket, str]:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0)  # while lines are there sock_accept gives them without letting anybody else work
            try:
                line, address = await loop.sock_accept(self._listener)
            except OSError as trouble:
                self._say(trouble)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            place = network_of(address[0])
            if self._open[place] < self._most_of_one:
                return line, place
            line.close()

    async def _keep(self, line: socket.socket, place: str) -> None:
        seconds = None if self._tls is None else HANDSHAKE_SECONDS
        try:
            _, protocol = await asyncio.get_running_loop().connect_accepted_socket(
                self._make, line, ssl=self._tls, ssl_handshake_timeout=seconds
            )
            await protocol.gone.wait()
        except OSError:
            pass  # no TLS, or none in time: whoever called knows
        finally:
            self._open[place] -= 1
            if not self._open[place]:
                del self._open[place]
            self._room.release()

    def _say(self, trouble: OSError) -> None:
        if time.monotonic() - self._said >= _QUIET_SECONDS:
            self._said = time.monotonic()
            _log.warning("no line can be taken in: %s", trouble.strerror)
