"""From a found paper to what is filed: straightened, evenly lit, as JPEG and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import cv2
import img2pdf
import numpy as np

from devices.camera.api import Corners, Picture, Scan
from devices.camera.pictures import bounded
from devices.camera.quality import flattened

LONGEST_SIDE = 2480
"""Pixels: A4 at 212 dpi."""
_QUALITY = 80
_MARGIN = 0.004
"""Cut from each side, so that no strip of the mat remains."""

_img2pdf: Any = img2pdf


def straighten(picture: Picture, corners: Corners) -> Scan:
    """The paper alone, seen from straight above, shadows removed. Its resolution is the picture's own, bounded by
    ``LONGEST_SIDE``."""
    flat = _evenly_lit(flattened(picture, corners, long_side=LONGEST_SIDE, margin=_MARGIN))
    done, data = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not pack a JPEG")
    return Scan(jpeg=data.tobytes(), width=flat.shape[1], height=flat.shape[0])


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


def to_pdf(scans: Sequence[Scan]) -> bytes:
    """One A4 page a scan, the JPEG bytes unchanged within. The same scans give the same bytes. Raises ``ValueError``
    without scans."""
    if not scans:
        raise ValueError("a PDF needs at least one page")
    a4 = (_img2pdf.mm_to_pt(210), _img2pdf.mm_to_pt(297))
    layout = _img2pdf.get_layout_fun(a4, auto_orient=True)
    return cast(
        "bytes",
        _img2pdf.convert(
            [scan.jpeg for scan in scans], layout_fun=layout, nodate=True, engine=_img2pdf.Engine.internal
        ),
    )
