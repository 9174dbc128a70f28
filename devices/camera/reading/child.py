"""The reading process itself: ``python -m devices.camera.reading.child``. Knows a page only while it reads it.

It is a process of its own because the engine takes half a gigabyte and C++ that reads pictures may crash; killing it
is how everything it held is forgotten. Requests come in over standard input, answers go out over what standard output
was at the start; what libraries print goes nowhere. No core dump, no network, no child of its own; memory is bounded.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import BinaryIO

import numpy as np

from devices.camera.api import Picture
from devices.camera.reading import wire

_MOST_MEMORY = 3 * 1024**3
"""Bytes of address space: four times what a page needs."""
_FORBIDDEN = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "os.exec")


def main() -> None:
    """Serve until the other side closes its end."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    os.nice(5)
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.addaudithook(_forbid)
    serve(sys.stdin.buffer, answers)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each request of ``requests``; the engine is loaded before the first one is waited for."""
    from devices.camera.reading.engine import Engine
    from devices.camera.reading.fields import find, zone

    engine = Engine()
    while (request := wire.read_request(requests)) is not None:
        match request:
            case wire.Page(picture=picture, kinds=kinds):
                found = find(engine.page(picture), kinds)
            case wire.Zone(lines=lines):
                # rapidocr's classifier does not know fillers on their heads; that nothing is read of them does.
                found = zone(engine.zone(lines)) or zone(engine.zone(_on_their_heads(lines)))
        wire.write_answer(answers, found)
        del request, found


def _on_their_heads(lines: tuple[Picture, ...]) -> list[Picture]:
    return [np.ascontiguousarray(line[::-1, ::-1]) for line in reversed(lines)]


def _forbid(event: str, _arguments: object) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(f"the reading process does no {event}")


if __name__ == "__main__":
    main()
