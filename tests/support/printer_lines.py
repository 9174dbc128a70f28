"""Another way to the simulated printer than TCP or a pseudo-terminal: a USB device made of Python."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import usb.core

from devices.printer.sim import SimulatedPrinter


def connect(printer: SimulatedPrinter) -> socket.socket:
    parts = urlsplit(printer.uri)
    line = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


class UsbPrinter:
    """What pyusb gives for a printer, with *printer* behind its two bulk end points."""

    def __init__(self, printer: SimulatedPrinter) -> None:
        self._line = connect(printer)
        self.backend = self  # python-escpos looks which of pyusb's backends it is
        self.least_timeout_ms = 1 << 30
        self.takes_only: int | None = None
        self._unplugged = False
        self._sim = printer

    @property
    def _ctx(self) -> UsbPrinter:
        """Where pyusb keeps a device's resources."""
        return self

    def dispose(self, device: UsbPrinter, close_handle: bool = True) -> None:
        self.close()

    def set_configuration(self) -> None:
        """Opening the device: its answers of before are gone."""
        self._line.close()
        if self._unplugged:
            raise usb.core.USBError("No such device", errno=19)
        self._line = connect(self._sim)

    def reset(self) -> None:
        return

    def get_active_configuration(self) -> list[list[SimpleNamespace]]:
        return [
            [
                SimpleNamespace(bEndpointAddress=0x84, bmAttributes=2),
                SimpleNamespace(bEndpointAddress=3, bmAttributes=2),
            ]
        ]

    def write(self, point: int, data: bytes, timeout: int) -> int:
        assert point == 3
        self._note(timeout)
        taken = data[: self.takes_only]
        self._line.sendall(taken)
        return len(taken)

    def read(self, point: int, size: int, timeout: int) -> bytes:
        assert point == 0x84
        self._note(timeout)
        self._line.settimeout(timeout / 1000)
        try:
            return self._line.recv(size)
        except TimeoutError:
            raise usb.core.USBTimeoutError("Operation timed out") from None

    def unplug(self) -> None:
        self._unplugged = True

    def plug(self) -> None:
        self._unplugged = False

    def close(self) -> None:
        self._line.close()

    def _note(self, timeout: int) -> None:
        self.least_timeout_ms = min(self.least_timeout_ms, timeout)
        if self._unplugged:
            raise usb.core.USBError("No such device", errno=19)
