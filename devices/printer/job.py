"""One slip from the first byte to the knife, and an honest word on how it ended.

The order is: ask (DLE EOT 1-4), send the slip command by command and ask after each, wait until the printer says that
it is printed (``GS r`` stands in its queue behind the slip), cut, wait again, ask again. From it follows the outcome:

* nothing of the slip left the terminal: **not printed**;
* the printer said "done" after the cut, and still answers: **printed**;
* it named a trouble before the cut was sent and confirmed that it threw the rest away (``DLE DC4 8``): **not printed**;
  the piece that hangs in the mouth is cut off before the next slip;
* anything else (connection lost, silence, no confirmation, trouble at the knife): **unknown**. A member of staff looks.

A printer that cannot answer (``StatusKind.NONE``) is believed when every byte was taken, and its status is never
``certain``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from devices.printer import escpos_bytes
from devices.printer.api import JobResult, Outcome, Part, PrinterStatus, PrinterTrouble, Setup, StatusKind
from devices.printer.escpos_bytes import Command
from devices.printer.talk import Deadlines, Link, LinkLost, Talk

SLOWEST_ROWS_PER_S = 400  # 50 mm/s at 8 dots/mm: slower than any slip printer on sale
KNIFE_S = 0.5  # for printers that never say "done"
_LOOK_S = 0.2

SILENT = PrinterStatus(trouble=PrinterTrouble.OFFLINE, paper_low=False, certain=False)
UNASKED = PrinterStatus(trouble=None, paper_low=False, certain=False)


class _Stopped(Exception):
    """The job cannot go on; ``status`` is the printer's own last word."""

    def __init__(self, status: PrinterStatus) -> None:
        super().__init__(status)
        self.status = status


class SlipPrinter:
    """A :class:`devices.printer.api.Printer` on any link. Not thread-safe: its owner is one thread. ``shared``: the
    connection is let go after each question and slip, because a network printer serves one at a time and others (a
    technician's test, the terminal beside) want it, too."""

    def __init__(
        self, *, open_link: Callable[[], Link], setup: Setup, deadlines: Deadlines, shared: bool = False
    ) -> None:
        self._open_link = open_link
        self._shared = shared
        self._setup = setup
        self._deadlines = deadlines
        self._talk: Talk | None = None
        self._scrap = False

    @property
    def setup(self) -> Setup:
        return self._setup

    @property
    def _answers(self) -> bool:
        return self._setup.status is not StatusKind.NONE

    def status(self) -> PrinterStatus:
        status = self._ask()
        self._let_go()
        return status

    def print(self, slip: Sequence[Part]) -> JobResult:
        """See :class:`devices.printer.api.Printer`."""
        result = self._print(escpos_bytes.commands(slip, self._setup))
        self._let_go()
        return result

    def close(self) -> None:
        if self._talk is not None:
            self._talk.close()
            self._talk = None

    def _let_go(self) -> None:
        if self._shared:
            self.close()

    def _ask(self) -> PrinterStatus:
        if not self._answers:
            self.close()  # an old connection would not tell that it is dead
        # A connection kept since yesterday may be dead without anyone having told us: a fresh one gets a second try.
        for kept in (self._talk is not None, False):
            try:
                talk = self._connected()
                return talk.status() if self._answers else UNASKED
            except LinkLost:
                self.close()
            if not kept:
                break
        return SILENT

    def _print(self, commands: Sequence[Command]) -> JobResult:
        before = self._ask()
        if before.trouble is not None or self._talk is None:
            return JobResult(outcome=Outcome.NOT_PRINTED, status=before, sent=0)
        talk = self._talk
        talk.sent = 0
        try:
            if self._scrap and self._answers:
                talk.throw_away()
            talk.send(escpos_bytes.head(self._setup, after_scrap=self._scrap))
        except LinkLost:
            self.close()
            return JobResult(outcome=Outcome.NOT_PRINTED, status=self._ask(), sent=talk.sent)
        self._scrap = True
        return self._run(talk, commands)

    def _connected(self) -> Talk:
        if self._talk is None:
            self._talk = Talk(self._open_link(), self._deadlines)
        return self._talk

    def _run(self, talk: Talk, commands: Sequence[Command]) -> JobResult:
        """The slip, now that the printer is ready."""
        rows = 0
        at_knife = False
        try:
            for command in commands:
                talk.send(command.data)
                rows += command.rows
                self._watch(talk, command.data)
            self._finish(talk, rows)
            at_knife = True
            knife = escpos_bytes.knife(self._setup)
            talk.send(knife.data)
            rows += knife.rows
            self._finish(talk, knife.rows)
        except LinkLost:
            self.close()
            return JobResult(outcome=Outcome.UNKNOWN, status=self._ask(), sent=talk.sent, rows=rows)
        except _Stopped as stopped:
            outcome = Outcome.NOT_PRINTED if self._stays_unfinished(talk, at_knife=at_knife) else Outcome.UNKNOWN
            return JobResult(outcome=outcome, status=stopped.status, sent=talk.sent, rows=rows)
        self._scrap = False
        after = self._ask() if self._answers else UNASKED
        # "Done" may be a byte of noise from a printer that loses its power at this moment.
        outcome = Outcome.UNKNOWN if after == SILENT else Outcome.PRINTED
        return JobResult(outcome=outcome, status=after, sent=talk.sent, rows=rows)

    def _watch(self, talk: Talk, sent: bytes) -> None:
        """Stop when the printer is off line."""
        if not self._answers:
            return
        if strays := escpos_bytes.stray_answers(sent):
            talk.let_pass(strays)
        if talk.is_off_line():
            raise _Stopped(talk.status())

    def _finish(self, talk: Talk, rows: int) -> None:
        """Come back when the printer has printed all it got; the last command was of *rows*."""
        if not self._answers:
            talk.drain()
            return
        finish = self._deadlines.finish
        waits = self._setup.status is StatusKind.GS_R
        if waits:
            talk.ask_when_done()
        else:
            finish = min(finish, KNIFE_S + rows / SLOWEST_ROWS_PER_S)
        deadline = time.monotonic() + finish
        while (left := deadline - time.monotonic()) > 0:
            if not waits:
                talk.rest(min(left, _LOOK_S))
            elif talk.is_done(min(left, _LOOK_S)):
                return
            self._watch(talk, b"")
        if waits:
            raise LinkLost("the printer answers but never says that it is done")

    def _stays_unfinished(self, talk: Talk, *, at_knife: bool) -> bool:
        try:
            return talk.throw_away() and not at_knife
        except LinkLost:
            self.close()
            return False
