"""Pictures made by the tests: papers with known corners, codes, scenes."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import segno

from devices.camera.api import Corners, Picture

DARK = (62, 52, 44)
CORNERS: Corners = ((420.0, 70.0), (1330.0, 96.0), (1290.0, 1010.0), (380.0, 985.0))


def written_page(width: int = 900, height: int = 900, *, blank: bool = False) -> Picture:
    """White paper with lines of text."""
    page = np.full((height, width, 3), (236, 242, 244), np.uint8)
    if not blank:
        for y in range(90, height - 60, 44):
            cv2.putText(page, "Household register 1234567890 sample", (60, y), 0, 1.0, (40, 36, 34), 2, cv2.LINE_AA)
    return page


def desk(
    page: Picture | None,
    corners: Corners = CORNERS,
    *,
    mat: tuple[int, int, int] = DARK,
    size: tuple[int, int] = (1920, 1080),
) -> Picture:
    """A mat with sensor noise and, laid with its corners there, a page."""
    scene = np.full((size[1], size[0], 3), mat, np.uint8)
    if page is not None:
        height, width = page.shape[:2]
        source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
        cv2.warpPerspective(page, matrix, size, dst=scene, borderMode=cv2.BORDER_TRANSPARENT, flags=cv2.INTER_AREA)
    noise = np.random.default_rng(3).normal(0, 2, scene.shape)
    return np.clip(scene + noise, 0, 255).astype(np.uint8)


def qr_picture(content: str | bytes, *, scale: int = 6, **options: Any) -> Picture:
    """A QR code on white, with its quiet zone."""
    symbol = segno.make(content, micro=False, **options)
    modules = np.array([list(row) for row in symbol.matrix]) == 0
    light = np.pad(modules.astype(np.uint8) * 255, 4, constant_values=255).repeat(scale, 0).repeat(scale, 1)
    return cast("Picture", cv2.cvtColor(light, cv2.COLOR_GRAY2BGR))


def packed(picture: Picture, kind: str = ".png") -> bytes:
    """The picture as file bytes."""
    return cv2.imencode(kind, picture)[1].tobytes()


def overlap(one: Corners, other: Corners) -> float:
    """Intersection over union of two convex shapes."""
    a, b = (np.array(corners, np.float32) for corners in (one, other))
    common, _ = cv2.intersectConvexConvex(a, b)
    return common / (cv2.contourArea(a) + cv2.contourArea(b) - common)
