"""The Thai identity card (บัตรประจำตัวประชาชน), read without any key, after public sources.

Contact card, T=0: one application, one space of bytes read at fixed places, text in TIS-620 with ``#`` between its
parts. Years count from 543 BC. What is read is not signed: assurance ``unsigned``. Not verified on hardware.
"""

from __future__ import annotations

import re
from datetime import date

from devices.card.api import Assurance, CardTrouble, Check
from devices.card.profile import ProfileRead, Wish
from devices.card.slot import CardDamaged, CardProtected, Channel, SamLink
from devices.card.text import day, jpeg_in, printable

APPLICATION = bytes.fromhex("A000000054480001")

_OK = 0x9000
_SECURITY = (0x6982, 0x6985)
_BUDDHIST_ERA = 543
_NEVER = "99999999"
# Field: place and size in bytes.
_PLACES = {
    "id_number": (0x0004, 0x0D),
    "name": (0x0011, 0x64),
    "english_name": (0x0075, 0x64),
    "birth_date": (0x00D9, 0x08),
    "sex": (0x00E1, 0x01),
    "issuer": (0x00F6, 0x64),
    "issued": (0x0167, 0x08),
    "expires": (0x016F, 0x08),
    "address": (0x1579, 0x64),
}
_PHOTO_AT, _PHOTO_PIECE, _PHOTO_PIECES = 0x017B, 0xFF, 20
_SEXES = {"1": "male", "2": "female"}
_NUMBER = re.compile(r"[0-9]{13}")


class ThaiIdentityCard:
    """The profile; stateless. Only the places of fields that are asked for are read, and the two that decide whether
    the card is any good."""

    name = "thai-identity-card"

    def read(self, card: Channel | SamLink, wish: Wish) -> ProfileRead | CardTrouble:
        if isinstance(card, SamLink):
            return CardTrouble.UNKNOWN
        # Any refusal is another kind of card: some answer 6982 to applications they do not have.
        _, status = card.transmit(bytes((0x00, 0xA4, 0x04, 0x00, len(APPLICATION))) + APPLICATION)
        if status != _OK:
            return CardTrouble.UNKNOWN
        wanted = [key for key in _PLACES if key in wish.fields | {"id_number", "expires"}]
        found = {key: value for key in wanted if (value := _value(key, _read(card, *_PLACES[key])))}
        if found.get("expires", str(wish.today)) < str(wish.today):
            return CardTrouble.EXPIRED
        found["issuing_state"] = "THA"
        return ProfileRead(
            assurance=Assurance.UNSIGNED,
            fields={key: value for key, value in found.items() if key in wish.fields},
            checks=(Check("id-number-checksum", has_valid_check_digit(found.get("id_number", ""))),),
            photo=_photo(card) if "photo" in wish.fields else None,
        )


def has_valid_check_digit(number: str) -> bool:
    """Whether digit 13 is right: 11 minus the weighted sum (13 down to 2) modulo 11, its last digit."""
    if not _NUMBER.fullmatch(number):
        return False
    total = sum(int(digit) * (13 - place) for place, digit in enumerate(number[:12]))
    return (11 - total % 11) % 10 == int(number[12])


def _read(card: Channel, at: int, size: int) -> bytes:
    data, status = card.transmit(bytes((0x80, 0xB0, at >> 8, at & 0xFF, 0x02, 0x00, size)))
    if status in _SECURITY:
        raise CardProtected(f"place {at:04X}")
    if status != _OK or len(data) != size:
        raise CardDamaged(f"place {at:04X}: status {status:04X}, {len(data)} bytes")
    return data


def _value(key: str, raw: bytes) -> str | None:
    try:
        text = printable(raw.rstrip(b"\x00 ").decode("tis-620"))
    except UnicodeDecodeError:
        raise CardDamaged("no TIS-620") from None
    match key:
        case "id_number" if not _NUMBER.fullmatch(text):
            raise CardDamaged("no number")
        case "sex":
            return _SEXES.get(text)
        case "birth_date" | "issued" | "expires":
            found = _day(text)
            return str(found) if found else None
        case "name" | "english_name":
            return _joined(text.split("#")[1:])  # the first part is the title
        case _:
            return _joined(text.split("#"))


def _joined(parts: list[str]) -> str:
    return " ".join(part.strip() for part in parts if part.strip())


def _day(text: str) -> date | None:
    """``YYYYMMDD`` of the Buddhist era; without month or day where nobody knows them, which gives no field."""
    if text in ("", _NEVER) or text[4:6] == "00" or text[6:] == "00":
        return None
    if len(text) != 8 or not text.isdecimal():
        raise CardDamaged("no date")
    return day(str(int(text[:4]) - _BUDDHIST_ERA), text[4:6], text[6:])


def _photo(card: Channel) -> bytes | None:
    pieces = (_read(card, _PHOTO_AT + piece * _PHOTO_PIECE, _PHOTO_PIECE) for piece in range(_PHOTO_PIECES))
    return jpeg_in(b"".join(pieces))
