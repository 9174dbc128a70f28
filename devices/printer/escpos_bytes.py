"""The bytes of a slip and the meaning of a printer's answers, as pure functions: no connection, no library.

A slip is drawn as a picture because printers disagree about Chinese text (see docs/devices-printer.md); here the
picture becomes commands. Command names and bit positions are those of Epson's *ESC/POS Command Reference*, which the
printers sold for 58 mm and 80 mm paper follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from PIL import Image

from devices.printer.api import PrinterStatus, PrinterTrouble

BAND_ROWS = 128
"""Rows in one ``GS v 0``: small enough for printers that store a whole command before they print it."""
WORTH_FEEDING = 8
"""White rows from which a feed is cheaper than a band's own header."""

WIDTHS = (384, 576, 640)

INITIALISE = b"\x1b@"
DOT_IS_THE_UNIT = b"\x1dP\xcb\xcb"  # GS P 203 203: one unit of ESC J is one dot, whatever the maker's own default
FEED_AND_CUT = b"\x1dVB\x18"  # GS V 66 24: 3 mm of white, then cut (the printer adds the way from head to knife)
ASK_WHEN_DONE = b"\x1dr\x01"  # GS r 1: stands in the queue with the picture, so its answer comes when that is printed
CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"  # DLE DC4 8: throw away, at once, all that was received
CLEARED = b"\x37\x25\x00"

_ANSWERED_BY_PICTURE = re.compile(rb"\x10\x04[\x01-\x04]")


def ask(question: int) -> bytes:
    """``DLE EOT`` *question* (1 printer, 2 offline cause, 3 error cause, 4 paper roll), answered in real time."""
    return bytes((0x10, 0x04, question))


def head(*, after_scrap: bool, width: int) -> bytes:
    """What goes before a picture. ``after_scrap``: the last job ended half way, perhaps in the middle of a band. A full
    band of NULs then ends that band (elsewhere a NUL means nothing), and what hangs in the mouth is cut off so that
    nobody gets a piece of another resident's slip."""
    ready = INITIALISE + DOT_IS_THE_UNIT
    return b"\x00" * (BAND_ROWS * width // 8) + ready + FEED_AND_CUT if after_scrap else ready


def bands(picture: Image.Image) -> Iterator[bytes]:
    """*picture* (mode ``1``, black on white, a multiple of 8 dots wide) as whole commands: ``GS v 0`` of at most
    :data:`BAND_ROWS` rows, and ``ESC J`` where the paper stays white.

    Raises :class:`ValueError` for another mode or width: that is a bug of the caller.
    """
    if picture.mode != "1" or picture.width % 8:
        raise ValueError(
            f"a slip is mode 1 and a multiple of 8 dots wide, not mode {picture.mode}, {picture.width} dots"
        )
    stride = picture.width // 8
    # PIL's white is 1, the printer's black is 1.
    ink = bytes(byte ^ 0xFF for byte in picture.tobytes())
    blank = bytes(stride)
    rows = [ink[at : at + stride] for at in range(0, len(ink), stride)]
    pending: list[bytes] = []
    at = 0
    while at < len(rows):
        white = 0
        while at + white < len(rows) and rows[at + white] == blank:
            white += 1
        if white >= WORTH_FEEDING:
            if pending:
                yield _band(pending, stride)
                pending = []
            at += white
            while white:
                yield bytes((0x1B, 0x4A, min(white, 255)))  # ESC J n
                white -= min(white, 255)
            continue
        pending.append(rows[at])
        at += 1
        if len(pending) == BAND_ROWS:
            yield _band(pending, stride)
            pending = []
    if pending:
        yield _band(pending, stride)


def _band(rows: list[bytes], stride: int) -> bytes:
    return b"\x1dv0\x00" + stride.to_bytes(2, "little") + len(rows).to_bytes(2, "little") + b"".join(rows)


def slip_bytes(picture: Image.Image) -> bytes:
    """All of a slip in one piece, cut included: for a file, or to be looked at."""
    return head(after_scrap=False, width=picture.width) + b"".join(bands(picture)) + FEED_AND_CUT


def stray_answers(sent: bytes) -> int:
    """How many status questions a printer will read into *sent*: real-time commands are obeyed wherever they stand, so
    three dots' bytes that happen to be ``DLE EOT n`` are answered, and that answer must not be taken for another
    question's."""
    return len(_ANSWERED_BY_PICTURE.findall(sent))


def is_real_time_answer(byte: int) -> bool:
    """Whether *byte* is an answer to ``DLE EOT``: its bits 0, 1, 4 and 7 are fixed (0, 1, 1, 0)."""
    return byte & 0x93 == 0x12


def is_done_answer(byte: int) -> bool:
    """Whether *byte* is the answer to :data:`ASK_WHEN_DONE`: bits 4 and 7 are 0 (XON, XOFF and automatic status have
    bit 4)."""
    return byte & 0x90 == 0


def read_status(answers: tuple[int, int, int, int]) -> PrinterStatus:
    """The answers to ``DLE EOT`` 1, 2, 3, 4 as a status. An open cover comes first: it often reports the paper as out
    too."""
    printer, cause, error, roll = answers
    trouble: PrinterTrouble | None = None
    if cause & 0x04:
        trouble = PrinterTrouble.COVER_OPEN
    elif cause & 0x20 or roll & 0x60:
        trouble = PrinterTrouble.PAPER_OUT
    elif cause & 0x40 or error & 0x6C:
        trouble = PrinterTrouble.FAULT
    elif printer & 0x08:
        trouble = PrinterTrouble.OFFLINE
    return PrinterStatus(trouble=trouble, paper_low=bool(roll & 0x0C), certain=True)
