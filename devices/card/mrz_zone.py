"""Machine readable zones: what a travel document's chip (DG1) and its printed lines say, checked digit by digit.

Three layouts: TD3 (passport, 2×44, ICAO 9303-4 clause 4.2.2), TD1 (card, 3×30, ICAO 9303-5 clause 4.2.2), and the
Chinese exit-entry permit (往来港澳通行证 CS, 往来台湾通行证 CD), whose printed line of 30 is not ICAO's. The permit's
layout, and what its last check digit covers, rest on few public sources; a chip's DG1 goes on for 60 more characters.
How to get there from the lines a camera read: :mod:`devices.card.mrz`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from devices.card.api import MrzKey

_VALUES = {letter: value for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}
_WEIGHTS = (7, 3, 1)
_ALPHABET = re.compile(r"[A-Z0-9<]+")
_DATE = re.compile(r"(?:[0-9]{2}|<<)(?:(?:0[1-9]|1[0-2])|<<)(?:(?:0[1-9]|[12][0-9]|3[01])|<<)")
_SEXES = {"M": "male", "F": "female", "<": None, "X": None}
_PERMITS = ("CS", "CD")
# Twelve letters of a permit's chip are six bytes of GBK, a half byte a letter: 0 is A, F is P.
_HALF_BYTES = {letter: f"{value:x}" for value, letter in enumerate("ABCDEFGHIJKLMNOP")}


class MrzError(ValueError):
    """No machine readable zone: wrong length, wrong characters, or a date that is none. Names no content."""


class MrzKind(StrEnum):
    """The layout of a zone; the value says how it is printed."""

    TD1 = "3x30"
    TD3 = "2x44"
    PERMIT = "1x30"


@dataclass(frozen=True, slots=True)
class Mrz:
    """What one zone says.

    Dates are ``yymmdd`` as printed, ``<<`` for a part that is unknown (9303-3 clause 4.8). ``surname`` and
    ``given_names`` are in Latin letters, words parted by spaces; a document without parted names has all in ``surname``
    (9303-3 clause 4.6). ``name_cut`` tells that the name fills its field to the last place, so some of it may be
    missing. ``optional`` is what the issuer wrote into its own fields, without fillers. ``sound`` is whether every
    check digit is right. A permit's printed line has neither names nor sex nor states beyond its own.
    """

    kind: MrzKind
    document_type: str
    issuing_state: str
    nationality: str
    document_number: str
    birth_date: str
    expires: str
    sex: str | None
    surname: str
    given_names: str
    name_cut: bool
    optional: str
    sound: bool
    chinese_name: str = ""

    @property
    def key(self) -> MrzKey:
        """What opens the chip."""
        return MrzKey(self.document_number, self.birth_date, self.expires)

    @property
    def latin_name(self) -> str:
        """Surname and given names, as one reads them."""
        return f"{self.surname} {self.given_names}".strip()


def check_digit(text: str) -> str:
    """The check digit of ``text``: weights 7 3 1, modulo 10 (9303-3 clause 4.9). Raises ``KeyError`` for others."""
    return str(sum(_VALUES[letter] * _WEIGHTS[place % 3] for place, letter in enumerate(text)) % 10)


def birth_date(yymmdd: str, today: date) -> date | None:
    """The latest such day that is not after ``today``; ``None`` when a part is unknown or there is no such day."""
    this_century = _day(today.year // 100 * 100, yymmdd)
    if this_century is not None and this_century <= today:
        return this_century
    return _day(today.year // 100 * 100 - 100, yymmdd)


def expiry_date(yymmdd: str, today: date) -> date | None:
    """Such a day within 50 years of ``today``; ``None`` as for a birth date."""
    century = today.year // 100 * 100
    found = (_day(century + shift, yymmdd) for shift in (0, 100, -100))
    return next((day for day in found if day and abs(day.year - today.year) <= 50), None)


def _day(century: int, yymmdd: str) -> date | None:
    try:
        return date(century + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        return None


def parse_mrz(text: str) -> Mrz:
    """The zone in ``text``: the lines one after the other, without line breaks; a permit's line alone or with the 60
    characters that follow on the chip. Wrong check digits are told by ``sound``. Raises :class:`MrzError`."""
    if not _ALPHABET.fullmatch(text):
        raise MrzError("other letters than A-Z, 0-9 and <")
    if text[:2] in _PERMITS and len(text) in (30, 90) and text[12] == text[20] == text[28] == "<":
        return _permit(text)
    if len(text) == 90:
        return _td1(text[:30], text[30:60], text[60:])
    if len(text) == 88:
        return _td3(text[:44], text[44:])
    raise MrzError(f"{len(text)} characters")


def _td3(upper: str, lower: str) -> Mrz:
    surname, given, cut = _names(upper[5:])
    optional, optional_check = lower[28:42], lower[42]
    return Mrz(
        kind=MrzKind.TD3,
        document_type=upper[:2].rstrip("<"),
        issuing_state=upper[2:5].rstrip("<"),
        nationality=lower[10:13].rstrip("<"),
        document_number=lower[:9].rstrip("<"),
        birth_date=_date(lower[13:19]),
        expires=_date(lower[21:27]),
        sex=_sex(lower[20]),
        surname=surname,
        given_names=given,
        name_cut=cut,
        optional=optional.rstrip("<"),
        sound=check_digit(lower[:9]) == lower[9]
        and check_digit(lower[13:19]) == lower[19]
        and check_digit(lower[21:27]) == lower[27]
        # An empty field may have a filler for its check digit (9303-4 clause 4.2.2.2).
        and (check_digit(optional) == optional_check or (not optional.strip("<") and optional_check == "<"))
        and check_digit(lower[:10] + lower[13:20] + lower[21:43]) == lower[43],
    )


def _td1(upper: str, middle: str, lower: str) -> Mrz:
    surname, given, cut = _names(lower)
    number, number_check, optional = upper[5:14], upper[14], upper[15:]
    if number_check == "<" and number[-1] != "<":
        # A longer number goes on in the optional field, its check digit after it (9303-5 clause 4.2.2.1, note j).
        rest, _, optional = optional.partition("<")
        number, number_check = number + rest[:-1], rest[-1:]
    return Mrz(
        kind=MrzKind.TD1,
        document_type=upper[:2].rstrip("<"),
        issuing_state=upper[2:5].rstrip("<"),
        nationality=middle[15:18].rstrip("<"),
        document_number=number.rstrip("<"),
        birth_date=_date(middle[:6]),
        expires=_date(middle[8:14]),
        sex=_sex(middle[7]),
        surname=surname,
        given_names=given,
        name_cut=cut,
        optional="<".join(part for part in (optional.strip("<"), middle[18:29].strip("<")) if part),
        sound=check_digit(number) == number_check
        and check_digit(middle[:6]) == middle[6]
        and check_digit(middle[8:14]) == middle[14]
        and check_digit(upper[5:] + middle[:7] + middle[8:15] + middle[18:29]) == middle[29],
    )


def _permit(text: str) -> Mrz:
    """Number, expiry and birth, each with its check digit, parted by fillers; a last check digit over the three. On
    the chip then: Chinese name 12, Latin name 18, sex 1, and 29 places that nobody needs here."""
    on_chip = len(text) == 90
    surname, given, cut = _names(text[42:60]) if on_chip else ("", "", False)
    return Mrz(
        kind=MrzKind.PERMIT,
        document_type=text[:2],
        issuing_state="CHN",
        nationality="CHN",
        document_number=text[2:11].rstrip("<"),
        birth_date=_date(text[21:27]),
        expires=_date(text[13:19]),
        sex=_sex(text[60]) if on_chip else None,
        surname=surname,
        given_names=given,
        name_cut=cut,
        optional="",
        sound=check_digit(text[2:11]) == text[11]
        and check_digit(text[13:19]) == text[19]
        and check_digit(text[21:27]) == text[27]
        and check_digit(text[2:12] + text[13:20] + text[21:28]) == text[29],
        chinese_name=_chinese(text[30:42]) if on_chip else "",
    )


def _names(field: str) -> tuple[str, str, bool]:
    """Surname, given names, and whether the field is full. ``<<`` parts the two, ``<`` parts words."""
    surname, _, given = field.strip("<").partition("<<")
    words = (re.sub("<+", " ", part).strip() for part in (surname, given))
    return (*words, field[-1] != "<")  # type: ignore[return-value]


def _chinese(field: str) -> str:
    """At most three characters; a name of which only half a character fitted ends before it."""
    digits = "".join(_HALF_BYTES.get(letter, "") for letter in field)
    return bytes.fromhex(digits[: len(digits) // 4 * 4]).decode("gbk", "ignore")


def _sex(letter: str) -> str | None:
    if letter not in _SEXES:
        raise MrzError("no sex")
    return _SEXES[letter]


def _date(field: str) -> str:
    if not _DATE.fullmatch(field):
        raise MrzError("no date")
    return field
