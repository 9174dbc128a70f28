"""Which four-sided shapes in a small picture could be a paper, and how much each looks like one.

No single cue finds papers on every desk: outlines fail on wood grain, brightness on a light desk, long lines where a
paper curls. So every cue proposes quadrilaterals, and one measure judges them all: colour just inside and just
outside each side, whether the step lies on the side, and whether it goes on all along it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from devices.camera.api import Picture
from devices.camera.pictures import Gray

Floats = npt.NDArray[np.float32]
Lab = npt.NDArray[np.uint8]

_REACH = 10
"""Pixels looked at to either side of a line."""
_SAMPLES = 40
"""Places looked at along a side."""
_SMALLEST = 0.03
"""Of the picture's area."""
_STEP = 14.0
"""Colour distance (8-bit Lab) that counts as a full step between paper and desk."""


@dataclass(frozen=True, slots=True)
class Region:
    """A shape (4 x 2) and how much what it was taken from looks like a paper, 0 to 1."""

    shape: Floats
    mark: float


def without_text(picture: Picture) -> Lab:
    """The picture in Lab with dark writing closed away and grain smoothed."""
    lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)
    size = max(3, round(max(picture.shape[:2]) / 64)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    light, a, b = cv2.split(lab)
    light = cv2.morphologyEx(light, cv2.MORPH_CLOSE, kernel)
    a, b = cv2.medianBlur(a, 5), cv2.medianBlur(b, 5)
    return cast("Lab", cv2.medianBlur(cv2.merge((light, a, b)), 5))


def clockwise(points: Floats) -> Floats:
    """Four points ordered clockwise as seen, beginning with the one nearest the picture's top left."""
    centre = points.mean(axis=0)
    angles = np.arctan2(points[:, 1] - centre[1], points[:, 0] - centre[0])
    ordered = points[np.argsort(angles)]
    return np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0)


def by_outline(edges: Gray) -> Iterator[Floats]:
    """Shapes around the large outlines in an edge map or mask."""
    height, width = edges.shape
    contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    hulls = [cv2.convexHull(contour) for contour in contours]
    large = [hull for hull in hulls if cv2.contourArea(hull) > _SMALLEST * width * height]
    large.sort(key=cv2.contourArea, reverse=True)
    for hull in large[:8]:
        yield from _four_sides(cast("npt.NDArray[np.int32]", hull))


def _four_sides(hull: npt.NDArray[np.int32]) -> Iterator[Floats]:
    length = cv2.arcLength(hull, True)
    for tolerance in (0.01, 0.02, 0.035, 0.055, 0.08):
        rough = cv2.approxPolyDP(hull, tolerance * length, True)[:, 0].astype(np.float32)
        if len(rough) == 4:
            yield clockwise(rough)
            break
        if 4 < len(rough) <= 12:
            yield from _longest_sides(rough)
    yield clockwise(cv2.boxPoints(cv2.minAreaRect(hull)).astype(np.float32))


def _longest_sides(rough: Floats) -> Iterator[Floats]:
    """A corner folded over or hidden makes more than four sides: the four longest, prolonged until they meet."""
    following = np.roll(rough, -1, axis=0)
    order = np.sort(np.argsort(-np.linalg.norm(following - rough, axis=1))[:4])
    lines = [np.cross(np.append(rough[i], 1.0), np.append(following[i], 1.0)) for i in order]
    corners = [meeting(lines[i - 1], lines[i]) for i in range(4)]
    if all(corner is not None for corner in corners):
        yield clockwise(np.array(corners, np.float32))


def meeting(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> tuple[float, float] | None:
    """Where two homogeneous lines meet; ``None`` for parallels."""
    x, y, w = np.cross(one, other)
    if abs(w) < 1e-6 * max(abs(x), abs(y), 1.0):
        return None
    return float(x / w), float(y / w)


def by_regions(lab: Lab, masks: Sequence[Gray]) -> tuple[Region, ...]:
    """Shapes around whole regions, judged along the region's own outline: a curled paper has no straight sides."""
    regions: list[Region] = []
    height, width = lab.shape[:2]
    for mask in masks:
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            area = cv2.contourArea(contour)
            hull = cv2.convexHull(contour)
            if not 2 * _SMALLEST * width * height < area < 0.9 * width * height or area < 0.92 * cv2.contourArea(hull):
                continue
            outline = cast("npt.NDArray[np.int32]", contour)
            cover, shape = max(
                ((_cover(outline, shape), shape) for shape in _around(cast("npt.NDArray[np.int32]", hull))),
                key=lambda pair: pair[0],
            )
            if cover > 0.85:
                regions.append(Region(shape, _outline_mark(lab, outline) * min(0.92, 0.42 + 0.55 * cover)))
    return tuple(regions)


def _around(hull: npt.NDArray[np.int32]) -> Iterator[Floats]:
    yield from _four_sides(hull)
    rough = cv2.approxPolyDP(hull, 0.015 * cv2.arcLength(hull, True), True)[:, 0].astype(np.float32)
    if 4 < len(rough) <= 10:
        yield clockwise(max((rough[list(four)] for four in combinations(range(len(rough)), 4)), key=cv2.contourArea))


def _cover(contour: npt.NDArray[np.int32], shape: Floats) -> float:
    """How well the shape stands for the outline: their overlap, less for corners that lie off the outline."""
    off = [abs(cv2.pointPolygonTest(contour, (float(x), float(y)), True)) for x, y in shape]
    hull = cv2.convexHull(contour)[:, 0].astype(np.float32)
    return overlap(hull, shape) - 1.5 * float(np.mean(off)) / float(np.sqrt(cv2.contourArea(shape)) + 1e-6)


def overlap(one: Floats, other: Floats) -> float:
    """Intersection over union of two convex shapes."""
    common, _ = cv2.intersectConvexConvex(one, other)
    return common / max(cv2.contourArea(one) + cv2.contourArea(other) - common, 1e-6)


def _outline_mark(lab: Lab, contour: npt.NDArray[np.int32]) -> float:
    region = np.zeros(lab.shape[:2], np.uint8)
    cv2.drawContours(region, [contour], -1, [255], cv2.FILLED)
    small, large = np.ones((5, 5), np.uint8), np.ones((11, 11), np.uint8)
    inner = (cv2.erode(region, small) > 0) & (cv2.erode(region, large) == 0)
    outer = (cv2.dilate(region, small) == 0) & (cv2.dilate(region, large) > 0)
    x, y = contour[:, 0].mean(axis=0)
    inner_sectors, inner_colours = _by_sector(lab, inner, float(x), float(y))
    outer_sectors, outer_colours = _by_sector(lab, outer, float(x), float(y))
    differences: list[npt.NDArray[np.float64]] = []
    for sector in range(32):
        within, without = inner_colours[inner_sectors == sector], outer_colours[outer_sectors == sector]
        if len(within) > 8 and len(without) > 8:
            differences.append(np.median(within, axis=0) - np.median(without, axis=0))
    if len(differences) < 22:  # most of it leaves the picture
        return 0.0
    steps = np.array(differences)
    typical = np.median(steps, axis=0)
    strength = float(np.linalg.norm(typical))
    agreeing = float((steps @ typical > 0.35 * strength**2).mean()) * len(steps) / 32
    return min(1.0, strength / _STEP) * agreeing * (0.75 + 0.25 * float(np.clip(0.5 + typical[0] / 30, 0, 1)))


def _by_sector(lab: Lab, ring: npt.NDArray[np.bool_], x: float, y: float) -> tuple[npt.NDArray[np.int32], Lab]:
    """The ring's colours, and in which of 32 sectors around (x, y) each lies."""
    rows, columns = np.nonzero(ring)
    sectors = ((np.arctan2(rows - y, columns - x) / (2 * np.pi) + 0.5) * 31.99).astype(np.int32)
    return sectors, lab[rows, columns]


def by_lines(edges: Gray) -> list[Floats]:
    """Shapes that long straight lines make with each other."""
    height, width = edges.shape
    reach = max(height, width)
    segments = cv2.HoughLinesP(edges, 1, np.pi / 180, threshold=50, minLineLength=reach * 0.12, maxLineGap=reach * 0.04)
    if segments is None:  # pyright: ignore[reportUnnecessaryComparison]  # the stub forgets that it may be None
        return []
    lines = _distinct(segments.reshape(-1, 4).astype(np.float64), limit=14)
    flat = [line for line in lines if abs(line[1]) >= abs(line[0])]
    steep = [line for line in lines if abs(line[1]) < abs(line[0])]
    shapes: list[Floats] = []
    for top, bottom in combinations(flat, 2):
        for left, right in combinations(steep, 2):
            corners = [meeting(a, b) for a, b in ((top, left), (top, right), (bottom, right), (bottom, left))]
            if all(corner is not None for corner in corners):
                shapes.append(clockwise(np.array(corners, np.float32)))
    return shapes


def _distinct(segments: npt.NDArray[np.float64], *, limit: int) -> list[npt.NDArray[np.float64]]:
    """The longest segments as homogeneous lines of unit normal, near-repeats left out."""
    order = np.argsort(-np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1]))
    kept: list[npt.NDArray[np.float64]] = []
    ends: list[npt.NDArray[np.float64]] = []
    for index in order:
        x1, y1, x2, y2 = segments[index]
        line = np.cross([x1, y1, 1.0], [x2, y2, 1.0])
        line = line / np.hypot(line[0], line[1])
        both = np.array([[x1, y1, 1.0], [x2, y2, 1.0]])
        if any(np.abs(both @ known).max() < 6 and abs(line[:2] @ known[:2]) > 0.99 for known in kept):
            continue
        kept.append(line)
        ends.append(both)
        if len(kept) == limit:
            break
    return kept


def by_growing(picture: Picture, seed: Floats) -> Iterator[Floats]:
    """The region like the inside of ``seed`` and unlike the picture's rim (GrabCut)."""
    height, width = picture.shape[:2]
    mask = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    centre = seed.mean(axis=0)
    cv2.fillConvexPoly(mask, (centre + (seed - centre) * 1.1).astype(np.int32), [cv2.GC_PR_FGD])
    cv2.fillConvexPoly(mask, (centre + (seed - centre) * 0.5).astype(np.int32), [cv2.GC_FGD])
    rim = max(2, min(height, width) // 60)
    for side in (mask[:rim], mask[-rim:], mask[:, :rim], mask[:, -rim:]):
        side[side != cv2.GC_FGD] = cv2.GC_BGD
    try:
        cv2.setRNGSeed(1)
        cv2.grabCut(picture, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)  # pyright: ignore[reportCallIssue, reportArgumentType]  # rect may be None
    except cv2.error:
        return  # everything turned out foreground or background
    grown = (((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)) * np.uint8(255)).astype(np.uint8)
    yield from by_outline(cast("Gray", cv2.morphologyEx(grown, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))))


def plausible(shapes: Sequence[Floats], width: int, height: int) -> Floats:
    """N x 4 x 2: the convex, large enough shapes (clipped to just outside the picture), near-repeats left out."""
    kept: list[Floats] = []
    seen: set[tuple[int, ...]] = set()
    margin = 0.02 * max(width, height)
    for shape in shapes:
        low, high = shape.min(axis=0), shape.max(axis=0)
        if (low < -margin).any() or high[0] > width + margin or high[1] > height + margin:
            continue
        sides = np.roll(shape, -1, axis=0) - shape
        lengths = np.linalg.norm(sides, axis=1)
        if lengths.min() < 0.08 * max(width, height) or lengths.max() > 6 * lengths.min():
            continue
        following = np.roll(sides, -1, axis=0)
        turns = (sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]) / (lengths * np.roll(lengths, -1))
        if turns.min() < 0.6:  # corners between 37 and 143 degrees
            continue
        area = cv2.contourArea(shape)
        if not _SMALLEST * width * height < area < 0.985 * width * height:
            continue
        opposite = np.minimum(lengths, np.roll(lengths, 2)) / np.maximum(lengths, np.roll(lengths, 2))
        if opposite.min() < 0.45:  # stronger perspective than a camera over a desk gives
            continue
        key = tuple(int(value) for value in (shape / 3).round().ravel())
        if key not in seen:
            seen.add(key)
            kept.append(shape)
    return np.array(kept, np.float32).reshape(-1, 4, 2)


def profiles(lab: Lab, shapes: Floats, *, reach: int = _REACH, samples: int = _SAMPLES) -> tuple[Floats, Floats]:
    """Colours across the sides: N x 4 x samples x (2 reach + 1) x 3, from outside to inside; and N x 4 x samples x
    (2 reach + 1), 1 where the place is within the picture."""
    starts, ends = shapes, np.roll(shapes, -1, axis=1)
    along = np.linspace(0.05, 0.95, samples, dtype=np.float32)
    places = starts[:, :, None] * (1 - along[:, None]) + ends[:, :, None] * along[:, None]
    direction = (ends - starts) / np.linalg.norm(ends - starts, axis=2, keepdims=True)
    inward = np.stack((-direction[..., 1], direction[..., 0]), axis=-1)
    steps = np.arange(-reach, reach + 1, dtype=np.float32)
    points = places[:, :, :, None] + inward[:, :, None, None] * steps[:, None]
    x, y = points[..., 0], points[..., 1]
    height, width = lab.shape[:2]
    flat = (x.reshape(len(shapes) * 4, -1), y.reshape(len(shapes) * 4, -1))
    rows = [
        cv2.remap(lab, flat[0][i : i + 8192], flat[1][i : i + 8192], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for i in range(0, len(flat[0]), 8192)
    ]
    colours = np.concatenate(rows).reshape(*x.shape, 3).astype(np.float32)
    inside = ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).astype(np.float32)
    return colours, inside


def scores(lab: Lab, shapes: Floats) -> Floats:
    """How much each of N x 4 x 2 shapes looks like a paper, 0 to about 1."""
    if not len(shapes):
        return np.zeros(0, np.float32)
    colours, inside = profiles(lab, shapes)
    r = _REACH
    near = colours[..., r + 3 : r + 6, :].mean(-2) - colours[..., r - 5 : r - 2, :].mean(-2)
    far = colours[..., r + 7 :, :].mean(-2) - colours[..., : r - 6, :].mean(-2)
    step = np.minimum(np.linalg.norm(np.median(near, axis=2), axis=-1), np.linalg.norm(np.median(far, axis=2), axis=-1))
    typical = np.median(near, axis=2, keepdims=True)
    strength = np.linalg.norm(typical, axis=-1, keepdims=True) + 1e-6
    agreeing = ((near * typical).sum(-1) / strength[..., 0] > 0.35 * strength[..., 0]).mean(-1)
    slope = np.linalg.norm(colours[..., 2:, :] - colours[..., :-2, :], axis=-1)
    peak = np.abs(slope.argmax(axis=-1) - (r - 1))
    on_line = (peak <= 2).mean(-1)
    side = np.minimum(1.0, step / _STEP) * (0.45 * agreeing + 0.55 * on_line)
    visible = inside[..., 1].mean(-1) > 0.5
    side = np.where(visible, side, 0.35)  # a side along the picture's edge says little
    paler = np.median(near[..., 0], axis=2)
    bright = np.where(visible, np.clip(0.5 + paler / 30, 0, 1), 0.5).mean(-1)
    rim = colours[..., r + 3 :, :].mean(axis=(2, 3))
    alike = np.exp(-rim[..., 0].std(axis=1) / 40)
    area = np.array([cv2.contourArea(shape) for shape in shapes]) / (lab.shape[0] * lab.shape[1])
    base = 0.55 * side.mean(1) + 0.45 * side.min(1)
    total = base * (0.6 + 0.4 * bright) * (0.75 + 0.25 * alike) * np.clip(area / 0.1, 0.3, 1) ** 0.25
    return total.astype(np.float32)
