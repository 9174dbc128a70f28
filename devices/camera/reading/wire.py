"""What the terminal and its reading process say to each other: a length, then JSON; pictures as bytes after it.

Both ends are ours, yet what a crashing process wrote is not trusted: every length is bounded and every value checked.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from devices.camera.api import Picture
from devices.camera.pictures import decode_picture
from devices.camera.reading.api import Kind, Suggestion

LARGEST_PAGE = 16 * 1024 * 1024
"""Bytes of a page's JPEG."""
LARGEST_ANSWER = 64 * 1024
"""Bytes."""
MOST_LINES = 6
"""Lines of one zone: twice three, once the right way up and once not."""
_LARGEST_LINE = 4 * 1024 * 1024
_LARGEST_HEADER = 4096
_LONGEST_TEXT = 64
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Page:
    picture: Picture
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Zone:
    lines: tuple[Picture, ...]


class BrokenWire(Exception):
    """The other side said something that is not of this wire; its text quotes nothing of it."""


def page_request(jpeg: bytes, kinds: frozenset[Kind]) -> bytes:
    """Ask for ``kinds`` on a page. Raises ``ValueError`` for a page that is too large."""
    if len(jpeg) > LARGEST_PAGE:
        raise ValueError("the page is larger than can be read")
    return _packed({"page": len(jpeg), "kinds": sorted(kind.value for kind in kinds)}) + jpeg


def zone_request(lines: Sequence[Picture]) -> bytes:
    """Ask for the lines of a zone. Raises ``ValueError`` for what is no such thing."""
    if not 1 <= len(lines) <= MOST_LINES or any(line.nbytes > _LARGEST_LINE or line.ndim != 3 for line in lines):
        raise ValueError("these are no lines of a zone")
    shapes = [[line.shape[0], line.shape[1]] for line in lines]
    return _packed({"zone": shapes}) + b"".join(np.ascontiguousarray(line).tobytes() for line in lines)


def read_request(source: BinaryIO) -> Page | Zone | None:
    """The next request; ``None`` when the other side has closed. Raises :class:`BrokenWire` or ``PictureError``."""
    header = source.read(_LENGTH.size)
    if not header:
        return None
    asked = _unpacked(_exactly(source, _bounded(header, _LARGEST_HEADER)))
    try:
        if "page" in asked:
            kinds = frozenset(Kind(kind) for kind in asked["kinds"])
            return Page(decode_picture(_exactly(source, _within(asked["page"], LARGEST_PAGE))), kinds)
        return Zone(tuple(_line(source, *shape) for shape in asked["zone"][:MOST_LINES]))
    except (KeyError, ValueError, TypeError) as failure:
        raise BrokenWire(f"no request: {type(failure).__name__}") from None


def _line(source: BinaryIO, height: int, width: int) -> Picture:
    size = _within(height * width * 3, _LARGEST_LINE)
    return np.frombuffer(_exactly(source, size), np.uint8).reshape(height, width, 3)


def write_answer(target: BinaryIO, found: Sequence[Suggestion]) -> None:
    """Send what was found."""
    rows = [[each.kind.value, each.text, [*map(list, each.box)], each.confidence] for each in found]
    target.write(_packed(rows))
    target.flush()


def answer_length(header: bytes) -> int:
    """Bytes of the answer that follows ``header`` (4 bytes). Raises :class:`BrokenWire`."""
    return _bounded(header, LARGEST_ANSWER)


def answer(data: bytes) -> tuple[Suggestion, ...]:
    """What an answer says. Raises :class:`BrokenWire`."""
    try:
        return tuple(_suggestion(*row) for row in _unpacked(data))
    except (ValueError, TypeError, KeyError) as failure:
        raise BrokenWire(f"no suggestion: {type(failure).__name__}") from None


def _suggestion(kind: str, text: str, box: list[list[float]], confidence: float) -> Suggestion:
    first, second, third, fourth = ((float(x), float(y)) for x, y in box)
    if not 0 < len(text) <= _LONGEST_TEXT:
        raise ValueError("out of bounds")
    return Suggestion(Kind(kind), text, (first, second, third, fourth), float(confidence))


def _packed(value: object) -> bytes:
    data = json.dumps(value, ensure_ascii=False).encode()
    return _LENGTH.pack(len(data)) + data


def _unpacked(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise BrokenWire("no JSON") from None


def _bounded(header: bytes, most: int) -> int:
    if len(header) != _LENGTH.size:
        raise BrokenWire("ended within a length")
    return _within(_LENGTH.unpack(header)[0], most)


def _within(length: int, most: int) -> int:
    if not 0 < length <= most:
        raise BrokenWire("a length out of bounds")
    return length


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise BrokenWire("ended too early")
    return data
