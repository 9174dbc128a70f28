"""One thread owns the printer: nothing in python-escpos is thread-safe, and a slip takes seconds.

A job that was handed in is answered exactly once, on the printer's own thread, whatever happens; it is never printed a
second time from here. Between jobs the printer is asked now and then how it is, so that staff learn of an empty roll
before a resident does.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.printer.api import JobResult, Outcome, Part, Printer, PrinterStatus, Setup
from devices.printer.counter import PaperCounter
from devices.printer.job import SILENT

LOOK_S = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Slip:
    parts: Sequence[Part]
    on_result: Callable[[JobResult], None]


class PrinterThread:
    """Owns *printer* from now on, and closes it in the end. ``on_status`` is told how the printer is, at first and at
    every change; ``counter`` keeps the count of paper. Callbacks run on the thread: they post, and return."""

    def __init__(
        self,
        printer: Printer,
        *,
        on_status: Callable[[PrinterStatus], None],
        counter: PaperCounter,
        look_s: float = LOOK_S,
    ) -> None:
        self._printer = printer
        self._on_status = on_status
        self._counter = counter
        self._look_s = look_s
        self._told: PrinterStatus | None = None
        self._work: queue.SimpleQueue[_Slip | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def setup(self) -> Setup:
        """How the printer is set up."""
        return self._printer.setup

    def submit(self, slip: Sequence[Part], on_result: Callable[[JobResult], None]) -> None:
        """Print *slip* after what was handed in before. Raises :class:`RuntimeError` after :meth:`stop`."""
        if self._stopping.is_set():
            raise RuntimeError("the printer thread was stopped")
        self._work.put(_Slip(slip, on_result))

    def stop(self, within_s: float = 30.0) -> bool:
        """Finish the slip in hand, answer the waiting ones "not printed", let go of the printer. Idempotent; whether
        the thread ended within *within_s* seconds."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._work.put(None)
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        wait_s = 0.0  # the first look is at once
        while True:
            try:
                work = self._work.get(timeout=wait_s)
            except queue.Empty:
                self._look()
                wait_s = self._look_s
                continue
            if work is None:
                break
            self._handle(work)
            del work  # a waiting thread holds nothing of the last resident's slip
            wait_s = self._look_s
        self._printer.close()

    def _handle(self, slip: _Slip) -> None:
        result = self._print(slip.parts)
        slip.on_result(result)
        if not self._stopping.is_set():
            self._count(lambda: self._counter.job(result))
            self._tell(result.status)

    def _look(self) -> None:
        try:
            status = self._printer.status()
        except Exception:  # noqa: BLE001 (logged; the thread must live to print)
            _log.exception("the printer driver failed")
            return
        self._count(lambda: self._counter.status(status))
        self._tell(status)

    def _tell(self, status: PrinterStatus) -> None:
        if status != self._told:
            self._told = status
            self._on_status(status)

    def _count(self, note: Callable[[], None]) -> None:
        try:
            note()
        except OSError as failure:  # a full disk keeps nobody from a slip
            _log.warning("the count of paper could not be kept: %s", failure.strerror)

    def _print(self, slip: Sequence[Part]) -> JobResult:
        if self._stopping.is_set():
            return JobResult(outcome=Outcome.NOT_PRINTED, status=SILENT, sent=0)
        try:
            return self._printer.print(slip)
        except Exception:  # noqa: BLE001 (logged and answered below)
            # A bug, but a resident stands here and waits for a word: it is told as a bug, and the job's end is unknown.
            _log.exception("the printer driver failed")
            return JobResult(outcome=Outcome.UNKNOWN, status=SILENT, sent=0)
