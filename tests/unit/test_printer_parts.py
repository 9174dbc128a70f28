"""The printer's parts by themselves: addresses, set-ups, bytes, and what is heard."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from devices.printer import escpos_bytes
from devices.printer.api import (
    Code,
    CodePage,
    Cut,
    Drawn,
    Line,
    PrinterTrouble,
    Setup,
)
from devices.printer.escpos_driver import open_printer
from devices.printer.hearing import Hearing, read_status
from devices.printer.text import code_bytes, lacking, line_bytes
from devices.printer.uri import CupsAddress, FileAddress, Flow, SerialAddress, TcpAddress, UsbAddress, read_address

NARROW = Setup(width=384)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("tcp://10.0.0.7:9100", TcpAddress(host="10.0.0.7", port=9100)),
        ("tcp://printer", TcpAddress(host="printer", port=9100)),
        ("tcp://[::1]:99", TcpAddress(host="::1", port=99)),
        ("serial:/dev/ttyUSB0?baud=9600&flow=rtscts", SerialAddress(path="/dev/ttyUSB0", baud=9600, flow=Flow.RTSCTS)),
        ("serial:COM3", SerialAddress(path="COM3", baud=115200, flow=Flow.NONE)),
        ("usb:04b8:0E15", UsbAddress(vendor=0x04B8, product=0x0E15)),
        ("file:/dev/usb/lp0", FileAddress(path="/dev/usb/lp0")),
        ("cups:slips", CupsAddress(host="localhost", port=631, queue="slips")),
        ("cups://10.0.0.8:1631/slips", CupsAddress(host="10.0.0.8", port=1631, queue="slips")),
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
        ("tcp://h/path", "names no host"),
        ("tcp://h:0", "has port 0"),
        ("tcp://h:x", "cannot be read"),
        ("tcp://h:99999", "cannot be read"),
        ("tcp://h?colour=red", "has options (colour=red); there are none"),
        ("serial:", "names no serial port"),
        ("serial:/dev/x?baud=fast", "has baud=fast, which is not a speed"),
        ("serial:/dev/x?flow=slow", "has flow=slow; known: none, rtscts, xonxoff"),
        ("serial:/dev/x?colour=red", "unknown option 'colour'; known: baud, flow"),
        ("usb:printer", "does not name a vendor and a product"),
        ("file:", "names no file"),
        ("cups:", "names no queue"),
        ("cups:a/b", "names no queue"),
        ("cups://h", "names no queue"),
    ],
)
def test_wrong_address_is_told_in_a_sentence(uri: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="printer address") as told:
        open_printer(uri)
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"width": 500}, "384, 576, 640 dots wide, not 500"),
        ({"band_rows": 4}, "holds 8 to 2048 rows, not 4"),
    ],
)
def test_setup_that_no_printer_has_is_told(wrong: dict[str, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Setup(**wrong)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("setup", "sentence"),
    [
        (Setup(profile="TM-T88V2"), "no printer profile is called 'TM-T88V2'; perhaps: TM-T88V"),
        (Setup(profile="POS-5890"), "a POS-5890 prints 384 dots across, not 576"),
        (Setup(profile="TH230", qr=Drawn.NATIVE), "a TH230 draws no QR codes: set qr to picture"),
        (Setup(profile="POS-5890", width=384, cut=Cut.FULL), "a POS-5890 cannot cut all through"),
        (Setup(profile="POS-5890", width=384), "a POS-5890 cannot leave a bridge"),
    ],
)
def test_setup_is_held_against_the_profile(setup: Setup, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        open_printer("file:/tmp/never-opened", setup)
    open_printer("file:/tmp/never-opened", Setup(profile="TM-T20II"))


def test_picture_becomes_bands_and_feeds() -> None:
    picture = Image.new("1", (384, 700), 1)
    picture.paste(0, (0, 10, 8, 210))
    commands = list(escpos_bytes.bands(picture, NARROW))
    assert [command.data[:2] for command in commands] == [b"\x1bJ", b"\x1dv", b"\x1dv", b"\x1bJ", b"\x1bJ"]
    assert sum(command.rows for command in commands) == 700
    feed, band, rest, *white = (command.data for command in commands)
    assert feed == b"\x1bJ\x0a"
    assert band == b"\x1dv0\x00" + bytes((1, 0, 128, 0)) + b"\xff" * 128  # nothing to the right of it
    assert rest == b"\x1dv0\x00" + bytes((1, 0, 72, 0)) + b"\xff" * 72
    assert [data[2] for data in white] == [255, 235]
    whole = list(escpos_bytes.bands(picture, replace(NARROW, skip_blank=False, band_rows=700)))
    assert [(command.rows, len(command.data)) for command in whole] == [(700, 8 + 700 * 48)]


def test_few_white_rows_stay_in_their_band() -> None:
    picture = Image.new("1", (384, 12), 1)
    picture.paste(0, (0, 0, 384, 1))
    picture.paste(0, (0, 6, 384, 7))
    assert [command.data[:2] for command in escpos_bytes.bands(picture, NARROW)] == [b"\x1dv"]


def test_picture_of_odd_width_is_a_bug() -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        list(escpos_bytes.bands(Image.new("1", (10, 10), 1), NARROW))


def test_line_is_written_in_the_printers_own_set() -> None:
    line = line_bytes(Line(text="受理凭条：A", size=2, bold=True, centred=True), CodePage.GBK)
    assert line == b"\x1b3\x44\x1ba\x01\x1bE\x01\x1d!\x11" + "受理凭条：A".encode("gbk") + b"\n"
    assert line_bytes(Line(text="䶮㛃"), CodePage.GB18030).endswith(b"\xfe\x9f\x82\x30\xb7\x31\n")
    with pytest.raises(ValueError, match="no form for 䶮"):
        line_bytes(Line(text="王䶮"), CodePage.GBK)
    with pytest.raises(ValueError, match="size 1 or 2"):
        line_bytes(Line(text="x", size=3), CodePage.GBK)


@pytest.mark.parametrize(
    ("code_page", "text", "lacks"),
    [
        (CodePage.GB2312, "张三，①：", ""),
        (CodePage.GB2312, "〇喆镕·—", "〇喆镕·—"),
        (CodePage.GBK, "〇喆镕·—：", ""),
        (CodePage.GBK, "㛃䶮𬭚€㛃", "㛃䶮𬭚€"),
        (CodePage.GB18030, "㛃䶮〇€", ""),
        (CodePage.GB18030, "𬭚กé😀\t\n", "𬭚ก😀\t\n"),
    ],
)
def test_what_a_printer_lacks_is_told(code_page: CodePage, text: str, lacks: str) -> None:
    assert lacking(text, code_page) == lacks


@given(some.text(), some.sampled_from(CodePage))
def test_what_is_not_lacking_is_written_and_comes_back(text: str, code_page: CodePage) -> None:
    kept = "".join(character for character in text if not lacking(character, code_page))
    written = line_bytes(Line(text=kept), code_page)
    body = written.removeprefix(b"\x1b3\x22\x1ba\x00\x1bE\x00\x1d!\x00").removesuffix(b"\n")
    assert body.decode(code_page.value) == kept
    assert b"\x10\x04" not in body  # nothing in a text looks like a status question


def test_code_of_its_own_is_asked_for_step_by_step() -> None:
    data = code_bytes(Code(text="HTTP", dots=6, across=21))
    assert data == (
        b"\x1bJ\x18\x1ba\x01\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1"
        b"\x1d(k\x07\x001P0HTTP\x1d(k\x03\x001Q0\x1ba\x00\x1bJ\x18"
    )
    with pytest.raises(ValueError, match="1 to 16 dots"):
        code_bytes(Code(text="", dots=6, across=21))


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
    assert read_status(answers).trouble is trouble


def heard(*pieces: bytes) -> tuple[list[int], int, int, int]:
    hearing = Hearing()
    for piece in pieces:
        hearing.feed(piece)
    return list(hearing.answers), hearing.done, hearing.cleared, hearing.nonsense


def test_what_is_heard_is_sorted() -> None:
    assert heard(b"\x12", b"\x1a\x11\x13") == ([0x12, 0x1A], 0, 0, 0)
    assert heard(b"\x00", b"\x03\x0f") == ([], 3, 0, 0)
    assert heard(b"\x37", b"\x25", b"\x00") == ([], 0, 1, 0)
    assert heard(b"\x37\x12\x00") == ([0x12], 1, 0, 0)
    # Automatic status, its later bytes looking like "done"; a real-time answer may come in between.
    assert heard(b"\x18\x00\x03", b"\x12", b"\x0f", b"\x00") == ([0x12], 1, 0, 0)
    assert heard(b"\xff\xf8E\x80") == ([], 0, 0, 4)


@given(some.lists(some.binary(max_size=20), max_size=20))
def test_any_noise_is_heard_to_its_end(pieces: list[bytes]) -> None:
    answers, done, cleared, nonsense = heard(*pieces)
    assert len(answers) + done + 3 * cleared + nonsense <= sum(map(len, pieces))
    assert all(byte & 0x93 == 0x12 for byte in answers)


def test_importing_the_driver_leaves_no_traces(tmp_path: Path) -> None:
    code = "import logging, devices.printer.escpos_driver; assert not logging.root.handlers"
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert list(tmp_path.iterdir()) == []
