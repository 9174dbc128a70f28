"""The Belgian identity card (eID), read without any key, after its published file structure.

Contact card. Identity and address lie in files of tag (1 byte), length (1 byte; FF is followed by more) and value,
UTF-8. The identity file is signed by the National Register, but this profile does not check that: assurance
``unsigned``. Not verified on hardware.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from devices.card.api import Assurance, CardTrouble, Check
from devices.card.profile import ProfileRead, Wish
from devices.card.slot import CardDamaged, CardProtected, Channel, SamLink
from devices.card.text import day, jpeg_in, printable

IDENTITY, ADDRESS, PHOTO = (bytes.fromhex(f"3F00DF01{file}") for file in ("4031", "4033", "4035"))

_OK, _BEYOND_END = 0x9000, 0x6B00
_SECURITY = (0x6982, 0x6985)
_PIECE = 256
_MOST_TEXT, _MOST_PHOTO = 1024, 8192  # the files have about 180, 120 and 3,000 bytes
_CARD_NUMBER, _FROM, _TO, _MUNICIPALITY, _NUMBER, _NAME, _FIRST_NAMES = 1, 3, 4, 5, 6, 7, 8
_NATIONALITY, _BIRTH_PLACE, _BIRTH, _SEX = 10, 11, 12, 13
_ABOUT_PERSON = frozenset(
    (_CARD_NUMBER, _FROM, _TO, _MUNICIPALITY, _NUMBER, _NAME, _FIRST_NAMES, _NATIONALITY, _BIRTH_PLACE, _BIRTH, _SEX)
)
_STREET, _POSTCODE, _TOWN = 1, 2, 3
_ABOUT_HOME = frozenset((_STREET, _POSTCODE, _TOWN))
_SEXES = {"M": "male", "F": "female", "V": "female", "W": "female"}  # French, Dutch, German
_NUMBER_SHAPE = re.compile(r"[0-9]{11}")
_DAY = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_BORN = re.compile(r"([0-9]{1,2})[ .]+([^ .0-9]+)[ .]+([0-9]{4})")
# In three languages, shortened differently over the years.
_MONTHS = ("JAN", "FEB FEV", "MAA MAR MRZ", "APR AVR", "MEI MAI", "JUN JUIN", "JUL JUIL", "AUG AOU", "SEP", "OKT OCT")
_MONTH_OF = {word: at for at, words in enumerate((*_MONTHS, "NOV", "DEC DEZ"), 1) for word in words.split()}


class BelgianIdentityCard:
    """The profile; stateless."""

    name = "belgian-identity-card"

    def read(self, card: Channel | SamLink, wish: Wish) -> ProfileRead | CardTrouble:
        # Any refusal is another kind of card: passports answer 6982 to files they hide.
        if isinstance(card, SamLink) or _select(card, IDENTITY) != _OK:
            return CardTrouble.UNKNOWN
        found = _identity(_tags(_read(card, _MOST_TEXT), _ABOUT_PERSON))
        if found["expires"] < str(wish.today):
            return CardTrouble.EXPIRED
        checks = _checks(found)
        photo = None
        if "address" in wish.fields:
            found["address"] = _address(_tags(_file(card, ADDRESS, _MOST_TEXT), _ABOUT_HOME))
        if "photo" in wish.fields:
            photo = jpeg_in(_file(card, PHOTO, _MOST_PHOTO))
        return ProfileRead(
            assurance=Assurance.UNSIGNED,
            fields={key: value for key, value in found.items() if value and key in wish.fields},
            checks=checks,
            photo=photo,
        )


def _identity(tags: Mapping[int, str]) -> dict[str, str]:
    number, surname = tags.get(_NUMBER, ""), tags.get(_NAME, "")
    if not _NUMBER_SHAPE.fullmatch(number) or not surname:
        raise CardDamaged("no number or name")
    born = _born(tags.get(_BIRTH, ""))
    return {
        "name": f"{tags.get(_FIRST_NAMES, '')} {surname}".strip(),
        "id_number": number,
        "card_number": tags.get(_CARD_NUMBER, ""),
        "issued": str(_day(tags.get(_FROM, ""))),
        "expires": str(_day(tags.get(_TO, ""))),
        "issuer": tags.get(_MUNICIPALITY, ""),
        "nationality": "BEL" if tags.get(_NATIONALITY, "").startswith("Belg") else "",
        "birth_place": tags.get(_BIRTH_PLACE, ""),
        "birth_date": str(born) if born else "",
        "sex": _SEXES.get(tags.get(_SEX, ""), ""),
        "issuing_state": "BEL",
    }


def _address(tags: Mapping[int, str]) -> str:
    town = f"{tags.get(_POSTCODE, '')} {tags.get(_TOWN, '')}".strip()
    return ", ".join(line for line in (tags.get(_STREET, ""), town) if line)


def _checks(found: Mapping[str, str]) -> tuple[Check, ...]:
    """The number: six digits birth, three in sequence (odd for men), and 97 minus the rest of the nine divided by 97,
    with a 2 before them for whoever was born since 2000."""
    number, born, sex = found["id_number"], found["birth_date"], found["sex"]
    rests = {97 - int(since + number[:9]) % 97 for since in ("", "2")}
    checks = [Check("id-number-checksum", int(number[9:]) in rests)]
    if born:
        checks.append(Check("birth-date-matches-id-number", number[:6] == born.replace("-", "")[2:]))
    if sex:
        checks.append(Check("sex-matches-id-number", (sex == "male") == (int(number[8]) % 2 == 1)))
    return tuple(checks)


def _day(text: str) -> date:
    found = _DAY.fullmatch(text)
    if not found:
        raise CardDamaged("no date")
    return day(found[3], found[2], found[1])


def _born(text: str) -> date | None:
    """``15 JAN 1985`` in the card's language; only a year, where nobody knows more, gives no field."""
    if len(text) <= 4:
        return None
    found = _BORN.fullmatch(text)
    plain = unicodedata.normalize("NFD", found[2]).encode("ascii", "ignore").decode().upper() if found else ""
    month = _MONTH_OF.get(plain[:4]) or _MONTH_OF.get(plain[:3])
    if not found or not month:
        raise CardDamaged("no date")
    return day(found[3], str(month), found[1])


def _tags(file: bytes, wanted: frozenset[int]) -> Mapping[int, str]:
    """The texts of these tags, the first where one comes twice. Raises ``CardDamaged``."""
    found: dict[int, str] = {}
    at = 0
    while at < len(file):
        tag, length, at = file[at], 0, at + 1
        more = True
        while more:
            if at >= len(file):
                raise CardDamaged("tag without length")
            length += file[at]
            more = file[at] == 0xFF
            at += 1
        if at + length > len(file):
            raise CardDamaged("value runs past its file")
        value, at = file[at : at + length], at + length
        if tag in wanted and tag not in found:
            found[tag] = _text(value)
    return found


def _text(value: bytes) -> str:
    try:
        return printable(value.rstrip(b"\x00 ").decode("utf-8"))
    except UnicodeDecodeError:
        raise CardDamaged("no UTF-8") from None


def _file(card: Channel, path: bytes, most: int) -> bytes:
    status = _select(card, path)
    if status in _SECURITY:
        raise CardProtected(f"status {status:04X}")
    if status != _OK:
        raise CardDamaged(f"status {status:04X}")
    return _read(card, most)


def _select(card: Channel, path: bytes) -> int:
    return card.transmit(bytes((0x00, 0xA4, 0x08, 0x0C, len(path))) + path)[1]


def _read(card: Channel, most: int) -> bytes:
    """The whole file that is selected. Raises ``CardDamaged`` when it has no end."""
    data = b""
    while len(data) < most:
        piece, status = card.transmit(bytes((0x00, 0xB0, len(data) >> 8, len(data) & 0xFF, 0x00)))
        if status in _SECURITY:
            raise CardProtected(f"status {status:04X}")
        if status not in (_OK, _BEYOND_END) or (not data and not piece):
            raise CardDamaged(f"status {status:04X}")
        data += piece
        if len(piece) < _PIECE:
            return data
    raise CardDamaged("a file without an end")
