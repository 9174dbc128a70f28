"""The social security card (社会保障卡), contact and contactless, with plain ISO 7816-4 commands.

Only the files that are free to read are read: EF05 (card) and EF06 (person). No PIN, no key is ever sent; where the
card asks for one (6982, 6985) the read ends. What is read is not signed: assurance ``unsigned``.
Layout after the ministry's card specification as found in public sources; versions "2.00" and "3.00" order the records
differently, so fields are found by tag. Not verified on hardware (QUALITY.toml).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from devices.card.api import Assurance, CardTrouble, Check
from devices.card.id_number import birth_date_in, has_valid_checksum, sex_in
from devices.card.profile import ProfileRead, Wish
from devices.card.slot import CardDamaged, CardProtected, Channel, SamLink
from devices.card.text import day, printable
from devices.card.tlv import parse_simple_tlv

# "sx1.sh." + 社会保障 in GBK: the DDF name of the social security application.
APPLICATION = bytes.fromhex("7378312E73682EC9E7BBE1B1A3D5CF")
CARD_FILE, PERSON_FILE = 0x05, 0x06  # short file identifiers
# Version 3.00 has 7 records in each file; a card with more than this is not one.
_MOST_RECORDS = 32

_OK = 0x9000
_NO_RECORD = 0x6A83
_SECURITY = (0x6982, 0x6985)  # ISO 7816-4:2020 table 6: security status not satisfied, conditions of use not satisfied

EXPIRES, CARD_NUMBER, ISSUER = 0x06, 0x07, 0x04
ID_NUMBER, NAME, NAME_EXTENSION, SEX, ETHNIC_GROUP, BIRTH_DATE = 0x08, 0x09, 0x4E, 0x0A, 0x0B, 0x0D

_SEXES = {1: "male", 2: "female"}  # GB/T 2261.1; 0 unknown and 9 unspecified give no field


class SocialSecurityCard:
    """The profile; stateless."""

    name = "social-security-card"

    def read(self, card: Channel | SamLink, wish: Wish) -> ProfileRead | CardTrouble:
        if isinstance(card, SamLink):
            return CardTrouble.UNKNOWN
        _, status = card.transmit(bytes((0x00, 0xA4, 0x04, 0x00, len(APPLICATION))) + APPLICATION)
        if status in _SECURITY:
            return CardTrouble.PROTECTED
        if status != _OK:
            return CardTrouble.UNKNOWN
        about = _read_file(card, CARD_FILE)
        person = _read_file(card, PERSON_FILE)

        expires = _date(about[EXPIRES]) if EXPIRES in about else None
        if expires is not None and expires < wish.today:
            return CardTrouble.EXPIRED
        if ID_NUMBER not in person or NAME not in person:
            raise CardDamaged("no name or number in the person file")
        id_number = _letters(person[ID_NUMBER], longest=18).upper()
        birth = _date(person[BIRTH_DATE]) if BIRTH_DATE in person else None
        sex = _SEXES.get(_digit(person[SEX])) if SEX in person else None
        found = {
            "name": _name(person[NAME], person.get(NAME_EXTENSION, b"")),
            "id_number": id_number,
            "sex": sex,
            "birth_date": birth.isoformat() if birth else None,
            "expires": expires.isoformat() if expires else None,
            "ethnic_group": _two_digits(person[ETHNIC_GROUP]) if ETHNIC_GROUP in person else None,
            "card_number": _letters(about[CARD_NUMBER], longest=32) if CARD_NUMBER in about else None,
            "issuer": _digits(about[ISSUER], longest=12) if ISSUER in about else None,
        }
        return ProfileRead(
            assurance=Assurance.UNSIGNED,
            fields={key: value for key, value in found.items() if value is not None and key in wish.fields},
            checks=_checks(id_number, sex, birth),
        )


def _checks(id_number: str, sex: str | None, birth: date | None) -> tuple[Check, ...]:
    checks = [Check("id-number-checksum", has_valid_checksum(id_number))]
    if sex is not None:
        checks.append(Check("sex-matches-id-number", sex == sex_in(id_number)))
    if birth is not None:
        checks.append(Check("birth-date-matches-id-number", birth == birth_date_in(id_number)))
    return tuple(checks)


def _read_file(channel: Channel, file: int) -> Mapping[int, bytes]:
    """All values of one record file by tag. A tag found twice with different values is damage, not a choice."""
    values: dict[int, bytes] = {}
    for record in range(1, _MOST_RECORDS + 1):
        data, status = channel.transmit(bytes((0x00, 0xB2, record, file << 3 | 4, 0x00)))
        if status == _NO_RECORD and record > 1:
            return values
        if status in _SECURITY:
            raise CardProtected(f"file {file:02X}")
        if status != _OK:
            raise CardDamaged(f"file {file:02X} record {record}: status {status:04X}")
        for tag, value in parse_simple_tlv(data):
            if values.setdefault(tag, value) != value:
                raise CardDamaged(f"tag {tag:02X} twice")
    raise CardDamaged(f"file {file:02X} has no end")


def _date(raw: bytes) -> date | None:
    """Four BCD bytes YYYYMMDD; all 0 or all F mean "none given"."""
    if raw in (b"\x00" * 4, b"\xff" * 4):
        return None
    text = _digits(raw, longest=4)
    return day(text[:4], text[4:6], text[6:])


def _digits(raw: bytes, *, longest: int) -> str:
    """BCD as a string of digits, without the F nibbles that fill up."""
    text = raw.hex().rstrip("f")
    if not 1 <= len(raw) <= longest or not text.isdecimal():
        raise CardDamaged("no digits")
    return text


def _digit(raw: bytes) -> int:
    """One digit, as ASCII or as a number: sources differ on how tag 0A codes it."""
    value = raw[0] - 0x30 if len(raw) == 1 and raw[0] >= 0x30 else int.from_bytes(raw, "big")
    if len(raw) != 1 or not 0 <= value <= 9:
        raise CardDamaged("no code digit")
    return value


def _two_digits(raw: bytes) -> str:
    """Two digits (GB/T 3304 code of an ethnic group), as one BCD byte or two ASCII ones."""
    text = raw.hex() if len(raw) == 1 else _letters(raw, longest=2)
    if len(text) != 2 or not text.isdecimal():
        raise CardDamaged("no two-digit code")
    return text


def _letters(raw: bytes, *, longest: int) -> str:
    """ASCII letters and digits, without fill."""
    text = raw.rstrip(b"\x00\x20\xff").decode("latin-1")
    if not (1 <= len(text) <= longest and text.isascii() and text.isalnum()):
        raise CardDamaged("no letters and digits")
    return text


def _name(base: bytes, extension: bytes) -> str:
    """The name from tag 09 (30 bytes), continued in tag 4E (20 bytes) where it is longer.

    Joined before decoding, as a character may sit astride the two. GB 18030 contains GBK and has the rare characters
    of names that GBK lacks.
    """
    if len(base) > 30 or len(extension) > 20:
        raise CardDamaged("name too long")
    rest = extension.rstrip(b"\x00\x20\xff")
    raw = base.rstrip(b"\x00\xff") + rest if rest else base
    try:
        # Two-character names are often spread with ideographic spaces.
        name = raw.rstrip(b"\x00\x20\xff").decode("gb18030").replace("\u3000", "").strip()
    except UnicodeDecodeError:
        raise CardDamaged("name is no GB 18030") from None
    if not name:
        raise CardDamaged("no name")
    return printable(name)
