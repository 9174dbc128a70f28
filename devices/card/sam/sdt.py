"""The frames that a reader with a security module (SAM_V) speaks, as bytes only: no port is opened here.

One command, one answer, no sequence numbers (vendors' "SDT" interface, after the ministry's GA 450 readers; layout and
examples as published by several makers)::

    AA AA AA 96 69 | length, two bytes, big-endian | body | XOR of length and body

A command's body is two bytes. An answer's is SW1 SW2 (what the card said to the module), SW3 (what the module says) and
data. The length counts the body and the check byte. Lines of a hall are noisy: the parser finds the next whole frame
with a right check byte, whatever comes before it, and never keeps more than one frame's length.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_PREAMBLE = bytes.fromhex("AAAAAA9669")
_LENGTH = 2
# SW1, SW2, SW3 and the check byte; and the longest answer that is asked for: text 256 and photo 1,024 bytes with their
# two lengths. (Fingerprints would make it longer; they are never read.)
_SHORTEST, LONGEST = 4, 0x0508


class Command(Enum):
    """What is asked of the module. 3010, reading with fingerprints, is left out on purpose."""

    SAM_ID = bytes.fromhex("12FF")
    FIND = bytes.fromhex("2001")
    SELECT = bytes.fromhex("2002")
    READ = bytes.fromhex("3001")  # text and photo
    READ_ADDRESS = bytes.fromhex("3003")  # an address added after the card was made; answered only while it lies there


# SW3, the module's own word on how a command ended.
OK = 0x90
FOUND = 0x9F
BAD_CHECKSUM, BAD_LENGTH, BAD_COMMAND, UNINTELLIGIBLE = 0x10, 0x11, 0x21, 0x24  # the command came to it damaged
CARD_DISTRUSTS, CARD_DISTRUSTED, NOT_VERIFIED = 0x31, 0x32, 0x33  # authentication, either way round; of the data
WRONG_CARD = 0x40
READ_FAILED, NO_RANDOM = 0x41, 0x47
SELF_TEST_FAILED, NOT_AUTHORISED = 0x60, 0x66
NO_CARD = 0x80
SELECT_FAILED = 0x81
NO_SUCH_ITEM = 0x91


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: ``card`` is SW1 SW2, ``module`` is SW3, ``data`` 0 to 1,284 bytes."""

    card: int
    module: int
    data: bytes


def command_frame(command: Command) -> bytes:
    """The bytes to send."""
    return _framed(command.value)


def _framed(body: bytes) -> bytes:
    counted = (len(body) + 1).to_bytes(_LENGTH, "big") + body
    return _PREAMBLE + counted + bytes((_check(counted),))


def _check(counted: bytes) -> int:
    check = 0
    for byte in counted:
        check ^= byte
    return check


class AnswerParser:
    """Bytes in, as they come; whole answers out. Made anew for every command, as answers carry no number."""

    def __init__(self) -> None:
        self._pending = b""
        self._damaged = False

    @property
    def begun(self) -> bool:
        """Whether a frame has begun that still lacks bytes."""
        return self._pending.startswith(_PREAMBLE)

    @property
    def damaged(self) -> bool:
        """Whether something that began like a frame was none, and nothing that began like one is still coming in."""
        return self._damaged and not self.begun

    def feed(self, data: bytes) -> Answer | None:
        """The first whole answer, if it has come; what follows it waits for the next call."""
        self._pending += data
        begun: int | None = None  # where the first frame that still lacks bytes starts
        at = self._pending.find(_PREAMBLE)
        while at >= 0:
            start = at + len(_PREAMBLE)
            counted = int.from_bytes(self._pending[start : start + _LENGTH], "big")
            end = start + _LENGTH + counted
            if len(self._pending) < start + _LENGTH or (_SHORTEST <= counted <= LONGEST and len(self._pending) < end):
                begun = at if begun is None else begun
            elif _SHORTEST <= counted <= LONGEST and _check(self._pending[start:end]) == 0:
                body = self._pending[start + _LENGTH : end - 1]
                self._pending = self._pending[end:]
                return Answer(int.from_bytes(body[:2], "big"), body[2], body[3:])
            else:
                self._damaged = True
            at = self._pending.find(_PREAMBLE, at + 1)
        # Without a beginning, only a torn preamble at the end can still become one.
        self._pending = self._pending[begun:] if begun is not None else self._pending[1 - len(_PREAMBLE) :]
        return None
