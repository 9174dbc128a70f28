"""What a slip printer does with the bytes in its buffer: ESC/POS commands become rows of dots.

Part of the simulated printer. It knows the commands that our driver sends, those that plain GB18030 text needs, and
keeps every command that it does not know, so that a test can ask for there being none. Its motion unit is 1/360 inch
until ``GS P`` says otherwise, as on many real printers: a driver that forgets ``GS P`` gets slips of the wrong length
here too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

DOTS_PER_INCH = 203
_LINE_ROWS = 30
_TEXT_DOTS = 24

_ONE_PARAMETER = {
    b"\x1b!", b"\x1b-", b"\x1b3", b"\x1bE", b"\x1bG", b"\x1bM", b"\x1bR", b"\x1bT", b"\x1ba", b"\x1bt", b"\x1b{",
    b"\x1d!", b"\x1dB", b"\x1dH", b"\x1df", b"\x1dh", b"\x1dw", b"\x1c!", b"\x1c-", b"\x1cW",
}  # fmt: skip
_NO_PARAMETER = {b"\x1b2", b"\x1bS"}


class Interpreter:
    """Reads one command after the other.

    ``take(n)`` gives the next *n* bytes and blocks until they are there; ``row(dots)`` prints one row, ``width / 8``
    bytes, black is 1, and blocks while the printer cannot print; so does ``cut()``; ``done()`` answers ``GS r``. Any of
    them may raise to end a command in the middle.
    """

    def __init__(
        self,
        *,
        width: int,
        take: Callable[[int], bytes],
        row: Callable[[bytes], None],
        cut: Callable[[], None],
        done: Callable[[], None],
        font: Path | None,
    ) -> None:
        self._stride = width // 8
        self._take = take
        self._row = row
        self._cut = cut
        self._done = done
        self._font = ImageFont.truetype(font, _TEXT_DOTS) if font else None
        self.unknown: list[bytes] = []
        self.reset()

    def reset(self) -> None:
        """As after switching on."""
        self._unit = 360
        self._chinese = False
        self._line = bytearray()

    def step(self) -> None:
        """Carry out the next command, or take the next byte of text."""
        byte = self._take(1)
        match byte:
            case b"\x1b" | b"\x1d" | b"\x1c":
                self._command(byte + self._take(1))
            case b"\x10":
                self._real_time()
            case b"\n":
                self._end_line()
            case _ if byte >= b"\x20":
                self._line += byte
            case _:
                pass  # NUL and the other control codes mean nothing here

    def _command(self, command: bytes) -> None:
        match command:
            case b"\x1b@":
                self.reset()
            case b"\x1bJ":
                self._end_line()
                self._feed(self._rows(self._take(1)[0]))
            case b"\x1bd":
                self._end_line()
                self._feed(self._take(1)[0] * _LINE_ROWS)
            case b"\x1dP":
                self._unit = self._take(2)[1] or 360
            case b"\x1dv":
                self._picture()
            case b"\x1dV":
                self._knife()
            case b"\x1dr":
                self._take(1)
                self._done()
            case b"\x1c&":
                self._chinese = True
            case b"\x1c.":
                self._chinese = False
            case _ if command in _ONE_PARAMETER:
                self._take(1)
            case _ if command in _NO_PARAMETER:
                pass
            case _:
                self.unknown.append(command)

    def _real_time(self) -> None:
        """Real-time commands were obeyed when they arrived; here they only leave the buffer."""
        match self._take(1):
            case b"\x04" | b"\x05":
                self._take(1)
            case b"\x14":
                self._take({1: 2, 2: 2, 8: 7}.get(self._take(1)[0], 0))
            case other:
                self.unknown.append(b"\x10" + other)

    def _picture(self) -> None:
        kind, _, *size = self._take(6)
        if kind != 0x30:
            self.unknown.append(b"\x1dv" + bytes((kind,)))
            return
        stride, rows = size[0] + 256 * size[1], size[2] + 256 * size[3]
        for _ in range(rows):
            dots = self._take(stride)
            self._row(dots[: self._stride].ljust(self._stride, b"\x00"))

    def _knife(self) -> None:
        how = self._take(1)
        if how in (b"A", b"B"):
            self._feed(self._rows(self._take(1)[0]))
        self._cut()

    def _rows(self, units: int) -> int:
        return round(units * DOTS_PER_INCH / self._unit)

    def _feed(self, rows: int) -> None:
        for _ in range(rows):
            self._row(bytes(self._stride))

    def _end_line(self) -> None:
        if not self._line:
            return
        text = self._line.decode("gb18030" if self._chinese else "cp437", "replace")
        self._line.clear()
        picture = Image.new("1", (self._stride * 8, _LINE_ROWS))
        if self._font:
            ImageDraw.Draw(picture).text((0, 0), text, fill=1, font=self._font)
        dots = picture.tobytes()
        for at in range(0, len(dots), self._stride):
            self._row(dots[at : at + self._stride])
