"""A V4L2 camera through OpenCV: opened by its name, asked for format and light, and given up once it is unplugged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import cv2

from devices.camera import v4l2
from devices.camera.api import CameraTrouble, Picture, Refused, Wish
from devices.camera.discovery import locate

_BUFFERS = 4
"""Frames that the driver may fill while we look at one; more would only make the picture older."""
_WARM_UP = 5
"""Frames in which exposure and white balance settle; the first ones of many cameras are dark or green."""

_AUTOMATIC = {
    # setting: (its automatic, the values that switch it on, the one that switches it off, its fixed value)
    # V4L2_CID_EXPOSURE_AUTO is a menu: UVC cameras know 3 (aperture priority) and 1 (manual), others 0 (auto).
    "exposure": (cv2.CAP_PROP_AUTO_EXPOSURE, (3, 0), 1, cv2.CAP_PROP_EXPOSURE),
    "focus": (cv2.CAP_PROP_AUTOFOCUS, (1,), 0, cv2.CAP_PROP_FOCUS),
    "white_balance": (cv2.CAP_PROP_AUTO_WB, (1,), 0, cv2.CAP_PROP_WB_TEMPERATURE),
}


class Device:
    """One opening of a camera; used by one thread."""

    paced = True
    device = True

    def __init__(self, source: str, node: Path, capture: cv2.VideoCapture, refused: tuple[Refused, ...]) -> None:
        self._source = source
        self._node = node
        self._capture = capture
        self.refused = refused

    @classmethod
    def open(cls, source: str, wish: Wish) -> Device | CameraTrouble:
        """Open the camera that ``source`` names (see ``discovery.locate``)."""
        node = locate(source)
        if isinstance(node, CameraTrouble):
            return node
        if not os.access(node, os.R_OK | os.W_OK):
            return CameraTrouble.FORBIDDEN
        capture = cv2.VideoCapture(str(node), cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            return CameraTrouble.BUSY if _answers(node) else CameraTrouble.LOST
        _ask(capture, wish)
        for _ in range(_WARM_UP):
            capture.grab()
        return cls(source, node, capture, tuple(_refused(capture, wish)))

    def read(self) -> Picture | None:
        """The next picture; ``None`` once the camera is unplugged, though OpenCV has gone on returning the last buffer
        of cameras that were."""
        if not self._node.exists():
            return None
        return next_picture(self._capture)

    def close(self) -> None:
        """Stop the camera; its lamp goes out."""
        self._capture.release()


def next_picture(capture: cv2.VideoCapture) -> Picture | None:
    """The next picture of anything OpenCV opened; ``None`` when there is none."""
    try:
        read, picture = capture.read()
    except cv2.error:  # a damaged stream
        return None
    return cast("Picture", picture) if read else None


def _answers(node: Path) -> bool:
    """Whether there is a camera, though it could not be opened for frames."""
    try:
        return v4l2.ask(node) is not None
    except OSError:
        return False


def _ask(capture: cv2.VideoCapture, wish: Wish) -> None:
    # MJPG first: uncompressed 1080p does not fit through USB 2 at more than 5 frames a second.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*wish.format.ljust(4)))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, wish.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wish.height)
    capture.set(cv2.CAP_PROP_FPS, wish.rate)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
    for setting, (automatic, on, off, value) in _AUTOMATIC.items():
        wanted = getattr(wish, setting)
        if wanted == "auto":
            any(capture.set(automatic, each) for each in on)  # a camera without this automatic has nothing to do
        else:
            capture.set(automatic, off)  # first: a value is refused while its automatic is on
            capture.set(value, wanted)
    if wish.gain != "auto":
        capture.set(cv2.CAP_PROP_GAIN, wish.gain)


def _refused(capture: cv2.VideoCapture, wish: Wish) -> Iterator[Refused]:
    """Read everything back: drivers answer "done" and do something else."""
    code = v4l2.four_characters(int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF)
    if code != wish.format.rstrip():
        yield Refused("format", wish.format, code)
    size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    if size != (wish.width, wish.height):
        yield Refused("size", f"{wish.width} x {wish.height}", f"{size[0]} x {size[1]}")
    rate = capture.get(cv2.CAP_PROP_FPS)
    if rate < wish.rate - 0.5:  # faster does no harm: only the newest frame is kept
        yield Refused("rate", f"{wish.rate:g}", f"{rate:g}")
    for setting, prop in (("gain", cv2.CAP_PROP_GAIN), *((name, each[3]) for name, each in _AUTOMATIC.items())):
        wanted = getattr(wish, setting)
        if wanted == "auto":
            continue
        got = capture.get(prop)
        if got < 0:  # OpenCV's answer for a control that is not there
            yield Refused(setting, str(wanted), "")
        elif round(got) != wanted:
            yield Refused(setting, str(wanted), f"{got:g}")
