"""A process that reads cards as badly as the file named first says, and well when it is empty.

``python -m tests.support.bad_child FILE``: FILE holds ``die``, ``segfault``, ``hang``, ``nonsense``,
``twice``, ``more``, ``early`` (ends before anybody asks) or nothing. Its process id is left in FILE.pid.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

from devices.card.child import keep_memory_private, main
from devices.card.message import HEAD, frame, length_in
from devices.card.sim_child import open_any


def _misbehave(way: str) -> None:
    sys.stdin.buffer.read(length_in(sys.stdin.buffer.read(HEAD)))
    match way:
        case "die":
            os._exit(3)
        case "segfault":
            ctypes.string_at(0)
        case "hang":
            signal.pause()
        case "nonsense":
            os.write(1, b"\xff\xff\xff\xff")
        case "twice":
            os.write(1, frame(b'{"trouble":"card-mute"}') * 2)
        case _:
            read: object = {
                "profile": "x",
                "assurance": "signed",
                "fields": {"shoe_size": "39"},
                "checks": [],
                "photo": None,
            }
            os.write(1, frame(json.dumps(read).encode()))


if __name__ == "__main__":
    order = Path(sys.argv[1])
    way = order.read_text()
    order.with_suffix(".pid").write_text(str(os.getpid()))
    if not way:
        main(open_any, addresses=())
    elif way != "early":
        keep_memory_private()
        _misbehave(way)
