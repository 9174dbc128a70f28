"""Other ways to the simulated printer than TCP: a pseudo-terminal as serial line, and a USB device made of Python."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import tty
from collections.abc import Generator
from types import SimpleNamespace
from urllib.parse import urlsplit

import usb.core

from devices.printer.sim import SimulatedPrinter


def connect(printer: SimulatedPrinter) -> socket.socket:
    parts = urlsplit(printer.uri)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


@contextlib.contextmanager
def serial_line(printer: SimulatedPrinter) -> Generator[str]:
    """The path of a serial port whose other end is *printer*."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    line = connect(printer)
    stop, stopped = os.pipe()

    def carry() -> None:
        while True:
            ready, _, _ = select.select([ours, line, stop], [], [])
            if stop in ready:
                return
            if ours in ready:
                line.sendall(os.read(ours, 4096))
            if line in ready:
                os.write(ours, line.recv(4096))

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.write(stopped, b"!")
        thread.join(5)
        line.close()
        for number in (ours, theirs, stop, stopped):
            os.close(number)


class UsbPrinter:
    """What pyusb gives for a printer, with *printer* behind its two bulk end points."""

    def __init__(self, printer: SimulatedPrinter) -> None:
        self._line = connect(printer)
        self.backend = self  # python-escpos looks which of pyusb's backends it is
        self.least_timeout_ms = 1 << 30
        self.takes_only: int | None = None
        self.unplugged = False

    def set_configuration(self) -> None:
        return

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

    def close(self) -> None:
        self._line.close()

    def _note(self, timeout: int) -> None:
        self.least_timeout_ms = min(self.least_timeout_ms, timeout)
        if self.unplugged:
            raise usb.core.USBError("No such device", errno=19)
