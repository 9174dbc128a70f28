"""What keeps a found paper from being shot: exposure, glare, a hand on it, blur, nothing written on it.

Sharpness is measured where there is writing and against its contrast: the plain variance of the Laplacian calls a
blank page blurred and a noisy blurred page sharp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from devices.camera.api import Corners, Finding, Picture
from devices.camera.pictures import Gray, gray

Floats = npt.NDArray[np.float32]

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
_LEAST_TENENGRAD = 0.008
"""A second opinion for broad strokes: sharp writing has twice that, blurred half."""
_PALE_INK = 249
"""Luminance above which even the darkest twentieth is burnt out."""
_ASKEW = 32.0
"""Degrees off the picture's axes."""
_SLANT = 0.62
"""Of a side to the one opposite."""
_OUTSIDE = 0.06
"""Of the paper's sides: how far outside a hand is looked for."""
_TILE = 32


@dataclass(frozen=True, slots=True)
class Sharpness:
    """``edge_px``: pixels from paper to ink in the blurrier direction, where writing is sharpest. ``tenengrad``: the
    mean squared Sobel slope where writing is densest, over its squared contrast, so that light does not matter."""

    edge_px: float
    tenengrad: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """Luminance of the paper: mean, and the darkest and lightest twentieth; 0 to 255."""

    mean: float
    p5: float
    p95: float


def light_mat(picture: Picture) -> bool:
    """Whether the rim of a picture is so pale that white paper would not show."""
    light = gray(picture)
    rim = max(4, min(light.shape) // 16)
    edge = np.concatenate([part.ravel() for part in (light[:rim], light[-rim:], light[:, :rim], light[:, -rim:])])
    return float(np.median(edge)) > _LIGHT


def findings_of(picture: Picture, corners: Corners, *, short_side_mm: float, fast: bool) -> tuple[Finding, ...]:
    """Everything that is wrong, in the order to be mended. ``fast`` looks at the paper in fewer pixels."""
    flat = flattened(picture, corners, long_side=700 if fast else 1000, margin=0.0)
    wrong = {finding for finding in (_exposed(flat), _bordering(picture, corners)) if finding is not None}
    if Finding.TOO_BRIGHT not in wrong and _glares(flat):
        wrong.add(Finding.GLARE)
    if askew(corners):
        wrong.add(Finding.ASKEW)
    if short_side(corners) < PIXELS_PER_MM * short_side_mm:
        wrong.add(Finding.TOO_SMALL)
    if covered(picture, corners):
        wrong.add(Finding.COVERED)
    sharp = sharpness(_native_middle(picture, corners), tiles=60 if fast else 150)
    if sharp is None:
        wrong.add(Finding.BLANK)
    elif sharp.edge_px > _WIDEST_EDGE or sharp.tenengrad < _LEAST_TENENGRAD:
        wrong.add(Finding.BLURRED)
    return tuple(finding for finding in Finding if finding in wrong)


def exposure(flat: Picture) -> Exposure:
    """How light the paper is."""
    light = gray(flat)
    shares = np.cumsum(cv2.calcHist([light], [0], None, [256], [0, 256]).ravel()) / light.size
    return Exposure(float(light.mean()), float(np.searchsorted(shares, 0.05)), float(np.searchsorted(shares, 0.95)))


def _exposed(flat: Picture) -> Finding | None:
    seen = exposure(flat)
    if seen.p95 < _DARK_PAPER:
        return Finding.TOO_DARK
    burnt = float((_darkest(flat) >= _CLIPPED).mean())
    if burnt > 0.6 or seen.p5 > _PALE_INK:
        return Finding.TOO_BRIGHT
    return None


def _bordering(picture: Picture, corners: Corners) -> Finding | None:
    """Whether a side leaves the picture, or is so near its border that it may."""
    points = np.array(corners, np.float32)
    height, width = picture.shape[:2]
    room = float(min(points.min(), (np.array((width - 1, height - 1)) - points).min()))
    if room < 0.003 * max(width, height):
        return Finding.CUT_OFF
    return Finding.NEAR_BORDER if room < 0.008 * max(width, height) else None


def short_side(corners: Corners) -> float:
    """Pixels of the paper's shorter side."""
    sides = _sides(corners)
    return float(min(sides[0] + sides[2], sides[1] + sides[3])) / 2


def _sides(corners: Corners) -> Floats:
    points = np.array(corners, np.float32)
    return np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)


def askew(corners: Corners) -> bool:
    """Whether it lies so much across that which side is up is anyone's guess, or is seen so slantwise that its far
    side is read badly."""
    sides = _sides(corners)
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    turn = np.rad2deg(np.arctan2(y1 - y0 + y2 - y3, x1 - x0 + x2 - x3))
    off = abs((turn + 45) % 90 - 45)
    slant = min(min(sides[i], sides[i + 2]) / max(sides[i], sides[i + 2], 1e-6) for i in (0, 1))
    return bool(off > _ASKEW or slant < _SLANT)


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


def sharpness(light: Gray, *, tiles: int) -> Sharpness | None:
    """How sharp the writing is, by about ``tiles`` places that bear some; ``None`` without writing."""
    rows, columns = light.shape[0] // _TILE, light.shape[1] // _TILE
    if rows < 2 or columns < 2:
        return None
    smooth = cv2.GaussianBlur(light, (3, 3), 0)  # a camera's noise is no writing
    cut = cast("Gray", np.ascontiguousarray(smooth[: rows * _TILE, : columns * _TILE]))
    # The lightest and darkest of each tile in a few passes: a percentile of every tile would take ten times as long.
    high, low = (_extreme(cut, way, (columns, rows)) for way in (cv2.MORPH_DILATE, cv2.MORPH_ERODE))
    strong = (high - low) * (200.0 / np.maximum(high, 30.0)) > _STROKE_CONTRAST
    if strong.mean() < _WRITTEN_SHARE or strong.sum() < 3:
        return None
    y, x = np.nonzero(strong)
    every = max(1, len(y) // tiles)
    y, x = y[::every], x[::every]
    values = _tiles(cut, y, x)
    high = np.percentile(values, 90, axis=1)
    contrast = high - np.percentile(values, 2, axis=1)
    written = contrast * (200.0 / np.maximum(high, 30.0)) > _STROKE_CONTRAST
    if written.sum() < 3:
        return None
    contrast = contrast[written]
    across, down = (_tiles(cv2.Sobel(cut, cv2.CV_16S, *way), y[written], x[written]) / 8 for way in ((1, 0), (0, 1)))
    widths = [  # a hand that moved blurs one direction only
        float(np.percentile(contrast / np.maximum(np.percentile(np.abs(slope), 98, axis=1), 0.5), 25))
        for slope in (across, down)
    ]
    energy = (across**2 + down**2).mean(axis=1) / contrast**2
    return Sharpness(edge_px=max(widths), tenengrad=float(np.percentile(energy, 75)))


def _extreme(plane: Gray, way: int, size: tuple[int, int]) -> Floats:
    """The lightest or darkest of each tile."""
    spread = cv2.morphologyEx(plane, way, np.ones((_TILE, 1), np.uint8))[_TILE // 2 :: _TILE]
    spread = cv2.morphologyEx(spread, way, np.ones((1, _TILE), np.uint8))[:, _TILE // 2 :: _TILE]
    return spread[: size[1], : size[0]].astype(np.float32)


def _tiles(plane: npt.NDArray[Any], rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Floats:
    """The values in the tiles there (N x pixels of a tile)."""
    height, width = plane.shape[0] // _TILE, plane.shape[1] // _TILE
    return plane.reshape(height, _TILE, width, _TILE)[rows, :, columns, :].astype(np.float32).reshape(len(rows), -1)


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


def covered(picture: Picture, corners: Corners) -> bool:
    """Skin colour (YCrCb range after Chai and Ngan, 1999) that reaches in over an edge of the paper from outside."""
    little = flattened(picture, corners, long_side=320, margin=-_OUTSIDE)
    colours = cv2.cvtColor(little, cv2.COLOR_BGR2YCrCb)
    height, width = little.shape[:2]
    rim = round(max(height, width) * _OUTSIDE / (1 + 2 * _OUTSIDE))
    paper = np.median(colours[rim:-rim, rim:-rim].reshape(-1, 3), axis=0)
    reddest = max(138, paper[1] + 8)  # a paper may have the colour of skin itself
    skin = cv2.inRange(colours, (50, reddest, 77), (240, 176, 127))
    skin = cv2.morphologyEx(skin, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    inside = skin.copy()
    within = rim + 3  # the edge itself is a mixture of paper and mat
    for side in (inside[:within], inside[-within:], inside[:, :within], inside[:, -within:]):
        side[:] = 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside)
    outside = skin.copy()
    outside[rim:-rim, rim:-rim] = 0
    near = cv2.dilate(outside, np.ones((11, 11), np.uint8)) > 0
    return any(
        _reaches_in(cast("npt.NDArray[Any]", stats[label]), height * width)
        and np.count_nonzero(near & (labels == label)) > 8
        for label in range(1, count)
    )


def _reaches_in(blob: npt.NDArray[Any], area: int) -> bool:
    wide, high = int(blob[cv2.CC_STAT_WIDTH]), int(blob[cv2.CC_STAT_HEIGHT])
    return int(blob[cv2.CC_STAT_AREA]) > _HAND_SHARE * area and min(wide, high) > 10
