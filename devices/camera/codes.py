"""Codes in a picture: zxing-cpp first, zbar second, and a ladder of preparations for hard pictures.

zxing-cpp reads more than the others and made no wrong text in our measurements (``bench/codes.py``). Text is made
here from raw bytes: Chinese codes carry UTF-8 or GB18030 without saying which, and engines guess badly.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import zxingcpp

from devices.camera import zbar
from devices.camera.api import Code, Picture
from devices.camera.pictures import Gray, bounded, gray, read_picture

QR: frozenset[str] = frozenset({"qr-code"})
"""What residents show. Every further format makes wrong readings likelier, so each use names what it needs."""
LINEAR: frozenset[str] = frozenset({"code-128", "code-39", "code-93", "ean-13", "ean-8", "upc-a", "itf", "codabar"})
EVERYDAY: frozenset[str] = QR | {"micro-qr-code", "data-matrix", "pdf417", "code-128", "code-39", "ean-13"}
"""For a technician trying a picture."""

LONGEST_TEXT = 2048
"""Characters. Nothing a terminal expects from a resident is longer."""
LONGEST_QR_TEXT = 7089
"""Characters: the most that a QR code holds (ISO/IEC 18004, table 7)."""
_ALLOWED_CONTROLS = frozenset("\t\r\n")

_ZXING = {
    "qr-code": zxingcpp.BarcodeFormat.QRCode,
    "micro-qr-code": zxingcpp.BarcodeFormat.MicroQRCode,
    "data-matrix": zxingcpp.BarcodeFormat.DataMatrix,
    "pdf417": zxingcpp.BarcodeFormat.PDF417,
    "code-128": zxingcpp.BarcodeFormat.Code128,
    "code-39": zxingcpp.BarcodeFormat.Code39,
    "code-93": zxingcpp.BarcodeFormat.Code93,
    "ean-13": zxingcpp.BarcodeFormat.EAN13,
    "ean-8": zxingcpp.BarcodeFormat.EAN8,
    "upc-a": zxingcpp.BarcodeFormat.UPCA,
    "itf": zxingcpp.BarcodeFormat.ITF,
    "codabar": zxingcpp.BarcodeFormat.Codabar,
}
# ISO/IEC 18004, 7.3 and annex F: ]Q2, ]Q4 and ]Q6 say that the symbol itself names its encodings (ECI).
_QR_WITH_ECI = frozenset({"]Q2", "]Q4", "]Q6"})

_LADDER_LONG_SIDE = 2600
"""Pixels. Larger pictures are not doubled: their modules are large enough, and memory is not."""


def read_codes(
    picture: Picture, *, formats: frozenset[str] = QR, thorough: bool = False, longest: int = LONGEST_TEXT
) -> tuple[Code, ...]:
    """The codes of these formats in one picture, in reading order of the engine, without repeats.

    ``thorough`` goes on, when the plain picture shows nothing, to zbar and to prepared pictures (about ten times
    slower on an empty picture). Codes with control characters or more than ``longest`` characters are left out.
    Raises ``KeyError`` on a format that no engine knows.
    """
    wanted = zxingcpp.BarcodeFormats([_ZXING[name] for name in sorted(formats)])
    plain = gray(picture)
    found = _by_zxing(plain, wanted, longest)
    if found or not thorough:
        return found
    found = _by_zbar(plain, formats, longest)
    if found:
        return found
    for prepared in _ladder(plain):
        found = _by_zxing(prepared, wanted, longest)
        if found:
            return found
    if formats & LINEAR:
        linear = zxingcpp.BarcodeFormats([_ZXING[name] for name in sorted(formats & LINEAR)])
        for degrees in (30, 60):  # the scan lines of both engines miss bars between 30 and 60 degrees
            found = _by_zxing(_turned(plain, degrees), linear, longest)
            if found:
                return found
    return ()


def read_file_codes(path: Path, *, formats: frozenset[str] = EVERYDAY) -> tuple[Code, ...]:
    """Codes in a picture file, thoroughly. Raises ``PictureError`` for anything that is not a readable picture."""
    return read_codes(read_picture(path), formats=formats, thorough=True, longest=LONGEST_QR_TEXT)


class CodeWatch:
    """Reads the live picture: the plain one always, the whole ladder on every ``thorough_every``-th frame.

    One-dimensional codes have weak check digits or none, so they count once two frames with a code agree.
    """

    def __init__(self, *, formats: frozenset[str] = QR, thorough_every: int = 8) -> None:
        self._formats = formats
        self._every = thorough_every
        self._frames = 0
        self._awaiting: frozenset[Code] = frozenset()

    def see(self, picture: Picture) -> tuple[Code, ...]:
        """The codes that are certain by this frame."""
        self._frames += 1
        codes = read_codes(picture, formats=self._formats, thorough=self._frames % self._every == 0)
        if not codes:
            return ()
        seen = frozenset(Code(code.format, code.text, "") for code in codes)
        certain = tuple(
            code for code in codes if code.format not in LINEAR or Code(code.format, code.text, "") in self._awaiting
        )
        self._awaiting = seen
        return certain


def _by_zxing(picture: Gray, formats: zxingcpp.BarcodeFormats, longest: int) -> tuple[Code, ...]:
    codes: dict[Code, None] = {}
    for barcode in zxingcpp.read_barcodes(picture, formats=formats, text_mode=zxingcpp.TextMode.Plain):
        text = barcode.text
        name = str(barcode.format).lower().replace(" ", "-")
        if name.endswith("qr-code") and barcode.symbology_identifier not in _QR_WITH_ECI:
            text = text_of(barcode.bytes, guess=barcode.text)
        if acceptable(text, longest):
            codes[Code(name, text, "zxing")] = None
    return tuple(codes)


def _by_zbar(picture: Gray, formats: frozenset[str], longest: int) -> tuple[Code, ...]:
    codes: dict[Code, None] = {}
    for name, payload in zbar.read_bytes(picture, formats):
        text = text_of(payload, guess=payload.decode("latin-1"))
        if acceptable(text, longest):
            codes[Code(name, text, "zbar")] = None
    return tuple(codes)


def text_of(payload: bytes, *, guess: str) -> str:
    """The text of a payload that does not name its encoding: UTF-8, else GB18030, else the engine's ``guess``.

    A symbol in Kanji mode (ISO/IEC 18004, 7.4.6) holds Shift JIS, which is also valid GB18030; some generators use it
    for short Chinese texts. It is told by the GB reading leaving the common characters of GB 2312.
    """
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        chinese = payload.decode("gb18030")
    except UnicodeDecodeError:
        return guess
    if not _encodes(chinese, "gb2312") and _is_kanji(guess, payload):
        return guess
    return chinese


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_kanji(text: str, payload: bytes) -> bool:
    halfwidth_katakana = any("｡" <= character <= "ﾟ" for character in text)
    return not halfwidth_katakana and _encodes(text, "shift_jis") and text.encode("shift_jis") == payload


def acceptable(text: str, longest: int = LONGEST_TEXT) -> bool:
    """Whether a payload may go further: not empty, bounded, no control characters but tab and line ends."""
    if not text or len(text) > longest:
        return False
    return not any(
        (character < " " or "\x7f" <= character <= "\x9f") and character not in _ALLOWED_CONTROLS for character in text
    )


def _ladder(plain: Gray) -> Iterator[Gray]:
    """Preparations in the order of what each adds for its time (``bench/codes.py``)."""
    plain = bounded(plain, _LADDER_LONG_SIDE)
    large = _doubled(plain)
    yield large  # small modules, blur, noise, glare: most of what the plain picture hides
    clearer = cast("Gray", cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(plain))
    yield clearer
    if min(plain.shape) >= 3:
        yield cast(
            "Gray",
            cv2.adaptiveThreshold(plain, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 51, 5),
        )
    yield cast("Gray", cv2.addWeighted(large, 3.5, cv2.GaussianBlur(large, (0, 0), 5), -2.5, 0))
    yield _doubled(clearer)


def _doubled(plain: Gray) -> Gray:
    return cast("Gray", cv2.resize(plain, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))


def _turned(plain: Gray, degrees: float) -> Gray:
    height, width = plain.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    side = int(np.hypot(width, height)) + 2
    turn[0, 2] += (side - width) / 2
    turn[1, 2] += (side - height) / 2
    return cast("Gray", cv2.warpAffine(plain, turn, (side, side), borderMode=cv2.BORDER_REPLICATE))
