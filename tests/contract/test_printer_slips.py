"""What every slip printer must do, through the real driver over real TCP, with every fault the simulator can have."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import usb.core
import zxingcpp
from PIL import Image, ImageDraw

from devices.printer.api import JobResult, Outcome, Printer, PrinterStatus, PrinterTrouble
from devices.printer.escpos_bytes import slip_bytes
from devices.printer.escpos_driver import open_printer
from devices.printer.job import Deadlines
from devices.printer.sim import SimulatedPrinter
from kiosk.receipts.picture import draw
from tests.support.printer_lines import UsbPrinter, serial_line
from tests.support.slips import CHINESE, FONTS

QUICK = Deadlines(connect=0.5, answer=0.4, fragment=0.8, finish=1.5)
READY = PrinterStatus(trouble=None, paper_low=False, certain=True)
MUCH_LATER = 10.0


@pytest.fixture
def sim() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter() as simulated:
        yield simulated
        assert simulated.unknown_commands() == []


@pytest.fixture
def printer(sim: SimulatedPrinter) -> Iterator[Printer]:
    opened = open_printer(sim.uri, deadlines=QUICK)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def slip() -> Image.Image:
    return draw(CHINESE, font_folder=FONTS)


def assert_is_on_paper(paper: Image.Image, picture: Image.Image) -> None:
    """Dot for dot, and nothing but white below it."""
    assert paper.width == picture.width
    assert paper.crop((0, 0, picture.width, picture.height)).tobytes() == picture.tobytes()
    below = paper.crop((0, picture.height, paper.width, paper.height))
    assert below.height > 0
    assert below.convert("L").getextrema() == (255, 255)


def test_ready_printer_says_so(printer: Printer) -> None:
    assert printer.status() == READY
    assert printer.width == 576


@pytest.mark.parametrize("width", [384, 576, 640])
def test_slip_comes_out_dot_for_dot(width: int) -> None:
    picture = draw(CHINESE, width=width, font_folder=FONTS)
    with SimulatedPrinter(width=width) as sim:
        printer = open_printer(sim.uri, width=width, deadlines=QUICK)
        result = printer.print(picture)
        printer.close()
        assert (result.outcome, result.status) == (Outcome.PRINTED, READY)
        assert 1000 < result.sent <= len(sim.received())
        (paper,) = sim.slips()
    assert_is_on_paper(paper, picture)
    (code,) = zxingcpp.read_barcodes(paper.convert("L"))
    assert code.text == CHINESE.qr_text


def test_slips_follow_each_other(sim: SimulatedPrinter, printer: Printer, slip: Image.Image) -> None:
    for _ in range(3):
        assert printer.print(slip).outcome is Outcome.PRINTED
    papers = sim.slips()
    assert len(papers) == 3
    for paper in papers:
        assert_is_on_paper(paper, slip)


def test_cover_open(sim: SimulatedPrinter, printer: Printer, slip: Image.Image) -> None:
    sim.open_cover()
    result = printer.print(slip)
    assert (result.outcome, result.status.trouble, result.sent) == (Outcome.NOT_PRINTED, PrinterTrouble.COVER_OPEN, 0)
    sim.close_cover()
    assert printer.print(slip).outcome is Outcome.PRINTED
    assert len(sim.slips()) == 1


def test_paper_out_before(sim: SimulatedPrinter, printer: Printer, slip: Image.Image) -> None:
    sim.take_paper()
    result = printer.print(slip)
    assert (result.outcome, result.status.trouble, result.sent) == (Outcome.NOT_PRINTED, PrinterTrouble.PAPER_OUT, 0)
    sim.load_paper()
    assert printer.status() == READY


def test_paper_low_still_prints(sim: SimulatedPrinter, printer: Printer, slip: Image.Image) -> None:
    sim.run_low()
    result = printer.print(slip)
    assert result.outcome is Outcome.PRINTED
    assert result.status == PrinterStatus(trouble=None, paper_low=True, certain=True)


def test_paper_out_half_way_and_the_rest_thrown_away(
    sim: SimulatedPrinter, printer: Printer, slip: Image.Image
) -> None:
    sim.take_paper(after_rows=400)
    result = printer.print(slip)
    assert (result.outcome, result.status.trouble) == (Outcome.NOT_PRINTED, PrinterTrouble.PAPER_OUT)
    assert sim.rows_in_the_mouth() == 400
    sim.load_paper()
    assert printer.print(slip).outcome is Outcome.PRINTED
    scrap, paper = sim.slips()
    assert scrap.height < slip.height
    assert_is_on_paper(paper, slip)


def test_paper_out_half_way_on_a_clone_that_keeps_the_rest(slip: Image.Image) -> None:
    with SimulatedPrinter(can_clear=False) as sim:
        printer = open_printer(sim.uri, deadlines=QUICK)
        sim.take_paper(after_rows=400)
        result = printer.print(slip)
        assert (result.outcome, result.status.trouble) == (Outcome.UNKNOWN, PrinterTrouble.PAPER_OUT)
        assert sim.slips() == []
        printer.close()


def test_paper_out_at_the_knife_is_unknown(sim: SimulatedPrinter, printer: Printer, slip: Image.Image) -> None:
    sim.take_paper(after_rows=slip.height + 4)
    result = printer.print(slip)
    assert (result.outcome, result.status.trouble) == (Outcome.UNKNOWN, PrinterTrouble.PAPER_OUT)


def test_stuck_knife_is_a_fault_and_unknown(sim: SimulatedPrinter, printer: Printer, slip: Image.Image) -> None:
    sim.jam_knife()
    result = printer.print(slip)
    assert (result.outcome, result.status.trouble) == (Outcome.UNKNOWN, PrinterTrouble.FAULT)
    sim.free_knife()
    assert printer.status() == READY


def test_nobody_listens(slip: Image.Image) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    printer = open_printer(f"tcp://127.0.0.1:{port}", deadlines=QUICK)
    assert printer.print(slip) == JobResult(
        outcome=Outcome.NOT_PRINTED,
        status=PrinterStatus(trouble=PrinterTrouble.OFFLINE, paper_low=False, certain=False),
        sent=0,
    )
    printer.close()
    printer.close()


def test_silent_printer_is_off_line_within_the_deadline(sim: SimulatedPrinter, printer: Printer) -> None:
    assert printer.status() == READY
    sim.hang()
    began = time.monotonic()
    assert printer.status().trouble is PrinterTrouble.OFFLINE
    assert time.monotonic() - began < 3 * QUICK.answer + QUICK.connect
    sim.wake()
    assert printer.status() == READY


def test_hang_half_way_is_unknown(slip: Image.Image) -> None:
    half_way = threading.Event()
    with SimulatedPrinter(rows_per_s=2000, buffer_bytes=4096) as sim:
        printer = open_printer(sim.uri, deadlines=QUICK)
        results: list[JobResult] = []
        job = threading.Thread(target=lambda: (results.append(printer.print(slip)), half_way.set()))
        job.start()
        wait_until(lambda: sim.rows_in_the_mouth() > 100)
        sim.hang()
        assert half_way.wait(MUCH_LATER)
        job.join()
        (result,) = results
        assert (result.outcome, result.status.trouble) == (Outcome.UNKNOWN, PrinterTrouble.OFFLINE)
        assert result.sent > 0
        printer.close()


@pytest.mark.parametrize("after_bytes", [300, 5_000, 20_000])
def test_lost_connection_is_unknown_and_the_next_slip_whole(
    sim: SimulatedPrinter, printer: Printer, slip: Image.Image, after_bytes: int
) -> None:
    sim.drop_connection(after_bytes=after_bytes)
    result = printer.print(slip)
    assert result.outcome is Outcome.UNKNOWN
    assert sim.slips() == []
    assert printer.print(slip).outcome is Outcome.PRINTED
    assert_is_on_paper(sim.slips()[-1], slip)


def test_power_cycle_half_way_is_unknown(slip: Image.Image) -> None:
    with SimulatedPrinter(rows_per_s=2000, buffer_bytes=4096) as sim:
        printer = open_printer(sim.uri, deadlines=QUICK)
        results: list[JobResult] = []
        job = threading.Thread(target=lambda: results.append(printer.print(slip)))
        job.start()
        wait_until(lambda: sim.rows_in_the_mouth() > 100)
        sim.power_cycle()
        job.join(MUCH_LATER)
        assert results[0].outcome is Outcome.UNKNOWN
        assert printer.print(slip).outcome is Outcome.PRINTED
        assert_is_on_paper(sim.slips()[-1], slip)
        printer.close()


def test_kept_connection_survives_a_power_cycle(sim: SimulatedPrinter, printer: Printer, slip: Image.Image) -> None:
    assert printer.print(slip).outcome is Outcome.PRINTED
    sim.power_cycle()
    assert printer.print(slip).outcome is Outcome.PRINTED
    sim.power_off()
    assert printer.print(slip).outcome is Outcome.NOT_PRINTED
    sim.power_on()
    assert printer.status() == READY


def test_slow_printer_with_a_small_buffer_is_waited_for(slip: Image.Image) -> None:
    with SimulatedPrinter(rows_per_s=3000, buffer_bytes=4096) as sim:
        printer = open_printer(sim.uri, deadlines=QUICK)
        result = printer.print(slip)
        assert (result.outcome, len(sim.slips())) == (Outcome.PRINTED, 1)
        printer.close()


def test_printer_that_never_says_done(slip: Image.Image) -> None:
    with SimulatedPrinter(says_done=False) as sim:
        printer = open_printer(sim.uri, deadlines=QUICK)
        assert printer.print(slip).outcome is Outcome.UNKNOWN
        printer.close()
    with SimulatedPrinter(says_done=False) as sim:
        printer = open_printer(f"{sim.uri}?answers=status", deadlines=QUICK)
        assert printer.print(slip).outcome is Outcome.PRINTED
        assert_is_on_paper(sim.slips()[0], slip)
        printer.close()


def test_printer_that_never_answers_is_believed_but_not_certain(sim: SimulatedPrinter, slip: Image.Image) -> None:
    printer = open_printer(f"{sim.uri}?answers=none", deadlines=QUICK)
    result = printer.print(slip)
    assert result.outcome is Outcome.PRINTED
    assert result.status == PrinterStatus(trouble=None, paper_low=False, certain=False)
    printer.close()
    assert_is_on_paper(sim.wait_for_slips(1, MUCH_LATER)[0], slip)


def test_picture_that_looks_like_status_questions(sim: SimulatedPrinter, printer: Printer) -> None:
    picture = Image.new("1", (576, 300), 1)
    for y in range(0, 300, 7):
        # 10 04 02: "DLE EOT 2", answered by the printer from inside the picture.
        picture.paste(Image.frombytes("1", (24, 1), bytes((0xEF, 0xFB, 0xFD))), (8, y))
    sim.run_low()
    result = printer.print(picture)
    assert (result.outcome, result.status) == (Outcome.PRINTED, PrinterStatus(None, paper_low=True, certain=True))
    assert_is_on_paper(sim.slips()[0], picture)


def test_wrong_picture_is_a_bug(printer: Printer) -> None:
    with pytest.raises(ValueError, match="576 dots wide, the picture 384"):
        printer.print(Image.new("1", (384, 10), 1))
    with pytest.raises(ValueError, match="mode L"):
        printer.print(Image.new("L", (576, 10), 255))


def test_serial_line(sim: SimulatedPrinter) -> None:
    picture = Image.new("1", (576, 200), 1)
    ImageDraw.Draw(picture).ellipse((40, 20, 400, 180), outline=0, width=5)
    with serial_line(sim) as path:
        printer = open_printer(f"serial:{path}?baud=115200", deadlines=QUICK)
        assert printer.status() == READY
        assert printer.print(picture).outcome is Outcome.PRINTED
        sim.open_cover()
        assert printer.print(picture).status.trouble is PrinterTrouble.COVER_OPEN
        sim.hang()
        assert printer.status().trouble is PrinterTrouble.OFFLINE
        printer.close()
        silent = open_printer(f"serial:{path}?answers=none", deadlines=QUICK)
        sim.wake()
        sim.close_cover()
        assert silent.print(picture).outcome is Outcome.PRINTED
        papers = sim.wait_for_slips(2, MUCH_LATER)
        silent.close()
    assert len(papers) == 2
    for paper in papers:
        assert_is_on_paper(paper, picture)


def test_serial_port_that_is_not_there() -> None:
    printer = open_printer("serial:/dev/no-such-port", deadlines=QUICK)
    assert printer.status().trouble is PrinterTrouble.OFFLINE


def test_file_takes_one_slip_after_the_other(tmp_path: Path, sim: SimulatedPrinter, slip: Image.Image) -> None:
    printer = open_printer(f"file:{tmp_path / 'lp0'}", deadlines=QUICK)
    for _ in range(2):
        result = printer.print(slip)
        assert (result.outcome, result.status.certain, result.status.trouble) == (Outcome.PRINTED, False, None)
    printer.close()
    written = (tmp_path / "lp0").read_bytes()
    assert len(written) == 2 * len(slip_bytes(slip))
    with socket.create_connection(("127.0.0.1", int(sim.uri.rpartition(":")[2]))) as line:
        line.sendall(written)
        papers = sim.wait_for_slips(2, MUCH_LATER)
    assert len(papers) == 2
    for paper in papers:
        assert_is_on_paper(paper, slip)


def test_full_disk_and_missing_folder(slip: Image.Image) -> None:
    full = open_printer("file:/dev/full", deadlines=QUICK)
    assert full.print(slip).outcome is Outcome.NOT_PRINTED
    full.close()
    nowhere = open_printer("file:/no/such/folder/lp0", deadlines=QUICK)
    assert nowhere.print(slip).status.trouble is PrinterTrouble.OFFLINE


def test_stuck_device_file_is_unknown_within_the_deadline(tmp_path: Path, slip: Image.Image) -> None:
    os.mkfifo(tmp_path / "lp0")
    printer = open_printer(f"file:{tmp_path / 'lp0'}", deadlines=QUICK)
    assert printer.status().trouble is PrinterTrouble.OFFLINE  # a pipe without a reader
    reader = os.open(tmp_path / "lp0", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    result = printer.print(slip)
    assert result.outcome is Outcome.UNKNOWN
    assert 3000 < result.sent <= 4096
    os.close(reader)
    printer.close()


def test_usb(sim: SimulatedPrinter, slip: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    device = UsbPrinter(sim)
    asked: list[dict[str, int]] = []

    def find(**what: int) -> UsbPrinter:
        asked.append(what)
        return device

    monkeypatch.setattr(usb.core, "find", find)
    monkeypatch.setattr("usb.util.dispose_resources", UsbPrinter.close)
    printer = open_printer("usb:04b8:0E15", deadlines=QUICK)
    assert printer.status() == READY
    assert printer.print(slip).outcome is Outcome.PRINTED
    assert_is_on_paper(sim.slips()[0], slip)
    assert asked[0] == {"idVendor": 0x04B8, "idProduct": 0x0E15}
    assert device.least_timeout_ms > 0
    device.takes_only = 100
    assert printer.print(slip).outcome is Outcome.UNKNOWN
    device.unplugged = True
    assert printer.status().trouble is PrinterTrouble.OFFLINE
    printer.close()
    device.close()


def test_usb_printer_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(**_: int) -> None:
        return None

    monkeypatch.setattr(usb.core, "find", nothing)
    assert open_printer("usb:1:2").status().trouble is PrinterTrouble.OFFLINE

    def no_libusb(**_: int) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", no_libusb)
    assert open_printer("usb:1:2").status().trouble is PrinterTrouble.OFFLINE


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MUCH_LATER
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)
