"""A reader that calls itself a human interface device, so that no driver is needed. Only here is hidapi touched.

A report has a fixed size, commonly 64 bytes; frames are cut into reports. How the last one is filled up differs:
``padded`` reports are filled with zeros, which the frame's own length tells apart; ``counted`` ones begin with the
number of bytes that count (published for one maker's modules). Not verified on hardware (QUALITY.toml).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import hid
import hidraw

from devices.card.sam.line import LineLost

_REPORT = 64
_NO_REPORT_NUMBER = b"\x00"  # hidapi: first byte of every write, for devices that do not number their reports


class Reports(StrEnum):
    """How frames lie in reports."""

    PADDED = "padded"
    COUNTED = "counted"


class HidLine:
    """A :class:`~devices.card.sam.line.Line` over HID reports."""

    def __init__(self, *, device: str | tuple[int, int], reports: Reports) -> None:
        """``device`` is a path such as ``/dev/hidraw0``, or vendor and product."""
        self._where = device
        self._name = f"HID {device}" if isinstance(device, str) else f"HID {device[0]:04x}:{device[1]:04x}"
        self._counted = reports is Reports.COUNTED
        self._device: Any = None

    def open(self) -> None:
        library: Any = hidraw if isinstance(self._where, str) else hid
        device = library.device()
        try:
            if isinstance(self._where, str):
                device.open_path(self._where.encode())
            else:
                device.open(*self._where)
        except OSError as error:
            raise LineLost(f"{self._name}: not there, or not ours to open") from error
        self._device = device

    def write(self, frame: bytes) -> None:
        room = _REPORT - self._counted
        try:
            for at in range(0, len(frame), room):
                piece = frame[at : at + room]
                report = (bytes((len(piece),)) if self._counted else b"") + piece
                if self._held().write(_NO_REPORT_NUMBER + report.ljust(_REPORT, b"\x00")) < 0:
                    raise LineLost(f"{self._name}: takes nothing")
        except (OSError, ValueError) as error:
            raise LineLost(f"{self._name}: {type(error).__name__}") from error

    def read(self, timeout: float) -> bytes:
        try:
            report = bytes(self._held().read(_REPORT, max(1, int(timeout * 1000))))
        except (OSError, ValueError) as error:
            raise LineLost(f"{self._name}: {type(error).__name__}") from error
        return report[1 : 1 + report[0]] if self._counted and report else report

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()

    def _held(self) -> Any:
        if self._device is None:
            raise LineLost(f"{self._name}: not open")
        return self._device
