"""What spoils a simulated camera's picture: noise, blur, glare, motion, darkness, each as a value, in any combination.

They are applied to whole frames as a lens and a sensor would, so that everything above (finding, judging, reading
codes) meets them through the real capture code, whatever the picture shows and wherever it came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from devices.camera.api import Picture


@dataclass(frozen=True, slots=True)
class Noise:
    """A sensor in the dark: ``sigma`` in steps of 256, another pattern in every frame."""

    sigma: float = 20.0


@dataclass(frozen=True, slots=True)
class Blur:
    """Out of focus: ``sigma`` in pixels."""

    sigma: float = 4.0


@dataclass(frozen=True, slots=True)
class Motion:
    """The paper moves while the shutter is open, ``length`` pixels along ``degrees``, and from frame to frame."""

    length: int = 25
    degrees: float = 20.0


@dataclass(frozen=True, slots=True)
class Glare:
    """A lamp is mirrored at ``x``, ``y`` (shares of width and height), ``size`` of the height across."""

    x: float = 0.5
    y: float = 0.45
    size: float = 0.3


@dataclass(frozen=True, slots=True)
class Dark:
    """Light is missing: what comes through is ``share`` of it."""

    share: float = 0.2


Effect = Noise | Blur | Motion | Glare | Dark


def spoil(picture: Picture, effects: Iterable[Effect], *, number: int = 0) -> Picture:
    """A frame as it comes with these effects, in their order; ``number`` is the frame's, for what differs from frame to
    frame. The picture given stays as it is."""
    for effect in effects:
        picture = _spoilt(picture, effect, number)
    return picture


def _spoilt(picture: Picture, effect: Effect, number: int) -> Picture:
    height, width = picture.shape[:2]
    match effect:
        case Noise(sigma):
            noise = np.random.default_rng(number).normal(0, sigma, picture.shape).astype(np.float32)
            return np.clip(picture + noise, 0, 255).astype(np.uint8)
        case Blur(sigma):
            return cast("Picture", cv2.GaussianBlur(picture, (0, 0), sigma))
        case Motion(length, degrees):
            side = length | 1
            line = np.zeros((side, side), np.float32)
            line[side // 2] = 1
            turn = cv2.getRotationMatrix2D((side // 2, side // 2), degrees, 1.0)
            line = cv2.warpAffine(line, turn, (side, side))
            angle = np.deg2rad(degrees)
            step = (number % 3 - 1) * length
            moved = np.array(((1, 0, step * np.cos(angle)), (0, 1, -step * np.sin(angle))), np.float32)
            shifted = cv2.warpAffine(picture, moved, (width, height), borderMode=cv2.BORDER_REPLICATE)
            return cast("Picture", cv2.filter2D(shifted, -1, line / line.sum()))
        case Glare(x, y, size):
            lamp = np.zeros((height, width), np.float32)
            across = round(size * height / 2)
            cv2.ellipse(
                lamp, (round(x * width), round(y * height)), (across, round(across * 0.6)), 0, 0, 360, [1.0], -1
            )
            lamp = cv2.GaussianBlur(lamp, (0, 0), max(1.0, across / 5))
            return np.clip(picture + 320 * lamp[:, :, None], 0, 255).astype(np.uint8)
        case Dark(share):
            return (picture * share).astype(np.uint8)
