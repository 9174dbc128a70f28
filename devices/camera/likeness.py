"""Whether two pages are the same page: the one just taken may still lie under the camera when the next is awaited.

Two leaves of one household's register differ in a name and a few digits; the printed form, its lines and where ink
stands at all are the same. So lines are taken away, the pages are compared field by field by the shapes of their
characters only, and the fields that agree least decide.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from devices.camera.api import Picture
from devices.camera.pictures import gray

_DRAWN = 960
_SIDE = 480
_FIELDS = 24
"""Fields across and down: of about two characters on a register's leaf."""
_SHIFT = 4
"""Pixels by which a field may be off: corners are never found twice to the pixel."""
_RIM = 14
_RULED = 61
"""Pixels of a straight run of ink that is a table's line and no stroke."""
_STROKES = 2.5
"""Pixels: what is broader is where characters stand, not which they are."""
_ALIKE = 0.75
"""Correlation that all written fields but two must have. A page that still lies where it lay has 0.74 and more in 15
trials, laid down again mostly so, too; a leaf with another three-character name and some other digits has 0.73 and
less. When in doubt it is another page: one too many is seen and removed, one refused is not."""
_LEAST = 0.05
"""Standard deviation (of 0 to 1) from which a field counts as written."""

Plane = npt.NDArray[np.float32]


def likeness(flat: Picture) -> bytes:
    """What is kept of a straightened page to know it again: 480 x 480 bytes, where its ink is."""
    square = cv2.resize(gray(flat), (_DRAWN, _DRAWN), interpolation=cv2.INTER_AREA)
    ink = cv2.adaptiveThreshold(square, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, 25, 14)
    across = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, _RULED), np.uint8))
    down = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((_RULED, 1), np.uint8))
    ink = cv2.subtract(ink, cv2.dilate(cv2.bitwise_or(across, down), np.ones((5, 5), np.uint8)))
    for side in (ink[:_RIM], ink[-_RIM:], ink[:, :_RIM], ink[:, -_RIM:]):
        side[:] = 0  # a strip of the mat is no writing
    return cv2.resize(cv2.GaussianBlur(ink, (0, 0), 1.4), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).tobytes()


def alike(one: bytes, other: bytes) -> bool:
    """Whether two likenesses are of the same page, whichever way each lay."""
    if len(one) != _SIDE**2 or len(other) != _SIDE**2:
        return False
    first, second = _plane(one), _plane(other)
    return any(agreement(first, _turned(second, turn)) > _ALIKE for turn in range(4))


def _plane(kept: bytes) -> Plane:
    return np.frombuffer(kept, np.uint8).reshape(_SIDE, _SIDE).astype(np.float32) / np.float32(255)


def _turned(plane: Plane, turns: int) -> Plane:
    return np.ascontiguousarray(np.rot90(plane, turns))


def agreement(one: Plane, other: Plane) -> float:
    """The correlation that all written fields but two reach; 0 for pages with too little writing."""
    few = [cv2.resize(plane, (40, 40), interpolation=cv2.INTER_AREA) for plane in (one, other)]
    if min(float(plane.std()) for plane in few) < 0.01:
        return 0.0
    if float(cv2.matchTemplate(few[0], few[1], cv2.TM_CCOEFF_NORMED)[0, 0]) < 0.4:
        return 0.0  # not even from afar
    shapes = [plane - cv2.GaussianBlur(plane, (0, 0), _STROKES) for plane in (one, other)]
    size = _SIDE // _FIELDS
    agreed: list[float] = []
    for top in range(0, _SIDE, size):
        for left in range(0, _SIDE, size):
            field = shapes[1][top : top + size, left : left + size]
            there = shapes[0][top : top + size, left : left + size]
            if max(float(field.std()), float(there.std())) < _LEAST:
                continue
            y, x = max(0, top - _SHIFT), max(0, left - _SHIFT)
            around = shapes[0][y : top + size + _SHIFT, x : left + size + _SHIFT]
            written = min(float(field.std()), float(around.std())) > _LEAST / 10
            agreed.append(float(cv2.matchTemplate(around, field, cv2.TM_CCOEFF_NORMED).max()) if written else 0.0)
    return float(np.sort(agreed)[2]) if len(agreed) >= 6 else 0.0
