"""What stands around a printer's driver: the count of paper, and the thread that alone speaks to it."""

from __future__ import annotations

import logging
import queue
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image

from devices.printer.api import (
    JobResult,
    Outcome,
    Part,
    PrinterStatus,
    PrinterTrouble,
    Setup,
)
from devices.printer.counter import Count, PaperCounter, read_count
from devices.printer.worker import PrinterThread

READY = PrinterStatus(trouble=None, paper_low=False, certain=True)
PRINTED = JobResult(outcome=Outcome.PRINTED, status=READY, sent=1, rows=800)
PAPER = Image.new("1", (576, 16), 1)
NOON = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=8)))


def counter_in(folder: Path) -> PaperCounter:
    return PaperCounter(folder / "printer.json", clock=lambda: NOON)


def test_count_survives_a_restart_and_says_nothing_of_anybody(tmp_path: Path) -> None:
    assert read_count(tmp_path / "printer.json") == Count()
    counter_in(tmp_path).job(PRINTED)
    again = counter_in(tmp_path)
    again.job(PRINTED)
    again.job(replace(PRINTED, outcome=Outcome.UNKNOWN, rows=400))
    count = read_count(tmp_path / "printer.json")
    assert (count.slips, count.roll_slips, count.roll_rows, count.roll_metres) == (2, 2, 2000, 0.25)
    assert count.seen == "2026-11-23T12:00:00+08:00"
    assert (tmp_path / "printer.json").stat().st_mode & 0o077 == 0
    again.new_roll()
    count = read_count(tmp_path / "printer.json")
    assert (count.slips, count.roll_slips, count.roll_rows) == (2, 0, 0)
    assert count.roll_since == count.seen


@pytest.mark.parametrize(
    "ending",
    [
        PrinterStatus(trouble=PrinterTrouble.PAPER_OUT, paper_low=True, certain=True),
        PrinterStatus(trouble=None, paper_low=True, certain=True),
    ],
)
def test_paper_that_is_there_again_is_a_new_roll(tmp_path: Path, ending: PrinterStatus) -> None:
    counter = counter_in(tmp_path)
    counter.job(PRINTED)
    counter.status(ending)
    counter.status(PrinterStatus(trouble=PrinterTrouble.COVER_OPEN, paper_low=False, certain=True))
    assert read_count(tmp_path / "printer.json").paper_low
    counter.status(READY)
    count = read_count(tmp_path / "printer.json")
    assert (count.slips, count.roll_slips, count.roll_rows, count.paper_low) == (1, 0, 0, False)


def test_uncertain_status_is_no_new_roll(tmp_path: Path) -> None:
    counter = counter_in(tmp_path)
    counter.job(replace(PRINTED, status=PrinterStatus(trouble=None, paper_low=True, certain=True)))
    counter.status(PrinterStatus(trouble=PrinterTrouble.OFFLINE, paper_low=False, certain=False))
    counter.status(PrinterStatus(trouble=None, paper_low=False, certain=False))
    assert read_count(tmp_path / "printer.json").roll_slips == 1


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{", b'{"slips": "many"}', b'{"name": 1}', b"\xff", b"[" * 4096])
def test_damaged_count_begins_anew(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "printer.json").write_bytes(damaged)
    assert read_count(tmp_path / "printer.json") == Count()


# --- the owning thread ------------------------------------------------------------------------------------------------


class StubbornPrinter:
    """Prints when it is let, or fails like a bug."""

    setup = Setup()

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.in_hand = threading.Event()
        self.broken = False
        self.printed = 0
        self.closed_by = ""
        self.now = READY

    def status(self) -> PrinterStatus:
        if self.broken:
            raise ZeroDivisionError
        return self.now

    def print(self, slip: Sequence[Part]) -> JobResult:
        self.in_hand.set()
        assert self.go_on.wait(10)
        if self.broken:
            raise ZeroDivisionError
        self.printed += 1
        return PRINTED

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


class Owned:
    """A thread that owns a :class:`StubbornPrinter`, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.printer = StubbornPrinter()
        self.statuses: queue.SimpleQueue[PrinterStatus] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[JobResult] = queue.SimpleQueue()
        self.thread = self.make(folder, look_s=60)

    def make(self, folder: Path, look_s: float) -> PrinterThread:
        counter = PaperCounter(folder / "printer.json", clock=lambda: NOON)
        return PrinterThread(self.printer, on_status=self.statuses.put, counter=counter, look_s=look_s)

    def submit(self, picture: Image.Image = PAPER) -> None:
        self.thread.submit([picture], self.results.put)


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Owned]:
    own = Owned(tmp_path)
    yield own
    own.printer.go_on.set()
    assert own.thread.stop()


def test_thread_looks_prints_and_answers_on_its_own_thread(owned: Owned, tmp_path: Path) -> None:
    owned.printer.go_on.set()
    owned.thread.start()
    assert owned.statuses.get(timeout=10) == READY
    told: queue.SimpleQueue[object] = queue.SimpleQueue()
    owned.thread.submit([PAPER], lambda result: told.put((result, threading.current_thread().name)))
    assert told.get(timeout=10) == (PRINTED, "printer")
    assert owned.thread.setup == Setup()
    assert owned.thread.stop()
    assert owned.thread.stop()
    assert owned.printer.closed_by == "printer"
    assert read_count(tmp_path / "printer.json").slips == 1
    assert owned.statuses.empty()  # nothing changed
    with pytest.raises(RuntimeError, match="stopped"):
        owned.submit()


def test_every_change_is_told_once(owned: Owned, tmp_path: Path) -> None:
    owned.thread = owned.make(tmp_path, look_s=0.01)
    owned.thread.start()
    assert owned.statuses.get(timeout=10) == READY
    low = PrinterStatus(trouble=None, paper_low=True, certain=True)
    owned.printer.now = low
    assert owned.statuses.get(timeout=10) == low
    owned.printer.now = READY
    assert owned.statuses.get(timeout=10) == READY


def test_stopping_finishes_the_slip_in_hand_and_answers_the_waiting(owned: Owned) -> None:
    owned.thread.start()
    owned.submit()
    owned.submit()
    assert owned.printer.in_hand.wait(10)
    assert not owned.thread.stop(within_s=0)
    owned.printer.go_on.set()
    assert owned.thread.stop()
    assert owned.results.get(timeout=10) == PRINTED
    waiting = owned.results.get(timeout=10)
    assert (waiting.outcome, waiting.sent) == (Outcome.NOT_PRINTED, 0)
    assert owned.printer.printed == 1


def test_a_waiting_thread_holds_nothing_of_the_last_slip(owned: Owned) -> None:
    owned.printer.go_on.set()
    owned.thread.start()
    let_go = threading.Event()
    picture = Image.new("1", (576, 16), 1)
    weakref.finalize(picture, let_go.set)
    owned.submit(picture)
    del picture
    assert owned.results.get(timeout=10) == PRINTED
    assert let_go.wait(10)


def test_bug_in_a_driver_ends_as_unknown_and_is_told(owned: Owned, caplog: pytest.LogCaptureFixture) -> None:
    owned.printer.broken = True
    owned.printer.go_on.set()
    with caplog.at_level(logging.ERROR):
        owned.thread.start()
        owned.submit()
        assert owned.results.get(timeout=10).outcome is Outcome.UNKNOWN
        assert owned.thread.stop()
    assert "the printer driver failed" in caplog.text


def test_count_that_cannot_be_kept_keeps_nobody_from_a_slip(
    owned: Owned, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "printer.new").mkdir()
    owned.printer.go_on.set()
    owned.thread.start()
    owned.submit()
    assert owned.results.get(timeout=10) == PRINTED
    assert owned.thread.stop()
    assert "could not be kept" in caplog.text
