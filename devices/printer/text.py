"""Lines in the printer's own characters: the mode for slow serial lines, where a picture takes a minute.

``FS &`` (Kanji mode) with GB bytes is what Chinese ESC/POS printers understand. What their fonts lack is told here
beforehand, so that whoever lays out a slip can send such a line as a picture: a printer puts ``?`` or a blank for what
it does not know, and nobody's name may end like that.
"""

from __future__ import annotations

from devices.printer.api import Code, CodePage, Line

LINE_ROWS = 34
"""From one line to the next: 24 dots of character and 10 of white."""
CHARACTER_DOTS = 12
"""Width of a Latin character of font A; a Chinese one is twice as wide."""

_EXTENSION_A = range(0x3400, 0x4DB6)  # GB 18030-2000, 6.3: the four-byte characters whose forms it demands of a font

KANJI_MODE = b"\x1c&"
_ALIGN = {False: b"\x1ba\x00", True: b"\x1ba\x01"}
_BOLD = {False: b"\x1bE\x00", True: b"\x1bE\x01"}


def lacking(text: str, code_page: CodePage) -> str:
    """The characters of *text* that a printer of *code_page* has no form for, each once."""
    return "".join(dict.fromkeys(each for each in text if not _has(each, code_page)))


def _has(character: str, code_page: CodePage) -> bool:
    try:
        written = character.encode(code_page.value)
    except UnicodeEncodeError:
        return False
    if len(written) == 1:
        return 0x20 <= written[0] < 0x7F
    # Every character of the world has four bytes in GB 18030; few of those have a form in a printer.
    return len(written) == 2 or ord(character) in _EXTENSION_A


def line_bytes(line: Line, code_page: CodePage) -> bytes:
    """*line* with all that it needs set. Raises :class:`ValueError` for a character that the printer lacks."""
    if lost := lacking(line.text, code_page):
        raise ValueError(f"a printer of {code_page} has no form for {lost}: send that line as a picture")
    if line.size not in (1, 2):
        raise ValueError(f"a line is of size 1 or 2, not {line.size}")
    size = bytes((0x1D, 0x21, 0x11 * (line.size - 1)))  # GS !: width in the high half, height in the low one
    pitch = bytes((0x1B, 0x33, line_rows(line)))  # ESC 3, in the dots of GS P
    ready = pitch + _ALIGN[line.centred] + _BOLD[line.bold] + size
    return ready + line.text.encode(code_page.value) + b"\n"


def line_rows(line: Line) -> int:
    """Rows of paper that *line* takes."""
    return LINE_ROWS * line.size


def line_fits(text: str, *, size: int, width: int) -> bool:
    """Whether *text* is one line on paper of *width* dots."""
    return text_dots(text) * size <= width


def text_dots(text: str) -> int:
    """The width of *text* at size 1, in dots."""
    return sum(CHARACTER_DOTS if character.isascii() else 2 * CHARACTER_DOTS for character in text)


def code_bytes(code: Code) -> bytes:
    """*code* by the printer's own hand: ``GS ( k``, functions 165 (model 2), 167, 169 (level M), 180 and 181."""
    data = code.text.encode("ascii")
    if not 1 <= code.dots <= 16 or not data:
        raise ValueError(f"a QR code has 1 to 16 dots a module and a text, not {code.dots} dots and {len(data)} bytes")
    quiet = bytes((0x1B, 0x4A, 4 * code.dots))  # ISO/IEC 18004, 6.3.8: four modules of white
    return b"".join(
        (
            quiet,
            _ALIGN[True],
            _symbol(b"A2\x00"),
            _symbol(b"C" + bytes((code.dots,))),
            _symbol(b"E1"),
            _symbol(b"P0" + data),
            _symbol(b"Q0"),
            _ALIGN[False],
            quiet,
        )
    )


def code_rows(code: Code) -> int:
    """Rows of paper that *code* takes, white included."""
    return (code.across + 8) * code.dots


def _symbol(parameters: bytes) -> bytes:
    return b"\x1d(k" + (len(parameters) + 1).to_bytes(2, "little") + b"1" + parameters  # cn 49: QR code
