"""MyKad, the Malaysian identity card, read without any key, after public sources.

Contact card, T=0. Its registration department's application (JPN) numbers its files and wants three commands for each
piece: how long, from where, give. Numbers in them are little-endian, and success has other status words than usual
(91xx, 94xx). Race and religion are on the card and are never read. What is read is not signed: assurance ``unsigned``.
The card does not expire. Not verified on hardware.
"""

from __future__ import annotations

import re

from devices.card.api import Assurance, CardTrouble, Check
from devices.card.profile import ProfileRead, Wish
from devices.card.slot import CardDamaged, CardProtected, Channel, SamLink
from devices.card.text import day, jpeg_in, printable

APPLICATION = bytes.fromhex("A0000000744A504E0010")

_OK = 0x9000
_DONE = (0x90, 0x91, 0x94)
_SECURITY = (0x6982, 0x6985)
_PIECE = 0xF0  # published as safe with every reader
_PERSON, _PHOTO, _ADDRESS = 1, 2, 4  # files
# From the original name to the nationality, the last before race and religion: place in the file, size.
_PERSON_AT, _PERSON_SIZE = 0x0003, 0x0157
_NAME, _NUMBER, _SEX, _BIRTH = (0x0003, 0x96), (0x0111, 0x0D), (0x011E, 0x01), (0x0127, 0x04)
_BIRTH_PLACE, _NATIONALITY = (0x012B, 0x19), (0x0148, 0x12)
_PHOTO_AT, _PHOTO_SIZE = 0x0003, 0x0FA0
_ADDRESS_AT, _ADDRESS_SIZE = 0x0003, 0x0094
_LINES, _POSTCODE = ((0x0003, 0x1E), (0x0021, 0x1E), (0x003F, 0x1E)), (0x005D, 0x03)
_CITY, _STATE = (0x0060, 0x19), (0x0079, 0x1E)
_SEXES = {"L": "male", "P": "female"}  # lelaki, perempuan
_CITIZEN = "WARGANEGARA"
_NUMBER_SHAPE = re.compile(r"[0-9]{12}")


class MyKad:
    """The profile; stateless."""

    name = "mykad"

    def read(self, card: Channel | SamLink, wish: Wish) -> ProfileRead | CardTrouble:
        if isinstance(card, SamLink):
            return CardTrouble.UNKNOWN
        # Any refusal is another kind of card: some answer 6982 to applications they do not have.
        _, status = card.transmit(bytes((0x00, 0xA4, 0x04, 0x00, len(APPLICATION))) + APPLICATION)
        if status != _OK:
            return CardTrouble.UNKNOWN
        found = _person(_read(card, _PERSON, _PERSON_AT, _PERSON_SIZE))
        if "address" in wish.fields:
            found["address"] = _address(_read(card, _ADDRESS, _ADDRESS_AT, _ADDRESS_SIZE))
        photo = jpeg_in(_read(card, _PHOTO, _PHOTO_AT, _PHOTO_SIZE)) if "photo" in wish.fields else None
        return ProfileRead(
            assurance=Assurance.UNSIGNED,
            fields={key: value for key, value in found.items() if value and key in wish.fields},
            checks=_checks(found),
            photo=photo,
        )


def _person(raw: bytes) -> dict[str, str]:
    number = _text(raw, _PERSON_AT, _NUMBER)
    if not _NUMBER_SHAPE.fullmatch(number):
        raise CardDamaged("no number")
    name = _text(raw, _PERSON_AT, _NAME)
    if not name:
        raise CardDamaged("no name")
    born = _digits(raw, _PERSON_AT, _BIRTH)
    return {
        "name": name,
        "id_number": number,
        "sex": _SEXES.get(_text(raw, _PERSON_AT, _SEX), ""),
        "birth_date": str(day(born[:4], born[4:6], born[6:])),
        "birth_place": _text(raw, _PERSON_AT, _BIRTH_PLACE),
        "nationality": "MYS" if _text(raw, _PERSON_AT, _NATIONALITY) == _CITIZEN else "",
        "issuing_state": "MYS",
    }


def _address(raw: bytes) -> str:
    town = f"{_digits(raw, _ADDRESS_AT, _POSTCODE)[:5]} {_text(raw, _ADDRESS_AT, _CITY)}"
    lines = [_text(raw, _ADDRESS_AT, line) for line in _LINES]
    return ", ".join(line for line in (*lines, town, _text(raw, _ADDRESS_AT, _STATE)) if line)


def _checks(found: dict[str, str]) -> tuple[Check, ...]:
    """The number begins with the day of birth; its last digit is odd for men."""
    number, born = found["id_number"], found["birth_date"].replace("-", "")
    checks = [Check("birth-date-matches-id-number", number[:6] == born[2:])]
    if found["sex"]:
        checks.append(Check("sex-matches-id-number", (found["sex"] == "male") == (int(number[-1]) % 2 == 1)))
    return tuple(checks)


def _read(card: Channel, file: int, at: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        length = min(_PIECE, size - len(data))
        where = _two(file) + _two(1) + _two(at + len(data)) + _two(length)
        _ask(card, bytes.fromhex("C832000005080000") + _two(length))
        _ask(card, bytes.fromhex("CC00000008") + where)
        piece = _ask(card, bytes.fromhex("CC060000") + bytes((length,)))
        if len(piece) != length:
            raise CardDamaged(f"file {file}: {len(piece)} bytes of {length}")
        data += piece
    return data


def _ask(card: Channel, command: bytes) -> bytes:
    data, status = card.transmit(command)
    if status in _SECURITY:
        raise CardProtected(f"status {status:04X}")
    if status >> 8 not in _DONE:
        raise CardDamaged(f"status {status:04X}")
    return data


def _two(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _text(raw: bytes, base: int, place: tuple[int, int]) -> str:
    at, size = place
    try:
        text = raw[at - base : at - base + size].rstrip(b"\x00 ").decode("ascii")
    except UnicodeDecodeError:
        raise CardDamaged("no ASCII") from None
    return " ".join(printable(text).split())


def _digits(raw: bytes, base: int, place: tuple[int, int]) -> str:
    """BCD, as a string of digits."""
    at, size = place
    text = raw[at - base : at - base + size].hex()
    if not text.isdecimal():
        raise CardDamaged("no digits")
    return text
