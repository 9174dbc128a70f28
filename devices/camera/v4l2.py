"""What the kernel says of a video node, asked without starting it: capabilities, pixel formats and frame sizes.

Layouts and numbers from ``linux/videodev2.h``. Only questions are asked here; settings and frames go through OpenCV.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

_QUERYCAP = 0x80685600  # _IOR('V', 0, struct v4l2_capability)
_ENUM_FMT = 0xC0405602  # _IOWR('V', 2, struct v4l2_fmtdesc)
_ENUM_FRAMESIZES = 0xC02C564A  # _IOWR('V', 74, struct v4l2_frmsizeenum)
_CAPABILITY = struct.Struct("=16s32s32s6I8x")  # driver, card, bus_info, version, capabilities, device_caps, reserved
_FORMAT = struct.Struct("=III32sI16x")  # index, type, flags, description, pixelformat, mbus_code, reserved
_SIZE = struct.Struct("=III6I8x")  # index, pixel_format, type, union of discrete (w, h) and stepwise (6), reserved

_CAN_CAPTURE = 0x00000001
_HAS_DEVICE_CAPS = 0x80000000
_CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
_DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE
_MOST = 64
"""Formats, and sizes of each: a driver that never says "no more" must not hold us."""


@dataclass(frozen=True, slots=True)
class Format:
    """A pixel format by its four-character code, with the frame sizes (width, height in pixels) it comes in, largest
    first; of a stepwise format only the largest."""

    code: str
    sizes: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A node that captures video. ``name`` is what its driver calls it."""

    name: str
    formats: tuple[Format, ...]


def ask(path: Path) -> Node | None:
    """What the node at ``path`` is; ``None`` when it captures no video (a camera's second node carries metadata).
    Raises :class:`OSError` when it cannot be opened."""
    node = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _asked(node)
    finally:
        os.close(node)


def _asked(node: int) -> Node | None:
    answer = _question(node, _QUERYCAP, bytes(_CAPABILITY.size))
    if answer is None:
        return None
    _, card, _, _, capabilities, of_node, *_ = _CAPABILITY.unpack(answer)
    if not (of_node if capabilities & _HAS_DEVICE_CAPS else capabilities) & _CAN_CAPTURE:
        return None
    formats: list[Format] = []
    for index in range(_MOST):
        answer = _question(node, _ENUM_FMT, _FORMAT.pack(index, _CAPTURE, 0, b"", 0))
        if answer is None:
            break
        pixels: int = _FORMAT.unpack(answer)[4]
        formats.append(Format(four_characters(pixels), _sizes(node, pixels)))
    return Node(card.split(b"\0")[0].decode("utf-8", "replace"), tuple(formats))


def _sizes(node: int, pixels: int) -> tuple[tuple[int, int], ...]:
    found: set[tuple[int, int]] = set()
    for index in range(_MOST):
        answer = _question(node, _ENUM_FRAMESIZES, _SIZE.pack(index, pixels, 0, 0, 0, 0, 0, 0, 0))
        if answer is None:
            break
        _, _, kind, *numbers = _SIZE.unpack(answer)
        if kind != _DISCRETE:
            found.add((numbers[1], numbers[4]))  # max_width, max_height
            break
        found.add((numbers[0], numbers[1]))
    return tuple(sorted(found, key=lambda size: (-size[0] * size[1], size)))


def _question(node: int, request: int, argument: bytes) -> bytes | None:
    """The kernel's answer; ``None`` for "no more" (EINVAL) and for "not a video node" (ENOTTY)."""
    try:
        return fcntl.ioctl(node, request, argument)
    except OSError as failure:
        if failure.errno in (errno.EINVAL, errno.ENOTTY, errno.ENODATA):
            return None
        raise


def four_characters(code: int) -> str:
    """A pixel format's code as text, for instance ``MJPG``."""
    return code.to_bytes(4, "little").decode("latin-1").rstrip("\0 ")
