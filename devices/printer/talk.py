"""Talking with one printer: send in fragments, ask, wait for "done", have the rest thrown away; each under a deadline.

A question is never asked while an older answer may still come: what arrives is sorted by :mod:`devices.printer.hearing`
and an answer counts only for the question before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices.printer import escpos_bytes
from devices.printer.api import PrinterStatus
from devices.printer.hearing import Hearing, read_status

FRAGMENT_BYTES = 512
MOST_NONSENSE = 2
"""Bytes that mean nothing, after which a printer is not believed: line noise is one, a wrong baud rate many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. ``fragment``: 512 bytes may wait that long for a printer whose buffer is full, and a busy printer may
    take that long to answer; ``finish``: from the last byte to "done"."""

    connect: float = 3.0
    answer: float = 1.0
    fragment: float = 6.0
    finish: float = 20.0


class LinkLost(Exception):
    """The connection is gone, silent or talks nonsense. Raised by links and :class:`Talk`, caught in the printers; no
    caller of a driver meets it."""


class Link(Protocol):
    """Bytes to and from one printer, each call bounded in seconds."""

    def send(self, data: bytes, within_s: float) -> None:
        """Hand over all of *data* or raise :class:`LinkLost`."""
        ...

    def receive(self, within_s: float) -> bytes:
        """At least one byte, or ``b""`` when none came in time; :class:`LinkLost` when none can come any more."""
        ...

    def drain(self, within_s: float) -> None:
        """Wait until what was sent has left this machine, or raise :class:`LinkLost`."""
        ...

    def close(self) -> None:
        """Let go, at once, whatever still waits."""
        ...


class Talk:
    """One connection to a printer that answers, or that never does."""

    def __init__(self, link: Link, deadlines: Deadlines) -> None:
        self._link = link
        self._deadlines = deadlines
        self._hearing = Hearing()
        self.sent = 0
        """Bytes of slips that left; questions are not counted."""

    def close(self) -> None:
        self._link.close()

    def drain(self) -> None:
        self._link.drain(self._deadlines.finish)

    def send(self, data: bytes) -> None:
        for at in range(0, len(data), FRAGMENT_BYTES):
            fragment = data[at : at + FRAGMENT_BYTES]
            self._link.send(fragment, self._deadlines.fragment)
            self.sent += len(fragment)

    def ask(self, question: int, *, busy: bool = False) -> int:
        """The answer to ``DLE EOT`` *question*; a ``busy`` printer may take longer."""
        within_s = self._deadlines.fragment if busy else self._deadlines.answer
        self._listen(lambda: False, 0)
        done = self._hearing.done
        self._hearing.forget()
        self._hearing.done = done
        self._link.send(escpos_bytes.ask(question), within_s)
        if not self._listen(lambda: bool(self._hearing.answers), within_s):
            raise LinkLost(f"no answer to DLE EOT {question} within {within_s} s")
        return self._hearing.answers.popleft()

    def status(self) -> PrinterStatus:
        printer, cause, error, roll = (self.ask(question) for question in (1, 2, 3, 4))
        return read_status((printer, cause, error, roll))

    def is_off_line(self) -> bool:
        """One question is enough: every trouble takes a printer off line."""
        return bool(self.ask(1, busy=True) & 0x08)

    def rest(self, within_s: float) -> None:
        """Let time pass; what the printer says meanwhile is heard."""
        self._listen(lambda: False, within_s)

    def let_pass(self, strays: int) -> None:
        """Wait a moment for answers that the picture itself called forth; many printers give none."""
        self._listen(lambda: len(self._hearing.answers) >= strays, self._deadlines.answer / 4)

    def ask_when_done(self) -> None:
        self._hearing.done = 0
        self.send(escpos_bytes.ASK_WHEN_DONE)

    def is_done(self, within_s: float) -> bool:
        """Whether the printer has said "done" since it was asked to, or does so in time."""
        return self._listen(lambda: self._hearing.done > 0, within_s)

    def throw_away(self) -> bool:
        """Empty the printer's buffer; whether it confirmed that."""
        self._hearing.forget()
        self._link.send(escpos_bytes.CLEAR, self._deadlines.answer)
        return self._listen(lambda: self._hearing.cleared > 0, self._deadlines.answer)

    def _listen(self, enough: Callable[[], bool], within_s: float) -> bool:
        """Take what comes until it is *enough*; whether it was, in time."""
        deadline = time.monotonic() + within_s
        while not enough():
            heard = self._link.receive(max(0.0, deadline - time.monotonic()))
            self._hearing.feed(heard)
            if self._hearing.nonsense > MOST_NONSENSE:
                raise LinkLost("what the printer says means nothing")
            if not heard and time.monotonic() >= deadline:
                return enough()
        return True
