"""What keeps a found paper from being shot: exposure, glare, a hand on it, blur, nothing written on it.

Sharpness is measured where there is writing and against its contrast: the plain variance of the Laplacian calls a
blank page blurred and a noisy blurred page sharp.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from devices.camera.api import Corners, Finding, Picture
from devices.camera.pictures import Gray, gray

PIXELS_PER_MM = 6.0
"""Below this, small print cannot be read reliably."""
_LIGHT = 165
"""8-bit luminance from which a mat cannot be told from paper."""
_DARK_PAPER = 80
_CLIPPED = 251
_GLARE_SHARE = 0.004
"""Of the paper's area: a blot of light as large as a line of writing."""
_HAND_SHARE = 0.006
_WRITTEN_SHARE = 0.004
"""Of the paper's tiles that must bear writing."""
_STROKE_CONTRAST = 45.0
_WIDEST_EDGE = 4.6
"""Pixels over which a sharp stroke goes from paper to ink; a blurred one takes more."""
_TILE = 32


def light_mat(picture: Picture) -> bool:
    """Whether the rim of a picture is so pale that white paper would not show."""
    light = gray(picture)
    rim = max(4, min(light.shape) // 16)
    edge = np.concatenate([part.ravel() for part in (light[:rim], light[-rim:], light[:, :rim], light[:, -rim:])])
    return float(np.median(edge)) > _LIGHT


def findings_of(picture: Picture, corners: Corners, *, short_side_mm: float, fast: bool) -> tuple[Finding, ...]:
    """Everything that is wrong, in the order to be mended. ``fast`` looks at the paper in fewer pixels."""
    points = np.array(corners, np.float32)
    height, width = picture.shape[:2]
    sides = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    short = float(min(sides[0] + sides[2], sides[1] + sides[3])) / 2
    flat = flattened(picture, corners, long_side=700 if fast else 1400, margin=0.0)
    light = gray(flat)
    paper = float(np.percentile(light, 80))
    wrong: set[Finding] = set()
    if paper < _DARK_PAPER:
        wrong.add(Finding.TOO_DARK)
    if float((_darkest(flat) >= _CLIPPED).mean()) > 0.6:
        wrong.add(Finding.TOO_BRIGHT)
    elif _glares(flat):
        wrong.add(Finding.GLARE)
    rim = 0.003 * max(width, height)
    outward = points + np.roll(points, -1, axis=0) - 2 * points.mean(axis=0)
    outward *= 0.012 * max(width, height) / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    beyond = (points + np.roll(points, -1, axis=0)) / 2 + outward
    leaves = (beyond < 0).any() or (beyond[:, 0] > width - 1).any() or (beyond[:, 1] > height - 1).any()
    if (
        leaves
        or (points < rim).any()
        or (points[:, 0] > width - 1 - rim).any()
        or (points[:, 1] > height - 1 - rim).any()
    ):
        wrong.add(Finding.CUT_OFF)
    if short < PIXELS_PER_MM * short_side_mm:
        wrong.add(Finding.TOO_SMALL)
    if _covered(flat):
        wrong.add(Finding.COVERED)
    edge_width = _edge_width(_native_middle(picture, corners), every=3 if fast else 1)
    if edge_width is None:
        wrong.add(Finding.BLANK)
    elif edge_width > _WIDEST_EDGE:
        wrong.add(Finding.BLURRED)
    return tuple(finding for finding in Finding if finding in wrong)


def flattened(picture: Picture, corners: Corners, *, long_side: int, margin: float) -> Picture:
    """The paper seen from straight above, at its own resolution but at most ``long_side`` pixels; ``margin`` is cut
    from each side, as a share."""
    points = np.array(corners, np.float32)
    sides = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    across, down = float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))
    scale = min(1.0, long_side / max(across, down, 1.0))
    width, height = max(8, round(across * scale)), max(8, round(down * scale))
    x, y = margin * width, margin * height
    target = np.array([(-x, -y), (width + x, -y), (width + x, height + y), (-x, height + y)], np.float32)
    matrix = cv2.getPerspectiveTransform(points, target)
    way = cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC
    return cast(
        "Picture", cv2.warpPerspective(picture, matrix, (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE)
    )


def _native_middle(picture: Picture, corners: Corners) -> Gray:
    """The picture itself within the paper's upright bounds, unscaled: sharpness is lost by any warp."""
    points = np.array(corners, np.float32)
    height, width = picture.shape[:2]
    low = np.clip(points.min(axis=0), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(points.max(axis=0), 1, (width, height)).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    light = gray(np.ascontiguousarray(part))
    inside = np.zeros(light.shape, np.uint8)
    centre = points.mean(axis=0)
    kept = centre + (points - centre) * 0.94 - low
    cv2.fillConvexPoly(inside, kept.astype(np.int32), [255])
    paper = int(np.median(light[inside > 0])) if inside.any() else 255
    light[inside == 0] = paper
    return light


def _edge_width(light: Gray, *, every: int) -> float | None:
    """Pixels from paper to ink in the blurrier direction, where writing is sharpest; ``None`` without writing."""
    rows, columns = light.shape[0] // _TILE, light.shape[1] // _TILE
    if rows < 2 or columns < 2:
        return None
    smooth = cv2.GaussianBlur(light, (3, 3), 0)  # a camera's noise is no writing
    cut = smooth[: rows * _TILE, : columns * _TILE]
    across = np.abs(cv2.Sobel(cut, cv2.CV_32F, 1, 0)) / 8
    down = np.abs(cv2.Sobel(cut, cv2.CV_32F, 0, 1)) / 8

    def tiles(plane: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return (
            plane.reshape(rows, _TILE, columns, _TILE)
            .swapaxes(1, 2)
            .reshape(rows * columns, -1)[::every]
            .astype(np.float32)
        )

    values = tiles(cut)
    high = np.percentile(values, 90, axis=1)
    contrast = high - np.percentile(values, 2, axis=1)
    relative = contrast * (200.0 / np.maximum(high, 30.0))
    written = relative > _STROKE_CONTRAST
    if written.mean() < _WRITTEN_SHARE or written.sum() < 3:
        return None
    widths: list[float] = []
    for slope in (across, down):  # a hand that moved blurs one direction only
        steepest = np.percentile(tiles(slope)[written], 98, axis=1)
        widths.append(float(np.percentile(contrast[written] / np.maximum(steepest, 0.5), 25)))
    return max(widths)


def _glares(flat: Picture) -> bool:
    """A compact blot of clipped light on paper that is not clipped as a whole."""
    clipped = ((_darkest(flat) >= _CLIPPED) * np.uint8(255)).astype(np.uint8)
    if float((clipped > 0).mean()) > 0.35 or float(np.median(flat)) > 244:
        return False  # white paper in bright light, evenly
    joined = cv2.morphologyEx(clipped, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    return bool((stats[1:, cv2.CC_STAT_AREA] > _GLARE_SHARE * clipped.size).any())


def _darkest(flat: Picture) -> Gray:
    """The least of each pixel's channels (NumPy's ``min`` along a short last axis is ten times slower)."""
    blue, green, red = cv2.split(flat)
    return cast("Gray", cv2.min(cv2.min(blue, green), red))


def _covered(flat: Picture) -> bool:
    """Skin colour that reaches in over an edge of the paper (YCrCb range after Chai and Ngan, 1999)."""
    little = cv2.resize(flat, (240, 320), interpolation=cv2.INTER_AREA)
    colours = cv2.cvtColor(little, cv2.COLOR_BGR2YCrCb)
    skin = cv2.inRange(colours, (50, 138, 77), (240, 176, 125))
    if float((skin > 0).mean()) > 0.35:
        return False  # the paper itself has that colour
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        cv2.morphologyEx(skin, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    )
    rim = np.concatenate([labels[2], labels[-3], labels[:, 2], labels[:, -3]])
    touching = [label for label in np.unique(rim) if label]
    return any(_reaches_in(cast("npt.NDArray[Any]", stats[label])) for label in touching)


def _reaches_in(blob: npt.NDArray[Any]) -> bool:
    wide, high = int(blob[cv2.CC_STAT_WIDTH]), int(blob[cv2.CC_STAT_HEIGHT])
    return int(blob[cv2.CC_STAT_AREA]) > _HAND_SHARE * 240 * 320 and min(wide, high) > 12
