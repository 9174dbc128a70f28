"""Virtual Thai, MyKad and Belgian cards, at APDU level: each answers as published programs for such cards expect it.

All speak T=0, as contact cards do. People on the ready-made cards do not exist: their numbers pass their checks, and
belong to nobody known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

_OK = b"\x90\x00"
_NO_FILE = b"\x6a\x82"
_NOT_ALLOWED = b"\x69\x86"
_WRONG_LENGTH = b"\x67\x00"
_NO_CLASS = b"\x6e\x00"
_NO_INSTRUCTION = b"\x6d\x00"
_BEYOND_END = b"\x6b\x00"

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 3 + b"\xff\xd9"


class _Waiting(bytes):
    """What GET RESPONSE will fetch; only ``61xx`` is said for now."""


class _Talk(Protocol):
    """What one kind of card answers; ``selected`` is the application or file, ``b""`` after a reset."""

    def answer(self, command: bytes, selected: bytes) -> tuple[bytes, bytes]: ...


class NationalCard:
    """One card. Its answers depend on what it was asked before; a power cycle forgets that. ``refuses`` answers every
    command after the first with that status; ``pulled_after`` takes it off the reader instead of its next answer."""

    def __init__(self, *, atr: bytes, talk: _Talk, refuses: bytes = b"", pulled_after: int | None = None) -> None:
        self._atr = atr
        self._talk = talk
        self._refuses = refuses
        self._left = pulled_after
        self._powered = False
        self._selected = b""
        self._pending = b""

    def answer_to_reset(self) -> bytes:
        """The ATR."""
        return self._atr

    def power(self, on: bool) -> None:
        """Power up (or reset), or power down."""
        self._powered, self._selected, self._pending = on, b"", b""

    def respond(self, command: bytes) -> bytes | None:
        """The response to one command APDU: empty without power, ``None`` when the card is pulled at this moment."""
        if not self._powered:
            return b""
        if self._left is not None:
            if self._left <= 0:
                self._left = None
                return None
            self._left -= 1
        if len(command) < 4:
            return _WRONG_LENGTH
        pending, self._pending = self._pending, b""
        if command[:4] == bytes.fromhex("00C00000"):  # GET RESPONSE, as published for these cards: class 00 only
            return pending[: command[4]] + _OK if pending else _NOT_ALLOWED
        if self._selected and self._refuses:
            return self._refuses
        said, self._selected = self._talk.answer(command, self._selected)
        if isinstance(said, _Waiting):
            self._pending = said
            return bytes((0x61, len(said) & 0xFF))
        return said


class ThaiTalk:
    """One space of bytes; ``80 B0 place 02 00 size``."""

    def __init__(self, parts: Mapping[int, bytes]) -> None:
        self._space = bytearray(b"\x20" * 0x1600)
        for at, part in parts.items():
            self._space[at : at + len(part)] = part

    def answer(self, command: bytes, selected: bytes) -> tuple[bytes, bytes]:
        """See :class:`NationalCard`."""
        application = bytes.fromhex("A000000054480001")
        if command[:5] == bytes.fromhex("00A4040008"):
            known = command[5:13] == application
            return (_Waiting(bytes.fromhex("6F0A8408") + application), application) if known else (_NO_FILE, selected)
        if command[0] != 0x80:
            return _NO_CLASS, selected
        if command[1] != 0xB0:
            return _NO_INSTRUCTION, selected
        if not selected or len(command) != 7 or command[4:6] != b"\x02\x00":
            return _NOT_ALLOWED if not selected else _WRONG_LENGTH, selected
        at = int.from_bytes(command[2:4], "big")
        return _Waiting(bytes(self._space[at : at + command[6]])), selected


class MyKadTalk:
    """Files by number, read in three commands with little-endian numbers and status words of their own."""

    def __init__(self, files: Mapping[int, bytes]) -> None:
        self._files = files
        self._length = 0
        self._from = (0, 0)

    def answer(self, command: bytes, selected: bytes) -> tuple[bytes, bytes]:
        """See :class:`NationalCard`."""
        application = bytes.fromhex("A0000000744A504E0010")
        if command[:5] == bytes.fromhex("00A404000A"):
            known = command[5:15] == application
            return (_Waiting(bytes.fromhex("6F03820138")), application) if known else (_NO_FILE, selected)
        if not selected:
            return _NO_FILE if command[0] == 0 else _NOT_ALLOWED, selected
        if command[:8] == bytes.fromhex("C832000005080000") and len(command) == 10:
            self._length = int.from_bytes(command[8:10], "little")
            return b"\x91\x08", selected
        if command[:5] == bytes.fromhex("CC00000008") and len(command) == 13 and command[7:9] == b"\x01\x00":
            file, at, length = (int.from_bytes(command[n : n + 2], "little") for n in (5, 9, 11))
            self._from = (file, at)
            fits = file in self._files and length == self._length and at + length <= len(self._files[file])
            return b"\x94\x00" if fits else _NO_FILE, selected
        if command[:4] == bytes.fromhex("CC060000") and len(command) == 5:
            file, at = self._from
            if command[4] != self._length:
                return bytes((0x6C, self._length & 0xFF)), selected
            return self._files[file][at : at + self._length] + b"\x94\x00", selected
        return _NO_INSTRUCTION, selected


class BelgianTalk:
    """Transparent files, selected by path."""

    def __init__(self, files: Mapping[bytes, bytes]) -> None:
        self._files = files

    def answer(self, command: bytes, selected: bytes) -> tuple[bytes, bytes]:
        """See :class:`NationalCard`."""
        if command[0] != 0x00:
            return _NO_CLASS, selected
        if command[:5] == bytes.fromhex("00A4080C06"):
            path = command[5:11]
            return (_OK, path) if path in self._files else (_NO_FILE, selected)
        if command[1] == 0xA4:
            return _NO_FILE, selected
        if command[1] != 0xB0 or len(command) != 5:
            return _NO_INSTRUCTION, selected
        if not selected:
            return _NOT_ALLOWED, selected
        left = self._files[selected][int.from_bytes(command[2:4], "big") :]
        wanted = command[4] or 256
        if not left:
            return _BEYOND_END, selected
        return (left[:wanted] + _OK if len(left) >= wanted else bytes((0x6C, len(left)))), selected


def thai_card(*, refuses: bytes = b"", pulled_after: int | None = None) -> NationalCard:
    """A Thai card: นาย สมมติ ตัวอย่าง, number 0-0000-00000-01-9, valid to 2031 (2574)."""
    parts = {
        0x0004: b"0000000000019",
        0x0011: "นาย#สมมติ##ตัวอย่าง".encode("tis-620"),
        0x0075: b"Mr.#Sommot##Tuayang",
        0x00D9: b"25280417",
        0x00E1: b"1",
        0x00F6: "ท้องถิ่นเขตสมมติ".encode("tis-620"),
        0x0167: b"25650407",
        0x016F: b"25740416",
        0x017B: JPEG,
        0x1579: "99/9#หมู่ที่ 9####ตำบลสมมติ#อำเภอสมมติ#จังหวัดสมมติ".encode("tis-620"),
    }
    atr = bytes.fromhex("3B791800005448204E49442031")  # historical bytes "TH NID 1"
    return NationalCard(atr=atr + b"3", talk=ThaiTalk(parts), refuses=refuses, pulled_after=pulled_after)


def mykad(*, refuses: bytes = b"", pulled_after: int | None = None) -> NationalCard:
    """A MyKad: CONTOH BINTI MISALAN, number 850417-99-0008, an address in two lines."""
    person, address = bytearray(b" " * 459), bytearray(b" " * 171)
    for at, part in {
        0x0003: b"CONTOH BINTI MISALAN",
        0x0111: b"850417990008",
        0x011E: b"P",
        0x0127: bytes.fromhex("19850417"),
        0x012B: b"NEGERI CONTOH",
        0x0144: bytes.fromhex("20150101"),
        0x0148: b"WARGANEGARA",
        0x015A: b"NEVER READ",
        0x0173: b"NEVER READ",
    }.items():
        person[at : at + len(part)] = part
    for at, part in {
        0x0003: b"NO 9 JALAN CONTOH 9/9",
        0x0021: b"TAMAN MISALAN",
        0x005D: bytes.fromhex("999990"),
        0x0060: b"BANDAR CONTOH",
        0x0079: b"NEGERI CONTOH",
    }.items():
        address[at : at + len(part)] = part
    photo = bytes(3) + JPEG.ljust(4008, b"\x00")
    talk = MyKadTalk({1: bytes(person), 2: photo, 4: bytes(address)})
    atr = bytes.fromhex("3B67000073200000000000")
    return NationalCard(atr=atr, talk=talk, refuses=refuses, pulled_after=pulled_after)


def belgian_card(*, refuses: bytes = b"", pulled_after: int | None = None) -> NationalCard:
    """A Belgian card: Jeanne Marie Voorbeeld, number 85.04.17-002.40, in French, valid to 2031."""
    identity = {
        0: b"\x01", 1: b"999000000123", 2: bytes.fromhex("00112233445566778899AABBCCDDEEFF"), 3: b"16.04.2021",
        4: b"16.04.2031", 5: b"Exempleville", 6: b"85041700240", 7: b"Voorbeeld", 8: b"Jeanne Marie", 9: b"A",
        10: b"Belge", 11: "Liège".encode(), 12: b"17 AVR  1985", 13: b"F", 14: b"", 15: b"\x01", 16: b"0",
        17: bytes(20),
    }  # fmt: skip
    address = {0: b"\x01", 1: b"Rue de l'Exemple 99", 2: b"9999", 3: b"Exempleville"}
    files = {bytes.fromhex("3F00DF014031"): _tlv(identity), bytes.fromhex("3F00DF014033"): _tlv(address)}
    files[bytes.fromhex("3F00DF014035")] = JPEG
    atr = bytes.fromhex("3B9813400AA503010101AD1311")
    return NationalCard(atr=atr, talk=BelgianTalk(files), refuses=refuses, pulled_after=pulled_after)


def _tlv(values: Mapping[int, bytes]) -> bytes:
    return b"".join(bytes((tag, len(value))) + value for tag, value in values.items())
