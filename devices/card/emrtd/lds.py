"""The logical data structure's files (ICAO 9303-10 clause 4): which are there, and what DG1 and DG11 say."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from devices.card.emrtd import ber
from devices.card.mrz_zone import Mrz, MrzError, parse_mrz
from devices.card.slot import CardDamaged

COM, SECURITY_OBJECT, CARD_ACCESS, ATR_INFO = 0x011E, 0x011D, 0x011C, 0x2F01
DG1, DG2, DG11, DG14, DG15 = 1, 2, 11, 14, 15

# Data group numbers by the tag of their file (9303-10 table 38).
_GROUPS = {
    tag: group
    for group, tag in enumerate(
        (0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70), start=1
    )
}
_TAGS = {group: tag for tag, group in _GROUPS.items()}
_LONGEST_TEXT = 400  # characters; the longest address in the specification's examples has 60


def file_of(group: int) -> int:
    """The file identifier of a data group."""
    return 0x0100 + group


def content_of(group: int, raw: bytes) -> bytes:
    """What is inside the file of a data group. Raises :class:`~devices.card.slot.CardDamaged`."""
    return ber.only(raw, _TAGS[group])


def groups_in_com(raw: bytes) -> frozenset[int]:
    """The data groups that EF.COM lists; it is not signed."""
    listed = ber.by_tag(ber.only(raw, 0x60)).get(0x5C, b"")
    return frozenset(_GROUPS[tag] for tag in listed if tag in _GROUPS)


def read_dg1(raw: bytes) -> Mrz:
    """The machine readable zone on the chip."""
    zone = ber.by_tag(content_of(DG1, raw)).get(0x5F1F)
    if zone is None or not zone.isascii():
        raise CardDamaged("no zone in DG1")
    try:
        return parse_mrz(zone.decode("ascii"))
    except MrzError as error:
        raise CardDamaged(str(error)) from None


@dataclass(frozen=True, slots=True)
class Details:
    """DG11: what the zone has no room for; empty or ``None`` where the issuer left it out."""

    full_name: str = ""
    personal_number: str = ""
    birth_date: date | None = None
    birth_place: str = ""
    address: str = ""


def read_dg11(raw: bytes) -> Details:
    """Additional personal details (9303-10 clause 4.7.11)."""
    found = ber.by_tag(content_of(DG11, raw))
    return Details(
        full_name=_words(found.get(0x5F0E, b""), joined=" "),
        personal_number=_words(found.get(0x5F10, b""), joined=""),
        birth_date=_day(found.get(0x5F2B, b"")),
        birth_place=_words(found.get(0x5F11, b""), joined=", "),
        address=_words(found.get(0x5F42, b""), joined=", "),
    )


def _words(raw: bytes, *, joined: str) -> str:
    """UTF-8 with ``<`` between parts; Chinese parts stand side by side."""
    try:
        text = unicodedata.normalize("NFC", raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise CardDamaged("no UTF-8") from None
    if len(text) > _LONGEST_TEXT or any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise CardDamaged("no printable text")
    parts = [" ".join(part.split()) for part in text.split("<")]
    chinese = any(letter >= "\u2e80" for letter in text)
    return ("" if chinese else joined).join(part for part in parts if part)


def _day(raw: bytes) -> date | None:
    """CCYYMMDD, in eight digits or, older, in BCD; no day for unknown parts."""
    digits = raw.hex() if len(raw) == 4 else raw.decode("ascii", "replace")
    if len(digits) != 8 or not (digits.isascii() and digits.isdecimal()):
        return None
    try:
        return date.fromisoformat(digits)
    except ValueError:
        return None
