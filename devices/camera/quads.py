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
Doubles = npt.NDArray[np.float64]
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
    """Four points (or N times four) ordered clockwise as seen, from the one nearest the picture's top left."""
    shapes = points.reshape(-1, 4, 2)
    away = shapes - shapes.mean(axis=1, keepdims=True)
    order = np.argsort(np.arctan2(away[..., 1], away[..., 0]), axis=1)
    ordered = np.take_along_axis(shapes, order[..., None], axis=1)
    first = np.argmin(ordered.sum(axis=2), axis=1)
    turned = (np.arange(4) + first[:, None]) % 4
    return np.take_along_axis(ordered, turned[..., None], axis=1).reshape(points.shape)


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
    lines = through(rough[order], following[order])
    corners = meetings(np.roll(lines, 1, axis=0), lines)
    if np.isfinite(corners).all():
        yield clockwise(corners.astype(np.float32))


def through(starts: npt.NDArray[np.floating], ends: npt.NDArray[np.floating]) -> Doubles:
    """N homogeneous lines (N x 3) through N pairs of points (N x 2)."""
    run = (ends - starts).astype(np.float64)
    return np.stack((-run[:, 1], run[:, 0], starts[:, 0] * run[:, 1] - starts[:, 1] * run[:, 0]), axis=1)


def meetings(ones: Doubles, others: Doubles) -> Doubles:
    """Where N pairs of homogeneous lines meet (N x 2); not a number for parallels."""
    w = ones[:, 0] * others[:, 1] - ones[:, 1] * others[:, 0]
    x = ones[:, 1] * others[:, 2] - ones[:, 2] * others[:, 1]
    y = ones[:, 2] * others[:, 0] - ones[:, 0] * others[:, 2]
    parallel = np.abs(w) < 1e-6 * np.maximum(np.maximum(np.abs(x), np.abs(y)), 1.0)
    return np.stack((x, y), axis=1) / np.where(parallel, np.nan, w)[:, None]


def by_regions(lab: Lab, masks: Sequence[Gray]) -> tuple[Region, ...]:
    """Shapes around whole regions, judged along the region's own outline: a curled paper has no straight sides."""
    regions: list[Region] = []
    seen: set[tuple[int, ...]] = set()
    height, width = lab.shape[:2]
    for mask in masks:
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            area = cv2.contourArea(contour)
            hull = cv2.convexHull(contour)
            if not 2 * _SMALLEST * width * height < area < 0.9 * width * height or area < 0.92 * cv2.contourArea(hull):
                continue
            key = tuple(round(value / 4) for value in (*cv2.boundingRect(contour), float(np.sqrt(area))))
            if key in seen:
                continue
            seen.add(key)
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
    """How much the region within an outline looks like a paper: its colour just inside and just outside, in 32
    stretches of the outline."""
    ends = contour[:, 0].astype(np.float32)
    runs = np.linalg.norm(np.roll(ends, -1, axis=0) - ends, axis=1)
    length = np.append(0.0, np.cumsum(runs)).astype(np.float32)
    places = np.linspace(0, float(length[-1]), 32 * 6, endpoint=False, dtype=np.float32)
    closed = np.concatenate([ends, ends[:1]])
    x, y = np.interp(places, length, closed[:, 0]), np.interp(places, length, closed[:, 1])
    points = np.stack((x, y), axis=1).astype(np.float32)
    tangent = np.roll(points, -2, axis=0) - np.roll(points, 2, axis=0)
    inward = np.stack((-tangent[:, 1], tangent[:, 0]), axis=1)
    inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-6)
    if cv2.contourArea(ends, oriented=True) < 0:
        inward = -inward
    depths = np.array((3, 4, 5, -3, -4, -5), np.float32)
    asked = (points + inward * depths[:, None, None]).astype(np.float32)
    seen = _seen(lab, asked, cv2.INTER_NEAREST)
    stretches = seen.astype(np.float32).reshape(2, 3, 32, 6, 3).transpose(0, 2, 1, 3, 4).reshape(2, 32, 18, 3)
    height, width = lab.shape[:2]
    shown = ((asked[5] >= 0) & (asked[5] <= (width - 1, height - 1))).all(axis=1).reshape(32, 6).mean(axis=1) > 0.5
    if shown.sum() < 22:  # most of it leaves the picture
        return 0.0
    within, without = np.median(stretches, axis=2)
    steps = (within - without)[shown]
    typical = np.median(steps, axis=0)
    strength = float(np.linalg.norm(typical))
    agreeing = float((steps @ typical > 0.35 * strength**2).mean()) * len(steps) / 32
    return min(1.0, strength / _STEP) * agreeing * (0.75 + 0.25 * float(_paler(typical[0])))


def by_lines(edges: Gray) -> list[Floats]:
    """Shapes that long straight lines make with each other."""
    height, width = edges.shape
    reach = max(height, width)
    segments = cv2.HoughLinesP(edges, 1, np.pi / 180, threshold=50, minLineLength=reach * 0.12, maxLineGap=reach * 0.04)
    if segments is None:  # pyright: ignore[reportUnnecessaryComparison]  # the stub forgets that it may be None
        return []
    lines = _distinct(segments.reshape(-1, 4).astype(np.float64), limit=14)
    lying = np.abs(lines[:, 1]) >= np.abs(lines[:, 0])
    flat = np.array(list(combinations(np.nonzero(lying)[0], 2)), np.intp).reshape(-1, 2)
    steep = np.array(list(combinations(np.nonzero(~lying)[0], 2)), np.intp).reshape(-1, 2)
    top, bottom = (np.repeat(lines[flat[:, i]], len(steep), axis=0) for i in (0, 1))
    left, right = (np.tile(lines[steep[:, i]], (len(flat), 1)) for i in (0, 1))
    sides = ((top, left), (top, right), (bottom, right), (bottom, left))
    corners = np.stack([meetings(one, other) for one, other in sides], axis=1)
    corners = corners[np.isfinite(corners).all(axis=(1, 2))]
    return list(clockwise(corners.astype(np.float32)))


def _distinct(segments: Doubles, *, limit: int) -> Doubles:
    """The longest segments as homogeneous lines of unit normal (N x 3), near-repeats left out."""
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    segments = segments[np.argsort(-lengths)]
    lines = through(segments[:, :2], segments[:, 2:])
    lines /= np.hypot(lines[:, 0], lines[:, 1])[:, None]
    starts, ends = (np.column_stack((segments[:, i : i + 2], np.ones(len(segments)))) for i in (0, 2))
    left = np.ones(len(segments), np.bool_)
    kept: list[int] = []
    while left.any() and len(kept) < limit:
        index = int(left.argmax())
        kept.append(index)
        line = lines[index]
        near = np.maximum(np.abs(starts @ line), np.abs(ends @ line)) < 6
        left &= ~(near & (np.abs(lines[:, :2] @ line[:2]) > 0.99))
        left[index] = False
    return lines[kept]


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


def plausible(shapes: Sequence[Floats] | Floats, width: int, height: int) -> Floats:
    """N x 4 x 2: the convex, large enough shapes (clipped to just outside the picture), near-repeats left out."""
    tried = np.array(shapes, np.float32).reshape(-1, 4, 2)
    margin = 0.02 * max(width, height)
    low, high = tried.min(axis=1), tried.max(axis=1)
    tried = tried[(low >= -margin).all(axis=1) & (high <= np.array((width, height)) + margin).all(axis=1)]
    sides = np.roll(tried, -1, axis=1) - tried
    lengths = np.maximum(np.linalg.norm(sides, axis=2), 1e-6)
    following = np.roll(sides, -1, axis=1)
    turns = sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0]
    turns /= lengths * np.roll(lengths, -1, axis=1)
    x, y = tried[..., 0], tried[..., 1]
    area = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2 / (width * height)
    across = np.roll(lengths, 2, axis=1)
    tried = tried[
        (lengths.min(axis=1) >= 0.08 * max(width, height))
        & (lengths.max(axis=1) <= 6 * lengths.min(axis=1))
        & (turns.min(axis=1) >= 0.6)  # corners between 37 and 143 degrees
        & (area > _SMALLEST)
        & (area < 0.985)
        & ((np.minimum(lengths, across) / np.maximum(lengths, across)).min(axis=1) >= 0.45)
        # stronger perspective than a camera over a desk gives
    ]
    keys = (tried / 3).round().astype(np.int32).reshape(-1, 8)
    _, first = np.unique(keys, axis=0, return_index=True)
    return tried[np.sort(first)]


def profiles(lab: Lab, shapes: Floats, *, reach: int = _REACH, samples: int = _SAMPLES) -> tuple[Floats, Floats]:
    """Colours across the sides: (2 reach + 1) x N x 4 x samples x 3, from outside to inside; and N x 4, the share of
    each side that lies within the picture."""
    height, width = lab.shape[:2]
    starts, ends = shapes, np.roll(shapes, -1, axis=1)
    along = np.linspace(0.05, 0.95, samples, dtype=np.float32)
    places = starts[:, :, None] * (1 - along[:, None]) + ends[:, :, None] * along[:, None]
    direction = (ends - starts) / np.linalg.norm(ends - starts, axis=2, keepdims=True)
    inward = np.stack((-direction[..., 1], direction[..., 0]), axis=-1)
    steps = np.arange(-reach, reach + 1, dtype=np.float32)
    # Steps first: sums of them are quick.
    points = (places + inward[:, :, None] * steps[:, None, None, None, None]).astype(np.float32)
    flat = points.reshape(-1, 4 * samples, 2)
    parts = [_seen(lab, flat[i : i + 16384], cv2.INTER_LINEAR) for i in range(0, len(flat), 16384)]
    colours = np.concatenate(parts).reshape(*points.shape[:-1], 3).astype(np.float32)
    within = ((places >= 0) & (places <= (width - 1, height - 1))).all(axis=-1).mean(axis=-1)
    return colours, within.astype(np.float32)


def _seen(lab: Lab, points: Floats, way: int) -> Lab:
    """The colours at rows x columns x 2 places (x, y); outside the picture those of its rim."""
    seen = cv2.remap(lab, points, None, way, borderMode=cv2.BORDER_REPLICATE)  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType]  # the second map may be None
    return cast("Lab", seen)


def likeliest(lab: Lab, shapes: Floats, *, most: int) -> Floats:
    """The ``most`` of N x 4 x 2 shapes that look most like a paper at a few places along each side."""
    if len(shapes) <= most:
        return shapes
    starts, ends = shapes[:, :, None], np.roll(shapes, -1, axis=1)[:, :, None]
    along = np.linspace(0.08, 0.92, 10, dtype=np.float32)[:, None]
    places = starts * (1 - along) + ends * along
    direction = (ends - starts) / np.linalg.norm(ends - starts, axis=-1, keepdims=True)
    inward = np.stack((-direction[..., 1], direction[..., 0]), axis=-1)
    points = (np.stack((places - 6 * inward, places + 6 * inward))).reshape(-1, 40, 2).astype(np.float32)
    seen = _seen(lab, points, cv2.INTER_NEAREST)
    without, within = seen.reshape(2, len(shapes), 4, 10, 3).astype(np.float32)
    step = np.median(within - without, axis=2)
    side = np.minimum(1.0, np.linalg.norm(step, axis=-1) / _STEP)
    mark = (0.55 * side.mean(axis=1) + 0.45 * side.min(axis=1)) * (0.6 + 0.4 * _paler(step[..., 0]).mean(axis=1))
    return shapes[np.sort(np.argsort(-mark)[:most])]


def _paler(step: Floats | np.float32) -> Floats:
    """0 to 1: how much paler the inside is than the outside, by steps of lightness."""
    return np.clip(0.5 + step / 30, 0, 1).astype(np.float32)


def scores(lab: Lab, shapes: Floats) -> Floats:
    """How much each of N x 4 x 2 shapes looks like a paper, 0 to about 1."""
    if not len(shapes):
        return np.zeros(0, np.float32)
    colours, within = profiles(lab, shapes)  # steps x N x 4 x samples x 3
    r = _REACH
    near = colours[r + 3 : r + 6].mean(axis=0) - colours[r - 5 : r - 2].mean(axis=0)
    far = colours[r + 7 :].mean(axis=0) - colours[: r - 6].mean(axis=0)
    typical = np.median(near, axis=2)
    strength = np.linalg.norm(typical, axis=-1)
    step = np.minimum(strength, np.linalg.norm(np.median(far, axis=2), axis=-1))
    along = (near * typical[:, :, None]).sum(axis=-1)
    agreeing = (along > 0.35 * strength[..., None] ** 2).mean(axis=-1)
    slope = colours[2:] - colours[:-2]
    peak = np.abs(np.einsum("...c,...c->...", slope, slope).argmax(axis=0) - (r - 1))
    on_line = (peak <= 2).mean(axis=-1)
    side = np.minimum(1.0, step / _STEP) * (0.45 * agreeing + 0.55 * on_line)
    visible = within > 0.5
    side = np.where(visible, side, 0.35)  # a side along the picture's edge says little
    bright = np.where(visible, _paler(typical[..., 0]), 0.5).mean(axis=-1)
    rim = colours[r + 3 :].mean(axis=(0, 3))
    alike = np.exp(-rim[..., 0].std(axis=1) / 40)
    area = np.array([cv2.contourArea(shape) for shape in shapes]) / (lab.shape[0] * lab.shape[1])
    base = 0.55 * side.mean(axis=1) + 0.45 * side.min(axis=1)
    total = base * (0.6 + 0.4 * bright) * (0.75 + 0.25 * alike) * np.clip(area / 0.1, 0.3, 1) ** 0.25
    return total.astype(np.float32)
