"""What a simulated printer draws by itself: its own characters and QR codes, as rows of dots.

Characters stand in cells as in Epson's font A: 12 by 24 dots for Latin letters, 24 by 24 for Chinese ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import segno
from PIL import Image, ImageChops, ImageDraw, ImageFont

CELL = 24
_BLANK = "□"  # what a font without a form shows


@dataclass(frozen=True, slots=True)
class Look:
    """How a character is printed: times as wide and high, and bold."""

    wide: int = 1
    high: int = 1
    bold: bool = False


class Strip:
    """One line being put together from left to right, *width* dots long; what does not fit goes to the next line."""

    def __init__(self, width: int, font: Path | None) -> None:
        self._width = width
        self._font = ImageFont.truetype(font, CELL - 2) if font else None
        self._parts: list[tuple[int, Image.Image]] = []
        self.x = 0

    @property
    def empty(self) -> bool:
        return self.x == 0

    def room(self, character: str, look: Look) -> bool:
        return self.x + _cell_width(character) * look.wide <= self._width

    def put(self, character: str, look: Look) -> None:
        cell = Image.new("1", (_cell_width(character), CELL), 0)
        if self._font:
            ImageDraw.Draw(cell).text((0, -4), character, fill=1, font=self._font)
        if look.bold:
            shifted = ImageChops.offset(cell, 1, 0)
            cell = ImageChops.logical_or(cell, shifted)
        self.put_picture(cell.resize((cell.width * look.wide, cell.height * look.high), Image.Resampling.NEAREST))

    def put_picture(self, picture: Image.Image) -> None:
        """Black is 1."""
        self._parts.append((self.x, picture))
        self.x += picture.width

    def laid(self, align: int, least_rows: int) -> Image.Image:
        """The line, aligned 0 left, 1 centre or 2 right, at least so many rows high: black is 1. Empties the strip."""
        height = max([least_rows, *(picture.height for _, picture in self._parts)])
        line = Image.new("1", (self._width, height), 0)
        shift = max(0, self._width - self.x) * align // 2
        tallest = max((picture.height for _, picture in self._parts), default=0)
        for x, picture in self._parts:
            line.paste(picture, (x + shift, tallest - picture.height))  # on one base line
        self._parts, self.x = [], 0
        return line


def _cell_width(character: str) -> int:
    return CELL if ord(character) > 0xFF else CELL // 2


def gb_character(code: bytes) -> str:
    """The character that a printer with a GB 18030-2000 font prints for *code* (2 or 4 bytes)."""
    try:
        character = code.decode("gb18030")
    except UnicodeDecodeError:
        return _BLANK
    if len(code) == 4 and not "\u3400" <= character <= "\u4db5":
        return _BLANK
    return character


def qr_symbol(text: bytes, *, level: str, dots: int) -> Image.Image:
    """The symbol without quiet zone: black is 1."""
    code = segno.make_qr(text, error=level, boost_error=False)
    symbol = Image.new("1", (len(code.matrix[0]), len(code.matrix)), 0)
    for y, row in enumerate(code.matrix):
        for x, dark in enumerate(row):
            if dark:
                symbol.putpixel((x, y), 1)
    return symbol.resize((symbol.width * dots, symbol.height * dots), Image.Resampling.NEAREST)
