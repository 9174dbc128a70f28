"""Starts the programs that make sound: text and samples go in and out through pipes, never through a file or an
argument, where other users of the machine could read what a resident hears.

The only module that starts a program. It ends by itself, when its turn is cut, or at its deadline; killed, it is silent
at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from time import monotonic
from typing import IO

from devices.speech.turn import Late, Turn

_PIECE = 65536
_MOST_SAID = 4096


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: its exit status, what it put out, and the first of what it complained."""

    status: int
    out: bytes
    said: str


def run(argv: list[str], *, given: bytes = b"", turn: Turn, within_s: float, most: int = _MOST_SAID) -> Ran:
    """Run ``argv`` with ``given`` on its standard input. Raises :class:`FileNotFoundError` when it is not installed,
    ``Cut`` or ``Late`` as :class:`Turn` does, and ``Late``, too, once it has put out more than ``most`` bytes: whoever
    does not stop talking hangs just as well."""
    child = subprocess.Popen(  # noqa: S603 - our own programs; what residents hear never is an argument  # nosec B603
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
    )
    try:
        out, said = _fed(child, given, turn, monotonic() + within_s, most)
        return Ran(child.returncode, out, said.decode("utf-8", "replace"))
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGKILL)
            child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a pipe whose reader was killed
                    pipe.close()


def _environment() -> dict[str, str]:
    """Ours, without the bundle's own libraries: PyInstaller puts them before the system's, whose programs these are."""
    given = dict(os.environ)
    ours, before = given.pop("LD_LIBRARY_PATH", None), given.pop("LD_LIBRARY_PATH_ORIG", None)
    kept = before if getattr(sys, "frozen", False) else ours
    return {**given, "LC_ALL": "C.UTF-8"} | ({"LD_LIBRARY_PATH": kept} if kept else {})


def _fed(child: subprocess.Popen[bytes], given: bytes, turn: Turn, until: float, most: int) -> tuple[bytes, bytes]:
    assert child.stdin is not None  # noqa: S101 - for the type checker: all three were asked for  # nosec B101
    assert child.stdout is not None  # noqa: S101  # nosec B101
    assert child.stderr is not None  # noqa: S101  # nosec B101
    left = memoryview(given)
    out, said = bytearray(), bytearray()
    readers: dict[int, bytearray] = {child.stdout.fileno(): out, child.stderr.fileno(): said}
    for pipe in (child.stdin, child.stdout, child.stderr):
        os.set_blocking(pipe.fileno(), False)
    ended = os.pidfd_open(child.pid)
    try:
        while readers or child.poll() is None:
            watched = dict.fromkeys(readers, select.POLLIN)
            if not readers:
                watched[ended] = select.POLLIN
            if not child.stdin.closed:
                watched[child.stdin.fileno()] = select.POLLOUT
            for descriptor in turn.wait(watched, until):
                if descriptor in readers:
                    piece = os.read(descriptor, _PIECE)
                    readers[descriptor] += piece
                    if not piece:
                        del readers[descriptor]
                elif descriptor != ended:
                    left = _written(child.stdin, left)
            if len(out) > most:
                raise Late
            del said[_MOST_SAID:]
    finally:
        os.close(ended)
    return bytes(out), bytes(said)


def _written(pipe: IO[bytes], left: memoryview) -> memoryview:
    """What is left to write; closed when nothing is, or when nobody reads any more."""
    try:
        left = left[os.write(pipe.fileno(), left[:_PIECE]) :] if left else left
    except BrokenPipeError:
        left = left[:0]
    if not left:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
    return left
