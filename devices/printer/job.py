"""One slip from the first byte to the knife, and an honest word on how it ended.

The order is: ask (DLE EOT 1-4), send the picture band by band and ask after each band, wait until the printer says that
the picture is done (``GS r`` stands in its queue behind the picture), cut, wait again, ask again. From it follows the
outcome:

* nothing of the picture left the terminal: **not printed**;
* the printer said "done" after the cut: **printed**, whatever happens later;
* it named a trouble before the cut was sent and confirmed that it threw the rest away (``DLE DC4 8``): **not printed**;
  the piece that hangs in the mouth is cut off before the next slip;
* anything else (connection lost, silence, no confirmation, trouble at the knife): **unknown**. A member of staff looks.

A printer that cannot answer (``answers=none``) is believed when every byte was taken, and its status is never
``certain``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from devices.printer import escpos_bytes
from devices.printer.api import JobResult, Outcome, PrinterStatus, PrinterTrouble
from devices.printer.uri import Answers

FRAGMENT_BYTES = 512
SLOWEST_ROWS_PER_S = 400  # 50 mm/s at 8 dots/mm: slower than any slip printer on sale

KNIFE_S = 0.5  # for printers that never say "done"

SILENT = PrinterStatus(trouble=PrinterTrouble.OFFLINE, paper_low=False, certain=False)
UNASKED = PrinterStatus(trouble=None, paper_low=False, certain=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. ``fragment``: 512 bytes may wait that long for a printer whose buffer is full, and a busy printer may
    take that long to answer; ``finish``: from the last byte to "done"."""

    connect: float = 3.0
    answer: float = 1.0
    fragment: float = 6.0
    finish: float = 20.0


class LinkLost(Exception):
    """The connection is gone or silent. Raised by links, caught in :class:`SlipPrinter`; no caller of the driver meets
    it."""


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


class _Stopped(Exception):
    """The job cannot go on; ``status`` is the printer's own last word."""

    def __init__(self, status: PrinterStatus) -> None:
        super().__init__(status)
        self.status = status


class SlipPrinter:
    """A :class:`devices.printer.api.Printer` on any link. Not thread-safe: its owner is one thread."""

    def __init__(
        self, *, open_link: Callable[[], Link], width: int, answers: Answers, deadlines: Deadlines | None = None
    ) -> None:
        if width not in escpos_bytes.WIDTHS:
            raise ValueError(f"a slip printer is {', '.join(map(str, escpos_bytes.WIDTHS))} dots wide, not {width}")
        self._open_link = open_link
        self._width = width
        self._answers = answers
        self._deadlines = deadlines or Deadlines()
        self._link: Link | None = None
        self._sent = 0
        self._done = False
        self._scrap = False

    @property
    def width(self) -> int:
        return self._width

    def status(self) -> PrinterStatus:
        if self._answers is Answers.NONE:
            return self._reach()
        # A connection kept since yesterday may be dead without anyone having told us: a fresh one gets a second try.
        for kept in (self._link is not None, False):
            try:
                return self._ask_all(self._deadlines.answer)
            except LinkLost:
                self.close()
            if not kept:
                break
        return SILENT

    def print(self, picture: Image.Image) -> JobResult:
        """See :class:`devices.printer.api.Printer`. Raises :class:`ValueError` for a picture of another mode or
        width."""
        if picture.width != self._width:
            raise ValueError(f"this printer is {self._width} dots wide, the picture {picture.width}")
        picture_bands = list(escpos_bytes.bands(picture))
        before = self.status()
        self._sent = 0
        if before.trouble is not None:
            return JobResult(outcome=Outcome.NOT_PRINTED, status=before, sent=0)
        at_knife = False
        try:
            if self._scrap and self._answers is not Answers.NONE:
                self._throw_away()
            self._send(escpos_bytes.head(after_scrap=self._scrap, width=self._width))
        except LinkLost:
            self.close()
            return JobResult(outcome=Outcome.NOT_PRINTED, status=self.status(), sent=self._sent)
        self._scrap = True
        try:
            for band in picture_bands:
                self._send(band)
                self._watch(band)
            self._finish(rows=picture.height)
            at_knife = True
            self._send(escpos_bytes.FEED_AND_CUT)
            self._finish(rows=0)
        except LinkLost:
            self.close()
            return JobResult(outcome=Outcome.UNKNOWN, status=self.status(), sent=self._sent)
        except _Stopped as stopped:
            outcome = Outcome.NOT_PRINTED if self._stays_unfinished(at_knife=at_knife) else Outcome.UNKNOWN
            return JobResult(outcome=outcome, status=stopped.status, sent=self._sent)
        self._scrap = False
        after = UNASKED if self._answers is Answers.NONE else self.status()
        return JobResult(outcome=Outcome.PRINTED, status=after, sent=self._sent)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _reach(self) -> PrinterStatus:
        """For a printer that never answers: whether it can be reached now, which an old connection would not tell."""
        self.close()
        try:
            self._connected()
        except LinkLost:
            return SILENT
        return UNASKED

    def _connected(self) -> Link:
        if self._link is None:
            self._link = self._open_link()
        return self._link

    def _send(self, data: bytes) -> None:
        link = self._connected()
        for at in range(0, len(data), FRAGMENT_BYTES):
            fragment = data[at : at + FRAGMENT_BYTES]
            link.send(fragment, self._deadlines.fragment)
            self._sent += len(fragment)

    def _ask(self, question: int, within_s: float) -> int:
        link = self._connected()
        while late := link.receive(0):
            self._note(late)
        link.send(escpos_bytes.ask(question), within_s)
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            heard = link.receive(left)
            self._note(heard)
            for byte in heard:
                if escpos_bytes.is_real_time_answer(byte):
                    return byte
        raise LinkLost(f"no answer to DLE EOT {question} within {within_s} s")

    def _ask_all(self, within_s: float) -> PrinterStatus:
        printer, cause, error, roll = (self._ask(question, within_s) for question in (1, 2, 3, 4))
        return escpos_bytes.read_status((printer, cause, error, roll))

    def _note(self, heard: bytes) -> None:
        self._done = self._done or any(map(escpos_bytes.is_done_answer, heard))

    def _watch(self, sent: bytes) -> None:
        """Stop when the printer is off line. One question is enough: every trouble takes it off line."""
        if self._answers is Answers.NONE:
            return
        if strays := escpos_bytes.stray_answers(sent):
            self._let_pass(strays)
        if self._ask(1, self._deadlines.fragment) & 0x08:
            raise _Stopped(self._ask_all(self._deadlines.answer))

    def _let_pass(self, strays: int) -> None:
        """Wait a moment for answers that the picture itself called forth; many printers give none."""
        heard = b""
        while len(heard) < strays and (more := self._connected().receive(self._deadlines.answer / 4)):
            heard += more
            self._note(more)

    def _finish(self, *, rows: int) -> None:
        """Come back when the printer has printed all it got."""
        if self._answers is Answers.NONE:
            self._connected().drain(self._deadlines.finish)
            return
        finish = self._deadlines.finish
        if self._answers is Answers.ALL:
            self._done = False
            self._send(escpos_bytes.ASK_WHEN_DONE)
        else:
            finish = min(finish, KNIFE_S + rows / SLOWEST_ROWS_PER_S)
        deadline = time.monotonic() + finish
        while not self._done and time.monotonic() < deadline:
            self._note(self._connected().receive(0.2))
            if not self._done:
                self._watch(b"")
        if self._answers is Answers.ALL and not self._done:
            raise LinkLost("the printer answers but never says that it is done")

    def _throw_away(self) -> bool:
        """Empty the printer's buffer; whether it confirmed that."""
        link = self._connected()
        link.send(escpos_bytes.CLEAR, self._deadlines.answer)
        heard = b""
        deadline = time.monotonic() + self._deadlines.answer
        while escpos_bytes.CLEARED not in heard and (left := deadline - time.monotonic()) > 0:
            heard += link.receive(left)
        return escpos_bytes.CLEARED in heard

    def _stays_unfinished(self, *, at_knife: bool) -> bool:
        try:
            return self._throw_away() and not at_knife
        except LinkLost:
            self.close()
            return False
