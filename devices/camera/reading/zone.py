"""Where in a live picture a machine readable zone may be: a few milliseconds, so that only its strip is read.

Its lines are the longest of a document for their height, of one length, and stand close over one another (ICAO 9303-3
clause 4: 2 lines of 44 or 36, 3 of 30; an exit-entry permit has one of 30). What is found is a guess; the reading
process and the check digits decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from devices.camera.api import Corners, Picture
from devices.camera.pictures import Gray, bounded, gray

_SEARCH = (1280, 720)
"""Pixels of the longer side in which the lines are searched; the second for a document that lies closer."""
_BRIDGE = 17
"""Pixels: wider than the gap between two characters there, narrower than that between two columns of print."""
_STROKE = 13
"""Pixels: wider than any stroke of a character there."""
_FAINTEST = 14.0
"""How much darker than the paper a stroke must be, of 255."""
_LOWEST, _HIGHEST = 5, 48
"""Pixels that a line may be high there."""
_LONG = 15
"""A line of 30 characters is longer than so many times its height, blur included."""
_MOST = 3
_HEIGHT = 48
"""Pixels of a line's picture: what the recogniser works on."""

Points = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ZoneSeen:
    """``lines`` are pictures of the lines, upper first as they lie in the picture; ``corners`` lie around them."""

    lines: tuple[Picture, ...]
    corners: Corners


@dataclass(frozen=True, slots=True)
class _Strip:
    """One long dark line of print: its middle, half its length along ``(cos, sin)`` and half its height, in pixels."""

    x: float
    y: float
    length: float
    height: float
    angle: float

    def corners(self, along: float, across: float) -> Points:
        """Its four corners, clockwise, widened by so many pixels at each side."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        wide, high = self.length / 2 + along, self.height / 2 + across
        signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32) * (wide, high)
        turn = np.array([(cos, sin), (-sin, cos)], np.float32)
        return (signs @ turn + (self.x, self.y)).astype(np.float32)


def find_zone(picture: Picture) -> ZoneSeen | None:
    """The strip of ``picture`` that looks like a machine readable zone, lying or standing, or ``None``."""
    found: list[_Strip] = []
    scale = 1.0
    for side in _SEARCH:
        small = gray(bounded(picture, side))
        dark = _print(small)
        found = max((_group(_strips(dark, standing=standing)) for standing in (False, True)), key=_worth)
        if found:
            scale = picture.shape[1] / small.shape[1]
            break
    if not found:
        return None
    lines = tuple(_flat(picture, strip, scale) for strip in found)
    around = np.concatenate([strip.corners(strip.height, strip.height * 0.6) for strip in found]) * np.float32(scale)
    box = cv2.boxPoints(cv2.minAreaRect(around))
    return ZoneSeen(lines, cast("Corners", tuple((float(x), float(y)) for x, y in box)))


def _print(small: Gray) -> Gray:
    """Strokes: what is dark, and narrow against its surroundings (not the mat beside a bright page)."""
    strokes = cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, np.ones((_STROKE, _STROKE), np.uint8))
    least = max(_FAINTEST, 0.3 * float(np.percentile(strokes[::4, ::4], 99.5)))
    return cast("Gray", cv2.threshold(strokes, least, 255, cv2.THRESH_BINARY)[1])


def _worth(group: list[_Strip]) -> float:
    return sum(strip.length for strip in group)


def _strips(dark: Gray, *, standing: bool) -> list[_Strip]:
    """Long lines of print along one axis of the picture, up to some 15 degrees off it."""
    kernel = np.ones((_BRIDGE, 1) if standing else (1, _BRIDGE), np.uint8)
    joined = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, kernel)
    thin = np.ones((1, 3) if standing else (3, 1), np.uint8)
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, thin)  # ruled lines go, and what they tie together comes apart
    outlines, _ = cv2.findContours(joined, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    strips: list[_Strip] = []
    for outline in outlines:
        if len(outline) < 4:
            continue
        (x, y), (width, height), degrees = cv2.minAreaRect(outline)
        if width < height:
            width, height, degrees = height, width, degrees + 90
        angle = (np.deg2rad(degrees) + np.pi / 2) % np.pi - np.pi / 2  # -90 to 90 degrees
        if standing and angle < 0:
            angle += np.pi  # read downwards
        if _LOWEST <= height <= _HIGHEST and width >= _LONG * height:
            strips.append(_Strip(x, y, width, height, float(angle)))
    return strips


def _group(strips: list[_Strip]) -> list[_Strip]:
    """The lines that belong together, upper first: as many as stand over one another, else the longest alone."""
    best: list[_Strip] = []
    for first in strips:
        across = (-np.sin(first.angle), np.cos(first.angle))
        mates = [each for each in strips if _alike(first, each)]
        mates.sort(key=lambda each: each.x * across[0] + each.y * across[1])
        here = mates.index(first)
        stack = [first]
        for step, rest in ((-1, mates[:here][::-1]), (1, mates[here + 1 :])):
            for each in rest:
                last = stack[0] if step < 0 else stack[-1]
                gap = abs((each.x - last.x) * across[0] + (each.y - last.y) * across[1])
                if not 1.0 <= gap / first.height <= 3.2:
                    break
                stack.insert(0, each) if step < 0 else stack.append(each)
        for start in range(max(1, len(stack) - _MOST + 1)):
            part = stack[start : start + _MOST]
            if _worth(part) > _worth(best):
                best = part
    return best


def _alike(one: _Strip, other: _Strip) -> bool:
    """Same length, same direction, beginning at the same place."""
    along = (np.cos(one.angle), np.sin(one.angle))
    shift = abs((other.x - one.x) * along[0] + (other.y - one.y) * along[1])
    return (
        abs(other.length - one.length) < 0.08 * one.length
        and shift < 0.06 * one.length
        and abs(other.angle - one.angle) < 0.05
        and 0.6 < other.height / one.height < 1.7
    )


def _flat(picture: Picture, strip: _Strip, scale: float) -> Picture:
    """One line alone, lying, ``_HEIGHT`` pixels high."""
    corners = strip.corners(strip.height * 0.6, strip.height * 0.25) * np.float32(scale)
    high = float(np.linalg.norm(corners[3] - corners[0]))
    width = round(float(np.linalg.norm(corners[1] - corners[0])) * _HEIGHT / high)
    target = np.array([(0, 0), (width, 0), (width, _HEIGHT), (0, _HEIGHT)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    flat = cv2.warpPerspective(
        picture, matrix, (width, _HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return cast("Picture", flat)
