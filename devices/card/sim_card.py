"""A virtual social security card, at APDU level: what a plug in :mod:`devices.card.sim` lays on a reader.

It speaks T=0 as contact cards do (61xx, 6Cxx), so that the driver's channel meets those answers too. People on the
ready-made cards do not exist: their numbers pass the checksum, but area code 999999 is assigned to no place.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_APPLICATION = b"sx1.sh." + "社会保障".encode("gbk")
# T=0, 1 historical-byte string "SSC-SIM"; ISO 7816-3 clause 8.2.
_ATR = bytes((0x3B, 0x67, 0x00, 0x00)) + b"SSC-SIM"

_OK = b"\x90\x00"
_WRONG_LENGTH = b"\x67\x00"
_SECURITY = b"\x69\x82"
_NOT_ALLOWED = b"\x69\x86"
_NO_FILE = b"\x6a\x82"
_NO_RECORD = b"\x6a\x83"
_WRONG_P1P2 = b"\x6a\x86"
_NO_INSTRUCTION = b"\x6d\x00"


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a card. ``pulled_after`` takes it off the reader instead of its next answer, once; ``worn`` is
    a bad contact: the first time it has power, an answer arrives torn."""

    mute: bool = False
    damaged: bool = False
    worn: bool = False
    protected: bool = False
    foreign: bool = False
    pulled_after: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """What is written on a card. ``ethnic_group`` is a GB/T 3304 code, ``name`` at most 50 bytes of GBK."""

    name: str
    id_number: str
    female: bool
    birth: date
    expires: date
    ethnic_group: str = "01"
    card_number: str = "A12345678"
    issuer: str = "999999000000000000000001"
    issued: date = date(2019, 6, 3)


class VirtualCard:
    """One card. Its answers depend on what it was asked before, as on any card; a power cycle forgets that."""

    def __init__(self, *, person: Person, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()
        self._files = _files(person, damaged=self._faults.damaged)
        self._lock = threading.Lock()
        self._left = self._faults.pulled_after
        self._worn = self._faults.worn
        self._powered = False
        self._selected = False
        self._pending = b""

    def answer_to_reset(self) -> bytes:
        """The ATR, 2 to 33 bytes; empty from a mute card."""
        return b"" if self._faults.mute else _ATR

    def power(self, on: bool) -> None:
        """Power up (or reset), or power down."""
        with self._lock:
            self._powered = on
            self._selected = False
            self._pending = b""

    def respond(self, command: bytes) -> bytes | None:
        """The response to one command APDU: empty without power, ``None`` when the card is pulled at this moment."""
        with self._lock:
            if not self._powered:
                return b""
            if self._left is not None:
                if self._left <= 0:
                    self._left = None
                    return None
                self._left -= 1
            answer = self._answer(command)
            if self._worn and command[1:2] == b"\xb2":
                self._worn = False
                return answer[:1]
            return answer

    def _answer(self, command: bytes) -> bytes:
        if len(command) < 4:
            return _WRONG_LENGTH
        pending, self._pending = self._pending, b""
        p1, p2 = command[2], command[3]
        match command[1]:
            case _ if command[0] != 0x00:
                return b"\x6e\x00"
            case 0xA4:  # SELECT
                return self._select(p1, command[5 : 5 + command[4]] if len(command) > 5 else b"")
            case 0xC0:  # GET RESPONSE
                return pending + _OK if pending else b"\x69\x85"
            case 0xB2 if p2 & 0x07 != 0x04:
                return _WRONG_P1P2
            case 0xB2:  # READ RECORD
                return self._read_record(p1, p2 >> 3, command[4] if len(command) == 5 else 0)
            case _:
                return _NO_INSTRUCTION

    def _select(self, p1: int, name: bytes) -> bytes:
        if p1 != 0x04 or name != _APPLICATION or self._faults.foreign:
            return _NO_FILE
        self._selected = True
        # FCI template with the DF name, ISO 7816-4:2020 table 12.
        self._pending = _tlv(0x6F, _tlv(0x84, _APPLICATION))
        return bytes((0x61, len(self._pending)))

    def _read_record(self, number: int, file: int, le: int) -> bytes:
        if not self._selected:
            return _NOT_ALLOWED
        records = self._files.get(file)
        if records is None:
            return _NO_FILE
        if self._faults.protected and file == 0x06:
            return _SECURITY
        if not 1 <= number <= len(records):
            return _NO_RECORD
        record = records[number - 1]
        return record + _OK if le == len(record) else bytes((0x6C, len(record)))


def _files(person: Person, *, damaged: bool) -> Mapping[int, tuple[bytes, ...]]:
    name = person.name.encode("gbk")
    if len(name) > 50:
        raise ValueError("a card has room for 50 bytes of name")
    card = (
        _tlv(0x01, bytes.fromhex("99999900000000000000000000000001")),
        _tlv(0x02, b"\x01"),
        _tlv(0x03, b"3.00"),
        _tlv(0x04, bytes.fromhex(person.issuer)),
        _tlv(0x05, _bcd(person.issued)),
        _tlv(0x06, _bcd(person.expires)),
        _tlv(0x07, person.card_number.encode("ascii")),
    )
    holder = [
        _tlv(0x08, person.id_number.encode("ascii")),
        _tlv(0x09, name[:30].ljust(30, b"\x00")),
        _tlv(0x0A, b"2" if person.female else b"1"),
        _tlv(0x0B, bytes.fromhex(person.ethnic_group)),
        _tlv(0x0C, bytes.fromhex("999999")),
        _tlv(0x0D, _bcd(person.birth)),
    ]
    if len(name) > 30:
        holder.insert(2, _tlv(0x4E, name[30:].ljust(20, b"\x00")))
    if damaged:
        holder[1] = bytes((0x09, 0xC8)) + name[:3]  # says 200 bytes, has three
    return {0x05: card, 0x06: tuple(holder)}


def _tlv(tag: int, value: bytes) -> bytes:
    return bytes((tag, len(value))) + value


def _bcd(day: date) -> bytes:
    return bytes.fromhex(day.strftime("%Y%m%d"))


def demo_cards() -> dict[str, VirtualCard]:
    """Fresh cards for the control panel and the tests: ``wang``, ``li``, ``abdu``, ``expired``, ``unreadable``."""
    return {key: VirtualCard(person=person, faults=_DEMO_FAULTS.get(key)) for key, person in DEMO_PEOPLE.items()}


_VALID = date(2039, 6, 2)
DEMO_PEOPLE: Mapping[str, Person] = {
    "wang": Person("王秀英", "999999196803120029", True, date(1968, 3, 12), _VALID, card_number="A10000011"),
    "li": Person("李建国", "999999198509170032", False, date(1985, 9, 17), _VALID, card_number="A10000022"),
    "abdu": Person(
        "阿卜杜热合曼·买买提吐尔逊江·艾力",
        "999999199011050054",
        False,
        date(1990, 11, 5),
        _VALID,
        ethnic_group="05",
        card_number="A10000033",
    ),
    "expired": Person(
        "赵桂兰",
        "999999195507230085",
        True,
        date(1955, 7, 23),
        date(2019, 12, 31),
        card_number="A10000044",
        issued=date(2010, 1, 4),
    ),
    "unreadable": Person("陈志强", "999999197702140092", False, date(1977, 2, 14), _VALID, card_number="A10000055"),
}
_DEMO_FAULTS: Mapping[str, Faults] = {"unreadable": Faults(damaged=True)}
