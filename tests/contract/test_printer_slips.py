"""What every slip printer must do, through the real drivers, with every fault the simulator can have: over TCP, a
serial line and USB alike. Files and CUPS, which see no printer, are in tests/contract/test_printer_blind.py."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace

import pytest
import usb.core
import zxingcpp
from PIL import Image, ImageDraw

from devices.printer.api import Cut, JobResult, Outcome, Printer, PrinterStatus, PrinterTrouble, Setup, StatusKind
from devices.printer.escpos_driver import open_printer
from devices.printer.sim import SimulatedPrinter
from devices.printer.talk import Deadlines
from kiosk.receipts.picture import draw
from tests.support.printer_lines import UsbPrinter
from tests.support.slips import CHINESE, FONTS

PATIENT = Deadlines(connect=20, answer=20, fragment=7, finish=40)  # a fragment under way can't be hurried
HASTY = Deadlines(connect=0.5, answer=0.5, fragment=1.0, finish=1.5)
READY = PrinterStatus(trouble=None, paper_low=False, certain=True)
MUCH_LATER = 30.0


@dataclass(frozen=True, slots=True)
class Stand:
    """A simulated printer and ours at the other end of the cable; ``usb`` where that is one.

    A printer that answers may take its time, or a machine that stands still for a moment would be its silence. Where
    silence is what a test is about, ours is made hasty, so that nobody waits for it.
    """

    sim: SimulatedPrinter
    printer: Printer
    deadlines: Deadlines
    usb: UsbPrinter | None = None

    def become(self, other: Deadlines) -> None:
        for each in fields(Deadlines):
            object.__setattr__(self.deadlines, each.name, getattr(other, each.name))

    def hurry(self, *, after_rows: int = 0) -> None:
        self.sim.call_after(after_rows, lambda: self.become(HASTY))


def stand_at(sim: SimulatedPrinter, uri: str | None = None) -> Stand:
    deadlines = replace(PATIENT)
    return Stand(sim, open_printer(uri or sim.uri, deadlines=deadlines), deadlines)


@pytest.fixture(params=["tcp", "serial", "usb"])
def stand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    with SimulatedPrinter(serial=request.param == "serial", buffer_bytes=16384) as sim:
        device = None
        uri = sim.uri
        if request.param == "usb":
            device, uri = UsbPrinter(sim), "usb:04b8:0e15"

            def find(**_: int) -> UsbPrinter | None:
                return device

            monkeypatch.setattr(usb.core, "find", find)
        stand = stand_at(sim, uri)
        yield replace(stand, usb=device)
        stand.printer.close()
        if device is not None:
            device.close()
        assert sim.unknown_commands() == []


@pytest.fixture
def sim() -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter() as simulated:
        yield simulated
        assert simulated.unknown_commands() == []


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


def ended(result: JobResult) -> tuple[Outcome, PrinterTrouble | None]:
    return result.outcome, result.status.trouble


# --- all is well --------------------------------------------------------------------------------------------------


def test_slips_come_out_dot_for_dot_one_after_the_other(stand: Stand, slip: Image.Image) -> None:
    assert stand.printer.status() == READY
    for count in (1, 2):
        result = stand.printer.print([slip])
        assert (result.outcome, result.status) == (Outcome.PRINTED, READY)
        assert 1000 < result.sent <= len(stand.sim.received())
        assert result.rows == slip.height + 24
        assert len(stand.sim.slips()) == count
    for paper in stand.sim.slips():
        assert_is_on_paper(paper, slip)


@pytest.mark.parametrize("width", [384, 576, 640])
def test_every_width_of_paper(width: int) -> None:
    picture = draw(CHINESE, width=width, font_folder=FONTS)
    with SimulatedPrinter(width=width) as sim:
        printer = open_printer(sim.uri, Setup(width=width), PATIENT)
        assert printer.print([picture]).outcome is Outcome.PRINTED
        printer.close()
        (paper,) = sim.slips()
    assert_is_on_paper(paper, picture)
    (code,) = zxingcpp.read_barcodes(paper.convert("L"))
    assert code.text == CHINESE.qr_text


@pytest.mark.parametrize(
    "setup",
    [Setup(cut=Cut.FULL), Setup(cut=Cut.NONE), Setup(band_rows=24), Setup(skip_blank=False)],
    ids=["full cut", "no knife", "small bands", "white rows too"],
)
def test_every_setup_prints_the_same_slip(sim: SimulatedPrinter, slip: Image.Image, setup: Setup) -> None:
    printer = open_printer(sim.uri, setup, PATIENT)
    assert printer.print([slip]).outcome is Outcome.PRINTED
    printer.close()
    if setup.cut is Cut.NONE:
        assert sim.slips() == []
        assert_is_on_paper(sim.in_the_mouth(), slip)
        assert sim.rows_in_the_mouth() == slip.height + 160
    else:
        assert_is_on_paper(sim.slips()[0], slip)
        assert sim.cuts() == [setup.cut.value]


def test_slow_printer_with_a_small_buffer_is_waited_for(slip: Image.Image) -> None:
    with SimulatedPrinter(rows_per_s=4000, buffer_bytes=4096) as sim:
        printer = open_printer(sim.uri, deadlines=PATIENT)
        assert printer.print([slip]).outcome is Outcome.PRINTED
        assert len(sim.slips()) == 1
        printer.close()


def test_paper_low_still_prints(stand: Stand, slip: Image.Image) -> None:
    stand.sim.run_low()
    result = stand.printer.print([slip])
    assert result.outcome is Outcome.PRINTED
    assert result.status == PrinterStatus(trouble=None, paper_low=True, certain=True)


# --- before the slip ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "mend", "trouble"),
    [
        (SimulatedPrinter.open_cover, SimulatedPrinter.close_cover, PrinterTrouble.COVER_OPEN),
        (SimulatedPrinter.take_paper, SimulatedPrinter.load_paper, PrinterTrouble.PAPER_OUT),
        (SimulatedPrinter.power_off, SimulatedPrinter.power_on, PrinterTrouble.OFFLINE),
        (SimulatedPrinter.hang, SimulatedPrinter.wake, PrinterTrouble.OFFLINE),
        (SimulatedPrinter.unplug, SimulatedPrinter.plug, PrinterTrouble.OFFLINE),
        (SimulatedPrinter.fall_silent, SimulatedPrinter.behave, PrinterTrouble.OFFLINE),
        (SimulatedPrinter.babble, SimulatedPrinter.behave, PrinterTrouble.OFFLINE),
    ],
    ids=["cover", "paper", "power", "hung", "cable", "silent", "nonsense"],
)
def test_printer_in_trouble_prints_nothing_until_it_is_mended(
    stand: Stand,
    slip: Image.Image,
    harm: Callable[[SimulatedPrinter], None],
    mend: Callable[[SimulatedPrinter], None],
    trouble: PrinterTrouble,
) -> None:
    assert stand.printer.status() == READY
    harm(stand.sim)
    if trouble is PrinterTrouble.OFFLINE:
        stand.hurry()
    began = time.monotonic()
    result = stand.printer.print([slip])
    assert time.monotonic() - began < MUCH_LATER
    assert (ended(result), result.sent) == ((Outcome.NOT_PRINTED, trouble), 0)
    assert result.status.certain is (trouble is not PrinterTrouble.OFFLINE)
    mend(stand.sim)
    stand.become(PATIENT)
    assert stand.printer.print([slip]).outcome is Outcome.PRINTED
    assert len(stand.sim.slips()) == 1
    assert_is_on_paper(stand.sim.slips()[0], slip)


# --- in the middle of the slip --------------------------------------------------------------------------------------


def whole_slip_follows(stand: Stand, slip: Image.Image) -> None:
    """No second slip came by itself; when asked for, a whole one comes, after a piece of scrap at most."""
    stand.become(PATIENT)
    assert all(paper.height < slip.height for paper in stand.sim.slips())
    before = len(stand.sim.slips())
    assert stand.printer.print([slip]).outcome is Outcome.PRINTED
    *scrap, paper = stand.sim.slips()
    assert len(scrap) - before in (0, 1)
    assert all(piece.height < slip.height for piece in scrap)
    assert_is_on_paper(paper, slip)


def test_paper_out_half_way_and_the_rest_thrown_away(stand: Stand, slip: Image.Image) -> None:
    stand.sim.take_paper(after_rows=400)
    assert ended(stand.printer.print([slip])) == (Outcome.NOT_PRINTED, PrinterTrouble.PAPER_OUT)
    assert stand.sim.rows_in_the_mouth() == 400
    stand.sim.load_paper()
    whole_slip_follows(stand, slip)


def test_cover_opened_half_way(stand: Stand, slip: Image.Image) -> None:
    stand.sim.open_cover(after_rows=300)
    assert ended(stand.printer.print([slip])) == (Outcome.NOT_PRINTED, PrinterTrouble.COVER_OPEN)
    stand.sim.close_cover()
    whole_slip_follows(stand, slip)


def test_paper_out_half_way_on_a_clone_that_keeps_the_rest(slip: Image.Image) -> None:
    with SimulatedPrinter(can_clear=False) as sim:
        printer = open_printer(sim.uri, deadlines=replace(PATIENT, answer=6))  # the clone never confirms
        sim.take_paper(after_rows=400)
        assert ended(printer.print([slip])) == (Outcome.UNKNOWN, PrinterTrouble.PAPER_OUT)
        assert sim.slips() == []
        printer.close()


def test_small_bands_keep_a_small_buffer_free_for_the_question(slip: Image.Image) -> None:
    with SimulatedPrinter(buffer_bytes=4096) as sim:
        printer = open_printer(sim.uri, Setup(band_rows=24), PATIENT)
        sim.take_paper(after_rows=400)
        assert ended(printer.print([slip])) == (Outcome.NOT_PRINTED, PrinterTrouble.PAPER_OUT)
        printer.close()


def test_hang_half_way_is_unknown(stand: Stand, slip: Image.Image) -> None:
    stand.sim.hang(after_rows=300)
    stand.hurry(after_rows=300)
    result = stand.printer.print([slip])
    assert ended(result) == (Outcome.UNKNOWN, PrinterTrouble.OFFLINE)
    assert result.sent > 0


def test_cable_pulled_half_way_is_unknown(stand: Stand, slip: Image.Image) -> None:
    stand.sim.print_slowly(2000)
    if stand.usb is not None:
        stand.sim.call_after(300, stand.usb.unplug)
    else:
        stand.sim.unplug(after_rows=300)
    stand.hurry(after_rows=300)
    assert ended(stand.printer.print([slip])) == (Outcome.UNKNOWN, PrinterTrouble.OFFLINE)
    stand.sim.print_slowly(None)
    if stand.usb is not None:
        stand.usb.plug()
    else:
        stand.sim.plug()
    whole_slip_follows(stand, slip)


def test_power_gone_half_way_is_unknown(stand: Stand, slip: Image.Image) -> None:
    stand.sim.print_slowly(2000)
    stand.sim.power_off(after_rows=300)
    stand.hurry(after_rows=300)
    assert ended(stand.printer.print([slip])) == (Outcome.UNKNOWN, PrinterTrouble.OFFLINE)
    stand.sim.print_slowly(None)
    stand.sim.power_on()
    whole_slip_follows(stand, slip)


@pytest.mark.parametrize("after_bytes", [300, 5_000, 20_000])
def test_lost_connection_is_unknown_and_the_next_slip_whole(
    sim: SimulatedPrinter, slip: Image.Image, after_bytes: int
) -> None:
    stand = stand_at(sim)
    sim.drop_connection(after_bytes=after_bytes)
    assert stand.printer.print([slip]).outcome is Outcome.UNKNOWN
    assert sim.slips() == []
    whole_slip_follows(stand, slip)
    stand.printer.close()


def test_power_cycle_half_way_is_unknown(sim: SimulatedPrinter, slip: Image.Image) -> None:
    stand = stand_at(sim)
    sim.print_slowly(2000)
    sim.power_cycle(after_rows=300)
    assert stand.printer.print([slip]).outcome is Outcome.UNKNOWN
    sim.print_slowly(None)
    end = time.monotonic() + MUCH_LATER
    while stand.printer.status() != READY:  # it is off for a moment
        assert time.monotonic() < end
        time.sleep(0.05)
    whole_slip_follows(stand, slip)
    stand.printer.close()


def test_kept_connection_survives_a_power_cycle(stand: Stand, slip: Image.Image) -> None:
    assert stand.printer.print([slip]).outcome is Outcome.PRINTED
    stand.sim.power_cycle()
    if stand.usb is not None:
        stand.usb.set_configuration()
    assert stand.printer.print([slip]).outcome is Outcome.PRINTED
    assert len(stand.sim.slips()) == 2


# --- at the knife -------------------------------------------------------------------------------------------------


def test_paper_out_at_the_knife_is_unknown(stand: Stand, slip: Image.Image) -> None:
    stand.sim.take_paper(after_rows=slip.height + 4)
    assert ended(stand.printer.print([slip])) == (Outcome.UNKNOWN, PrinterTrouble.PAPER_OUT)


def test_stuck_knife_is_a_fault_and_unknown(stand: Stand, slip: Image.Image) -> None:
    stand.sim.jam_knife()
    assert ended(stand.printer.print([slip])) == (Outcome.UNKNOWN, PrinterTrouble.FAULT)
    stand.sim.free_knife()
    assert stand.printer.status() == READY


# --- printers that say other things than they do ----------------------------------------------------------------------


def test_printer_that_lies_about_its_paper_is_found_out_by_its_silence(stand: Stand, slip: Image.Image) -> None:
    stand.sim.lie()
    stand.sim.take_paper(after_rows=200)
    stand.hurry(after_rows=200)
    result = stand.printer.print([slip])
    assert result.outcome is Outcome.UNKNOWN  # it says that all is well, and never that it is done
    assert stand.sim.slips() == []


def test_unasked_status_is_not_taken_for_an_answer(stand: Stand, slip: Image.Image) -> None:
    stand.sim.chatter()
    stand.sim.run_low()
    assert stand.printer.print([slip]).outcome is Outcome.PRINTED
    stand.sim.take_paper(after_rows=300)
    assert ended(stand.printer.print([slip])) == (Outcome.NOT_PRINTED, PrinterTrouble.PAPER_OUT)
    assert len(stand.sim.slips()) == 1


@pytest.mark.parametrize("ill", [SimulatedPrinter.babble, SimulatedPrinter.fall_silent])
def test_printer_that_loses_its_voice_half_way(
    sim: SimulatedPrinter, slip: Image.Image, ill: Callable[[SimulatedPrinter], None]
) -> None:
    stand = stand_at(sim)
    assert stand.printer.status() == READY
    sim.call_after(200, lambda: ill(sim))
    stand.hurry(after_rows=200)
    sim.print_slowly(4000)
    result = stand.printer.print([slip])
    assert ended(result) == (Outcome.UNKNOWN, PrinterTrouble.OFFLINE)
    stand.printer.close()


def test_printer_that_never_says_done(slip: Image.Image) -> None:
    with SimulatedPrinter(says_done=False) as sim:
        stand = stand_at(sim)
        stand.hurry(after_rows=100)
        assert stand.printer.print([slip]).outcome is Outcome.UNKNOWN
        stand.printer.close()
    with SimulatedPrinter(says_done=False) as sim:
        printer = open_printer(sim.uri, Setup(status=StatusKind.DLE_EOT), PATIENT)
        assert printer.print([slip]).outcome is Outcome.PRINTED
        assert_is_on_paper(sim.slips()[0], slip)
        printer.close()


def test_printer_that_never_answers_is_believed_but_not_certain(sim: SimulatedPrinter, slip: Image.Image) -> None:
    sim.fall_silent()
    printer = open_printer(sim.uri, Setup(status=StatusKind.NONE), PATIENT)
    result = printer.print([slip])
    assert result.outcome is Outcome.PRINTED
    assert result.status == PrinterStatus(trouble=None, paper_low=False, certain=False)
    printer.close()
    assert_is_on_paper(sim.wait_for_slips(1, MUCH_LATER)[0], slip)


def test_picture_that_looks_like_status_questions(stand: Stand) -> None:
    picture = Image.new("1", (576, 300), 1)
    for y in range(0, 300, 7):
        # 10 04 02: "DLE EOT 2", answered by the printer from inside the picture.
        picture.paste(Image.frombytes("1", (24, 1), bytes((0xEF, 0xFB, 0xFD))), (8, y))
    stand.sim.run_low()
    result = stand.printer.print([picture])
    assert (result.outcome, result.status) == (Outcome.PRINTED, PrinterStatus(None, paper_low=True, certain=True))
    assert_is_on_paper(stand.sim.slips()[0], picture)


def test_paper_narrower_than_configured_is_not_noticed_by_the_printer_and_shows_on_paper() -> None:
    framed = Image.new("1", (576, 100), 1)
    ImageDraw.Draw(framed).rectangle((0, 0, 575, 99), outline=0, width=4)
    with SimulatedPrinter(width=384) as sim:
        printer = open_printer(sim.uri, Setup(width=576), PATIENT)
        assert printer.print([framed]).outcome is Outcome.PRINTED  # no status tells of it
        printer.close()
        (paper,) = sim.slips()
    assert paper.crop((0, 0, 384, 100)).tobytes() == framed.crop((0, 0, 384, 100)).tobytes()
    assert paper.getpixel((383, 50)) != 0  # the frame's right side is missing


# --- what is not there --------------------------------------------------------------------------------------------


def test_nobody_listens(slip: Image.Image) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    printer = open_printer(f"tcp://127.0.0.1:{port}", deadlines=PATIENT)
    nothing = PrinterStatus(trouble=PrinterTrouble.OFFLINE, paper_low=False, certain=False)
    assert printer.print([slip]) == JobResult(outcome=Outcome.NOT_PRINTED, status=nothing, sent=0)
    printer.close()
    printer.close()


def test_port_and_device_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_printer("serial:/dev/no-such-port", deadlines=PATIENT).status().trouble is PrinterTrouble.OFFLINE

    def nothing(**_: int) -> None:
        return None

    monkeypatch.setattr(usb.core, "find", nothing)
    assert open_printer("usb:1:2").status().trouble is PrinterTrouble.OFFLINE

    def no_libusb(**_: int) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", no_libusb)
    assert open_printer("usb:1:2").status().trouble is PrinterTrouble.OFFLINE


def test_usb_is_asked_for_by_its_numbers_and_never_waits_for_ever(
    sim: SimulatedPrinter, slip: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = UsbPrinter(sim)
    asked: list[dict[str, int]] = []

    def find(**what: int) -> UsbPrinter:
        asked.append(what)
        return device

    monkeypatch.setattr(usb.core, "find", find)
    printer = open_printer("usb:04b8:0E15", deadlines=PATIENT)
    assert printer.print([slip]).outcome is Outcome.PRINTED
    assert asked[0] == {"idVendor": 0x04B8, "idProduct": 0x0E15}
    assert device.least_timeout_ms > 0
    device.takes_only = 100
    assert printer.print([slip]).outcome is Outcome.UNKNOWN  # a half-written packet is no written one
    device.takes_only = None
    device.unplug()
    assert printer.status().trouble is PrinterTrouble.OFFLINE
    printer.close()
    device.close()


def test_wrong_picture_is_a_bug(sim: SimulatedPrinter) -> None:
    printer = open_printer(sim.uri, deadlines=PATIENT)
    with pytest.raises(ValueError, match="576 dots wide, the picture 384"):
        printer.print([Image.new("1", (384, 10), 1)])
    with pytest.raises(ValueError, match="mode L"):
        printer.print([Image.new("L", (576, 10), 255)])
    printer.close()


def test_network_printer_is_let_go_for_others_between_slips(sim: SimulatedPrinter, slip: Image.Image) -> None:
    ours, theirs = (open_printer(sim.uri, deadlines=PATIENT) for _ in range(2))
    for printer in (ours, theirs, ours):
        assert printer.status() == READY
        assert printer.print([slip]).outcome is Outcome.PRINTED
    assert len(sim.slips()) == 3
    ours.close()
    theirs.close()
