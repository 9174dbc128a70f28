"""The simulated printer's socket: a TCP port, or a serial port made of a pseudo-terminal behind a name that stays.

One end point at a time, as printers have it. None of this knows a command.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import tty
from pathlib import Path
from typing import Protocol


class Outlet(Protocol):
    """Where a printer's cable goes in."""

    @property
    def uri(self) -> str:
        """What :func:`devices.printer.escpos_driver.open_printer` takes."""
        ...

    def open(self) -> None:
        """Let a terminal connect: the power is on."""
        ...

    def watched(self) -> int | None:
        """The descriptor on which the next byte, or the next connection, comes; ``None`` while closed."""
        ...

    def read(self, most: int) -> bytes:
        """What came, at most so much; empty when that was a connection coming or going."""
        ...

    def say(self, answer: bytes) -> None:
        """Answer whoever is connected; nobody minds when nobody is."""
        ...

    def hang_up(self) -> None:
        """The cable is pulled out: who was connected notices."""
        ...

    def close(self) -> None:
        """Nothing can connect any more. Idempotent."""
        ...


class TcpOutlet:
    def __init__(self, port: int) -> None:
        self._port = port
        self._listener: socket.socket | None = None
        self._line: socket.socket | None = None
        self.open()

    @property
    def uri(self) -> str:
        return f"tcp://127.0.0.1:{self._port}"

    def open(self) -> None:
        if self._listener is not None:
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen(4)
        listener.setblocking(False)
        self._port = int(listener.getsockname()[1])
        self._listener = listener

    def watched(self) -> int | None:
        watched = self._line or self._listener
        return watched.fileno() if watched else None

    def read(self, most: int) -> bytes:
        if self._line is None:
            if self._listener is not None:
                with contextlib.suppress(BlockingIOError):
                    self._line, _ = self._listener.accept()
                    self._line.setblocking(False)
            return b""
        try:
            data = self._line.recv(most)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.hang_up()
        return data

    def say(self, answer: bytes) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):  # the other side is gone; reading will tell
                self._line.send(answer)

    def hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def close(self) -> None:
        self.hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None


class SerialOutlet:
    """A serial line stays when the printer loses its power: the terminal's end of it notices nothing."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kiosk-serial-")
        self._name = Path(self._folder.name) / "ttySLIP"
        self._ours = self._theirs = -1
        self._powered = False
        self.open()

    @property
    def uri(self) -> str:
        return f"serial:{self._name}?baud=115200"

    def open(self) -> None:
        self._powered = True
        if self._ours >= 0:
            return
        self._ours, self._theirs = os.openpty()  # ours keeps theirs open: a line without a listener is no error
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self._name.symlink_to(os.ttyname(self._theirs))

    def watched(self) -> int | None:
        return self._ours if self._ours >= 0 else None

    def read(self, most: int) -> bytes:
        try:
            data = os.read(self._ours, most)
        except BlockingIOError:
            return b""
        return data if self._powered else b""

    def say(self, answer: bytes) -> None:
        if self._powered and self._ours >= 0:
            with contextlib.suppress(BlockingIOError):
                os.write(self._ours, answer)

    def hang_up(self) -> None:
        if self._ours >= 0:
            self._name.unlink()
            os.close(self._ours)
            os.close(self._theirs)
            self._ours = self._theirs = -1

    def close(self) -> None:
        self._powered = False

    def remove(self) -> None:
        """For good."""
        self.hang_up()
        self._folder.cleanup()
