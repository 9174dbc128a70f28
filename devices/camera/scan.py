"""From a found paper to a page: straightened, evenly lit, set upright, known again."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from devices.camera.api import Corners, Doubt, Picture, Scan
from devices.camera.likeness import alike, likeness
from devices.camera.page import A4_SHORT_SIDE
from devices.camera.pictures import bounded
from devices.camera.quality import flattened
from devices.camera.wayup import way_up

LONGEST_SIDE = 2480
"""Pixels: A4 at 212 dpi."""
MOST_DPI = 300
"""For papers smaller than A4."""
_QUALITY = 88
_MARGIN = 0.004
"""Cut from each side, so that no strip of the mat remains."""


def straighten(
    picture: Picture, corners: Corners, *, short_side_mm: float = A4_SHORT_SIDE, taken: tuple[bytes, ...] = ()
) -> Scan:
    """The paper alone, seen from straight above, shadows removed, upright if its writing says so for sure.

    Its resolution is the picture's own, bounded by ``LONGEST_SIDE`` and ``MOST_DPI``. ``taken`` are the likenesses of
    the pages there are already.
    """
    flat = flattened(picture, corners, long_side=LONGEST_SIDE, margin=_MARGIN)
    enough = short_side_mm / 25.4 * MOST_DPI * max(flat.shape[:2]) / min(flat.shape[:2])
    flat = _evenly_lit(bounded(flat, max(8, round(enough))))
    doubts: list[Doubt] = []
    way = way_up(flat)
    if way.sure and way.turns:
        flat = np.ascontiguousarray(np.rot90(flat, -way.turns))
    elif way.turns == 2:
        doubts.append(Doubt.UPSIDE_DOWN)
    like = likeness(flat)
    if any(alike(like, other) for other in taken):
        doubts.append(Doubt.SAME_PAGE)
    done, data = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not pack a JPEG")
    return Scan(
        jpeg=data.tobytes(),
        width=flat.shape[1],
        height=flat.shape[0],
        short_side_mm=short_side_mm,
        likeness=like,
        doubts=tuple(doubts),
    )


def _evenly_lit(flat: Picture) -> Picture:
    """Divided by its own background: brightness only, so that red seals and coloured paper keep their colour."""
    lab = cv2.cvtColor(flat, cv2.COLOR_BGR2LAB)
    light = lab[:, :, 0]
    little = bounded(cast("Picture", light), 500)
    background = cv2.medianBlur(cv2.dilate(little, np.ones((9, 9), np.uint8)), 31)
    full = cv2.resize(background, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    gain = np.minimum(245.0 / np.maximum(full, 60.0), 2.2)
    lab[:, :, 0] = np.clip(light * gain, 0, 255).astype(np.uint8)
    return cast("Picture", cv2.cvtColor(lab, cv2.COLOR_LAB2BGR))
