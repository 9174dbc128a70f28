"""One paper from the first live frame that shows it until it is shot: where it lies, and since when it lies still.

It counts frames, never time: a slow machine waits longer, and nothing depends on a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from devices.camera.api import Corners, Finding, PageFound, Picture
from devices.camera.likeness import alike, likeness
from devices.camera.page import find_page
from devices.camera.pictures import Gray, gray
from devices.camera.quads import Floats
from devices.camera.quality import flattened

_APART = 0.005
"""Of the picture's longer side: corners nearer than that lie still."""
_CHANGED = 4.0
"""Mean difference of two small pictures (8-bit luminance) above which something moves."""
_SETTLED = 3
"""Still frames before the careful look."""
_ONCE_MORE = 8
"""Still frames after which a known page is looked at again: another may lie exactly where it lay."""


@dataclass(frozen=True, slots=True)
class Seen:
    """``found`` in this frame; ``shoot`` on the one frame in which the paper has lain still long enough."""

    found: PageFound
    shoot: bool


class PaperWatch:
    """Follows the paper from frame to frame; ``short_side_mm`` as for ``find_page``, ``taken`` the likenesses of the
    pages there are already: such a page is not shot again by itself.

    The quick look may take a page of an open booklet for the whole, or see nothing on a difficult desk. So once what
    lies there lies still, it is looked at with all care, once, and the quick look goes on from there.
    """

    def __init__(self, *, short_side_mm: float, frames: int = 9, taken: tuple[bytes, ...] = ()) -> None:
        self._short_side_mm = short_side_mm
        self._taken = taken
        self._known = False
        self._shot = AutoShot(frames=frames)
        self._corners: Corners | None = None
        self._last: Gray | None = None
        self._still = 0

    def see(self, picture: Picture) -> Seen:
        """Judge the newest frame."""
        thumbnail = _thumbnail(picture)
        unmoved = self._last is not None and not _differ(thumbnail, self._last)
        self._last, self._still = thumbnail, self._still + 1 if unmoved else 0
        careful = self._still == _SETTLED
        near = None if careful else self._corners
        found = find_page(picture, fast=not careful, short_side_mm=self._short_side_mm, near=near)
        self._corners = found.corners
        again = self._known and self._still % _ONCE_MORE == 0
        if found.corners is not None and (careful or again):
            flat = flattened(picture, found.corners, long_side=1200, margin=0.004)
            self._known = any(alike(likeness(flat), other) for other in self._taken)
        self._known = self._known and unmoved and found.corners is not None
        if self._known and not found.findings:
            found = replace(found, findings=(Finding.TAKEN,))
        shoot = self._shot.see(found, picture)
        if self._shot.moving and not found.findings:
            found = replace(found, findings=(Finding.MOVING,))
        return Seen(found, shoot)


class AutoShot:
    """Says when a paper lies still and is fit to be shot."""

    def __init__(self, *, frames: int = 9) -> None:
        self._frames = frames
        self._count = 0
        self._corners: Floats | None = None
        self._last: Gray | None = None

    @property
    def moving(self) -> bool:
        """Whether the frame seen last differs from the one before, or is the first with a paper."""
        return self._count <= 1

    def see(self, found: PageFound, picture: Picture) -> bool:
        """``True`` on the one frame in which the paper has lain still long enough; again only after it has moved."""
        if found.corners is None or found.findings:
            self._count, self._corners, self._last = 0, None, None
            return False
        corners = np.array(found.corners, np.float32)
        thumbnail = _thumbnail(picture)
        if self._corners is None or self._last is None:
            moved = True
        else:
            apart = float(np.abs(corners - self._corners).max())
            moved = apart > _APART * max(picture.shape[:2]) or _differ(thumbnail, self._last)
        self._last = thumbnail
        if moved:
            self._corners, self._count = corners, 1
        else:
            self._count += 1
        return self._count == self._frames


def _thumbnail(picture: Picture) -> Gray:
    return gray(cast("Picture", cv2.resize(picture, (160, 90), interpolation=cv2.INTER_AREA)))


def _differ(one: Gray, other: Gray) -> bool:
    return float(cv2.absdiff(one, other).mean()) > _CHANGED
