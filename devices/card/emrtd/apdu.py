"""Command APDUs as their parts (ISO 7816-4 clause 5.1): secure messaging protects the parts, not the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from devices.card.slot import Channel


@dataclass(frozen=True, slots=True)
class Command:
    """``p`` is P1 and P2 as one number; ``le`` the bytes expected: 0 none, 256 or 65,536 all there are."""

    ins: int
    p: int
    data: bytes = b""
    le: int = 0
    cla: int = 0x00

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins)) + self.p.to_bytes(2, "big")

    @property
    def is_extended(self) -> bool:
        """Whether it needs lengths of two bytes (ISO 7816-3 clause 12.1.3)."""
        return len(self.data) > 255 or self.le > 256

    def encode(self) -> bytes:
        """The bytes to send."""
        if not self.is_extended:
            lc = bytes((len(self.data),)) if self.data else b""
            return self.header + lc + self.data + (bytes((self.le & 0xFF,)) if self.le else b"")
        lc = len(self.data).to_bytes(2, "big") if self.data else b""
        return self.header + b"\x00" + lc + self.data + ((self.le & 0xFFFF).to_bytes(2, "big") if self.le else b"")


class Talk(Protocol):
    """A conversation with the chip, open or secret."""

    @property
    def most_data(self) -> int:
        """How many bytes a READ BINARY may ask for."""
        ...

    def send(self, command: Command) -> tuple[bytes, int]:
        """Data and status word. Raises the errors of :mod:`devices.card.slot`."""
        ...


class PlainTalk:
    """Before any key is agreed on."""

    most_data = 256

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def send(self, command: Command) -> tuple[bytes, int]:
        """See :class:`Talk`."""
        return self._channel.transmit(command.encode())
