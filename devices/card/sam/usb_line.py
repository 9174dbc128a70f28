"""A reader on USB bulk end points, commonly 0400:C35A. Only here is pyusb touched.

Public examples show two kinds. With one end point each way, frames travel whole. With two each way, preamble and length
travel through the first, the rest through the second. Not verified on hardware (QUALITY.toml).
"""

from __future__ import annotations

import contextlib
from typing import Any

import usb.core
import usb.util

from devices.card.sam.line import LineLost

_WRITE_MS = 1000
_HEAD = 7  # preamble and length
_MOST = 2048  # a frame is at most 1,295 bytes, and no packet is larger than 1,024
_BULK, _KIND = 0x02, 0x03  # bmAttributes, USB 2.0 table 9-13
_IN = 0x80

_core: Any = usb.core  # the library carries no complete types
_util: Any = usb.util


class UsbLine:
    """A :class:`~devices.card.sam.line.Line` over USB bulk transfers."""

    def __init__(self, *, vendor: int, product: int) -> None:
        self._ids = (vendor, product)
        self._name = f"USB {vendor:04x}:{product:04x}"
        self._device: Any = None
        self._ways_in: list[int] = []
        self._ways_out: list[int] = []
        self._heads = 0  # bytes of the answer's head that have come in
        self._late = False  # an answer did not come in time, and may come yet

    def open(self) -> None:
        try:
            device = _core.find(idVendor=self._ids[0], idProduct=self._ids[1])
            if device is None:
                raise LineLost(f"{self._name}: not plugged in")
            self._device = device
            self._claim(device)
        except (usb.core.USBError, ValueError, NotImplementedError) as error:  # ValueError: no libusb
            self.close()
            raise LineLost(f"{self._name}: {_reason(error)}") from error

    def _claim(self, device: Any) -> None:
        for interface in device.get_active_configuration():
            points = [int(point.bEndpointAddress) for point in interface if point.bmAttributes & _KIND == _BULK]
            self._ways_in = [point for point in points if point & _IN]
            self._ways_out = [point for point in points if not point & _IN]
            if self._ways_in and self._ways_out:
                number = interface.bInterfaceNumber
                if device.is_kernel_driver_active(number):
                    device.detach_kernel_driver(number)
                _util.claim_interface(device, number)
                return
        raise LineLost(f"{self._name}: no bulk end points")

    def write(self, frame: bytes) -> None:
        pieces = (frame[:_HEAD], frame[_HEAD:]) if len(self._ways_out) > 1 else (frame,)
        try:
            self._forget_late()
            for point, piece in zip(self._ways_out, pieces, strict=False):
                if self._held().write(point, piece, _WRITE_MS) != len(piece):
                    raise LineLost(f"{self._name}: took only a part")
        except usb.core.USBError as error:
            raise LineLost(f"{self._name}: {_reason(error)}") from error

    def read(self, timeout: float) -> bytes:
        point = self._ways_in[-1 if self._heads >= _HEAD else 0]
        try:
            piece = bytes(self._held().read(point, _MOST, max(1, int(timeout * 1000))))
        except usb.core.USBTimeoutError:
            self._late = True
            return b""
        except usb.core.USBError as error:
            raise LineLost(f"{self._name}: {_reason(error)}") from error
        self._heads += len(piece)
        return piece

    def _forget_late(self) -> None:
        """Have every way in empty before a command; only after a silence, as each look costs a millisecond."""
        self._heads = 0
        if self._late:
            self._late = False
            for point in self._ways_in:
                with contextlib.suppress(usb.core.USBTimeoutError):
                    self._held().read(point, _MOST, 1)

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(usb.core.USBError):
                _util.dispose_resources(device)

    def _held(self) -> Any:
        if self._device is None:
            raise LineLost(f"{self._name}: not open")
        return self._device


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return type(error).__name__ if number is None else f"{type(error).__name__} {number}"
