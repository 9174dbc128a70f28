"""Pictures from outside: any bytes a file or a stream may hold, bounded before they are unpacked.

A picture of a few kilobytes can unpack to gigabytes, so the size in its header is read first (by Pillow, which opens
lazily) and only then OpenCV decodes. Files are read as bytes: ``cv2.imread`` fails on some names.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from devices.camera.api import Picture

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes."""
LARGEST_PICTURE = 80_000_000
"""Pixels: above any document camera sold today (64 megapixels), and 240 MB when unpacked."""

_PADDED = 64
"""Bytes. OpenCV's WebP reader refuses files under 32, which a picture of one pixel is; zeros at the end do no harm."""

Gray = npt.NDArray[np.uint8]
"""Height x width, 8 bits."""


class PictureError(Exception):
    """Not a picture that can be read, or too large. ``reason`` is ``missing``, ``not-a-picture`` or ``too-large``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


# Its warnings go to standard error unasked and name files; trouble is told by our own values.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def read_picture(path: Path) -> Picture:
    """The picture in the file, turned upright as its EXIF says. Raises ``PictureError``."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise PictureError("missing", type(error).__name__) from error
    return decode_picture(data)


def decode_picture(data: bytes) -> Picture:
    """Unpack JPEG, PNG, WebP, BMP or TIFF bytes; transparency becomes white paper. Raises ``PictureError``."""
    if len(data) > LARGEST_FILE:
        raise PictureError("too-large", f"more than {LARGEST_FILE} bytes")
    width, height, see_through = _header(data)
    if width * height > LARGEST_PICTURE:
        raise PictureError("too-large", f"{width} x {height} pixels")
    data = data.ljust(_PADDED, b"\0")
    flags = cv2.IMREAD_UNCHANGED if see_through else cv2.IMREAD_COLOR
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise PictureError("not-a-picture", "cannot be unpacked") from error
    if decoded is None:  # pyright: ignore[reportUnnecessaryComparison]  # the stub forgets that it may fail
        raise PictureError("not-a-picture", "cannot be unpacked")
    if see_through and decoded.ndim == 3 and decoded.shape[2] == 4 and decoded.dtype == np.uint8:
        alpha = decoded[:, :, 3:].astype(np.float32) / 255
        return (decoded[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    if decoded.ndim != 3 or decoded.shape[2] != 3 or decoded.dtype != np.uint8:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return cast("Picture", decoded)


def _header(data: bytes) -> tuple[int, int, bool]:
    """Width and height in pixels, and whether there is an alpha channel."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
                return width, height, image.mode in ("RGBA", "LA")
    except Image.DecompressionBombError as error:
        raise PictureError("too-large", "far too many pixels") from error
    except Exception as error:  # a broken header makes Pillow raise nearly anything
        raise PictureError("not-a-picture", type(error).__name__) from error


def bounded(picture: Picture, long_side: int) -> Picture:
    """The picture, shrunk when its longer side is above ``long_side`` pixels."""
    longest = max(picture.shape[:2])
    if longest <= long_side:
        return picture
    scale = long_side / longest
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cast("Picture", cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def gray(picture: Picture) -> Gray:
    """Luminance."""
    return cast("Gray", cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
