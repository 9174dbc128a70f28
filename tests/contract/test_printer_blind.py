"""Printers that nobody sees: files, which take every byte and never answer, and CUPS, a real one, which answers for the
printer behind it."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from devices.printer.api import JobResult, Outcome, PrinterStatus, PrinterTrouble, Setup
from devices.printer.cups import read_queue
from devices.printer.escpos_bytes import slip_bytes
from devices.printer.escpos_driver import open_printer
from devices.printer.ipp import CANCEL_JOB, Attributes, IppRefused, Queue, read_answer
from devices.printer.sim import SimulatedPrinter
from devices.printer.talk import Deadlines
from devices.printer.uri import CupsAddress, read_address
from kiosk.receipts.picture import draw
from tests.support.cupsd import Cups, cups, missing
from tests.support.slips import CHINESE, FONTS

PATIENT = Deadlines(connect=20, answer=20, fragment=20, finish=40)
HASTY = replace(PATIENT, fragment=1, finish=2)
"""For what no printer will ever take."""
UNSEEN = PrinterStatus(trouble=None, paper_low=False, certain=False)
GONE = PrinterStatus(trouble=PrinterTrouble.OFFLINE, paper_low=False, certain=False)
MUCH_LATER = 15.0


@pytest.fixture(scope="module")
def slip() -> Image.Image:
    return draw(CHINESE, font_folder=FONTS)


# --- files --------------------------------------------------------------------------------------------------------


def test_file_takes_one_slip_after_the_other(tmp_path: Path, slip: Image.Image) -> None:
    printer = open_printer(f"file:{tmp_path / 'lp0'}", deadlines=PATIENT)
    for _ in range(2):
        result = printer.print([slip])
        assert (result.outcome, result.status) == (Outcome.PRINTED, UNSEEN)
    printer.close()
    written = (tmp_path / "lp0").read_bytes()
    assert written == 2 * slip_bytes([slip], Setup())
    with SimulatedPrinter() as sim:
        with socket.create_connection(("127.0.0.1", int(sim.uri.rpartition(":")[2]))) as line:
            line.sendall(written)
            papers = sim.wait_for_slips(2, MUCH_LATER)
        assert len(papers) == 2
        for paper in papers:
            assert paper.crop((0, 0, *slip.size)).tobytes() == slip.tobytes()


def test_full_disk_and_missing_folder(slip: Image.Image) -> None:
    full = open_printer("file:/dev/full", deadlines=PATIENT)
    assert full.print([slip]).outcome is Outcome.NOT_PRINTED
    full.close()
    nowhere = open_printer("file:/no/such/folder/lp0", deadlines=PATIENT)
    assert nowhere.print([slip]).status == GONE


def test_stuck_device_file_is_unknown_within_the_deadline(tmp_path: Path, slip: Image.Image) -> None:
    os.mkfifo(tmp_path / "lp0")
    printer = open_printer(f"file:{tmp_path / 'lp0'}", deadlines=HASTY)
    assert printer.status() == GONE  # a pipe without a reader
    reader = os.open(tmp_path / "lp0", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    result = printer.print([slip])
    assert result.outcome is Outcome.UNKNOWN
    assert 3000 < result.sent <= 4096
    os.close(reader)
    printer.close()


# --- CUPS, a real server ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Behind:
    """A CUPS server and the simulated printer behind its queue."""

    server: Cups
    sim: SimulatedPrinter

    def print(self, slip: Image.Image, deadlines: Deadlines = PATIENT) -> JobResult:
        printer = open_printer(self.server.uri, deadlines=deadlines)
        result = printer.print([slip])
        printer.close()
        return result

    def queue(self) -> Queue:
        address = read_address(self.server.uri)
        assert isinstance(address, CupsAddress)
        return Queue(host=address.host, port=address.port, name=address.queue, within_s=PATIENT.connect)


@pytest.fixture(scope="module")
def server() -> Iterator[Behind]:
    if missing():
        pytest.fail(missing())
    with SimulatedPrinter() as sim, cups(int(sim.uri.rpartition(":")[2])) as running:
        yield Behind(running, sim)


@pytest.fixture
def behind(server: Behind) -> Iterator[Behind]:
    yield server
    server.sim.wake()
    server.sim.power_off()
    server.sim.power_on()


def test_slip_goes_through_the_queue_as_it_is(behind: Behind, slip: Image.Image) -> None:
    assert open_printer(behind.server.uri).status() == UNSEEN
    before = len(behind.sim.slips())
    result = behind.print(slip)
    assert (result.outcome, result.status) == (Outcome.PRINTED, UNSEEN)
    assert result.sent == len(slip_bytes([slip], Setup()))
    paper = behind.sim.wait_for_slips(before + 1, MUCH_LATER)[-1]
    assert paper.crop((0, 0, *slip.size)).tobytes() == slip.tobytes()
    (code,) = zxingcpp.read_barcodes(paper.convert("L"))
    assert code.text == CHINESE.qr_text
    assert behind.sim.unknown_commands() == []


def test_printer_behind_the_queue_that_is_off_gets_no_slip_later(behind: Behind, slip: Image.Image) -> None:
    before = len(behind.sim.slips())
    behind.sim.power_off()
    result = behind.print(slip, HASTY)
    assert (result.outcome, result.status) == (Outcome.UNKNOWN, GONE)
    behind.sim.power_on()
    # The job was cancelled: the next slip is the only one that comes.
    assert behind.print(slip).outcome is Outcome.PRINTED
    assert len(behind.sim.wait_for_slips(before + 1, MUCH_LATER)) == before + 1


def test_slip_behind_another_programs_stuck_job_is_not_printed(behind: Behind, slip: Image.Image) -> None:
    before = len(behind.sim.slips())
    behind.sim.hang()
    # Larger than what the connection's own buffers swallow.
    stuck = behind.queue().submit(b"\x00" * 8_000_000, cancel_after_s=60)
    result = behind.print(slip, HASTY)
    assert (result.outcome, result.status) == (Outcome.NOT_PRINTED, GONE)
    behind.queue().ask(CANCEL_JOB, job=stuck)
    behind.sim.power_cycle()
    behind.sim.wake()
    assert behind.print(slip).outcome is Outcome.PRINTED
    assert len(behind.sim.wait_for_slips(before + 1, MUCH_LATER)) == before + 1


def test_queue_and_server_that_are_not_there(behind: Behind, slip: Image.Image) -> None:
    nowhere = open_printer(behind.server.uri + "-other", deadlines=PATIENT)
    assert nowhere.status() == GONE
    assert nowhere.print([slip]) == JobResult(outcome=Outcome.NOT_PRINTED, status=GONE, sent=0)
    assert open_printer("cups://127.0.0.1:9/slips", deadlines=PATIENT).status() == GONE


# --- what a queue says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "trouble", "low"),
    [
        ({"printer-state": [3], "printer-state-reasons": ["none"]}, None, False),
        ({"printer-state-reasons": ["media-low-warning"]}, None, True),
        ({"printer-state-reasons": ["media-empty-error"]}, PrinterTrouble.PAPER_OUT, False),
        ({"printer-state-reasons": ["cover-open", "media-needed"]}, PrinterTrouble.COVER_OPEN, False),
        ({"printer-state-reasons": ["offline-report"]}, PrinterTrouble.OFFLINE, False),
        ({"printer-state-reasons": ["cutter-jam-error"]}, PrinterTrouble.FAULT, False),
        ({"printer-state": [5], "printer-state-reasons": ["none"]}, PrinterTrouble.OFFLINE, False),
        ({"printer-is-accepting-jobs": [False]}, PrinterTrouble.OFFLINE, False),
        ({}, None, False),
    ],
)
def test_what_a_queue_says_is_read(told: Attributes, trouble: PrinterTrouble | None, low: bool) -> None:
    assert read_queue(told) == PrinterStatus(trouble=trouble, paper_low=low, certain=False)


def test_answer_is_read_as_rfc_8010_has_it() -> None:
    # RFC 8010, appendix A.2: Print-Job response, successful; shortened to its job attributes.
    answer = bytes.fromhex("0101 0000 00000001 01") + (
        b"\x47\x00\x12attributes-charset\x00\x05utf-8\x48\x00\x1battributes-natural-language\x00\x05en-us"
        b"\x41\x00\x0estatus-message\x00\x0dsuccessful-ok\x02\x21\x00\x06job-id\x00\x04\x00\x00\x00\x93"
        b"\x45\x00\x07job-uri\x00\x22ipp://printer.example.com/pinetree\x23\x00\x09job-state\x00\x04\x00\x00\x00\x03\x03"
    )
    told = read_answer(answer)
    assert told["job-id"] == [147]
    assert told["job-state"] == [3]
    assert told["status-message"] == ["successful-ok"]


@pytest.mark.parametrize(
    "answer", [b"", b"\x09" * 20, b"\x02\x00\x04\x06\x00\x00\x00\x01\x03", b"\x02" + bytes(300_000)]
)
def test_answer_that_is_a_no_or_no_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(IppRefused):
        read_answer(answer)


@given(some.binary(max_size=200).map(lambda tail: b"\x02\x00\x00\x00\x00\x00\x00\x01\x02" + tail))
def test_any_answer_is_read_or_refused(answer: bytes) -> None:
    try:
        told = read_answer(answer)
    except IppRefused:
        return
    assert all(isinstance(name, str) for name in told)
    read_queue(told)
