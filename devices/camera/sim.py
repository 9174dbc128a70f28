"""The simulated camera: a dark mat on which papers and codes are laid, or pictures from files, with a lens and a sensor
that can be spoilt and a cable that can be pulled; seen through the real capture code.

It writes what a camera would see as JPEG files into a folder, which ``OpencvCamera`` plays as a sequence. A few frames
with different sensor noise go round, so that the picture lives; unplugging takes the folder away.
"""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
import segno

from devices.camera.api import Picture
from devices.camera.pictures import read_picture
from devices.camera.sim_effects import Effect, spoil

Grain = npt.NDArray[np.float32]

_FRAMES = 3
_MAT = (62, 52, 44)
_CODE_SIDE = 420
"""Pixels: a code on a telephone held under the camera."""


class SimDesk:
    """A desk of ``width`` x ``height`` pixels whose camera is the source text ``source``; an empty mat at first.

    ``folder`` is where its frames go; it is created and emptied. Methods may be called from any thread.
    """

    def __init__(self, *, folder: Path, width: int = 1920, height: int = 1080) -> None:
        self._live = folder / "desk"
        self._away = folder / "unplugged"
        self._width = width
        self._height = height
        self._lock = threading.Lock()
        for place in (self._live, self._away):
            shutil.rmtree(place, ignore_errors=True)
        self._live.mkdir(parents=True)
        self._desk: Picture = self._mat()
        self._effects: tuple[Effect, ...] = ()
        self._noise: Grain = (
            np.random.default_rng(7).normal(0, 2.0, (_FRAMES, height // 2, width // 2, 3)).astype(np.float32)
        )
        self.clear()

    @property
    def source(self) -> str:
        """What to give ``OpencvCamera`` as source."""
        return str(self._live)

    def lay(self, picture: Picture, *, degrees: float = 2.5) -> None:
        """Lay a picture as a paper: slightly turned, in slight perspective, filling most of the height."""
        height, width = picture.shape[:2]
        scale = min(0.88 * self._height / height, 0.88 * self._width / width)
        half = np.array((width, height), np.float32) * scale / 2
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32) * half
        turn = np.deg2rad(degrees)
        turned = corners @ np.array(((np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))), np.float32)
        turned[:2, 0] *= 0.975  # the far edge is a little shorter
        target = (turned + np.array((self._width / 2, self._height / 2))).astype(np.float32)
        self._show(self._placed(picture, target))

    def lay_code(self, text: str) -> None:
        """Hold a QR code with this text (UTF-8) under the camera."""
        rows = segno.make_qr(text, error="m", encoding="utf-8").matrix
        modules = np.pad((np.array([list(row) for row in rows]) == 0).astype(np.uint8) * 255, 4, constant_values=255)
        code = cv2.resize(modules, (_CODE_SIDE, _CODE_SIDE), interpolation=cv2.INTER_NEAREST)
        x, y = (self._width - _CODE_SIDE) / 2, (self._height - _CODE_SIDE) / 2
        shape = np.array([(0, 6), (_CODE_SIDE, 0), (_CODE_SIDE + 4, _CODE_SIDE), (8, _CODE_SIDE + 6)], np.float32)
        target = (shape + np.array((x, y))).astype(np.float32)
        self._show(self._placed(cast("Picture", cv2.cvtColor(code, cv2.COLOR_GRAY2BGR)), target))

    def clear(self) -> None:
        """Take everything off the mat."""
        self._show(self._mat())

    def show_file(self, path: Path) -> None:
        """See a picture file instead of the mat, filling the frame. Raises ``PictureError``."""
        picture = cv2.resize(read_picture(path), (self._width, self._height), interpolation=cv2.INTER_AREA)
        self._show(cast("Picture", picture))

    def spoil(self, *effects: Effect) -> None:
        """See whatever lies there with these effects from now on; none: clearly again."""
        with self._lock:
            self._effects = effects
        self._show(self._desk)

    def unplug(self) -> None:
        """Pull the camera's cable."""
        with self._lock:
            if self._live.exists():
                self._live.rename(self._away)

    def plug(self) -> None:
        """Plug it in again; what lies on the desk is seen again."""
        with self._lock:
            if self._away.exists():
                self._away.rename(self._live)

    def _mat(self) -> Picture:
        return np.full((self._height, self._width, 3), _MAT, np.uint8)

    def _placed(self, picture: Picture, target: npt.NDArray[np.float32]) -> Picture:
        desk = self._mat()
        shadow = np.zeros(desk.shape[:2], np.float32)
        cv2.fillConvexPoly(shadow, (target + 7).astype(np.int32), [0.45])
        desk = (desk * (1 - cv2.GaussianBlur(shadow, (0, 0), 6)[:, :, None])).astype(np.uint8)
        height, width = picture.shape[:2]
        source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        matrix = cv2.getPerspectiveTransform(source, target)
        size = (self._width, self._height)
        cv2.warpPerspective(picture, matrix, size, dst=desk, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT)
        return desk

    def _show(self, desk: Picture) -> None:
        with self._lock:
            self._desk, effects = desk, self._effects
        frames: list[bytes] = []
        for index in range(_FRAMES):
            grain: Grain = cast(
                "Grain", cv2.resize(self._noise[index], (self._width, self._height), interpolation=cv2.INTER_LINEAR)
            )
            seen = spoil(np.clip(desk + grain, 0, 255).astype(np.uint8), effects, number=index)
            frames.append(cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())
        with self._lock:
            folder = self._live if self._live.exists() else self._away
            for index, frame in enumerate(frames):
                part = folder / f"{index}.part"
                part.write_bytes(frame)
                os.replace(part, folder / f"{index}.jpg")
