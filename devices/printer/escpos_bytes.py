"""The bytes of a slip, as pure functions: no connection, no library.

A slip is drawn as a picture because printers disagree about Chinese text (see docs/devices-printer.md); here the
picture becomes commands. Command names and bit positions are those of Epson's *ESC/POS Command Reference*, which the
printers sold for 58 mm and 80 mm paper follow. Lines of text are in :mod:`devices.printer.text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from devices.printer.api import Code, Cut, Line, Part, Setup
from devices.printer.text import KANJI_MODE, code_bytes, code_rows, line_bytes, line_rows

WORTH_FEEDING = 8
"""White rows from which a feed is cheaper than a band's own header."""
KNIFE_ROWS = 24
"""White below a slip; the printer adds the way from head to knife."""
TEAR_BAR_ROWS = 160
"""Without a knife nothing is added: 20 mm bring the last line past the tear bar."""

INITIALISE = b"\x1b@"
DOT_IS_THE_UNIT = b"\x1dP\xcb\xcb"  # GS P 203 203: one unit of ESC J is one dot, whatever the maker's own default
ASK_WHEN_DONE = b"\x1dr\x01"  # GS r 1: stands in the queue with the picture, so its answer comes when that is printed
CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"  # DLE DC4 8: throw away, at once, all that was received

_ANSWERED_BY_PICTURE = re.compile(rb"\x10\x04[\x01-\x04]")


@dataclass(frozen=True, slots=True)
class Command:
    """Whole commands that belong together, and the rows of paper that they use."""

    data: bytes
    rows: int


def ask(question: int) -> bytes:
    """``DLE EOT`` *question* (1 printer, 2 offline cause, 3 error cause, 4 paper roll), answered in real time."""
    return bytes((0x10, 0x04, question))


def head(setup: Setup, *, after_scrap: bool) -> bytes:
    """What goes before a slip. ``after_scrap``: the last job ended half way, perhaps in the middle of a band. A full
    band of NULs then ends that band (elsewhere a NUL means nothing), and what hangs in the mouth is cut off so that
    nobody gets a piece of another resident's slip."""
    ready = INITIALISE + DOT_IS_THE_UNIT
    return b"\x00" * (setup.band_rows * setup.width // 8) + ready + knife(setup).data if after_scrap else ready


def knife(setup: Setup) -> Command:
    """Feed the slip out and cut it as the printer can."""
    match setup.cut:
        case Cut.FULL:
            return Command(bytes((0x1D, 0x56, 65, KNIFE_ROWS)), KNIFE_ROWS)  # GS V 65: feed to the knife, cut through
        case Cut.PARTIAL:
            return Command(bytes((0x1D, 0x56, 66, KNIFE_ROWS)), KNIFE_ROWS)  # GS V 66: leave a bridge
        case Cut.NONE:
            return Command(bytes((0x1B, 0x4A, TEAR_BAR_ROWS)), TEAR_BAR_ROWS)


def commands(slip: Sequence[Part], setup: Setup) -> list[Command]:
    """The parts of *slip* as whole commands. Raises :class:`ValueError` for a part that this printer cannot print."""
    made: list[Command] = []
    for part in slip:
        match part:
            case Line():
                made.append(Command(KANJI_MODE + line_bytes(part, setup.code_page), line_rows(part)))
            case Code():
                made.append(Command(code_bytes(part), code_rows(part)))
            case Image.Image():
                if part.width != setup.width:
                    raise ValueError(f"this printer is {setup.width} dots wide, the picture {part.width}")
                made.extend(bands(part, setup))
    return made


def bands(picture: Image.Image, setup: Setup) -> Iterator[Command]:
    """*picture* (mode ``1``, black on white, a multiple of 8 dots wide) as whole commands: ``GS v 0`` of at most
    ``setup.band_rows`` rows, and ``ESC J`` where the paper stays white.

    Raises :class:`ValueError` for another mode or width: that is a bug of the caller.
    """
    if picture.mode != "1" or picture.width % 8:
        raise ValueError(
            f"a slip is mode 1 and a multiple of 8 dots wide, not mode {picture.mode}, {picture.width} dots"
        )
    stride = picture.width // 8
    # PIL's white is 1, the printer's black is 1.
    ink = picture.tobytes().translate(_INVERTED)
    blank = bytes(stride)
    rows = [ink[at : at + stride] for at in range(0, len(ink), stride)]
    pending: list[bytes] = []
    at = 0
    while at < len(rows):
        white = 0
        while setup.skip_blank and at + white < len(rows) and rows[at + white] == blank:
            white += 1
        if white >= WORTH_FEEDING:
            if pending:
                yield _band(pending, trim=setup.skip_blank)
                pending = []
            at += white
            while white:
                step = min(white, 255)
                yield Command(bytes((0x1B, 0x4A, step)), step)  # ESC J n
                white -= step
            continue
        pending.append(rows[at])
        at += 1
        if len(pending) == setup.band_rows:
            yield _band(pending, trim=setup.skip_blank)
            pending = []
    if pending:
        yield _band(pending, trim=setup.skip_blank)


_INVERTED = bytes(byte ^ 0xFF for byte in range(256))


def _band(rows: list[bytes], *, trim: bool) -> Command:
    """``trim``: white at the right of all rows is not sent; a picture is printed from the left."""
    stride = len(rows[0])
    if trim:
        stride = max(1, *(len(row.rstrip(b"\x00")) for row in rows))
        rows = [row[:stride] for row in rows]
    size = stride.to_bytes(2, "little") + len(rows).to_bytes(2, "little")
    return Command(b"\x1dv0\x00" + size + b"".join(rows), len(rows))


def slip_bytes(slip: Sequence[Part], setup: Setup) -> bytes:
    """All of a slip in one piece, cut included: for a queue, or to be looked at."""
    body = b"".join(command.data for command in commands(slip, setup))
    return head(setup, after_scrap=False) + body + knife(setup).data


def stray_answers(sent: bytes) -> int:
    """How many status questions a printer will read into *sent*: real-time commands are obeyed wherever they stand, so
    three dots' bytes that happen to be ``DLE EOT n`` are answered, and that answer must not be taken for another
    question's."""
    return len(_ANSWERED_BY_PICTURE.findall(sent))
