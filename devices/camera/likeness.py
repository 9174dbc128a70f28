"""Whether two pages are the same page: the one just taken may still lie under the camera when the next is awaited.

Two leaves of one form look alike from afar: the printed lines are the same, a few names are not. So the pages are
compared field by field, each by correlation, and the fields that agree least decide.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from devices.camera.api import Picture
from devices.camera.pictures import Gray, gray

_SIDE = 192
_FIELDS = 12
"""Fields across and down."""
_SHIFT = 2
"""Pixels by which a field may be off: corners are never found twice to the pixel."""
_ALIKE = 0.55
"""Correlation that all written fields but one must have: the same page has 0.7 and more, another leaf of the form 0.4
and less, unless it differs by a single character."""
_LEAST = 0.06
"""Ink (0 to 1, standard deviation) from which a field counts as written."""

Plane = npt.NDArray[np.float32]


def likeness(flat: Picture) -> bytes:
    """What is kept of a straightened page to know it again: 192 x 192 bytes, how dark its ink is."""
    square = cast("Gray", cv2.resize(gray(flat), (_SIDE * 2, _SIDE * 2), interpolation=cv2.INTER_AREA))
    paper = cv2.medianBlur(cv2.dilate(square, np.ones((9, 9), np.uint8)), 31).astype(np.float32)
    ink = np.clip(1 - square.astype(np.float32) / np.maximum(paper, 30), 0, 1)
    soft = cv2.GaussianBlur(cast("Plane", ink * 255), (0, 0), 2)
    return cv2.resize(soft, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).round().astype(np.uint8).tobytes()


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
    """The correlation that all written fields but one reach; 0 for pages with too little writing."""
    if min(float(one.std()), float(other.std())) < _LEAST / 4:
        return 0.0
    whole = float(cv2.matchTemplate(one, other, cv2.TM_CCOEFF_NORMED)[0, 0])
    if whole < _ALIKE / 2:
        return whole  # not even from afar
    size = _SIDE // _FIELDS
    agreed: list[float] = []
    for top in range(0, _SIDE, size):
        for left in range(0, _SIDE, size):
            field = other[top : top + size, left : left + size]
            y, x = max(0, top - _SHIFT), max(0, left - _SHIFT)
            around = one[y : top + size + _SHIFT, x : left + size + _SHIFT]
            written = float(field.std()), float(around.std())
            if max(written) > _LEAST:
                agreed.append(
                    float(cv2.matchTemplate(around, field, cv2.TM_CCOEFF_NORMED).max()) if min(written) > 1e-3 else 0.0
                )
    return float(np.sort(agreed)[1]) if len(agreed) >= 4 else 0.0
