"""A slip as its printer is set up to want it: one picture, pictures around a code that the printer draws, or lines in
the printer's own characters.

In lines, too, every name comes out right: a line with a character that the printer lacks is sent as a picture.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from devices.printer.api import Code, Drawn, Line, Part, Setup
from devices.printer.text import LINE_ROWS, lacking, line_fits, text_dots
from kiosk.receipts.glyphs import marked
from kiosk.receipts.picture import BOLD, draw, draw_around_code, draw_line
from kiosk.receipts.picture import Code as DrawnCode
from kiosk.receipts.slip import Slip, sentences
from kiosk.receipts.typeset import balance, wrap


def compose(slip: Slip, setup: Setup, *, font_folder: Path) -> tuple[Part, ...]:
    """The parts of *slip*, from top to bottom. Raises as :func:`kiosk.receipts.picture.draw`."""
    if setup.text is Drawn.NATIVE:
        return _written(slip, setup, font_folder)
    if setup.qr is Drawn.PICTURE:
        return (draw(slip, width=setup.width, font_folder=font_folder),)
    above, code, below = draw_around_code(slip, width=setup.width, font_folder=font_folder)
    return above, Code(text=slip.qr_text, dots=code.dots, across=code.across), below


def drawn_instead(slip: Slip, setup: Setup) -> str:
    """The characters of *slip* that a printer set up to write by itself lacks, each once: their lines are drawn."""
    if setup.text is Drawn.PICTURE:
        return ""
    return lacking("".join(line.text for line in _lines(slip, setup.width) if isinstance(line, Line)), setup.code_page)


def _written(slip: Slip, setup: Setup, font_folder: Path) -> tuple[Part, ...]:
    code = DrawnCode.of(slip.qr_text, width=setup.width)
    parts: list[Part] = []
    for line in _lines(slip, setup.width):
        if line is None and setup.qr is Drawn.NATIVE:
            parts.append(Code(text=slip.qr_text, dots=code.dots, across=code.across))
        elif line is None:
            parts.append(code.on_paper(setup.width))
        elif lacking(line.text, setup.code_page):
            parts.append(_pictured(line, setup.width, font_folder))
        else:
            parts.append(line)
    return tuple(parts)


def _pictured(line: Line, width: int, font_folder: Path) -> Image.Image:
    return draw_line(
        marked(line.text, font_folder / BOLD),
        dots=24 * line.size,
        rows=LINE_ROWS * line.size,
        bold=line.bold,
        centred=line.centred,
        width=width,
        font_folder=font_folder,
    )


def _lines(slip: Slip, width: int) -> list[Line | None]:
    """The slip in lines that fit the paper; ``None`` is the code's place."""
    words = sentences(slip.language)
    lines: list[Line | None] = []
    colon = "：" if slip.language == "zh" else ": "

    def text(content: str, *, bold: bool = False) -> None:
        lines.extend(Line(text=each, bold=bold) for each in wrap(content, width=width, measure=text_dots))

    def centred(content: str, *, size: int = 1, bold: bool = False) -> None:
        size = size if line_fits(content, size=size, width=width) else 1
        fitted = balance(content, width=width / size, measure=text_dots)
        lines.extend(Line(text=each, size=size, bold=bold, centred=True) for each in fitted)

    def rule() -> None:
        lines.append(Line(text="-" * (width // text_dots("-"))))

    if slip.test:
        centred(words.test, size=2, bold=True)
        centred(words.test_more, bold=True)
    centred(slip.hall)
    centred(words.heading, size=2, bold=True)
    if slip.reprint:
        centred(f"*** {words.reprint} ***", bold=True)
    rule()
    centred(slip.title, bold=True)
    centred(words.number)
    centred(slip.provisional_number, size=2, bold=True)
    strong, more = (words.stored, words.stored_more) if slip.stored_offline else (words.sent, words.sent_more)
    centred(strong, bold=True)
    centred(more)
    rule()
    rows = [(words.case, slip.case_number), (words.applicant, slip.applicant), (words.proxy, slip.proxy)]
    rows.append((words.created, f"{slip.created:%Y-%m-%d %H:%M}"))
    for name, value in rows:
        if value is not None:
            text(f"{name}{colon}{value}")
    if slip.materials:
        rule()
        text(words.materials)
        for material in slip.materials:
            text(f"- {material}")
    rule()
    lines.append(None)
    centred(words.scan, bold=True)
    rule()
    for content in (words.keep, slip.help_line, f"{words.terminal} {slip.terminal}"):
        if content:
            text(content)
    return lines


def laid_out(parts: tuple[Part, ...], setup: Setup, *, font_folder: Path) -> Image.Image:
    """*parts* as they look on paper, for eyes: what the printer writes by itself is drawn with the terminal's font."""
    pictures: list[Image.Image] = []
    for part in parts:
        match part:
            case Line():
                pictures.append(_pictured(part, setup.width, font_folder))
            case Code():
                pictures.append(DrawnCode.of(part.text, width=setup.width).on_paper(setup.width))
            case Image.Image():
                pictures.append(part)
    sheet = Image.new("1", (setup.width, sum(picture.height for picture in pictures)), 1)
    y = 0
    for picture in pictures:
        sheet.paste(picture, (0, y))
        y += picture.height
    return sheet
