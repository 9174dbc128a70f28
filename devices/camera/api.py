"""What the rest of the terminal may know of a camera, of codes and of papers in its picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""Height x width x 3, blue-green-red, 8 bits a channel (OpenCV's order)."""

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""Four (x, y) in pixels of the picture they were found in, clockwise from the paper's top left as seen."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture as it came. ``sequence`` counts from 1 since start; ``taken`` is ``time.monotonic()`` in seconds."""

    picture: Picture
    sequence: int
    taken: float


Setting = int | Literal["auto"]
"""A control of the camera: fixed, or left to the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a device is asked for; it may give something near. Files and streams take only ``rate``.

    ``format`` is the four-character code of the pixel format, ``width`` x ``height`` in pixels, ``rate`` in frames a
    second. ``exposure`` in units of 100 µs, ``white_balance`` in kelvin, ``gain`` and ``focus`` in the camera's own
    units (V4L2 control reference).
    """

    format: str = "MJPG"
    width: int = 1920
    height: int = 1080
    rate: float = 25.0
    exposure: Setting = "auto"
    gain: Setting = "auto"
    focus: Setting = "auto"
    white_balance: Setting = "auto"


@dataclass(frozen=True, slots=True)
class Refused:
    """A wish that the camera did not follow; ``setting`` is the configuration's key, ``got`` what holds instead
    (empty: it has no such control)."""

    setting: str
    wanted: str
    got: str

    def __str__(self) -> str:
        return (
            f"{self.setting} {self.wanted} (is {self.got})" if self.got else f"{self.setting} {self.wanted} (has none)"
        )


class CameraTrouble(StrEnum):
    """Why there is no picture."""

    LOST = "camera-lost"  # not there, unplugged, or frozen
    BUSY = "camera-busy"  # there, but another program holds it
    FORBIDDEN = "camera-forbidden"  # the terminal's user may not use it
    AMBIGUOUS = "camera-ambiguous"  # the configured name fits several cameras


@dataclass(frozen=True, slots=True)
class Off:
    """Not capturing: no screen needs the camera."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Asked to capture, no frame yet."""


@dataclass(frozen=True, slots=True)
class Live:
    """Frames arrive. ``width`` and ``height`` in pixels; ``refused`` are wishes that the camera did not follow."""

    width: int
    height: int
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """No picture, for the reason given; the camera keeps trying with growing pauses."""

    trouble: CameraTrouble = CameraTrouble.LOST


CameraState = Off | Opening | Live | Lost


class Camera(Protocol):
    """One camera, grabbed by one thread of its own that keeps only the newest frame."""

    def start(self, on_state: Callable[[CameraState], None], on_frame: Callable[[Frame], None]) -> None:
        """Begin capturing. Both callbacks run on the grab thread and must return quickly."""
        ...

    def stop(self) -> None:
        """Stop capturing and drop the last frame; returns when the thread has ended. Idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class Code:
    """One code read. ``format`` is zxing's name in lower case with dashes (``qr-code``); ``engine`` is ``zxing`` or
    ``zbar``."""

    format: str
    text: str
    engine: str


class Finding(StrEnum):
    """What keeps a paper from being shot, in the order a resident should mend it."""

    NO_PAPER = "no-paper"
    LIGHT_MAT = "light-mat"
    TOO_DARK = "too-dark"
    TOO_BRIGHT = "too-bright"
    CUT_OFF = "cut-off"  # an edge of the paper leaves the picture
    NEAR_BORDER = "near-border"  # all there, but so near the picture's border that an edge may be missing
    ASKEW = "askew"  # turned far to one side, or seen slantwise
    TOO_SMALL = "too-small"  # under 6 px/mm for its width
    GLARE = "glare"
    COVERED = "covered"  # a finger or hand over an edge
    TAKEN = "taken"  # this page was shot already; the next one is awaited
    MOVING = "moving"  # nothing else is wrong, but it does not lie still yet
    BLURRED = "blurred"
    BLANK = "blank"  # no writing on it: perhaps face down


class Doubt(StrEnum):
    """What someone should look at on a page that was shot. It never keeps the page from being handed in."""

    UPSIDE_DOWN = "upside-down"  # seems to stand on its head, not surely enough to be turned unasked
    SAME_PAGE = "same-page"  # looks like a page already taken


@dataclass(frozen=True, slots=True)
class PageFound:
    """Where the paper lies (``None``: nowhere) and what is wrong with it (empty: fit to be shot)."""

    corners: Corners | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """A finished page: straightened JPEG ready to be filed. ``width`` and ``height`` in pixels, ``short_side_mm`` the
    paper's shorter side, by which it is filed at its true size. ``likeness`` is what ``likeness.alike`` compares.
    ``turns``: quarter turns clockwise still to be made, so that turning a page costs it nothing."""

    jpeg: bytes
    width: int
    height: int
    short_side_mm: float = 210.0
    likeness: bytes = b""
    doubts: tuple[Doubt, ...] = field(default=(), compare=False)  # the same picture, whatever is thought of it
    turns: int = field(default=0, compare=False)
