"""The simulated printer reads ESC/POS by itself: here it is held against python-escpos's encoder, and against noise."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from escpos.printer import Dummy
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image, ImageDraw

from devices.printer.sim import SimulatedPrinter
from devices.printer.sim_interpreter import Interpreter
from tests.support.slips import FONTS

FONT = FONTS / "NotoSansCJKsc-Regular.otf"


class _NoMore(Exception):
    """The bytes are used up."""


class Reading:
    """What an interpreter made of some bytes: rows, cuts and what it did not know."""

    def __init__(self, data: bytes, *, width: int = 384) -> None:
        self._data = memoryview(data)
        self.width = width
        self.rows: list[bytes] = []
        self.cuts: list[tuple[str, int]] = []
        self.asked = 0
        interpreter = Interpreter(
            width=width,
            take=self._take,
            row=self._row,
            cut=lambda how: self.cuts.append((how, len(self.rows))),
            done=self._done,
            automatic=lambda kinds: None,
            font=FONT,
        )
        try:
            while True:
                interpreter.step()
        except _NoMore:
            pass
        self.unknown = interpreter.unknown

    def _take(self, count: int) -> bytes:
        if count > len(self._data):
            raise _NoMore
        taken, self._data = bytes(self._data[:count]), self._data[count:]
        return taken

    def _row(self, dots: bytes) -> None:
        if len(self.rows) >= 100_000:
            raise _NoMore
        self.rows.append(dots)

    def _done(self) -> None:
        self.asked += 1

    @property
    def paper(self) -> Image.Image:
        white = bytes(byte ^ 0xFF for byte in b"".join(self.rows))
        return Image.frombytes("1", (self.width, len(self.rows)), white) if self.rows else Image.new("1", (1, 1), 1)


def drawing() -> Image.Image:
    picture = Image.new("1", (384, 120), 1)
    ImageDraw.Draw(picture).ellipse((40, 8, 300, 110), outline=0, width=5)
    return picture


@pytest.mark.parametrize("way", ["bitImageRaster", "bitImageColumn", "graphics"])
def test_pictures_of_another_encoder_are_read(way: str) -> None:
    picture = drawing()
    encoder = Dummy()
    encoder.image(picture, impl=way, fragment_height=48)  # pyright: ignore[reportUnknownMemberType]
    reading = Reading(encoder.output)
    assert reading.unknown == []
    paper = reading.paper
    if way == "bitImageColumn":  # lines of 24 rows, with ESC 3 set by the encoder
        assert paper.convert("L").histogram()[0] == picture.convert("L").histogram()[0]
    else:
        assert paper.crop((0, 0, 384, 120)).tobytes() == picture.tobytes()


def test_code_text_sizes_and_cuts_of_another_encoder_are_read() -> None:
    encoder = Dummy()
    encoder.set(align="center", double_height=True, double_width=True)
    encoder.text("TY03\n")
    encoder.qr("https://district.example/s#v1", native=True, size=6)  # pyright: ignore[reportUnknownMemberType]
    encoder.cut(mode="PART")
    encoder.cut(mode="FULL")
    reading = Reading(encoder.output)
    assert reading.unknown == []
    assert [how for how, _ in reading.cuts] == ["partial", "full"]
    (code,) = zxingcpp.read_barcodes(reading.paper.convert("L"))
    assert code.text == "https://district.example/s#v1"
    line = reading.paper.crop((0, 0, 384, 48)).convert("L").point([255, *[0] * 255])
    left, _, right, _ = line.getbbox() or (0, 0, 0, 0)
    assert 144 <= left < right <= 240  # four letters of 24 dots in the middle


def test_chinese_of_another_encoder_needs_kanji_mode() -> None:
    """python-escpos sends GB 18030 without FS &: what a printer in its Latin mode makes of it is no Chinese."""
    encoder = Dummy()
    encoder.text("受理\n")
    bare = Reading(encoder.output).paper
    right = Reading(b"\x1c&" + encoder.output).paper
    assert bare.tobytes() != right.tobytes()
    assert right.tobytes() == Reading(b"\x1c&" + "受理".encode("gb18030") + b"\n").paper.tobytes()


def test_sizes_alignment_and_wrapping() -> None:
    plain = Reading(b"\x1c&" + "受理".encode("gbk") + b"\n")
    assert len(plain.rows) == 30
    wide = Reading(b"\x1c&\x1d!\x11" + "受理".encode("gbk") + b"\n")
    assert len(wide.rows) == 48
    assert len(Reading(b"\x1c&\x1cW\x01" + "受".encode("gbk") + b"\n").rows) == 48
    assert len(Reading(b"\x1c&\x1c!\x08" + "受".encode("gbk") + b"\n").rows) == 48
    assert len(Reading(b"\x1b!\x10A\n").rows) == 48
    assert len(Reading(b"A" * 33 + b"\n").rows) == 2 * 30  # 32 letters of 12 dots a line
    assert len(Reading(b"\x1dP\xcb\xcb\x1b3\x40A\n\n").rows) == 2 * 64
    assert len(Reading(b"\tA\x1bd\x02").rows) == 24 + 2 * 30
    right = Reading(b"\x1ba\x02A\n").paper
    assert right.crop((0, 0, 360, 30)).convert("L").getextrema() == (255, 255)
    for lost in ("𬭚", "😀"):
        assert Reading(b"\x1c&" + lost.encode("gb18030") + b"\n").paper.tobytes() == (
            Reading(b"\x1c&" + "กé"[0].encode("gb18030") + b"\n").paper.tobytes()
        )  # the same empty box for all that its font lacks


def test_motion_unit_is_the_makers_until_it_is_set() -> None:
    assert len(Reading(b"\x1bJ\xff").rows) == round(255 * 203 / 360)
    assert len(Reading(b"\x1dP\xcb\xcb\x1bJ\xff").rows) == 255


def test_raster_scales_and_what_is_wider_than_the_head_is_lost() -> None:
    dots = b"\x81" + bytes(46) + b"\x01"
    assert Reading(b"\x1dv0\x00\x30\x00\x01\x00" + dots).rows == [dots]
    assert len(Reading(b"\x1dv0\x02\x30\x00\x01\x00" + dots).rows) == 2
    doubled = Reading(b"\x1dv0\x01\x02\x00\x01\x00\x81\x00").rows[0]
    assert doubled[:2] == b"\xc0\x03"
    assert Reading(b"\x1dv0\x00\x32\x00\x01\x00" + dots + b"\xff\xff").rows == [dots]


def test_what_it_does_not_know_is_kept() -> None:
    data = b"\x1b\x7f\x1dv1\x00\x00\x00\x00\x00\x10\x99\x1dVZ\x1d(A\x02\x00\x00\x00\x1d(k\x02\x001Z\x1d(L\x02\x000Z"
    assert Reading(data).unknown == [
        b"\x1b\x7f", b"\x1dv1", b"\x10\x99", b"\x1dVZ", b"\x1d(A\x00\x00", b"\x1d(k1Z", b"\x1d(LZ",
    ]  # fmt: skip
    assert Reading(b"\x1d8L\x02\x00\x00\x000Z").unknown == [b"\x1d(LZ"]


_COMMANDS = some.sampled_from(
    [b"\x1b@", b"\x1b!", b"\x1bJ", b"\x1b*", b"\x1b3", b"\x1bD", b"\x1ba", b"\x1dv0", b"\x1dV", b"\x1d!", b"\x1dP",
     b"\x1dr", b"\x1d(k", b"\x1d(L", b"\x1d8L", b"\x1c&", b"\x1c.", b"\x1cW", b"\x10\x04",
     b"\x10\x14", b"\n", b"\t", b"\x81\x30"]
)  # fmt: skip


@settings(max_examples=150)
@given(some.lists(some.one_of(_COMMANDS, some.binary(max_size=12)), max_size=30).map(b"".join))
def test_any_bytes_are_read_to_their_end(data: bytes) -> None:
    reading = Reading(data)
    assert all(len(row) == 48 for row in reading.rows)


# --- the whole printer ----------------------------------------------------------------------------------------------


def send(sim: SimulatedPrinter, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(sim.uri.rpartition(":")[2])), timeout=20) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        line.recv(1)


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[SimulatedPrinter]:
    with SimulatedPrinter(folder=tmp_path, font=FONT) as simulated:
        yield simulated


def test_slips_are_kept_told_and_written(tmp_path: Path, sim: SimulatedPrinter) -> None:
    seen: queue.SimpleQueue[Image.Image] = queue.SimpleQueue()
    sim.on_slip = seen.put
    send(sim, b"\x1b@\x1c&" + "受理凭条".encode("gb18030") + b"\n\x1dV\x00")
    slip = seen.get(timeout=10)
    assert slip.size == (576, 30)
    send(sim, b"\x1b@\x1bJ\xff\x1bm")
    assert seen.get(timeout=10).height == round(255 * 203 / 360)
    sim.wait_for_slips(2, 10)
    assert sim.cuts() == ["full", "partial"]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["slip-0001.png", "slip-0002.png"]


def test_automatic_status_is_sent_at_every_change_once_it_is_asked_for(sim: SimulatedPrinter) -> None:
    with socket.create_connection(("127.0.0.1", int(sim.uri.rpartition(":")[2])), timeout=20) as line:
        line.sendall(b"\x1da\xff")
        assert line.recv(4) == b"\x10\x00\x00\x0f"
        threading.Thread(target=sim.open_cover).start()
        assert line.recv(4) == b"\x38\x00\x00\x0f"
