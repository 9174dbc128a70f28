"""What a slip printer does with the bytes in its buffer: ESC/POS commands become rows of dots.

Part of the simulated printer, written after Epson's *ESC/POS Command Reference* and not after our driver: it shares no
line and no constant with it, obeys what python-escpos sends as well, and keeps every command that it does not know, so
that a test can ask for there being none. Its motion unit is 1/360 inch until ``GS P`` says otherwise, as on many real
printers: a driver that forgets ``GS P`` gets slips of the wrong length here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from PIL import Image

from devices.printer.sim_ink import CELL, Look, Strip, gb_character, qr_symbol

DOTS_PER_INCH = 203
LINE_ROWS = 30  # ESC 2: "approximately 3.75 mm"
MOST_STORED = 64 * 1024

Knife = Literal["full", "partial"]

_CODE_PAGES = {0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 16: "cp1252", 17: "cp866", 19: "cp858"}
_QR_LEVELS = {48: "l", 49: "m", 50: "q", 51: "h"}

_IGNORED = {
    b"\x1b-": 1, b"\x1bG": 1, b"\x1bM": 1, b"\x1bR": 1, b"\x1bT": 1, b"\x1bU": 1, b"\x1bV": 1, b"\x1b{": 1, b"\x1b ": 1,
    b"\x1bp": 3, b"\x1bc": 2, b"\x1bS": 0, b"\x1b=": 1, b"\x1b\\": 2, b"\x1b$": 2,
    b"\x1dB": 1, b"\x1dH": 1, b"\x1df": 1, b"\x1dh": 1, b"\x1dw": 1, b"\x1db": 1, b"\x1dL": 2, b"\x1dW": 2,
    b"\x1c-": 1, b"\x1cS": 2, b"\x1cC": 1,
}  # fmt: skip
"""Commands that change nothing a test looks at, and how many parameters follow."""


class Interpreter:
    """Reads one command after the other.

    ``take(n)`` gives the next *n* bytes and blocks until they are there; ``row(dots)`` prints one row, ``width / 8``
    bytes, black is 1, and blocks while the printer cannot print; so does ``cut(how)``; ``done()`` answers ``GS r``;
    ``automatic(n)`` is ``GS a``. Any of them may raise to end a command in the middle.
    """

    def __init__(
        self,
        *,
        width: int,
        take: Callable[[int], bytes],
        row: Callable[[bytes], None],
        cut: Callable[[Knife], None],
        done: Callable[[], None],
        automatic: Callable[[int], None],
        font: Path | None,
    ) -> None:
        self.width = width
        self._take = take
        self._row = row
        self._cut = cut
        self._done = done
        self._automatic = automatic
        self._font = font
        self.unknown: list[bytes] = []
        self.reset()

    def reset(self) -> None:
        """As after switching on."""
        self._unit = 360
        self._spacing = LINE_ROWS
        self._kanji = False
        self._code_page = "cp437"
        self._look, self._kanji_look = Look(), Look()
        self._align = 0
        self._strip = Strip(self.width, self._font)
        self._symbol, self._symbol_dots, self._symbol_level = b"", 3, "l"
        self._graphics: Image.Image | None = None

    def step(self) -> None:
        """Carry out the next command, or take the next character."""
        byte = self._take(1)
        match byte:
            case b"\x1b" | b"\x1d" | b"\x1c":
                self._command(byte + self._take(1))
            case b"\x10":
                self._real_time()
            case b"\n":
                self._end_line(self._spacing)
            case b"\t":
                self._tab()
            case _ if byte >= b"\x20":
                self._character(byte)
            case _:
                pass  # NUL, CR and the other control codes mean nothing here

    # Commands

    def _command(self, command: bytes) -> None:
        match command:
            case b"\x1b@":
                self.reset()
            case b"\x1bJ":
                self._feed(self._rows(self._byte()))
            case b"\x1bd":
                self._end_line(0)
                self._blank(self._byte() * self._spacing)
            case b"\x1b2":
                self._spacing = LINE_ROWS
            case b"\x1b3":
                self._spacing = self._rows(self._byte())
            case b"\x1bE":
                bold = bool(self._byte() & 1)
                self._look = replace(self._look, bold=bold)
                self._kanji_look = replace(self._kanji_look, bold=bold)
            case b"\x1b!":
                mode = self._byte()
                self._look = Look(wide=1 + (mode >> 5 & 1), high=1 + (mode >> 4 & 1), bold=bool(mode & 8))
            case b"\x1ba":
                self._align = self._byte() % 48 % 3
            case b"\x1bt":
                self._code_page = _CODE_PAGES.get(self._byte(), "cp437")
            case b"\x1bD":
                while self._take(1) != b"\x00":
                    pass
            case b"\x1b*":
                self._columns()
            case b"\x1bi":
                self._cut("full")
            case b"\x1bm":
                self._cut("partial")
            case _:
                self._group_command(command)

    def _group_command(self, command: bytes) -> None:
        match command:
            case b"\x1d!":
                size = self._byte()
                sized = Look(wide=1 + (size >> 4 & 7), high=1 + (size & 7), bold=self._look.bold)
                self._look = self._kanji_look = sized
            case b"\x1dP":
                self._unit = self._take(2)[1] or 360
            case b"\x1dv":
                self._raster()
            case b"\x1dV":
                self._knife()
            case b"\x1dr":
                self._take(1)
                self._done()
            case b"\x1da":
                self._automatic(self._byte())
            case b"\x1d(":
                self._long(self._take(1), 2)
            case b"\x1d8":
                self._long(self._take(1), 4)
            case b"\x1c&":
                self._kanji = True
            case b"\x1c.":
                self._kanji = False
            case b"\x1c!":
                mode = self._byte()
                self._kanji_look = Look(wide=1 + (mode >> 2 & 1), high=1 + (mode >> 3 & 1), bold=self._look.bold)
            case b"\x1cW":
                times = 1 + (self._byte() & 1)
                self._kanji_look = Look(wide=times, high=times, bold=self._look.bold)
            case _ if command in _IGNORED:
                self._take(_IGNORED[command])
            case _:
                self.unknown.append(command)

    def _real_time(self) -> None:
        """Real-time commands were obeyed when they arrived; here they only leave the buffer."""
        match self._take(1):
            case b"\x04" | b"\x05":
                self._take(1)
            case b"\x14":
                self._take({1: 2, 2: 2, 8: 7}.get(self._byte(), 0))
            case other:
                self.unknown.append(b"\x10" + other)

    def _knife(self) -> None:
        how = self._byte()
        if how in (65, 66):
            self._feed(self._rows(self._byte()))
        if how not in (0, 1, 48, 49, 65, 66):
            self.unknown.append(b"\x1dV" + bytes((how,)))
            return
        self._cut("full" if how in (0, 48, 65) else "partial")

    def _long(self, kind: bytes, counted_in: int) -> None:
        """``GS ( x`` and ``GS 8 x``: the parameters are counted."""
        length = int.from_bytes(self._take(counted_in), "little")
        data = self._take(min(length, MOST_STORED))
        for at in range(len(data), length, MOST_STORED):
            self._take(min(MOST_STORED, length - at))
        if kind == b"k" and data[:1] == b"1":
            self._qr(data[1:2], data[2:])
        elif kind == b"L" and data[:1] == b"0":
            self._stored_graphics(data[1:2], data[2:])
        else:
            self.unknown.append(b"\x1d(" + kind + data[:2])

    # Pictures and codes

    def _raster(self) -> None:
        kind, scale, *size = self._take(6)
        if kind != 0x30:
            self.unknown.append(b"\x1dv" + bytes((kind,)))
            return
        stride, rows = size[0] + 256 * size[1], size[2] + 256 * size[3]
        for _ in range(rows):
            dots = self._take(stride)
            if scale & 1:
                dots = _doubled(dots)
            for _ in range(2 if scale & 2 else 1):
                self._print(dots)

    def _columns(self) -> None:
        """``ESC *``: a picture as columns, 8 or 24 dots high, part of the line."""
        mode, low, high = self._take(3)
        deep = 3 if mode in (32, 33) else 1
        wide = 1 if mode in (1, 33) else 2
        columns = low + 256 * high
        data = self._take(columns * deep)
        picture = Image.new("1", (max(columns, 1), 8 * deep), 0)
        for x in range(columns):
            for y in range(8 * deep):
                if data[x * deep + y // 8] >> (7 - y % 8) & 1:
                    picture.putpixel((x, y), 1)
        self._strip.put_picture(picture.resize((picture.width * wide, CELL), Image.Resampling.NEAREST))

    def _stored_graphics(self, function: bytes, data: bytes) -> None:
        if function == b"p" and len(data) >= 8 and data[:1] == b"0":  # function 112: store a raster picture
            width, height = int.from_bytes(data[4:6], "little"), int.from_bytes(data[6:8], "little")
            dots = data[8:].ljust((width + 7) // 8 * height, b"\x00")
            self._graphics = Image.frombytes("1", (max(width, 1), max(height, 1)), dots) if width and height else None
        elif function in (b"2", b"\x02") and self._graphics is not None:  # function 50: print it
            self._strip.put_picture(self._graphics)
            self._end_line(0)
        else:
            self.unknown.append(b"\x1d(L" + function)

    def _qr(self, function: bytes, data: bytes) -> None:
        match function:
            case b"A":
                pass  # model 2 is drawn, whatever is asked for
            case b"C" if data and 1 <= data[0] <= 16:
                self._symbol_dots = data[0]
            case b"E" if data and data[0] in _QR_LEVELS:
                self._symbol_level = _QR_LEVELS[data[0]]
            case b"P" if data[:1] == b"0":
                self._symbol = data[1:]
            case b"Q" if data[:1] == b"0" and self._symbol:
                try:
                    symbol = qr_symbol(self._symbol, level=self._symbol_level, dots=self._symbol_dots)
                except ValueError:  # more than a QR code holds: Epson prints nothing
                    return
                if symbol.width <= self.width:
                    self._strip.put_picture(symbol)
                    self._end_line(0)
            case _:
                self.unknown.append(b"\x1d(k1" + function)

    # Text

    def _character(self, byte: bytes) -> None:
        if self._kanji and byte[0] >= 0x81:
            code = byte + self._take(1)
            if 0x30 <= code[1] <= 0x39:
                code += self._take(2)
            self._put(gb_character(code), self._kanji_look)
        else:
            self._put(byte.decode(self._code_page, "replace"), self._look)

    def _put(self, character: str, look: Look) -> None:
        if not self._strip.room(character, look) and not self._strip.empty:
            self._end_line(self._spacing)
        self._strip.put(character, look)

    def _tab(self) -> None:
        stop = 8 * CELL // 2
        while self._strip.x % stop or self._strip.empty:
            self._strip.put(" ", Look())
            if not self._strip.room(" ", Look()):
                return

    def _end_line(self, least_rows: int) -> None:
        """Print what the line holds, if anything, and go on to the next one."""
        if self._strip.empty:
            self._blank(least_rows)
            return
        line = self._strip.laid(self._align, least_rows)
        dots, stride = line.tobytes(), (line.width + 7) // 8
        for at in range(0, len(dots), stride):
            self._print(dots[at : at + stride])

    def _feed(self, rows: int) -> None:
        """Print the line and feed so far from where it began (``ESC J``)."""
        self._end_line(0)
        self._blank(rows)

    def _blank(self, rows: int) -> None:
        for _ in range(rows):
            self._print(b"")

    def _print(self, dots: bytes) -> None:
        stride = self.width // 8
        self._row(dots[:stride].ljust(stride, b"\x00"))  # what is wider than the head is lost

    def _byte(self) -> int:
        return self._take(1)[0]

    def _rows(self, units: int) -> int:
        return round(units * DOTS_PER_INCH / self._unit)


def _doubled(dots: bytes) -> bytes:
    """Every dot twice."""
    bits = "".join(f"{byte:08b}" for byte in dots)
    return int("".join(bit * 2 for bit in bits) or "0", 2).to_bytes(2 * len(dots), "big")
