"""What carries frames to a reader and back. Four kinds: serial, USB bulk, HID, and PC/SC where a reader offers it."""

from __future__ import annotations

from typing import Protocol


class LineLost(Exception):
    """The reader cannot be reached: not plugged in, held by another program, silent, or broken. Its text is for the
    technician and carries nothing that a card said."""


class Line(Protocol):
    """Bytes to and from one reader. Belongs to one thread. Every method but ``close`` raises :class:`LineLost`."""

    def open(self) -> None:
        """Take hold of the device, for this process alone where the system allows that."""
        ...

    def write(self, frame: bytes) -> None:
        """Send one whole frame."""
        ...

    def read(self, timeout: float) -> bytes:
        """What has come in, at least one byte; empty when nothing came within ``timeout`` seconds."""
        ...

    def close(self) -> None:
        """Let go of the device. Idempotent; never raises."""
        ...
