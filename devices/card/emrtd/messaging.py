"""Secure messaging: every command and answer enciphered and authenticated (ICAO 9303-11 clause 9.8).

One direction of doubt only: an answer whose code is wrong, that lacks one, or whose objects come otherwise than they
should ends the read with :class:`~devices.card.slot.CardDamaged`; nothing of it is used.
"""

from __future__ import annotations

import hmac

from devices.card.emrtd import ber
from devices.card.emrtd.apdu import Command
from devices.card.emrtd.ciphers import MAC_BYTES, Suite, pad, unpad
from devices.card.slot import CardDamaged, Channel

_PLAIN, _ENCIPHERED, _LE, _STATUS, _MAC = 0x85, 0x87, 0x97, 0x99, 0x8E
_INDICATOR = b"\x01"  # in front of what is enciphered: padded with ISO 9797-1 method 2
# Around the blocks of an answer: head of object 87 with its indicator (at most 5), status (4), code (10).
_OVERHEAD = 5 + 4 + 10


class SecureTalk:
    """A :class:`~devices.card.emrtd.apdu.Talk` in session keys."""

    def __init__(
        self, *, channel: Channel, suite: Suite, encryption: bytes, authentication: bytes, counter: int, longest: int
    ) -> None:
        """``counter`` is the send sequence counter before the first command; ``longest`` the longest answer that chip
        and reader can carry: 256, or more where the chip says that it takes extended lengths."""
        self.channel = channel
        self.longest = longest
        self._suite = suite
        self._encryption = encryption
        self._initial_values = suite.initial_values(encryption)
        self._mac = suite.mac(authentication)
        self._counter = counter

    @property
    def most_data(self) -> int:
        """See :class:`~devices.card.emrtd.apdu.Talk`."""
        return self._data_in(self.longest)

    def _data_in(self, answer: int) -> int:
        return (answer - _OVERHEAD) // self._suite.block * self._suite.block - 1

    def send(self, command: Command) -> tuple[bytes, int]:
        """See :class:`~devices.card.emrtd.apdu.Talk`. Commands have data or expect some: what a chip authenticates of
        one with neither is read in two ways, so none is ever sent."""
        protected = self._protect(command)
        le = 65536 if command.le > self._data_in(256) and self.longest > 256 else 256
        answer, status = self.channel.transmit(
            Command(command.ins, command.p, protected, le, cla=command.cla | 0x0C).encode()
        )
        if not answer and status != 0x9000:
            # The chip refused without a word of secure messaging: the status is unauthenticated, and only ever bad.
            self._counter += 1
            return b"", status
        return self._open(answer, status)

    def _protect(self, command: Command) -> bytes:
        odd = command.ins & 1  # object 85 carries no padding indicator (clause 9.8.4)
        self._counter += 1
        objects = b""
        if command.data:
            hidden = self._encrypt(command.data)
            objects = ber.tlv(_PLAIN, hidden) if odd else ber.tlv(_ENCIPHERED, _INDICATOR + hidden)
        if command.le:
            width = 2 if command.is_extended else 1
            objects += ber.tlv(_LE, (command.le % 256**width).to_bytes(width, "big"))
        header = pad(bytes((command.cla | 0x0C,)) + command.header[1:], self._suite.block)
        return objects + ber.tlv(_MAC, self._code(header + objects))

    def _open(self, answer: bytes, status: int) -> tuple[bytes, int]:
        self._counter += 1
        objects = ber.parse(answer)
        tags = [item.tag for item in objects]
        if tags not in ([_STATUS, _MAC], [_ENCIPHERED, _STATUS, _MAC], [_PLAIN, _STATUS, _MAC]):
            raise CardDamaged("not the objects of an answer")
        code = objects[-1].value
        covered = answer[: len(answer) - len(objects[-1].raw)]
        if len(code) != MAC_BYTES or not hmac.compare_digest(code, self._code(covered)):
            raise CardDamaged("wrong authentication code")
        if objects[-2].value != status.to_bytes(2, "big"):
            raise CardDamaged("another status inside than outside")
        if tags[0] == _STATUS:
            return b"", status
        hidden = objects[0].value
        if tags[0] == _ENCIPHERED:
            if hidden[:1] != _INDICATOR:
                raise CardDamaged("another padding")
            hidden = hidden[1:]
        if not hidden or len(hidden) % self._suite.block:
            raise CardDamaged("no whole blocks")
        return unpad(self._suite.decrypt(self._encryption, self._initial_value(), hidden)), status

    def _encrypt(self, data: bytes) -> bytes:
        return self._suite.encrypt(self._encryption, self._initial_value(), pad(data, self._suite.block))

    def _initial_value(self) -> bytes:
        return self._initial_values(self._counted())

    def _code(self, covered: bytes) -> bytes:
        padded = pad(covered, self._suite.block)
        return self._mac(self._counted() + padded)

    def _counted(self) -> bytes:
        block = self._suite.block
        return (self._counter % 256**block).to_bytes(block, "big")
