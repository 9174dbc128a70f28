"""Ports for servers that are told theirs by number."""

from __future__ import annotations

import socket
from contextlib import suppress
from secrets import randbelow


def free_port() -> int:
    """A port nobody listens on. Linux gives those from 32768 on to whoever asks for any, and to outgoing connections:
    one of them may be taken before the server begins, or while it is away."""
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", 20_000 + randbelow(12_000))) as probe:
            return int(probe.getsockname()[1])
