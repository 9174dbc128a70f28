"""Citizen identification number, GB 11643-1999: 6 digits area, 8 birth date, 3 sequence, 1 check character."""

from __future__ import annotations

import re
from datetime import date

_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_CHECK = "10X98765432"


def has_valid_checksum(number: str) -> bool:
    """Whether the check character is right: ISO 7064 MOD 11-2, where the weight of a place is 2^place mod 11."""
    if not _SHAPE.fullmatch(number):
        return False
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return _CHECK[total % 11] == number[17]


def birth_date_in(number: str) -> date | None:
    """Digits 7 to 14, or ``None`` when the number has another shape or they are no date."""
    if not _SHAPE.fullmatch(number):
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex_in(number: str) -> str | None:
    """``male`` or ``female`` by digit 17 (odd is male), or ``None`` when the number has another shape."""
    if not _SHAPE.fullmatch(number):
        return None
    return "male" if int(number[16]) % 2 else "female"
