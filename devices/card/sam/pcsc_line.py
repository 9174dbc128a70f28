"""A reader that hands its security module out over PC/SC: frames inside a pseudo command.

No maker's way of doing so is published. What is known: such readers exist (one maker's kit has a "CCID" class beside
serial and USB), and PC/SC readers take commands of class FF for themselves, not for a card (PC/SC part 3 clause 3.2).
So a frame travels as data of one such command, whose four header bytes are configured, and the answer comes back in
pieces, as any long answer does (61xx). Not verified on hardware; a reader that wants more than a header is not served.
"""

from __future__ import annotations

import time

from devices.card.pcsc import PcscSlot
from devices.card.sam.line import LineLost
from devices.card.slot import CardError, Channel, Link, Presence, SlotLost

_OK = 0x9000


class PcscLine:
    """A :class:`~devices.card.sam.line.Line` over pseudo commands to a PC/SC reader."""

    def __init__(self, *, reader_name: str, header: bytes) -> None:
        """``header`` is CLA INS P1 P2 of the command that carries a frame."""
        self._slot = PcscSlot(names=(reader_name,))
        self._name = f"PC/SC {reader_name}"
        self._header = header
        self._channel: Channel | None = None
        self._link: Link | None = None
        self._answer = b""

    def open(self) -> None:
        try:
            view = self._slot.look(None, 0)
            if view.presence is not Presence.CARD:
                raise LineLost(f"{self._name}: {view.presence.name.lower()}")
            self._link = self._slot.connect(view)
        except (CardError, SlotLost) as error:
            raise LineLost(f"{self._name}: {error}") from error

    def write(self, frame: bytes) -> None:
        if self._link is None:
            raise LineLost(f"{self._name}: not open")
        channel = Channel(link=self._link, give_up=lambda: False)
        try:
            self._answer, status = channel.transmit(self._header + bytes((len(frame),)) + frame)
        except (CardError, SlotLost) as error:
            raise LineLost(f"{self._name}: {error}") from error
        if status != _OK:
            raise LineLost(f"{self._name}: refused with {status:04X}")

    def read(self, timeout: float) -> bytes:
        answer, self._answer = self._answer, b""
        if not answer:
            time.sleep(timeout)  # a PC/SC command returns with its whole answer: no more will come
        return answer

    def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()
        self._slot.close()
