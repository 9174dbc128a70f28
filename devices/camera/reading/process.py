"""The terminal's side of the reading process: starts it when something is to be read, waits no longer than agreed, and
ends it when nothing was asked for a while, when it fails, and whenever somebody wants all it holds forgotten.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO, cast

from devices.camera.api import Picture
from devices.camera.reading import wire
from devices.camera.reading.api import Kind, Read, ReadingTrouble, Suggestion

PATIENCE = 20.0
"""Seconds for one page, the start of the process included: a page of writing takes 2 to 5 s on one core."""
IDLE = 60.0
"""Seconds without a question until the process is ended: it holds half a gigabyte."""


class ReadingProcess:
    """A :class:`~devices.camera.reading.api.Reader` over a process of its own.

    ``command`` starts ``devices.camera.reading.child``.
    """

    def __init__(self, command: Sequence[str], *, patience: float = PATIENCE, idle: float = IDLE) -> None:
        self._command = list(command)
        self._patience = patience
        self._idle = idle
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._asking = False
        self._rest: threading.Timer | None = None

    def page(self, jpeg: bytes, kinds: frozenset[Kind]) -> Read:
        """See :class:`~devices.camera.reading.api.Reader`."""
        with self._turn:
            return self._ask(lambda: wire.page_request(jpeg, kinds))

    def zone(self, lines: tuple[Picture, ...]) -> Read:
        """See :class:`~devices.camera.reading.api.Reader`."""
        with self._turn:
            return self._ask(lambda: wire.zone_request(lines))

    def warm_up(self) -> None:
        """See :class:`~devices.camera.reading.api.Reader`."""
        with self._lock:
            if not self._asking and self._running() is not None:
                self._let_rest()

    def stop(self) -> None:
        """See :class:`~devices.camera.reading.api.Reader`."""
        with self._lock:
            child, self._child = self._child, None
            self._stay()
            if child is not None:
                self._end(child)

    @property
    def running(self) -> bool:
        """Whether there is a process that holds anything."""
        with self._lock:
            return self._child is not None and self._child.poll() is None

    # --- with the lock held ---

    def _running(self) -> subprocess.Popen[bytes] | None:
        """The process, started if there was none; ``None`` when it cannot be started."""
        self._stay()
        if self._child is not None and self._child.poll() is not None:
            self._end(self._child)
            self._child = None
        if self._child is None:
            try:
                self._child = subprocess.Popen(  # noqa: S603 - our own command, no shell  # nosec B603
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                )
            except OSError:
                return None
            for pipe in (self._child.stdin, self._child.stdout):
                os.set_blocking(cast("IO[bytes]", pipe).fileno(), False)
        return self._child

    def _let_rest(self) -> None:
        """End the process later, unless something is asked before."""
        self._rest = threading.Timer(self._idle, self.stop)
        self._rest.daemon = True
        self._rest.start()

    def _stay(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        """Kill it, and wait for that: a killed process holds nothing any more. Its pipes are closed by the thread that
        waits at them, else here: a number closed under it might be another file's by then."""
        child.kill()
        child.wait()
        if not self._asking:
            _close(child)

    # --- one question ---

    def _ask(self, request: Callable[[], bytes]) -> Read:
        deadline = time.monotonic() + self._patience
        try:
            asked = request()
        except ValueError:
            return ReadingTrouble.FAILED  # larger than anything a camera of ours gives
        with self._lock:
            child = self._running()
            if child is None:
                return ReadingTrouble.FAILED
            self._asking = True
        try:
            read = _answered(child, asked, deadline)
        except TimeoutError:
            read = ReadingTrouble.SLOW
        except (OSError, wire.BrokenWire):
            read = ReadingTrouble.FAILED
        with self._lock:
            self._asking = False
            if self._child is not child:
                _close(child)
                return ReadingTrouble.STOPPED
            if isinstance(read, ReadingTrouble):
                self._child = None
                self._end(child)
            else:
                self._let_rest()
        return read


def _answered(child: subprocess.Popen[bytes], asked: bytes, deadline: float) -> tuple[Suggestion, ...]:
    _write(cast("IO[bytes]", child.stdin), asked, deadline)
    pipe = cast("IO[bytes]", child.stdout)
    return wire.answer(_read(pipe, wire.answer_length(_read(pipe, 4, deadline)), deadline))


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def _write(pipe: IO[bytes], data: bytes, deadline: float) -> None:
    rest = memoryview(data)
    while rest:
        _await(pipe, select.POLLOUT, deadline)
        rest = rest[os.write(pipe.fileno(), rest[:65536]) :]


def _read(pipe: IO[bytes], size: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        _await(pipe, select.POLLIN, deadline)
        part = os.read(pipe.fileno(), size - len(data))
        if not part:
            raise wire.BrokenWire("ended")
        data += part
    return bytes(data)


def _await(pipe: IO[bytes], event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(pipe.fileno(), event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError
