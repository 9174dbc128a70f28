"""The resident identity card (居民身份证) and its kin, as a reader's licensed security module gives them.

One text block of 256 bytes, UTF-16LE, in four layouts told apart by the letter at byte 248: space for residents, ``J``
for permits of residents of Hong Kong, Macao and Taiwan, ``I`` and ``Y`` for foreign permanent residents (2017, 2023).
Layouts after the published readers' rules (GA/T 2018 permit, 2017 and 2023 foreigners' cards). Not verified on genuine
cards (QUALITY.toml). The module has checked the card's own protection: assurance ``sam_verified``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from devices.card.api import Assurance, CardTrouble, Check
from devices.card.id_number import birth_date_in, has_valid_checksum, sex_in
from devices.card.profile import ProfileRead, Wish
from devices.card.slot import CardDamaged, Channel, SamLink
from devices.card.text import day, printable
from devices.card.wlt import decode_wlt

_TYPE_AT, _TYPE_SIZE = 248, 2
_ALWAYS = "长期"  # in place of an expiry date
_FILL = " \x00\u3000"
_SEXES = {"1": "male", "2": "female"}  # GB/T 2261.1; 0 unknown and 9 unspecified give no field

# Fields in order with their sizes in bytes; "_" is skipped, up to the type letter.
_Layout = tuple[tuple[str, int], ...]
_RESIDENT: _Layout = (
    *(("name", 30), ("sex", 2), ("ethnic_group", 4), ("birth_date", 16), ("address", 70), ("id_number", 36)),
    *(("issuer", 30), ("issued", 16), ("expires", 16), ("_", 28)),
)
_PERMIT: _Layout = (
    *(("name", 30), ("sex", 2), ("_", 4), ("birth_date", 16), ("address", 70), ("id_number", 36)),
    *(("issuer", 30), ("issued", 16), ("expires", 16), ("document_number", 18), ("_", 10)),
)
_FOREIGNER_2017: _Layout = (
    *(("english_name", 120), ("sex", 2), ("id_number", 30), ("nationality", 6), ("name", 30)),
    *(("issued", 16), ("expires", 16), ("birth_date", 16), ("_", 4), ("issuer", 8)),
)
_FOREIGNER_2023: _Layout = (
    *(("name", 30), ("sex", 2), ("_", 4), ("birth_date", 16), ("english_name", 70), ("id_number", 36)),
    *(("_", 30), ("issued", 16), ("expires", 16), ("english_name", 22), ("nationality", 6)),
)
LAYOUTS: Mapping[str, _Layout] = {"": _RESIDENT, "J": _PERMIT, "I": _FOREIGNER_2017, "Y": _FOREIGNER_2023}

_SHAPES = {
    "id_number": re.compile(r"[0-9]{17}[0-9X]|[A-Z]{3}[0-9]{12}"),
    "ethnic_group": re.compile(r"[0-9]{2}"),
    "nationality": re.compile(r"[A-Z]{3}"),
    "document_number": re.compile(r"[A-Z0-9]{1,9}"),
}


class ResidentIdentityCard:
    """The profile; stateless."""

    name = "resident-identity-card"

    def read(self, card: Channel | SamLink, wish: Wish) -> ProfileRead | CardTrouble:
        if not isinstance(card, SamLink):
            return CardTrouble.UNKNOWN
        record = card.read_card()
        letter = _decoded(record.text[_TYPE_AT : _TYPE_AT + _TYPE_SIZE])
        layout = LAYOUTS.get(letter)
        if layout is None:
            return CardTrouble.UNKNOWN
        found = _fields(record.text, layout)
        if found.get("expires", wish.today.isoformat()) < wish.today.isoformat():
            return CardTrouble.EXPIRED
        return ProfileRead(
            assurance=Assurance.SAM_VERIFIED,
            fields={key: value for key, value in found.items() if key in wish.fields},
            checks=_checks(letter, found),
            photo=decode_wlt(record.photo) if "photo" in wish.fields else None,
        )


def _fields(text: bytes, layout: _Layout) -> dict[str, str]:
    """Everything on the card, by field name. Raises ``CardDamaged``."""
    if len(text) != 256:
        raise CardDamaged("text of another length")
    raw: dict[str, bytes] = {}
    at = 0
    for key, size in layout:
        raw[key] = raw.get(key, b"") + text[at : at + size]  # a name is continued where its first part is full
        at += size
    del raw["_"]
    found = {key: value for key, piece in raw.items() if (value := _value(key, piece))}
    if not found.get("name"):
        found["name"] = found.get("english_name", "")  # foreigners need not have a Chinese name
    if not found["name"] or "id_number" not in found:
        raise CardDamaged("no name or number")
    return found


def _value(key: str, piece: bytes) -> str | None:
    text = _decoded(piece)
    match key:
        case "sex":
            return _SEXES.get(text)
        case "expires" if text == _ALWAYS:
            return None
        case "birth_date" | "issued" | "expires":
            return _date(text)
        case "english_name":
            return " ".join(text.split())
        case "name":
            return text.replace("\u3000", "")  # two-character names may be spread
        case _ if text and key in _SHAPES and not _SHAPES[key].fullmatch(text):
            raise CardDamaged(f"{key} of another shape")
        case _:
            return text


def _date(text: str) -> str | None:
    if not text:
        return None
    if len(text) != 8:
        raise CardDamaged("no date")
    return str(day(text[:4], text[4:6], text[6:]))


def _decoded(piece: bytes) -> str:
    try:
        return printable(piece.decode("utf-16-le").strip(_FILL))
    except UnicodeDecodeError:
        raise CardDamaged("no UTF-16") from None


def _checks(letter: str, found: Mapping[str, str]) -> tuple[Check, ...]:
    """What the number says against the rest. The 2017 number has no published check; its letters are the nationality.
    Whether a foreigner's 18-digit number tells the sex is not published, either."""
    number = found["id_number"]
    if letter == "I":
        return (Check("nationality-matches-id-number", number[:3] == found.get("nationality")),)
    checks = [Check("id-number-checksum", has_valid_checksum(number))]
    if letter != "Y" and "sex" in found:
        checks.append(Check("sex-matches-id-number", found["sex"] == sex_in(number)))
    if "birth_date" in found:
        birth = birth_date_in(number)
        checks.append(Check("birth-date-matches-id-number", birth is not None and found["birth_date"] == str(birth)))
    return tuple(checks)
