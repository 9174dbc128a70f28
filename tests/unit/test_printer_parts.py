"""The printer's parts by themselves: addresses, bytes, answers, the owning thread, plain text in the simulator."""

from __future__ import annotations

import logging
import queue
import socket
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from PIL import Image

from devices.printer import escpos_bytes
from devices.printer.api import JobResult, Outcome, PrinterStatus, PrinterTrouble
from devices.printer.escpos_driver import open_printer
from devices.printer.sim import SimulatedPrinter
from devices.printer.uri import (
    Answers,
    FileAddress,
    Flow,
    SerialAddress,
    TcpAddress,
    UsbAddress,
    read_address,
)
from devices.printer.worker import PrinterThread
from tests.support.slips import FONTS

READY = PrinterStatus(trouble=None, paper_low=False, certain=True)
PRINTED = JobResult(outcome=Outcome.PRINTED, status=READY, sent=1)
PAPER = Image.new("1", (576, 16), 1)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("tcp://10.0.0.7:9100", TcpAddress(host="10.0.0.7", port=9100, answers=Answers.ALL)),
        ("tcp://printer", TcpAddress(host="printer", port=9100, answers=Answers.ALL)),
        ("tcp://[::1]:99?answers=none", TcpAddress(host="::1", port=99, answers=Answers.NONE)),
        (
            "serial:/dev/ttyUSB0?baud=9600&flow=rtscts&answers=status",
            SerialAddress(path="/dev/ttyUSB0", baud=9600, flow=Flow.RTSCTS, answers=Answers.STATUS),
        ),
        ("serial:COM3", SerialAddress(path="COM3", baud=115200, flow=Flow.NONE, answers=Answers.ALL)),
        ("usb:04b8:0E15", UsbAddress(vendor=0x04B8, product=0x0E15, answers=Answers.ALL)),
        ("file:/dev/usb/lp0", FileAddress(path="/dev/usb/lp0")),
    ],
)
def test_address_is_read(uri: str, address: object) -> None:
    assert read_address(uri) == address


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("", "begins with none of the known kinds"),
        ("lpt:1", "begins with none of the known kinds"),
        ("tcp:printer", "names no host; write it as tcp://host:port"),
        ("tcp://:9100", "names no host"),
        ("tcp://h:0", "has port 0"),
        ("tcp://h:x", "cannot be read"),
        ("tcp://h:99999", "cannot be read"),
        ("tcp://h?colour=red", "unknown option 'colour'; known: answers"),
        ("serial:", "names no serial port"),
        ("serial:/dev/x?baud=fast", "has baud=fast, which is not a speed"),
        ("serial:/dev/x?flow=slow", "has flow=slow; known: none, rtscts, xonxoff"),
        ("usb:printer", "does not name a vendor and a product"),
        ("file:", "names no file"),
    ],
)
def test_wrong_address_is_told_in_a_sentence(uri: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="printer address") as told:
        open_printer(uri)
    assert sentence in str(told.value)


def test_width_must_be_a_printers() -> None:
    with pytest.raises(ValueError, match="384, 576, 640 dots wide, not 500"):
        open_printer("file:/tmp/never-opened", width=500)


def test_picture_becomes_bands_and_feeds() -> None:
    picture = Image.new("1", (384, 700), 1)
    picture.paste(0, (0, 10, 8, 210))
    commands = list(escpos_bytes.bands(picture))
    assert [command[:2] for command in commands] == [b"\x1bJ", b"\x1dv", b"\x1dv", b"\x1bJ", b"\x1bJ"]
    feed, band, rest, *white = commands
    assert feed == b"\x1bJ\x0a"
    assert band[:8] == b"\x1dv0\x00" + bytes((48, 0, 128, 0))
    assert rest[:8] == b"\x1dv0\x00" + bytes((48, 0, 72, 0))
    assert band[8 : 8 + 48] == b"\xff" + bytes(47)
    assert [command[2] for command in white] == [255, 235]


def test_few_white_rows_stay_in_their_band() -> None:
    picture = Image.new("1", (384, 12), 1)
    picture.paste(0, (0, 0, 384, 1))
    picture.paste(0, (0, 6, 384, 7))
    commands = list(escpos_bytes.bands(picture))
    assert [command[:2] for command in commands] == [b"\x1dv"]


def test_picture_of_odd_width_is_a_bug() -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        list(escpos_bytes.bands(Image.new("1", (10, 10), 1)))


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        ((0x12, 0x12, 0x12, 0x12), None),
        ((0x1A, 0x16, 0x12, 0x72), PrinterTrouble.COVER_OPEN),
        ((0x1A, 0x32, 0x12, 0x12), PrinterTrouble.PAPER_OUT),
        ((0x1A, 0x12, 0x12, 0x72), PrinterTrouble.PAPER_OUT),
        ((0x1A, 0x52, 0x1A, 0x12), PrinterTrouble.FAULT),
        ((0x12, 0x12, 0x32, 0x12), PrinterTrouble.FAULT),
        ((0x1A, 0x12, 0x12, 0x12), PrinterTrouble.OFFLINE),
    ],
)
def test_answers_are_read(answers: tuple[int, int, int, int], trouble: PrinterTrouble | None) -> None:
    assert escpos_bytes.read_status(answers).trouble is trouble


def test_answers_are_told_apart() -> None:
    xon, automatic, done_low = 0x11, 0x10, 0x03
    assert not any(map(escpos_bytes.is_real_time_answer, (xon, automatic, done_low, 0x00)))
    assert not any(map(escpos_bytes.is_done_answer, (xon, automatic, 0x12, 0x1A)))
    assert escpos_bytes.is_done_answer(done_low)
    assert escpos_bytes.is_real_time_answer(0x1A)


def test_importing_the_driver_leaves_no_traces(tmp_path: Path) -> None:
    code = "import logging, devices.printer.escpos_driver; assert not logging.root.handlers"
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert list(tmp_path.iterdir()) == []


class StubbornPrinter:
    """Prints when it is let, or fails like a bug."""

    width = 576

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.in_hand = threading.Event()
        self.broken = False
        self.printed = 0
        self.closed_by = ""

    def status(self) -> PrinterStatus:
        return READY

    def print(self, picture: Image.Image) -> JobResult:
        self.in_hand.set()
        assert self.go_on.wait(10)
        if self.broken:
            raise ZeroDivisionError
        self.printed += 1
        return PRINTED

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


def test_thread_prints_in_order_and_answers_on_its_own_thread() -> None:
    printer = StubbornPrinter()
    printer.go_on.set()
    thread = PrinterThread(printer)
    told: queue.SimpleQueue[object] = queue.SimpleQueue()
    thread.submit(PAPER, lambda result: told.put((result, threading.current_thread().name)))
    thread.ask(told.put)
    assert told.get(timeout=10) == (PRINTED, "printer")
    assert told.get(timeout=10) == READY
    assert thread.width == 576
    assert thread.stop()
    assert thread.stop()
    assert printer.closed_by == "printer"
    with pytest.raises(RuntimeError, match="stopped"):
        thread.submit(PAPER, told.put)


def test_stopping_finishes_the_slip_in_hand_and_answers_the_waiting() -> None:
    printer = StubbornPrinter()
    thread = PrinterThread(printer)
    told: queue.SimpleQueue[JobResult] = queue.SimpleQueue()
    statuses: queue.SimpleQueue[PrinterStatus] = queue.SimpleQueue()
    thread.submit(PAPER, told.put)
    thread.submit(PAPER, told.put)
    thread.ask(statuses.put)
    assert printer.in_hand.wait(10)
    assert not thread.stop(within_s=0)
    printer.go_on.set()
    assert thread.stop()
    assert told.get(timeout=10) == PRINTED
    waiting = told.get(timeout=10)
    assert (waiting.outcome, waiting.sent) == (Outcome.NOT_PRINTED, 0)
    assert statuses.get(timeout=10).trouble is PrinterTrouble.OFFLINE
    assert printer.printed == 1


def test_a_waiting_thread_holds_nothing_of_the_last_slip() -> None:
    printer = StubbornPrinter()
    printer.go_on.set()
    thread = PrinterThread(printer)
    let_go = threading.Event()
    told: queue.SimpleQueue[JobResult] = queue.SimpleQueue()
    picture = Image.new("1", (576, 16), 1)
    weakref.finalize(picture, let_go.set)
    thread.submit(picture, told.put)
    del picture
    assert told.get(timeout=10) == PRINTED
    assert let_go.wait(10)
    assert thread.stop()


def test_bug_in_a_driver_ends_as_unknown_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    printer = StubbornPrinter()
    printer.broken = True
    printer.go_on.set()
    thread = PrinterThread(printer)
    told: queue.SimpleQueue[JobResult] = queue.SimpleQueue()
    with caplog.at_level(logging.ERROR):
        thread.submit(PAPER, told.put)
        assert told.get(timeout=10).outcome is Outcome.UNKNOWN
    assert "the printer driver failed" in caplog.text
    assert thread.stop()


def send(sim: SimulatedPrinter, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(sim.uri.rpartition(":")[2])), timeout=5) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        line.recv(1)


def test_simulator_prints_plain_text_and_keeps_its_slips(tmp_path: Path) -> None:
    seen: queue.SimpleQueue[Image.Image] = queue.SimpleQueue()
    with SimulatedPrinter(folder=tmp_path, on_slip=seen.put, font=FONTS / "NotoSansCJKsc-Regular.otf") as sim:
        chinese = b"\x1c&" + "受理凭条".encode("gb18030") + b"\n\x1c." + b"plain\x1bd\x02"
        send(sim, b"\x1b@\x1ba\x01\x1b2" + chinese + b"\x10\x04\x01" + b"\x1dV\x00")
        slip = seen.get(timeout=10)
        assert slip.size == (576, 30 + 30 + 60)
        assert slip.crop((0, 0, 576, 30)).histogram()[0] > slip.crop((0, 30, 576, 60)).histogram()[0] > 0
        send(sim, b"\x1b@\x1bJ\xff\x1dVA\x00")
        assert seen.get(timeout=10).height == round(255 * 203 / 360)  # no GS P: the maker's own unit
        assert [path.name for path in sorted(tmp_path.iterdir())] == ["slip-0001.png", "slip-0002.png"]
        send(sim, b"\x1b\x7f\x1dv1\x00\x00\x00\x00\x00\x10\x99\x1dV\x00")
        sim.wait_for_slips(3, 10)
        assert sim.unknown_commands() == [b"\x1b\x7f", b"\x1dv1", b"\x10\x99"]
