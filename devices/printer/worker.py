"""One thread owns the printer: nothing in python-escpos is thread-safe, and a slip takes seconds.

A job that was handed in is answered exactly once, on the printer's own thread, whatever happens; it is never printed a
second time from here.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from devices.printer.api import JobResult, Outcome, Printer, PrinterStatus
from devices.printer.job import SILENT

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Slip:
    picture: Image.Image
    on_result: Callable[[JobResult], None]


@dataclass(frozen=True, slots=True)
class _Question:
    on_status: Callable[[PrinterStatus], None]


class PrinterThread:
    """Owns *printer* from now on, and closes it in the end. Callbacks run on its thread: they post, and return."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._work: queue.SimpleQueue[_Slip | _Question | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)
        self._thread.start()

    @property
    def width(self) -> int:
        """Dots across the paper."""
        return self._printer.width

    def submit(self, picture: Image.Image, on_result: Callable[[JobResult], None]) -> None:
        """Print *picture* after what was handed in before. Raises :class:`RuntimeError` after :meth:`stop`."""
        self._put(_Slip(picture, on_result))

    def ask(self, on_status: Callable[[PrinterStatus], None]) -> None:
        """Ask for the printer's status after what was handed in before. Raises :class:`RuntimeError` after
        :meth:`stop`."""
        self._put(_Question(on_status))

    def stop(self, within_s: float = 30.0) -> bool:
        """Finish the slip in hand, answer the waiting ones "not printed", let go of the printer. Idempotent; whether
        the thread ended within *within_s* seconds."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._work.put(None)
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _put(self, work: _Slip | _Question) -> None:
        if self._stopping.is_set():
            raise RuntimeError("the printer thread was stopped")
        self._work.put(work)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            self._handle(work)
            del work  # a waiting thread holds nothing of the last resident's slip
        self._printer.close()

    def _handle(self, work: _Slip | _Question) -> None:
        match work:
            case _Slip(picture, on_result):
                on_result(self._print(picture))
            case _Question(on_status):
                on_status(SILENT if self._stopping.is_set() else self._printer.status())

    def _print(self, picture: Image.Image) -> JobResult:
        if self._stopping.is_set():
            return JobResult(outcome=Outcome.NOT_PRINTED, status=SILENT, sent=0)
        try:
            return self._printer.print(picture)
        except Exception:  # noqa: BLE001 (logged and answered below)
            # A bug, but a resident stands here and waits for a word: it is told as a bug, and the job's end is unknown.
            _log.exception("the printer driver failed")
            return JobResult(outcome=Outcome.UNKNOWN, status=SILENT, sent=0)
