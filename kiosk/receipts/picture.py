"""A receipt slip as a picture: black dots on white paper, 8 to the millimetre.

Read by people of seventy, often without their glasses: the smallest text is 3 mm high, the provisional number is as
large as the paper allows, and what matters is said in words beside the QR code. Drawn with the font that ships with
the terminal, one bit deep, so that the same slip is the same dots on every machine.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont

from kiosk.receipts.glyphs import legible
from kiosk.receipts.slip import Sentences, Slip, sentences
from kiosk.receipts.typeset import balance, wrap

REGULAR = "NotoSansCJKsc-Regular.otf"
BOLD = "NotoSansCJKsc-Bold.otf"
QR_QUIET_MODULES = 4  # ISO/IEC 18004:2015, 6.3.8
QR_LEAST_DOTS = 4
_LINE_HEIGHT = 1.4
_THRESHOLD = 128


def draw(slip: Slip, *, width: int = 576, font_folder: Path) -> Image.Image:
    """*slip* as a picture of mode ``1``, *width* dots wide (384, 576 or 640) and as high as it needs.

    *font_folder* holds :data:`REGULAR` and :data:`BOLD`. Raises :class:`ValueError` when ``qr_text`` is so long that
    its code cannot be read from this paper (modules under 4 dots), :class:`OSError` when a font is missing.
    """
    sheet = _Sheet(width=width, fonts=font_folder)
    slip = legible(slip, font_folder / BOLD)
    _above_code(sheet, slip)
    code = Code.of(slip.qr_text, width=width)
    sheet.picture(code.on_paper(width))
    _below_code(sheet, slip)
    return sheet.cut_to_length()


def draw_around_code(slip: Slip, *, width: int, font_folder: Path) -> tuple[Image.Image, Code, Image.Image]:
    """As :func:`draw`, for a printer that draws the code itself: what stands above it, the code, what stands below."""
    slip = legible(slip, font_folder / BOLD)
    above, below = (_Sheet(width=width, fonts=font_folder) for _ in range(2))
    _above_code(above, slip)
    _below_code(below, slip)
    return above.cut_to_length(), Code.of(slip.qr_text, width=width), below.cut_to_length()


def draw_line(
    text: str, *, dots: int, rows: int, bold: bool, centred: bool, width: int, font_folder: Path
) -> Image.Image:
    """One line of *text* on paper *width* dots wide and *rows* high, in characters of *dots*; smaller when it would not
    fit."""
    sheet = _Sheet(width=width, fonts=font_folder)
    font = next(
        (font for font in sheet.fonts_of(range(dots, 11, -1), bold=bold) if font.getlength(text) <= width), None
    )
    line = _line(text, font or sheet.font(12, bold=bold))
    paper = Image.new("1", (width, rows), 1)
    x = max(0, (width - line.width) // 2) if centred else 0
    paper.paste(0, (x, (rows - line.height) // 2), _ink(line))
    return paper


def _above_code(sheet: _Sheet, slip: Slip) -> None:
    words = sentences(slip.language)
    if slip.test:
        sheet.banner(words.test, words.test_more)
    sheet.centred(slip.hall, size=32)
    sheet.centred(words.heading, size=46, bold=True)
    if slip.reprint:
        sheet.label(words.reprint)
    sheet.rule()
    sheet.centred(slip.title, size=36, bold=True)
    sheet.gap(14)
    sheet.centred(words.number, size=28)
    sheet.as_large_as_it_fits(slip.provisional_number, most=68)
    sheet.gap(10)
    _state(sheet, slip, words)
    sheet.gap(10)
    rows = [(words.case, slip.case_number), (words.applicant, slip.applicant), (words.proxy, slip.proxy)]
    rows.append((words.created, f"{slip.created:%Y-%m-%d %H:%M}"))
    sheet.table([(name, value) for name, value in rows if value is not None])
    if slip.materials:
        sheet.rule()
        sheet.text(words.materials, size=28)
        for material in slip.materials:
            sheet.item(material)
    sheet.rule()


def _below_code(sheet: _Sheet, slip: Slip) -> None:
    words = sentences(slip.language)
    sheet.centred(words.scan, size=28, bold=True)
    sheet.rule()
    sheet.text(words.keep, size=26)
    if slip.help_line:
        sheet.text(slip.help_line, size=26)
    sheet.text(f"{words.terminal} {slip.terminal}", size=24)


def _state(sheet: _Sheet, slip: Slip, words: Sentences) -> None:
    if slip.stored_offline:
        sheet.framed(words.stored, words.stored_more)
    else:
        sheet.framed(words.sent, words.sent_more)


@dataclass(frozen=True, slots=True)
class Code:
    """The slip's QR code: its rows of modules (dark is 1), without quiet zone, and how many dots a module has."""

    modules: tuple[bytes, ...]
    dots: int

    @classmethod
    def of(cls, text: str, *, width: int) -> Code:
        """As large as two thirds of the paper and at least 4 dots a module; :class:`ValueError` when that does not
        fit."""
        modules = tuple(bytes(row) for row in segno.make_qr(text, error="m", boost_error=False).matrix)
        across = len(modules) + 2 * QR_QUIET_MODULES
        dots = max(QR_LEAST_DOTS, width * 2 // 3 // across)
        if across * dots > width:
            raise ValueError(f"a QR code of {len(text)} characters cannot be read from {width} dots of paper")
        return cls(modules, dots)

    @property
    def across(self) -> int:
        return len(self.modules)

    def on_paper(self, width: int) -> Image.Image:
        """Centred, with its quiet zone."""
        quiet = QR_QUIET_MODULES * self.dots
        side = self.across * self.dots
        grey = Image.frombytes("L", (self.across, self.across), b"".join(self.modules)).point([255, *[0] * 255])
        paper = Image.new("1", (width, side + 2 * quiet), 1)
        paper.paste(grey.resize((side, side), Image.Resampling.NEAREST).convert("1"), ((width - side) // 2, quiet))
        return paper


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """Paper that grows downwards. Sizes are dots on 576-dot paper; narrower paper gets smaller headings, not smaller
    text."""

    width: int
    fonts: Path
    _y: int = 8
    _parts: list[tuple[int, int, Image.Image]] = field(default_factory=list[tuple[int, int, Image.Image]])

    @property
    def _margin(self) -> int:
        return 12

    @property
    def _inner(self) -> int:
        return self.width - 2 * self._margin

    def gap(self, dots: int) -> None:
        self._y += dots

    def rule(self) -> None:
        """A dashed line."""
        line = Image.new("1", (self._inner, 2), 1)
        for x in range(0, self._inner, 12):
            line.paste(0, (x, 0, min(x + 7, self._inner), 2))
        self._y += 12
        self._put(self._margin, line)
        self._y += 12

    def text(self, text: str, *, size: int, bold: bool = False) -> None:
        font = self.font(size, bold=bold)
        for line in self._wrap(text, font, self._inner):
            self._put(self._margin, _line(line, font))

    def centred(self, text: str, *, size: int, bold: bool = False) -> None:
        font = self.font(self._heading(size), bold=bold)
        for line in balance(text, width=self._inner, measure=font.getlength):
            picture = _line(line, font)
            self._put((self.width - picture.width) // 2, picture)

    def item(self, text: str) -> None:
        """A line of a list, with a dot before it."""
        font = self.font(30)
        dot = _line("•", font)
        for number, line in enumerate(self._wrap(text, font, self._inner - 30)):
            if number == 0:
                self._parts.append((self._margin + 4, self._y, dot))
            self._put(self._margin + 30, _line(line, font))

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names in one column, values in the next; a value too long for that stands under its name."""
        font = self.font(28)
        column = int(max(font.getlength(name) for name, _ in rows)) + 24
        for name, value in rows:
            label = _line(name, font)
            room = self._inner - column
            strong = self._largest(value, room, sizes=range(32, 23, -2))
            if column <= self._inner // 2 and strong.getlength(value) <= room:
                line = _line(value, strong)
                self._parts.append((self._margin, self._y + (line.height - label.height) // 2, label))
                self._put(self._margin + column, line)
                continue
            self._put(self._margin, label)
            strong = self._largest(value, self._inner - 24, sizes=range(32, 27, -2))
            for text in self._wrap(value, strong, self._inner - 24):
                self._put(self._margin + 24, _line(text, strong))

    def as_large_as_it_fits(self, text: str, *, most: int) -> None:
        """One line, never broken: a number is read aloud from it."""
        picture = _line(text, self._largest(text, self._inner, sizes=range(most, 19, -2)))
        self._put((self.width - picture.width) // 2, picture)

    def framed(self, strong: str, plain: str) -> None:
        """A frame around one thing said large and one said small."""
        top = self._y
        inside = self._inner - 32
        self._y += 14
        for text, size, bold in ((strong, 34, True), (plain, 28, False)):
            font = self.font(self._heading(size) if bold else size, bold=bold)
            for line in balance(text, width=inside, measure=font.getlength):
                picture = _line(line, font)
                self._put((self.width - picture.width) // 2, picture)
        self._y += 12
        frame = Image.new("1", (self._inner, self._y - top), 1)
        ImageDraw.Draw(frame).rounded_rectangle((0, 0, frame.width - 1, frame.height - 1), 14, outline=0, width=3)
        self._parts.insert(0, (self._margin, top, frame))

    def banner(self, strong: str, plain: str) -> None:
        """White on black over the whole width."""
        large, small = self.font(self._heading(72), bold=True), self.font(28, bold=True)
        lines = [_line(strong, large), *(_line(line, small) for line in self._wrap(plain, small, self._inner - 24))]
        band = Image.new("1", (self._inner, sum(line.height for line in lines) + 20), 0)
        y = 6
        for line in lines:
            band.paste(1, ((band.width - line.width) // 2, y), _ink(line))
            y += line.height
        self._put(self._margin, band)
        self._y += 14

    def label(self, text: str) -> None:
        """White on black, small, centred."""
        line = _line(text, self.font(34, bold=True))
        self._y += 6
        tag = Image.new("1", (line.width + 48, line.height + 8), 0)
        tag.paste(1, (24, 2), _ink(line))
        self._put((self.width - tag.width) // 2, tag)

    def picture(self, picture: Image.Image) -> None:
        """Something as wide as the paper."""
        self._put(0, picture)

    def cut_to_length(self) -> Image.Image:
        sheet = Image.new("1", (self.width, self._y + 8), 1)
        for x, y, picture in self._parts:
            # Only the ink is laid on: a line's box may reach into its neighbour's.
            sheet.paste(0, (x, y), _ink(picture))
        return sheet

    def _put(self, x: int, picture: Image.Image) -> None:
        self._parts.append((x, self._y, picture))
        self._y += picture.height

    def _heading(self, size: int) -> int:
        return size if self.width >= 576 else max(28, size * 3 // 4)

    def font(self, size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        return _font(self.fonts / (BOLD if bold else REGULAR), size)

    def fonts_of(self, sizes: Sequence[int], *, bold: bool) -> Iterator[ImageFont.FreeTypeFont]:
        return (self.font(size, bold=bold) for size in sizes)

    def _largest(self, text: str, width: int, *, sizes: Sequence[int]) -> ImageFont.FreeTypeFont:
        """The first of *sizes* (falling) in which *text* is one line of *width*, or else the last."""
        fonts = self.fonts_of(sizes, bold=True)
        return next((font for font in fonts if font.getlength(text) <= width), self.font(sizes[-1], bold=True))

    @staticmethod
    def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
        return wrap(text, width=width, measure=font.getlength)


@functools.lru_cache(maxsize=64)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """Kept: opening one of the fonts takes as long as drawing a line."""
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def _line(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """One line of *text*, one bit deep. Drawn grey and cut at half: FreeType's own one-bit drawing breaks thin
    strokes."""
    height = int(font.size * _LINE_HEIGHT)
    grey = Image.new("L", (int(font.getlength(text)) + 2, height), 255)
    ascent, descent = font.getmetrics()
    ImageDraw.Draw(grey).text((0, (height - ascent - descent) / 2), text, fill=0, font=font)
    halved = grey.point([0] * _THRESHOLD + [255] * (256 - _THRESHOLD))
    return halved.convert("1", dither=Image.Dither.NONE)


def _ink(picture: Image.Image) -> Image.Image:
    """The black dots of *picture*, as a mask. (White is 1 or 255 in Pillow's mode 1, depending on how it came
    there.)"""
    return picture.point([255] + [0] * 255)
