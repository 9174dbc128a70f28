"""A serial reader: 115200 baud, eight bits, no parity, one stop bit, no flow control. Only here is pyserial touched.

What pyserial would do by changing its time-out or flushing the line goes through the terminal's settings, and raises
``termios.error``, no ``OSError``, when the cable is pulled: so the time-out stays as it was, and noise is read away.
"""

from __future__ import annotations

import contextlib
import time

import serial

from devices.card.sam.line import LineLost

_WRITE_S = 1.0
_STEP_S = 0.02
_MOST = 4096


class SerialLine:
    """A :class:`~devices.card.sam.line.Line` over a serial port."""

    def __init__(self, *, path: str, baud: int) -> None:
        """``path`` as the system names the port; one of ``/dev/serial/by-id`` survives replugging."""
        self._path = path
        self._baud = baud
        self._port: serial.Serial | None = None

    def open(self) -> None:
        try:
            self._port = serial.Serial(self._path, self._baud, timeout=_STEP_S, write_timeout=_WRITE_S, exclusive=True)
        except (OSError, ValueError) as error:  # ValueError: a speed the port does not have
            raise LineLost(f"{self._path}: {_reason(error)}") from error

    def write(self, frame: bytes) -> None:
        port = self._held()
        try:
            port.read(min(port.in_waiting, _MOST))  # nothing was asked for: noise
            port.write(frame)
        except OSError as error:
            raise LineLost(f"{self._path}: {_reason(error)}") from error

    def read(self, timeout: float) -> bytes:
        port = self._held()
        end = time.monotonic() + timeout
        try:
            while not (first := port.read(1)):
                if time.monotonic() >= end:
                    return b""
            return first + port.read(min(port.in_waiting, _MOST))
        except OSError as error:
            raise LineLost(f"{self._path}: {_reason(error)}") from error

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()

    def _held(self) -> serial.Serial:
        if self._port is None:
            raise LineLost(f"{self._path}: not open")
        return self._port


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return type(error).__name__ if number is None else f"{type(error).__name__} {number}"
