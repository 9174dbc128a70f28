"""Where frames come from: a device, a video file, a stream, or pictures in a folder, each opened and read alike.

OpenCV neither paces nor loops files, fails on some file names, and waits long on dead streams; that is settled here,
so that the camera above sees one thing: pictures, until there are none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import cv2

from devices.camera.api import CameraTrouble, Picture, Refused, Wish
from devices.camera.device import Device, next_picture
from devices.camera.discovery import names_device
from devices.camera.pictures import PictureError, read_picture

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # FFmpeg's own words on standard error name addresses

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_STREAM = re.compile(r"^(https?|rtsps?|tcp|udp)://", re.IGNORECASE)
_NUMBERED = re.compile(r"%0?(\d*)d")
_STREAM_PATIENCE = 2000
"""Milliseconds for opening and for each frame of a stream."""
_KEPT = 6
"""Unpacked pictures kept of a sequence, so that a short loop costs no unpacking."""


class Opened(Protocol):
    """An open source, used by one thread."""

    paced: bool  # whether the source itself waits for the next frame
    device: bool  # whether equal frames mean that it froze

    @property
    def refused(self) -> tuple[Refused, ...]:
        """What the source was asked for and did not do."""
        ...

    def read(self) -> Picture | None:
        """The next picture; ``None`` when the source has ended or is gone."""
        ...

    def close(self) -> None:
        """Give the source back."""
        ...


def open_source(source: str, wish: Wish) -> Opened | CameraTrouble:
    """Open what the text names, or say why that cannot be done.

    ``/dev/...``, a number or ``name:...`` is a V4L2 device; ``http``, ``https``, ``rtsp`` a stream; a folder, a picture
    file or a numbered pattern (``page_%03d.png``) is a sequence; any other file a video.
    """
    if names_device(source):
        return Device.open(source, wish)
    if _STREAM.match(source):
        return _Stream.open(source) or CameraTrouble.LOST
    path = Path(source)
    if path.is_dir() or path.suffix.lower() in _PICTURES:
        return _Sequence.open(source) or CameraTrouble.LOST
    return _Video.open(path) or CameraTrouble.LOST


class _Stream:
    """A network camera. It paces itself; its loss shows as a failed read after ``_STREAM_PATIENCE``."""

    paced = True
    device = False
    refused: tuple[Refused, ...] = ()

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture

    @classmethod
    def open(cls, address: str) -> _Stream | None:
        patience = [
            int(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC),
            _STREAM_PATIENCE,
            int(cv2.CAP_PROP_READ_TIMEOUT_MSEC),
            _STREAM_PATIENCE,
        ]
        capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, patience)
        return cls(capture) if capture.isOpened() else None

    def read(self) -> Picture | None:
        return next_picture(self._capture)

    def close(self) -> None:
        self._capture.release()


class _Video:
    """A video file, begun again at its end."""

    paced = False
    device = False
    refused: tuple[Refused, ...] = ()

    def __init__(self, path: Path, capture: cv2.VideoCapture) -> None:
        self._path = path
        self._capture = capture

    @classmethod
    def open(cls, path: Path) -> _Video | None:
        if not path.is_file():
            return None
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        return cls(path, capture) if capture.isOpened() else None

    def read(self) -> Picture | None:
        picture = next_picture(self._capture)
        if picture is not None or not self._path.is_file():
            return picture
        self._capture.release()
        self._capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        return next_picture(self._capture)

    def close(self) -> None:
        self._capture.release()


class _Sequence:
    """Pictures one after another, round and round. Files may be replaced while they are shown."""

    paced = False
    device = False
    refused: tuple[Refused, ...] = ()

    def __init__(self, source: str) -> None:
        self._source = source
        self._round: Iterator[Path] = iter(())
        self._kept: dict[Path, tuple[tuple[int, int, int], Picture]] = {}

    @classmethod
    def open(cls, source: str) -> _Sequence | None:
        return cls(source) if _listed(source) else None

    def read(self) -> Picture | None:
        for _ in range(2):  # the rest of this round, then one whole new one
            for path in self._round:
                picture = self._picture(path)
                if picture is not None:
                    return picture
            self._round = iter(_listed(self._source))
        for path in self._round:
            picture = self._picture(path)
            if picture is not None:
                return picture
        return None

    def _picture(self, path: Path) -> Picture | None:
        try:
            status = path.stat()
            mark = (status.st_mtime_ns, status.st_size, status.st_ino)
            kept = self._kept.pop(path, None)
            picture = kept[1] if kept is not None and kept[0] == mark else read_picture(path)
        except (OSError, PictureError):
            return None  # taken away or half written: the next one will do
        self._kept[path] = (mark, picture)
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return picture.copy()

    def close(self) -> None:
        self._kept.clear()


def _listed(source: str) -> list[Path]:
    """The files of a folder, of a numbered pattern, or the one file, in the order of their numbers and names."""
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        folder, fits = path, re.compile(".*", re.DOTALL)
    elif _NUMBERED.search(path.name):
        before, after = _NUMBERED.split(path.name)[0], _NUMBERED.split(path.name)[-1]
        folder, fits = path.parent, re.compile(re.escape(before) + r"\d+" + re.escape(after))
    else:
        return []
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() in _PICTURES and fits.fullmatch(file.name)]
    except OSError:
        return []
    return sorted(files, key=lambda file: [int(p) if p.isdecimal() else p for p in re.split(r"(\d+)", file.name)])
