"""Finding the paper under the camera.

``find_page`` works on any photograph (a quarter of a second on two cores); with ``fast`` it spends a tenth of that on
a live picture of paper on the terminal's dark mat. Cheap cues come first; slower ones are asked only in doubt.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from devices.camera import quads
from devices.camera.api import Corners, Finding, PageFound, Picture
from devices.camera.pictures import Gray, bounded
from devices.camera.quads import Floats, Lab
from devices.camera.quality import findings_of, light_mat

Doubles = npt.NDArray[np.float64]

_SEARCH = 640
"""Pixels of the longer side in which papers are searched."""
_FAST_SEARCH = 480
_REFINE = 1600
_FAST_REFINE = 960
_ENOUGH = 0.5
"""Score from which a shape is a paper."""
_CLEAR = 0.88
"""Score from which no slower cue is asked."""
_DOUBTFUL = 0.7
_STAYS = 0.6
"""Score from which a paper still lies where it lay."""
_BETTER = 0.03
"""By so much must a place nearby be likelier before a paper counts as moved: a still one's outline does not tremble."""
_SHIFTED = 1.25
"""Pixels (of those it is searched in) from which any likelier place will do."""
_GROWN = 256
"""Pixels of the longer side in which regions are grown."""
_WEIGHED = 160
"""Shapes that are looked at closely."""
_SAME = 0.96
"""Overlap above which a fitted shape is the one that was found."""
_SAME_PAPER = 0.75
_NEARLY = 0.82
"""An enclosing shape wins over an inner one (a table's frame) from this share of its score."""

A4_SHORT_SIDE = 210.0
"""Millimetres."""


def find_page(
    picture: Picture, *, fast: bool = False, short_side_mm: float = A4_SHORT_SIDE, near: Corners | None = None
) -> PageFound:
    """Where the paper lies, and what keeps it from being shot.

    ``short_side_mm`` is the paper's shorter side in millimetres, by which ``TOO_SMALL`` is judged (6 px/mm). ``near``
    is where it lay in the picture before: looked at first, and searched anew only if no paper lies there any more.
    """
    if min(picture.shape[:2]) < 64:
        return PageFound(None, (Finding.NO_PAPER,))
    small = bounded(picture, _FAST_SEARCH if fast else _SEARCH)
    lab = quads.without_text(small)
    scale = small.shape[1] / picture.shape[1]
    lay = np.array(near, np.float32) * np.float32(scale) if near is not None else None
    shape = _followed(lab, lay) if lay is not None else None
    if fast and near is not None and shape is lay:
        corners = near
    else:
        if shape is None:
            shape = _quick(lab) if fast else _search(small, lab)
        if shape is None:
            return PageFound(None, (Finding.NO_PAPER, Finding.LIGHT_MAT) if light_mat(small) else (Finding.NO_PAPER,))
        corners = _refined(picture, shape / np.float32(scale), fast=fast)
    return PageFound(corners, findings_of(picture, corners, short_side_mm=short_side_mm, fast=fast))


def _refined(picture: Picture, shape: Floats, *, fast: bool) -> Corners:
    """The shape laid through the paper's sides in more pixels than it was searched in."""
    finer = bounded(picture, _FAST_REFINE if fast else _REFINE)
    scale = np.float32(finer.shape[1] / picture.shape[1])
    rough = shape * scale
    fitted = _fit(finer, rough, reach=6 if fast else 14)
    if quads.overlap(fitted, rough) < _SAME:
        fitted = rough  # a curled side has no line to be laid through
    return cast("Corners", tuple((float(x), float(y)) for x, y in quads.clockwise(fitted / scale)))


def _followed(lab: Lab, lay: Floats) -> Floats | None:
    """``lay`` itself while the paper lies there still, or where it has moved to, nearby."""
    moved = _fit_lab(lab, lay, reach=10)
    before, after = quads.scores(lab, np.stack((lay, moved)))
    if max(before, after) < _STAYS:
        return None
    shifted = float(np.abs(moved - lay).max()) > _SHIFTED
    return moved if after > before + (0 if shifted else _BETTER) else lay


def _fast_shapes(lab: Lab) -> list[Floats]:
    """Pale paper on a dark mat: one threshold, and the outline as second opinion."""
    light = lab[:, :, 0]
    _, mask = cv2.threshold(light, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    shapes = list(quads.by_outline(cast("Gray", mask)))
    edges = cv2.dilate(cv2.Canny(light, 30, 90), np.ones((3, 3), np.uint8))
    shapes.extend(quads.by_outline(cast("Gray", edges)))
    return shapes


def _quick(lab: Lab) -> Floats | None:
    best, mark = _best(lab, _fast_shapes(lab), tries=2)
    return best if mark >= _ENOUGH else None


def _search(small: Picture, lab: Lab) -> Floats | None:
    shapes = _fast_shapes(lab)
    masks: list[Gray] = []
    grown = np.zeros(lab.shape[:2], np.uint8)
    for channel in range(3):
        plane = np.ascontiguousarray(lab[:, :, channel])
        spread = cast("Gray", cv2.normalize(plane, None, 0, 255, cv2.NORM_MINMAX)) if channel else plane  # pyright: ignore[reportCallIssue, reportArgumentType]  # dst may be None
        for low in (12, 30, 60):
            edges = cv2.Canny(spread, low, low * 3)
            if low == 12 or not channel:
                grown = cv2.bitwise_or(grown, edges) if low >= 30 or channel else grown
            joined = cv2.dilate(edges, np.ones((3, 3), np.uint8))
            shapes.extend(quads.by_outline(cast("Gray", joined)))
            shapes.extend(quads.by_lines(cast("Gray", edges)))
        otsu, _ = cv2.threshold(plane, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        for threshold in (otsu, *(float(np.percentile(plane, level)) for level in (30, 45, 60, 75, 88))):
            for side in (cv2.THRESH_BINARY, cv2.THRESH_BINARY_INV) if channel else (cv2.THRESH_BINARY,):
                _, mask = cv2.threshold(plane, threshold, 255, side)
                opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
                masks.append(cast("Gray", opened))
                masks.append(cast("Gray", cv2.morphologyEx(opened, cv2.MORPH_OPEN, np.ones((25, 25), np.uint8))))
                shapes.extend(quads.by_outline(cast("Gray", opened)))
    shapes.extend(quads.by_lines(cast("Gray", grown)))
    height, width = lab.shape[:2]
    regions = quads.by_regions(lab, masks)
    best, mark = _best(lab, shapes, regions)
    if best is not None and mark >= _CLEAR:
        return best
    little = bounded(small, _GROWN)
    scale = little.shape[1] / width
    middle = np.array([[0.12, 0.12], [0.88, 0.12], [0.88, 0.88], [0.12, 0.88]], np.float32) * (width, height)
    seeds = [] if best is None else [best]
    if mark < _DOUBTFUL:
        seeds.append(middle.astype(np.float32))
    for seed in seeds:
        shapes.extend((shape / scale).astype(np.float32) for shape in quads.by_growing(little, seed * scale))
    best, mark = _best(lab, shapes, regions)
    return best if mark >= _ENOUGH else None


def _best(
    lab: Lab, shapes: list[Floats], curled: tuple[quads.Region, ...] = (), *, tries: int = 6
) -> tuple[Floats | None, float]:
    """The shape most like a paper, fitted to what is seen, and how much it is one."""
    height, width = lab.shape[:2]
    tried = quads.likeliest(lab, quads.plausible(shapes, width, height), most=_WEIGHED)
    marks = quads.scores(lab, tried)
    leading = np.argsort(-marks)[:tries]
    fitted = quads.plausible([_fit_lab(lab, tried[index], reach=8) for index in leading], width, height)
    tried = np.concatenate([tried, fitted])
    marks = np.concatenate([marks, quads.scores(lab, fitted)])
    regions = [region for region in curled if len(quads.plausible([region.shape], width, height))]
    if len(marks) and marks.max() >= _ENOUGH:
        straight = tried[int(marks.argmax())]  # straight sides, where there are any, say it more exactly
        regions = [region for region in regions if quads.overlap(region.shape, straight) < _SAME_PAPER]
    tried = np.concatenate([tried, *(region.shape[None] for region in regions)])
    marks = np.append(marks, [region.mark for region in regions])
    if not len(marks):
        return None, 0.0
    best = _outermost(tried, marks, int(marks.argmax()))
    return tried[best], float(marks[best])


def _outermost(tried: Floats, marks: Floats, best: int) -> int:
    """The best shape, or one around it that is nearly as good: a table's frame lies within its paper."""
    chosen = best
    area = float(cv2.contourArea(tried[best]))
    for index in np.argsort(-marks):
        if marks[index] < _NEARLY * marks[best]:
            break
        outer = tried[index]
        its_area = float(cv2.contourArea(outer))
        if its_area > 1.12 * area and _within(tried[chosen], outer):
            chosen, area = int(index), its_area
    return chosen


def _within(inner: Floats, outer: Floats) -> bool:
    slack = 0.02 * float(np.sqrt(cv2.contourArea(outer)))
    return all(cv2.pointPolygonTest(outer, (float(x), float(y)), True) > -slack for x, y in inner)


def _fit(picture: Picture, shape: Floats, *, reach: int) -> Floats:
    smooth = cv2.GaussianBlur(picture, (5, 5), 0)
    return _fit_lab(cast("Lab", smooth), shape, reach=reach)


def _fit_lab(planes: Lab, shape: Floats, *, reach: int) -> Floats:
    """Each side laid through the strongest steps near it; a side with no clear line keeps its place."""
    colours, _ = quads.profiles(planes, shape[None], reach=reach, samples=96)
    slope = np.linalg.norm(colours[2:, 0] - colours[:-2, 0], axis=-1)  # steps x 4 x samples
    offsets = slope.argmax(axis=0).astype(np.float32) - (reach - 1)
    strong = slope.max(axis=0)
    along = np.linspace(0.05, 0.95, 96, dtype=np.float32)
    lines = quads.through(shape, np.roll(shape, -1, axis=0))
    for side in range(4):
        start, end = shape[side], shape[(side + 1) % 4]
        direction = (end - start) / np.linalg.norm(end - start)
        inward = np.array((-direction[1], direction[0]))
        points = start + along[:, None] * (end - start) + offsets[side][:, None] * inward
        points = _consistent(points[strong[side] >= 0.4 * np.median(strong[side])].astype(np.float32), inward)
        if len(points) >= 30:
            vx, vy, x, y = (float(value) for value in cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel())
            lines[side] = (-vy, vx, x * vy - y * vx)
    fitted = quads.meetings(np.roll(lines, 1, axis=0), lines).astype(np.float32)
    return fitted if np.nanmax(np.abs(fitted - shape), initial=0) <= 3 * reach and np.isfinite(fitted).all() else shape


def _consistent(points: Floats, inward: Doubles) -> Floats:
    """The points on the commonest line across the side, so that writing beside the edge does not pull it."""
    if len(points) < 30:
        return points
    half = len(points) // 2
    first = np.repeat(points[:half:5], len(points[half::5]), axis=0)
    run = np.tile(points[half::5], (len(points[:half:5]), 1)) - first
    normal = np.stack((-run[:, 1], run[:, 0]), axis=1) / np.maximum(np.linalg.norm(run, axis=1, keepdims=True), 1e-6)
    away = np.abs(points @ normal.T - (first * normal).sum(axis=1))  # points x lines
    near = (away < 1.5) & (np.abs(normal @ inward) > 0.97)
    hits = near.sum(axis=0)
    best = int(hits.argmax())
    return points[near[:, best]] if hits[best] else points
