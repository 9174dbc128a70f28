"""A slip through a queue of CUPS: another program owns the printer, and we have its word only.

What differs from a printer of our own: nobody sees paper or cover unless the queue's backend tells; "completed" means
that every byte was handed to the printer, so a status is never ``certain``; and a queue prints later by itself what it
could not print now. A slip that comes out an hour later, in front of somebody else, is worse than none: so a job that
does not end in time is cancelled, and its end is then unknown unless CUPS never began it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from devices.printer.api import JobResult, Outcome, Part, PrinterStatus, PrinterTrouble, Setup
from devices.printer.escpos_bytes import commands, knife, slip_bytes
from devices.printer.ipp import CANCEL_JOB, GET_JOB_ATTRIBUTES, GET_PRINTER_ATTRIBUTES, Attributes, IppRefused, Queue
from devices.printer.job import SILENT
from devices.printer.talk import Deadlines
from devices.printer.uri import CupsAddress

_LOOK_S = 0.1
_STOPPED = 5  # printer-state, RFC 8011, 5.4.11
_CANCELLED, _ABORTED, _COMPLETED = 7, 8, 9  # job-state, RFC 8011, 5.3.7

_TROUBLES = {
    PrinterTrouble.COVER_OPEN: {"cover-open", "door-open", "interlock-open"},
    PrinterTrouble.PAPER_OUT: {"media-empty", "media-needed"},
    PrinterTrouble.OFFLINE: {"offline", "connecting-to-device", "timed-out", "shutdown", "paused"},
}


class CupsPrinter:
    """A :class:`devices.printer.api.Printer` behind a queue. Not thread-safe: its owner is one thread."""

    def __init__(self, *, address: CupsAddress, setup: Setup, deadlines: Deadlines) -> None:
        self._queue = Queue(host=address.host, port=address.port, name=address.queue, within_s=deadlines.connect)
        self._setup = setup
        self._deadlines = deadlines

    @property
    def setup(self) -> Setup:
        return self._setup

    def status(self) -> PrinterStatus:
        try:
            told = self._queue.ask(
                GET_PRINTER_ATTRIBUTES, "printer-state", "printer-state-reasons", "printer-is-accepting-jobs"
            )
        except (OSError, IppRefused):
            return SILENT
        return read_queue(told)

    def print(self, slip: Sequence[Part]) -> JobResult:
        """See :class:`devices.printer.api.Printer`."""
        data = slip_bytes(slip, self._setup)
        rows = sum(command.rows for command in commands(slip, self._setup)) + knife(self._setup).rows
        before = self.status()
        if before.trouble is not None:
            return JobResult(outcome=Outcome.NOT_PRINTED, status=before, sent=0)
        try:
            job = self._queue.submit(data, cancel_after_s=int(self._deadlines.finish) + 1)
        except IppRefused:
            return JobResult(outcome=Outcome.NOT_PRINTED, status=self.status(), sent=0)
        except OSError:  # it may have arrived all the same
            return JobResult(outcome=Outcome.UNKNOWN, status=self.status(), sent=len(data), rows=rows)
        outcome, status = self._followed(job)
        return JobResult(outcome=outcome, status=status, sent=len(data), rows=rows)

    def close(self) -> None:
        """Every question has a connection of its own."""

    def _followed(self, job: int) -> tuple[Outcome, PrinterStatus]:
        try:
            told = self._ended(job, self._deadlines.finish)
            status = self.status()  # while the job still tries: a cancelled one leaves an idle queue behind
            if told is None:
                self._queue.ask(CANCEL_JOB, job=job)
                told = self._ended(job, self._deadlines.answer)
        except (OSError, IppRefused):
            return Outcome.UNKNOWN, self.status()
        if told is not None and told.get("job-state") == [_COMPLETED]:
            return Outcome.PRINTED, status
        status = status if status.trouble else SILENT  # the queue's backend often does not say what is wrong
        begun = told is None or told.get("time-at-processing", [None]) != [None]
        return (Outcome.UNKNOWN if begun else Outcome.NOT_PRINTED), status

    def _ended(self, job: int, within_s: float) -> Attributes | None:
        """What is told of the job once it has ended; ``None`` when it has not in time."""
        deadline = time.monotonic() + within_s
        while True:
            told = self._queue.ask(GET_JOB_ATTRIBUTES, "job-state", "time-at-processing", job=job)
            if told.get("job-state", [0])[0] in (_CANCELLED, _ABORTED, _COMPLETED):
                return told
            if time.monotonic() >= deadline:
                return None
            time.sleep(_LOOK_S)


def read_queue(told: Attributes) -> PrinterStatus:
    """The queue's attributes as a status. Reasons carry their weight at the end (RFC 8011, 5.4.12)."""
    reasons = {str(reason) for reason in told.get("printer-state-reasons", [])}
    plain = {reason.removesuffix("-error").removesuffix("-warning").removesuffix("-report") for reason in reasons}
    trouble = next((trouble for trouble, names in _TROUBLES.items() if names & plain), None)
    if trouble is None and any(reason.endswith("-error") for reason in reasons):
        trouble = PrinterTrouble.FAULT
    if trouble is None and (
        told.get("printer-state") == [_STOPPED] or told.get("printer-is-accepting-jobs") == [False]
    ):
        trouble = PrinterTrouble.OFFLINE
    return PrinterStatus(trouble=trouble, paper_low="media-low" in plain, certain=False)
